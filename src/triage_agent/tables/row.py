"""The nouns of a table: a row, and what a format's reader hands back."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from triage_agent.errors import InputError
from triage_agent.files import replace_surrogates
from triage_agent.intake import counted
from triage_agent.tables.front_sheet import FrontSheet
from triage_agent.tables.number_formats import NumberFormat


class DateText(str):
    """The ISO text of a cell that holds a date or a time; written to a workbook, it is one."""

    __slots__ = ()


Value = str | int | float | bool | None | list[Any] | dict[str, Any]

ROW_LIMIT = 16 * 1024 * 1024  # characters of a CSV row or JSON line, bytes of a JSON item
MAX_COLUMNS = 16_384  # Excel's own limit; more is not a table of intake forms
SAMPLE_ROWS = 100
LONGEST_OVER = 500  # characters of cells without a column, in a complaint


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the user sees it.

    `number` is the row's number in the spreadsheet that the user opens, counted from 1 with the
    header and what stands above it (CSV: records, blank lines included; JSON Lines: lines), or the
    item's position in a JSON array, from 1. `complaint` says what is odd; the row still counts.
    `no_form` says what the row is if it holds nobody's answers, such as totals.
    """

    number: int
    values: dict[str, Value]
    complaint: str | None = None
    no_form: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedTable:
    """What a format's reader understood; `columns` None means that each row names its own.

    `titles` are the rows above the header and `extra_header` those of the header under its first,
    both as they stand in the file, () for a blank row. `formats` are those of the numbers in the
    columns of a workbook where any of them shows more than digits.
    """

    columns: tuple[str, ...] | None
    rows: Iterator[Row]
    notes: tuple[str, ...] = ()
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    header_row: int | None = None  # its number; None: no row names the columns
    titles: tuple[tuple[Value, ...], ...] = ()
    extra_header: tuple[tuple[Value, ...], ...] = ()
    formats: Mapping[str, frozenset[NumberFormat]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class WrittenHeader:
    """What a written table begins with: its columns, and the input's rows that it repeats."""

    columns: tuple[str, ...]
    titles: Sequence[Sequence[Value]] = ()
    extra: Sequence[Sequence[Value]] = ()
    front: FrontSheet | None = None  # None: a workbook has one sheet

    @property
    def rows(self) -> tuple[Sequence[Value], ...]:
        """The rows before the first form."""
        return (*self.titles, self.columns, *self.extra)

    @property
    def front_rows(self) -> tuple[Sequence[object], ...]:
        """The rows before the first form on the first sheet of a workbook; () without one."""
        if self.front is None:
            return ()
        extra = (
            self.front.extra_row(dict(zip(self.columns, cells, strict=False)))
            for cells in self.extra
        )
        return (*self.titles, self.front.names, *extra)


def name_columns(header: Sequence[str], name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns' names, made unique, and a sentence about each that had to change.

    Raises `InputError` if there are more columns than a spreadsheet can have.

    >>> name_columns([" Problem ", "", "Problem"], "forms.csv")[0]
    ('Problem', 'column_2', 'Problem (2)')
    """
    if len(header) > MAX_COLUMNS:
        raise InputError(
            f"{name} has {counted(len(header), 'column')} in its first row; "
            f"{MAX_COLUMNS:,} is the most. Check that it is a table, "
            "and its delimiter (--delimiter)."
        )
    names: dict[str, None] = {}
    notes: list[str] = []
    taken = {cell.strip() for cell in header}
    for place, cell in enumerate(header, start=1):
        wanted = replace_surrogates(cell.strip()) or f"column_{place}"
        unique, copy = wanted, 1
        while unique in names or (copy > 1 and unique in taken):
            copy += 1
            unique = f"{wanted} ({copy})"
        names[unique] = None
        if not cell.strip():
            notes.append(f"Column {place} has no name and is called {unique!r}.")
        elif copy > 1:
            notes.append(f"Column {place} is a second {wanted!r} and is called {unique!r}.")
    return tuple(names), tuple(notes)


def keep_apart(opened: OpenedTable, prefix: str) -> OpenedTable:
    """Return the table with "input " before each column's name that begins with a prefix.

    What is written beside the columns has such names, and would take their place. A name that
    begins with "input " before the prefix gets one more, so that no two become one.
    """
    reserved = re.compile(f"(?:input )*{re.escape(prefix)}")

    def renamed(values: dict[str, Value]) -> dict[str, Value]:
        return {
            f"input {column}" if reserved.match(column) else column: cell
            for column, cell in values.items()
        }

    def rows() -> Iterator[Row]:
        for row in opened.rows:
            taken = any(map(reserved.match, row.values))
            yield replace(row, values=renamed(row.values)) if taken else row

    notes = opened.notes
    own = [column for column in opened.columns or () if reserved.match(column)]
    if own:
        shown = ", ".join(map(repr, own[:3])) + (", …" if len(own) > 3 else "")
        note = (
            f"Columns that begin with {prefix!r} ({shown}) get 'input ' before their name, as the "
            "answers have such names."
        )
        notes = (*notes, note)
    columns = None if opened.columns is None else tuple(renamed(dict.fromkeys(opened.columns)))
    return replace(
        opened,
        columns=columns,
        rows=rows(),
        notes=notes,
        formats={next(iter(renamed({name: None}))): one for name, one in opened.formats.items()},
    )


def fill(columns: Sequence[str], cells: Sequence[Value]) -> tuple[dict[str, Value], str | None]:
    """Return the cells by column, and a complaint if there are too few or too many of them.

    >>> fill(["a", "b"], ["1"])
    ({'a': '1', 'b': ''}, 'has 1 cell where the header has 2; the missing ones are empty')
    """
    values = dict(zip(columns, cells, strict=False))
    complaint = None
    if len(cells) < len(columns):
        values |= dict.fromkeys(columns[len(cells) :], "")
        complaint = "the missing ones are empty"
    elif any(cell not in {"", None} for cell in cells[len(columns) :]):
        over = ", ".join(
            repr(str(cell)) for cell in cells[len(columns) :] if cell not in {"", None}
        )
        over = over if len(over) <= LONGEST_OVER else f"{over[:LONGEST_OVER]}…"
        complaint = f"what has no column is left out: {over}; is a delimiter unquoted?"
    if complaint:
        complaint = (
            f"has {counted(len(cells), 'cell')} where the header has {len(columns)}; {complaint}"
        )
    return values, complaint
