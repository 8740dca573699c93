"""A table whose questions stand in its rows, and a sheet with a second table beside the first."""

import re
from collections.abc import Sequence

from triage_agent.batch.column_words import Role, role_of, what_is_asked
from triage_agent.tables import Row

MOST_ROWS = 60  # of questions; more is no form
COLUMNS = 4  # at the left, among which the questions are looked for
LEAST_COLUMNS = 2  # of a table beside another
LONGEST = 25  # words of a question
PROFILE = re.compile(r"\b(?:revenue|turnover|software|employees|sales|arr)\b")


def questions_in_rows(columns: Sequence[str], sample: Sequence[Row]) -> tuple[str, bool] | None:
    """Return the column whose cells are a form's questions, and whether they come again and again.

    Its cells are named as columns are: one asks for the problem, another for the company or the
    revenue, and most mean something. None: the table has a row for each form.
    """
    if len(columns) < 3 or len(sample) < 2:
        return None
    for column in columns[:COLUMNS]:
        rows = [str(row.values.get(column) or "").strip() for row in sample]
        cells = list(dict.fromkeys(rows))
        named = [cell for cell in cells if cell and len(cell.split()) <= LONGEST]
        roles = [role_of(cell) for cell in named]
        fields = [
            role is Role.FIELD or PROFILE.search(what_is_asked(cell)) is not None
            for cell, role in zip(named, roles, strict=True)
        ]
        known = sum(
            role is not Role.NONE or field for role, field in zip(roles, fields, strict=True)
        )
        is_form = Role.PROBLEM in roles and any(fields) and 10 * known >= 6 * len(cells)
        again = 2 * len(cells) <= len(rows)
        once = len(cells) == len(rows) <= MOST_ROWS
        if is_form and (once or again) and role_of(column) is not Role.PROBLEM:
            return column, again
    return None


def second_table(columns: Sequence[str], sample: Sequence[Row]) -> list[str]:
    """Return the columns of another table, right of the forms' behind an empty unnamed column.

    It ends in another row than the forms, and not just in the one before, which may be a form with
    a group of questions that nobody answered; else the empty column may only part such groups.

    >>> names = ["Firm", "Pain", "column_3", "Supplier", "City"]
    >>> rows = [Row(2, dict(zip(names, ["A", "b", "", "c", "d"]))),
    ...         *(Row(number, dict(zip(names, ["E", "f", "", "", ""]))) for number in (3, 4))]
    >>> second_table(names, rows), second_table(names, rows[:2])
    (['Supplier', 'City'], [])
    """
    for place, column in enumerate(columns, start=1):
        left, right = columns[: place - 1], columns[place:]
        if column != f"column_{place}" or min(len(left), len(right)) < LEAST_COLUMNS:
            continue
        if any(_holds([column], row) for row in sample):
            continue
        first, second = (_rows_of(side, sample) for side in (left, right))
        if first and second and (first - second > 1 or second > first):
            return [*right]
    return []


def parted_by(
    used: Sequence[str | None], columns: Sequence[str], sample: Sequence[Row]
) -> str | None:
    """Return the empty unnamed column that stands between the columns used; None: none does.

    Whether it parts two tables or two groups of questions cannot be seen.
    """
    places = [columns.index(one) for one in used if one in columns]
    for place in range(min(places, default=0), max(places, default=0)):
        column = columns[place]
        if column == f"column_{place + 1}" and not any(_holds([column], row) for row in sample):
            return column
    return None


def _rows_of(columns: Sequence[str], sample: Sequence[Row]) -> int:
    """Return in how many rows a table with these columns ends; 0: it has none, or gaps."""
    held = [_holds(columns, row) for row in sample]
    count = sum(held)
    return count if all(held[:count]) else 0


def _holds(columns: Sequence[str], row: Row) -> bool:
    """Return whether a row holds anything in some of these columns."""
    return any(str(row.values.get(one) or "").strip() for one in columns)
