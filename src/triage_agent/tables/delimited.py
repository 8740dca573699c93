"""CSV and TSV: records with quoted newlines, ragged rows and stray quotation marks."""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice
from typing import BinaryIO

from triage_agent.errors import InputError
from triage_agent.intake import counted
from triage_agent.tables.cells import cells_of, text_of
from triage_agent.tables.header import Numbered, find_header
from triage_agent.tables.other_texts import cells_of_lines, refuse_summary, refuse_unmerged
from triage_agent.tables.row import (
    ROW_LIMIT,
    SAMPLE_ROWS,
    OpenedTable,
    Row,
    WrittenHeader,
    fill,
    name_columns,
)
from triage_agent.tables.sniffing import (
    DELIMITERS,
    NO_DELIMITER,
    START_LINES,
    TAB,
    seems_parted,
    sniff_delimiter,
)

ROW_LINES = 10_000  # a cell with more lines is a quotation mark that nobody closed
REPAIRS = 100  # each may read up to ROW_LIMIT again
START_SIZE = 1_000_000  # characters that the delimiter is guessed from
TEXT_WORDS = 4  # as many, on average, make the cells of a column texts that somebody wrote
SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n?$', re.IGNORECASE)  # Excel's own hint

Record = tuple[int, list[str], str | None]


def open_delimited(
    lines: Iterator[str],
    name: str,
    delimiter: str | None,
    header: bool | None,
    header_row: int | None = None,
    *,
    written: bool = False,
) -> tuple[OpenedTable, str]:
    """Return the table that the lines hold, and the delimiter ("" for a single column).

    `find_header` says what `header`, `header_row` and `written` do. Raises `InputError` if there
    is nothing in it, or no table of forms, or if nothing shows whether commas part its columns.
    """
    start, size = list[str](), 0
    while len(start) < START_LINES and size < START_SIZE and (line := next(lines, "")):
        start.append(line)
        size += len(line)
    notes: list[str] = []
    skipped = 0
    if start and (hint := SEP_LINE.match(start[0])):
        delimiter, skipped, start = delimiter or hint.group(1), 1, start[1:]
    if header_row is None and not written:
        refuse_unmerged(start, name)
        refuse_summary(cells_of_lines(start), name)
    spaced = False
    if delimiter is None:
        table = start[max(header_row or 1, 1) - 1 :]  # what stands above tells nothing
        delimiter, spaced = sniff_delimiter(table or start, _cut)
        if delimiter == NO_DELIMITER and (parted := seems_parted(start, _cut)):
            raise _doubt_about_lines(start, *parted, name)
    found = records(chain(start, lines), name, delimiter, spaced=spaced, before=skipped)
    head = list(islice(found, SAMPLE_ROWS))
    if not head:
        raise InputError(f"{name} is empty. Give a table with a header and a row for each form.")
    numbered: list[Numbered] = [(number, [*cells]) for number, cells, _ in head]
    begin = find_header(numbered, header, header_row, name, written=written)
    complaint = head[begin.at][2] if begin.row is not None else None
    head = head[begin.taken :]
    width = _width(begin.names, [cells for _, cells, _ in head])
    names = (*begin.names[:width], *[""] * (width - len(begin.names)))
    columns, renamed = name_columns(names, name)
    joint = delimiter if _ends_in_texts(width, [cells for _, cells, _ in head]) else None
    notes += begin.notes
    if begin.row is not None:
        notes += renamed
        notes += [f"The header (row {begin.row}) {complaint}."] if complaint else []
    return (
        OpenedTable(
            columns,
            _rows(columns, chain(head, found), joint),
            tuple(notes),
            header_row=begin.row,
            titles=begin.titles,
            extra_header=begin.extra,
        ),
        "" if delimiter == NO_DELIMITER else delimiter,
    )


def _doubt_about_lines(start: Sequence[str], delimiter: str, width: int, name: str) -> InputError:
    """Return what to say of lines that are cut alike, but not by what would be their header."""
    found = records(iter(start), name, delimiter)
    row = next((number for number, cells, _ in found if len(cells) == width), 1)
    unused = (one for one in (*DELIMITERS, *"~^") if not any(one in line for line in start))
    said, instead = _option(delimiter), _option(next(unused, "§"))
    return InputError(
        f"Each line of {name} may be one text or a row of {counted(width, 'column')}: "
        f"from row {row:,} on, most lines hold as many {DELIMITERS[delimiter]}s as that takes. "
        f"If they part columns: {said} --header-row {row}, or another row in which the names "
        f"stand. If each line is one text: {instead}."
    )


def _option(delimiter: str) -> str:
    """Return the option that names a delimiter."""
    return f"--delimiter {'tab' if delimiter == TAB else repr(delimiter)}"


def _cut(lines: Sequence[str], delimiter: str, spaced: bool) -> list[list[str]]:
    """Return the cells of the records in these lines; [] if the delimiter cannot cut them."""
    try:
        return [cells for _, cells, _ in records(iter(lines), "", delimiter, spaced=spaced)]
    except InputError:
        return []


def records(
    lines: Iterator[str], name: str, delimiter: str, *, spaced: bool = False, before: int = 0
) -> Iterator[Record]:
    """Yield (number, cells, complaint) for each record; blank lines are counted, not yielded.

    A quotation mark that never closes would swallow every row after it, so such a row is taken as
    plain text up to its line's end. Raises `InputError` when that happens all the time.
    """
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))
    cut = partial(csv.reader, delimiter=delimiter, skipinitialspace=spaced)
    feed = _Feed(lines)
    strict = cut(feed, strict=True)
    number, line, width, repairs = 0, before + 1, 0, 0
    while True:
        number += 1
        feed.taken.clear()
        complaint = None
        try:
            cells = next(strict)
        except StopIteration:
            return
        except csv.Error:
            repairs += len(feed.taken) > 1
            if repairs > REPAIRS:
                raise InputError(
                    f"The quotation marks in {name} do not pair up, in line {line:,} and "
                    f"{REPAIRS} places before it. Correct it, or choose another --delimiter."
                ) from None
            cells, complaint = _repair(feed, cut, width)
        if feed.held_nul:
            complaint, feed.held_nul = complaint or "holds NUL characters, left out", False
        if cells:
            width = width or len(cells)
            yield number, cells, complaint
        line += len(feed.taken)


class CsvWriter:
    """Writes CSV: UTF-8 with a byte-order mark, without which Excel garbles accents."""

    cut_cells = 0

    def __init__(self, file: BinaryIO, header: WrittenHeader) -> None:
        self.columns, self.row = header.columns, 0
        self.text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=False)
        self.rows = csv.writer(self.text)  # "\r\n", so that cells with a lone CR are quoted too
        for cells in header.rows:
            self._append(cells)

    def write(self, values: Mapping[str, object], row: int = 0) -> None:
        """Write one row, after blank ones up to the row's number."""
        while self.row + 1 < row:
            self._append(())
        self._append(cells_of(self.columns, values))

    def close(self, *, keep: bool) -> None:
        """Let go of the file, with everything in it if it is to be kept."""
        if keep:
            self.text.flush()
        self.text.detach()

    def _append(self, cells: Sequence[object]) -> None:
        """Write the next row; spreadsheets end a cell at a NUL character."""
        self.rows.writerow([text_of(cell).replace("\0", "\ufffd") for cell in cells])
        self.row += 1


class _Feed:
    """Hands lines to a csv reader, and remembers those of the record that is being read."""

    def __init__(self, lines: Iterator[str]) -> None:
        self.lines, self.taken, self.again = lines, list[str](), deque[str]()
        self.size, self.exhausted, self.held_nul = 0, False, False

    def __iter__(self) -> "_Feed":
        return self

    def __next__(self) -> str:
        """Return the next line; `csv.Error` if the record has grown past every real one."""
        try:
            line = self.again.popleft() if self.again else next(self.lines)
        except StopIteration:
            self.exhausted = True
            raise
        self.size = self.size + len(line) if self.taken else len(line)
        self.taken.append(line)
        if len(self.taken) > ROW_LINES or (self.size > ROW_LIMIT and len(self.taken) > 1):
            raise csv.Error("no end of the record")
        if "\0" in line:
            self.held_nul = True
            return line.replace("\0", "")
        return line

    def give_back(self) -> None:
        """Make the lines of this record the next ones again."""
        self.again.extendleft(reversed(self.taken))
        self.taken.clear()
        self.exhausted = False


def _repair(
    feed: _Feed, cut: Callable[..., Iterator[list[str]]], width: int
) -> tuple[list[str], str]:
    """Return the cells of a record whose quotation marks are wrong, and the complaint.

    Two readings: the first line as plain text, or the record with the stray marks kept. The second
    is right for a stray mark inside a quoted cell, the first for a mark that opens by mistake.
    """
    plain = next(cut([feed.taken[0].replace("\0", "")], quoting=csv.QUOTE_NONE))
    feed.give_back()
    try:
        loose = next(cut(feed))
    except csv.Error:
        loose = []
    unclosed = not loose or feed.exhausted
    if unclosed or (len(feed.taken) > 1 and (len(plain) == width or len(loose) != width)):
        feed.give_back()
        next(feed)
        return plain, "opens a quotation mark that is not closed; its line is read as plain text"
    return loose, "has a quotation mark inside a quoted cell; it should be doubled"


def _width(header: Sequence[str], rows: Sequence[Sequence[str]]) -> int:
    """Return how many columns there are.

    Nameless ones at the end count if they are used; cells beyond the header's if most rows have
    them, as a stray delimiter in one row is no column.
    """
    width = max((len(row) for row in rows), default=0)
    while width > len(header) and 2 * _using(width, rows) <= len(rows):
        width -= 1
    width = max(width, len(header))
    while (
        width > 1
        and not (width <= len(header) and header[width - 1].strip())
        and not _using(width, rows)
    ):
        width -= 1
    return width


def _using(width: int, rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows have something in the column that ends a width."""
    return sum(bool(row[width - 1].strip()) for row in rows if len(row) >= width)


def _ends_in_texts(width: int, rows: Sequence[Sequence[str]]) -> bool:
    """Return whether what stands in the last of several columns are texts, which have commas."""
    last = [len(row[width - 1].split()) for row in rows if len(row) == width > 1]
    return sum(last) >= TEXT_WORDS * max(len(last), 1)


def _rows(columns: tuple[str, ...], found: Iterable[Record], joint: str | None) -> Iterator[Row]:
    """Yield the records as rows, complaining about ragged ones.

    `joint`: the delimiter, if the last column holds texts. Cells beyond it, one of which begins
    with a blank as behind the comma of a sentence, are the rest of its text then.
    """
    width = len(columns)
    for number, cells, complaint in found:
        ragged = None
        if joint and any(cell.startswith(" ") and cell.strip() for cell in cells[width:]):
            ragged = (
                f"has {counted(len(cells), 'cell')} where the header has {width}; the last are "
                f"read as one text in {columns[-1]!r}: a text with delimiters needs quotation marks"
            )
            cells = [*cells[: width - 1], joint.join(cells[width - 1 :])]
        values, over = fill(columns, cells)
        yield Row(number, values, complaint or ragged or over)
