"""A table of forms in, the same table with answers out; nothing lost, nothing doubled.

The rows are classified in a first pass, many at once, and their results spooled to disk in order;
the second pass writes OUT from the spool. So memory does not grow with the rows, the columns of
OUT are known before its first row, and rows of one business can decide together.
"""

import asyncio
import os
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

from triage_agent.advice import Decision
from triage_agent.batch.form import Form, FormReading, read_form
from triage_agent.batch.group import Group, Spool, Values, decide_business
from triage_agent.batch.output_columns import (
    LIST_MARK,
    PREVIOUS,
    ROW,
    flat_decision,
    flat_problem,
    read_problems,
)
from triage_agent.batch.page_names import name_of
from triage_agent.batch.reviews import Reviews, reviewed, taken_over, text_key
from triage_agent.batch.summary import shortened_text
from triage_agent.batch.tally import Tally
from triage_agent.classify import in_order
from triage_agent.intake import Splitter
from triage_agent.models import Model
from triage_agent.tables import Row
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification

# Forms whose cells are taken apart at once: a text is remembered until it is classified, if they
# are few.
READ_AT_ONCE = min(4, os.cpu_count() or 1)
Page = Callable[[Form, list[Classification], Decision | None], None]


class EarlierAnswers(Protocol):
    """Answers of an earlier OUT, by row and text."""

    def answers(
        self, values: Mapping[str, Any], texts: Sequence[str]
    ) -> list[Classification | None]:
        """Return the earlier answer to each problem of a row; None: it is new or changed."""
        ...

    def found(self, values: Mapping[str, Any], texts: Sequence[str]) -> list[Classification | None]:
        """Return what `answers` does, and count nothing."""
        ...

    def compare(
        self, name: str, values: Mapping[str, Any], texts: Sequence[str], decision: Decision
    ) -> str | None:
        """Return the earlier recommendation of a business if it was another one."""
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """How the forms of one table are read and answered."""

    reading: FormReading
    labels_only: bool = False  # no recommendation
    width: int = 512  # rows under way at once: more than requests, so that none waits for a row
    reviews: Reviews = field(default_factory=dict)  # a person's earlier answers
    previous: EarlierAnswers | None = None  # None: everything is answered
    counts: bool = True  # what is taken over; False: OUT is not made from this pass
    read_at_once: int = READ_AT_ONCE


async def answer_rows(
    rows: Iterable[Row],
    job: Job,
    triage: AsyncTriage,
    spool: Spool,
    *,
    earlier: Iterator[Mapping[str, Any]] | None = None,
    place: Callable[[Row], int] = lambda _: 0,
    page: Page | None = None,
    short_texts: bool = False,
) -> AsyncGenerator[Tally, None]:
    """Answer every row in order into `spool`, and yield the tally after each.

    `earlier` gives the rows of an earlier OUT: those without an error are taken over where the
    input row in the same place is unchanged. `place` gives the row of OUT in which an input row is
    to stand (0: the next). `page` is called with each business (its first row;
    no decision with `labels_only`); `short_texts` if the beginnings of the texts are enough for
    it. What concerns every row (the service stopped, the cost cap) is raised.
    """
    tally, places = Tally(), asyncio.Semaphore(job.read_at_once)

    def with_earlier() -> Iterator[tuple[Row, Mapping[str, Any] | None]]:
        for row in rows:
            yield row, next(earlier, None) if earlier is not None else None

    async def work(
        pair: tuple[Row, Mapping[str, Any] | None],
    ) -> tuple[Form, Values, bool, list[Classification]]:
        row, before = pair
        form = await _read(row, job.reading, triage, places)
        if before is not None and _is_of(before, row):
            values = taken_over(before, row.number, form.texts, job.reviews)
            if values is not None:
                return form, values, True, read_problems(values, row.number)
        taken = _taken(job, row, form)
        results = await _classify_form(form, triage, taken)
        results = [reviewed(one, job.reviews.get(text_key(one.text))) for one in results]
        return (
            form,
            {**row.values, **form_columns(form, results, triage.backend.model)},
            False,
            results,
        )

    async with aclosing(in_order(with_earlier(), work, job.width)) as answered:
        async for (row, _), (form, values, was_taken_over, results) in answered:
            tally.rows += 1
            tally.kept += was_taken_over
            tally.complaints += bool(form.complaints)
            tally.count(results)
            tally.blank += form.is_blank
            tally.no_forms += form.no_form is not None
            if form.business is not None and not job.labels_only:
                business = spool.groups.setdefault(form.business, Group(form))
                shown = [shortened_text(row) for row in results] if short_texts else results
                business.add(form, shown, with_texts=page is not None)
                spool.add(values, form.business, place(row))
            else:
                if not (form.is_blank or form.no_form):  # else it is no business, and gets no page
                    values |= _decided_alone(job, form, values, results, tally, page)
                spool.add(values, None, place(row))
            yield tally
    for business in spool.groups.values():
        first = business.first
        decision, _ = business.decide()
        _announce(decision, first, business.problems, tally, page)
        named = {job.reading.columns.group_by or "": first.group}
        business.compared = _compared(job, name_of(first), named, (), decision)


async def _read(
    row: Row, reading: FormReading, triage: AsyncTriage, places: asyncio.Semaphore
) -> Form:
    """Return the form of a row; its cells are taken apart in a thread, `places` of them at once."""

    async def read(split: Splitter) -> Form:
        async with places:
            return await asyncio.to_thread(read_form, row, reading, split)

    # What is not to be taken apart is not put to an LLM either.
    return await (triage.reading(read) if reading.split else read(triage.split))


def _taken(job: Job, row: Row, form: Form) -> list[Classification | None]:
    """Return the earlier answers to a form's problems."""
    if job.previous is None:
        return []
    find = job.previous.answers if job.counts else job.previous.found
    return find(row.values, form.texts)


def form_columns(form: Form, results: list[Classification], model: Model) -> Values:
    """Return the columns about a row's problems, and about how they were answered."""
    values: Values = {ROW: form.number}
    for number, row in enumerate(results, start=1):
        values |= flat_problem(number, row)
    # A cascade's problems may each have been read by another of its models.
    models = [row.model for row in results]
    prompts = [row.prompt for row in results]
    return values | {
        "triage_notes": " ".join(form.notes) or None,
        "triage_backend": model.backend,
        "triage_model": _one_or_each(models) if results else model.name,
        "triage_prompt": next(filter(None, prompts), None) if results else model.prompt,
    }


def _decided_alone(
    job: Job,
    form: Form,
    values: Values,
    results: list[Classification],
    tally: Tally,
    page: Page | None,
) -> Values:
    """Announce a row that is a business of its own, and return the columns of its decision."""
    decision, decided = None, Values()
    if not job.labels_only:
        decision = decide_business(results, form.profile, form.quiz)
        decided = flat_decision(decision)
        decided |= _compared(job, name_of(form), values | decided, form.texts, decision)
    _announce(decision, form, results, tally, page)
    return decided


def _compared(
    job: Job, name: str, values: Values, texts: Sequence[str], decision: Decision
) -> Values:
    """Return the column about a business's earlier recommendation; none without an earlier OUT."""
    if job.previous is None:
        return {}
    return {PREVIOUS: job.previous.compare(name, values, texts, decision)}


def _announce(
    decision: Decision | None,
    form: Form,
    problems: list[Classification],
    tally: Tally,
    page: Page | None,
) -> None:
    """Count one business's recommendation, and write its page if pages are wanted."""
    tally.count_business(decision)
    if page is not None:
        page(form, problems, decision)


async def _classify_form(
    form: Form, triage: AsyncTriage, taken: Sequence[Classification | None]
) -> list[Classification]:
    """Return the classifications of a form's problems, in their order; what is `taken` stands."""
    problems = form.problems
    found = {
        one.id: replace(
            old, id=one.id, text=one.text, source=one.source, holds_several=one.holds_several
        )
        for one, old in zip(problems, taken, strict=False)  # nothing may be taken at all
        if old is not None
    }
    asked = [one for one in problems if one.id not in found]
    if len(asked) == 1:
        answered = [await triage.classify(asked[0])]
    else:
        answered = await asyncio.gather(*map(triage.classify, asked))
    found |= {one.id: row for one, row in zip(asked, answered, strict=True)}
    return [found[one.id] for one in problems]


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
