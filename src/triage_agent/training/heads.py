"""Fits the linear heads on the encoder's vectors, calibrates them, and reports how good they are.

Everything that is chosen here (calibration, thresholds) is chosen on log-odds of texts that the
head had not seen: each fold leaves a whole voice out (see `Example.fold`).
"""

import hashlib
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from triage_agent.embedded_model import Encoder, load_words, split, tidy, without_orders
from triage_agent.records import Function, Label
from triage_agent.training.examples import SIGNALS, VOICES, Example, load_examples
from triage_agent.training.measure import best_threshold, report

STRENGTH = 10.0  # inverse of the L2 penalty, chosen by leaving voices out among 1, 3, 10, 30, 100
FALSE_ABSTENTIONS = 0.04  # of the texts in scope, at most; the promise is 5 %
MIXED_PRECISION = 0.6  # a wrong "mixed" hands a sure answer to the tie rules

Matrix = NDArray[np.float64]


def make_heads(examples: Path, weights: Path) -> None:
    """Write heads.json and report.json into `weights`, from the examples and its encoder."""
    rows = load_examples(examples)
    vectors = encode(rows, weights)
    heads, unseen = fit(rows, vectors)
    scale, shift = calibrate(rows, unseen["label"])
    data = {
        "examples": len(rows),
        "examples_sha256": hashlib.sha256(examples.read_bytes()).hexdigest(),
        "encoder_sha256": hashlib.sha256((weights / "encoder.onnx").read_bytes()).hexdigest(),
        "calibration": {"scale": round(scale, 6), "shift": round(shift, 6), "prior": 0.5},
        "thresholds": thresholds(rows, unseen),
        "heads": heads,
    }
    (weights / "heads.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")
    figures = report(rows, {**unseen, "label": scale * unseen["label"] + shift}, data["thresholds"])
    (weights / "report.json").write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")


def encode(rows: Sequence[Example], weights: Path) -> Matrix:
    """Return the vector of each text as the model sees it, instructions to the reader removed."""
    encoder, attack = Encoder(weights), load_words(weights).attack
    vectors = []
    for row in rows:
        text = tidy(row.text).text
        vectors.append(encoder.encode(without_orders(text, split(text), attack)[0]).mean)
    return np.array(vectors, dtype=np.float64)


def fit(
    rows: Sequence[Example], vectors: Matrix
) -> tuple[dict[str, dict[str, Any]], dict[str, Matrix]]:
    """Return the heads fitted on all rows, and each head's log-odds of rows it had not seen.

    The log-odds of `function` are left out; those of `label` are NaN where a row has no label.
    """
    fold = np.array([row.fold for row in rows])
    heads: dict[str, dict[str, Any]] = {}
    unseen: dict[str, Matrix] = {}
    for name, (use, truth) in targets(rows).items():
        heads[name] = _rounded(_regression().fit(vectors[use], truth[use]))
        if name == "function":
            continue
        unseen[name] = np.full(len(rows), np.nan)
        for number in range(len(VOICES)):
            known, new = use & (fold != number), use & (fold == number)
            model = _regression().fit(vectors[known], truth[known])
            unseen[name][new] = model.decision_function(vectors[new])
    return heads, unseen


def targets(rows: Sequence[Example]) -> dict[str, tuple[NDArray[np.bool_], NDArray[Any]]]:
    """Return, for each head, the rows it learns from and what it shall say about every row."""
    in_scope = np.array([row.label is not None for row in rows])
    everything = np.ones(len(rows), dtype=bool)
    heads: dict[str, tuple[NDArray[np.bool_], NDArray[Any]]] = {
        "label": (in_scope, np.array([row.label is Label.BUILD for row in rows]))
    }
    for name in SIGNALS:
        use = everything if name in ("neither", "too_vague", "instructs_reader") else in_scope
        heads[name] = (use, np.array([name in row.signals for row in rows]))
    order = list(Function)
    heads["function"] = (everything, np.array([order.index(row.function) for row in rows]))
    return heads


def calibrate(rows: Sequence[Example], log_odds: Matrix) -> tuple[float, float]:
    """Return scale and shift that turn unseen log-odds into calibrated ones (Platt)."""
    use = ~np.isnan(log_odds)
    truth = np.array([row.label is Label.BUILD for row in rows])
    platt = LogisticRegression(C=1e6, class_weight="balanced").fit(log_odds[use, None], truth[use])
    return float(platt.coef_[0, 0]), float(platt.intercept_[0])


def thresholds(rows: Sequence[Example], unseen: dict[str, Matrix]) -> dict[str, float]:
    """Return the log-odds from which each signal is on."""
    in_scope = np.array([row.label is not None for row in rows])
    chosen: dict[str, float] = {}
    for name in SIGNALS:
        use, truth = targets(rows)[name]
        if name in ("neither", "too_vague"):
            chosen[name] = float(np.quantile(unseen[name][in_scope], 1 - FALSE_ABSTENTIONS / 2))
        else:
            floor = MIXED_PRECISION if name == "mixed" else 0.0
            chosen[name] = best_threshold(unseen[name][use], truth[use], floor)
    return {name: round(value, 4) for name, value in chosen.items()}


def _regression() -> LogisticRegression:
    return LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=5000)


def _rounded(model: LogisticRegression) -> dict[str, Any]:
    """Return a head as lists; a head of two classes is one vector."""
    weights, bias = np.round(model.coef_, 5), np.round(model.intercept_, 5)
    if len(weights) == 1:
        return {"weights": weights[0].tolist(), "bias": float(bias[0])}
    return {"weights": weights.tolist(), "bias": bias.tolist()}
