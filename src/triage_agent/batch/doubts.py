"""What a person should look at in the OUT of a batch, and OUT after the person has answered.

OUT is read as the batch read its input: OUT.run.json says which columns are which. Without that
record they are guessed, as a batch guesses, and the guess is held against OUT's own verdicts.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from triage_agent.advice import Decision
from triage_agent.batch import Columns, Form, read_form, resolve_columns
from triage_agent.batch.outputs import run_path
from triage_agent.batch.result_columns import added_columns
from triage_agent.batch.review_answers import Review, Reviews, answer, text_key
from triage_agent.batch.run import Group, decide_business, read_problems
from triage_agent.errors import InputError
from triage_agent.tables import SAMPLE_ROWS, Row, check_output, read_back
from triage_agent.types import Classification, DecidedBy, Outcome


class Reading(BaseModel):
    """How a batch read its input as forms; what OUT.run.json says under `reading`."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: str | None = None  # of the input; None: there is no record, and the rest is guessed
    split: bool = True
    usd_rate: float | None = None
    columns: Columns


class _Record(BaseModel):
    """The part of OUT.run.json that is read here."""

    reading: Reading


@dataclass(frozen=True, slots=True)
class Line:
    """One row of OUT: its form, and what was found about the form's problems."""

    values: Mapping[str, Any]
    form: Form  # its number is the row's in a spreadsheet, or the line's in JSON Lines
    found: list[Classification]  # as it stands in OUT; with the problems' texts if it `fits`

    @property
    def fits(self) -> bool:
        """Whether the problems of the form are those that were answered."""
        return len(self.form.problems) == len(self.found)

    @property
    def decided(self) -> bool:
        """Whether the row has a recommendation (`--labels-only` makes none)."""
        return bool(self.values.get("triage_recommendation"))

    def answered(self, reviews: Reviews) -> list[Classification]:
        """Return the problems as they are after the answers."""
        if not self.fits:
            return self.found
        return [answer(row, reviews.get(text_key(row.text))) for row in self.found]

    def decide(self, found: list[Classification]) -> Decision:
        """Return the decision about a row that is a business of its own."""
        return decide_business(found, self.form.profile, self.form.quiz)


@dataclass(frozen=True, slots=True)
class Doubt:
    """A problem that a person should look at."""

    row: int  # as in `Line.form`
    problem: int  # from 1
    id: str  # the form's
    found: Classification  # its text included
    recommendation: str | None  # of the business, as it stands in OUT; None: there is none
    review: Review | None  # what a person said before
    provisional: bool = False  # whether the answer could change the recommendation
    copies: int = 0  # further problems with the same text, which the answer settles too

    @property
    def key(self) -> str:
        """What the answer is kept under."""
        return text_key(self.found.text)

    @property
    def name(self) -> str:
        """The problem's name within OUT, as in `triage_provisional_because`."""
        return f"row {self.row}, problem {self.problem}"

    @property
    def worth(self) -> tuple[int, float, int, int]:
        """What the queue is sorted by: provisional first, then the least probable.

        A problem in error comes last: to ask the model again costs less than a person's time.
        """
        rank = 0 if self.provisional else 2 if self.found.outcome is Outcome.ERROR else 1
        probability = -1.0 if self.found.probability is None else self.found.probability
        return rank, probability, self.row, self.problem


@dataclass(frozen=True, slots=True)
class Queue:
    """What is to be looked at, most valuable first, and the rows in which nothing can be."""

    doubts: tuple[Doubt, ...]
    left_out: tuple[int, ...]  # rows whose problem columns hold other problems than were answered


def how_to_read(out: Path) -> Reading:
    """Return how OUT is to be read; raises `InputError` if it is not the output of a batch."""
    check_output(out)
    sample = list(islice(read_back(out), SAMPLE_ROWS))
    columns = list(dict.fromkeys(name for row in sample for name in row))
    if "triage_backend" not in columns:
        raise InputError(
            f"{out} is not the output of `triage batch`: it has no column triage_backend. "
            "Answer the forms first (triage batch FORMS -o OUT), then review OUT."
        )
    with suppress(OSError, ValidationError):
        return _Record.model_validate_json(run_path(out).read_bytes()).reading
    problems = sum(name.endswith("_outcome") for name in columns)
    ours = set(added_columns(problems, decided=True))
    forms = [Row(number, values) for number, values in enumerate(sample)]
    known, _ = resolve_columns([name for name in columns if name not in ours], forms)
    return Reading(columns=known)


def read_lines(out: Path, reading: Reading) -> Iterator[Line]:
    """Yield the rows of OUT; raises `InputError` for one that no batch can have written so."""
    of_json = out.suffix.casefold() == ".jsonl"
    for number, values in enumerate(read_back(out), start=1 if of_json else 2):  # 2: the header
        try:
            line = _line(number, values, reading, of_json=of_json)
        except InputError as error:
            raise InputError(f"{out}, row {number}: {error.message}") from error
        if reading.format is None and not _is_as_guessed(line):
            raise InputError(
                f"{run_path(out)} does not say how the forms were read, and read as the columns "
                f"suggest, row {number} leads to another recommendation. Run the batch again into "
                "this output; then review it."
            )
        yield line


def review_queue(out: Path, reading: Reading, reviews: Reviews, *, again: bool = False) -> Queue:
    """Return what a person should look at in OUT and has not yet; `again`: or has already.

    Problems with the same text are one. Raises `InputError` if in no row the problems are those
    that were answered.
    """
    groups: dict[str, Group] = {}
    because: set[str] = set()  # the names of the problems that make a recommendation provisional
    doubts: list[Doubt] = []
    left_out: list[int] = []
    rows = 0
    for rows, line in enumerate(read_lines(out, reading), start=1):  # noqa: B007  (counted)
        number, found = line.form.number, line.answered(reviews)
        if line.fits:
            doubts += _doubts(line, found, reviews, again=again)
        else:
            left_out.append(number)
        if line.decided and line.form.group is not None:
            group = groups.setdefault(line.form.group, Group(line.form))
            group.add(line.form, found, whole=False)
        elif line.decided:
            named = line.decide(found).provisional_because
            because.update(f"row {number}, {problem}" for problem in named)
    for group in groups.values():
        because.update(group.decide()[0].provisional_because)
    if rows and len(left_out) == rows:
        raise InputError(
            f"In no row of {out} are the problems those that were answered. "
            "Were its columns changed? Run the batch again into this output; then review it."
        )
    marked = [replace(doubt, provisional=doubt.name in because) for doubt in doubts]
    return Queue(_without_copies(sorted(marked, key=lambda doubt: doubt.worth)), tuple(left_out))


def reviewed_cases(out: Path, reading: Reading, reviews: Reviews) -> list[dict[str, Any]]:
    """Return the problems that a person answered as cases of an eval set, each text once."""
    cases: dict[str, dict[str, Any]] = {}  # by `text_key`
    ids: set[str] = set()
    for line in read_lines(out, reading):
        for problem, row in enumerate(line.found, start=1):
            key = text_key(row.text)
            review = reviews.get(key)
            if not line.fits or review is None or review.outcome is None or key in cases:
                continue
            names = f"{line.form.id}-{problem}", f"row-{line.form.number}-{problem}", key
            name = next(name for name in names if name not in ids)
            ids.add(name)
            cases[key] = {"id": name, "text": row.text, "label": review.label}
    return list(cases.values())


def _line(number: int, values: Mapping[str, Any], reading: Reading, *, of_json: bool) -> Line:
    """Return a row of OUT with its form, for which the cells must be as the batch saw them.

    A list in JSON has become text in another format, and is a list again where that fits.
    """
    found = read_problems(values)
    ways: list[Mapping[str, Any]] = [values]
    if not of_json and reading.format in {None, "json", "jsonl"}:
        ways.insert(0, _with_lists(values, reading.columns.problems))
    forms = [
        read_form(
            Row(number, dict(way)), reading.columns, split=reading.split, usd_rate=reading.usd_rate
        )
        for way in ways
    ]
    form = next((form for form in forms if len(form.problems) == len(found)), forms[0])
    if len(form.problems) == len(found):
        pairs = zip(form.problems, found, strict=True)
        found = [replace(row, text=text) for text, row in pairs]
    return Line(values, form, found)


def _with_lists(values: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """Return a row in which cells of these columns that hold JSON are what they say."""
    changed = dict(values)
    for column in columns:
        cell = values.get(column)
        if isinstance(cell, str) and cell[:1] in {"[", "{"}:
            with suppress(ValueError, RecursionError):
                changed[column] = json.loads(cell)
    return changed


def _is_as_guessed(line: Line) -> bool:
    """Return whether a row, read by guess, leads to the recommendation that stands in it."""
    if not line.decided or not line.fits:
        return True
    verdict = line.decide(line.found).verdict
    stands = (line.values["triage_recommendation"], line.values.get("triage_rule"))
    return stands == (verdict.recommendation.value, verdict.rule.value)


def _doubts(
    line: Line, found: list[Classification], reviews: Reviews, *, again: bool
) -> Iterator[Doubt]:
    """Yield the problems of a row that are to be asked about."""
    for problem, row in enumerate(found, start=1):
        review = reviews.get(text_key(row.text))
        is_answered = review is not None and review.outcome is not None
        open_ = row.needs_review or (row.label is None and row.decided_by is not DecidedBy.PERSON)
        if open_ or (again and is_answered):
            stands = line.values.get("triage_recommendation") or None
            yield Doubt(line.form.number, problem, line.form.id, row, stands, review)


def _without_copies(doubts: list[Doubt]) -> tuple[Doubt, ...]:
    """Return the first of the problems with the same text, which knows how many there are."""
    copies = Counter(doubt.key for doubt in doubts)
    first = {doubt.key: doubt for doubt in reversed(doubts)}
    return tuple(
        replace(doubt, copies=copies[doubt.key] - 1)
        for doubt in doubts
        if first[doubt.key] is doubt
    )
