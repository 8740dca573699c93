"""Results as values that programs read: the JSON contracts."""

from collections.abc import Iterator, Sequence
from dataclasses import asdict
from decimal import ROUND_DOWN, Decimal
from typing import Any

from triage_agent.advice import (
    Advice,
    Assessment,
    Figures,
    FlagReader,
    HireCheck,
    Portfolio,
    QuizResult,
    RedFlag,
    Role,
    Spent,
    hire_words,
    owners_questions,
    role_facts,
)
from triage_agent.intake import CUT
from triage_agent.types import Classification

SCHEMA_VERSION = 2
BUILT_IN = "embedded"
DIGITS = 4  # of probabilities; more would claim a precision that no model has


def as_row(row: Classification) -> dict[str, Any]:
    """Return one classified row as JSON values, in the contract's order."""
    return {
        "schema_version": SCHEMA_VERSION,
        "id": row.id,
        "text": row.text,
        "source": asdict(row.source) if row.source else None,
        "holds_several": row.holds_several,
        "outcome": row.outcome.value,
        "label": row.label.value if row.label else None,
        "p_build": rounded(row.p_build),
        "probability": rounded(row.probability),
        "probability_from": row.probability_from,
        "decided_by": row.decided_by.value if row.decided_by else None,
        "abstained_because": row.abstained_because.value if row.abstained_because else None,
        "needs_review": row.needs_review,
        "review_reasons": [reason.value for reason in row.review_reasons],
        "signals": asdict(row.signals) if row.signals else None,
        "function": row.function.value if row.function else None,
        "hours_per_week": row.hours_per_week,
        "evidence": list(row.evidence),
        "rationale": row.rationale,
        "truncated": row.truncated,
        "backend": row.backend,
        "model": row.model,
        "prompt": row.prompt,
        "usage": asdict(row.usage),
        "duration_s": round(row.duration_s, 4),
        "error": asdict(row.error) if row.error else None,
    }


def as_advice(advice: Advice) -> dict[str, Any]:
    """Return a business's advice as JSON values."""
    rows, decision, plan = advice.problems, advice.decision, advice.plan
    revenue, days = decision.profile.revenue, plan.first_days
    return {
        "schema_version": SCHEMA_VERSION,
        "problems": [as_row(row) for row in rows],
        "votes": asdict(decision.votes),
        "profile": {
            "revenue": str(revenue) if not revenue.why_unknown else None,
            "revenue_band": revenue.band.value,
            "revenue_unknown_because": revenue.why_unknown or None,
            "revenue_note": revenue.note or None,
            "sells_software": decision.profile.sells_software,
        },
        "quiz": as_quiz(decision.quiz) if decision.quiz else None,
        "recommendation": decision.recommendation.value,
        "provisional": decision.provisional,
        "provisional_because": list(decision.provisional_because),
        "to_settle": list(decision.to_settle),
        "rule_trace": [
            {"rule": step.rule.value, "applied": step.applied, "because": step.because}
            for step in decision.verdict.trace
        ],
        "plan": {
            "headline": plan.headline,
            "because": plan.because,
            "roles": {
                role.value: facts.model_dump(mode="json") for role, facts in plan.roles.items()
            },
            "first_60_days": [f"{s.title}: {line}" for s in days.stages for line in s.lines],
            "prepare": list(plan.prepare),
            "hours_cost": list(plan.hours_cost),
            "watch_for": list(plan.watch_for),
            "who_could_help": list(plan.elsewhere),
            "would_change": list(plan.would_change),
            "notes": list(plan.notes),
            "order": list(days.order),
            "stages": [{"title": s.title, "lines": list(s.lines)} for s in days.stages],
            "interviews": {
                interview.role: [
                    {"question": question, "listen_for": listen_for}
                    for question, listen_for in interview.questions
                ]
                for interview in days.interviews
            },
            "instead": list(days.instead),
        },
    }


def as_quiz(result: QuizResult) -> dict[str, Any]:
    """Return a taken quiz as JSON values; the score is 0 to 100, `raw` is 0 to 24."""
    return {
        "score": round(result.score, 1),
        "raw": result.raw,
        "passed": result.passed,
        "dimensions": [asdict(dimension) for dimension in result.dimensions],
    }


def made_by(rows: Sequence[Classification]) -> str:
    """Return which backend, model and prompt read the problems; empty if nothing was read.

    The backend that ships is called the built-in model, which tells an owner more.

    >>> from triage_agent.types import Outcome
    >>> made_by([Classification("p", "x", Outcome.CLASSIFIED, "llm", "m", prompt="guide@1")])
    'llm, m, prompt guide@1'
    """
    readers = [
        (
            f"the built-in model ({row.model})"
            if row.backend == BUILT_IN
            else f"{row.backend}, {row.model}"
        )
        + (f", prompt {row.prompt}" if row.prompt else "")
        for row in rows
        if row.backend
    ]
    return "; ".join(dict.fromkeys(readers))


def rounded(value: float | None) -> float | None:
    """Return a probability with the digits that are worth printing."""
    return None if value is None else round(value, DIGITS)


def as_roles() -> dict[str, Any]:
    """Return the comparison and the questions as JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "roles": {role.value: role_facts()[role].model_dump(mode="json") for role in Role},
        "questions": [one.model_dump() for one in owners_questions()],
    }


def as_hire_check(check: HireCheck, reader: FlagReader | None = None) -> dict[str, Any]:
    """Return a result as JSON values; `reader` is who read the free text, if there was any."""
    return {
        "schema_version": SCHEMA_VERSION,
        "role": check.role.value,
        "level": check.level.value,
        "verdict": check.verdict,
        "flags": [
            {
                **_flag(raised.flag),
                "other_role": raised.flag.other_role,
                "severe": raised.severe,
                "means": raised.flag.means,
                "do": raised.flag.do,
            }
            for raised in check.raised
        ],
        "not_sure": [_flag(flag) for flag in check.not_sure],
        "not_answered": [_flag(flag) for flag in check.not_answered],
        "proposed": [{"id": p.flag, "evidence": p.evidence} for p in check.proposed],
        "meetings_share": check.meetings_share,
        "spent": _spent(check.spent) if check.spent else None,
        "wrong_hire": hire_words().wrong_hire.model_dump(),
        "backend": reader.backend if reader else None,
        "model": reader.name if reader else None,
    }


def _spent(spent: Spent) -> dict[str, float]:
    """Return what was paid so far as JSON values."""
    values = {"months": spent.months, "usd_per_month": spent.usd_per_month, "usd": spent.usd}
    return {name: float(value) for name, value in values.items()}


def _flag(flag: RedFlag) -> dict[str, Any]:
    """Return what identifies a flag."""
    return {"id": flag.id, "text": flag.text, "question": flag.question}


def as_investment(assessment: Assessment, **place: int) -> dict[str, Any]:
    """Return an assessment as JSON values; `place` is its rank and its row in a portfolio."""
    given = asdict(assessment.investment)
    return {
        "schema_version": SCHEMA_VERSION,
        "kind": "investment",
        **place,
        **{k: _number(v) if isinstance(v, Decimal) else v for k, v in given.items()},
        **_as_figures(assessment.figures),
        "verdict": assessment.verdict.value,
        "sentence": assessment.sentence,
        "notes": list(assessment.notes),
    }


def as_portfolio(portfolio: Portfolio) -> Iterator[dict[str, Any]]:
    """Yield each investment, best return first, then each row in error, then the total."""
    for rank, row in enumerate(portfolio.rows, start=1):
        yield as_investment(row.assessment, rank=rank, row=row.row)
    for refused in portfolio.refused:
        yield {
            "schema_version": SCHEMA_VERSION,
            "kind": "error",
            "row": refused.row,
            "name": refused.name,
            "error": asdict(refused.error.failure),
        }
    yield {
        "schema_version": SCHEMA_VERSION,
        "kind": "total",
        "rows": len(portfolio.rows),
        "errors": len(portfolio.refused),
        **_as_figures(portfolio.total),
    }


def _as_figures(figures: Figures) -> dict[str, Any]:
    """Return benefit, cost, return and payback as JSON values."""
    names = (
        "monthly_benefit_usd",
        "monthly_cost_usd",
        "one_off_cost_usd",
        "full_monthly_cost_usd",
        "return_ratio",
        "payback_months",
    )
    return {name: _number(getattr(figures, name)) for name in names}


def _number(value: Decimal | None) -> int | float | None:
    """Return a JSON number cut to six decimals: as a float, 2.99999999999999999 would be 3."""
    if value is None:
        return None
    cut = value.quantize(Decimal("0.000001"), ROUND_DOWN, context=CUT)
    return int(cut) if cut == cut.to_integral_value() else float(cut)
