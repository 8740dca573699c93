"""What is gained if only the surest rows are answered: accuracy by coverage, and thresholds."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import NamedTuple

from triage_agent.errors import SettingsError
from triage_agent.evals.rates import Rate, share
from triage_agent.evals.rows import EvalRow

SHARES = (0.3, 0.5, 0.7, 1.0)  # of the answered rows, for which the accuracy is shown


class RiskCoveragePoint(NamedTuple):
    """One point of the risk–coverage curve: only rows of at least `threshold` are answered."""

    coverage: float  # of all rows: those out of scope, abstentions and errors are in the total
    accuracy: float  # of the rows that are still answered; one that is out of scope is wrong
    threshold: float | None  # None: also the rows without a probability, which rank last


@dataclass(frozen=True, slots=True)
class SurestAnswers:
    """The surest rows of those that were answered, and how many of them are right."""

    wanted: float  # the share of the answered rows
    coverage: float  # of all rows; rows of equal probability are taken together
    right: Rate


class ReviewThreshold(NamedTuple):
    """The threshold that reaches a wanted accuracy, and how much a person then has to read."""

    threshold: float
    to_person: float  # the share of all rows that a person has to read, abstentions included
    accuracy: float  # of the rest, measured on the rows that chose the threshold


def risk_coverage(rows: Sequence[EvalRow]) -> tuple[RiskCoveragePoint, ...]:
    """Return what every possible threshold gives, from the highest to the lowest.

    Rows of equal probability are answered together, since no threshold tells them apart.
    """
    points, right, count = [], 0, 0
    for group in _ranked(rows):
        right += sum(row.right for row in group)
        count += len(group)
        points.append(RiskCoveragePoint(count / len(rows), right / count, group[0].probability))
    return tuple(points)


def aurc(rows: Sequence[EvalRow]) -> float | None:
    """Return the area under the risk–coverage curve, or None if no row was answered.

    It is the mean, over every number of surest rows from one to all that were answered, of the
    share of them that is wrong (Geifman and El-Yaniv 2017); lower is better. Rows of equal
    probability may stand in any order, so the mean over all orders counts.
    """
    risks: list[float] = []
    wrong = 0.0
    for group in _ranked(rows):
        each = sum(not row.right for row in group) / len(group)
        for _ in group:
            wrong += each
            risks.append(wrong / (len(risks) + 1))
    return sum(risks) / len(risks) if risks else None


def surest(rows: Sequence[EvalRow]) -> tuple[SurestAnswers, ...]:
    """Return how many of the surest 30, 50, 70 and 100 % of the answered rows are right."""
    groups = _ranked(rows)
    answered = sum(map(len, groups))
    found = []
    for wanted in SHARES if groups else ():
        taken: list[EvalRow] = []
        for group in groups:
            if len(taken) >= wanted * answered:
                break
            taken += group
        right = share(taken, lambda row: row.right)
        found.append(SurestAnswers(wanted, len(taken) / len(rows), right))
    return tuple(found)


def threshold_for(rows: Sequence[EvalRow], wanted_accuracy: float) -> ReviewThreshold | None:
    """Return the threshold that answers most rows at the wanted accuracy; None: none reaches it.

    The accuracy is that of the rows which chose the threshold, so expect a little less on others.
    """
    if not 0 <= wanted_accuracy <= 1:
        raise SettingsError(
            f"The wanted accuracy must be between 0 and 1, not {wanted_accuracy:g}: 0.97 for 97 %."
        )
    enough = [
        ReviewThreshold(point.threshold, 1 - point.coverage, point.accuracy)
        for point in risk_coverage(rows)
        if point.threshold is not None and point.accuracy >= wanted_accuracy
    ]
    return min(enough, key=lambda one: one.to_person, default=None)


def _ranked(rows: Sequence[EvalRow]) -> list[list[EvalRow]]:
    """Return the answered rows in groups of equal probability, the surest first."""

    def rank(row: EvalRow) -> float:
        return 1.0 if row.probability is None else -row.probability

    answered = sorted((row for row in rows if row.label), key=rank)
    return [list(group) for _, group in groupby(answered, key=rank)]
