"""`triage doctor`: which backend would be used, and whether it works."""

import json
import sys

import typer

from triage_agent.cli.options import CHECKING, JsonOption, with_options
from triage_agent.settings import Options


@with_options(CHECKING)
def doctor(
    options: Options,
    as_json: JsonOption = False,
) -> None:
    """Check the set-up: which backend and why, is it reachable, does structured output work."""
    from triage_agent.models import examine

    findings = examine(options)
    if as_json:
        values = {finding.check: {"ok": finding.ok, "says": finding.detail} for finding in findings}
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.check}: {finding.detail}")
    failed = [finding for finding in findings if not finding.ok]
    if failed:
        raise typer.Exit(failed[0].exit_code)
