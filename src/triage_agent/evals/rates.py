"""Figures with their 95 % intervals: shares, also of outcomes that go together, and AUC."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binomtest

from triage_agent.evals.rows import EvalRow
from triage_agent.evals.significance import Z

DRAWS = 2_000  # random draws behind a percentile
BLOCK = 100  # draws made at once, so that a large set fits into memory


@dataclass(frozen=True, slots=True)
class Rate:
    """A share with its counts and 95 % interval; all three are None when `total` is 0."""

    right: int
    total: int
    value: float | None
    low: float | None
    high: float | None


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure that is not a share of counts, with its 95 % interval."""

    value: float
    low: float
    high: float


def rate(right: int, total: int) -> Rate:
    """Return a share with its 95 % Wilson score interval.

    >>> rate(0, 0).value is None
    True
    >>> rate(8, 10).low  # doctest: +ELLIPSIS
    0.490162...
    """
    if total == 0:
        return Rate(0, 0, None, None, None)
    interval = binomtest(right, total).proportion_ci(method="wilson")
    return Rate(right, total, right / total, float(interval.low), float(interval.high))


def clustered_rate(outcomes: Sequence[bool], clusters: Sequence[str], seed: int = 0) -> Rate:
    """Return a share whose interval knows that outcomes of one cluster go together.

    The interval is the percentile interval of a bootstrap over whole clusters, but never narrower
    than Wilson's for independent outcomes: few clusters that happen to agree prove little. Where
    no resample can differ (no hit, or nothing but hits) it is Wilson's for as many outcomes as
    there are clusters, and a single cluster says nothing about others.

    >>> clustered_rate([False] * 2000, ["a", "b", "c", "d"] * 500).high > 0.4
    True
    """
    places: dict[str, int] = {}
    pairs = zip(clusters, outcomes, strict=True)
    at = np.array([places.setdefault(name, len(places)) for name, _ in pairs], dtype=np.intp)
    plain, number = rate(sum(outcomes), len(outcomes)), len(places)
    if plain.value is None or plain.low is None or plain.high is None:
        return plain
    if number == 1:
        return replace(plain, low=0.0, high=1.0)
    if plain.right in {0, plain.total}:
        ends = rate(number if plain.right else 0, number)
        return replace(plain, low=ends.low, high=ends.high)
    hits = np.bincount(at, weights=np.asarray(outcomes, dtype=np.float64))
    sizes = np.bincount(at)
    random = np.random.default_rng(seed)
    shares = []
    for _ in range(DRAWS // BLOCK):
        drawn = random.integers(number, size=(BLOCK, number))
        shares.append(hits[drawn].sum(axis=1) / sizes[drawn].sum(axis=1))
    low, high = np.percentile(np.concatenate(shares), [2.5, 97.5])
    return replace(plain, low=min(plain.low, float(low)), high=max(plain.high, float(high)))


def share(rows: Sequence[EvalRow], holds: Callable[[EvalRow], bool]) -> Rate:
    """Return the share of the rows for which something holds.

    Repeats of one case are no independent evidence: with any, the interval is clustered by id.
    """
    hits, ids = [holds(row) for row in rows], [row.id for row in rows]
    return rate(sum(hits), len(hits)) if len(set(ids)) == len(ids) else clustered_rate(hits, ids)


def auc_estimate(auc: float, positives: int, negatives: int) -> Estimate:
    """Return an area under the ROC curve with its 95 % interval, by Newcombe's method 5.

    Newcombe, "Confidence intervals for an effect size measure based on the Mann-Whitney statistic,
    part 2", Statistics in Medicine 25, 2006: the areas that are less than 1.96 of *their* standard
    errors (Hanley and McNeil 1982) from the one that was found. So it does not shrink to a point
    when all pairs are in order.

    >>> auc_estimate(1.0, 40, 400).low < 0.99
    True
    """

    def distance(true: float) -> float:
        """Return how many standard errors of `true` lie between it and what was found."""
        more = (positives + negatives) / 2 - 1
        spread = 1 + more * ((1 - true) / (2 - true) + true / (1 + true))
        error = sqrt(true * (1 - true) * spread / (positives * negatives))
        return abs(auc - true) - Z * error

    # At 0 and 1 the error is 0 too, which is not the end that is looked for.
    low = brentq(distance, 0.0, min(auc, 1 - 1e-12)) if auc > 0 else 0.0
    high = brentq(distance, max(auc, 1e-12), 1.0) if auc < 1 else 1.0
    return Estimate(auc, float(low), float(high))
