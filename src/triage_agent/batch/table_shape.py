"""A table that stands on its side: its questions in the rows, its businesses in the columns."""

import re
from collections.abc import Sequence

from triage_agent.batch.column_words import Role, role_of, what_is_asked
from triage_agent.tables import Row

MOST_ROWS = 60  # of questions; more is no form
LONGEST = 25  # words of a question
PROFILE = re.compile(r"\b(?:revenue|turnover|software|employees|sales|arr)\b")


def questions_in_rows(columns: Sequence[str], sample: Sequence[Row]) -> str | None:
    """Return the column whose cells are the questions of a form; None: the table is upright.

    Its cells are named as columns are: one asks for the problem, another for the company or the
    revenue, and most mean something.
    """
    if len(columns) < 3 or not 2 <= len(sample) <= MOST_ROWS:
        return None
    for column in columns[:2]:
        cells = [str(row.values.get(column) or "").strip() for row in sample]
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
        if is_form and len(set(named)) == len(named) and role_of(column) is not Role.PROBLEM:
            return column
    return None
