"""Cost and accuracy of a cascade of two recorded runs, at every threshold."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from triage_agent.errors import InputError
from triage_agent.evals.rates import Rate, rate, share
from triage_agent.evals.record import read_rows, read_settings
from triage_agent.evals.rows import EvalRow
from triage_agent.types import DecidedBy, Outcome

ASK_ALWAYS = 1.01  # a threshold that no probability reaches


@dataclass(frozen=True, slots=True)
class CascadeStep:
    """One threshold: the small model answers from there on, the LLM below."""

    threshold: float  # 0.5: the LLM only where the small model has no answer of its own
    calls: Rate  # cases that the LLM is asked about, of all
    accuracy: Rate  # of the in-scope cases; abstentions and errors are wrong
    abstention_recall: Rate  # of the cases on which abstaining is right


@dataclass(frozen=True, slots=True)
class CascadeCurve:
    """All thresholds, and both models alone."""

    steps: tuple[CascadeStep, ...]  # from the fewest calls to the most
    small: Rate  # accuracy of the small model alone
    large: Rate


def cascade_of_runs(small: Path, large: Path) -> tuple[list[str], CascadeCurve]:
    """Return the names of both models and the cascade of their recorded runs."""
    curve = cascade_curve(read_rows(small), read_rows(large))
    return [str(read_settings(folder)["model"]) for folder in (small, large)], curve


def cascade_curve(small: Sequence[EvalRow], large: Sequence[EvalRow]) -> CascadeCurve:
    """Return the results of the cascade; `InputError` if the runs' cases differ.

    No model is asked: each case takes the answer that one of the two runs has on record.
    """
    first = {row.id: row for row in small if not row.repeat}
    second = {row.id: row for row in large if not row.repeat}
    if first.keys() != second.keys():
        odd = min(first.keys() ^ second.keys())
        raise InputError(
            f"The two runs are not about the same cases: {odd!r} is in one of them only. "
            "Run both with the same set and --limit."
        )
    known = {value for row in first.values() if (value := confidence(row)) is not None}
    thresholds = [0.5, *sorted(value for value in known if value > 0.5), ASK_ALWAYS]
    steps = [_step(threshold, first, second) for threshold in thresholds]
    small_alone, large_alone = (
        _right(row for row in run.values() if row.in_scope) for run in (first, second)
    )
    return CascadeCurve(tuple(steps), small_alone, large_alone)


def confidence(row: EvalRow) -> float | None:
    """Return the small model's confidence; None where the LLM must be asked: no label, or a tie."""
    if row.outcome is not Outcome.CLASSIFIED or row.decided_by is not DecidedBy.MODEL:
        return None
    return None if row.p_build is None else max(row.p_build, 1 - row.p_build)


def _step(threshold: float, small: dict[str, EvalRow], large: dict[str, EvalRow]) -> CascadeStep:
    """Return the results at one threshold."""
    asked = {
        id_ for id_, row in small.items() if (value := confidence(row)) is None or value < threshold
    }
    rows = [large[id_] if id_ in asked else row for id_, row in small.items()]
    return CascadeStep(
        threshold=min(threshold, 1.0),
        calls=rate(len(asked), len(rows)),
        accuracy=_right(row for row in rows if row.in_scope),
        abstention_recall=_right(row for row in rows if not row.in_scope),
    )


def _right(rows: Iterable[EvalRow]) -> Rate:
    """Return the share of the rows that are right."""
    return share(list(rows), lambda row: row.right)
