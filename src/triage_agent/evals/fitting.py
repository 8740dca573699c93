"""Fits a calibration: maps a backend's probabilities to how often they came true."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from importlib.metadata import version

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.model_selection import StratifiedKFold

from triage_agent.classify import Policy, apply_policy
from triage_agent.errors import InputError
from triage_agent.evals.cases import Case
from triage_agent.evals.reliability import Numbers, Reliability, reliability
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.split import MIN_CASES, Split
from triage_agent.intake import counted
from triage_agent.models import (
    EDGE,
    Calibration,
    Identity,
    Isotonic,
    Model,
    Platt,
    Unchanged,
    kind_of,
    log_odds,
    mapped,
    tie_rates,
)
from triage_agent.settings import Backend
from triage_agent.types import DecidedBy, Label, Outcome, Prediction, Problem

MIN_EACH = 10  # cases of each label: without both there is nothing to tell apart
MIN_ISOTONIC = 200  # under it, a free line follows the noise (Niculescu-Mizil, Caruana 2005)
FOLDS = 5
SEED = 0  # of dealing the cases into folds

Flags = NDArray[np.bool_]
Fit = Callable[[Numbers, Flags, int], Platt | Isotonic | Unchanged]


@dataclass(frozen=True, slots=True)
class RecordingModel(Model):
    """A model that records its predictions, before any rule is applied."""

    model: Model
    predictions: dict[str, Prediction] = field(default_factory=dict)  # by the problem's id

    @property
    def backend(self) -> str:
        """The model's."""
        return self.model.backend

    @property
    def name(self) -> str:
        """The model's."""
        return self.model.name

    @property
    def prompt(self) -> str | None:
        """The model's."""
        return self.model.prompt

    async def predict(self, problem: Problem) -> Prediction:
        """Return the model's prediction, and record it."""
        self.predictions[problem.id] = prediction = await self.model.predict(problem)
        return prediction

    async def aclose(self) -> None:
        """Close the model."""
        await self.model.aclose()


@dataclass(frozen=True, slots=True)
class CalibrationFit:
    """A calibration, and how much it helps on cases that its map was not fitted to."""

    calibration: Calibration
    asked: int
    abstained: int
    errors: int
    other_kind: int  # answered, with another kind of probability than the map reads
    log_losses: dict[str, float]  # cross-validated, by method
    before: Reliability
    after: Reliability


def fit_calibration(
    identity: Identity,
    split: Split,
    rows: Sequence[EvalRow],
    model: RecordingModel,
    threshold: float,
    today: date,
) -> CalibrationFit:
    """Return the calibration of a backend that has been asked about the cases of a split.

    Platt, isotonic (from `MIN_ISOTONIC` cases) or no map: whichever has the lowest log loss on the
    folds left out. Raises `InputError` if too few cases were answered.
    """
    answered = {row.id for row in rows if row.outcome is Outcome.CLASSIFIED}
    cases = [case for case in split.cases if case.id in answered]
    kind, votes = _usual_kind(model, cases)
    used = [case for case in cases if _kind_of(model.predictions[case.id]) == (kind, votes)]
    errors = sum(row.error is not None for row in rows)
    truth = np.array([case.label is Label.BUILD for case in used], dtype=np.bool_)
    build = int(truth.sum())
    if len(used) < MIN_CASES or min(build, len(used) - build) < MIN_EACH:
        raise InputError(
            f"Of {counted(len(rows), 'case')}, {counted(len(used), 'was', 'were')} answered with "
            f"a probability ({build} build-software, {len(used) - build} automate-process; "
            f"{errors} ended in errors). A calibration needs {MIN_CASES}, and "
            f"{MIN_EACH} of each label. Add cases, or raise --limit."
        )
    p = np.array([model.predictions[case.id].p_build for case in used], dtype=np.float64)
    methods: dict[str, Fit] = {"none": lambda *_: Unchanged(), "platt": fit_platt}
    if len(used) >= MIN_ISOTONIC:
        methods["isotonic"] = fit_isotonic
    unseen = {name: cross_validated(one, p, truth, votes) for name, one in methods.items()}
    losses = {
        name: float(log_loss(truth, np.clip(values, EDGE, 1 - EDGE)))
        for name, values in unseen.items()
    }
    best = min(losses, key=lambda name: losses[name])
    calibration = Calibration(
        backend=identity.backend,
        model=identity.model,
        prompt=identity.prompt,
        probability_from=kind,
        votes=votes,
        threshold=threshold,
        map=methods[best](p, truth, votes),
        prior=build / len(used),
        cases=len(used),
        tie_rates={},
        fitted_on=split.fitted_on,
        made=today,
        triage_agent=version("triage-agent"),
    )
    rates = tie_rates(decisions(used, model, Policy(threshold, calibration)))
    return CalibrationFit(
        calibration.model_copy(update={"tie_rates": rates}),
        asked=len(rows),
        abstained=sum(row.outcome is Outcome.ABSTAINED for row in rows),
        errors=errors,
        other_kind=len(cases) - len(used),
        log_losses=losses,
        before=_reliability(used, p),
        after=_reliability(used, unseen[best]),
    )


def fit_platt(p: Numbers, truth: Flags, votes: int = 1) -> Platt:
    """Return the straight line over the log-odds that makes the outcomes most likely.

    As Platt (1999) does, the outcomes count as (n + 1) / (n + 2) and 1 / (m + 2), so that a model
    that is never wrong does not get an endless scale. A model that is more often right the lower
    its confidence is gets a scale of 0: its confidence carries no information.
    """
    x = np.array([log_odds(one, votes) for one in p])
    build = int(truth.sum())
    high, low = (build + 1) / (build + 2), 1 / (len(truth) - build + 2)
    share = np.where(truth, high, low)
    line = LogisticRegression(C=1e9, tol=1e-8, max_iter=1000).fit(
        np.concatenate([x, x])[:, None],
        np.repeat([True, False], len(x)),
        sample_weight=np.concatenate([share, 1 - share]),
    )
    scale, shift = float(line.coef_[0, 0]), float(line.intercept_[0])
    if scale < 0:
        scale, shift = 0.0, log_odds(float(share.mean()))
    return Platt(scale=round(scale, 6), shift=round(shift, 6))


def fit_isotonic(p: Numbers, truth: Flags, votes: int = 1) -> Isotonic:
    """Return the never-falling line that is nearest to the outcomes; `votes` does not matter."""
    del votes
    line = IsotonicRegression(y_min=0, y_max=1, out_of_bounds="clip").fit(p, truth)
    return Isotonic(
        x=tuple(float(x) for x in line.X_thresholds_),
        y=tuple(float(y) for y in line.y_thresholds_),
    )


def cross_validated(method: Fit, p: Numbers, truth: Flags, votes: int) -> Numbers:
    """Return what a map gives for each case that was fitted to the other folds."""
    values = np.empty(len(p))
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED)
    for known, new in folds.split(p[:, None], truth):
        learned = method(p[known], truth[known], votes)
        values[new] = [mapped(learned, float(one), votes, len(known)) for one in p[new]]
    return values


def decisions(
    cases: Sequence[Case], model: RecordingModel, policy: Policy
) -> Iterator[tuple[DecidedBy, bool]]:
    """Yield who decides each case under a policy, and whether that is right."""
    for case in cases:
        row = apply_policy(Problem(case.id, case.text), model.predictions[case.id], model, policy)
        if row.decided_by:
            yield row.decided_by, row.label is case.label


def _usual_kind(model: RecordingModel, cases: Sequence[Case]) -> tuple[str, int]:
    """Return the kind of probability that most answers have, and the number of votes.

    What the embedded model of a cascade answers alone is calibrated already.
    """
    kinds = Counter(_kind_of(model.predictions[case.id]) for case in cases)
    if model.backend == Backend.CASCADE:
        kinds.pop(("embedded", 1), None)
    kinds.pop(("", 1), None)
    return kinds.most_common(1)[0][0] if kinds else ("none", 1)


def _kind_of(one: Prediction) -> tuple[str, int]:
    kind = kind_of(one.probability_from) if one.p_build is not None else ""
    return kind, max(1, len(one.votes))


def _reliability(cases: Sequence[Case], p: Numbers) -> Reliability:
    """Return the calibration error of probabilities, taken as answers of the likelier label."""
    row = EvalRow("", None, Outcome.CLASSIFIED)
    return reliability(
        [
            replace(
                row,
                id=case.id,
                expected=case.label,
                label=Label.BUILD if one >= 0.5 else Label.AUTOMATE,
                probability=float(max(one, 1 - one)),
            )
            for case, one in zip(cases, p, strict=True)
        ]
    )
