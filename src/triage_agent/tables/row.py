"""The nouns of a table: a row, and what a format's reader hands back."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from triage_agent.errors import InputError
from triage_agent.files import replace_surrogates

Value = str | int | float | bool | None | list[Any] | dict[str, Any]

ROW_LIMIT = 16 * 1024 * 1024  # characters of a CSV row or JSON line, bytes of a JSON item
MAX_COLUMNS = 16_384  # Excel's own limit; more is not a table of intake forms
SAMPLE_ROWS = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One row as the user sees it.

    `number` is the row as a spreadsheet shows it (CSV, TSV, XLSX), counted from 1 with what stands
    above the header; the line (JSON Lines), or the item's position in a JSON array. `complaint`
    says what is odd about it; the row still counts.
    """

    number: int
    values: dict[str, Value]
    complaint: str | None = None


@dataclass(frozen=True, slots=True)
class OpenedTable:
    """What a format's reader understood; `columns` None means that each row names its own."""

    columns: tuple[str, ...] | None
    rows: Iterator[Row]
    notes: tuple[str, ...] = ()
    sheet: str | None = None
    sheets: tuple[str, ...] = ()
    preamble: tuple[tuple[Value, ...], ...] = ()  # rows before the data, without the header


def name_columns(header: Sequence[str], name: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the columns' names, made unique, and a sentence about each that had to change.

    Raises `InputError` if there are more columns than a spreadsheet can have.

    >>> name_columns([" Problem ", "", "Problem"], "forms.csv")[0]
    ('Problem', 'column_2', 'Problem (2)')
    """
    if len(header) > MAX_COLUMNS:
        raise InputError(
            f"{name} has {len(header):,} columns in its first row; {MAX_COLUMNS:,} is the most. "
            "Check that it is a table, and its delimiter (--delimiter)."
        )
    names: dict[str, None] = {}
    notes: list[str] = []
    nameless: list[int] = []
    copies: dict[str, int] = {}
    taken = {cell.strip() for cell in header}
    for place, cell in enumerate(header, start=1):
        wanted = replace_surrogates(cell.strip()) or f"column_{place}"
        unique, copy = wanted, copies.get(wanted, 1)
        while unique in names or (copy > 1 and unique in taken):
            copy += 1
            unique = f"{wanted} ({copy})"
        names[unique] = None
        copies[wanted] = copy  # so that a name that stands a thousand times takes no long search
        if not cell.strip():
            nameless.append(place)
        elif copy > 1:
            notes.append(f"Column {place} is a second {wanted!r} and is called {unique!r}.")
    if nameless:
        first = tuple(names)[nameless[0] - 1]
        notes.insert(
            0,
            f"Column {nameless[0]} has no name and is called {first!r}."
            if len(nameless) == 1
            else f"{len(nameless)} columns have no name and are called {first!r} and so on.",
        )
    return tuple(names), tuple(notes)


def fill(
    columns: Sequence[str], cells: Sequence[Value], hint: str = "; is a delimiter unquoted?"
) -> tuple[dict[str, Value], str | None]:
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
        complaint = f"those without a column are dropped{hint}"
    if complaint:
        amount = f"{len(cells):,} cell{'' if len(cells) == 1 else 's'}"
        complaint = f"has {amount} where the header has {len(columns)}; {complaint}"
    return values, complaint
