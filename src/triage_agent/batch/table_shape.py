"""A table whose questions stand in its rows: once each, or again for each business."""

import re
from collections.abc import Sequence

from triage_agent.batch.column_words import Role, role_of, what_is_asked
from triage_agent.tables import Row

MOST_ROWS = 60  # of questions; more is no form
COLUMNS = 4  # at the left, among which the questions are looked for
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
