"""JSON and JSON Lines: objects whose keys are the columns.

The standard library's decoder takes an array apart item by item. (ijson does so too, but builds a
dotted path for each level: 200,000 brackets in a row cost it gigabytes.)
"""

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, BinaryIO

from triage_agent.errors import InputError
from triage_agent.files import replace_surrogates
from triage_agent.privacy import escape_json
from triage_agent.tables.cells import as_json
from triage_agent.tables.platforms import flat, rows_in
from triage_agent.tables.row import ROW_LIMIT, OpenedTable, Row, Value, WrittenHeader

MAX_DOCUMENT = 200_000_000  # characters of an object, which is not read item by item
MAX_DEPTH = 100  # deeper values cannot be written again without exhausting Python's stack
TEXT = "text"  # the column of an array of texts
BLANKS = re.compile(r"[ \t\r\n]*")


class _Decoder:
    """Decodes JSON, and collects what is odd in a value and is changed by it."""

    def __init__(self) -> None:
        self._odd: dict[str, None] = {}
        self._decoder = json.JSONDecoder(
            parse_constant=self._constant,
            parse_float=self._float,
            object_pairs_hook=self._object,
        )
        self.decode, self.raw_decode = self._decoder.decode, self._decoder.raw_decode

    def odd(self) -> str | None:
        """Return what was odd since the last call, as a row's complaint."""
        found, self._odd = "; ".join(self._odd), {}
        return found or None

    def _constant(self, word: str) -> None:
        """Return an empty cell for NaN or Infinity, which pandas writes for it."""
        self._odd[f"holds {word}, which is no JSON and counts as an empty cell"] = None

    def _float(self, digits: str) -> float | str:
        """Return a number; its digits where it is larger than a number can be."""
        number = float(digits)
        if math.isfinite(number):
            return number
        self._odd[f"holds {digits[:40]}, which is too large for a number and is kept as text"] = (
            None
        )
        return digits

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        """Return an object; the later value of a doubled key gets a name of its own."""
        found = dict(pairs)
        if len(found) == len(pairs):
            return found
        names = {key for key, _ in pairs}
        found = {}
        for key, value in pairs:
            name, copy = key, 1
            while name in found or (copy > 1 and name in names):
                copy += 1
                name = f"{key} ({copy})"
            if copy > 1:
                self._odd[f"has a second {key[:40]!r}, which is called {name[:40]!r}"] = None
            found[name] = value
        return found


def open_lines(lines: Iterator[str]) -> OpenedTable:
    """Return the table of a JSON Lines text; a bad line is a row with a complaint."""
    return OpenedTable(None, _line_rows(lines))


def open_array(texts: Iterable[str], name: str) -> OpenedTable:
    """Return the table of a JSON array of objects, read item by item."""
    return OpenedTable(None, _item_rows(texts, name))


def open_document(texts: Iterable[str], name: str) -> OpenedTable:
    """Return the table in a JSON object, as form platforms send it; it is held in memory.

    Raises `InputError` if it is not JSON, too large, or holds no list of forms.
    """
    parts: list[str] = []
    size = 0
    for text in texts:
        parts.append(text)
        size += len(text)
        if size > MAX_DOCUMENT:
            raise InputError(
                f"{name} is one JSON object of more than {MAX_DOCUMENT // 1_000_000} MB. Save the "
                "array in it as a file of its own, which is read item by item."
            )
    try:
        decoder = _Decoder()
        document = decoder.decode("".join(parts))
    except json.JSONDecodeError as error:
        raise InputError(
            f"{name} is not valid JSON (line {error.lineno}, column {error.colno}). "
            "Correct it, or export it again."
        ) from error
    except (ValueError, RecursionError) as error:
        raise InputError(f"{name} {_too(error)}. Correct it, or export it again.") from error
    rows, where = rows_in(document, name)
    found = (_row(number, value) for number, value in enumerate(rows, start=1))
    odd = decoder.odd()
    notes = [f"In the JSON object {where}.", *([f"{name} {odd}."] if odd else [])]
    return OpenedTable(None, found, tuple(notes))


def _line_rows(lines: Iterator[str]) -> Iterator[Row]:
    """Yield a row for each line that is not blank."""
    decoder = _Decoder()
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        decoder.odd()  # what a line that broke off held
        try:
            value: Any = decoder.decode(line)
        except json.JSONDecodeError as error:
            yield Row(number, {}, f"is not valid JSON (column {error.colno})")
        except (ValueError, RecursionError) as error:
            yield Row(number, {}, _too(error))
        else:
            yield _row(number, value, decoder.odd())


def _item_rows(texts: Iterable[str], name: str) -> Iterator[Row]:
    """Yield a row for each item of the array; numbered from 1, as most arrays are one long line.

    An array of texts is a table of one column.

    Raises `InputError` where the array breaks off or stops being JSON.
    """
    window, number, texts_only = _Window(texts), 0, False
    what = "is not an array"
    try:
        window.expect("[")
        while window.next_character() != "]":
            what = f"is not valid JSON after item {number:,}"
            if number:
                window.expect(",")
            value = window.value()
            number += 1
            texts_only = texts_only if number > 1 else isinstance(value, str)
            item = {TEXT: value} if texts_only and isinstance(value, str) else value
            yield _row(number, item, window.decoder.odd())
        window.at += 1
        what = "goes on after the end of its array"
        if window.next_character():
            raise ValueError
    except (ValueError, RecursionError) as error:
        if isinstance(error, json.JSONDecodeError) and window.ended and window.is_cut(error):
            what = f"breaks off after item {number:,}"
        elif isinstance(error, RecursionError):
            what = f"is nested too deeply after item {number:,}"
        raise InputError(
            f"{name} {what} (line {window.line:,}). It must hold one array of objects, "
            '[{"problem": "…"}, …]; correct it, or export it again.'
        ) from error


class JsonLinesWriter:
    """Writes JSON Lines: one object per row, with the keys that have a value."""

    cut_cells = 0

    def __init__(self, file: BinaryIO, header: WrittenHeader) -> None:
        self.file, self.columns = file, header.columns

    def write(self, values: Mapping[str, object], _row: int = 0) -> None:
        """Write one row, on the next line."""
        ordered = {column: values[column] for column in self.columns if column in values}
        text = escape_json(as_json(ordered | dict(values)))
        self.file.write(replace_surrogates(text).encode() + b"\n")

    def close(self, *, keep: bool) -> None:
        """Nothing is held."""


class _Window:
    """The part of a long text that is being decoded; `line` is where it has got to, from 1."""

    def __init__(self, texts: Iterable[str]) -> None:
        self.decoder = _Decoder()
        self.texts = iter(texts)
        self.text, self.at, self.line, self.ended = "", 0, 1, False

    def next_character(self) -> str:
        """Return the next character that is not blank without taking it; "" at the end."""
        while True:
            end = BLANKS.match(self.text, self.at).end()  # type: ignore[union-attr]  # always
            self._take(end)
            if self.at < len(self.text) or self.ended:
                return self.text[self.at : self.at + 1]
            self._grow()

    def expect(self, character: str) -> None:
        """Take a character, or raise `ValueError` if another comes first."""
        found = self.next_character()
        if found != character:
            raise json.JSONDecodeError(character, self.text, self.at)
        self.at += 1

    def value(self) -> Any:
        """Take and return the next value, or raise `ValueError`; `RecursionError` if it is deep."""
        self.next_character()
        while True:
            try:
                value, end = self.decoder.raw_decode(self.text, self.at)
            except json.JSONDecodeError:
                if self.ended:
                    raise
            else:
                if end < len(self.text) or self.ended:  # else "12" may be half of "1234"
                    self._take(end)
                    return value
            if len(self.text) - self.at > ROW_LIMIT:
                raise ValueError("a value without an end")
            self._grow()

    def is_cut(self, error: json.JSONDecodeError) -> bool:
        """Return whether an error is due to the text's end."""
        return error.msg.startswith("Unterminated") or not self.text[error.pos :].strip()

    def _take(self, end: int) -> None:
        """Move on to a place in the text."""
        self.line += self.text.count("\n", self.at, end)
        self.at = end

    def _grow(self) -> None:
        """Drop what was taken, and at least double the rest, so that long items stay cheap."""
        rest = len(self.text) - self.at
        parts = [self.text[self.at :]]
        while rest >= 0 and not self.ended:
            part = next(self.texts, None)
            self.ended = part is None
            parts.append(part or "")
            rest -= len(parts[-1])
        self.text, self.at = "".join(parts), 0


def _too(error: Exception) -> str:
    """Return the complaint about a value that Python cannot hold."""
    return (
        "is nested too deeply" if isinstance(error, RecursionError) else "holds too long a number"
    )


def _row(number: int, value: Any, odd: str | None = None) -> Row:
    """Return the row of one JSON value; `odd` is what its text held."""
    if not isinstance(value, dict):
        kind = {list: "an array", str: "a string", type(None): "null"}.get(type(value), "a value")
        return Row(number, {}, f"is {kind}, not an object with a value for each column")
    if any(isinstance(cell, dict | list) for cell in value.values()) and _depth(value) > MAX_DEPTH:
        return Row(number, {}, "is nested too deeply")
    values: dict[str, Value] = {
        replace_surrogates(key): replace_surrogates(cell) if isinstance(cell, str) else cell
        for key, cell in flat(value).items()
    }
    return Row(number, values, odd)


def _depth(value: Any) -> int:
    """Return how deeply a value is nested, without recursion; stops just past `MAX_DEPTH`."""
    depth, level = 0, [value]
    while level and depth <= MAX_DEPTH:
        depth += 1
        level = [
            inner
            for outer in level
            for inner in (outer.values() if isinstance(outer, dict) else outer)
            if isinstance(inner, dict | list)
        ]
    return depth
