"""A table of investments, each assessed on its own; a row in error does not stop the others."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from triage_agent.advice.roi import Assessment, Figures, Investment, assess, rank_key, total
from triage_agent.advice.unread_columns import unread_amount
from triage_agent.errors import InputError
from triage_agent.files import LARGEST_RECORD
from triage_agent.intake import quoted, read_amounts
from triage_agent.tables import Row, Table

# The fields of `Investment`; for each, the column of docs/how-to/roi.md, and other spellings.
COLUMNS = {
    "name": ("name", ()),
    "hours_saved_per_week": ("hours_saved_per_week", ("hours_saved",)),
    "hourly_cost_usd": ("hourly_cost", ()),
    "cost_reduced_usd_per_month": ("cost_reduced", ("cost_reduced_per_month",)),
    "revenue_enabled_usd_per_month": ("revenue_enabled", ("revenue_enabled_per_month",)),
    "monthly_cost_usd": ("monthly_cost", ()),
    "one_off_cost_usd": ("one_off_cost", ()),
    "age_days": ("age_days", ()),
}
MOST_ROWS = 100_000
SILENT_WORDS = {"usd", "per", "a", "in"}
TOTALS = {"total", "totals", "grand total", "sum"}


@dataclass(frozen=True, slots=True)
class AssessedRow:
    """One row of the table, assessed."""

    row: int  # as the user's program counts it
    assessment: Assessment


@dataclass(frozen=True, slots=True)
class Refused:
    """One row of the table that could not be read, and why."""

    row: int
    name: str
    error: InputError


@dataclass(frozen=True, slots=True)
class Portfolio:
    """A table of investments: the best return first, and what could not be read."""

    rows: tuple[AssessedRow, ...]
    refused: tuple[Refused, ...]
    notes: tuple[str, ...]  # about columns and rows, for the user

    @property
    def total(self) -> Figures:
        """The benefits and costs of all rows that could be read."""
        return total(row.assessment for row in self.rows)


def read_portfolio(table: Table) -> Portfolio:
    """Return the investments of a table; `InputError` if no column or two columns hold a field."""
    rows = _held(table)
    names = dict.fromkeys(table.columns)
    for row in rows:
        names |= dict.fromkeys(row.values)
    columns = find_columns(names, table.name)
    notes = _about_columns(names, columns)
    assessed, refused = [], list[Refused]()
    for row in rows:
        name = _name(row, columns)
        if name.casefold() in TOTALS:
            notes.append(f"row {row.number} ({name}) is left out: the total is computed")
            continue
        try:
            assessed.append(AssessedRow(row.number, assess(read_row(row, columns, table.name))))
        except InputError as error:
            refused.append(Refused(row.number, name, error))
    assessed.sort(key=lambda row: rank_key(row.assessment))
    return Portfolio(tuple(assessed), tuple(refused), tuple(notes))


def _held(table: Table) -> list[Row]:
    """Return the rows that are not blank; they are sorted later, so all are held in memory."""
    rows, size = list[Row](), 0
    for row in table.rows():
        if row.complaint or not _is_blank(row.values):
            rows.append(row)
            size += sum(len(cell) for cell in row.values.values() if isinstance(cell, str))
        if len(rows) > MOST_ROWS or size > LARGEST_RECORD:
            raise InputError(
                f"{table.name} holds more than {MOST_ROWS:,} rows or {LARGEST_RECORD / 1e6:g} MB "
                f"of text, the limit (row {row.number:,}). Split it."
            )
    return rows


def find_columns(columns: Iterable[str], table: str) -> dict[str, str]:
    """Return {field of `Investment`: column}, whatever the case, blanks and units in the names.

    >>> find_columns(["Name", "Monthly cost (USD)", "Owner"], "x.csv")
    {'name': 'Name', 'monthly_cost_usd': 'Monthly cost (USD)'}
    """
    known = {
        _key(spelling): field
        for field, (column, others) in COLUMNS.items()
        for spelling in (field, column, *others)
    }
    by_field: dict[str, str] = {}
    for column in columns:
        field = known.get(_key(column))
        if field in by_field:
            raise InputError(
                f"{table}: the columns {by_field[field]!r} and {column!r} mean the same. "
                "Remove one."
            )
        if field:
            by_field[field] = column
    if not by_field.keys() - {"name", "age_days"}:
        raise InputError(
            f"{table} has no column with a benefit or a cost. "
            f"Name its columns {', '.join(column for column, _ in COLUMNS.values())}."
        )
    return by_field


def read_row(row: Row, columns: Mapping[str, str], table: str) -> Investment:
    """Return the investment of a row, or raise `InputError` naming table, row and column.

    A row whose figure would lack an amount is refused: one in a column that is not read, or what
    an hour costs of the hours that it says are saved.
    """
    place = f"{table}, row {row.number}"
    if row.complaint:
        raise InputError(f"{place} {row.complaint}. Correct the row.")
    amounts = read_amounts(
        (row.values.get(column), field, f"{place}, column {' '.join(column.split())!r}")
        for field, column in columns.items()
        if field != "name"
    )
    read = set(columns.values())
    unread = {name: cell for name, cell in row.values.items() if name not in read}
    if found := unread_amount(unread, amounts.keys()):
        column, fields = found
        meant = " or ".join(COLUMNS[field][0] for field in fields)
        raise InputError(
            f"{place}, column {' '.join(column.split())!r} holds "
            f"{quoted(str(row.values[column]))}, but no column of this name is read, so there is "
            f"no verdict. Name it {meant} if that is what it holds, or remove it."
        )
    if not amounts.keys() - {"age_days"}:
        raise InputError(f"{place} holds no benefit and no cost. Fill them in, or remove the row.")
    if amounts.get("hours_saved_per_week") and "hourly_cost_usd" not in amounts:
        raise InputError(
            f"{place} says how many hours are saved, but not what an hour costs, so there is no "
            f"verdict. Fill in the column {COLUMNS['hourly_cost_usd'][0]}."
        )
    return Investment(_name(row, columns), **amounts)


def _about_columns(names: Iterable[str], columns: Mapping[str, str]) -> list[str]:
    """Return what the user has to know about columns that are not known, and not there."""
    others = [" ".join(name.split()) for name in names if name not in columns.values()]
    missing = [COLUMNS[field][0] for field in COLUMNS if field not in columns]
    zero = [name for name in missing if name not in {"name", "age_days"}]
    notes = [f"columns not read: {', '.join(others)}"] if others else []
    notes += [f"columns not there, taken as 0: {', '.join(zero)}"] if zero else []
    if "age_days" in missing:
        notes.append("there is no column age_days, so nothing is watched in its first 60 days")
    return notes


def _name(row: Row, columns: Mapping[str, str]) -> str:
    """Return a row's name on one line; empty if it has none."""
    cell: Any = row.values.get(columns.get("name", ""))
    return "" if cell is None else " ".join(str(cell).split())


def _is_blank(values: Mapping[str, object]) -> bool:
    """Return whether a row holds nothing at all."""
    return all(cell is None or not str(cell).strip() for cell in values.values())


def _key(name: str) -> str:
    """Return a column's name without case, signs, and the words that say its unit."""
    words = re.findall(r"[^\W_]+", name.casefold())
    return " ".join(word for word in words if word not in SILENT_WORDS)
