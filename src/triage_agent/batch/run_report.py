"""What a batch says about its results when it has ended."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from triage_agent.advice import Recommendation
from triage_agent.batch.front_sheet import NOTES
from triage_agent.batch.no_forms import no_forms_note
from triage_agent.batch.reviews import reviews_path
from triage_agent.batch.tally import Tally, to_look_at
from triage_agent.batch.write_output import errors_path, run_path
from triage_agent.intake import counted, percent
from triage_agent.models import OpenBackend
from triage_agent.reports import counted_words, recommendation_words
from triage_agent.settings import Backend
from triage_agent.tables import FRONT, Survey


def rows_shown(survey: Survey) -> str:
    """Return how many rows a table has, and which of them are no forms."""
    if survey.rows is None:
        return "an unknown number of rows"
    note = no_forms_note(survey.no_forms)
    return f"{counted(survey.rows, 'row')}{f', {note}' if note else ''}"


def result_lines(out: Path, opened: OpenBackend, tally: Tally) -> Iterator[str]:
    """Yield lines about what came out, and where it is."""
    spent = opened.spent_usd
    share = tally.to_look_at / tally.problems if tally.problems else 0
    yield ""
    yield f"answers: {_counts(tally.labels, counted_words)}"
    if tally.recommendations:
        yield f"recommendations: {_counts(tally.recommendations, _recommended)}"
    yield f"{to_look_at(tally.to_look_at)}, of {tally.problems:,} ({percent(share)})"
    if tally.reviewed:
        reviewed = counted(tally.reviewed, "problem is", "problems are")
        yield f"{reviewed} as a person decided ({reviews_path(out).name})"
    if tally.blank:
        forms = counted(tally.blank, "form is", "forms are")
        yield f"{forms} empty (no answer, at most a date or an id), and no business"
    if tally.no_forms:
        yield f"rows that are no forms, carried along without an answer: {tally.no_forms}"
    if tally.complaints:
        unread = counted(tally.complaints, "row holds", "rows hold")
        yield f"{unread} something that could not be read: {_notes_column(out)}"
    if opened.splits_line:
        yield opened.splits_line
    if opened.model.backend != Backend.EMBEDDED:
        money = f"${spent:.4f}" if spent is not None else "cost unknown (no price; see --price)"
        yield (
            f"{counted(tally.usage.calls, 'call')}, {tally.usage.input_tokens:,} + "
            f"{tally.usage.output_tokens:,} tokens, {money} so far for this output; "
            f"{counted(opened.cached_answers, 'answer')} from the cache"
        )
    yield f"written: {out} and {run_path(out).name}"
    if tally.errors:
        kind, times = tally.error_types.most_common(1)[0]
        yield (
            f"{counted(tally.errors, 'problem')} ended in an error: {errors_path(out)}. "
            "The same command with --retry-errors asks again about just those rows."
        )
        yield f"{times} of them: {tally.messages[kind]}"


def _counts(counter: Mapping[str, int], words: Callable[[str], str]) -> str:
    """Return counts in words, most first."""
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return "; ".join(f"{words(name)}: {count:,}" for name, count in ordered) or "none"


def _notes_column(out: Path) -> str:
    """Return where OUT says what was noticed while a row was read."""
    if out.suffix.casefold() == ".xlsx":
        return f"see the column “{NOTES}” of the sheet “{FRONT}”"
    return "see the column triage_notes"


def _recommended(value: str) -> str:
    return recommendation_words(Recommendation(value))
