"""Fits the linear heads, calibrates them, and writes heads.json and ngrams.npy.

Beside them it writes report.json, and calibration.json with the rates of the tie rules.

Calibration and thresholds are chosen on log-odds of texts that the head had not seen: each fold
leaves one voice out (see `TrainingExample.fold`).
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from triage_agent.evals import digest
from triage_agent.models import (
    ABSTENTIONS,
    BUCKETS,
    Calibration,
    Encode,
    Encoder,
    FittedOn,
    Unchanged,
    Vector,
    discounted,
    load_heads,
    load_words,
)
from triage_agent.settings import DEFAULT_THRESHOLD, USUAL_PRIOR
from triage_agent.training.examples import (
    FOLDS,
    SIGNALS,
    TrainingExample,
    load_attacks,
    load_examples,
)
from triage_agent.training.injection import Orders, fit_orders, without_orders
from triage_agent.training.measure import (
    abstention_thresholds,
    best_threshold,
    predictions,
    report,
    tie_rates,
)
from triage_agent.training.views import (
    Flags,
    Numbers,
    dense_regression,
    dense_view,
    fit_head,
    rarity_of,
    sparse_view,
)
from triage_agent.types import Function, Label

ATTACKS = "attack_examples.jsonl"
LABEL_SHARE = 0.7  # of the dense view's log-odds: on strangers' texts it is overconfident
FALSE_ABSTENTIONS = 0.015  # of the texts in scope, at most; the promise is 5 %
PRECISION = {"mixed": 0.6}  # a wrong "mixed" gives a confident answer to the tie rules
HEADS = ("label", *(signal for signal in SIGNALS if signal != "instructs_reader"))


@dataclass(frozen=True, slots=True)
class FittedHeads:
    """The heads over both views, and their log-odds of texts they had not seen."""

    dense: dict[str, LogisticRegression]
    sparse: dict[str, LogisticRegression]
    unseen: dict[str, Numbers]  # NaN where a head does not apply to a row


def make_heads(examples: Path, weights: Path) -> None:
    """Write the heads and the report into `weights`, from the examples and its encoder.

    The attacks are those of `attack_examples.jsonl` beside the examples.
    """
    attacks = examples.with_name(ATTACKS)
    rows, orders, texts, rarity, encode = prepare(examples, weights)
    fitted = fit_heads(rows, dense_view(texts, encode), sparse_view(texts, rarity), HEADS)
    unseen = discounted(fitted.unseen) | {"instructs_reader": orders.unseen}
    scale, shift = calibrate(rows, unseen["label"])
    limits = choose_thresholds(rows, unseen) | orders.thresholds
    table = ngram_table(rarity, fitted, orders)
    np.save(weights / "ngrams.npy", table, allow_pickle=False)
    data = {
        "examples": len(rows),
        "examples_sha256": digest(examples),
        "attacks_sha256": digest(attacks),
        "encoder_sha256": digest(weights / "encoder.onnx"),
        "ngrams_sha256": digest(weights / "ngrams.npy"),
        "calibration": {"scale": round(scale, 5), "shift": round(shift, 5), "prior": USUAL_PRIOR},
        "thresholds": {name: round(limits[name], 4) for name in (*SIGNALS, "set_aside")},
        "ngram_rows": [*HEADS, "order"],
        "heads": as_lists(fitted, orders),
    }
    _write(weights / "heads.json", data)
    unseen["label"] = scale * unseen["label"] + shift
    _write(weights / "report.json", report(rows, unseen, limits))
    calibration = calibration_of(rows, unseen, limits, examples, load_heads(weights).name)
    _write(weights / "calibration.json", calibration.model_dump(mode="json"))


def prepare(
    examples: Path, weights: Path
) -> tuple[list[TrainingExample], Orders, list[str], Vector, Encode]:
    """Return the examples, the order head, their texts without orders, rarity and encoder."""
    rows, attacks = load_examples(examples), load_attacks(examples.with_name(ATTACKS))
    encode = cache(Encoder(weights).encode)
    instructions = [f"{attack.before}\n{attack.after}" for attack in attacks]
    rarity = rarity_of([*(row.text for row in rows), *instructions])
    orders = fit_orders(rows, attacks, rarity, encode)
    texts = without_orders(rows, load_words(weights), orders, rarity, encode)
    return rows, orders, texts, rarity, encode


def calibration_of(
    rows: Sequence[TrainingExample],
    unseen: dict[str, Numbers],
    limits: dict[str, float],
    examples: Path,
    name: str,
) -> Calibration:
    """Return how often each tie rule is right on uncertain texts that the heads had not seen.

    It has no map: the probabilities are calibrated already (see `calibrate`).
    """
    return Calibration(
        backend="embedded",
        model=name,
        prompt=None,
        probability_from="embedded",
        votes=1,
        threshold=DEFAULT_THRESHOLD,
        map=Unchanged(),
        prior=USUAL_PRIOR,
        cases=sum(row.label is not None for row in rows),
        tie_rates=tie_rates(rows, predictions(unseen, limits)),
        fitted_on=FittedOn(file=examples.name, sha256=digest(examples)),
        made=datetime.now(UTC).date(),
        triage_agent=version("triage-agent"),
    )


def fit_heads(
    rows: Sequence[TrainingExample], dense: Numbers, sparse: csr_matrix, names: Sequence[str]
) -> FittedHeads:
    """Return the named heads and `function`, fitted on all rows and on all but each fold."""
    fold = np.array([row.fold for row in rows])
    fitted = FittedHeads({}, {}, {})
    for name in names:
        use, truth = target(rows, name)
        share = LABEL_SHARE if name == "label" else 1.0
        fitted.unseen[name] = np.full(len(rows), np.nan)
        for number in range(FOLDS):
            known, new = use & (fold != number), fold == number
            on_dense, on_sparse = fit_head(dense, sparse, truth, known, share)
            fitted.unseen[name][new] = on_dense.decision_function(
                dense[new]
            ) + on_sparse.decision_function(sparse[new])
        fitted.dense[name], fitted.sparse[name] = fit_head(dense, sparse, truth, use, share)
    functions = np.array([list(Function).index(row.function) for row in rows])
    fitted.dense["function"] = dense_regression().fit(dense, functions)
    return fitted


def target(rows: Sequence[TrainingExample], name: str) -> tuple[Flags, Flags]:
    """Return the rows that a head learns from, and the right answer about every row.

    Texts without a label teach only that they are out of scope or vague: what a software
    product's user manual mentions is no sign of what its owner wants.
    """
    in_scope = np.array([row.label is not None for row in rows])
    if name == "label":
        return in_scope, np.array([row.label is Label.BUILD for row in rows])
    truth = np.array([name in row.signals for row in rows])
    return (np.ones(len(rows), dtype=bool) if name in ABSTENTIONS else in_scope), truth


def calibrate(rows: Sequence[TrainingExample], log_odds: Numbers) -> tuple[float, float]:
    """Return scale and shift that turn unseen log-odds into calibrated ones (Platt)."""
    use, truth = target(rows, "label")
    platt = LogisticRegression(C=1e6, class_weight="balanced").fit(log_odds[use, None], truth[use])
    return float(platt.coef_[0, 0]), float(platt.intercept_[0])


def choose_thresholds(
    rows: Sequence[TrainingExample], unseen: dict[str, Numbers]
) -> dict[str, float]:
    """Return the log-odds from which each signal is on."""
    use, _ = target(rows, "label")
    chosen = abstention_thresholds(
        {name: unseen[name] for name in ABSTENTIONS}, use, FALSE_ABSTENTIONS
    )
    for name in HEADS[1:]:
        if name not in chosen:
            truth = target(rows, name)[1]
            chosen[name] = best_threshold(unseen[name][use], truth[use], PRECISION.get(name, 0.0))
    return chosen


def ngram_table(rarity: Vector, fitted: FittedHeads, orders: Orders) -> NDArray[np.float16]:
    """Return rarity, the heads' weights over the buckets and those of the order head, as rows."""
    rows = [fitted.sparse[name].coef_[0] for name in HEADS]
    table = np.zeros((len(rows) + 2, BUCKETS), dtype=np.float16)
    table[:] = [rarity, *rows, orders.sparse]
    return table


def as_lists(fitted: FittedHeads, orders: Orders) -> dict[str, dict[str, Any]]:
    """Return the dense heads as JSON values; the bias is that of both views together."""
    order = {"weights": np.round(orders.dense, 4).tolist(), "bias": round(orders.bias, 5)}
    heads: dict[str, dict[str, Any]] = {"order": order}
    for name, model in fitted.dense.items():
        weights, bias = model.coef_, model.intercept_
        if name in fitted.sparse:
            weights, bias = weights[0], bias[0] + fitted.sparse[name].intercept_[0]
        heads[name] = {"weights": np.round(weights, 4).tolist(), "bias": np.round(bias, 4).tolist()}
    return heads


def _write(path: Path, data: dict[str, Any]) -> None:
    path.write_text(json.dumps(data, separators=(",", ":")) + "\n", encoding="utf-8")
