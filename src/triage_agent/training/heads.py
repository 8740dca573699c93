"""Fits the heads over the finished encoder: label, signals, red flags, orders to the reader.

Signals, flags and orders read the vectors of a middle layer: the last one has forgotten what it was
not fine-tuned for. What is out of scope is read from the last one, the label from both. Thresholds
are chosen on texts that the head had not seen.
"""

import hashlib
import io
import json
import random
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GroupKFold, cross_val_predict

from triage_agent.models import Encoder, Vector, split, tidy
from triage_agent.training.augmentation import Reading, attacked
from triage_agent.training.examples import (
    FLAGS,
    KINDS,
    SIGNALS,
    TrainingText,
    load_attacks,
    load_flag_texts,
    load_texts,
)

STRENGTH = 30.0  # the inverse L2 penalty
KIND_STRENGTH = 5.0
LABEL_STRENGTHS = 1.0, 80.0, 80.0  # by the middle layer, by the last one, by both
FOLDS = 8
ATTACKED = 3  # problems that each attack is put around
HONEST = 1_500  # texts without orders
SURE = 0.95  # precision of a signal, for the tie rules believe it
FALSE_ORDERS = 0.003  # of the sentences in honest texts
SEED = 3

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


def fit_heads(examples: Path, weights: Path) -> None:
    """Put the heads into heads.npz, and their thresholds into model.json."""
    encoder = Encoder(weights)
    with np.load(weights / "heads.npz") as stored:
        arrays = dict(stored)
    data = json.loads((weights / "model.json").read_text(encoding="utf-8"))
    vectors, order, groups = order_vectors(examples, encoder)
    head, unseen = fitted(vectors, order, groups)
    arrays["order_weights"], arrays["order_bias"] = head
    data["reading"]["order"] = round(float(np.quantile(unseen[~order], 1 - FALSE_ORDERS)), 3)
    texts = load_flag_texts(examples)
    read = [text_and_parts(text.text, encoder) for text in texts]
    for index, (name, roles) in enumerate(FLAGS.items()):
        use = [number for number, text in enumerate(texts) if text.role in roles]
        truth = np.array([name in (texts[number].flags or ()) for number in use])
        head, unseen = flag_head([read[number] for number in use], truth)
        arrays["flags_weights"][index] = head.coef_[0]
        arrays["flags_bias"][index] = head.intercept_[0]
        data["reading"]["flags"][name] = round(best_threshold(unseen, truth), 3)
    texts = [text for text in load_texts(examples) if text.orders_known]
    both = encoded([text.text for text in texts], encoder)
    senses, gists = np.split(both, 2, axis=1)
    own, limits = signal_heads(texts, senses)
    arrays |= own
    data["reading"]["signals"] = limits
    kinds = np.array([KINDS.index(str(text.kind)) for text in texts])
    three = LogisticRegression(C=KIND_STRENGTH, max_iter=3000).fit(gists, kinds)
    arrays["kind_weights"] = three.coef_.astype(np.float32)
    arrays["kind_bias"] = three.intercept_.astype(np.float32)
    labelled = kinds != KINDS.index("neither")
    arrays["label_weights"], arrays["label_bias"] = label_head(
        both[labelled], kinds[labelled] == KINDS.index("build-software")
    )
    data["outputs"]["label"] = ["build"]
    packed = io.BytesIO()
    np.savez(packed, **arrays)
    (weights / "heads.npz").write_bytes(packed.getvalue())
    data["heads_sha256"] = hashlib.sha256(packed.getvalue()).hexdigest()
    (weights / "model.json").write_text(json.dumps(data, indent=1) + "\n", encoding="utf-8")


def text_and_parts(text: str, encoder: Encoder) -> Numbers:
    """Return the vector of a text and those of its parts (1 + parts × 768)."""
    clean = tidy(text).text
    read = encoder.encode(clean)
    parts = [read.sense(read.inside(part)) for part in split(clean)]
    return np.array([read.sense(), *parts])


def flag_head(read: Sequence[Numbers], truth: Flags) -> tuple[LogisticRegression, Numbers]:
    """Return the head of a red flag, and the log-odds of texts left out, as `Heads.flags` reads."""
    whole = np.array([vectors[0] for vectors in read])
    head = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=3000)
    unseen = np.zeros(len(read))
    for known, left_out in GroupKFold(FOLDS).split(whole, groups=np.arange(len(read))):
        head.fit(whole[known], truth[known])
        for number in left_out:
            scores = head.decision_function(read[number])
            unseen[number] = (scores[0] + scores[1:].max()) / 2
    return head.fit(whole, truth), unseen


def label_head(both: Numbers, build: Flags) -> tuple[Numbers, Numbers]:
    """Return weights (1 × 1,536) and bias of the mean of three heads.

    They err about different texts, so their mean errs less than each.
    """
    middle, last = slice(768), slice(768, None)
    weights, bias = np.zeros((1, both.shape[1])), np.zeros(1)
    for part, strength in zip((middle, last, slice(None)), LABEL_STRENGTHS, strict=True):
        head = LogisticRegression(C=strength, max_iter=3000).fit(both[:, part], build)
        weights[:, part] += head.coef_ / len(LABEL_STRENGTHS)
        bias += head.intercept_ / len(LABEL_STRENGTHS)
    return weights.astype(np.float32), bias.astype(np.float32)


def signal_heads(
    texts: Sequence[TrainingText], vectors: Numbers
) -> tuple[dict[str, Numbers], dict[str, float]]:
    """Return the heads of all signals, and their thresholds."""
    weights, bias, limits = [], [], {}
    for name in SIGNALS:
        truth = np.array([name in text.signals for text in texts])
        head, unseen = fitted(vectors, truth, np.arange(len(texts)))
        weights.append(head[0][0])
        bias.append(head[1][0])
        limits[name] = round(best_threshold(unseen, truth, SURE), 3)
    return {"signals_weights": np.array(weights), "signals_bias": np.array(bias)}, limits


def fitted(
    vectors: Numbers, truth: Flags, groups: NDArray[np.int_]
) -> tuple[tuple[Numbers, Numbers], Numbers]:
    """Return weights (1 × 768) and bias of a head, and the log-odds of texts left out."""
    line = LogisticRegression(C=STRENGTH, class_weight="balanced", max_iter=3000)
    unseen = cross_val_predict(
        line, vectors, truth, groups=groups, cv=GroupKFold(FOLDS), method="decision_function"
    )
    line.fit(vectors, truth)
    return (line.coef_.astype(np.float32), line.intercept_.astype(np.float32)), unseen


def best_threshold(scores: Numbers, truth: Flags, precision: float = 0.0) -> float:
    """Return the score from which "on" has the best F1 among those of enough precision.

    >>> best_threshold(np.array([0.1, 0.4, 0.35, 0.8]), np.array([False, True, False, True]))
    0.4
    """

    def f1(threshold: float) -> float:
        on = scores >= threshold
        right = float((on & truth).sum())
        return 2 * right / float(on.sum() + truth.sum()) if right >= precision * on.sum() else 0.0

    best = max(np.unique(scores), key=f1)
    return float(best) if f1(best) else float(scores.max()) + 1.0


def order_vectors(examples: Path, encoder: Encoder) -> tuple[Numbers, Flags, NDArray[np.int_]]:
    """Return the vector of each sentence, whether it is an order, and the number of its attack."""
    rng = random.Random(SEED)  # noqa: S311 (no secret)
    honest = [t for t in load_texts(examples) if t.orders_known and t.kind != KINDS[2]]
    rows = list(_readings(honest, examples, rng))
    clean = [tidy(reading.text) for reading, _ in rows]
    with ThreadPoolExecutor(2) as threads:
        found = list(threads.map(encoder.encode, [one.text for one in clean]))
    vectors, truth, groups = [], [], []
    for (reading, group), one, pieces in zip(rows, clean, found, strict=True):
        for start, end in split(one.text):
            inside = pieces.inside((start, end))
            if not inside.any():
                continue
            first, last = one.origin[start], one.origin[end - 1]
            orders = any(first < stop and begin <= last for begin, stop in reading.orders)
            vectors.append(pieces.sense(inside))
            truth.append(orders)
            groups.append(group)
    return np.array(vectors), np.array(truth), np.array(groups)


def _readings(
    honest: Sequence[TrainingText], examples: Path, rng: random.Random
) -> Iterator[tuple[Reading, int]]:
    """Yield attacked problems and honest texts, each with the number of its group."""
    attacks = load_attacks(examples)
    for number, attack in enumerate(attacks):
        for text in rng.sample(honest, ATTACKED):
            yield attacked(text.text, attack), number
    for number, text in enumerate(rng.sample(honest, HONEST), start=len(attacks)):
        yield Reading(text.text), number


def encoded(texts: Sequence[str], encoder: Encoder) -> Numbers:
    """Return the vectors of each text, of both layers (texts × 1,536)."""

    def read(text: str) -> Vector:
        return encoder.encode(tidy(text).text).both()

    with ThreadPoolExecutor(2) as threads:
        return np.array(list(threads.map(read, texts)))
