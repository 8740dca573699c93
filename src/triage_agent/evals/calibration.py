"""`triage eval calibrate`: asks a backend about labelled cases, fits a calibration, writes it."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from triage_agent.classify import Policy
from triage_agent.errors import SettingsError
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.run import EXIT_ERRORS, ProgressBar, run_cases, width_of
from triage_agent.evals.split import Split, choose_split
from triage_agent.files import check_writable, is_folder, write_json
from triage_agent.intake import counted, percent
from triage_agent.models import (
    PRIOR_TIES,
    Calibration,
    Isotonic,
    Platt,
    calibration_folder,
    open_backend,
    prompt_of,
)
from triage_agent.settings import Options, choose_backend
from triage_agent.types import Label

if TYPE_CHECKING:  # scikit-learn takes long to import, and a refusal should not wait for it
    from triage_agent.evals.fitting import CalibrationFit


@dataclass(frozen=True, slots=True)
class CalibrationRequest:
    """What to calibrate, on which cases, and where to write the result."""

    cases: Path | None  # None: a sample of prompts/training/examples.jsonl
    limit: int
    output: Path | None  # a file or a folder; None: the user's own folder, where runs look
    options: Options
    labels: Mapping[str, Label | None] = field(default_factory=dict)  # see `read_cases`


@dataclass(frozen=True, slots=True)
class CalibrationResult:
    """A fitted calibration, the cases it rests on, and the file it was written to."""

    fit: "CalibrationFit"
    split: Split
    path: Path

    @property
    def exit_code(self) -> int:
        """The exit code of the command."""
        return EXIT_ERRORS if self.fit.errors else 0

    def lines(self) -> list[str]:
        """Return the calibration in words."""
        fit, split, made = self.fit, self.split, self.fit.calibration
        prompt = f", prompt {made.prompt}" if made.prompt else ""
        answered = fit.asked - fit.abstained - fit.errors
        asked = f"{counted(fit.asked, 'case')} of {split.fitted_on.file}: {answered} answered"
        share = f"{percent(made.prior)} of the answered are build-software"
        lines = [
            f"{made.backend}: {made.model}{prompt}",
            f"{asked}, {fit.abstained} abstained, {fit.errors} in error",
            f"{share}: the prior that the map holds for",
        ]
        if fit.other_kind:
            lines.append(
                "left out: "
                f"{counted(fit.other_kind, 'answer')} without a probability from "
                f"{made.probability_from}"
            )
        if split.unlabelled or split.seen:
            lines.append(
                f"left out of the file: {split.unlabelled} without a label, {split.seen} that the "
                "model knows"
            )
        tried = ", ".join(f"{name} {loss:.3f}" for name, loss in fit.log_losses.items())
        before, after, chance = map(_error, (fit.before.ece, fit.after.ece, fit.after.p95))
        errors = f"{before} as claimed, {after} with the map"
        return [
            *lines,
            f"map from {made.probability_from}: {_map_words(made)}",
            f"log loss, cross-validated: {tried}",
            f"calibration error, cross-validated: {errors}; chance alone gives up to {chance}",
            f"tie rules: {_tie_words(made)}",
        ]

    def values(self) -> dict[str, Any]:
        """Return the calibration as JSON values."""
        fit, split = self.fit, self.split
        return {
            "calibration": fit.calibration.model_dump(mode="json"),
            "asked": fit.asked,
            "answered": fit.calibration.cases,
            "abstained": fit.abstained,
            "errors": fit.errors,
            "other_kind": fit.other_kind,
            "unlabelled": split.unlabelled,
            "seen": split.seen,
            "log_loss": fit.log_losses,
            "ece_before": fit.before.ece,
            "ece_after": fit.after.ece,
            "ece_p95": fit.after.p95,
        }


def fit_and_write(
    request: CalibrationRequest, progress: ProgressBar, report: Callable[[str], None]
) -> CalibrationResult:
    """Fit the calibration of a backend and write it; `report` gets lines about the run.

    What cannot work (the cases, the folder) is refused before anything is asked.
    """
    options = request.options
    backend = choose_backend(options).backend
    split = choose_split(request.cases, request.limit, backend, prompt_of(options), request.labels)
    folder = _make_folder(request)
    if request.output and folder != request.output:
        check_writable(request.output, inputs=[request.cases] if request.cases else ())
    from triage_agent.evals.fitting import RecordingModel, fit_calibration

    opened = open_backend(options)
    report(opened.line)
    model = RecordingModel(opened.model)

    async def ask() -> list[EvalRow]:
        async with aclosing(opened):
            rows, _ = await run_cases(
                split.cases,
                model,
                Policy(options.threshold),
                width=width_of(model, options),
                step=progress("cases", len(split.cases)),
            )
        return rows

    rows = asyncio.run(ask())
    identity = opened.model.identity
    today = datetime.now(UTC).date()
    fit = fit_calibration(identity, split, rows, model, options.threshold, today)
    path = folder / identity.file_name
    if request.output and folder != request.output:
        path = request.output
    write_json(path, fit.calibration.model_dump(mode="json"))
    report(f"written: {path}")
    return CalibrationResult(fit, split, path)


def _map_words(made: Calibration) -> str:
    """Return a map in words."""
    if isinstance(made.map, Platt):
        nothing = "" if made.map.scale else ": its confidence says nothing"
        return f"platt, log-odds × {made.map.scale:.3f} {made.map.shift:+.3f}{nothing}"
    if isinstance(made.map, Isotonic):
        return f"isotonic, {counted(len(made.map.x), 'point')}"
    return "none"


def _tie_words(made: Calibration) -> str:
    """Return how often each rule was right, in words."""
    words = [
        f"{rule} right in {rate.right} of {rate.total}"
        + (" (too few to go by)" if rate.total < PRIOR_TIES else "")
        for rule, rate in made.tie_rates.items()
    ]
    return ", ".join(words) or "none decided"


def _error(value: float | None) -> str:
    return "–" if value is None else f"{value:.3f}"


def _make_folder(request: CalibrationRequest) -> Path:
    """Return the folder of the calibration file; the user's own is made."""
    if request.output:
        folder = request.output if is_folder(request.output) else request.output.parent
        if not is_folder(folder):
            raise SettingsError(f"There is no folder {folder}. Make it, or change -o.")
        return folder
    folder = calibration_folder(request.options)
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} cannot be made ({error.strerror}). Set TRIAGE_CACHE_DIR to "
            "another, or give a file with -o."
        ) from error
    return folder
