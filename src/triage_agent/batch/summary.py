"""A whole batch in numbers, and the problems that a person should look at first.

Memory does not grow with the rows: there are counters, and the best of the queue.
"""

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from triage_agent.advice import Decision, Recommendation, shortened
from triage_agent.batch.reviews import needs_person, worth
from triage_agent.batch.tally import Tally
from triage_agent.types import Classification

LONGEST_SHOWN = 200  # characters of a problem in the queue
MOST_SHOWN = 200  # problems in the queue


@dataclass(frozen=True, slots=True)
class QueuedProblem:
    """A problem that a person should look at; its text is shortened."""

    business: str
    place: str  # the row and the problem
    row: Classification
    recommendation: Recommendation | None  # of the business; None: none was asked for
    provisional: bool  # whether the answer could change the recommendation


@dataclass(slots=True)
class BatchSummary:
    """What has been counted so far."""

    tally: Tally = field(default_factory=Tally)
    _best: list[tuple[tuple[float, ...], QueuedProblem]] = field(default_factory=list)  # a heap

    def add(
        self,
        number: int,
        business: str,
        rows: Sequence[Classification],
        decision: Decision | None,
    ) -> None:
        """Count one business, whose first row has this number; no two share one."""
        self.tally.count(rows)
        self.tally.count_business(decision)
        because = decision.provisional_because if decision is not None else ()
        for place, row in enumerate(rows):
            if needs_person(row):
                provisional = row.id in because
                order = (*worth(row, provisional=provisional), number, place)
                rank = tuple(-part for part in order)  # the top of a heap is its smallest
                has_room = len(self._best) < MOST_SHOWN
                if has_room or rank > self._best[0][0]:
                    own = row.source.row if row.source else number  # one of a group's
                    where = f"row {own}, problem {row.id.rpartition('.')[2]}"
                    made = decision.recommendation if decision is not None else None
                    queued = QueuedProblem(business, where, shortened_text(row), made, provisional)
                    change = heapq.heappush if has_room else heapq.heapreplace
                    change(self._best, (rank, queued))

    @property
    def queue(self) -> tuple[QueuedProblem, ...]:
        """The problems that a person should look at, most valuable first; at most 200."""
        return tuple(
            problem for _, problem in sorted(self._best, key=lambda pair: pair[0], reverse=True)
        )

    @property
    def left_out(self) -> int:
        """How many more problems wait than the queue shows."""
        return self.tally.to_look_at - len(self._best)


def shortened_text(row: Classification) -> Classification:
    """Return a problem with as much text as a queue shows."""
    return replace(row, text=shortened(row, LONGEST_SHOWN), evidence=(), rationale="")
