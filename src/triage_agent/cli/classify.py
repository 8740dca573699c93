"""`triage classify`: one result a problem."""

import itertools
import json
import sys
from typing import Annotated

import typer

from triage_agent.cli.options import (
    AskOption,
    BackendOption,
    BaseUrlOption,
    CascadeAccuracyOption,
    CascadeCallsOption,
    CascadeOption,
    FreshOption,
    JsonOption,
    KeyOption,
    ModelOption,
    PriorOption,
    PromptOption,
    RedactOption,
    ThresholdOption,
    TimeoutOption,
    VotesOption,
)
from triage_agent.settings import USUAL_PRIOR, Backend, Tuning


def classify(
    problems: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROBLEM]...", help="Problems; without any, standard input."),
    ] = None,
    as_json: JsonOption = False,
    backend: BackendOption = Backend.AUTO,
    model: ModelOption = None,
    base_url: BaseUrlOption = None,
    api_key: KeyOption = None,
    prior: PriorOption = USUAL_PRIOR,
    cascade_threshold: CascadeOption = None,
    cascade_accuracy: CascadeAccuracyOption = None,
    cascade_calls: CascadeCallsOption = None,
    prompt: PromptOption = "guide",
    threshold: ThresholdOption = 0.65,
    timeout: TimeoutOption = 120.0,
    votes: VotesOption = 1,
    redact: RedactOption = None,
    fresh: FreshOption = False,
    ask: AskOption = True,
) -> None:
    """Say of each problem whether it calls for building software or automating a process.

    Standard input may be plain text (a problem a line, or a paragraph if blank lines are present;
    numbered lists are understood) or JSON Lines with "text" and an optional "id".
    """
    from triage_agent.cli.session import Session, read_problems
    from triage_agent.reports import as_row, show_problem, stdout_console
    from triage_agent.types import Classification

    tuning = Tuning(
        prompt,
        timeout,
        votes,
        redact=redact,
        fresh=fresh,
        prior=prior,
        cascade_threshold=cascade_threshold,
        cascade_accuracy=cascade_accuracy,
        cascade_calls=cascade_calls,
    )
    session = Session.open(backend, model, base_url, api_key, tuning=tuning, threshold=threshold)
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
