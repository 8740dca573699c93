"""CSV and TSV: records with quoted newlines, ragged rows and stray quotation marks."""

import csv
import io
import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from itertools import chain, islice, product
from typing import BinaryIO

from triage_agent.errors import InputError
from triage_agent.tables.cells import cells_of, text_of
from triage_agent.tables.header import SEARCHED, HeaderChoice, below_titles, read_heading
from triage_agent.tables.kinds import stands_apart
from triage_agent.tables.row import ROW_LIMIT, SAMPLE_ROWS, OpenedTable, Row, Value, fill

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
NO_DELIMITER = "\x1f"  # a table of one column: commas belong to the text
ROW_LINES = 10_000  # a cell with more lines is a quotation mark that nobody closed
REPAIRS = 100  # each may read up to ROW_LIMIT again
START_LINES, START_SIZE = 4 * SAMPLE_ROWS, 1_000_000  # what the delimiter is guessed from
SEP_LINE = re.compile(r'"?sep=(.)"?\r?\n?$', re.IGNORECASE)  # Excel's own hint
Record = tuple[int, list[str], str | None]


def open_delimited(
    lines: Iterator[str], name: str, delimiter: str | None, choice: HeaderChoice
) -> tuple[OpenedTable, str]:
    """Return the table that the lines hold, and the delimiter ("" for a single column).

    A first row that looks like data gets invented names, with a note (see `read_heading`). Raises
    `InputError` if there is nothing in it.
    """
    start, size = list[str](), 0
    while len(start) < START_LINES and size < START_SIZE and (line := next(lines, "")):
        start.append(line)
        size += len(line)
    before = 0
    if start and (hint := SEP_LINE.match(start[0])):
        delimiter, before, start = delimiter or hint.group(1), 1, start[1:]
    spaced = False
    if delimiter is None:
        delimiter, spaced = sniff_delimiter(start)
    found = records(chain(start, lines), name, delimiter, spaced=spaced, before=before)
    head = list(islice(found, SAMPLE_ROWS))
    if not head:
        raise InputError(f"{name} is empty. Give a table with a header and a row for each form.")
    heading = read_heading([record[:2] for record in head], name, choice, ragged=True)
    odd = [
        f"Row {number}, above the data, {why}." for number, _, why in head[: heading.start] if why
    ]
    opened = OpenedTable(
        heading.columns,
        _rows(heading.columns, chain(head[heading.start :], found)),
        (*heading.notes, *odd),
        preamble=heading.preamble,
    )
    return opened, "" if delimiter == NO_DELIMITER else delimiter


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
    return choice if best[0] >= 0.5 else _sniff_below_titles(start) or choice


def _sniff_below_titles(start: Sequence[str]) -> tuple[str, bool] | None:
    """Return the delimiter that cuts the rows below a title alike, and what `sniff_delimiter` does.

    A text with commas is no table: the cut must give a header whose rows differ from it in kind.
    """
    best, choice = (0.0, 0), None
    for delimiter, spaced in product(DELIMITERS, (False, True)):
        try:
            found = [cells for _, cells, _ in records(iter(start), "", delimiter, spaced=spaced)]
        except InputError:
            continue
        place = below_titles(found)
        header, body = found[place] if found else [], found[place + 1 :]
        if not place or not body or any(cell.startswith(" ") for cell in header):
            continue
        alike = sum(len(cells) == len(header) for cells in body) / len(body)
        score = (round(alike, 1), len(header))
        if score > best and alike >= 0.8 and stands_apart(header, body):
            best, choice = score, (delimiter, spaced)
    return choice


def records(
    lines: Iterator[str], name: str, delimiter: str, *, spaced: bool = False, before: int = 0
) -> Iterator[Record]:
    """Yield (number, cells, complaint) for each record; blank ones count, but are skipped.

    `before` lines were read already, which no spreadsheet shows. A quotation mark that never
    closes would swallow every row after it, so such a row is taken as plain text up to its line's
    end. Raises `InputError` when that happens all the time.
    """
    csv.field_size_limit(max(csv.field_size_limit(), ROW_LIMIT))
    cut = partial(csv.reader, delimiter=delimiter, skipinitialspace=spaced)
    feed = _Feed(lines)
    strict = cut(feed, strict=True)
    number, line, width, repairs = 0, before + 1, 0, 0
    while True:
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
        number += 1
        line += len(feed.taken)
        if cells:
            if not width or (number <= SEARCHED and len(cells) >= 2 * width):  # below a title
                width = len(cells)
            yield number, cells, complaint


class CsvWriter:
    """Writes CSV: UTF-8 with a byte-order mark, without which Excel garbles accents."""

    cut_cells = 0

    def __init__(
        self, file: BinaryIO, columns: Sequence[str], preamble: Sequence[Sequence[Value]] = ()
    ) -> None:
        self.columns = tuple(columns)
        self.text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=False)
        self.rows = csv.writer(self.text)  # "\r\n", so that cells with a lone CR are quoted too
        for cells in (*preamble, columns):
            self.rows.writerow([text_of(cell) for cell in cells])

    def write(self, values: Mapping[str, object]) -> None:
        """Write one row."""
        cells = [text_of(cell) for cell in cells_of(self.columns, values)]
        # Spreadsheets end a cell at a NUL character.
        self.rows.writerow([cell.replace("\0", "\ufffd") for cell in cells])

    def close(self, *, keep: bool) -> None:
        """Let go of the file, with everything in it if it is to be kept."""
        if keep:
            self.text.flush()
        self.text.detach()


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


def _rows(columns: tuple[str, ...], found: Iterable[Record]) -> Iterator[Row]:
    """Yield the records as rows, complaining about ragged ones."""
    for number, cells, complaint in found:
        values, ragged = fill(columns, cells)
        yield Row(number, values, complaint or ragged)
