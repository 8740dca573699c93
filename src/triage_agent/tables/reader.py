"""Any file of forms becomes a stream of rows: CSV, TSV, XLSX, JSON, JSON Lines, or stdin."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from triage_agent.errors import InputError, SettingsError
from triage_agent.tables.delimited import open_delimited
from triage_agent.tables.encoding import check_encoding, decoded, guess_encoding, lines
from triage_agent.tables.json_rows import open_array, open_document, open_lines
from triage_agent.tables.other_workbooks import open_other_workbook
from triage_agent.tables.platforms import wraps_rows
from triage_agent.tables.row import SAMPLE_ROWS, OpenedTable, Row, keep_apart
from triage_agent.tables.sheets import Judge
from triage_agent.tables.source import Source
from triage_agent.tables.table import FORMATS, Table
from triage_agent.tables.workbook import open_workbook

SAMPLE_SIZE = 4_000_000  # characters of the sampled rows
BOOKS = frozenset({"xlsx", "xls", "xlsb", "ods"})
SUFFIXES = {f".{kind}": kind for kind in FORMATS}
SUFFIXES |= {".tab": "tsv", ".xlsm": "xlsx", ".ndjson": "jsonl"}
WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml|script|head|table)", re.IGNORECASE)
ARRAY = re.compile(r"\s*\[\s*(?:[\[{\]]|$)")
FOREIGN = {b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
           b"\x1f\x8b": "compressed; unpack it first", b"SQLite": "a database"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a table is to be read; what is None is guessed."""

    format: str | None = None  # a key of FORMATS
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header: bool | None = None  # False: the first row is data, the columns column_1, column_2, …
    header_row: int | None = None  # which row is the header, as a spreadsheet numbers it
    written: bool = False  # a file that `open_sheet` wrote, whose names stay as they are
    reserved: str | None = None  # how names begin that the table's own columns may not have


GUESSED = TableOptions()


def open_table(
    source: Path | BinaryIO, options: TableOptions = GUESSED, judge: Judge = lambda *_: 0
) -> Table:
    """Return the table in a file or stream (`Path("-")`: stdin), its first rows read.

    Of a workbook's sheets, the one that `judge` likes best is taken, if none is named. Raises
    `InputError` for a file that is missing, empty, without rows or not readable as a table,
    `SettingsError` for an option that cannot be.
    """
    if options.format is not None and options.format not in FORMATS:
        raise SettingsError(f"--format {options.format!r} is unknown. Choose {', '.join(FORMATS)}.")
    encoding = check_encoding(options.encoding) if options.encoding is not None else None
    place = Source(source)
    try:
        return _understood(place, options, encoding, judge)
    except BaseException:
        place.close()
        raise


def _understood(place: Source, options: TableOptions, encoding: str | None, judge: Judge) -> Table:
    """Return the table in a source, its first rows read."""
    notes: tuple[str, ...] = ()
    kind = options.format
    if kind is None or kind in BOOKS:
        kind = _kind_of_book(place) or kind
    if kind not in BOOKS:
        if encoding is None:
            encoding, notes = guess_encoding(place.sample, place.name, is_all=place.is_all)
        kind, more = _kind(place, kind, place.sample.decode(encoding, "replace").lstrip("\ufeff"))
        notes += more
    options = replace(
        options, format=kind, encoding=encoding, delimiter=_delimiter(options.delimiter, kind)
    )
    opened, used_delimiter = _open_apart(place, options, judge)
    options = replace(options, sheet=opened.sheet)  # it is the one that is read again
    sample = _sample(opened.rows)
    if not sample:
        raise InputError(f"{place.name} has a header but no rows. Give a row for each form.")
    columns = opened.columns
    if columns is None:
        columns = tuple(dict.fromkeys(key for row in sample for key in row.values))
    return Table(
        place.name,
        kind,
        columns,
        encoding if kind not in BOOKS else None,
        used_delimiter,
        opened.sheet,
        opened.sheets,
        notes + opened.notes,
        sample,
        opened.header_row,
        opened.titles,
        opened.extra_header,
        place.rereadable,
        partial(_reread, place, options) if place.rereadable else _Once(chain(sample, opened.rows)),
        formats=opened.formats,
    )


@dataclass(slots=True)
class _Once:
    """Hands out an iterator a single time."""

    rows: Iterator[Row] | None

    def __call__(self) -> Iterator[Row]:
        """Return the rows, or raise `InputError` the second time."""
        rows, self.rows = self.rows, None
        if rows is None:
            raise InputError("Standard input can be read only once. Save it in a file first.")
        return rows


def _open_apart(
    place: Source, options: TableOptions, judge: Judge = lambda *_: 0
) -> tuple[OpenedTable, str | None]:
    """Return what `_open` does, its columns named apart from those that are reserved."""
    opened, delimiter = _open(place, options, judge)
    return keep_apart(opened, options.reserved) if options.reserved else opened, delimiter


def _open(place: Source, options: TableOptions, judge: Judge) -> tuple[OpenedTable, str | None]:
    """Return the opened table, and the delimiter in use."""
    if options.format in BOOKS:
        return _open_book(place, options, judge), None
    texts = decoded(place.chunks(), options.encoding or "utf-8", place.name)
    if options.format == "json":
        start = place.sample.decode(options.encoding or "utf-8", "replace").lstrip("\ufeff \t\r\n")
        read = open_document if start.startswith("{") else open_array
        return read(texts, place.name), None
    found = lines(texts, place.name)
    if options.format == "jsonl":
        return open_lines(found), None
    return open_delimited(
        found,
        place.name,
        options.delimiter,
        options.header,
        options.header_row,
        written=options.written,
    )


def _open_book(place: Source, options: TableOptions, judge: Judge) -> OpenedTable:
    """Return the opened table of a workbook."""
    file, kind = place.file(), options.format or "xlsx"
    how = options.sheet, options.header, options.header_row
    try:
        if kind == "xlsx":
            opened = open_workbook(
                file,
                place.name,
                *how,
                checked=place.is_checked,
                written=options.written,
                judge=judge,
            )
            place.is_checked = True
        else:
            opened = open_other_workbook(file, place.name, kind, *how, judge=judge)
    except BaseException:
        file.close()
        raise
    return replace(opened, rows=_closing(opened.rows, file))


def _reread(place: Source, options: TableOptions) -> Iterator[Row]:
    """Yield the rows of a file, opened anew."""
    yield from _open_apart(place, options)[0].rows


def _closing(rows: Iterator[Row], file: BinaryIO) -> Iterator[Row]:
    """Yield the rows, then close the file."""
    with file:
        yield from rows


def _sample(rows: Iterator[Row]) -> tuple[Row, ...]:
    """Return the first rows, fewer if they are huge."""
    taken: list[Row] = []
    size = 0
    while size < SAMPLE_SIZE and len(taken) < SAMPLE_ROWS and (row := next(rows, None)):
        taken.append(row)
        size += sum(len(cell) for cell in row.values.values() if isinstance(cell, str))
    return tuple(taken)


def _kind_of_book(place: Source) -> str | None:
    """Return the format of a workbook by its first bytes; `InputError` for other known formats."""
    for magic, kind in FOREIGN.items():
        if place.sample.startswith(magic):
            raise InputError(
                f"{place.name} is {kind}, not a table. "
                "Give a CSV, TSV, XLSX, JSON or JSON Lines file."
            )
    if place.sample.startswith(b"\xd0\xcf\x11\xe0"):
        return "xls"
    if not place.sample.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return None
    if b"opendocument.spreadsheet" in place.sample[:300]:
        return "ods"
    is_binary = place.suffix == ".xlsb" or b"xl/workbook.bin" in place.sample
    return "xlsb" if is_binary else "xlsx"


def _kind(place: Source, wanted: str | None, start: str) -> tuple[str, tuple[str, ...]]:
    """Return the format of a text that begins with `start`, and notes for the user."""
    if place.is_all and not start.strip("\0 \t\r\n"):
        raise InputError(f"{place.name} is empty. Give a table with a row for each form.")
    if wanted is None and WEB_PAGE.match(start):
        raise InputError(
            f"{place.name} is a web page or XML, not a table. Download the export again, as CSV."
        )
    kind = wanted or SUFFIXES.get(place.suffix)
    notes: tuple[str, ...] = ()
    if kind in BOOKS:
        kind, notes = None, ("It is named like a workbook but is text.",)
    text = start.strip()
    if kind is None:
        kind = "json" if ARRAY.match(start) or text.startswith("{") else "csv"
    known_only = place.suffix != ".json"
    if kind == "json" and wanted is None and _holds_lines(text, known_only=known_only):
        return "jsonl", (*notes, "It holds an object on each line: JSON Lines.")
    if kind == "json" and not text.startswith(("[", "{")):
        raise InputError(
            f"{place.name} does not hold an array of objects. Give "
            '[{"problem": "…"}, …], or JSON Lines with an object on each line.'
        )
    return kind, notes


def _holds_lines(text: str, *, known_only: bool) -> bool:
    """Return whether a text is JSON Lines: each line is an object by itself, so the first is."""
    first, _, rest = text.partition("\n")
    if not first.startswith("{"):
        return False
    try:
        value = json.loads(first)
        return isinstance(value, dict) and (
            bool(rest.strip()) or not wraps_rows(value, known_only=known_only)
        )
    except (ValueError, RecursionError):
        return False


def _delimiter(wanted: str | None, kind: str) -> str | None:
    """Return the delimiter to use, None to sniff it; `SettingsError` for one that cannot be."""
    if wanted is None:
        return "\t" if kind == "tsv" else None
    delimiter = {"tab": "\t", "\\t": "\t"}.get(wanted, wanted)
    if len(delimiter) != 1 or delimiter in '"\r\n\0':
        raise SettingsError(
            f"--delimiter {wanted[:20]!r} must be one character, like ; or | or tab."
        )
    return delimiter
