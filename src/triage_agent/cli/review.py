"""`triage review`: a person looks at the doubtful rows of a batch's output."""

from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.shared_options import JsonOption
from triage_agent.cli.streams import say
from triage_agent.errors import SettingsError

if TYPE_CHECKING:
    from triage_agent.batch import Applied


def review(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="Output of `triage batch`: .csv, .xlsx or .jsonl.")
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Also ask about problems that are already answered.")
    ] = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="Print the problems that need a person, without asking.")
    ] = False,
    only_apply: Annotated[
        bool, typer.Option("--apply", help="Write the recorded answers into OUT, without asking.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="CASES",
            help="Write the answered problems as an eval set, without asking.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Ask a person about the problems that need one, the most valuable first.

    First those that could change a recommendation, then the least probable. Each answer is
    recorded at once in OUT.reviews.jsonl, under the text of the problem. At the end OUT gets the
    labels, and its recommendations are decided again. Ctrl-C stops; the same command continues.
    """
    from triage_agent.batch import (
        apply_to_out,
        export_cases,
        how_to_read,
        load_reviews,
        queue_for_review,
        reviews_path,
    )
    from triage_agent.cli.review_walk import show_queue, walk
    from triage_agent.cli.telling import in_terminal

    asking = not (only_list or only_apply or export)
    if only_list and (only_apply or export):
        raise typer.BadParameter("--list goes with neither --apply nor --export.")
    if asking and not in_terminal():
        raise SettingsError(
            "The review asks its questions in a terminal, and there is none here; "
            "--list, --apply and --export work without one."
        )
    reading, path = how_to_read(out), reviews_path(out)
    reviews = load_reviews(path)
    if only_list or asking:
        queue = queue_for_review(out, reading, reviews, again=again)
        _report_left_out(queue.left_out)
    if only_list:
        show_queue(queue, as_json=as_json)
    if asking:
        walk(queue.items, path)
        reviews = load_reviews(path)
    if asking or only_apply:
        _show_applied(out, apply_to_out(out, reading, reviews), as_json=as_json)
    if export:
        count = export_cases(out, reading, reviews, export)
        say(
            f"written: {export}; cases: {count}. Measure on them: triage eval --cases {export}",
        )


def _report_left_out(rows: Sequence[int]) -> None:
    """Say which rows cannot be reviewed."""
    if rows:
        shown = ", ".join(map(str, rows[:10])) + (", …" if rows[10:] else "")
        say(
            f"Rows left out: {len(rows)} (row {shown}). Their problem columns hold other "
            "problems than were answered. Run the batch again to have them answered.",
        )


def _show_applied(out: Path, applied: "Applied", *, as_json: bool) -> None:
    """Say what the answers changed in OUT."""
    from triage_agent.reports import print_json

    if as_json:
        print_json(asdict(applied))
    elif applied.problems:
        say(
            f"written: {out}. Problems decided by a person: {applied.problems}, in rows: "
            f"{applied.rows}; recommendations that changed: {applied.recommendations}",
        )
    else:
        say(f"{out} is as the answers say; nothing was written.")
