"""Two models as one: the embedded model answers where it is confident, the LLM the rest.

The threshold of confidence is chosen from the embedded model's answers about texts that it had not
seen: an `OperatingPoint` per threshold, measured on real texts and stored in data/report.json.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import takewhile
from pathlib import Path

from triage_agent.errors import SettingsError
from triage_agent.intake import percent
from triage_agent.models.embedded import weight_file
from triage_agent.models.protocols import Identity, Model
from triage_agent.types import MadeBy, Prediction, Problem

THRESHOLDS = (*(percent / 100 for percent in range(50, 100)), 0.995, 0.999)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """One threshold: how many texts the embedded model answers alone, and how well."""

    threshold: float
    coverage: float  # share of the texts that the LLM is not asked about, 0 to 1
    accuracy: float  # of these; an answer to a text that has no label is wrong


@dataclass(frozen=True, slots=True)
class Cascade(Model):
    """Reads problems with the embedded model, and asks the LLM where it is not confident."""

    embedded: Model
    llm: Model
    threshold: float  # from this confidence upwards the embedded model's answer stands; 0.5 to 1

    backend = "cascade"

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
        """Return the embedded model's answer if it is confident enough, else the LLM's.

        If the LLM fails, its error is raised: the answer that was in doubt does not take its place.
        """
        first = await self.embedded.predict(problem)
        if confidence(first) >= self.threshold:
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


def confidence(prediction: Prediction) -> float:
    """Return how likely the label is right, 0 to 1; 0 where no answer should stand alone.

    That is where the model abstains, gives no probability, or notices that the text is both kinds
    or instructs its reader.

    >>> from triage_agent.types import Label, Signals
    >>> confidence(Prediction(Label.AUTOMATE, Signals(), p_build=0.25))
    0.75
    >>> confidence(Prediction(Label.AUTOMATE, Signals(mixed=True), p_build=0.25))
    0.0
    """
    signals, p_build = prediction.signals, prediction.p_build
    if p_build is None or prediction.abstained_because or signals.mixed or signals.instructs_reader:
        return 0.0
    in_scope = 1.0 if prediction.p_in_scope is None else prediction.p_in_scope
    return max(p_build, 1 - p_build) * in_scope


def operating_points(
    answers: Sequence[tuple[float, bool]],
    thresholds: Sequence[float] = THRESHOLDS,
    weights: Sequence[float] | None = None,
) -> tuple[OperatingPoint, ...]:
    """Return the point of each threshold, from (confidence, right) of answers to unseen texts.

    Thresholds that no answer reaches are left out. All answers weigh the same without `weights`.

    >>> answers = [(0.9, True), (0.9, True), (0.6, False), (0.0, False)]
    >>> for point in operating_points(answers, [0.5, 0.8, 1]):
    ...     print(point)
    OperatingPoint(threshold=0.5, coverage=0.75, accuracy=0.6666666666666666)
    OperatingPoint(threshold=0.8, coverage=0.5, accuracy=1.0)
    """
    weighed = list(zip(answers, weights or [1.0] * len(answers), strict=True))
    whole, points = sum(weight for _, weight in weighed), []
    for threshold in thresholds:
        reached = [(right, weight) for (sure, right), weight in weighed if sure >= threshold]
        if reached:
            kept = sum(weight for _, weight in reached)
            good = sum(weight for right, weight in reached if right)
            points.append(OperatingPoint(threshold, kept / whole, good / kept))
    return tuple(points)


def threshold_for_accuracy(points: Sequence[OperatingPoint], wanted: float) -> float:
    """Return the smallest threshold from which upwards enough of the embedded answers are right.

    From there on, not only there: a single point may be right by chance. Raises `SettingsError` if
    there is none.
    """
    ranked = sorted(points, key=lambda point: -point.threshold)
    enough = list(takewhile(lambda point: point.accuracy >= wanted, ranked))
    if enough:
        return enough[-1].threshold
    best = max(points, key=lambda point: point.accuracy)
    raise SettingsError(
        f"No threshold makes the embedded model right in {percent(wanted, 2)} of its answers; at "
        f"{best.threshold:g} it is in {percent(best.accuracy, 2)}. Ask for less with "
        "--cascade-accuracy, or ask the LLM about everything with --backend llm."
    )


def threshold_for_calls(points: Sequence[OperatingPoint], wanted: float) -> float:
    """Return the largest threshold at which the LLM is asked about no more than a share of texts.

    Raises `SettingsError` if there is none.
    """
    few = [point.threshold for point in points if 1 - point.coverage <= wanted]
    if few:
        return max(few)
    least = max(points, key=lambda point: point.coverage)
    raise SettingsError(
        f"No threshold leaves only {percent(wanted, 2)} of the texts to the LLM; at "
        f"{least.threshold:g} it is {percent(1 - least.coverage, 2)}. Allow more with "
        "--cascade-calls, or do without the LLM with --backend embedded."
    )


def load_operating_points(folder: Path) -> tuple[OperatingPoint, ...]:
    """Return the points that training found, or raise `SettingsError`."""
    with weight_file(folder / "report.json") as raw:
        rows = json.loads(raw)["cascade"]["points"]
        if not rows:
            raise ValueError("it has no operating points")
        return tuple(OperatingPoint(*map(float, row)) for row in rows)
