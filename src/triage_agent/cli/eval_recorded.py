"""`triage eval compare` and `triage eval cascade`: commands that read recorded runs."""

from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.shared_options import JsonOption


def compare(
    baseline: Annotated[Path, typer.Argument(metavar="A", help="The folder of a run.")],
    others: Annotated[
        list[Path], typer.Argument(metavar="B...", help="Folders of runs on the same cases.")
    ],
    margin: Annotated[
        float, typer.Option(min=0.001, max=0.5, help="The smallest difference that matters.")
    ] = 0.03,
    as_json: JsonOption = False,
) -> None:
    """Test whether B is better than A or the difference is noise: paired, exact, corrected.

    Exit codes: 0 better or no difference, 7 worse, 8 too few cases to tell.
    """
    from triage_agent.evals import compare_runs, comparison_exit_code, show_lines
    from triage_agent.reports import print_json

    comparisons = compare_runs(baseline, others, margin)
    for name, comparison in comparisons.items():
        if as_json:
            values = comparison.values(baseline, name)
            print_json(values)
        else:
            show_lines(comparison.lines(baseline, name))
    raise typer.Exit(comparison_exit_code(comparisons))


def cascade(
    small: Annotated[Path, typer.Argument(help="The folder of a run of the embedded model.")],
    large: Annotated[Path, typer.Argument(help="The folder of a run of an LLM on the same cases.")],
    output: Annotated[
        Path | None, typer.Option("-o", "--output", help="A page with the chart (HTML).")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Show cost and accuracy of a cascade at every threshold, from two recorded runs."""
    from triage_agent.evals import cascade_of_runs, cascade_page, show_curve
    from triage_agent.files import check_writable, write_text
    from triage_agent.reports import print_json

    if output:
        check_writable(output)
    names, curve = cascade_of_runs(small, large)
    if output:  # first, since whoever reads what is printed may go away
        write_text(output, cascade_page(names, curve))
    if as_json:
        print_json(asdict(curve))
    else:
        show_curve(names, curve)
