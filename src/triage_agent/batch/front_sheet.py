"""The first sheet of a workbook: each form as it came, and what was found out about it in words."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from triage_agent.advice import Recommendation, headline_of
from triage_agent.batch.output_columns import LIST_MARK, read_problem, truth
from triage_agent.reports import answer_words
from triage_agent.tables import FrontSheet
from triage_agent.types import Classification

DECIDED = ("Recommendation", "Firm or provisional", "What to settle")
NOTES = "What could not be read"
OURS = "triage_"  # how the names of the technical columns begin


def front_sheet(columns: Sequence[str], problems: int, *, alone: bool = False) -> FrontSheet:
    """Return the first sheet of an OUT with these columns and a number of problems in each row.

    `alone` says that each row holds all problems of its business: then it shows whether a
    recommendation would not pay.
    """
    own = tuple(column for column in columns if not column.startswith(OURS))
    is_decided = "triage_recommendation" in columns
    added = (
        *(DECIDED if is_decided else ()),
        *(f"Problem {number}" for number in range(1, problems + 1)),
        NOTES,
    )
    cells = partial(_cells, is_decided=is_decided, problems=problems, alone=alone)
    return FrontSheet(own, added, cells)


def _cells(
    values: Mapping[str, Any], *, is_decided: bool, problems: int, alone: bool
) -> Iterator[str]:
    """Yield the cells that are added to a row."""
    rows = [read_problem(values, number) for number in range(1, problems + 1)]
    if is_decided:
        yield _recommended(values, [row for row in rows if row and alone])
        yield from _firm(values)
    for found in rows:
        yield f"{found.text}\n→ {answer_words(found)}" if found else ""
    yield str(values.get("triage_notes") or "")


def _recommended(values: Mapping[str, Any], rows: Sequence[Classification]) -> str:
    """Return the recommendation as a sentence."""
    said = values.get("triage_recommendation")
    return headline_of(Recommendation(said), rows) if said else ""


def _firm(values: Mapping[str, Any]) -> tuple[str, str]:
    """Return whether the recommendation is firm, why not, and what is to be settled."""
    if truth(values.get("triage_provisional")) is None:
        return "", ""
    if not truth(values["triage_provisional"]):
        return "firm", ""
    settle = str(values.get("triage_to_settle") or "").split(LIST_MARK)
    reasons = "; ".join(one.partition(": ")[0] for one in settle if one)
    said = f"provisional: {reasons}" if reasons else "provisional"
    return said, "\n".join(one[:1].upper() + one[1:] for one in settle)
