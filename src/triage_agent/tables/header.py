"""Where a table's data begins: lines above the header, the header's rows, or no header at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage_agent.errors import InputError
from triage_agent.tables.header_rows import read_header_rows, with_groups
from triage_agent.tables.input_names import OURS
from triage_agent.tables.kinds import (
    could_be_names,
    filled,
    looks_like_data,
    text_in,
    typed_places,
)
from triage_agent.tables.row import SAMPLE_ROWS, Value, name_columns

SEARCHED = 20  # rows among which the header is looked for
TITLE_CELLS = 2  # of a title, or a label and its value
MAX_EXTRA = 50  # columns right of the last named one
OURS_AT_LEAST = 4  # every output has so many

NO_NAMES = (
    "The first row looks like data, not like names, so the columns are called "
    "column_1, column_2, …; if it does hold names, say --header."
)

NumberedRow = tuple[int, Sequence[Value]]  # its number in a spreadsheet, its cells


@dataclass(frozen=True, slots=True)
class HeaderChoice:
    """What the user says about the header; what is None is found by the rows."""

    named: bool | None = None  # True: the first row has the names; False: no row has
    row: int | None = None  # the number of the row that has the names
    written: bool = False  # a file that we wrote: its names are not touched


@dataclass(frozen=True, slots=True)
class Heading:
    """The columns of a table, and which of its rows are data."""

    columns: tuple[str, ...]
    start: int  # of the rows that were given: the first that is data
    preamble: tuple[tuple[Value, ...], ...]  # rows before the data, without the header
    notes: tuple[str, ...]


def read_heading(
    rows: Sequence[NumberedRow], name: str, choice: HeaderChoice, *, ragged: bool = False
) -> Heading:
    """Return the columns of the table that begins with these rows (those that hold anything).

    `ragged`: a row may be longer by mistake, as where a text file has an unquoted delimiter; then
    cells right of the header are columns only if most rows have them. Raises `InputError` for a
    header row that cannot be.
    """
    cells = [cells for _, cells in rows]
    place = _place(rows, name, choice)
    if place is None:
        columns, _ = name_columns([""] * max(map(len, cells)), name)
        return Heading(columns, 0, (), () if choice.named is False else (NO_NAMES,))
    names, extra = tuple("" if cell is None else str(cell) for cell in cells[place]), 0
    if not choice.written:
        found = read_header_rows(cells[place:])
        names, extra = found.names, found.extra
        if place and not extra:
            names = with_groups(names, cells[place - 1])
    start = place + 1 + extra
    width = _width(names, cells[start:], ragged=ragged)
    columns, renamed = name_columns([*names, *[""] * (width - len(names))][:width], name)
    notes = () if choice.written else tuple(_notes([number for number, _ in rows], place, extra))
    blank = rows[place][0] - (rows[place - 1][0] if place else 0) - 1
    preamble = (*_from(rows, 0, place), *[()] * blank, *_from(rows, place + 1, start))
    return Heading(columns, start, preamble, notes + renamed)


def below_titles(rows: Sequence[Sequence[Value]]) -> int:
    """Return which of the first rows is the header, if narrower lines stand above it; else 0.

    The header is at least twice as wide as what is above it, at least half as wide as any row,
    and holds names, not data. Where it is just twice as wide, or what is above it is long, the
    rows below must differ from it in kind: numbers or dates under a word.

    >>> below_titles([["Requests in May"], ["id", "problem", "n"], ["1", "We lose leads", "2"]])
    1
    >>> below_titles([["Problem"], ["a", "b", "2024-05-01"], ["c", "d", "2024-05-02"]])
    0
    """
    counts = [filled(cells) for cells in rows[:SEARCHED]]
    for place in range(1, len(counts)):
        above, below = max(counts[:place]), rows[place + 1 :]
        if 2 * counts[place] < max(counts) or 2 * above > counts[place]:
            continue
        if not could_be_names(rows[place]) or looks_like_data(rows[place], below):
            continue
        is_title = 2 * above < counts[place] and above <= TITLE_CELLS
        if is_title or any(True for _ in typed_places(rows[place], below)):
            return 0 if read_header_rows(rows).extra else place
    return 0


def is_header_of_ours(cells: Sequence[Value]) -> bool:
    """Return whether a row names the columns of a batch's output."""
    return sum(bool(OURS.fullmatch(text_in(cell))) for cell in cells) >= OURS_AT_LEAST


def _place(rows: Sequence[NumberedRow], name: str, choice: HeaderChoice) -> int | None:
    """Return which of the rows is the header; None: none is."""
    cells = [cells for _, cells in rows]
    ours = (place for place, row in enumerate(cells) if is_header_of_ours(row))
    if choice.row is not None:
        return _chosen([number for number, _ in rows], name, choice.row)
    if choice.written:
        return next(ours, 0)
    if choice.named is not None:
        return 0 if choice.named else None
    place = next(ours, None)
    if place is None:
        place = below_titles(cells)
        if not place and looks_like_data(cells[0], cells[1:]):
            return None
    return place


def _chosen(numbers: Sequence[int], name: str, wanted: int) -> int:
    """Return the place of the row that the user names; `InputError` if it cannot be the header."""
    if wanted in numbers:
        return numbers.index(wanted)
    if 1 <= wanted < numbers[-1]:
        near = min(numbers, key=lambda number: (abs(number - wanted), -number))
        why = f"is empty. The nearest row that holds anything is {near} (--header-row {near})"
    elif wanted >= 1 and len(numbers) >= SAMPLE_ROWS:
        why = f"is too far down. The header must be above row {numbers[-1] + 1}"
    else:
        why = f"is not there. The rows are numbered from 1, and the last is {numbers[-1]}"
    raise InputError(f"--header-row {wanted}: this row of {name} {why}.")


def _from(rows: Sequence[NumberedRow], start: int, stop: int) -> Iterator[tuple[Value, ...]]:
    """Yield the cells of some rows, and () for each blank row between them."""
    before = rows[start - 1][0] if start else 0
    for number, cells in rows[start:stop]:
        yield from [()] * (number - before - 1)
        yield tuple(cells)
        before = number


def _notes(numbers: Sequence[int], place: int, extra: int) -> Iterator[str]:
    """Yield a sentence about lines above the header, and one about its further rows."""
    if place:
        yield (
            f"The header is in row {numbers[place]}; what stands above it is read as a title "
            "(--header-row names another row)."
        )
    if extra == 1:
        yield f"Row {numbers[place + 1]} belongs to the header too, and is not read as a form."
    elif extra:
        last = numbers[place + extra]
        yield f"The rows up to {last} belong to the header too, and are not read as forms."


def _width(names: Sequence[str], below: Sequence[Sequence[Value]], *, ragged: bool) -> int:
    """Return how many columns there are: nameless ones at the end count only if they are used."""
    ends = [_end(cells) for cells in below]
    named = max((place for place, name in enumerate(names, start=1) if name.strip()), default=0)
    inside = max((min(end, len(names)) for end in ends), default=0)
    width = max(named, inside, 1)
    beyond = [end for end in ends if len(names) < end <= len(names) + MAX_EXTRA]
    if beyond and (not ragged or 2 * len(beyond) > len(below)):
        return max(beyond)
    return width


def _end(cells: Sequence[Value]) -> int:
    """Return the length of a row without its blank cells at the end."""
    return max((place for place, cell in enumerate(cells, start=1) if text_in(cell)), default=0)
