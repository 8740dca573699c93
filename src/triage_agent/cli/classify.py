"""`triage classify`: one result a problem."""

import itertools
import json
import sys
from typing import Annotated

import typer

from triage_agent.cli.options import READING, AskOption, JsonOption, with_options
from triage_agent.settings import Options


@with_options(READING)
def classify(
    options: Options,
    problems: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROBLEM]...", help="Problems; without any, standard input."),
    ] = None,
    as_json: JsonOption = False,
    ask: AskOption = True,
) -> None:
    """Say of each problem whether it calls for building software or automating a process.

    Standard input may be plain text (a problem a line, or a paragraph if blank lines are present;
    numbered lists are understood) or JSON Lines with "text" and an optional "id".
    """
    from triage_agent.cli.session import Session, read_problems
    from triage_agent.reports import as_row, show_problem, stdout_console
    from triage_agent.types import Classification

    session = Session.open(options)
    console, rows = stdout_console(), itertools.count(1)
    failed = False

    def show(row: Classification) -> None:
        nonlocal failed
        failed = failed or row.error is not None
        if as_json:
            sys.stdout.write(json.dumps(as_row(row), ensure_ascii=False) + "\n")
        else:
            show_problem(console, next(rows), row)

    session.classify(read_problems(problems), show, ask=ask and not as_json)
    if failed:
        raise typer.Exit(3)
