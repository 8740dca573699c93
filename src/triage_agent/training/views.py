"""The two views of the example texts that the heads learn from, and the head that finds orders."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from triage_agent.embedded_text import Words, blank, split, tidy
from triage_agent.embedded_weights import (
    BUCKETS,
    Buckets,
    Encoder,
    Heads,
    Vector,
    count_ngrams,
    find_orders,
    of_part,
)
from triage_agent.training.examples import FOLDS, Example
from triage_agent.training.measure import best_threshold

MIN_TEXTS = 2  # an n-gram of one text alone teaches nothing about others
STRENGTH = 30.0  # inverse L2 penalty of the order head
ROUNDS = 3  # of guessing which sentence of a text is the order
PRECISION = 0.97  # of the texts found to hold an order: a false find drops a sentence from the text
SEED = 0  # of the order in which the solver takes the texts

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Orders:
    """The head that finds sentences which instruct the reader; `unseen` is by text."""

    weights: Numbers
    bias: float
    threshold: float
    unseen: Numbers


def rarity_of(texts: Sequence[str]) -> Vector:
    """Return the inverse document frequency of each bucket, 0 for those of one text alone."""
    ones, found = np.ones(BUCKETS, np.float32), np.zeros(BUCKETS)
    for text in texts:
        found[np.unique(count_ngrams(text, ones).buckets)] += 1
    rarity = np.log((1 + len(texts)) / (1 + found)) + 1
    rarity[found < MIN_TEXTS] = 0.0
    return rarity.astype(np.float16).astype(np.float32)


def sparse_view(texts: Sequence[str], rarity: Vector) -> csr_matrix:
    """Return the n-grams of the texts, one row each."""
    counted = [count_ngrams(text, rarity) for text in texts]
    return _stack([(ngrams.buckets, ngrams.weights) for ngrams in counted])


def parts_view(texts: Sequence[str], rarity: Vector) -> csr_matrix:
    """Return the n-grams of each part of the texts, one row a part."""
    rows = []
    for text in texts:
        ngrams = count_ngrams(text, rarity)
        rows += [of_part(part, ngrams, rarity)[:2] for part in split(text) or [(0, len(text))]]
    return _stack(rows)


def _stack(rows: list[tuple[Buckets, Vector]]) -> csr_matrix:
    starts = np.cumsum([0] + [len(buckets) for buckets, _ in rows])
    columns = np.concatenate([buckets for buckets, _ in rows])
    values = np.concatenate([weights for _, weights in rows]).astype(np.float64)
    matrix = csr_matrix((values, columns, starts), shape=(len(rows), BUCKETS))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def dense_view(texts: Sequence[str], weights: Path) -> Numbers:
    """Return the encoder's mean vectors of the texts, one row each."""
    encoder = Encoder(weights)
    with ThreadPoolExecutor(2) as pool:
        return np.array(list(pool.map(lambda text: encoder.encode(text).mean, texts)), np.float64)


def fit_orders(rows: Sequence[Example], words: Words, rarity: Vector) -> Orders:
    """Return the head that tells orders to the reader from other sentences.

    Only whole texts are marked, so the sentence is guessed: those that the written patterns
    match, else first the last one, later the one that the head itself finds most order-like.
    """
    texts = [tidy(row.text).text for row in rows]
    parts = [[text[slice(*part)] for part in split(text)] or [text] for text in texts]
    owner = np.repeat(np.arange(len(rows)), [len(own) for own in parts])
    sentences = [sentence for own in parts for sentence in own]
    marked = np.array(["instructs_reader" in row.signals for row in rows])
    matched = np.array([words.orders.search(sentence) is not None for sentence in sentences])
    view, fold = parts_view(texts, rarity), np.array([row.fold for row in rows])[owner]
    last = np.append(owner[1:] != owner[:-1], True)
    truth = _guess(owner, marked, matched, last.astype(np.float64))
    for _ in range(ROUNDS):
        unseen = np.zeros(len(sentences))
        for number in range(FOLDS):
            model = sparse_regression(STRENGTH).fit(view[fold != number], truth[fold != number])
            unseen[fold == number] = model.decision_function(view[fold == number])
        truth = _guess(owner, marked, matched, unseen)
    model = sparse_regression(STRENGTH).fit(view, truth)
    strongest = np.array([unseen[owner == index].max() for index in range(len(rows))])
    threshold = best_threshold(strongest, marked, PRECISION)
    return Orders(model.coef_[0], float(model.intercept_[0]), threshold, strongest)


def without_orders(
    rows: Sequence[Example], words: Words, orders: Orders, rarity: Vector
) -> list[str]:
    """Return the tidy texts without the sentences that instruct their reader."""
    heads = Heads(
        name="orders",
        dense={},
        sparse={"order": orders.weights.astype(np.float32)},
        bias={"order": np.array(orders.bias, np.float32)},
        rarity=rarity,
        thresholds={"instructs_reader": orders.threshold},
        scale=1.0,
        shift=0.0,
    )
    texts = []
    for row in rows:
        text = tidy(row.text).text
        ngrams = count_ngrams(text, rarity)
        texts.append(blank(text, find_orders(split(text), text, ngrams, heads, words.orders)))
    return texts


def _guess(owner: NDArray[np.int64], marked: Flags, matched: Flags, score: Numbers) -> Flags:
    """Return which sentences are taken for orders, given how order-like each one looks."""
    truth = matched & marked[owner]
    for index in np.flatnonzero(marked):
        own = np.flatnonzero(owner == index)
        if not truth[own].any():
            truth[own[np.argmax(score[own])]] = True
    return truth


def sparse_regression(strength: float) -> LogisticRegression:
    """Return a classifier that is quick on many n-grams and few texts, and repeatable."""
    return LogisticRegression(
        C=strength,
        class_weight="balanced",
        solver="liblinear",
        dual=True,
        max_iter=1000,
        random_state=SEED,
    )
