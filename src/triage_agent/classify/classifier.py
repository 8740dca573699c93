"""One problem and one model in, one classification out."""

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass, replace

from triage_agent.classify.grounding import (
    drop_invented_numbers,
    has_words,
    hours_per_week,
    standing_quotes,
)
from triage_agent.classify.tiebreak import break_tie, is_torn
from triage_agent.errors import ReplyError, ServiceError, TriageError
from triage_agent.intake import Splitter, holds_several
from triage_agent.models import TIE_RULE, Calibration, Model, split_text
from triage_agent.settings import DEFAULT_THRESHOLD
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Label,
    Outcome,
    Prediction,
    Problem,
    ReviewReason,
)


@dataclass(frozen=True, slots=True)
class Policy:
    """The settings of the rules that turn a prediction into a classification."""

    threshold: float = DEFAULT_THRESHOLD  # under it the tie-breaker decides; 0.5 to 1
    calibration: Calibration | None = None  # None: none was fitted for this backend
    review_below: float | None = None  # a less probable label needs review; None: none does


async def classify(
    problem: Problem,
    model: Model,
    policy: Policy | None = None,
    clock: Callable[[], float] = time.perf_counter,
    split: Splitter = split_text,
) -> Classification:
    """Return the classification of one problem; `split` says whether its text holds several.

    A reply that cannot be used or a service that fails makes a row with the outcome `error`; what
    no retry can change (`StopError`, `SettingsError`) is raised, for it concerns every row.
    """
    started, given = clock(), problem
    if given.holds_several is None:
        several = await asyncio.to_thread(holds_several, given.text, split)
        problem = replace(given, holds_several=several)
    if not has_words(problem.text):
        row = _blank(problem, model, Outcome.ABSTAINED)
        return replace(
            row,
            abstained_because=Abstention.TOO_VAGUE,
            rationale="There are no words to read in this text.",
        )
    try:
        prediction = await model.predict(given)
    except (ReplyError, ServiceError) as error:
        row = error_row(problem.id, problem.text, model, error)
        row = replace(row, source=problem.source, holds_several=problem.holds_several)
    else:
        row = apply_policy(problem, prediction, model, policy or Policy())
    return replace(row, duration_s=clock() - started)


def apply_policy(
    problem: Problem, prediction: Prediction, model: Model, policy: Policy
) -> Classification:
    """Return the classification that a prediction leads to.

    The checks are those of docs/explanation/rules.md, in that order.
    """
    fitted = policy.calibration is not None and policy.calibration.fits(prediction)
    calibration = policy.calibration if fitted else None
    if calibration:
        prediction = calibration.calibrated(prediction)
    row = replace(
        _blank(problem, model, Outcome.CLASSIFIED),
        p_build=prediction.p_build,
        p_in_scope=prediction.p_in_scope,
        signals=prediction.signals,
        function=prediction.function,
        evidence=standing_quotes(prediction.evidence, problem.text),
        rationale=drop_invented_numbers(prediction.rationale, problem.text),
        truncated=prediction.truncated,
        usage=prediction.usage,
    )
    if prediction.made_by:
        row = replace(row, model=prediction.made_by.model, prompt=prediction.made_by.prompt)
    if because := prediction.abstained_because:
        return replace(row, outcome=Outcome.ABSTAINED, abstained_because=because, p_build=None)
    likely = _probability_of(prediction.label, prediction.p_build)
    torn = is_torn(prediction.p_build, prediction.signals, prediction.votes, policy.threshold)
    # A calibrated probability may speak against the label that the model argues for.
    if torn or (calibration and likely is not None and likely < 0.5):
        label, rule = break_tie(prediction.signals)
        rate = calibration.tie_rate(rule, policy.threshold) if calibration else None
        row = replace(
            row,
            label=label,
            decided_by=rule,
            probability=rate,
            probability_from=None if rate is None else TIE_RULE,
        )
    else:
        row = replace(
            row,
            label=prediction.label,
            decided_by=DecidedBy.MODEL,
            probability=_in_scope_too(likely, prediction.p_in_scope),
            probability_from=prediction.probability_from,
        )
    limit = policy.review_below
    uncertain = limit is not None and (row.probability is None or row.probability < limit)
    reasons = _review_reasons(row, prediction, uncertain=uncertain)
    return replace(row, review_reasons=reasons)


def error_row(id: str, text: str, model: Model, error: TriageError) -> Classification:  # noqa: A002
    """Return the row of a text that could not be classified."""
    failure = Failure(error.type, error.message, error.retryable)
    row = _blank(Problem(id, text), model, Outcome.ERROR)
    return replace(row, error=failure, usage=error.usage)


def _blank(problem: Problem, model: Model, outcome: Outcome) -> Classification:
    """Return a row that names its text and its model, and claims nothing."""
    return Classification(
        id=problem.id,
        text=problem.text,
        outcome=outcome,
        backend=model.backend,
        model=model.name,
        prompt=model.prompt,
        hours_per_week=hours_per_week(problem.text),
        source=problem.source,
        holds_several=problem.holds_several,
    )


def _probability_of(label: Label, p_build: float | None) -> float | None:
    """Return the chance that `label` is right, given that of build-software."""
    if p_build is None:
        return None
    return p_build if label is Label.BUILD else 1 - p_build


def _in_scope_too(likely: float | None, p_in_scope: float | None) -> float | None:
    """Return the chance that a label is right if the text may be of neither kind."""
    return likely if likely is None or p_in_scope is None else likely * p_in_scope


def _review_reasons(
    row: Classification, prediction: Prediction, *, uncertain: bool
) -> tuple[ReviewReason, ...]:
    """Return why a person should look at a classified row."""
    reasons = {
        ReviewReason.UNCERTAIN: uncertain,
        ReviewReason.TB4: row.decided_by is DecidedBy.TB4,
        ReviewReason.NO_EVIDENCE: prediction.quotes and not row.evidence,
        ReviewReason.INSTRUCTS_READER: bool(row.signals and row.signals.instructs_reader),
        ReviewReason.TRUNCATED: row.truncated,
        ReviewReason.BACKENDS_DISAGREE: prediction.disputed,
        ReviewReason.HOLDS_SEVERAL: bool(row.holds_several),
    }
    return tuple(reason for reason, holds in reasons.items() if holds)
