"""The figures of a run's rows: accuracy, calibration, abstention, repeats and cost.

Every rate comes with its counts and a 95 % interval. Errors and abstentions are never left out of
`accuracy`: a row that got no label is not right. A row that is out of scope and got a label is
wrong wherever labels are counted. See `slices` for the same by part of the set.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.metrics import precision_recall_fscore_support

from triage_agent.evals.rates import Estimate, Rate, rate, share
from triage_agent.evals.reliability import Bin, ranking, reliability, scope_ranking
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.selective import (
    RiskCoveragePoint,
    SurestAnswers,
    aurc,
    risk_coverage,
    surest,
)
from triage_agent.types import DecidedBy, Label, Outcome, Usage

NONE = "none"  # how a confusion matrix names the case that has no true label
UNKNOWN = "unknown"  # how `by_rule` names a label whose decider is not recorded


@dataclass(frozen=True, slots=True)
class Scores:
    """How well one class (a label, a red flag) was recognised."""

    precision: Rate  # of the rows that got it, in scope or not
    recall: Rate  # of all rows that expect it; an error or abstention is a miss
    f1: float | None  # None: it was neither expected nor given


@dataclass(frozen=True, slots=True)
class Spread:
    """How much repeats of the same run differ."""

    repeats: int
    low: float | None  # the least accurate repeat; None: no row is in scope
    high: float | None
    sd: float | None
    unstable: Rate  # ids (of those that have several rows) whose outcome or label changed


@dataclass(frozen=True, slots=True)
class RowFigures:
    """The figures of some rows of a run, those of all repeats together."""

    rows: int
    in_scope: int
    answered: int  # this and the next two count all rows, and add up to `rows`
    abstained: int
    errors: int
    accuracy: Rate  # over in-scope rows; errors and abstentions are wrong
    coverage: Rate  # in-scope rows that got a label
    answered_accuracy: Rate  # of all rows that got a label; one that is out of scope is wrong
    abstention: Rate  # of all rows
    flagged: Rate  # of all rows, those that have a label and need review
    balanced_accuracy: float | None  # None: only one label is expected
    by_label: dict[str, Scores]
    confusion: dict[str, dict[str, int]]  # expected (or `none`) → got (or abstained, error)
    auc: float | None  # of p_build, in-scope rows that have one; None: only one label among them
    auc_rows: int
    brier: float | None  # of p_build, the same rows; None: there are none
    scope_auc: Estimate | None  # of out-of-scope detection; None: not both kinds are there
    scope_auc_rows: int  # see `out_of_scope_score`
    ece: float | None  # of the final label's probability, all answered rows that have one
    ece_rows: int
    ece_p95: float | None
    reliability: tuple[Bin, ...]
    risk_coverage: tuple[RiskCoveragePoint, ...]  # from the highest threshold to the lowest
    aurc: float | None  # None: no row was answered
    surest: tuple[SurestAnswers, ...]
    abstention_recall: Rate  # over rows on which abstaining is right
    false_abstentions: Rate  # over in-scope rows
    by_rule: dict[str, Rate]  # answered rows, by who decided
    tie_breaker_off: Rate  # accuracy if the model's own label had stood
    spread: Spread | None  # None: one repeat
    usage: Usage
    live: int  # rows that called a model and were not answered from the cache
    latency_p50: float | None  # seconds, of those rows; None: there are none
    latency_p95: float | None
    seconds_per_row: float | None  # the mean of what did not come from the cache; None: all did
    cached: Rate


def got(row: EvalRow) -> str:
    """Return what came out of a row in one word: its label, `abstained` or `error`."""
    return row.label.value if row.label else row.outcome.value


def summarise(rows: Sequence[EvalRow]) -> RowFigures:
    """Return the figures of some rows; `ValueError` without a row."""
    if not rows:
        raise ValueError("there is no row to summarise")
    scope = [row for row in rows if row.in_scope]
    answered = [row for row in rows if row.label]
    outcomes = Counter(row.outcome for row in rows)
    live = [row.duration_s for row in rows if not row.cached and row.usage.calls > 0]
    p50, p95 = (float(p) for p in np.percentile(live, [50, 95])) if live else (None, None)
    read = [row.duration_s for row in rows if not row.cached]
    ranked, scoped, calibrated = ranking(rows), scope_ranking(rows), reliability(rows)
    by_label = label_scores(rows)
    recalls = [scores.recall.value for scores in by_label.values()]
    known = [recall for recall in recalls if recall is not None]
    return RowFigures(
        rows=len(rows),
        in_scope=len(scope),
        answered=outcomes[Outcome.CLASSIFIED],
        abstained=outcomes[Outcome.ABSTAINED],
        errors=outcomes[Outcome.ERROR],
        accuracy=share(scope, lambda row: row.right),
        coverage=share(scope, lambda row: row.label is not None),
        answered_accuracy=share(answered, lambda row: row.right),
        abstention=share(rows, lambda row: row.outcome is Outcome.ABSTAINED),
        flagged=share(rows, lambda row: row.label is not None and row.needs_review),
        balanced_accuracy=sum(known) / len(known) if len(known) == len(Label) else None,
        by_label=by_label,
        confusion=confusion(rows),
        auc=ranked.auc,
        auc_rows=ranked.rows,
        brier=ranked.brier,
        scope_auc=scoped.auc,
        scope_auc_rows=scoped.rows,
        ece=calibrated.ece,
        ece_rows=calibrated.rows,
        ece_p95=calibrated.p95,
        reliability=calibrated.bins,
        risk_coverage=risk_coverage(rows),
        aurc=aurc(rows),
        surest=surest(rows),
        abstention_recall=share([row for row in rows if not row.in_scope], lambda row: row.right),
        false_abstentions=share(scope, lambda row: row.outcome is Outcome.ABSTAINED),
        by_rule=by_rule(answered),
        tie_breaker_off=share(scope, lambda row: row.model_label is row.expected),
        spread=spread(rows),
        usage=sum((row.usage for row in rows), Usage()),
        live=len(live),
        latency_p50=p50,
        latency_p95=p95,
        seconds_per_row=sum(read) / len(read) if read else None,
        cached=share(rows, lambda row: row.cached),
    )


def label_scores(rows: Sequence[EvalRow]) -> dict[str, Scores]:
    """Return how well each label was recognised; a row out of scope that got it is wrong."""
    _, _, f1s, _ = precision_recall_fscore_support(
        [row.expected.value if row.expected else NONE for row in rows],
        [got(row) for row in rows],
        labels=[label.value for label in Label],
        zero_division=np.nan,
    )
    return {
        label.value: Scores(
            precision=share([r for r in rows if r.label is label], lambda row: row.right),
            recall=share([r for r in rows if r.expected is label], lambda row: row.right),
            f1=None if np.isnan(f1) else float(f1),
        )
        for label, f1 in zip(Label, f1s, strict=True)
    }


def confusion(rows: Sequence[EvalRow]) -> dict[str, dict[str, int]]:
    """Return how many rows of each expected label (or `none`) came out as what, zeros included."""
    counts = Counter((row.expected or NONE, got(row)) for row in rows)
    columns = [*Label, Outcome.ABSTAINED, Outcome.ERROR]
    return {
        name: {column.value: counts[name, column.value] for column in columns}
        for name in (Label.BUILD.value, Label.AUTOMATE.value, NONE)
    }


def by_rule(answered: Sequence[EvalRow]) -> dict[str, Rate]:
    """Return how often each decider (the model, a tie rule, a person) was right."""
    rates = {
        name: share(
            [r for r in answered if (r.decided_by or UNKNOWN) == name], lambda row: row.right
        )
        for name in [*(decider.value for decider in DecidedBy), UNKNOWN]
    }
    return {name: found for name, found in rates.items() if found.total}


def spread(rows: Sequence[EvalRow]) -> Spread | None:
    """Return how much repeats differ; None if there is only one."""
    repeats = sorted({row.repeat for row in rows})
    if len(repeats) == 1:
        return None
    shares = [
        share([r for r in rows if r.in_scope and r.repeat == repeat], lambda row: row.right).value
        for repeat in repeats
    ]
    known = [value for value in shares if value is not None]
    outcomes: dict[str, list[str]] = {}
    for row in rows:
        outcomes.setdefault(row.id, []).append(got(row))
    several = [found for found in outcomes.values() if len(found) > 1]
    return Spread(
        repeats=len(repeats),
        low=min(known, default=None),
        high=max(known, default=None),
        sd=float(np.std(known, ddof=1)) if len(known) > 1 else None,
        unstable=rate(sum(len(set(found)) > 1 for found in several), len(several)),
    )
