"""Two models as one: the embedded model answers where it is sure enough, the LLM the rest.

How sure is sure enough is read off the embedded model's answers about texts that it had not seen:
a `Point` for each threshold, made in training and kept in weights/report.json.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from triage_agent.errors import SettingsError
from triage_agent.models.protocols import Identity, Model
from triage_agent.types import MadeBy, Prediction, Problem

THRESHOLDS = (*(percent / 100 for percent in range(50, 100)), 0.995, 0.999)


@dataclass(frozen=True, slots=True)
class Point:
    """What comes of one threshold: how much the embedded model keeps, and how right it is."""

    threshold: float
    kept: float  # share of the texts that the LLM is not asked about, 0 to 1
    accuracy: float  # of the kept; to keep a text that has no label is wrong


@dataclass(frozen=True, slots=True)
class Cascade(Model):
    """Reads problems with the embedded model, and asks the LLM about those it is not sure of."""

    embedded: Model
    llm: Model
    threshold: float  # from this sureness upwards the embedded model's answer stands; 0.5 to 1

    @property
    def backend(self) -> str:
        """Always `cascade`."""
        return "cascade"

    @property
    def name(self) -> str:
        """Both names; a row that was answered names the one that did."""
        return f"{self.embedded.name} + {self.llm.name}"

    @property
    def prompt(self) -> str | None:
        """The LLM's prompt."""
        return self.llm.prompt

    @property
    def identity(self) -> Identity:
        """With the threshold, which chooses the problems that the LLM is asked about."""
        return Identity(self.backend, f"{self.name} at {self.threshold:g}", self.prompt)

    @property
    def parts(self) -> Sequence[Model]:
        """Both models, in the order in which they are asked."""
        return (self.embedded, self.llm)

    def repeat(self, number: int) -> "Cascade":
        """Return the cascade with the LLM for another repetition."""
        return replace(self, llm=self.llm.repeat(number))

    async def predict(self, problem: Problem) -> Prediction:
        """Return the embedded model's answer if it is sure enough, else the LLM's.

        If the LLM fails, its error is raised: the answer that was in doubt does not take its place.
        """
        first = await self.embedded.predict(problem)
        if sureness(first) >= self.threshold:
            return replace(first, made_by=MadeBy(self.embedded.name, self.embedded.prompt))
        second = await self.llm.predict(problem)
        return replace(
            second,
            made_by=MadeBy(self.llm.name, self.llm.prompt),
            disputed=first.abstained_because is None and first.label is not second.label,
        )

    async def aclose(self) -> None:
        """Close both models, the second whatever the first does."""
        try:
            await self.llm.aclose()
        finally:
            await self.embedded.aclose()


def sureness(prediction: Prediction) -> float:
    """Return how likely the label is right, 0.5 to 1; 0 where no answer should stand alone.

    That is where the model abstains, gives no probability, or notices that the text is both kinds
    or instructs its reader.

    >>> from triage_agent.types import Label, Signals
    >>> sureness(Prediction(Label.AUTOMATE, Signals(), p_build=0.25))
    0.75
    >>> sureness(Prediction(Label.AUTOMATE, Signals(mixed=True), p_build=0.25))
    0.0
    """
    signals, p_build = prediction.signals, prediction.p_build
    if p_build is None or prediction.abstained_because or signals.mixed or signals.instructs_reader:
        return 0.0
    return max(p_build, 1 - p_build)


def curve(
    answers: Sequence[tuple[float, bool]], thresholds: Sequence[float] = THRESHOLDS
) -> tuple[Point, ...]:
    """Return what comes of each threshold, from (sureness, right) of answers to unseen texts.

    Thresholds at which nothing is kept are left out.

    >>> for point in curve([(0.9, True), (0.9, True), (0.6, False), (0.0, False)], [0.5, 0.8, 1]):
    ...     print(point)
    Point(threshold=0.5, kept=0.75, accuracy=0.6666666666666666)
    Point(threshold=0.8, kept=0.5, accuracy=1.0)
    """
    points = []
    for threshold in thresholds:
        kept = [right for sure, right in answers if sure >= threshold]
        if kept:
            points.append(Point(threshold, len(kept) / len(answers), sum(kept) / len(kept)))
    return tuple(points)


def threshold_for_accuracy(points: Sequence[Point], wanted: float) -> float:
    """Return the smallest threshold at which the kept answers are right often enough.

    Raises `SettingsError` if there is none.
    """
    enough = [point.threshold for point in points if point.accuracy >= wanted]
    if enough:
        return min(enough)
    best = max(points, key=lambda point: point.accuracy)
    raise SettingsError(
        f"No threshold makes the embedded model right in {wanted:.2%} of what it keeps; at "
        f"{best.threshold:g} it is in {best.accuracy:.2%}. Want less with --cascade-accuracy, or "
        "ask the LLM about everything with --backend llm."
    )


def threshold_for_calls(points: Sequence[Point], wanted: float) -> float:
    """Return the largest threshold at which the LLM is asked about no more than a share of texts.

    Raises `SettingsError` if there is none.
    """
    few = [point.threshold for point in points if 1 - point.kept <= wanted]
    if few:
        return max(few)
    least = max(points, key=lambda point: point.kept)
    raise SettingsError(
        f"No threshold leaves only {wanted:.2%} of the texts to the LLM; at {least.threshold:g} it "
        f"is {1 - least.kept:.2%}. Want more with --cascade-calls, or ask nothing of the LLM with "
        "--backend embedded."
    )


def load_curve(folder: Path) -> tuple[Point, ...]:
    """Return the points that training found, or raise `SettingsError`."""
    path = folder / "report.json"
    try:
        rows = json.loads(path.read_text(encoding="utf-8"))["cascade"]["points"]
        points = tuple(Point(float(t), float(kept), float(right)) for t, kept, right in rows)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise SettingsError(
            f"The thresholds in {path} cannot be read ({type(error).__name__}: {error}). "
            "Reinstall triage-agent, or give one with --cascade-threshold."
        ) from error
    if not points:
        raise SettingsError(f"{path} holds no thresholds. Reinstall triage-agent.")
    return points
