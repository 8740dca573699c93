"""Thresholds, and the figures of a model on texts that it had not seen."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

from triage_agent.classify import break_tie, is_torn
from triage_agent.models import TieRate, TieRule, confidence, operating_points
from triage_agent.models import tie_rates as rates_by_rule
from triage_agent.training.examples import SIGNALS, VOICES, TrainingExample
from triage_agent.training.views import Flags, Numbers
from triage_agent.types import Label, Prediction, Signals

BINS = 10


def best_threshold(scores: Numbers, truth: Flags, precision: float = 0.0) -> float:
    """Return the score from which "on" has the best F1 among those of enough precision."""
    best, chosen = -1.0, float(scores.max()) + 1.0
    for threshold in np.unique(scores):
        on = scores >= threshold
        right = float((on & truth).sum())
        f1 = 2 * right / (on.sum() + truth.sum())
        if right / on.sum() >= precision and f1 > best:
            best, chosen = f1, float(threshold)
    return chosen


def abstention_thresholds(
    scores: dict[str, Numbers], in_scope: Flags, false_abstentions: float
) -> dict[str, float]:
    """Return the thresholds of two signals that find the most rows to abstain on.

    Together they may be on for at most the given share of the rows in scope; how that share is
    best dealt between the two is tried in steps of a tenth.
    """
    (first, one), (second, two) = scores.items()
    best, chosen = -1.0, {}
    for tenths in range(11):
        low = float(np.quantile(one[in_scope], 1 - false_abstentions * tenths / 10))
        spent = one >= low
        spare = max(0.0, false_abstentions - spent[in_scope].mean())
        free = two[in_scope & ~spent]
        other = float(np.quantile(free, 1 - spare * in_scope.sum() / len(free), method="higher"))
        recall = float((spent | (two > other))[~in_scope].mean())
        if recall > best:
            best, chosen = recall, {first: low, second: float(np.nextafter(other, np.inf))}
    return chosen


def calibration_error(p: Numbers, truth: Flags) -> float:
    """Return the expected calibration error over ten bins of equal size."""
    bins = np.array_split(np.argsort(p, kind="stable"), BINS)
    return float(sum(len(b) * abs(p[b].mean() - truth[b].mean()) for b in bins) / len(p))


def predictions(log_odds: dict[str, Numbers], thresholds: dict[str, float]) -> list[Prediction]:
    """Return the model's prediction of each row, as far as log-odds give it."""
    return [
        Prediction(
            label=Label.BUILD if p_build >= 0.5 else Label.AUTOMATE,
            signals=Signals(**{n: bool(log_odds[n][index] >= thresholds[n]) for n in SIGNALS}),
            p_build=float(p_build),
        )
        for index, p_build in enumerate(1 / (1 + np.exp(-log_odds["label"])))
    ]


def after_tie_rules(answers: Sequence[Prediction]) -> NDArray[np.str_]:
    """Return the label of each row after the tie rules have decided the uncertain ones."""
    labels = []
    for answer in answers:
        label = answer.label
        if is_torn(answer.p_build, answer.signals):
            label, _ = break_tie(answer.signals)
        labels.append(label.value)
    return np.array(labels)


def tie_rates(
    rows: Sequence[TrainingExample], answers: Sequence[Prediction]
) -> dict[TieRule, TieRate]:
    """Return how often each tie rule is right on the rows in scope that it decides."""
    decided = []
    for row, answer in zip(rows, answers, strict=True):
        if row.label and not answer.abstained_because and is_torn(answer.p_build, answer.signals):
            label, rule = break_tie(answer.signals)
            decided.append((rule, label is row.label))
    return rates_by_rule(decided)


def cascade_points(
    rows: Sequence[TrainingExample], answers: Sequence[Prediction]
) -> list[tuple[float, float, float]]:
    """Return (threshold, coverage, accuracy) of a cascade at each threshold.

    Texts without a label count: to answer one is wrong.
    """
    pairs = zip(rows, answers, strict=True)
    points = operating_points(
        [(confidence(answer), answer.label is row.label) for row, answer in pairs]
    )
    return [(p.threshold, round(p.coverage, 4), round(p.accuracy, 4)) for p in points]


def report(
    rows: Sequence[TrainingExample], log_odds: dict[str, Numbers], thresholds: dict[str, float]
) -> dict[str, Any]:
    """Return the cross-validated figures: of the label by voice, of signals and abstentions."""
    in_scope = np.array([row.label is not None for row in rows])
    truth = np.array([row.label is Label.BUILD for row in rows])[in_scope]
    p = 1 / (1 + np.exp(-log_odds["label"][in_scope]))
    right = (p >= 0.5) == truth
    voice = np.array([row.voice for row in rows])[in_scope]
    surest = np.argsort(-np.abs(p - 0.5), kind="stable")[: round(0.7 * len(p))]
    answers = predictions(log_odds, thresholds)
    ruled = after_tie_rules(answers)
    abstains = np.zeros(len(rows), dtype=bool)
    for name in ("neither", "too_vague"):
        abstains |= log_odds[name] >= thresholds[name]
    signals = {}
    for name in SIGNALS:
        on = log_odds[name] >= thresholds[name]
        true = np.array([name in row.signals for row in rows])
        hits = float((on & true).sum())
        signals[name] = {
            "precision": _share(hits, on.sum()),
            "recall": _share(hits, true.sum()),
            "texts": int(true.sum()),
        }
    return {
        "what": "each voice was left out in turn; the rest by a hash of the id",
        "label": {
            "texts": len(p),
            "accuracy": round(float(right.mean()), 3),
            "accuracy_of_the_surest_70_percent": round(float(right[surest].mean()), 3),
            "accuracy_after_tie_rules": round(
                float(((ruled == Label.BUILD.value)[in_scope] == truth).mean()), 3
            ),
            "auc": round(float(roc_auc_score(truth, p)), 3),
            "calibration_error": round(calibration_error(p, truth), 3),
            "accuracy_by_voice_left_out": {
                name: round(float(right[voice == name].mean()), 3) for name in VOICES
            },
        },
        "abstention": {
            "recall": _share(abstains[~in_scope].sum(), (~in_scope).sum()),
            "false_abstentions": _share(abstains[in_scope].sum(), in_scope.sum()),
        },
        "signals": signals,
        "cascade": {
            "what": "threshold, share of all texts kept, accuracy of the kept (without a label: 0)",
            "texts": len(rows),
            "points": cascade_points(rows, answers),
        },
    }


def _share(part: float, total: float) -> float:
    return round(float(part) / max(1.0, float(total)), 3)
