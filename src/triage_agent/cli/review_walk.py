"""The dialogue of `triage review`, and how it shows a problem."""

import json
import sys
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from enum import Enum
from pathlib import Path

import typer
from rich.console import Console
from rich.text import Text

from triage_agent.batch import Doubt, Queue, Review, append_review
from triage_agent.cli.session import answer_line, choose
from triage_agent.files import replace_surrogates
from triage_agent.reports import (
    SCHEMA_VERSION,
    abstained_words,
    as_row,
    clean,
    decided_words,
    review_words,
    stdout_console,
)
from triage_agent.types import Label, Outcome

QUESTION = "What does this problem call for?"
NOTE = "Note (Enter removes it):"
LONGEST_SHOWN = 3_000  # characters of a problem's text
LONGEST_LISTED = 280
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


class Choice(Enum):
    """What can be answered about a problem."""

    BUILD = "build-software: something is to be built"
    AUTOMATE = "automate-process: work is to run by itself"
    OUTSIDE = "out of scope: no label is right"
    KEEP = "keep it as it is"
    SKIP = "skip it for now"
    NOTE = "add a note, then choose"
    QUIT = "quit"


def walk(doubts: Sequence[Doubt], path: Path) -> None:
    """Ask about one problem after the other; each answer is on the disk before the next question.

    Ctrl-C ends the program (exit code 130); what was answered is kept.
    """
    if not doubts:
        typer.echo("Nothing is left to be looked at.", err=True)
        return
    typer.echo(f"{_count(len(doubts))} to look at. Answers are kept in {path.name}.", err=True)
    console, answered = Console(file=sys.stderr, highlight=False), 0
    try:
        for place, doubt in enumerate(doubts, start=1):
            console.print()
            for line in _lines(doubt, longest=LONGEST_SHOWN):
                _print(console, line)
            choice, note = _ask(doubt, f"{place} of {len(doubts)} · {QUESTION}")
            review = _review(doubt, choice, note)
            if review is not None:
                append_review(path, review)
                answered += review.outcome is not None
            if choice is Choice.QUIT:
                break
    except (KeyboardInterrupt, EOFError):  # EOFError: the terminal is gone
        typer.echo(
            f"\nStopped. {_count(answered)} answered and kept in {path}. The same command goes on; "
            "with --apply it writes the answers into the output.",
            err=True,
        )
        raise KeyboardInterrupt from None
    typer.echo(f"\n{answered} of {_count(len(doubts))} answered", err=True)


def show_queue(queue: Queue, *, as_json: bool) -> None:
    """Print what is to be looked at on standard output."""
    if as_json:
        for doubt in queue.doubts:
            sys.stdout.write(json.dumps(as_queued(doubt), ensure_ascii=False) + "\n")
        return
    console = stdout_console()
    for place, doubt in enumerate(queue.doubts, start=1):
        first, *lines = _lines(doubt, longest=LONGEST_LISTED)
        _print(console, Text(f"{place}. ").append_text(first), indent="")
        for line in lines:
            _print(console, line)
        console.print()
    typer.echo(f"{_count(len(queue.doubts))} to look at", err=True)


def as_queued(doubt: Doubt) -> dict[str, object]:
    """Return a problem of the queue as JSON values."""
    row = as_row(doubt.found)
    return {
        "schema_version": SCHEMA_VERSION,
        "row": doubt.row,
        "problem": doubt.problem,
        "id": doubt.id,
        "text_sha256": doubt.key,
        "recommendation": doubt.recommendation,
        "provisional": doubt.provisional,
        "copies": doubt.copies,
        "note": doubt.review.note if doubt.review else "",
        **{name: row[name] for name in QUEUED},
    }


def _ask(doubt: Doubt, question: str) -> tuple[Choice, str]:
    """Return what was chosen and the note, the earlier one if none is typed."""
    note = doubt.review.note if doubt.review else ""
    choices = [choice for choice in Choice if choice is not Choice.KEEP or not doubt.found.error]
    while True:
        texts = [choice.value for choice in choices]
        choice = choices[texts.index(choose(question, texts))]
        if choice is not Choice.NOTE:
            return choice, note
        note = replace_surrogates(answer_line(NOTE))


def _review(doubt: Doubt, choice: Choice, note: str) -> Review | None:
    """Return the answer to be kept; None if nothing was said."""
    row = doubt.found
    label: Label | None = None
    outcome: Outcome | None = None
    if choice in {Choice.SKIP, Choice.QUIT}:
        if note == (doubt.review.note if doubt.review else ""):
            return None
    elif choice is Choice.KEEP:
        label, outcome = row.label, row.outcome
    else:
        label = {Choice.BUILD: Label.BUILD, Choice.AUTOMATE: Label.AUTOMATE}.get(choice)
        outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    return Review(
        row=doubt.row,
        problem=doubt.problem,
        id=doubt.id,
        text_sha256=doubt.key,
        label=label,
        outcome=outcome,
        note=note,
        at=datetime.now(UTC).isoformat(timespec="seconds"),
    )


def _lines(doubt: Doubt, longest: int) -> Iterator[Text]:
    """Yield what a person must know to answer: the place, the text, what was found, and why."""
    row = doubt.found
    id_ = f" · id {clean(doubt.id)}" if doubt.id != str(doubt.row) else ""
    yield Text(f"row {doubt.row}, problem {doubt.problem}{id_}", style="bold")
    text = clean(row.text).strip()
    yield Text(text if len(text) <= longest else f"{text[: longest - 1]}…")
    if row.error:
        yield Text(f"error: {clean(row.error.message)}", style="red")
    elif row.abstained_because:
        yield Text(f"no label: {abstained_words(row.abstained_because)}", style="yellow")
    if row.label:
        yield Text(f"{row.label.value} · {decided_words(row)}", style="bold")
    if row.rationale:
        yield Text(clean(row.rationale))
    if row.evidence:
        yield Text("evidence: " + " · ".join(f"“{clean(quote)}”" for quote in row.evidence))
    if row.needs_review:
        yield Text(f"needs review: {review_words(row)}", style="yellow")
    if doubt.provisional:
        yield Text(f"it makes the recommendation {doubt.recommendation} provisional")
    if doubt.copies:
        yield Text(f"further problems with the same text: {doubt.copies}")
    if doubt.review and doubt.review.note:
        yield Text(f"note: {clean(doubt.review.note)}")


def _print(console: Console, text: Text, indent: str = "   ") -> None:
    """Print text wrapped to the console's width behind an indent, without trailing spaces."""
    for line in text.wrap(console, max(20, console.width - len(indent))):
        line.rstrip()
        console.print(Text(indent).append_text(line), soft_wrap=True)


def _count(number: int) -> str:
    """Return a number of problems in words."""
    return f"{number} problem{'' if number == 1 else 's'}"
