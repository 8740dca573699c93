"""Fits the few numbers that turn log-odds into honest answers, on texts that people really wrote.

Those texts are not published and teach the model nothing: one scale and three shifts of the kinds'
log-odds, the threshold of abstention, the rates of the tie rules, and the review threshold. They
are weighted to the reference mix: a fifth out of scope, the rest half and half. What two readers
labelled differently is left out.
"""

import hashlib
import json
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from scipy.special import expit

from triage_agent.classify import Policy, apply_policy
from triage_agent.models import (
    WEIGHTS,
    Calibration,
    EmbeddedModel,
    Encoded,
    Encoder,
    FittedOn,
    Heads,
    Unchanged,
    confidence,
    load_heads,
    operating_points,
    screen,
    tidy,
    tie_rates,
)
from triage_agent.training.examples import KINDS
from triage_agent.types import Classification, Outcome, Prediction, Problem

MIX = {KINDS[0]: 0.4, KINDS[1]: 0.4, KINDS[2]: 0.2}
FALSE_ABSTENTIONS = 0.04  # of the texts in scope
WANTED = 0.96  # of the labels that need no review are right; of new texts, a hundredth fewer
THRESHOLD = Policy().threshold

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class RealText:
    """A text that somebody wrote for another purpose, and what it is by two readers."""

    id: str
    text: str
    kind: str
    source_kind: str


class _Remembering(Encoder):
    """Encodes each text once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._known: dict[str, Encoded] = {}

    def encode(self, text: str) -> Encoded:
        if text not in self._known:
            self._known[text] = super().encode(text)
        return self._known[text]


@dataclass(frozen=True, slots=True)
class Fitted:
    """The model as it answers after fitting, and its calibration."""

    model: EmbeddedModel
    heads: Heads
    calibration: Calibration
    points: list[tuple[float, float, float]]  # of a cascade: threshold, coverage, accuracy

    def answer(self, text: RealText) -> Classification:
        """Return the classification of a text."""
        problem = Problem(text.id, text.text)
        policy = Policy(calibration=self.calibration, review_below=self.calibration.review_below)
        return apply_policy(problem, self.model.read(text.text), self.model, policy)


def load_real_texts(paths: Iterable[Path]) -> list[RealText]:
    """Return the texts of JSON Lines files on which their two readers agree."""
    found = []
    for path in paths:
        for line in path.read_text(encoding="utf-8").split("\n"):
            row: dict[str, Any] = json.loads(line) if line else {}
            if not row or not (row["label"] or row["out_of_scope"]):
                continue
            second = row["second_reader"]
            if (None if second == "out_of_scope" else second) != row["label"]:
                continue
            kind = row["source_kind"].replace("job_posting", "job_post")
            found.append(RealText(row["id"], row["text"], row["label"] or KINDS[2], kind))
    return found


def weights_of(texts: Sequence[RealText]) -> Numbers:
    """Return the weight of each text at the reference mix; they add up to 1."""
    counts = Counter(text.kind for text in texts)
    return np.array([MIX[text.kind] / counts[text.kind] for text in texts])


class Fitter:
    """Fits the numbers to some texts or others, and reads each text once."""

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self._encoder, self._heads = _Remembering(folder), load_heads(folder)

    def fit(self, texts: Sequence[RealText]) -> Fitted:
        """Return the model with all its numbers fitted to these texts."""
        read = [screen(tidy(t.text).text, self._encoder, self._heads).encoded for t in texts]
        raw_scope = np.array([self._heads.raw_scope(one) for one in read])
        raw_label = np.array([self._heads.raw_label(one) for one in read])
        kinds, weights = np.array([text.kind for text in texts]), weights_of(texts)
        in_scope = kinds != KINDS[2]
        scope = fit_line(raw_scope, ~in_scope, weights)
        label = fit_line(raw_label[in_scope], kinds[in_scope] == KINDS[0], weights[in_scope])
        chances = expit(scope[0] * raw_scope + scope[1])
        neither = quantile(chances[in_scope], weights[in_scope], 1 - FALSE_ABSTENTIONS)
        reading = self._heads.reading.model_copy(
            update={"scope": scope, "label": label, "neither": round(neither, 4)}
        )
        heads = replace(self._heads, reading=reading)
        model = EmbeddedModel(heads=heads, encoder=self._encoder)
        predictions = [model.read(text.text) for text in texts]
        calibration = self._calibration(texts, predictions, model, weights)
        points = cascade_points(texts, predictions, weights)
        return Fitted(model, heads, calibration, points)

    def _calibration(
        self,
        texts: Sequence[RealText],
        predictions: Sequence[Prediction],
        model: EmbeddedModel,
        weights: Numbers,
    ) -> Calibration:
        """Return the rates of the tie rules and the review threshold."""
        content = "\n".join(sorted(text.text for text in texts))
        calibration = Calibration(
            backend=model.backend,
            model=model.name,
            prompt=None,
            probability_from=model.backend,
            votes=1,
            threshold=THRESHOLD,
            map=Unchanged(),
            prior=0.5,
            cases=len(texts),
            tie_rates={},
            fitted_on=FittedOn(
                file="real texts that are not published",
                sha256=hashlib.sha256(content.encode()).hexdigest(),
            ),
            made=date.today(),  # noqa: DTZ011 (the day of whoever trains)
            triage_agent=version("triage-agent"),
        )
        for _ in range(2):  # the rates first: the review threshold is about the probabilities
            rows = [
                apply_policy(Problem(t.id, t.text), p, model, Policy(calibration=calibration))
                for t, p in zip(texts, predictions, strict=True)
            ]
            right = [row.label == text.kind for row, text in zip(rows, texts, strict=True)]
            decided = [
                (row.decided_by, good)
                for row, good in zip(rows, right, strict=True)
                if row.decided_by is not None
            ]
            calibration = calibration.model_copy(update={"tie_rates": tie_rates(decided)})
        below, flagged = review_threshold(rows, right, weights)
        return calibration.model_copy(update={"review_below": below, "flagged": flagged})


def fit_line(raw: Numbers, truth: Flags, weights: Numbers) -> tuple[float, float]:
    """Return the scale and the shift of log-odds that make the truth most likely (Platt 1999)."""

    def loss(x: Numbers) -> float:
        log_odds = np.exp(x[0]) * raw + x[1]
        missed = np.logaddexp(0.0, np.where(truth, -log_odds, log_odds))
        return float(weights @ missed / weights.sum()) + 1e-3 * float(x @ x)

    best = minimize(loss, np.zeros(2), method="L-BFGS-B").x
    return round(float(np.exp(best[0])), 4), round(float(best[1]), 4)


def quantile(values: Numbers, weights: Numbers, share: float) -> float:
    """Return the smallest value that no more than a weight of 1 − `share` lies above."""
    order = np.argsort(values)
    below = np.cumsum(weights[order]) / weights.sum()
    return float(values[order][min(len(values) - 1, int(np.searchsorted(below, share)))]) + 1e-6


def review_threshold(
    rows: Sequence[Classification], right: Sequence[bool], weights: Numbers
) -> tuple[float, float]:
    """Return the probability from which enough labels are right, and the share that is flagged.

    Of the labels that need no review for another reason.
    """
    ranked = sorted(
        (
            (row.probability or 0.0, good, float(weight))
            for row, good, weight in zip(rows, right, weights, strict=True)
            if row.outcome is Outcome.CLASSIFIED and not row.review_reasons
        ),
        reverse=True,
    )
    threshold, good_so_far, all_so_far, firm = 1.0, 0.0, 0.0, 0.0
    for probability, good, weight in ranked:
        good_so_far, all_so_far = good_so_far + weight * good, all_so_far + weight
        if good_so_far >= WANTED * all_so_far:
            threshold, firm = probability, all_so_far
    answered = sum(
        float(weight)
        for row, weight in zip(rows, weights, strict=True)
        if row.outcome is Outcome.CLASSIFIED
    )
    return round(threshold, 4), round(1 - firm / answered, 3)


def cascade_points(
    texts: Sequence[RealText], predictions: Sequence[Prediction], weights: Numbers
) -> list[tuple[float, float, float]]:
    """Return (threshold, coverage, accuracy) of a cascade at each threshold."""
    answers = [
        (confidence(prediction), prediction.label == text.kind)
        for text, prediction in zip(texts, predictions, strict=True)
    ]
    points = operating_points(answers, weights=list(weights))
    return [(p.threshold, round(p.coverage, 4), round(p.accuracy, 4)) for p in points]


def answers_left_out(fitter: Fitter, texts: Sequence[RealText]) -> list[Classification]:
    """Return the answers about each kind of source, by numbers fitted to the other kinds."""
    rows: list[Classification] = []
    for kind in sorted({text.source_kind for text in texts}):
        fitted = fitter.fit([text for text in texts if text.source_kind != kind])
        rows += [fitted.answer(text) for text in texts if text.source_kind == kind]
    return rows
