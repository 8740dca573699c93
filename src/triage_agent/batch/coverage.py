"""How many forms tell nothing in the columns that are read, and where they tell it instead."""

import re
from collections.abc import Sequence

from triage_agent.batch.column_kinds import FREE_TEXT, Cells, look_at
from triage_agent.batch.column_names import listed, typed_value
from triage_agent.batch.column_words import Role, is_title, role_of, what_is_asked
from triage_agent.batch.form import FormReading, says_no_problem, tells_problem
from triage_agent.intake import counted
from triage_agent.tables import Row, Table

SHOWN = 3  # names of columns
HEADLINE = re.compile(r"\b(?:title|subject|summary|headline)s?\b")  # what a ticket begins with
TELLING = {Role.PROBLEM, Role.TEXT, Role.MENTION}


def coverage_note(table: Table, reading: FormReading, rows: int | None) -> str | None:
    """Return how many of the sampled forms have no text in the columns read; None: all have one.

    `rows` is the number of rows of the whole table; None: it is not known.
    """
    taken = reading.columns.problems
    told = [(row, tells_problem(row, reading.columns)) for row in table.sample]
    forms = [row for row, tells in told if tells is not None]
    silent = [row for row, tells in told if tells is False]
    if not silent:
        return None
    all_seen = rows is not None and rows <= len(table.sample)
    what = "row" if reading.columns.group_by else "form"
    said = (
        f"{len(silent):,} of {'' if all_seen else 'the first '}{counted(len(forms), what)} "
        f"{'has' if len(silent) == 1 else 'have'} no text in {listed(taken, table.columns, SHOWN)}"
    )
    best, filled = _elsewhere(table, silent, reading)
    if best is None:
        return f"{said}."
    which = (
        "it has" if len(silent) == 1 else f"{filled:,} of them {'has' if filled == 1 else 'have'}"
    )
    columns = (typed_value(one, table.columns) for one in (*taken, best))
    named = " ".join(f"--problem-column {one}" for one in columns)
    return f"{said}; {which} one in {listed([best], table.columns)}. To read it too: {named}"


def _elsewhere(table: Table, silent: Sequence[Row], reading: FormReading) -> tuple[str | None, int]:
    """Return the column in which most of these rows hold a text, and how many do."""
    own = reading.columns
    used = {*own.problems, own.id, own.revenue, own.sells_software, own.company, own.group_by}
    used |= {*own.quiz.values()}
    filled: dict[str, int] = {}
    for column in table.columns:
        if column in used or not _may_tell(column, look_at(_cells(column, table.sample), column)):
            continue
        said = (str(cell or "").strip() for cell in _cells(column, silent))
        filled[column] = sum(not says_no_problem(one) for one in said if one)
    best = max(filled, key=lambda one: (filled[one], is_title(one)), default=None)
    return (best, filled[best]) if best and filled[best] else (None, 0)


def _may_tell(column: str, cells: Cells) -> bool:
    """Return whether a column that is not read may tell a problem all the same."""
    if cells.kind not in FREE_TEXT or cells.replies:
        return False
    return role_of(column) in TELLING or HEADLINE.search(what_is_asked(column)) is not None


def _cells(column: str, rows: Sequence[Row]) -> list[object]:
    return [row.values.get(column) for row in rows]
