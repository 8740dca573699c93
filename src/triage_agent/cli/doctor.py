"""`triage doctor`: which backend would be used, and whether it works."""

import json
import os
import sys

import typer

from triage_agent.cli.options import (
    BackendOption,
    BaseUrlOption,
    CascadeAccuracyOption,
    CascadeCallsOption,
    CascadeOption,
    JsonOption,
    KeyOption,
    ModelOption,
    PriorOption,
    PromptOption,
    TimeoutOption,
)
from triage_agent.settings import USUAL_PRIOR, Backend, Tuning


def doctor(
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
    timeout: TimeoutOption = 120.0,
) -> None:
    """Check the set-up: which backend and why, is it reachable, does structured output work."""
    from triage_agent.models import examine
    from triage_agent.settings import choose_backend

    choice = choose_backend(backend, os.environ, model=model, base_url=base_url, api_key=api_key)
    tuning = Tuning(
        prompt,
        timeout,
        prior=prior,
        cascade_threshold=cascade_threshold,
        cascade_accuracy=cascade_accuracy,
        cascade_calls=cascade_calls,
    )
    findings = examine(choice, tuning)
    if as_json:
        values = {finding.check: {"ok": finding.ok, "says": finding.says} for finding in findings}
        sys.stdout.write(json.dumps(values, ensure_ascii=False) + "\n")
    else:
        for finding in findings:
            typer.echo(f"{'ok  ' if finding.ok else 'FAIL'} {finding.check}: {finding.says}")
    failed = [finding for finding in findings if not finding.ok]
    if failed:
        raise typer.Exit(failed[0].exit_code)
