"""Columns of an input that are called like those of an answer get another name."""

import re
from collections.abc import Iterable
from dataclasses import replace

from triage_agent.tables.row import OpenedTable, Row

OURS = re.compile(r"triage_\w+")  # what a batch calls its columns


def keep_apart(opened: OpenedTable) -> OpenedTable:
    """Return a table whose own `triage_…` columns have names that no answer will have."""
    if opened.columns is None:  # JSON: each row names its own
        return replace(opened, rows=(_renamed(row, new_names(row.values)) for row in opened.rows))
    new = new_names(opened.columns)
    if not new:
        return opened
    note = (
        f"The columns {', '.join(list(new)[:3])}{', …' if len(new) > 3 else ''} of the input are "
        "kept with (input) in their names, as the answers have such names too."
    )
    return replace(
        opened,
        columns=tuple(new.get(column, column) for column in opened.columns),
        rows=(_renamed(row, new) for row in opened.rows),
        notes=(*opened.notes, note),
    )


def new_names(columns: Iterable[str]) -> dict[str, str]:
    """Return new names for the columns that are called like those of an answer.

    >>> new_names(["Problem", "triage_rule"])
    {'triage_rule': 'triage_rule (input)'}
    """
    there, renamed = set(columns), dict[str, str]()
    for column in columns:
        if OURS.fullmatch(column):
            new, copy = f"{column} (input)", 1
            while new in there:
                copy += 1
                new = f"{column} (input {copy})"
            renamed[column] = new
    return renamed


def _renamed(row: Row, new: dict[str, str]) -> Row:
    """Return a row with other names for some of its columns."""
    if not new:
        return row
    return replace(row, values={new.get(name, name): cell for name, cell in row.values.items()})
