"""`triage eval calibrate`: corrects a model's confidence in every later run."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.help_screen import MEASURING_OPTIONS
from triage_agent.cli.shared_options import (
    MEASURING,
    JsonOption,
    LabelOption,
    read_labels,
    with_options,
)
from triage_agent.cli.streams import say
from triage_agent.settings import Options


@with_options(MEASURING)
def calibrate(
    options: Options,
    cases: Annotated[
        Path | None,
        typer.Option(help="Your own labelled cases. Default: a sample of the shipped examples."),
    ] = None,
    label: LabelOption = None,
    limit: Annotated[
        int,
        typer.Option(
            min=50,
            help="Maximum number of cases (a fixed sample).",
            rich_help_panel=MEASURING_OPTIONS,
        ),
    ] = 300,
    output: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--output",
            help="The file to write, or its folder. Default: your own folder, where runs look.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Measure how well a model's confidence is calibrated, to correct later runs.

    The model answers labelled cases that no reported figure uses. The calibration is written for
    this backend, model and prompt, with how often each tie rule is right.
    """
    from triage_agent.evals import CalibrationRequest, fit_and_write, progress_bars, show_lines
    from triage_agent.reports import print_json

    request = CalibrationRequest(cases, limit, output, options, read_labels(label or (), cases))
    with progress_bars() as progress:
        result = fit_and_write(request, progress, say)
    if as_json:
        print_json(result.values())
    else:
        show_lines(result.lines())
    raise typer.Exit(result.exit_code)
