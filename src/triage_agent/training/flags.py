"""Fits one head per red flag on prompts/training/red_flag_examples.jsonl; writes flags.npz.

Thresholds are chosen on log-odds of texts that the head had not seen (folds by a hash of the text);
flags.json holds what that cross-validation says. A head learns from the texts about the roles that
its flag can be about: what a CTO does well may be what an AI officer must not do.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.sparse import csr_matrix

from triage_agent.advice import NAME, RedFlag, Role, dense_features, load_red_flags
from triage_agent.evals import digest, read_lines
from triage_agent.files import Strict
from triage_agent.models import Encoder, Vector, tidy
from triage_agent.training.examples import FOLDS
from triage_agent.training.measure import best_threshold
from triage_agent.training.views import (
    Flags,
    Numbers,
    dense_regression,
    dense_view,
    rarity_of,
    sparse_regression,
    sparse_view,
)

# The inverse L2 penalty of the dense view, chosen by cross-validation; neighbouring values differ
# by less than a point.
FLAG_STRENGTH = 2.0


class FlagExample(Strict):
    """What somebody wrote about a person they hired, and the flags that apply."""

    text: str
    role: Role
    flags: tuple[str, ...]

    @property
    def fold(self) -> int:
        """The number of the fold in which this text is left out; it depends on the text alone."""
        return hashlib.sha256(self.text.encode()).digest()[0] % FOLDS


@dataclass(frozen=True, slots=True)
class FlagViews:
    """The two views of the examples, and how much each n-gram counts."""

    dense: Numbers  # examples × 386
    sparse: csr_matrix
    rarity: Vector


@dataclass(frozen=True, slots=True)
class FlagHead:
    """One flag's head over both views."""

    dense: Numbers
    sparse: Numbers
    bias: float


def make_flags(examples: Path, weights: Path) -> None:
    """Write flags.npz and flags.json into `weights`, from the examples and its encoder."""
    rows = load_flag_examples(examples)
    views = flag_views([row.text for row in rows], weights)
    heads, unseen, limits = [], [], []
    for flag in load_red_flags():
        use, truth = flag_target(rows, flag)
        heads.append(fit_flag(views, truth, use))
        unseen.append(unseen_log_odds(rows, views, truth, use))
        limits.append(best_threshold(unseen[-1][use], truth[use]))
    buckets = np.flatnonzero(views.rarity)
    np.savez_compressed(
        weights / NAME,
        flags=np.array([flag.id for flag in load_red_flags()]),
        dense=np.array([head.dense for head in heads], np.float32),
        sparse=np.array([head.sparse[buckets] for head in heads], np.float16),
        bias=np.array([head.bias for head in heads], np.float32),
        thresholds=np.array(limits, np.float32),
        buckets=buckets.astype(np.int32),
        rarity=views.rarity[buckets].astype(np.float16),
    )
    data = {
        "examples": len(rows),
        "examples_sha256": digest(examples),
        "encoder_sha256": digest(weights / "encoder.onnx"),
        "flags_sha256": digest(weights / NAME),
        "cross_validation": _report(rows, unseen, limits),
    }
    text = json.dumps(data, indent=1) + "\n"
    (weights / "flags.json").write_text(text, encoding="utf-8")


def load_flag_examples(path: Path) -> list[FlagExample]:
    """Return the examples of a JSON Lines file (see prompts/training/red_flag_examples.jsonl)."""
    return [example for _, example in read_lines(path, FlagExample)]


def flag_views(texts: Sequence[str], weights: Path) -> FlagViews:
    """Return both views of the texts, as the model computes them."""
    tidied = [tidy(text).text for text in texts]
    rarity = rarity_of(tidied)
    vectors = dense_view(tidied, Encoder(weights).encode)
    dense = [dense_features(text, row) for text, row in zip(tidied, vectors, strict=True)]
    return FlagViews(np.array(dense, np.float64), sparse_view(tidied, rarity), rarity)


def flag_target(rows: Sequence[FlagExample], flag: RedFlag) -> tuple[Flags, Flags]:
    """Return the rows that a head learns from, and whether the flag applies to each."""
    return (
        np.array([row.role in flag.roles for row in rows]),
        np.array([flag.id in row.flags for row in rows]),
    )


def fit_flag(views: FlagViews, truth: Flags, use: Flags) -> FlagHead:
    """Return a head fitted on the rows in `use`; the log-odds of both views add up."""
    dense = dense_regression(FLAG_STRENGTH).fit(views.dense[use], truth[use])
    sparse = sparse_regression().fit(views.sparse[use], truth[use])
    bias = float(dense.intercept_[0] + sparse.intercept_[0])
    return FlagHead(dense.coef_[0], sparse.coef_[0], bias)


def unseen_log_odds(
    rows: Sequence[FlagExample], views: FlagViews, truth: Flags, use: Flags
) -> Numbers:
    """Return the log-odds of each row from a head that was fitted without its fold."""
    fold = np.array([row.fold for row in rows])
    scores = np.zeros(len(rows))
    for number in range(FOLDS):
        head, new = fit_flag(views, truth, use & (fold != number)), fold == number
        scores[new] = views.dense[new] @ head.dense + views.sparse[new] @ head.sparse + head.bias
    return scores


def _report(
    rows: Sequence[FlagExample], unseen: Sequence[Numbers], limits: Sequence[float]
) -> dict[str, Any]:
    """Return the cross-validated figures, each flag over the texts about its roles."""
    flags: dict[str, dict[str, Any]] = {}
    wrong = np.zeros(len(rows), dtype=bool)
    for flag, scores, limit in zip(load_red_flags(), unseen, limits, strict=True):
        use, truth = flag_target(rows, flag)
        on = use & (scores >= limit)
        wrong |= on != truth
        right, given, true = (int(array.sum()) for array in (on & truth, on, truth))
        flags[flag.id] = {
            "precision": round(right / max(1, given), 3),
            "recall": round(right / max(1, true), 3),
            "f1": round(2 * right / max(1, given + true), 3),
            "texts": true,
        }
    return {
        "macro_f1": round(float(np.mean([one["f1"] for one in flags.values()])), 3),
        "exact": round(float(1 - wrong.mean()), 3),
        "flags": flags,
    }
