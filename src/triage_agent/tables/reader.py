"""Any file of forms becomes a stream of rows: CSV, TSV, XLSX, JSON, JSON Lines, or stdin."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from triage_agent.errors import InputError, SettingsError
from triage_agent.tables.delimited import DELIMITERS, open_delimited
from triage_agent.tables.encoding import NAMES, check_encoding, decoded, guess_encoding, lines
from triage_agent.tables.header import HeaderChoice
from triage_agent.tables.input_names import keep_apart
from triage_agent.tables.json_rows import open_array, open_lines
from triage_agent.tables.row import SAMPLE_ROWS, OpenedTable, Row, Value
from triage_agent.tables.source import Source
from triage_agent.tables.workbook import open_workbook

SAMPLE_SIZE = 4_000_000  # characters of the sampled rows
FORMATS = {"csv": "CSV", "tsv": "TSV", "xlsx": "XLSX", "json": "JSON", "jsonl": "JSON Lines"}
SUFFIXES = {
    ".csv": "csv", ".tsv": "tsv", ".tab": "tsv", ".xlsx": "xlsx", ".xlsm": "xlsx",
    ".json": "json", ".jsonl": "jsonl", ".ndjson": "jsonl",
}  # fmt: skip
WEB_PAGE = re.compile(r"\s*<(?:!doctype|html|\?xml|script|head|table)", re.IGNORECASE)
ARRAY = re.compile(r"\s*\[\s*(?:[\[{\]]|$)")
FOREIGN = {b"%PDF": "a PDF", b"\x89PNG": "a picture", b"\xff\xd8\xff": "a picture",
           b"\x1f\x8b": "compressed; unpack it first", b"SQLite": "a database"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Survey:
    """What reading a table to its end shows; `rows` None: a stream, which is read only once."""

    rows: int | None
    columns: tuple[str, ...]
    complaints: int  # rows that have one


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and what was understood of it.

    `columns` of JSON and JSON Lines are those of the sample; `survey` finds all. `sample` holds up
    to 100 first rows, which `rows` yields again. `notes` are sentences for the user. `preamble`
    holds the rows before the data apart from the header: titles, and further header rows; () is a
    blank row.
    """

    name: str
    format: str  # a key of FORMATS
    columns: tuple[str, ...]
    encoding: str | None  # a codec's name; None: XLSX
    delimiter: str | None  # None: not a CSV; "": a single column
    sheet: str | None
    sheets: tuple[str, ...]
    notes: tuple[str, ...]
    sample: tuple[Row, ...]
    preamble: tuple[tuple[Value, ...], ...]
    rereadable: bool  # whether `rows` can be called again: a file, not a stream
    _read: Callable[[], Iterator[Row]] = field(repr=False)

    def rows(self) -> Iterator[Row]:
        """Yield every row, in memory that does not grow with them (XLSX apart).

        Raises `InputError` where the file stops being readable.
        """
        return self._read()

    def survey(self) -> Survey:
        """Return the number of rows and all columns, by reading a file once to its end.

        Raises `InputError` as `rows` does, so that nothing is paid for before a file is known to
        be readable. A stream is not read: its columns are the sample's.
        """
        if not self.rereadable:
            return Survey(None, self.columns, 0)
        columns, count, complaints = dict.fromkeys(self.columns), 0, 0
        for row in self.rows():
            count += 1
            complaints += row.complaint is not None
            if len(row.values) != len(columns) or not columns.keys() >= row.values.keys():
                columns |= dict.fromkeys(row.values)
        return Survey(count, tuple(columns), complaints)

    def describe(self) -> str:
        """Return what was understood, on one line."""
        parts = [FORMATS[self.format]]
        if self.sheet is not None:
            parts.append(f"sheet {self.sheet!r}")
        if self.encoding is not None:
            parts.append(NAMES.get(self.encoding, self.encoding))
        if self.delimiter:
            parts.append(f"{DELIMITERS.get(self.delimiter, repr(self.delimiter))}-separated")
        shown = ", ".join(" ".join(column.split())[:40] for column in self.columns[:8])
        more = ", …" if len(self.columns) > 8 else ""
        count = f"{len(self.columns)} column{'' if len(self.columns) == 1 else 's'}"
        return f"{self.name}: {', '.join(parts)}, {count} ({shown}{more})"


@dataclass(frozen=True, slots=True)
class TableOptions:
    """How a table is to be read; what is None is guessed."""

    format: str | None = None  # a key of FORMATS
    encoding: str | None = None
    delimiter: str | None = None
    sheet: str | None = None
    header: bool | None = None  # False: the first row is data, the columns column_1, column_2, …
    header_row: int | None = None  # the row that names the columns, as a spreadsheet numbers it
    written: bool = False  # `open_sheet` wrote it: names are as they stand, `triage_…` too


GUESSED = TableOptions()


def open_table(source: Path | BinaryIO, options: TableOptions = GUESSED) -> Table:
    """Return the table in a file or stream (`Path("-")`: stdin), its first rows read.

    Raises `InputError` for a file that is missing, empty, without rows or not readable as a table,
    `SettingsError` for an option that cannot be.
    """
    if options.format is not None and options.format not in FORMATS:
        raise SettingsError(f"--format {options.format!r} is unknown. Choose {', '.join(FORMATS)}.")
    encoding = check_encoding(options.encoding) if options.encoding is not None else None
    place = Source(source)
    try:
        return _understood(place, options, encoding)
    except BaseException:
        place.close()
        raise


def _understood(place: Source, options: TableOptions, encoding: str | None) -> Table:
    """Return the table in a source, its first rows read."""
    notes: tuple[str, ...] = ()
    kind = options.format or ("xlsx" if _is_workbook(place) else None)
    if kind != "xlsx":
        if encoding is None:
            encoding, notes = guess_encoding(place.sample, place.name, is_all=place.is_all)
        kind, more = _kind(place, kind, place.sample.decode(encoding, "replace").lstrip("\ufeff"))
        notes += more
    options = replace(
        options, format=kind, encoding=encoding, delimiter=_delimiter(options.delimiter, kind)
    )
    opened, used_delimiter = _open(place, options)
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
        encoding if kind != "xlsx" else None,
        used_delimiter,
        opened.sheet,
        opened.sheets,
        notes + opened.notes,
        sample,
        opened.preamble,
        place.rereadable,
        partial(_reread, place, options) if place.rereadable else _Once(chain(sample, opened.rows)),
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


def _open(place: Source, options: TableOptions) -> tuple[OpenedTable, str | None]:
    """Return the opened table, and the delimiter in use."""
    opened, delimiter = _opened(place, options)
    return opened if options.written else keep_apart(opened), delimiter


def _opened(place: Source, options: TableOptions) -> tuple[OpenedTable, str | None]:
    """Return the table as its format's reader gives it, and the delimiter in use."""
    choice = HeaderChoice(options.header, options.header_row, options.written)
    if choice.row is not None and options.format in {"json", "jsonl"}:
        raise InputError(
            f"--header-row is for CSV and workbooks; {place.name} is {FORMATS[options.format]}, "
            "in which every item names its own values. Leave it out."
        )
    if options.format == "xlsx":
        file = place.file()
        try:
            opened = open_workbook(
                file, place.name, options.sheet, choice, checked=place.is_checked
            )
            place.is_checked = True
        except BaseException:
            file.close()
            raise
        return replace(opened, rows=_closing(opened.rows, file)), None
    texts = decoded(place.chunks(), options.encoding or "utf-8", place.name)
    if options.format == "json":
        return open_array(texts, place.name), None
    found = lines(texts, place.name)
    if options.format == "jsonl":
        return open_lines(found), None
    return open_delimited(found, place.name, options.delimiter, choice)


def _reread(place: Source, options: TableOptions) -> Iterator[Row]:
    """Yield the rows of a file, opened anew."""
    yield from _open(place, options)[0].rows


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


def _is_workbook(place: Source) -> bool:
    """Return whether the first bytes are a workbook's; `InputError` for other known formats."""
    for magic, kind in FOREIGN.items():
        if place.sample.startswith(magic):
            raise InputError(
                f"{place.name} is {kind}, not a table. "
                "Give a CSV, TSV, XLSX, JSON or JSON Lines file."
            )
    return place.sample.startswith((b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0"))


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
    if kind == "xlsx":
        kind, notes = None, ("It is named like a workbook but is text.",)
    if kind is None:
        kind = "json" if ARRAY.match(start) else "jsonl" if start.lstrip()[:1] == "{" else "csv"
    if kind == "json" and not start.lstrip().startswith("["):
        first = start.strip().split("\n", 1)[0]
        try:
            if wanted is None and isinstance(json.loads(first), dict):
                return "jsonl", ("It holds an object on each line: JSON Lines.",)
        except (ValueError, RecursionError):
            pass
        raise InputError(
            f"{place.name} does not hold an array of objects. Give "
            '[{"problem": "…"}, …], or JSON Lines with an object on each line.'
        )
    return kind, notes


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
