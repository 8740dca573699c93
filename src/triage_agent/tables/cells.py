"""Values become the text of a cell that no spreadsheet runs, and come back."""

import json
import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from triage_agent.files import replace_surrogates

# What a spreadsheet may run: = + - @, tab or CR first, also after blanks or in full width.
QUOTES = re.compile(r"'*")
RUNS = re.compile(r"[\s\0-\x1f\u200b-\u200f\u2060\ufeff]*[=+\-@\t\r＝＋－＠]")
PLAIN_NUMBER = re.compile(r"\s*[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?\s*", re.ASCII)


def neutralise(text: str) -> str:
    """Return a text that no spreadsheet runs as a formula; `restore` gives it back.

    Such texts, and those of the same form behind quotes, get one quote in front. Plain numbers
    stay. (A comma-separated file opened in an Excel that expects semicolons is cut elsewhere, and
    then a piece of a text can still run; XLSX has no such gap.)

    >>> neutralise("=1+1"), neutralise("-5"), neutralise("- call back"), neutralise("'=x")
    ("'=1+1", '-5', "'- call back", "''=x")
    """
    return f"'{text}" if _runs(text) else text


def restore(text: str) -> str:
    """Return the text that `neutralise` was given.

    >>> restore("'=1+1"), restore("'tis"), restore(neutralise("'=x"))
    ('=1+1', "'tis", "'=x")
    """
    return text[1:] if text.startswith("'") and _runs(text) else text


def text_of(cell: object) -> str:
    """Return a value as the text of a cell, neutralised if it is text."""
    if isinstance(cell, str):
        return neutralise(replace_surrogates(cell))
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    if isinstance(cell, int | float):
        return str(cell)
    return neutralise(replace_surrogates(as_json(cell)))


def as_json(value: object) -> str:
    """Return a value as JSON; numbers that JSON does not have become texts."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False)


def cells_of(columns: Sequence[str], values: Mapping[str, object]) -> list[object]:
    """Return the values in the order of the columns."""
    if extra := values.keys() - set(columns):
        raise ValueError(f"no column for {sorted(extra)}")
    return [values.get(column) for column in columns]


def _finite(value: Any) -> Any:
    """Return a value with its infinities and NaNs as texts."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, dict):
        return {key: _finite(inner) for key, inner in value.items()}
    return [_finite(inner) for inner in value] if isinstance(value, list | tuple) else value


def _runs(text: str) -> bool:
    """Return whether a text, or what follows its leading quotes, may run as a formula."""
    start = QUOTES.match(text).end()  # type: ignore[union-attr]  # it matches always
    return RUNS.match(text, start) is not None and not PLAIN_NUMBER.fullmatch(text, start)
