"""Which row may hold the names of the columns, where the one that was taken is doubtful."""

from collections.abc import Iterator

from triage_agent.batch.column_names import listed
from triage_agent.batch.column_words import is_usual
from triage_agent.tables import Table, is_known_header

LOOKED_AT = 15  # rows
NEARLY_ALL = 0.8  # of the columns are filled in a row of names


def doubt_about_names(table: Table) -> Iterator[str]:
    """Yield what to say of a first row none of whose cells is what columns are called."""
    is_row = table.header_row is not None and table.format not in {"json", "jsonl"}
    if not is_row or any(is_usual(column) for column in table.columns):
        return
    other = other_names(table)
    option = f"--header-row {other}" if other else "--header-row and its number"
    yield (
        f"Row {table.header_row:,} is taken as the names of the columns: "
        f"{listed(table.columns, table.columns, 3)}. If it is a form: --no-header; if another row "
        f"holds the names: {option}."
    )


def refused_for_names(table: Table, refusal: str) -> str:
    """Return why no column was taken for problems, with the row that may hold better names."""
    other = other_names(table)
    return f"{refusal} If row {other} holds the names: --header-row {other}." if other else refusal


def other_names(table: Table) -> int | None:
    """Return the number of the first row that reads more like names than the header; None: none.

    Its cells are names that are well known, as none in the header is; or the header names but one
    of several columns, and this row fills nearly all of them, each with another text.
    """
    if table.format in {"json", "jsonl"}:
        return None
    given = [one for at, one in enumerate(table.columns, start=1) if one != f"column_{at}"]
    is_title = table.header_row is not None and len(given) == 1 < len(table.columns)
    for row in table.sample[:LOOKED_AT]:
        cells = [str(cell or "").strip() for cell in row.values.values()]
        filled = [*filter(None, cells)]
        if is_known_header(cells) and not is_known_header(given):
            return row.number
        if is_title and len({*filled}) >= NEARLY_ALL * len(table.columns):
            return row.number
    return None
