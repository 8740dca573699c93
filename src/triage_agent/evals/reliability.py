"""How far a run's probabilities can be trusted: do they rank well, and are they calibrated?"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import brier_score_loss, roc_auc_score

from triage_agent.evals.rates import BLOCK, DRAWS, Estimate, auc_estimate
from triage_agent.evals.rows import EvalRow
from triage_agent.types import Abstention, Label, Outcome

BINS = 10

Numbers = NDArray[np.float64]


class Bin(NamedTuple):
    """One bin of a reliability diagram."""

    probability: float  # the mean of what was claimed
    right: float  # the share that came true
    rows: int


@dataclass(frozen=True, slots=True)
class Ranking:
    """How well `p_build` tells the labels apart, before any tie rule."""

    auc: float | None  # area under the ROC curve; None: not both labels are expected
    brier: float | None  # mean squared error; None: no row has a probability
    rows: int


@dataclass(frozen=True, slots=True)
class ScopeRanking:
    """How well a run tells the rows that are out of scope from those in scope."""

    auc: Estimate | None  # area under the ROC curve; None: there are not both kinds
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


def scope_ranking(rows: Sequence[EvalRow]) -> ScopeRanking:
    """Return the AUC of out-of-scope detection, over the rows that have a score.

    Repeats of a case are no further evidence: the interval is that of the different cases.
    """
    scored = [(score, row) for row in rows if (score := out_of_scope_score(row)) is not None]
    truth = [not row.in_scope for _, row in scored]
    if len(set(truth)) < 2:
        return ScopeRanking(None, len(scored))
    auc = float(roc_auc_score(truth, [score for score, _ in scored]))
    inside = len({row.id for _, row in scored if row.in_scope})
    outside = len({row.id for _, row in scored if not row.in_scope})
    return ScopeRanking(auc_estimate(auc, outside, inside), len(scored))


def out_of_scope_score(row: EvalRow) -> float | None:
    """Return how likely a run takes a row to be out of scope, 0 to 1; None: it does not say.

    A backend without `p_in_scope` says it by its outcome alone. An error says nothing of the
    scope, nor does an abstention because of the language.
    """
    if row.outcome is Outcome.ERROR:
        return None
    if row.p_in_scope is not None:
        return 1 - row.p_in_scope
    if row.outcome is Outcome.CLASSIFIED:
        return 0.0
    return None if row.abstained_because == Abstention.UNKNOWN_LANGUAGE else 1.0


def reliability(
    rows: Sequence[EvalRow], weights: Mapping[Label, float] | None = None, seed: int = 0
) -> Reliability:
    """Return the expected calibration error of the final label, and what chance alone gives.

    It looks at the answered rows that have a `probability`, in ten bins of equal size
    (Naeini, Cooper, Hauskrecht 2015, with equal mass), or as many as there are rows. No model has
    an error of 0 on a finite set, so `p95` is what 95 % of models stay under that have these
    probabilities and are exactly as often right as they say; repeats of a case count as one draw.
    A row that is out of scope and got a label is wrong. `weights` says how much a row of each
    expected label counts, for another prior; one that is out of scope counts as it is.
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


def _scored(rows: Sequence[EvalRow]) -> list[tuple[float, EvalRow]]:
    """Return the answered rows that have a probability, with it."""
    return [(row.probability, row) for row in rows if row.label and row.probability is not None]
