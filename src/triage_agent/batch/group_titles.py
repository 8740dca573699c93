"""Rows that name a group of forms: one cell over the header again, as over the first group."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from triage_agent.tables import Row, Value

NARROW = 3  # columns; in a narrower table a single cell is all that somebody wrote
TITLE_WORDS = 7


def is_titled(titles: Sequence[Sequence[Value]]) -> bool:
    """Return whether a single cell, the first, stands in the row right above the header."""
    filled = [cell not in {None, ""} for cell in titles[-1]] if titles else []
    return sum(filled) == 1 and filled[0]


def group_titles(
    rows: Iterable[Row], is_header: Callable[[Row], bool]
) -> Iterator[tuple[Row, bool]]:
    """Yield each row of a table with a title, and whether it is the title of a group.

    It fills the first cell, with few words, and stands right above the header again. Once the
    groups have shown so, one that stands right above a form with more cells is a title too; before
    that it is a form of which only the first question was answered.
    """
    shown = False
    before: Row | None = None
    for row in rows:
        if before is not None:
            is_title = (
                _may_be_title(before)
                and row.number == before.number + 1
                and (is_header(row) or (shown and _filled(row) > 1))
            )
            shown = shown or is_title
            yield before, is_title
        before = row
    if before is not None:
        yield before, False


def _may_be_title(row: Row) -> bool:
    """Return whether only the first cell of a row is filled, with few words and no sentence.

    >>> _may_be_title(Row(7, {"Pain": "Sales team", "Reply": "", "Owner": None}))
    True
    >>> _may_be_title(Row(7, {"Pain": "Leads are lost.", "Reply": "", "Owner": None}))
    False
    """
    first = str(next(iter(row.values.values()), None) or "").strip()
    few = 0 < len(first.split()) <= TITLE_WORDS and first[-1] not in ".!?"
    return few and _filled(row) == 1 and len(row.values) >= NARROW


def _filled(row: Row) -> int:
    """Return how many cells of a row hold anything."""
    return sum(cell is not None and bool(str(cell).strip()) for cell in row.values.values())
