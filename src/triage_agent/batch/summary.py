"""A whole batch in numbers, and the problems that a person should look at first.

Memory does not grow with the rows: there are counters, and the best of the queue.
"""

import heapq
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from triage_agent.advice import Decision, Recommendation, shortened
from triage_agent.types import Classification, DecidedBy, Outcome

LONGEST_SHOWN = 200  # characters of a problem in the queue
MOST_SHOWN = 200  # problems in the queue


Worth = tuple[float, ...]  # what the queue is sorted by: small is valuable


@dataclass(frozen=True, slots=True)
class Doubt:
    """A problem that a person should look at; its text is shortened."""

    business: str
    place: str  # the row and the problem
    row: Classification
    recommendation: Recommendation | None  # of the business; None: none was asked for
    provisional: bool  # whether the answer could change the recommendation


@dataclass(slots=True)
class Summary:
    """What has been counted so far."""

    businesses: int = 0
    provisional: int = 0  # businesses whose recommendation an answer could change
    problems: int = 0
    waiting: int = 0  # problems that a person should look at
    labels: Counter[str] = field(default_factory=Counter)  # or the outcome, where there is none
    recommendations: Counter[str] = field(default_factory=Counter)
    functions: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)  # by type
    messages: dict[str, str] = field(default_factory=dict)  # of the first error of each type
    _best: list[tuple[Worth, Doubt]] = field(default_factory=list)  # a heap, worst on top

    def add(
        self,
        number: int,
        business: str,
        rows: Sequence[Classification],
        decision: Decision | None,
        *,
        grouped: bool = False,
    ) -> None:
        """Count one business, whose first row has this number; no two share one.

        The problems of a `grouped` business name their row in their ids.
        """
        self.businesses += 1
        if decision is not None:
            self.recommendations[decision.recommendation.value] += 1
            self.provisional += decision.provisional
        because = decision.provisional_because if decision is not None else ()
        for place, row in enumerate(rows):
            self.problems += 1
            self.labels[row.label.value if row.label else row.outcome.value] += 1
            if row.label and row.function:
                self.functions[row.function.value] += 1
            if row.error:
                self.errors[row.error.type] += 1
                self.messages.setdefault(row.error.type, row.error.message)
            if needs_person(row):
                self.waiting += 1
                provisional = row.id in because
                worth = (*_worth(row, provisional=provisional), number, place)
                if self._is_worth_keeping(worth):
                    where = row.id if grouped else f"row {number}, {row.id}"
                    made = decision.recommendation if decision is not None else None
                    self._keep(worth, Doubt(business, where, in_brief(row), made, provisional))

    @property
    def queue(self) -> tuple[Doubt, ...]:
        """The problems that a person should look at, most valuable first; at most 200."""
        return tuple(
            doubt for _, doubt in sorted(self._best, key=lambda pair: pair[0], reverse=True)
        )

    @property
    def left_out(self) -> int:
        """How many more problems wait than the queue shows."""
        return self.waiting - len(self._best)

    def _is_worth_keeping(self, worth: Worth) -> bool:
        """Return whether a problem is worth more than the last of a full queue."""
        return len(self._best) < MOST_SHOWN or _turned(worth) > self._best[0][0]

    def _keep(self, worth: Worth, doubt: Doubt) -> None:
        """Put a problem into the queue, for the last of it if it is full."""
        change = heapq.heappush if len(self._best) < MOST_SHOWN else heapq.heapreplace
        change(self._best, (_turned(worth), doubt))


def in_brief(row: Classification) -> Classification:
    """Return a problem with as much text as a queue shows."""
    return replace(row, text=shortened(row, LONGEST_SHOWN), evidence=(), rationale="")


def needs_person(row: Classification) -> bool:
    """Return whether a person should look at a problem: it needs review, or has no label."""
    return row.needs_review or (row.label is None and row.decided_by is not DecidedBy.PERSON)


def _worth(row: Classification, *, provisional: bool) -> tuple[int, float]:
    """Return what the queue is sorted by, as `triage review` does: small is valuable.

    First what could change a recommendation; then the least probable. An error comes last: asking
    the model again costs less than a person's time.
    """
    rank = 0 if provisional else 2 if row.outcome is Outcome.ERROR else 1
    return rank, -1.0 if row.probability is None else row.probability


def _turned(worth: Worth) -> Worth:
    """Return what is large where `worth` is small: the top of a heap is its smallest."""
    return tuple(-part for part in worth)
