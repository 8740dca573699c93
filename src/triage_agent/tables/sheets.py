"""Which sheet of a workbook holds the forms, and its rows as a table, whatever the format."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from itertools import chain, islice

from triage_agent.errors import InputError
from triage_agent.intake import counted
from triage_agent.tables.front_sheet import DETAILS
from triage_agent.tables.header import Header, Numbered, find_header
from triage_agent.tables.number_formats import NumberFormat
from triage_agent.tables.other_texts import refuse_summary
from triage_agent.tables.row import (
    MAX_COLUMNS,
    SAMPLE_ROWS,
    DateText,
    OpenedTable,
    Row,
    Value,
    fill,
    name_columns,
)

ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"}
)
SHEETS_LOOKED_AT = 30
FREE_TEXT_WORDS = 4  # so many make a cell a text that somebody wrote

# How surely columns, with the first rows, are forms; the highest is best, and 0 is no sign of any.
Judge = Callable[[Sequence[str], Sequence[Row]], int]
Area = tuple[int, int, int, int]  # first row, first column, last row, last column, from 1


@dataclass(frozen=True, slots=True)
class Unusual:
    """What a sheet's rows do not show: merged cells, and formulas without a stored result."""

    merged: tuple[Area, ...] = ()
    formulas: int = 0
    first_formula: str = ""  # the cell, such as C4
    formats: Mapping[int, frozenset[NumberFormat]] = field(default_factory=dict)  # by column


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet; `rows` yields (sheet row, cells) of the rows that hold anything, each time."""

    title: str
    visible: bool
    rows: Callable[[], Iterator[Numbered]]
    unusual: Callable[[], Unusual]


def table_of(
    found: Sequence[Sheet],
    name: str,
    sheet: str | None,
    header: bool | None,
    header_row: int | None,
    *,
    written: bool = False,
    judge: Judge = lambda *_: 0,
) -> OpenedTable:
    """Return the table in the sheet named, else in the visible one that is judged best.

    Of a workbook that was written here it is the sheet with all columns. Of sheets that `judge`
    likes alike, the one with the most free text is taken. Raises `InputError` for an unknown sheet,
    for one with no rows, and for the summary of a survey.
    """
    titles = tuple(one.title for one in found)
    if sheet is not None and sheet not in titles:
        raise InputError(
            f"{name} has no sheet {sheet!r}. It has: {', '.join(map(repr, titles))} (--sheet)."
        )
    visible = [one for one in found if one.visible] or list(found)
    ours = [one for one in found if one.title == DETAILS]  # a workbook that was written here
    choices = [one for one in found if one.title == sheet] if sheet is not None else ours or visible
    best: tuple[tuple[int, int], Sheet, list[Numbered], Iterator[Numbered]] | None = None
    shapes: dict[str, tuple[str, ...]] = {}
    for one in choices[:SHEETS_LOOKED_AT]:
        rows = one.rows()
        head = list(islice(rows, SAMPLE_ROWS))
        if not head:
            continue
        several = len(choices) > 1
        likely, shapes[one.title] = _judged(head, header, header_row, judge) if several else (0, ())
        score = likely, _free_texts(head)
        if best is None or score > best[0]:
            best = score, one, head, rows
    if best is None:
        where = f"sheet {sheet!r} of {name}" if sheet is not None else name
        raise InputError(f"There is nothing in {where}. Give a header and a row for each form.")
    _, chosen, head, rows = best
    if header_row is None and not written:
        refuse_summary(([str(plain(cell) or "") for cell in cells] for _, cells in head), name)
    unusual = chosen.unusual()
    begin = find_header(head, header, header_row, name, written=written)
    notes = list(begin.notes)
    rest = [title for title in titles if title != chosen.title]
    if rest and sheet is None:
        notes += _notes_about_sheets(chosen.title, rest, shapes)
    head = head[begin.taken :]
    width = max([len(begin.names), *(len(cells) for _, cells in head)])
    columns, renamed = name_columns((*begin.names, *[""] * (width - len(begin.names))), name)
    merged = [area for area in unusual.merged if area[0] > _last_header_row(begin)]
    notes += _notes_about(unusual, merged, columns)
    return OpenedTable(
        columns,
        _rows(columns, _filled_down(chain(head, rows), merged)),
        (*notes, *renamed) if begin.row is not None else tuple(notes),
        chosen.title,
        titles,
        begin.row,
        begin.titles,
        begin.extra,
        formats={
            columns[place - 1]: found
            for place, found in unusual.formats.items()
            if place <= len(columns)
        },
    )


def plain(cell: object) -> Value:
    """Return a cell's value as text, number or truth value; a date or time as its ISO text.

    >>> plain(datetime(2026, 5, 1)), plain(timedelta(hours=26))
    ('2026-05-01', '26:00:00')
    """
    if cell is None or isinstance(cell, str | bool | int | float):
        return cell
    if isinstance(cell, datetime) and cell.time() == time():
        cell = cell.date()
    if isinstance(cell, datetime | date | time):
        return DateText(cell.isoformat())
    if isinstance(cell, timedelta) and cell >= timedelta() and not cell.microseconds:
        minutes, seconds = divmod(24 * 3600 * cell.days + cell.seconds, 60)
        return DateText(f"{minutes // 60:02}:{minutes % 60:02}:{seconds:02}")
    return str(cell)


def trimmed(cells: Sequence[object]) -> Sequence[object]:
    """Return the cells without the empty ones at the end."""
    end = len(cells)
    while end and (cells[end - 1] is None or cells[end - 1] == ""):
        end -= 1
    return cells[:end]


def _free_texts(head: Sequence[Numbered]) -> int:
    """Return how many rows hold a text that somebody wrote beside something else.

    Instructions fill one column; they count only where no sheet has anything better, that is not.
    """
    return sum(
        len(cells) - sum(cell is None or cell == "" for cell in cells) > 1
        and any(isinstance(cell, str) and len(cell.split()) >= FREE_TEXT_WORDS for cell in cells)
        for _, cells in head[1:]
    )


def _judged(
    head: Sequence[Numbered], header: bool | None, header_row: int | None, judge: Judge
) -> tuple[int, tuple[str, ...]]:
    """Return how surely a sheet holds forms, by its first rows, and its columns."""
    try:
        begin = find_header(head, header, header_row, "")
        width = max(len(begin.names), *(len(cells) for _, cells in head))
        columns, _ = name_columns((*begin.names, *[""] * (width - len(begin.names))), "")
    except InputError:  # the row that was named is not in this sheet
        return 0, ()
    rows = [*_rows(columns, head[begin.taken :])]
    return (judge(columns, rows) if rows else 0), columns if rows else ()


def _notes_about_sheets(
    chosen: str, rest: Sequence[str], shapes: Mapping[str, tuple[str, ...]]
) -> list[str]:
    """Return sentences about the sheets that are not read; those like the one read hold forms."""
    alike = [one for one in rest if shapes.get(one) and shapes[one] == shapes.get(chosen)]
    others = [one for one in rest if one not in alike]
    notes = []
    if alike:
        notes.append(
            f"Careful: only the forms in sheet {chosen!r} are read. {_some(alike)} "
            f"{'have' if len(alike) > 1 else 'has'} the same columns: run once more with "
            f'--sheet "{alike[0]}"{" and so on" if len(alike) > 1 else ""}, or copy all rows into '
            "one sheet."
        )
    if others:
        notes.append(f"Only sheet {chosen!r} is read, not {_some(others)} (--sheet).")
    return notes


def _some(titles: Sequence[str]) -> str:
    """Return the first titles for a message."""
    return ", ".join(map(repr, titles[:5])) + (", …" if len(titles) > 5 else "")


def _last_header_row(begin: Header) -> int:
    """Return the sheet's last row that is no data; 0 if no row names the columns."""
    return 0 if begin.row is None else begin.row + len(begin.extra)


def _notes_about(unusual: Unusual, merged: Sequence[Area], columns: Sequence[str]) -> list[str]:
    """Return sentences about what the rows do not show."""
    notes = []
    if merged:
        names = dict.fromkeys(columns[area[1] - 1] for area in merged if area[1] <= len(columns))
        shown = ", ".join(map(repr, list(names)[:5]))
        notes.append(
            f"Merged cells in {shown} count for every row that they reach over "
            f"(the first are rows {merged[0][0]:,} to {merged[0][2]:,})."
        )
    if unusual.formulas:
        many = unusual.formulas > 1
        cells = counted(unusual.formulas, "cell holds a formula", "cells hold formulas")
        notes.append(
            f"{cells} whose result is not stored in the file, and {'are' if many else 'is'} read "
            "as empty "
            f"(the first is {unusual.first_formula}). Open the file in Excel and save it again."
        )
    return notes


def _filled_down(rows: Iterable[Numbered], merged: Sequence[Area]) -> Iterator[Numbered]:
    """Yield the rows with the value of a merged cell in each row that it reaches over."""
    if not merged:
        yield from rows
        return
    starts: dict[int, list[Area]] = {}
    for area in merged:
        starts.setdefault(area[0], []).append(area)
    current: list[tuple[Area, Value]] = []
    for number, cells in rows:
        current = [(area, value) for area, value in current if area[2] >= number]
        full = list(cells)
        for area, value in current:
            full += [None] * (area[1] - len(full))
            if full[area[1] - 1] in {None, ""}:
                full[area[1] - 1] = value
        for area in starts.get(number, ()):
            if area[1] <= len(full) and full[area[1] - 1] not in {None, ""}:
                current.append((area, full[area[1] - 1]))
        yield number, full


def _rows(columns: tuple[str, ...], found: Iterable[Numbered]) -> Iterator[Row]:
    """Yield the sheet's rows; short ones have no complaint, as no empty cells are stored."""
    for number, cells in found:
        padded = cells + [None] * (len(columns) - len(cells))
        values, complaint = fill(columns, padded[:MAX_COLUMNS])
        if complaint:
            complaint = (
                f"has cells right of the last of the {counted(len(columns), 'column')}, which are "
                "left out; give their column a name"
            )
        broken = [column for column, cell in values.items() if cell in ERRORS]
        if broken and not complaint:
            complaint = f"holds the error {values[broken[0]]} in column {broken[0]!r}"
        yield Row(number, values, complaint)
