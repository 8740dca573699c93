"""A table of forms in, the same table with answers out; nothing lost, nothing doubled.

The rows are classified in a first pass, many at once, and their results spooled to disk in order;
the second pass writes OUT from the spool. So memory does not grow with the rows, the columns of
OUT are known before its first row, and rows of one business can decide together.
"""

import asyncio
import json
import tempfile
from collections import Counter
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import IO, Any

from triage_agent.advice import Decision, Profile, QuizResult, decide, doubtful_problems
from triage_agent.batch import Columns, Form, read_form
from triage_agent.batch.result_columns import (
    LIST_MARK,
    flat_decision,
    flat_problem,
    has_error,
    read_problem,
)
from triage_agent.batch.review_answers import Reviews, answer, answered_values, text_key
from triage_agent.batch.summary import in_brief
from triage_agent.classify import Policy, classify, in_order
from triage_agent.files import json_line
from triage_agent.intake import UNKNOWN_REVENUE
from triage_agent.models import Model
from triage_agent.tables import Row
from triage_agent.types import Classification, DecidedBy, Outcome, Problem, Usage

Values = dict[str, Any]
Page = Callable[[Form, list[Classification], Decision | None], None]


@dataclass(frozen=True, slots=True)
class Job:
    """How the forms of one table are to be read and answered."""

    columns: Columns
    policy: Policy = field(default_factory=Policy)
    split: bool = True  # a list in one cell is several problems
    labels_only: bool = False  # no recommendation
    usd_rate: float | None = None
    width: int = 256  # rows under way at once
    reviews: Reviews = field(default_factory=dict)  # what a person answered before


@dataclass(slots=True)
class Tally:
    """What has happened so far; the numbers of the progress display and of the summary."""

    rows: int = 0
    kept: int = 0  # rows taken over from an earlier OUT
    problems: int = 0
    most_problems: int = 0  # in one row
    needs_review: int = 0
    reviewed: int = 0  # problems that a person decided
    errors: int = 0
    complaints: int = 0  # rows with something that could not be read
    usage: Usage = field(default_factory=Usage)
    labels: Counter[str] = field(default_factory=Counter)
    recommendations: Counter[str] = field(default_factory=Counter)

    def count(self, rows: Iterable[Classification]) -> None:
        """Add the problems of one form."""
        rows = list(rows)
        self.most_problems = max(self.most_problems, len(rows))
        for row in rows:
            self.problems += 1
            self.needs_review += row.needs_review
            self.reviewed += row.decided_by is DecidedBy.PERSON
            self.errors += row.outcome is Outcome.ERROR
            self.usage += row.usage
            self.labels[row.label.value if row.label else row.outcome.value] += 1


class Spool:
    """The results of the first pass, on disk, in order."""

    def __init__(self) -> None:
        self._file: IO[str] = tempfile.TemporaryFile("w+", encoding="utf-8")  # noqa: SIM115
        self.groups: dict[str, Group] = {}

    def add(self, values: Values, group: str | None) -> None:
        """Put one row's values at the end."""
        self._file.write(json_line([group, values]))

    def rows(self) -> Iterator[Values]:
        """Yield every row's values, with the recommendation of its business."""
        decisions = {name: group.columns() for name, group in self.groups.items()}
        self._file.seek(0)
        for line in self._file:
            group, values = json.loads(line)
            yield values if group is None else {**values, **decisions[group]}

    def close(self) -> None:
        """Remove the spool."""
        self._file.close()


@dataclass(slots=True)
class Group:
    """The rows of one business, as far as its decision needs them."""

    first: Form  # the business's first row
    problems: list[Classification] = field(default_factory=list)
    profiles: list[Profile] = field(default_factory=list)
    quizzes: list[QuizResult] = field(default_factory=list)

    def add(self, form: Form, rows: Iterable[Classification], *, whole: bool) -> None:
        """Add one row's problems, profile and quiz; not `whole`: only what a decision reads."""
        named = [replace(row, id=f"row {form.number}, {row.id}") for row in rows]
        if not whole:  # so that memory stays small
            named = [replace(row, text="", evidence=(), rationale="") for row in named]
        self.problems += named
        self.profiles.append(form.profile)
        if form.quiz is not None:
            self.quizzes.append(form.quiz)

    def decide(self) -> tuple[Decision, tuple[str, ...]]:
        """Return the decision of the business, and what its rows contradict each other about."""
        revenues = {p.revenue for p in self.profiles if not p.revenue.why_unknown}
        sells = {p.sells_software for p in self.profiles if p.sells_software is not None}
        conflicts = []
        if len(revenues) > 1:
            conflicts.append("The rows of this business state different revenues: unknown.")
        if len(sells) > 1:
            conflicts.append("The rows of this business differ on selling software: unknown.")
        if len(set(self.quizzes)) > 1:
            conflicts.append("The rows of this business hold different quizzes: not taken.")
        profile = Profile(
            revenues.pop() if len(revenues) == 1 else UNKNOWN_REVENUE,
            sells.pop() if len(sells) == 1 else None,
        )
        quiz = self.quizzes[0] if len(set(self.quizzes)) == 1 else None
        return decide_business(self.problems, profile, quiz), tuple(conflicts)

    def columns(self) -> Values:
        """Return the columns that every row of the business repeats."""
        decision, conflicts = self.decide()
        return flat_decision(decision, conflicts)


async def answer_rows(
    rows: Iterable[Row],
    job: Job,
    model: Model,
    spool: Spool,
    *,
    kept: Iterator[Mapping[str, Any]] | None = None,
    page: Page | None = None,
    brief: bool = False,
) -> AsyncGenerator[Tally, None]:
    """Answer every row in order into `spool`, and yield the tally after each.

    `kept` gives the rows of an earlier OUT: those without an error are taken over where the input
    row in the same place is unchanged. `page` is called with each business (its first row; no
    decision with `labels_only`); `brief` if the beginnings of the texts are enough for it. What
    concerns every row (the service stopped, the cost cap) is raised.
    """
    tally = Tally()

    def with_kept() -> Iterator[tuple[Row, Mapping[str, Any] | None]]:
        for row in rows:
            yield row, next(kept, None) if kept is not None else None

    async def work(pair: tuple[Row, Mapping[str, Any] | None]) -> tuple[Form, Values, bool, Any]:
        row, before = pair
        form = read_form(row, job.columns, split=job.split, usd_rate=job.usd_rate)
        if before is not None and _is_of(before, row):
            values = answered_values(before, form.problems, job.reviews)
            if not has_error(values):
                return form, values, True, _with_texts(read_problems(values), form)
        found = await _classify_form(form, job, model)
        found = [answer(one, job.reviews.get(text_key(one.text))) for one in found]
        return form, {**row.values, **_flat(form, found, model)}, False, found

    async with aclosing(in_order(with_kept(), work, job.width)) as results:
        async for _, (form, values, was_kept, found) in results:
            tally.rows += 1
            tally.kept += was_kept
            tally.complaints += bool(form.complaints)
            tally.count(found)
            if form.group is not None and not job.labels_only:
                business = spool.groups.setdefault(form.group, Group(form))
                shown = [in_brief(row) for row in found] if brief else found
                business.add(form, shown, whole=page is not None)
                spool.add(values, form.group)
            else:
                decides = not job.labels_only
                decision = decide_business(found, form.profile, form.quiz) if decides else None
                _announce(decision, form, found, tally, page)
                spool.add(values | (flat_decision(decision) if decision else {}), None)
            yield tally
    for business in spool.groups.values():
        decision, _ = business.decide()
        _announce(decision, business.first, business.problems, tally, page)


def _with_texts(found: list[Classification], form: Form) -> list[Classification]:
    """Return problems that were read back with their texts, which stand in the form."""
    if len(found) != len(form.problems):
        return found
    return [replace(row, text=text) for row, text in zip(found, form.problems, strict=True)]


def decide_business(
    problems: list[Classification], profile: Profile, quiz: QuizResult | None
) -> Decision:
    """Return the decision; a problem that a person left without a label makes none provisional."""
    decision = decide(problems, profile, quiz)
    unsettled = [p for p in problems if p.label or p.decided_by is not DecidedBy.PERSON]
    if len(unsettled) == len(problems):
        return decision
    doubtful = doubtful_problems(unsettled, decision.recommendation, profile, quiz)
    return replace(decision, provisional=bool(doubtful), provisional_because=doubtful)


def _announce(
    decision: Decision | None,
    form: Form,
    problems: list[Classification],
    tally: Tally,
    page: Page | None,
) -> None:
    """Count one business's recommendation, and write its page if pages are wanted."""
    if decision is not None:
        tally.recommendations[decision.recommendation.value] += 1
    if page is not None:
        page(form, problems, decision)


def error_lines(values: Mapping[str, Any], number: int) -> Iterator[Values]:
    """Yield one record for each problem of a written row that ended in an error."""
    for name, value in values.items():
        if value == Outcome.ERROR.value and name.endswith("_outcome"):
            problem = name.removeprefix("triage_").removesuffix("_outcome")
            yield {
                "row": number,
                "problem": int(problem),
                "error": values.get(f"triage_{problem}_error"),
                "values": {k: v for k, v in values.items() if not k.startswith("triage_")},
            }


async def _classify_form(form: Form, job: Job, model: Model) -> list[Classification]:
    """Return the classifications of a form's problems, in their order."""
    problems = [Problem(f"problem {n}", text) for n, text in enumerate(form.problems, start=1)]
    if len(problems) == 1:
        return [await classify(problems[0], model, job.policy)]
    return await asyncio.gather(*(classify(p, model, job.policy) for p in problems))


def _flat(form: Form, found: list[Classification], model: Model) -> Values:
    """Return the columns about a row's problems, and about how they were answered."""
    values: Values = {}
    for number, row in enumerate(found, start=1):
        values |= flat_problem(number, row)
    # A cascade's problems may each have been read by another of its models.
    models = [row.model for row in found]
    prompts = [row.prompt for row in found]
    return values | {
        "triage_notes": " ".join(form.complaints) or None,
        "triage_backend": model.backend,
        "triage_model": _one_or_each(models) if found else model.name,
        "triage_prompt": next(filter(None, prompts), None) if found else model.prompt,
    }


def _one_or_each(names: list[str]) -> str:
    """Return the one name, or that of each problem in order.

    >>> _one_or_each(["a", "a"]), _one_or_each(["a", "b", "a"])
    ('a', 'a | b | a')
    """
    return names[0] if len(set(names)) == 1 else LIST_MARK.join(names)


def _is_of(values: Mapping[str, Any], row: Row) -> bool:
    """Return whether a written row was made from this input row, and not from another."""
    return all(_text(values.get(name)) == _text(value) for name, value in row.values.items())


def _text(value: object) -> str:
    """Return a cell as the text that it is in any format; an empty cell is empty text."""
    return "" if value is None else str(value)


def read_problems(values: Mapping[str, Any]) -> list[Classification]:
    """Return the problems of a row that was written before, enough to decide again."""
    found: list[Classification] = []
    while (row := read_problem(values, len(found) + 1)) is not None:
        found.append(row)
    return found
