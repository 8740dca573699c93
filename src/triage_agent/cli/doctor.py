"""`triage doctor`: which backend would be used, where each setting comes from, what works."""

from dataclasses import asdict
from typing import Any

import typer

from triage_agent.cli.setting_sources import Origin, command_values, origins
from triage_agent.cli.shared_options import RUNNING, JsonOption, with_options
from triage_agent.cli.streams import show
from triage_agent.settings import Options

MARKS = {True: "ok  ", False: "FAIL", None: "--  "}  # None: not needed, and it does not work


@with_options(RUNNING)
def doctor(context: typer.Context, options: Options, as_json: JsonOption = False) -> None:
    """Check the set-up: which backend and why, whether it is reachable, whether it answers well.

    It also shows where each setting comes from: the command line, the environment, triage.toml in
    the working folder, your own configuration file, or the default.
    """
    from triage_agent.models import check_backend
    from triage_agent.reports import print_json

    settings = [*origins(context, options), *command_values(context)]
    if not as_json:
        show(*_setting_lines(settings))
    findings = check_backend(options)
    if as_json:
        values: dict[str, dict[str, Any]] = {
            finding.check: {"ok": finding.ok, "says": finding.detail} for finding in findings
        }
        shown = {one.name: asdict(one) for one in settings}
        said = "; ".join(line.strip() for line in _setting_lines(settings))
        values = {"settings": {"ok": True, "says": said, "values": shown}, **values}
        print_json(values)
    else:
        for finding in findings:
            show(f"{MARKS[finding.ok]} {finding.check}: {finding.detail}")
    failed = [finding for finding in findings if finding.ok is False]
    if failed:
        raise typer.Exit(failed[0].exit_code)


def _setting_lines(settings: list[Origin]) -> list[str]:
    """Return the settings that are not defaults, one per line."""
    changed = [one for one in settings if one.source != "default"]
    lines = [f"     {one.name} = {one.value}, from {one.source}" for one in changed]
    return [*lines, f"     {'all other' if lines else 'all'} settings have their defaults"]
