"""The first sheet of a workbook: each form as it came, and what was found out about it in words."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from triage_agent.advice import WAITING, QuizResult, Recommendation, headline_of
from triage_agent.batch.form import OURS, FormReading
from triage_agent.batch.output_columns import LIST_MARK, PREVIOUS, read_problem, truth
from triage_agent.batch.profile_columns import quiz_of
from triage_agent.reports import answer_words, recommendation_words
from triage_agent.tables import FrontSheet
from triage_agent.types import Classification

DECIDED = ("Recommendation", "Firm or provisional", "What to settle")
BEFORE = "Recommendation before"  # where it was another one
NOTES = "Notes on reading"


def front_sheet(columns: Sequence[str], problems: int, reading: FormReading) -> FrontSheet:
    """Return the first sheet of an OUT with these columns and a number of problems in each row.

    The column that says whose row it is comes first, then what was found out, then the form. Where
    each row holds all problems of its business, it shows whether a recommendation would not pay,
    and whether the readiness quiz says not to start.
    """
    known = reading.columns
    own = tuple(column for column in columns if not column.startswith(OURS))
    first = next(((one,) for one in (known.company, known.group_by, known.id) if one in own), ())
    is_decided = "triage_recommendation" in columns
    added = (
        *(DECIDED if is_decided else ()),
        *((BEFORE,) if PREVIOUS in columns else ()),
        *(f"Problem {number}" for number in range(1, problems + 1)),
        NOTES,
    )
    cells = partial(
        _cells,
        is_decided=is_decided,
        is_compared=PREVIOUS in columns,
        problems=problems,
        reading=reading,
    )
    return FrontSheet(first, added, tuple(one for one in own if one not in first), cells)


def _cells(
    values: Mapping[str, Any],
    *,
    is_decided: bool,
    is_compared: bool,
    problems: int,
    reading: FormReading,
) -> Iterator[str]:
    """Yield the cells that are added to a row."""
    rows = [read_problem(values, number) for number in range(1, problems + 1)]
    if is_decided:
        alone = reading.one_row_each
        quiz = quiz_of(values, reading.columns, reading.quiz_scale, []) if alone else None
        yield _recommended(values, [row for row in rows if row and alone], quiz)
        yield from _firm(values)
    if is_compared:
        before = values.get(PREVIOUS)
        yield recommendation_words(Recommendation(before)) if before else ""
    for found in rows:
        yield f"{found.text}\n→ {answer_words(found)}" if found else ""
    yield str(values.get("triage_notes") or "")


def _recommended(
    values: Mapping[str, Any], rows: Sequence[Classification], quiz: QuizResult | None
) -> str:
    """Return the recommendation as a sentence."""
    said = values.get("triage_recommendation")
    return headline_of(Recommendation(said), rows, quiz=quiz) if said else ""


def _firm(values: Mapping[str, Any]) -> tuple[str, str]:
    """Return whether the recommendation is firm, and what is to be settled."""
    provisional = truth(values.get("triage_provisional"))
    if provisional is None:
        return "", ""
    settle = str(values.get("triage_to_settle") or "").split(LIST_MARK) if provisional else ()
    said = "\n".join(one[:1].upper() + one[1:] for one in settle)
    if values.get("triage_recommendation") in WAITING:  # nothing is recommended yet
        return "", said
    return "provisional" if provisional else "firm", said
