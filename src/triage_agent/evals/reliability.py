"""How well a run's probabilities are calibrated, and which rows a person should read instead."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from triage_agent.errors import SettingsError
from triage_agent.evals.rows import EvalRow
from triage_agent.types import Label

BINS = 10
DRAWS = 2_000  # random draws behind a percentile
BLOCK = 100  # draws made at once, so that a large set fits into memory

Numbers = NDArray[np.float64]


class Bin(NamedTuple):
    """One bin of a reliability diagram."""

    probability: float  # the mean of what was claimed
    right: float  # the share that came true
    rows: int


class RiskCoveragePoint(NamedTuple):
    """One point of the risk–coverage curve: only rows of at least `threshold` are answered."""

    coverage: float  # of all in-scope rows
    accuracy: float  # of the rows that are still answered
    threshold: float


class ReviewThreshold(NamedTuple):
    """The threshold that reaches a wanted accuracy, and how much a person then has to read."""

    threshold: float
    to_person: float  # the share of in-scope rows that a person has to read
    accuracy: float  # of the rest, measured on the rows that chose the threshold


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well `p_build` tells the labels apart, before any tie rule."""

    auc: float | None  # area under the ROC curve; None: not both labels are expected
    brier: float | None  # mean squared error; None: no row has a probability
    rows: int


@dataclass(frozen=True, slots=True)
class Reliability:
    """How far stated probabilities are from what came true."""

    ece: float | None  # expected calibration error; None: no row has a probability
    rows: int
    p95: float | None  # what a perfectly calibrated model stays under 95 times of 100
    bins: tuple[Bin, ...]


def ranking(rows: Sequence[EvalRow]) -> Ranking:
    """Return AUC and Brier score of `p_build`, over the in-scope rows that have one."""
    known = [row for row in rows if row.in_scope and row.p_build is not None]
    truth = [row.expected is Label.BUILD for row in known]
    p_build = [row.p_build for row in known]
    if not known:
        return Ranking(None, None, 0)
    auc = float(roc_auc_score(truth, p_build)) if len(set(truth)) == 2 else None
    return Ranking(auc, float(brier_score_loss(truth, p_build, pos_label=True)), len(known))


def reliability(
    rows: Sequence[EvalRow], weights: Mapping[Label, float] | None = None, seed: int = 0
) -> Reliability:
    """Return the expected calibration error of the final label, and what chance alone gives.

    It looks at the answered in-scope rows that have a `probability`, in ten bins of equal size
    (Naeini, Cooper, Hauskrecht 2015, with equal mass), or as many as there are rows. No model has
    an error of 0 on a finite set, so `p95` is what 95 % of models stay under that have these
    probabilities and are exactly as often right as they say; repeats of a case count as one draw.
    `weights` says how much a row of each expected label counts, for another prior.
    """
    scored = sorted(_scored(rows), key=lambda pair: (pair[0], pair[1].id, pair[1].repeat))
    if not scored:
        return Reliability(None, 0, None, ())
    p = np.array([probability for probability, _ in scored])
    right = np.array([row.right for _, row in scored], dtype=np.float64)
    mass = np.array(
        [weights[row.expected] if weights and row.expected else 1.0 for _, row in scored]
    )
    starts = [int(part[0]) for part in np.array_split(np.arange(len(p)), min(BINS, len(p)))]

    def error(right: Numbers) -> Numbers:
        """Return the error of each line of outcomes: the gaps of the bins, by their weight."""
        gaps = np.add.reduceat(mass * (right - p), starts, axis=-1)
        summed: Numbers = np.abs(gaps).sum(axis=-1) / mass.sum()
        return summed

    cases, case = np.unique([row.id for _, row in scored], return_inverse=True)
    random = np.random.default_rng(seed)
    chance = [
        error((random.random((BLOCK, len(cases)))[:, case] < p).astype(np.float64))
        for _ in range(DRAWS // BLOCK)
    ]
    bins = tuple(
        Bin(
            float(np.average(p[part], weights=mass[part])),
            float(np.average(right[part], weights=mass[part])),
            len(part),
        )
        for part in np.array_split(np.arange(len(p)), len(starts))
    )
    p95 = float(np.percentile(np.concatenate(chance), 95))
    return Reliability(float(error(right)), len(p), p95, bins)


def risk_coverage(rows: Sequence[EvalRow]) -> tuple[RiskCoveragePoint, ...]:
    """Return what every possible threshold gives, from the highest to the lowest.

    A row without a probability is never answered. Rows of equal probability are answered
    together, since no threshold tells them apart.
    """
    scope = sum(row.in_scope for row in rows)
    scored = sorted(_scored(rows), key=lambda pair: -pair[0])
    points, right = [], 0
    for count, (probability, row) in enumerate(scored, 1):
        right += row.right
        if count == len(scored) or scored[count][0] < probability:
            points.append(RiskCoveragePoint(count / scope, right / count, probability))
    return tuple(points)


def threshold_for(rows: Sequence[EvalRow], wanted_accuracy: float) -> ReviewThreshold | None:
    """Return the threshold that answers most rows at the wanted accuracy; None: none reaches it.

    The accuracy is that of the rows which chose the threshold, so expect a little less on others.
    """
    if not 0 <= wanted_accuracy <= 1:
        raise SettingsError(
            f"The wanted accuracy must be between 0 and 1, not {wanted_accuracy:g}: 0.97 for 97 %."
        )
    enough = [point for point in risk_coverage(rows) if point.accuracy >= wanted_accuracy]
    if not enough:
        return None
    best = max(enough, key=lambda point: point.coverage)
    return ReviewThreshold(best.threshold, 1 - best.coverage, best.accuracy)


def _scored(rows: Sequence[EvalRow]) -> list[tuple[float, EvalRow]]:
    """Return the answered in-scope rows that have a probability, with it."""
    return [
        (row.probability, row)
        for row in rows
        if row.in_scope and row.label and row.probability is not None
    ]
