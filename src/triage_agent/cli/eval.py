"""`triage eval`: measures a backend; its subcommands are registered here."""

from collections.abc import Sequence
from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.eval_calibrate import calibrate
from triage_agent.cli.eval_recorded import cascade, compare
from triage_agent.cli.help_screen import MEASURING_OPTIONS, ScreenGroup, ScreenTyper
from triage_agent.cli.shared_options import (
    MEASURING,
    JsonOption,
    LabelOption,
    read_labels,
    with_options,
)
from triage_agent.cli.streams import say
from triage_agent.settings import Backend, Options

if TYPE_CHECKING:  # --help loads nothing heavy
    from triage_agent.evals import EvalRequest

app = ScreenTyper(cls=ScreenGroup, rich_markup_mode=None)
app.command(short_help="Measure how well a model's confidence is calibrated.")(calibrate)
app.command(short_help="Test whether B is better than A or it is noise.")(compare)
app.command(short_help="Show cost and accuracy of a cascade of two models.")(cascade)


class FixedSet(StrEnum):
    """The fixed sets."""

    PROBLEMS = "problems"
    DECISIONS = "decisions"
    BUSINESSES = "businesses"
    ATTACKS = "attacks"
    PERTURBATIONS = "perturbations"
    RED_FLAGS = "red-flags"
    REDACTION = "redaction"
    SPLITS = "splits"


@app.callback(invoke_without_command=True)
@with_options(MEASURING)
def measure(
    context: typer.Context,
    options: Options,
    sets: Annotated[
        list[FixedSet] | None,
        typer.Option(
            "--set",
            metavar="SET",
            help=f"A fixed set, repeatable: {', '.join(FixedSet)}. Default: problems.",
        ),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(help="Your own cases: a table with text and label."),
    ] = None,
    label: LabelOption = None,
    gate: Annotated[
        bool,
        typer.Option("--gate", help="The quality gate: every figure against its limit."),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Maximum number of cases (or pairs): a fixed stratified sample.",
            rich_help_panel=MEASURING_OPTIONS,
        ),
    ] = None,
    repeats: Annotated[
        int,
        typer.Option(
            min=1,
            max=50,
            help="How often each case is asked about.",
            rich_help_panel=MEASURING_OPTIONS,
        ),
    ] = 1,
    prior: Annotated[
        str,
        typer.Option(
            help="Also weight accuracy to this share of owners who need software.",
            rich_help_panel=MEASURING_OPTIONS,
        ),
    ] = "build=0.3",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A folder for the run and its report.")
    ] = None,
    force: Annotated[
        bool,
        typer.Option(
            "--force",
            help="Write over the run that the folder holds.",
            rich_help_panel=MEASURING_OPTIONS,
        ),
    ] = False,
    also: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MODEL",
            help="Measure this LLM too (or embedded), and print all side by side; may be given "
            "several times.",
            rich_help_panel=MEASURING_OPTIONS,
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a backend on a fixed set or on your own cases, with 95 % intervals.

    Errors and abstentions count as wrong. With --gate the exit code is 7 if a figure is worse
    than evals/gates.toml allows.
    """
    if context.invoked_subcommand is not None:
        return
    alone = {"--cases is a set of its own": cases, "--also is for the problems or --cases": also}
    if conflicts := [said for said, given in alone.items() if given and (sets or gate)]:
        raise typer.BadParameter(f"{conflicts[0]}: leave out --set and --gate.")
    if gate and (sets or options.backend in {Backend.LLM, Backend.CASCADE, Backend.TYPED}):
        raise typer.BadParameter(
            "--gate reads every set with the embedded model: leave out --set and --backend."
        )
    if gate and limit is not None:
        raise typer.BadParameter(
            "--gate needs every case, since its limits are for whole sets: leave out --limit."
        )
    from triage_agent.evals import EvalRequest

    request = EvalRequest(
        sets=tuple(one.value for one in (FixedSet if gate else sets or [FixedSet.PROBLEMS])),
        cases=cases,
        gate=gate,
        limit=limit,
        repeats=repeats,
        prior=read_prior(prior),
        output=output,
        force=force,
        options=replace(options, backend=Backend.EMBEDDED) if gate else options,
        labels=read_labels(label or (), cases),
    )
    raise typer.Exit(_several(request, also, as_json) if also else _one(request, as_json))


def _one(request: "EvalRequest", as_json: bool) -> int:
    """Measure one model, print its figures, and return the exit code."""
    from triage_agent.evals import evaluate, progress_bars, show_checks, show_summary
    from triage_agent.reports import print_json

    with progress_bars() as progress:
        result = evaluate(request, progress, say)
    if request.output:  # first, since whoever reads what is printed may go away
        say(f"written: {result.write(request.output)}")
    if as_json:
        print_json(result.values())
    else:
        show_summary(result.run.settings, result.summary)
    if result.checks is not None and not as_json:
        show_checks(result.checks)
    return result.exit_code


def _several(request: "EvalRequest", also: Sequence[str], as_json: bool) -> int:
    """Measure several models, print their figures side by side, and return the exit code."""
    from triage_agent.evals import evaluate_models, progress_bars, show_side_by_side
    from triage_agent.reports import print_json

    with progress_bars() as progress:
        runs = evaluate_models(request, also, progress, say)
    if as_json:
        for one in runs:
            print_json(one.values())
    else:
        show_side_by_side(runs)
    return max(one.result.exit_code for one in runs)


def read_prior(text: str) -> float:
    """Return the share of `build=0.3`, or of a bare number.

    >>> read_prior("build=0.3")
    0.3
    """
    name, _, number = text.rpartition("=")
    try:
        share = float(number)
    except ValueError:
        share = -1.0
    if name not in {"", "build"} or not 0 < share < 1:
        raise typer.BadParameter(f"--prior must be between 0 and 1, as in build=0.3, not {text!r}.")
    return share
