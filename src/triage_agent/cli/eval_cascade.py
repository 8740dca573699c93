"""What `triage eval cascade` does: two recorded runs in, cost against accuracy out."""

import json
import sys
from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from triage_agent.evals import Curve, Step, cascade_curve, read_rows, read_settings
from triage_agent.files import write_text
from triage_agent.reports import stdout_console

ROWS_SHOWN = 12


def run(small: Path, large: Path, output: Path | None, *, as_json: bool) -> None:
    """Show what a cascade of two runs would have cost and got right."""
    curve = cascade_curve(read_rows(small), read_rows(large))
    names = [str(read_settings(folder)["model"]) for folder in (small, large)]
    if as_json:
        sys.stdout.write(json.dumps(asdict(curve)) + "\n")
    else:
        show(names, curve)
    if output:
        from triage_agent.evals import cascade_page

        write_text(output, cascade_page(names, curve))


def show(names: list[str], curve: Curve) -> None:
    """Print some of the thresholds, both models alone at the ends."""
    table = Table(box=None, pad_edge=False)
    for name in ("threshold", "LLM calls", "accuracy", "counts", "95 % interval"):
        table.add_column(name, justify="right")
    for step in thinned(curve.steps):
        found = step.accuracy
        table.add_row(
            f"{step.threshold:.3f}",
            f"{step.calls.value or 0.0:.0%}",
            f"{found.value or 0.0:.3f}",
            f"{found.right}/{found.total}",
            f"{found.low or 0.0:.3f}–{found.high or 0.0:.3f}",
        )
    console = stdout_console()
    console.print(table)
    for name, alone in zip(names, (curve.small, curve.large), strict=True):
        console.print(f"{name} alone: {alone.value or 0.0:.3f} ({alone.right}/{alone.total})")


def thinned(steps: tuple[Step, ...]) -> list[Step]:
    """Return at most a dozen steps, both ends among them, evenly spread over the calls."""
    if len(steps) <= ROWS_SHOWN:
        return list(steps)
    last = len(steps) - 1
    return [steps[round(place * last / (ROWS_SHOWN - 1))] for place in range(ROWS_SHOWN)]
