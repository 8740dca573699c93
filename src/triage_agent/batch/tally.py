"""The counts of a batch: for the progress display, the record of the run and the summary page."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from triage_agent.advice import Decision
from triage_agent.batch.reviews import needs_person
from triage_agent.types import Classification, DecidedBy, Usage


@dataclass(slots=True)
class Tally:
    """What has been counted so far."""

    rows: int = 0
    blank: int = 0  # rows without any cell that holds something
    no_forms: int = 0  # rows with totals, notes or the header again
    kept: int = 0  # rows taken over from an earlier OUT
    businesses: int = 0
    provisional: int = 0  # businesses whose recommendation an answer could change
    problems: int = 0
    most_problems: int = 0  # in one row
    to_look_at: int = 0  # problems that a person should look at, as `needs_person` says
    reviewed: int = 0  # problems that a person decided
    errors: int = 0
    complaints: int = 0  # rows with something that could not be read
    usage: Usage = field(default_factory=Usage)
    error_types: Counter[str] = field(default_factory=Counter)
    messages: dict[str, str] = field(default_factory=dict)  # the first of each type of error
    labels: Counter[str] = field(default_factory=Counter)  # or the outcome, where there is none
    functions: Counter[str] = field(default_factory=Counter)
    recommendations: Counter[str] = field(default_factory=Counter)

    def count(self, rows: Iterable[Classification]) -> None:
        """Add the problems of one form."""
        rows = list(rows)
        self.most_problems = max(self.most_problems, len(rows))
        for row in rows:
            self.problems += 1
            self.to_look_at += needs_person(row)
            self.reviewed += row.decided_by is DecidedBy.PERSON
            if row.error is not None:
                self.errors += 1
                self.error_types[row.error.type] += 1
                self.messages.setdefault(row.error.type, row.error.message)
            self.usage += row.usage
            self.labels[row.label.value if row.label else row.outcome.value] += 1
            if row.label and row.function:
                self.functions[row.function.value] += 1

    def count_business(self, decision: Decision | None) -> None:
        """Add one business; no decision: none was wanted."""
        self.businesses += 1
        if decision is not None:
            self.recommendations[decision.recommendation.value] += 1
            self.provisional += decision.provisional


def to_look_at(problems: int) -> str:
    """Return how many problems a person should look at, in the words of every report.

    >>> to_look_at(1), to_look_at(1200)
    ('1 problem to look at', '1,200 problems to look at')
    """
    return f"{problems:,} problem{'' if problems == 1 else 's'} to look at"
