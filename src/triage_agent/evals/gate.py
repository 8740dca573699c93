"""The quality gate: figures that must not get worse, of the embedded model and each prompt."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, model_validator

from triage_agent.evals.record import folders_in, read_rows, read_settings
from triage_agent.evals.rows import EvalRow
from triage_agent.files import Strict, folder, load_toml
from triage_agent.models import load_prompt

EXIT_BREACH = 7


class Limit(Strict):
    """The least or the most that a figure may be."""

    min: float | None = None
    max: float | None = None

    @model_validator(mode="after")
    def one_of_both(self) -> "Limit":
        """Refuse a limit that limits nothing."""
        if (self.min is None) == (self.max is None):
            raise ValueError("give min or max")
        return self


class Gates(Strict):
    """evals/gates.toml: by the figure's path in the summary."""

    embedded: dict[str, Limit] = Field(min_length=1)
    prompts: dict[str, dict[str, Limit]]  # prompt → limits of its recorded run


@dataclass(frozen=True, slots=True)
class Check:
    """One figure compared with its limit."""

    name: str
    value: float | None  # None: the figure is not there, which is a breach
    limit: Limit

    @property
    def holds(self) -> bool:
        """Whether the figure keeps the limit."""
        return self.by is not None and self.by <= 0

    @property
    def by(self) -> float | None:
        """By how much the limit is passed; negative or 0: it is kept."""
        if self.value is None:
            return None
        if self.limit.min is not None:
            return self.limit.min - self.value
        return self.value - (self.limit.max or 0.0)

    @property
    def words(self) -> str:
        """The check on one line.

        >>> Check("accuracy", 0.85, Limit(min=0.9)).words
        'accuracy 0.850, at least 0.900: breached by 0.050'
        """
        side, bound = (
            ("at least", self.limit.min)
            if self.limit.min is not None
            else ("at most", self.limit.max)
        )
        if self.value is None:
            return f"{self.name} is missing, {side} {bound:.3f}: breached"
        kept = "kept" if self.holds else f"breached by {self.by:.3f}"
        return f"{self.name} {self.value:.3f}, {side} {bound:.3f}: {kept}"


@dataclass(frozen=True, slots=True)
class MissingRecord:
    """A shipped prompt without a recorded run, or without limits for it."""

    name: str  # the prompt, with the hash of its content
    what: str

    holds = False

    @property
    def words(self) -> str:
        """What is missing, on one line."""
        return (
            f"the prompt {self.name} has no {self.what}: run `triage eval --prompt "
            f"{self.name.partition('@')[0]} … -o evals/runs/NAME` and set its gate in gates.toml"
        )


def load_gates(path: Path | None = None) -> Gates:
    """Return the gates of the package, or those of another file."""
    return load_toml(path or folder("evals") / "gates.toml", Gates)


def figure(values: Mapping[str, Any], path: str) -> float | None:
    """Return the figure at a path of summary.json; of a rate its value.

    >>> figure({"problems": {"accuracy": {"right": 9, "total": 10, "value": 0.9}}}, \
"problems.accuracy")
    0.9
    """
    value: Any = values
    for name in path.split("."):
        if not isinstance(value, Mapping) or name not in value:
            return None
        value = value[name]
    if isinstance(value, Mapping):
        value = value.get("value")
    return float(value) if isinstance(value, int | float) else None


def check_figures(
    values: Mapping[str, Any], limits: Mapping[str, Limit], prefix: str = ""
) -> list[Check]:
    """Return every limit with its figure, named by its path in summary.json."""
    return [Check(prefix + name, figure(values, name), limit) for name, limit in limits.items()]


def check_recorded(
    gates: Gates, runs: Path | None = None, prompts: Path | None = None
) -> Iterator[Check | MissingRecord]:
    """Yield the checks of every recorded run of a shipped prompt, recomputed from its rows.

    A prompt whose content has changed since it was run has no recorded run; nor has one that was
    run on other cases than the fixed problems, or in a cascade only.
    """
    from triage_agent.evals.summary import problem_values, summarise_rows

    recorded: dict[str, dict[str, list[EvalRow]]] = {}
    for run in folders_in(runs or folder("evals") / "runs"):
        settings = read_settings(run)
        is_record = settings.get("backend") == "llm" and "problems" in settings.get("sets", {})
        if is_record and (rows := read_rows(run)):
            recorded.setdefault(str(settings["prompt"]), {})[run.name] = rows
    for path in sorted((prompts or folder("prompts")).glob("*.md")):
        prompt = load_prompt(str(path))
        limits = gates.prompts.get(prompt.name)
        if prompt.id not in recorded:
            yield MissingRecord(prompt.id, "recorded run")
        elif not limits:
            yield MissingRecord(prompt.id, "gate")
        else:
            for name, rows in recorded[prompt.id].items():
                values = {"problems": problem_values(summarise_rows(rows))}
                yield from check_figures(values, limits, f"runs/{name}: ")


def breaches(checks: Sequence[Check | MissingRecord]) -> list[Check | MissingRecord]:
    """Return the checks that do not hold."""
    return [one for one in checks if not one.holds]
