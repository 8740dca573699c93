"""The statistics of two runs on the same cases: is the difference more than noise?"""

from collections.abc import Sequence
from math import sqrt

import numpy as np
from scipy.optimize import brentq
from scipy.stats import binom, binomtest, norm

ALPHA = 0.05
POWER = 0.8
Z = float(norm.ppf(1 - ALPHA / 2))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected by Holm's step-down, in the order given.

    Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
    Statistics 6, 1979. SciPy has the false discovery rate only.

    >>> holm([0.04, 0.01, 0.03])
    [0.06, 0.03, 0.06]
    """
    corrected, worst = [0.0] * len(p_values), 0.0
    for rank, place in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        worst = max(worst, min(1.0, p_values[place] * (len(p_values) - rank)))
        corrected[place] = worst
    return corrected


def mcnemar(only_a: int, only_b: int) -> float:
    """Return the exact two-sided p-value of McNemar's test; 1 without a discordant case.

    >>> mcnemar(0, 5), mcnemar(0, 6)
    (0.0625, 0.03125)
    """
    discordant = only_a + only_b
    return float(binomtest(only_b, discordant).pvalue) if discordant else 1.0


def paired_interval(only_a: int, only_b: int, n: int) -> tuple[float, float]:
    """Return Tango's 95 % score interval of the difference of paired proportions, B minus A.

    Tango, "Equivalence test and confidence interval for the difference in proportions for the
    paired-sample design", Statistics in Medicine 17, 1998. Unlike Wald's it does not shrink to a
    point when the runs agree on every case.

    >>> [round(end, 3) for end in paired_interval(7, 1, 21)]  # Bentur et al. 2009
    [-0.517, -0.026]
    >>> [round(end, 4) for end in paired_interval(0, 0, 400)]
    [-0.0095, 0.0095]
    """
    difference = (only_b - only_a) / n

    def score(delta: float) -> float:
        """Return the score statistic if `delta` were the true difference."""
        linear = (2 * n - only_b + only_a) * delta - only_b - only_a
        root = sqrt(linear**2 + 8 * n * only_a * delta * (1 - delta))
        only_a_then = (root - linear) / (4 * n)  # the likeliest share right in A only, given delta
        variance = n * (2 * only_a_then + delta * (1 - delta))
        return float((only_b - only_a - n * delta) / sqrt(max(variance, 1e-12)))

    low = -1.0 if only_a == n else brentq(lambda delta: score(delta) - Z, -1.0, difference)
    high = 1.0 if only_b == n else brentq(lambda delta: score(delta) + Z, difference, 1.0)
    return float(low), float(high)


def detectable_difference(n: int, discordant: int, comparisons: int = 1) -> float | None:
    """Return the smallest true difference that the test would find with 80 % power, or None.

    The power of the exact test at difference d, where cases are discordant at the observed rate
    r (or d, if that is more, since a difference needs as many):
    sum over k of Binomial(k; n, r) × P(Binomial(k, (1 + d / r) / 2) ≥ c_k), c_k being the fewest
    wins among k that give p < 0.05. Solved for d. Several comparisons share the 0.05 evenly, the
    most that Holm asks. None: the set is too small for any difference.

    >>> detectable_difference(5, 5) is None
    True
    >>> round(detectable_difference(400, 0), 3)  # eight wins and no loss, more or less
    0.02
    """
    counts = np.arange(n + 1)
    enough = binom.isf(ALPHA / comparisons / 2, counts, 0.5) + 1  # more than k: never

    def power(difference: float) -> float:
        """Return the chance that the test finds this difference."""
        rate = max(discordant / n, difference)
        wins = binom.sf(enough - 1, counts, (1 + difference / rate) / 2)
        return float(binom.pmf(counts, n, rate) @ wins)

    if power(1.0) < POWER:
        return None
    return float(brentq(lambda difference: power(difference) - POWER, 1e-9, 1.0))
