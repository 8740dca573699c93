"""The two views of the example texts that the heads learn from."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from triage_agent.models import BUCKETS, Buckets, Encode, Vector, count_ngrams

# Inverse L2 penalties, chosen by leaving voices out.
DENSE_STRENGTH = 5.0
SPARSE_STRENGTH = 30.0
MIN_TEXTS = 2  # an n-gram of one text alone teaches nothing about others
SEED = 0  # of the order in which the solver takes the texts

Numbers = NDArray[np.float64]
Flags = NDArray[np.bool_]


def rarity_of(texts: Sequence[str]) -> Vector:
    """Return the inverse document frequency of each bucket, 0 for those of one text alone."""
    ones, texts_with = np.ones(BUCKETS, np.float32), np.zeros(BUCKETS)
    for text in texts:
        texts_with[np.unique(count_ngrams(text, ones).buckets)] += 1
    rarity = np.log((1 + len(texts)) / (1 + texts_with)) + 1
    rarity[texts_with < MIN_TEXTS] = 0.0
    return rarity.astype(np.float16).astype(np.float32)


def sparse_view(texts: Sequence[str], rarity: Vector) -> csr_matrix:
    """Return the n-grams of the texts, one row each."""
    counted = [count_ngrams(text, rarity) for text in texts]
    return stack([(ngrams.buckets, ngrams.weights) for ngrams in counted])


def stack(rows: list[tuple[Buckets, Vector]]) -> csr_matrix:
    """Return sparse rows, each given by its buckets (repeats add up) and their weights."""
    starts = np.cumsum([0] + [len(buckets) for buckets, _ in rows])
    columns = np.concatenate([buckets for buckets, _ in rows])
    values = np.concatenate([weights for _, weights in rows]).astype(np.float64)
    matrix = csr_matrix((values, columns, starts), shape=(len(rows), BUCKETS))
    matrix.sum_duplicates()
    matrix.eliminate_zeros()
    return matrix


def dense_view(texts: Sequence[str], encode: Encode) -> Numbers:
    """Return the encoder's mean vectors of the texts, one row each."""
    with ThreadPoolExecutor(2) as pool:
        return np.array(list(pool.map(lambda text: encode(text).mean, texts)), np.float64)


def sparse_regression() -> LogisticRegression:
    """Return a classifier that is quick on many n-grams and few texts, and repeatable."""
    return LogisticRegression(
        C=SPARSE_STRENGTH,
        class_weight="balanced",
        solver="liblinear",
        dual=True,
        max_iter=1000,
        random_state=SEED,
    )


def fit_head(
    dense: Numbers, sparse: csr_matrix, truth: Flags, use: Flags, share: float = 1.0
) -> tuple[LogisticRegression, LogisticRegression]:
    """Return one head over each view, fitted on the rows in `use`; their log-odds add up.

    Those of the dense view are multiplied by `share`.
    """
    on_dense = dense_regression().fit(dense[use], truth[use])
    on_dense.coef_ *= share
    on_dense.intercept_ *= share
    return on_dense, sparse_regression().fit(sparse[use], truth[use])


def dense_regression(strength: float = DENSE_STRENGTH) -> LogisticRegression:
    """Return a classifier of the encoder's vectors."""
    return LogisticRegression(C=strength, class_weight="balanced", solver="newton-cholesky")
