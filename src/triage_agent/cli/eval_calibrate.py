"""What `triage eval calibrate` does: ask about labelled cases, fit, show, write."""

import asyncio
import json
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.progress import Progress
from rich.text import Text

from triage_agent.classify import Policy
from triage_agent.errors import SettingsError
from triage_agent.evals import EvalRow, Split, choose_split, run_cases
from triage_agent.files import write_json
from triage_agent.models import (
    MIN_TIES,
    Calibration,
    Isotonic,
    OpenBackend,
    Platt,
    calibration_folder,
    load_prompt,
    open_backend,
)
from triage_agent.reports import stdout_console
from triage_agent.settings import Backend, Options, choose_backend

if TYPE_CHECKING:  # it takes long to import, and a refusal should not wait for it
    from triage_agent.evals import Fitted, Listening


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    cases: Path | None
    limit: int
    output: Path | None
    as_json: bool
    options: Options


def run(wish: Wish) -> int:
    """Fit a calibration and write it; return the exit code."""
    choice = choose_backend(wish.options)
    prompt = None if choice.backend is Backend.EMBEDDED else load_prompt(wish.options.prompt)
    split = choose_split(wish.cases, wish.limit, choice.backend, prompt)
    folder = _make_folder(wish)  # what cannot be written is known before anything is paid for
    from triage_agent.cli.eval_run import EXIT_ERRORS
    from triage_agent.evals import Listening, fit

    opened = open_backend(wish.options)
    typer.echo(opened.line, err=True)
    said = Listening(opened.model)
    rows = asyncio.run(_ask(wish, opened, said, split))
    identity = opened.model.identity
    today = datetime.now(UTC).date()
    fitted = fit(identity, split, rows, said, wish.options.threshold, today)
    path = wish.output if wish.output and folder != wish.output else folder / identity.file_name
    write_json(path, fitted.calibration.model_dump(mode="json"))
    if wish.as_json:
        sys.stdout.write(json.dumps(values(fitted, split), ensure_ascii=False) + "\n")
    else:
        console = stdout_console()
        for line in lines(fitted, split):
            console.print(Text(line))
    typer.echo(f"written: {path}", err=True)
    return EXIT_ERRORS if fitted.errors else 0


async def _ask(wish: Wish, opened: OpenBackend, said: "Listening", split: Split) -> list[EvalRow]:
    """Return what became of each case, and close the backend whatever happens."""
    from triage_agent.cli.eval_run import LOCAL_WIDTH

    local = opened.model.backend == Backend.EMBEDDED
    console = Console(file=sys.stderr)
    try:
        with Progress(console=console, transient=True, disable=not console.is_terminal) as bar:
            task = bar.add_task("cases", total=len(split.cases))
            rows, _ = await run_cases(
                split.cases,
                said,
                Policy(wish.options.threshold),
                width=LOCAL_WIDTH if local else wish.options.max_concurrency,
                step=lambda done: bar.update(task, completed=done),
            )
        return rows
    finally:
        await opened.aclose()


def lines(fitted: "Fitted", split: Split) -> list[str]:
    """Return a calibration in words."""
    made, losses = fitted.calibration, fitted.log_losses
    prompt = f", prompt {made.prompt}" if made.prompt else ""
    answered = fitted.asked - fitted.abstained - fitted.errors
    asked = f"{fitted.asked} cases of {split.fitted_on.file}: {answered} answered"
    shown = [
        f"{made.backend}: {made.model}{prompt}",
        f"{asked}, {fitted.abstained} abstained, {fitted.errors} in error",
        f"{made.prior:.0%} of the answered are build-software: the prior that the map holds for",
    ]
    if fitted.other_kind:
        shown.append(
            f"{fitted.other_kind} answers give no probability from {made.probability_from}, "
            "and are left out"
        )
    if split.unlabelled or split.seen:
        shown.append(
            f"left out of the file: {split.unlabelled} without a label, {split.seen} that the "
            "model knows"
        )
    tried = ", ".join(f"{name} {loss:.3f}" for name, loss in losses.items())
    before, after, chance = fitted.before.ece, fitted.after.ece, fitted.after.p95
    errors = f"{_error(before)} as claimed, {_error(after)} with the map"
    return [
        *shown,
        f"map from {made.probability_from}: {_map_words(made)}",
        f"log loss, cross-validated: {tried}",
        f"calibration error, cross-validated: {errors}; chance alone gives up to {_error(chance)}",
        f"tie rules: {_tie_words(made)}",
    ]


def values(fitted: "Fitted", split: Split) -> dict[str, Any]:
    """Return the same for a program."""
    return {
        "calibration": fitted.calibration.model_dump(mode="json"),
        "asked": fitted.asked,
        "answered": fitted.calibration.cases,
        "abstained": fitted.abstained,
        "errors": fitted.errors,
        "other_kind": fitted.other_kind,
        "unlabelled": split.unlabelled,
        "seen": split.seen,
        "log_loss": fitted.log_losses,
        "ece_before": fitted.before.ece,
        "ece_after": fitted.after.ece,
        "ece_p95": fitted.after.p95,
    }


def _map_words(made: Calibration) -> str:
    """Return a map in words."""
    if isinstance(made.map, Platt):
        nothing = "" if made.map.scale else ": its confidence says nothing"
        return f"platt, log-odds × {made.map.scale:.3f} {made.map.shift:+.3f}{nothing}"
    if isinstance(made.map, Isotonic):
        return f"isotonic, {len(made.map.x)} points"
    return "none"


def _tie_words(made: Calibration) -> str:
    """Return how often each rule was right, in words."""
    words = [
        f"{rule} right in {rate.right} of {rate.total}"
        + (" (too few to go by)" if rate.total < MIN_TIES else "")
        for rule, rate in made.tie_rates.items()
    ]
    return ", ".join(words) or "none decided"


def _error(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _make_folder(wish: Wish) -> Path:
    """Return the folder that the file will stand in; the user's own is made."""
    if wish.output and wish.output.is_dir():
        return wish.output
    if wish.output:
        if not wish.output.parent.is_dir():
            raise SettingsError(f"There is no folder {wish.output.parent}. Make it, or change -o.")
        return wish.output.parent
    folder = calibration_folder(wish.options)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} cannot be made ({error.strerror}). Set TRIAGE_CACHE_DIR to "
            "another, or give a file with -o."
        ) from error
    return folder
