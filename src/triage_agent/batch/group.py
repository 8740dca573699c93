"""The rows of one business decide together, and wait on disk until all of them are answered."""

import json
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import IO, Any

from triage_agent.advice import Decision, Profile, QuizResult, decide
from triage_agent.batch.form import Form
from triage_agent.batch.output_columns import flat_decision
from triage_agent.errors import SettingsError
from triage_agent.files import json_line
from triage_agent.intake import UNKNOWN_REVENUE, Revenue
from triage_agent.tables import DateText
from triage_agent.types import Classification

Values = dict[str, Any]


@dataclass(slots=True)
class Group:
    """The rows of one business, as far as its decision needs them."""

    first: Form  # the business's first row, with the first name that a row gives it
    problems: list[Classification] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    quizzes: list[QuizResult] = field(default_factory=list)
    compared: Values = field(default_factory=dict)  # the column about an earlier OUT, if any

    def add(self, form: Form, rows: Iterable[Classification], *, with_texts: bool = False) -> None:
        """Add one row's problems, profile and quiz; a decision needs no texts, a page does."""
        if not with_texts:  # so that memory stays small
            rows = [replace(row, text="", evidence=(), rationale="") for row in rows]
        if not self.first.company:
            self.first = replace(self.first, company=form.company)
        self.problems += rows
        self.profiles.append(form.profile)
        if form.quiz is not None:
            self.quizzes.append(form.quiz)

    def decide(self) -> tuple[Decision, tuple[str, ...]]:
        """Return the decision of the business, and what its rows contradict each other about."""
        revenues = {p.revenue for p in self.profiles if not p.revenue.why_unknown}
        if not revenues:  # a range across bands says more than nothing
            revenues = {p.revenue for p in self.profiles} - {UNKNOWN_REVENUE}
        sells = {p.sells_software for p in self.profiles if p.sells_software is not None}
        conflicts = []
        if len(revenues) > 1:
            conflicts.append("The rows of this business state different revenues: unknown.")
        if len(sells) > 1:
            conflicts.append("The rows of this business differ on selling software: unknown.")
        if len(set(self.quizzes)) > 1:
            conflicts.append("The rows of this business hold different quizzes: not taken.")
        unread = next((p.revenue for p in self.profiles if p.revenue.note), UNKNOWN_REVENUE)
        if len(revenues) > 1:
            unread = Revenue(note="the rows of this business state different ones")
        profile = Profile(
            revenues.pop() if len(revenues) == 1 else unread,
            sells.pop() if len(sells) == 1 else None,
        )
        quiz = self.quizzes[0] if len(set(self.quizzes)) == 1 else None
        return decide_business(self.problems, profile, quiz), tuple(conflicts)

    def columns(self) -> Values:
        """Return the columns that every row of the business repeats."""
        decision, conflicts = self.decide()
        return flat_decision(decision, conflicts) | self.compared


class Spool:
    """The answered rows, on disk, in order, until the decision of every business is known."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.groups: dict[str, Group] = {}

    def add(self, values: Values, group: str | None, place: int = 0) -> None:
        """Put one row's values at the end; `place` is its row in OUT (0: the next)."""
        dates = [name for name, value in values.items() if isinstance(value, DateText)]
        try:
            self._file.write(json_line([group, place, dates, values]))
        except OSError as error:
            raise SettingsError(
                f"The answers cannot be put aside in {tempfile.gettempdir()}: {error.strerror}. "
                "Free some space there, or set TMPDIR to another folder."
            ) from error

    def rows(self) -> Iterator[tuple[int, Values]]:
        """Yield every row's place and values, with the recommendation of its business."""
        decisions = {name: group.columns() for name, group in self.groups.items()}
        self._file.seek(0)
        for line in self._file:
            group, place, dates, values = json.loads(line)
            values |= {name: DateText(values[name]) for name in dates}
            yield place, values if group is None else {**values, **decisions[group]}

    def close(self) -> None:
        """Remove the spool."""
        self._file.close()


def decide_business(
    problems: list[Classification], profile: Profile, quiz: QuizResult | None
) -> Decision:
    """Return the decision about the rows of one business."""
    return decide(problems, profile, quiz)
