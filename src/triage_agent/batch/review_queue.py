"""What a person should look at in the OUT of a batch, the most valuable first."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from triage_agent.batch.form import FormReading
from triage_agent.batch.group import Group
from triage_agent.batch.read_output import OutRow, read_out
from triage_agent.batch.reviews import (
    Review,
    Reviews,
    needs_person,
    reviews_path,
    text_key,
    worth,
)
from triage_agent.batch.write_output import errors_path, run_path
from triage_agent.errors import InputError, SettingsError
from triage_agent.files import check_writable, write_json_lines
from triage_agent.types import Classification, Label

# The ids that a case may have, the first that is free; its text; and what a person said of it.
Answered = tuple[Sequence[str], str, Label | None]


@dataclass(frozen=True, slots=True)
class ReviewItem:
    """A problem that a person should look at."""

    row: int  # as in `OutRow.form`
    problem: int  # from 1
    id: str  # the form's
    result: Classification  # the problem's text included
    recommendation: str | None  # of the business, as it stands in OUT; None: there is none
    review: Review | None  # the person's earlier answer
    provisional: bool = False  # whether the answer could change the recommendation
    copies: int = 0  # further problems with the same text, which the answer decides too
    business: str = ""  # its name; empty: the form gives none
    others: tuple[tuple[int, Classification], ...] = ()  # the form's further problems, by number

    @property
    def key(self) -> str:
        """What the answer is recorded under."""
        return text_key(self.result.text)

    @property
    def name(self) -> str:
        """The problem's name within OUT, as in `triage_provisional_because`."""
        return f"{self.row}.{self.problem}"

    @property
    def place(self) -> tuple[int, float, int, int]:
        """What the queue is sorted by."""
        return (*worth(self.result, provisional=self.provisional), self.row, self.problem)


@dataclass(frozen=True, slots=True)
class ReviewQueue:
    """What is to be looked at, most valuable first, and the rows in which nothing can be."""

    items: tuple[ReviewItem, ...]
    left_out: tuple[int, ...]  # rows whose problem columns hold other problems than were answered


def queue_for_review(
    out: Path, reading: FormReading, reviews: Reviews, *, again: bool = False
) -> ReviewQueue:
    """Return what a person should look at in OUT and has not yet; `again`: or has already.

    Problems with the same text are one. Raises `InputError` if in no row the problems are those
    that were answered.
    """
    groups: dict[str, Group] = {}
    because: set[str] = set()  # the names of the problems that make a recommendation provisional
    items: list[ReviewItem] = []
    left_out: list[int] = []
    rows = 0
    for rows, row in enumerate(read_out(out, reading), start=1):  # noqa: B007  (counted)
        number, results = row.form.number, row.reviewed(reviews)
        if row.fits:
            items += _items(row, results, reviews, again=again)
        else:
            left_out.append(number)
        if row.has_recommendation and row.form.business is not None:
            group = groups.setdefault(row.form.business, Group(row.form))
            group.add(row.form, results)
        elif row.has_recommendation:
            because.update(row.decide(results).provisional_because)
    for group in groups.values():
        because.update(group.decide()[0].provisional_because)
    if rows and len(left_out) == rows:
        raise InputError(
            f"In no row of {out} are the problems those that were answered. "
            "Were its columns changed? Run the batch again into this output; then review it."
        )
    marked = [replace(item, provisional=item.name in because) for item in items]
    in_order = sorted(marked, key=lambda item: item.place)
    return ReviewQueue(_without_copies(in_order), tuple(left_out))


def export_cases(out: Path, reading: FormReading, reviews: Reviews, to: Path) -> int:
    """Write the problems that a person answered as an eval set, and return how many there are.

    Raises `SettingsError` if `to` is not a new .jsonl file, `InputError` if nothing is answered.
    """
    check_writable(to, inputs=[out])
    taken = {path.resolve() for path in (out, errors_path(out), run_path(out), reviews_path(out))}
    if to.resolve() in taken or to.suffix.casefold() != ".jsonl":
        raise SettingsError(f"--export writes a new .jsonl file; {str(to)!r} cannot be that.")
    cases = as_cases(_answered(out, reading, reviews))
    if not cases:
        raise InputError(
            f"No problem of {out} has a person's answer yet; there is nothing to export. "
            f"Answer some first: triage review {out}"
        )
    return write_json_lines(to, cases)


def as_cases(answered: Iterable[Answered]) -> list[dict[str, Any]]:
    """Return what people said of problems as cases of an eval set, each text once."""
    cases: dict[str, dict[str, Any]] = {}  # by `text_key`
    ids: set[str] = set()
    for names, text, label in answered:
        key = text_key(text)
        if key not in cases:
            name = next(name for name in (*names, key) if name not in ids)
            ids.add(name)
            cases[key] = {"id": name, "text": text, "label": label}
    return list(cases.values())


def _answered(out: Path, reading: FormReading, reviews: Reviews) -> Iterator[Answered]:
    """Yield the problems of OUT that a person answered."""
    for row in read_out(out, reading):
        for problem, result in enumerate(row.results, start=1):
            review = reviews.get(text_key(result.text))
            if row.fits and review is not None and review.outcome is not None:
                names = f"{row.form.id}-{problem}", f"row-{row.form.number}-{problem}"
                yield names, result.text, review.label


def _items(
    row: OutRow, results: list[Classification], reviews: Reviews, *, again: bool
) -> Iterator[ReviewItem]:
    """Yield the problems of a row that are to be asked about."""
    recommendation = row.values.get("triage_recommendation") or None
    for problem, result in enumerate(results, start=1):
        review = reviews.get(text_key(result.text))
        is_answered = review is not None and review.outcome is not None
        if needs_person(result) or (again and is_answered):
            form = row.form
            others = tuple(one for one in enumerate(results, start=1) if one[0] != problem)
            yield ReviewItem(
                form.number,
                problem,
                form.id,
                result,
                recommendation,
                review,
                business=form.company or form.group or "",
                others=others,
            )


def _without_copies(items: list[ReviewItem]) -> tuple[ReviewItem, ...]:
    """Return the first of the problems with the same text, which knows how many there are."""
    copies = Counter(item.key for item in items)
    first = {item.key: item for item in reversed(items)}
    return tuple(
        replace(item, copies=copies[item.key] - 1) for item in items if first[item.key] is item
    )
