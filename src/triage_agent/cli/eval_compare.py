"""What `triage eval compare` does: read the runs, compare, show."""

import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from rich.text import Text

from triage_agent.errors import InputError
from triage_agent.evals import Comparison, compare_many, exit_code, read_rows
from triage_agent.reports import clean, stdout_console

CHANGED_SHOWN = 10


def run(baseline: Path, others: Sequence[Path], margin: float, *, as_json: bool) -> int:
    """Compare every other run with the baseline, and return the exit code."""
    names = {str(path): path for path in others}
    if len(names) < len(others):
        raise InputError("The same run is named twice. Name every run once.")
    rows = {name: read_rows(path) for name, path in names.items()}
    found = compare_many(read_rows(baseline), rows, margin)
    if as_json:
        for name, comparison in found.items():
            values = asdict(comparison) | {"changed": [c._asdict() for c in comparison.changed]}
            record = {"baseline": str(baseline), "run": name, **values}
            sys.stdout.write(json.dumps(record, ensure_ascii=False) + "\n")
    else:
        console = stdout_console()
        for name, comparison in found.items():
            for line in lines(str(baseline), name, comparison):
                console.print(Text(clean(line)))
    return exit_code(found)


def lines(baseline: str, name: str, found: Comparison) -> list[str]:
    """Return a comparison in words."""
    shown = [
        f"{name} against {baseline}: {found.verdict.value}",
        f"  right on {found.right_b} of {found.n}, against {found.right_a}",
        f"  right alone on {found.only_b}, against {found.only_a}",
        f"  difference {found.difference:+.3f} [{found.low:+.3f}, {found.high:+.3f}]",
        f"  p = {found.p:.4f} (exact McNemar), corrected for all runs {found.p_holm:.4f}",
    ]
    if found.detectable is not None:
        shown.append(f"  a difference of {found.detectable:.3f} would be found 4 times of 5")
    shown += [
        f"  now {change.became}: {change.id} ({change.a} → {change.b})"
        for change in found.changed[:CHANGED_SHOWN]
    ]
    if len(found.changed) > CHANGED_SHOWN:
        shown.append(f"  and {len(found.changed) - CHANGED_SHOWN} more (--json lists all)")
    return shown
