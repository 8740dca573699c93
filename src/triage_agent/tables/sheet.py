"""The sheets of a workbook of any format: which one has the forms, and its rows."""

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from itertools import chain, islice

from triage_agent.errors import InputError
from triage_agent.tables.header import HeaderChoice, read_heading
from triage_agent.tables.kinds import filled, text_in
from triage_agent.tables.row import MAX_COLUMNS, SAMPLE_ROWS, OpenedTable, Row, Value, fill

ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"}
)
FREE_TEXT_WORDS = 4
# Columns that say whose form a row is; a merged cell of another column is no answer repeated.
COMPANY = re.compile(
    r"\b(?:company|business|client|customer|organi[sz]ation|firm|account|employer|name)\b"
)

NumberedCells = tuple[int, list[Value]]  # the row's number in the sheet, its cells
Merge = tuple[int, int, int]  # a column from 0, the first and the last row of a merged cell in it


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: its name, and what yields the rows that hold anything."""

    title: str
    rows: Callable[[], Iterator[NumberedCells]]


def choose_sheet(
    sheets: Sequence[Sheet], visible: AbstractSet[str], name: str, wanted: str | None
) -> Sheet:
    """Return the sheet with a name, else the visible one with the most cells of free text.

    A page of instructions is one column of text: a sheet whose rows have several cells goes before
    it. Raises `InputError` for a sheet that is not there, and if there is nothing in any.
    """
    if wanted is not None:
        for sheet in sheets:
            if sheet.title == wanted:
                if next(sheet.rows(), None) is None:
                    raise InputError(_nothing(f"sheet {wanted!r} of {name}"))
                return sheet
        titles = ", ".join(repr(sheet.title) for sheet in sheets)
        raise InputError(f"{name} has no sheet {wanted!r}. It has: {titles} (--sheet).")
    best, chosen = (-1, -1), None
    for sheet in [one for one in sheets if one.title in visible] or sheets:
        head = [cells for _, cells in islice(sheet.rows(), SAMPLE_ROWS)]
        score = _free_text(head)
        if head and score > best:
            best, chosen = score, sheet
    if chosen is None:
        raise InputError(_nothing(name))
    return chosen


def read_sheet(
    sheet: Sheet,
    sheets: Sequence[Sheet],
    name: str,
    choice: HeaderChoice,
    merges: Sequence[Merge] = (),
    *,
    is_named: bool = False,
) -> OpenedTable:
    """Return the table in a sheet; the others are named in a note, unless the user named this."""
    found = sheet.rows()
    head = list(islice(found, SAMPLE_ROWS))
    heading = read_heading(head, name, choice)
    columns, notes = heading.columns, list(heading.notes)
    titles = tuple(one.title for one in sheets)
    rest = [title for title in titles if title != sheet.title]
    if rest and not is_named:
        shown = ", ".join(map(repr, rest[:5])) + (", …" if len(rest) > 5 else "")
        notes.insert(0, f"Only sheet {sheet.title!r} is read, not {shown} (--sheet).")
    after = head[heading.start - 1][0] if heading.start else 0
    merges = [
        (place, top, bottom)
        for place, top, bottom in merges
        if top > after and place < len(columns) and _is_company(columns[place])
    ]
    notes += [
        f"Merged cells of {columns[place]!r} count for each of their rows."
        for place in sorted({place for place, _, _ in merges})
    ]
    body = chain(head[heading.start :], found)
    rows = _rows(columns, _filled_down(body, merges) if merges else body)
    return OpenedTable(columns, rows, tuple(notes), sheet.title, titles, heading.preamble)


def _free_text(head: Sequence[Sequence[Value]]) -> tuple[int, int]:
    """Return (free texts in rows of several cells, free texts) of a sheet's first rows."""
    texts = [
        (sum(len(text_in(cell).split()) >= FREE_TEXT_WORDS for cell in cells), filled(cells))
        for cells in head[1:]  # the first is a title, or has questions
    ]
    return sum(count for count, cells in texts if cells > 1), sum(count for count, _ in texts)


def _nothing(where: str) -> str:
    """Return the message about an empty sheet or workbook."""
    return f"There is nothing in {where}. Give a header and a row for each form."


def _is_company(column: str) -> bool:
    """Return whether a column says whose form a row is."""
    return bool(COMPANY.search(re.sub(r"[\W_]+", " ", column.casefold())))


def _filled_down(rows: Iterable[NumberedCells], merges: Sequence[Merge]) -> Iterator[NumberedCells]:
    """Yield the rows, with the value of a merged cell in each of its rows."""
    tops = {(place, top): bottom for place, top, bottom in merges}
    places = sorted({place for place, _, _ in merges})
    held: dict[int, tuple[int, Value]] = {}  # column: the last row of the merged cell, its value
    for number, cells in rows:
        for place in places:
            bottom = tops.get((place, number))
            if bottom is not None and place < len(cells):
                held[place] = bottom, cells[place]
            elif place in held and number <= held[place][0]:
                cells += [None] * (place + 1 - len(cells))
                if cells[place] in {None, ""}:
                    cells[place] = held[place][1]
        yield number, cells


def _rows(columns: tuple[str, ...], found: Iterable[NumberedCells]) -> Iterator[Row]:
    """Yield the sheet's rows; short ones have no complaint, as Excel stores no empty cells."""
    for number, cells in found:
        padded = cells + [None] * (len(columns) - len(cells))
        values, complaint = fill(columns, padded[:MAX_COLUMNS], " (right of the last column)")
        broken = [column for column, cell in values.items() if cell in ERRORS]
        if broken and not complaint:
            complaint = f"holds the error {values[broken[0]]} in column {broken[0]!r}"
        yield Row(number, values, complaint)
