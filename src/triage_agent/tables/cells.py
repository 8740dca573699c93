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
    return f"'{text}" if may_run(text) else text


def restore(text: str) -> str:
    """Return the text that `neutralise` was given.

    >>> restore("'=1+1"), restore("'tis"), restore(neutralise("'=x"))
    ('=1+1', "'tis", "'=x")
    """
    return text[1:] if text.startswith("'") and may_run(text) else text


def text_of(cell: object) -> str:
    """Return a value as the text of a cell, neutralised if it is text."""
    is_plain = cell is None or isinstance(cell, int | float)
    return plain_text(cell) if is_plain else neutralise(plain_text(cell))


def plain_text(cell: object) -> str:
    """Return a value as text, for a cell that its format marks as text.

    >>> plain_text(None), plain_text(True), plain_text(["=a"])
    ('', 'true', '["=a"]')
    """
    if isinstance(cell, str):
        return replace_surrogates(cell)
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return str(cell) if isinstance(cell, int | float) else replace_surrogates(as_json(cell))


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


def may_run(text: str) -> bool:
    """Return whether a text, or what follows its leading quotes, may run as a formula."""
    start = QUOTES.match(text).end()  # type: ignore[union-attr]  # it matches always
    return RUNS.match(text, start) is not None and not PLAIN_NUMBER.fullmatch(text, start)
