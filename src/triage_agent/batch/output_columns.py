"""Results as flat columns of a table, and back: what `triage batch` adds to every row."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from triage_agent.advice import Decision
from triage_agent.errors import InputError
from triage_agent.reports import rounded
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Function,
    Label,
    Outcome,
    ReviewReason,
    Source,
)

PROBLEM_FIELDS = (
    "text",
    "column",
    "outcome",
    "label",
    "probability",
    "probability_from",
    "decided_by",
    "needs_review",
    "review_reasons",
    "abstained_because",
    "function",
    "hours_per_week",
    "evidence",
    "rationale",
    "error",
    "holds_several",
)
REVIEWED_FIELDS = (  # those that a person's answer changes
    "outcome",
    "label",
    "probability",
    "probability_from",
    "decided_by",
    "needs_review",
    "review_reasons",
    "abstained_because",
    "rationale",
    "error",
    "holds_several",
)
FORM_FIELDS = (
    "triage_recommendation",
    "triage_rule",
    "triage_provisional",
    "triage_provisional_because",
    "triage_to_settle",
    "triage_rule_trace",
    "triage_conflicts",
)
ROW = "triage_row"  # its number in the input, as every message names it
RUN_FIELDS = (
    "triage_notes",
    "triage_backend",
    "triage_model",
    "triage_prompt",
)
PREVIOUS = "triage_previous_recommendation"  # with --previous, where it was another one
LIST_MARK = " | "  # between the items of a list in one cell


def added_columns(problems: int, *, decided: bool, compared: bool = False) -> list[str]:
    """Return the columns that a batch adds, for at most `problems` problems a row.

    `compared` with an earlier OUT, there is one for the recommendation that stood in it.
    """
    fields = [f"triage_{n}_{name}" for n in range(1, problems + 1) for name in PROBLEM_FIELDS]
    form = (*FORM_FIELDS, *([PREVIOUS] if compared else ())) if decided else ()
    return [ROW, *form, *fields, *RUN_FIELDS]


def flat_problem(number: int, row: Classification) -> dict[str, Any]:
    """Return one problem's columns; what depends on the day (duration, usage) is left out."""
    values = (
        row.text,
        row.source.column if row.source else None,
        row.outcome.value,
        row.label.value if row.label else None,
        rounded(row.probability),
        row.probability_from,
        row.decided_by.value if row.decided_by else None,
        row.needs_review,
        LIST_MARK.join(reason.value for reason in row.review_reasons) or None,
        row.abstained_because.value if row.abstained_because else None,
        row.function.value if row.function else None,
        row.hours_per_week,
        LIST_MARK.join(row.evidence) or None,
        row.rationale or None,
        f"{row.error.type}: {row.error.message}" if row.error else None,
        row.holds_several,
    )
    names = (f"triage_{number}_{name}" for name in PROBLEM_FIELDS)
    return dict(zip(names, values, strict=True))


def flat_decision(decision: Decision, conflicts: Sequence[str] = ()) -> dict[str, Any]:
    """Return the columns about the business as a whole, and what its rows contradict."""
    trace = "; ".join(
        f"{step.rule.value} {'applies' if step.applied else 'does not apply'}: {step.because}"
        for step in decision.verdict.trace
    )
    values = (
        decision.recommendation.value,
        decision.verdict.rule.value,
        decision.provisional,
        LIST_MARK.join(decision.provisional_because) or None,
        LIST_MARK.join(decision.to_settle) or None,
        trace,
        " ".join(conflicts) or None,
    )
    return dict(zip(FORM_FIELDS, values, strict=True))


def row_number(values: Mapping[str, Any], place: int) -> int:
    """Return the number by which a written row is known: the input's; earlier versions: its place.

    >>> row_number({"triage_row": "7"}, 2), row_number({}, 2), row_number({"triage_row": "?"}, 2)
    (7, 2, 2)
    """
    said = values.get(ROW)
    try:
        return int(said) if said else place
    except (TypeError, ValueError):
        return place


def read_problem(
    values: Mapping[str, Any], number: int, row: int | None = None
) -> Classification | None:
    """Return what a written row, `row` of its table, says about one problem; None: nothing.

    Signals are not in the columns, so they are not in the result; before version 2, texts were
    not. Raises `InputError` for a cell that no batch writes.
    """
    cell: dict[str, Any] = {}
    for name in PROBLEM_FIELDS:
        value = values.get(f"triage_{number}_{name}")
        cell[name] = None if value == "" else value
    if cell["outcome"] is None:
        return None
    kind, _, message = str(cell["error"] or "").partition(": ")
    try:
        return Classification(
            id=str(number) if row is None else f"{row}.{number}",
            text=str(cell["text"] or ""),
            outcome=Outcome(cell["outcome"]),
            backend=str(values.get("triage_backend") or ""),
            model=str(values.get("triage_model") or ""),
            prompt=values.get("triage_prompt") or None,
            label=Label(cell["label"]) if cell["label"] else None,
            probability=_number(cell["probability"]),
            probability_from=cell["probability_from"],
            decided_by=DecidedBy(cell["decided_by"]) if cell["decided_by"] else None,
            abstained_because=(
                Abstention(cell["abstained_because"]) if cell["abstained_because"] else None
            ),
            review_reasons=tuple(map(ReviewReason, _items(cell["review_reasons"]))),
            function=Function(cell["function"]) if cell["function"] else None,
            hours_per_week=_number(cell["hours_per_week"]),
            evidence=_items(cell["evidence"]),
            rationale=str(cell["rationale"] or ""),
            error=Failure(kind, message, retryable=True) if kind else None,
            source=None if row is None else Source(row, str(cell["column"] or "")),
            holds_several=truth(cell["holds_several"]),
        )
    except (TypeError, ValueError, KeyError) as error:
        raise InputError(
            f"A column of triage_{number} holds what triage does not write: {error}. "
            "Correct the cell, or run the batch again."
        ) from error


def read_problems(values: Mapping[str, Any], row: int | None = None) -> list[Classification]:
    """Return the problems of a row that was written before, enough to decide again."""
    results: list[Classification] = []
    while (result := read_problem(values, len(results) + 1, row)) is not None:
        results.append(result)
    return results


def holds_texts(columns: Iterable[str]) -> bool:
    """Return whether a written table holds the texts of its problems; the first version did not."""
    return "triage_1_text" in columns


def with_texts(results: list[Classification], texts: Sequence[str]) -> list[Classification]:
    """Return results that were read back with their texts; unchanged if the numbers differ."""
    if len(results) != len(texts):
        return results
    return [replace(row, text=text) for row, text in zip(results, texts, strict=True)]


def has_error(values: Mapping[str, Any]) -> bool:
    """Return whether a written row holds a problem that ended in an error."""
    return any(
        value == Outcome.ERROR.value
        for name, value in values.items()
        if name.startswith("triage_") and name.endswith("_outcome")
    )


def _items(cell: object) -> tuple[str, ...]:
    """Return the items of a list in one cell."""
    return tuple(str(cell).split(LIST_MARK)) if cell else ()


def truth(cell: Any) -> bool | None:
    """Return a cell's truth value; CSV holds it as text, and an empty one as an empty text."""
    if cell == "":
        return None
    if isinstance(cell, str):
        return {"true": True, "false": False}[cell.casefold()]
    return None if cell is None else bool(cell)


def _number(cell: Any) -> float | None:
    """Return a cell's number; CSV holds it as text."""
    return None if cell is None else float(cell)
