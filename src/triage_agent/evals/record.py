"""A run directory: settings, one row per case, the summary; comparisons read it again."""

import json
import platform
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Any

from triage_agent.errors import InputError, SettingsError
from triage_agent.evals.flags import FlagFigures
from triage_agent.evals.pairs import PairRow
from triage_agent.evals.redaction import RedactionFigures
from triage_agent.evals.rows import EvalRow, row_from_values
from triage_agent.evals.run import DecisionRow
from triage_agent.evals.splitting import SplittingFigures
from triage_agent.files import LARGEST_RECORD, is_file, read_bytes, write_json, write_json_lines

FORMAT = 1


@dataclass(frozen=True, slots=True)
class Run:
    """The results of one evaluation, before figures are computed from them."""

    settings: Mapping[str, Any]
    rows: tuple[EvalRow, ...] = ()
    attacks: tuple[PairRow, ...] = ()
    perturbations: tuple[PairRow, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    businesses: tuple[DecisionRow, ...] = ()
    flags: FlagFigures | None = None  # None: red flags were not measured
    redaction: RedactionFigures | None = None  # None: redaction was not measured
    splits: SplittingFigures | None = None  # None: taking texts apart was not measured

    @property
    def has_errors(self) -> bool:
        """Whether any case, pair or problem of a business ended in an error."""
        return (
            any(row.error for row in self.rows)
            or any(row.became == "error" for row in (*self.attacks, *self.perturbations))
            or any(row.errors for row in self.businesses)
        )


def settings_of(
    backend: str, model: str, prompt: str | None, sets: Mapping[str, Any], **more: Any
) -> dict[str, Any]:
    """Return the settings of a run, complete enough to repeat it."""
    return {
        "format": FORMAT,
        "triage_agent": version("triage-agent"),
        "python": platform.python_version(),
        "backend": backend,
        "model": model,
        "prompt": prompt,
        "sets": dict(sets),
        **more,
    }


def check_no_run(folder: Path) -> None:
    """Raise `SettingsError` if a folder holds a run: it may have cost money, and be compared with.

    What a killed run left, rows or a summary without settings, is no run.
    """
    if is_file(folder / "settings.json"):
        raise SettingsError(
            f"The folder {folder} holds a run. Choose another name with -o, or add --force to "
            "write over it."
        )


def make_folder(folder: Path) -> None:
    """Make a run's folder, or raise `SettingsError`; best before the run, which may cost money."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder):
            pass
    except OSError as error:
        raise SettingsError(
            f"The folder {folder} cannot be written to: {error.strerror}. Choose another with -o."
        ) from error


def write_run(folder: Path, run: Run, summary: Mapping[str, Any]) -> None:
    """Write a run's files into `folder`, which is made; of the pairs, those that changed."""
    make_folder(folder)
    write_json(folder / "settings.json", run.settings)
    write_json(folder / "summary.json", summary)
    # Not rounded: every figure can be computed again from the rows, to the last digit.
    write_json_lines(folder / "rows.jsonl", map(asdict, run.rows))
    changed = [row for row in (*run.attacks, *run.perturbations) if row.became != "same"]
    decided = [_decision_values(row) for row in (*run.decisions, *run.businesses)]
    for name, values in (("pairs.jsonl", map(asdict, changed)), ("decisions.jsonl", decided)):
        lines = list(values)
        if lines:
            write_json_lines(folder / name, lines)
        else:
            (folder / name).unlink(missing_ok=True)


def read_settings(folder: Path) -> dict[str, Any]:
    """Return a run's settings, or raise `InputError` if the folder holds no run."""
    path = folder / "settings.json"
    try:
        return dict(json.loads(_read(path)))
    except (ValueError, TypeError, RecursionError) as error:
        raise InputError(f"{path} does not hold a JSON object: {error}.") from error


def read_rows(folder: Path) -> list[EvalRow]:
    """Return a run's rows, or raise `InputError` naming the line that is not one."""
    path = folder / "rows.jsonl"
    rows: list[EvalRow] = []
    for number, line in enumerate(_read(path).split("\n"), start=1):
        if not line.strip():
            continue
        try:
            rows.append(row_from_values(json.loads(line)))
        except (ValueError, TypeError, KeyError, RecursionError) as error:
            raise InputError(f"{path}, line {number} is not a row of a run ({error}).") from error
    return rows


def folders_in(parent: Path) -> Sequence[Path]:
    """Return the run directories in a folder, by name."""
    return sorted(path.parent for path in parent.glob("*/settings.json"))


def _read(path: Path) -> str:
    try:
        return read_bytes(path, LARGEST_RECORD).decode()
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise InputError(
            f"{path.parent} holds no run that can be read ({path.name}: {why}). "
            "Give a folder that `triage eval -o FOLDER` has written."
        ) from error


def _decision_values(row: DecisionRow) -> dict[str, Any]:
    """Return a decision row as JSON values."""
    values = asdict(row)
    values["expected"] = row.expected and row.expected.model_dump(mode="json", exclude_none=True)
    return values
