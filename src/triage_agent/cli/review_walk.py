"""The dialogue of `triage review`, and how it shows a problem."""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

from rich.console import Console
from rich.text import Text

from triage_agent.advice import Recommendation
from triage_agent.batch import Review, ReviewItem, ReviewQueue, append_review, to_look_at
from triage_agent.cli.editor import answer_line, choose
from triage_agent.cli.streams import say
from triage_agent.files import replace_surrogates
from triage_agent.intake import counted
from triage_agent.privacy import clean
from triage_agent.reports import (
    SCHEMA_VERSION,
    abstained_words,
    as_row,
    decided_words,
    label_words,
    print_block,
    print_json,
    recommendation_words,
    review_words,
    stderr_console,
    stdout_console,
    text_line,
)
from triage_agent.types import Label, Outcome

QUESTION = "What does this problem call for?"
NOTE = "Note (Enter removes it):"
LONGEST_SHOWN = 3_000  # characters of a problem's text
LONGEST_LISTED = 280
INDENT = "   "
QUEUED = (  # what OUT holds of a classified row
    "text",
    "outcome",
    "label",
    "probability",
    "probability_from",
    "decided_by",
    "abstained_because",
    "needs_review",
    "review_reasons",
    "evidence",
    "rationale",
    "error",
)


class ReviewChoice(Enum):
    """What can be answered about a problem."""

    BUILD = "software to build"
    AUTOMATE = "work to automate"
    OUTSIDE = "out of scope: no label is right"
    KEEP = "keep it as it is"
    SKIP = "skip it for now"
    NOTE = "add a note, then choose"
    QUIT = "quit"


def walk(items: Sequence[ReviewItem], path: Path) -> None:
    """Ask about one problem after the other; each answer is on the disk before the next question.

    Ctrl-C ends the program (exit code 130); what was answered is recorded.
    """
    if not items:
        say("Nothing is left to be looked at.")
        return
    say(f"{_to_look_at(items)}. Answers are recorded in {path.name}.")
    console, answered = stderr_console(), 0
    try:
        for place, item in enumerate(items, start=1):
            console.print()
            _show(console, item, longest=LONGEST_SHOWN)
            choice, note = _ask(item, f"{place} of {len(items)} · {QUESTION}")
            review = _review(item, choice, note)
            if review is not None:
                append_review(path, review)
                answered += review.outcome is not None
            if choice is ReviewChoice.QUIT:
                break
    except (KeyboardInterrupt, EOFError):  # EOFError: the terminal is gone
        say(
            "",
            f"Stopped. {counted(answered, 'problem')} answered and kept in {path}. "
            "The same command goes on; with --apply it writes the answers into the output.",
        )
        raise KeyboardInterrupt from None
    say("", f"{answered} of {counted(len(items), 'problem')} answered")


def show_queue(queue: ReviewQueue, *, as_json: bool) -> None:
    """Print what is to be looked at on standard output."""
    if as_json:
        for item in queue.items:
            print_json(as_queued(item))
        return
    console = stdout_console()
    for place, item in enumerate(queue.items, start=1):
        _show(console, item, longest=LONGEST_LISTED, first=f"{place}. ")
        console.print()
    say(_to_look_at(queue.items))


def as_queued(item: ReviewItem) -> dict[str, object]:
    """Return a problem of the queue as JSON values."""
    row = as_row(item.result)
    return {
        "schema_version": SCHEMA_VERSION,
        "row": item.row,
        "problem": item.problem,
        "id": item.id,
        "text_sha256": item.key,
        "recommendation": item.recommendation,
        "provisional": item.provisional,
        "copies": item.copies,
        "note": item.review.note if item.review else "",
        **{name: row[name] for name in QUEUED},
    }


def _ask(item: ReviewItem, question: str) -> tuple[ReviewChoice, str]:
    """Return what was chosen and the note, the earlier one if none is typed."""
    note = item.review.note if item.review else ""
    choices = list(ReviewChoice)
    if item.result.error:
        choices.remove(ReviewChoice.KEEP)
    while True:
        texts = [choice.value for choice in choices]
        choice = choices[texts.index(choose(question, texts))]
        if choice is not ReviewChoice.NOTE:
            return choice, note
        note = replace_surrogates(answer_line(NOTE))


def _review(item: ReviewItem, choice: ReviewChoice, note: str) -> Review | None:
    """Return the answer to be recorded; None: there is none."""
    row = item.result
    label: Label | None = None
    outcome: Outcome | None = None
    if choice in {ReviewChoice.SKIP, ReviewChoice.QUIT}:
        if note == (item.review.note if item.review else ""):
            return None
    elif choice is ReviewChoice.KEEP:
        label, outcome = row.label, row.outcome
    else:
        label = {ReviewChoice.BUILD: Label.BUILD, ReviewChoice.AUTOMATE: Label.AUTOMATE}.get(choice)
        outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    return Review(
        row=item.row,
        problem=item.problem,
        id=item.id,
        text_sha256=item.key,
        label=label,
        outcome=outcome,
        note=note,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _show(console: Console, item: ReviewItem, longest: int, first: str = INDENT) -> None:
    """Print what a person must know to answer: the place, the text, the result, and why.

    The text has its own lines, behind a bar, so that none of them looks like ours.
    """
    id_ = f" · id {item.id}" if item.id != str(item.row) else ""
    place = text_line(f"row {item.row}, problem {item.problem}{id_}", style="bold")
    print_block(console, place, indent=INDENT, first=first)
    text = clean(item.result.text).strip()
    shown = text if len(text) <= longest else f"{text[: longest - 1]}…"
    print_block(console, Text(shown), indent=f"{INDENT}│ ")
    for line in _lines(item):
        print_block(console, line, indent=INDENT)


def _lines(item: ReviewItem) -> Iterator[Text]:
    """Yield what is known about a problem, each fact on its line."""
    row = item.result
    if row.error:
        yield text_line(f"error: {row.error.message}", style="red")
    elif row.abstained_because:
        yield text_line(f"no label: {abstained_words(row.abstained_because)}", style="yellow")
    if row.label:
        yield text_line(f"{label_words(row.label)} · {decided_words(row)}", style="bold")
    if row.rationale:
        yield text_line(row.rationale)
    if row.evidence:
        yield text_line("evidence: " + " · ".join(f"“{quote}”" for quote in row.evidence))
    if row.needs_review:
        yield text_line(f"needs review: {review_words(row)}", style="yellow")
    if item.provisional and item.recommendation:
        yield text_line(f"it makes the recommendation provisional: {_said(item.recommendation)}")
    if item.copies:
        yield text_line(f"further problems with the same text: {item.copies}")
    if item.review and item.review.note:
        yield text_line(f"note: {item.review.note}")


def _to_look_at(items: Sequence[ReviewItem]) -> str:
    """Return how many problems the queue holds, as a batch counts them, and how many are asked."""
    problems = sum(1 + item.copies for item in items)
    once = f"; {len(items)} to ask, as equal texts are asked about once"
    return to_look_at(problems) + (once if problems > len(items) else "")


def _said(recommendation: str) -> str:
    """Return the recommendation of OUT in words, or as it stands if somebody has changed it."""
    try:
        return recommendation_words(Recommendation(recommendation))
    except ValueError:
        return recommendation
