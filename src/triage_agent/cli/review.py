"""`triage review`: a person looks at the doubtful rows of a batch's output."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.options import JsonOption
from triage_agent.errors import InputError, SettingsError, TriageError

if TYPE_CHECKING:
    from triage_agent.batch import Queue, Reading, Reviews


def review(
    out: Annotated[
        Path, typer.Argument(metavar="OUT", help="What `triage batch` wrote: .csv, .xlsx, .jsonl.")
    ],
    again: Annotated[
        bool, typer.Option("--again", help="Ask about answered problems too.")
    ] = False,
    only_list: Annotated[
        bool, typer.Option("--list", help="Print what is to be looked at, ask nothing.")
    ] = False,
    only_apply: Annotated[
        bool, typer.Option("--apply", help="Write the recorded answers into OUT, ask nothing.")
    ] = False,
    export: Annotated[
        Path | None,
        typer.Option(
            metavar="CASES", help="Write answered problems as an eval set (.jsonl), ask nothing."
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Walk through the problems that need a person, most valuable first, and settle them.

    First those that could change a recommendation, then the least certain. Each answer is kept at
    once in OUT.reviews.jsonl, under the problem's text; at the end OUT gets the labels and its
    recommendations are made anew. Ctrl-C stops; the same command goes on.
    """
    from triage_agent.batch import how_to_read, load_reviews, review_queue, reviews_path
    from triage_agent.cli.review_walk import show_queue, walk
    from triage_agent.cli.session import in_terminal

    asking = not (only_list or only_apply or export)
    if only_list and (only_apply or export):
        raise typer.BadParameter("--list goes with neither --apply nor --export.")
    if asking and not in_terminal():
        raise SettingsError(
            "The review asks its questions in a terminal, and this is none. Without one there are "
            "--list, --apply and --export."
        )
    reading = how_to_read(out)
    path = reviews_path(out)
    reviews = load_reviews(path)
    if only_list or asking:
        queue = review_queue(out, reading, reviews, again=again)
        _say_left_out(queue)
    if only_list:
        show_queue(queue, as_json=as_json)
        return
    if asking:
        walk(queue.doubts, path)
        reviews = load_reviews(path)
    if asking or only_apply:
        _settle(out, reading, reviews, as_json=as_json)
    if export:
        _export(out, reading, reviews, export)


def _say_left_out(queue: "Queue") -> None:
    """Say which rows cannot be reviewed."""
    if queue.left_out:
        shown = ", ".join(map(str, queue.left_out[:10])) + (", …" if queue.left_out[10:] else "")
        typer.echo(
            f"Rows left out: {len(queue.left_out)} (row {shown}). Their problem columns hold other "
            "problems than were answered. Run the batch again to have them answered.",
            err=True,
        )


def _settle(out: Path, reading: "Reading", reviews: "Reviews", *, as_json: bool) -> None:
    """Write the answers into OUT, and say what changed."""
    from dataclasses import asdict

    from triage_agent.batch import reviews_path, settle

    try:
        settled = settle(out, reading, reviews)
    except TriageError as error:
        error.message += (
            f" The answers are kept in {reviews_path(out).name}; "
            f"`triage review {out} --apply` writes them into {out.name}."
        )
        raise
    if as_json:
        sys.stdout.write(json.dumps(asdict(settled)) + "\n")
    elif settled.problems:
        typer.echo(
            f"written: {out}. Problems settled by a person: {settled.problems}, in rows: "
            f"{settled.rows}; recommendations that changed: {settled.recommendations}",
            err=True,
        )
    else:
        typer.echo(f"{out} is as the answers say; nothing was written.", err=True)


def _export(out: Path, reading: "Reading", reviews: "Reviews", to: Path) -> None:
    """Write the answered problems as an eval set, and say how many there are."""
    from triage_agent.batch import errors_path, reviewed_cases, reviews_path, run_path
    from triage_agent.files import write_json_lines

    taken = {path.resolve() for path in (out, errors_path(out), run_path(out), reviews_path(out))}
    if to.resolve() in taken or to.suffix.casefold() != ".jsonl":
        raise SettingsError(f"--export writes a new .jsonl file; {str(to)!r} cannot be that.")
    cases = reviewed_cases(out, reading, reviews)
    if not cases:
        raise InputError(
            f"No problem of {out} has a person's answer yet; there is nothing to export. "
            f"Answer some first: triage review {out}"
        )
    write_json_lines(to, cases)
    typer.echo(
        f"written: {to}; cases: {len(cases)}. Measure on them: triage eval --cases {to}", err=True
    )
