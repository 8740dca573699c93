"""CSV and TSV: records with quoted newlines, ragged rows and stray quotation marks."""

import csv
import io
import re
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice, product
from typing import BinaryIO

from triage_agent.errors import InputError
from triage_agent.tables.cells import cells_of, text_of
from triage_agent.tables.header import LOOKED_AT, Numbered, find_header
from triage_agent.tables.row import (
    ROW_LIMIT,
    SAMPLE_ROWS,
    OpenedTable,
    Row,
    WrittenHeader,
    fill,
    name_columns,
)

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NO_DELIMITER = "\x1f"  # a table of one column: commas belong to the text
ROW_LINES = 10_000  # a cell with more lines is a quotation mark that nobody closed
REPAIRS = 100  # each may read up to ROW_LIMIT again
START_LINES, START_SIZE = 4 * SAMPLE_ROWS, 1_000_000  # what the delimiter is guessed from
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
    is nothing in it.
    """
    start, size = list[str](), 0
    while len(start) < START_LINES and size < START_SIZE and (line := next(lines, "")):
        start.append(line)
        size += len(line)
    notes: list[str] = []
    skipped = 0
    if start and (hint := SEP_LINE.match(start[0])):
        delimiter, skipped, start = delimiter or hint.group(1), 1, start[1:]
    spaced = False
    if delimiter is None:
        delimiter, spaced = sniff_delimiter(start)
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
    notes += begin.notes
    if begin.row is not None:
        notes += renamed
        notes += [f"The header (row {begin.row}) {complaint}."] if complaint else []
    return (
        OpenedTable(
            columns,
            _rows(columns, chain(head, found)),
            tuple(notes),
            header_row=begin.row,
            titles=begin.titles,
            extra_header=begin.extra,
        ),
        "" if delimiter == NO_DELIMITER else delimiter,
    )


def sniff_delimiter(start: Sequence[str]) -> tuple[str, bool]:
    """Return the delimiter that cuts most rows like the first, and whether a space follows it.

    `csv.Sniffer` takes letters of long texts for delimiters, so each candidate is tried with the
    csv module itself. If none cuts the first row, or only where a sentence would have a comma
    anyway ("Your problem, in your own words?"), the table has one column.
    """
    best, choice = (0.0, 0), (NO_DELIMITER, False)
    for delimiter, spaced in product(DELIMITERS, (False, True)):
        try:
            found = list(records(iter(start), "", delimiter, spaced=spaced))
        except InputError:
            continue
        if not found or len(found[0][1]) < 2:
            continue
        header, body = found[0][1], found[1:] or found
        if len(start) >= START_LINES:
            body = body[:-1] or body  # the last one may be cut off
        alike = sum(len(cells) == len(header) for _, cells, _ in body) / len(body)
        in_sentence = f"{delimiter} " in start[0] and f'{delimiter} "' not in "".join(start)
        score = (round(alike, 1), len(header))
        if score > best and (alike >= 0.8 or not in_sentence):
            best, choice = score, (delimiter, spaced)
    return choice if best[0] >= 0.8 else _sniff_under_titles(start) or choice


def _sniff_under_titles(start: Sequence[str]) -> tuple[str, bool] | None:
    """Return the delimiter of a table that begins under lines of titles, None if there is none.

    It cuts most lines into the same number of cells, three at least, as two are what a comma makes
    of a sentence.
    """
    best: tuple[float, int] = (0.0, 0)
    choice = None
    for delimiter in DELIMITERS:
        try:
            found = [cells for _, cells, _ in records(iter(start), "", delimiter)]
        except InputError:
            continue
        widths = Counter(len(cells) for cells in found)
        if not widths:
            continue
        width, _ = max(widths.items(), key=lambda item: (item[1] * (item[0] > 2), item[0]))
        begin = next(at for at, cells in enumerate(found) if len(cells) == width)
        rest = found[begin:]
        alike = sum(len(cells) == width for cells in rest) / len(rest)
        sentence = sum(cell.startswith(" ") for cell in rest[0]) > len(rest[0]) // 3
        is_table = len(rest) > 1 and width > 2 and alike >= 0.8 and not sentence
        if 0 < begin < LOOKED_AT and is_table and (alike, width) > best:
            best, choice = (alike, width), (delimiter, False)
    return choice


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


def _rows(columns: tuple[str, ...], found: Iterable[Record]) -> Iterator[Row]:
    """Yield the records as rows, complaining about ragged ones."""
    for number, cells, complaint in found:
        values, ragged = fill(columns, cells)
        yield Row(number, values, complaint or ragged)
