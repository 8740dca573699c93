"""`triage eval`: how often a backend is right, how sure it may be, and whether B beats A."""

from dataclasses import replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.options import MEASURING, JsonOption, with_options
from triage_agent.settings import Backend, Options

app = typer.Typer(rich_markup_mode=None)


class Chosen(StrEnum):
    """The fixed sets."""

    PROBLEMS = "problems"
    DECISIONS = "decisions"
    BUSINESSES = "businesses"
    ATTACKS = "attacks"
    PERTURBATIONS = "perturbations"
    RED_FLAGS = "red-flags"


@app.callback(invoke_without_command=True)
@with_options(MEASURING)
def evaluate(
    context: typer.Context,
    options: Options,
    sets: Annotated[
        list[Chosen] | None,
        typer.Option("--set", help="A fixed set; may be given several times. Default: problems."),
    ] = None,
    cases: Annotated[
        Path | None,
        typer.Option(help="Your own cases instead: CSV, XLSX or JSON Lines with text and label."),
    ] = None,
    gate: Annotated[
        bool,
        typer.Option("--gate", help="Hold every set, and the recorded runs, against gates.toml."),
    ] = False,
    limit: Annotated[
        int | None,
        typer.Option(min=1, help="So many cases (or pairs), always the same ones, stratified."),
    ] = None,
    repeats: Annotated[int, typer.Option(min=1, max=50, help="Ask about each so often.")] = 1,
    prior: Annotated[
        str,
        typer.Option(help="The second view: the share of owners who need software built."),
    ] = "build=0.3",
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A folder for the run and its report.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure a backend on a fixed set or on your own cases, with 95 % intervals.

    Errors and abstentions count as wrong. `triage eval --gate` exits with 7 if a figure of the
    embedded model, of the rules or of a recorded LLM run is worse than evals/gates.toml allows.
    """
    if context.invoked_subcommand is not None:
        return
    from triage_agent.cli.eval_run import Wish, run

    if cases and (sets or gate):
        raise typer.BadParameter("--cases is a set of its own: leave out --set and --gate.")
    if gate and (sets or options.backend in {Backend.LLM, Backend.CASCADE}):
        raise typer.BadParameter(
            "--gate reads every set with the embedded model: leave out --set and --backend."
        )
    wish = Wish(
        sets=tuple(one.value for one in (Chosen if gate else sets or [Chosen.PROBLEMS])),
        cases=cases,
        gate=gate,
        limit=limit,
        repeats=repeats,
        prior=read_prior(prior),
        output=output,
        as_json=as_json,
        options=replace(options, backend=Backend.EMBEDDED) if gate else options,
    )
    raise typer.Exit(run(wish))


@app.command()
@with_options(MEASURING)
def calibrate(
    options: Options,
    cases: Annotated[
        Path | None,
        typer.Option(help="Your own labelled cases; default: a sample of prompts/examples.jsonl."),
    ] = None,
    limit: Annotated[
        int, typer.Option(min=50, help="So many cases at most, always the same ones.")
    ] = 300,
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", help="A file or folder; default: yours, where it is used."),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Learn how honest a model's confidence is, so that every later run corrects it.

    It asks about labelled cases that no reported figure uses, and keeps a map for this backend,
    model and prompt, with how often each tie rule is right.
    """
    from triage_agent.cli.eval_calibrate import Wish, run

    raise typer.Exit(run(Wish(cases, limit, output, as_json, options)))


@app.command()
def compare(
    baseline: Annotated[Path, typer.Argument(metavar="A", help="A run's folder.")],
    others: Annotated[
        list[Path], typer.Argument(metavar="B...", help="Others, on the same cases.")
    ],
    margin: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="A difference too small to matter.")
    ] = 0.03,
    as_json: JsonOption = False,
) -> None:
    """Say whether B is better than A or whether that is noise: paired, exact, corrected.

    Exit codes: 0 better or no difference, 7 worse, 8 too few cases to tell.
    """
    from triage_agent.cli.eval_compare import run

    raise typer.Exit(run(baseline, others, margin, as_json=as_json))


@app.command()
def cascade(
    small: Annotated[Path, typer.Argument(help="The embedded model's run.")],
    large: Annotated[Path, typer.Argument(help="The LLM's run, on the same cases.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A page with the chart (HTML).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Draw cost against accuracy of a cascade at every threshold, from two recorded runs."""
    from triage_agent.cli.eval_cascade import run

    run(small, large, output, as_json=as_json)


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
        raise typer.BadParameter(f"--prior {text!r} is not like build=0.3.")
    return share
