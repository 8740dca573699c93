"""What to tell the owner: role facts, the first 60 days, red flags, what would change the verdict.

Every sentence and figure comes from the data files roles.toml, advice.toml, plan.toml and
red_flags.toml.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache

from pydantic import RootModel, model_validator

from triage_agent.advice.decision import (
    ENOUGH_PROBLEMS,
    Decision,
    Profile,
    Recommendation,
    apply_rules,
)
from triage_agent.advice.plan import FirstDays, first_days
from triage_agent.advice.roi import ASSUMED_HOURLY_COST_USD, burn
from triage_agent.advice.roles import Role, RoleFacts, role_facts
from triage_agent.files import Strict, folder, load_toml
from triage_agent.intake import MILLION, Band, Revenue
from triage_agent.types import Classification


class RedFlag(Strict):
    """One sign of a wrong hire."""

    id: str
    roles: tuple[Role, ...]
    other_role: bool  # the person is doing the other role's job
    text: str
    question: str  # yes means that the flag is there
    severe_question: str | None = None  # asked after a yes; None: the flag has no worse case
    means: str
    do: str


class RedFlags(Strict):
    """The red flags, in the order of the list."""

    flags: tuple[RedFlag, ...]


class Advice(Strict):
    """What the owner is told for one recommendation."""

    headline: str
    because: str
    roles: tuple[Role, ...]


class AdviceTable(RootModel[dict[Recommendation, Advice]]):
    """Advice for every recommendation."""

    @model_validator(mode="after")
    def holds_all(self) -> "AdviceTable":
        """Refuse a file that lacks a recommendation."""
        if missing := set(Recommendation) - set(self.root):
            raise ValueError(f"no advice for {', '.join(sorted(missing))}")
        return self


@dataclass(frozen=True, slots=True)
class Plan:
    """Everything that is said about a decision beside the decision itself."""

    headline: str
    because: str
    roles: dict[Role, RoleFacts]
    first_days: FirstDays
    prepare: tuple[str, ...]  # what a weak quiz asks for first
    watch_for: tuple[str, ...]
    would_change: tuple[str, ...]
    notes: tuple[str, ...]
    hours_cost: tuple[str, ...]  # what the hours that the problems state cost (see `roi`)


@cache
def advice_table() -> dict[Recommendation, Advice]:
    """Return the advice for every recommendation (prompts/advice.toml)."""
    return load_toml(folder("prompts") / "advice.toml", AdviceTable).root


@cache
def red_flags() -> tuple[RedFlag, ...]:
    """Return the seven red flags (prompts/red_flags.toml)."""
    return load_toml(folder("prompts") / "red_flags.toml", RedFlags).flags


def plan_for(
    decision: Decision, rows: Sequence[Classification], hourly_cost: Decimal | None = None
) -> Plan:
    """Return what to tell the owner about a decision on these problems; deterministic.

    `hourly_cost` is what an hour of the staff's work costs in US dollars (None: the assumed cost);
    raises `InputError` if it cannot be.
    """
    estimate = burn(rows, ASSUMED_HOURLY_COST_USD if hourly_cost is None else hourly_cost)
    advice = advice_table()[decision.recommendation]
    return Plan(
        headline=advice.headline,
        because=advice.because,
        roles={role: role_facts()[role] for role in advice.roles},
        first_days=first_days(decision, rows),
        prepare=_preparation(decision),
        watch_for=tuple(flag.text for flag in red_flags() if set(flag.roles) & set(advice.roles)),
        would_change=_would_change(decision),
        notes=_notes(decision),
        hours_cost=estimate.lines if estimate else (),
    )


def _preparation(decision: Decision) -> tuple[str, ...]:
    """Return the advice of the weak dimensions, when a tie was decided in spite of them."""
    wanted = set(decision.verdict.prepare)
    dimensions = decision.quiz.dimensions if decision.quiz else ()
    return tuple(f"{d.dimension}: {d.advice}" for d in dimensions if d.id in wanted)


def _would_change(decision: Decision) -> tuple[str, ...]:
    """Return which single changes of the facts at hand would lead to another recommendation."""
    votes, profile, quiz = decision.votes, decision.profile, decision.quiz
    current = decision.recommendation
    changes: list[str] = []
    for words, (build, automate) in {
        "one more problem of the kind build-software": (votes.build + 1, votes.automate),
        "one more problem of the kind automate-process": (votes.build, votes.automate + 1),
    }.items():
        other = apply_rules(build, automate, profile, quiz).recommendation
        if other is not current:
            changes.append(f"With {words}: {other.value}.")
    for words, other_profile in _other_profiles(decision):
        other = apply_rules(votes.build, votes.automate, other_profile, quiz).recommendation
        line = f"{words}: {other.value}."
        if other is not current and not any(c.endswith(f" {other.value}.") for c in changes):
            changes.append(line)
    return tuple(changes)


def _other_profiles(decision: Decision) -> list[tuple[str, Profile]]:
    """Return the other profiles worth naming: each revenue band, and selling software or not."""
    profile = decision.profile
    bands = {
        Band.UNDER_1M: (
            "If yearly revenue is under $1M",
            Revenue(high_usd=MILLION, high_open=True),
        ),
        Band.FROM_1M_TO_10M: (
            "If yearly revenue is from $1M to $10M",
            Revenue(low_usd=MILLION, high_usd=10 * MILLION),
        ),
        Band.OVER_10M: (
            "If yearly revenue is over $10M",
            Revenue(low_usd=10 * MILLION, low_open=True),
        ),
    }
    others = [
        (words, replace(profile, revenue=revenue))
        for band, (words, revenue) in bands.items()
        if band is not profile.revenue.band
    ]
    both = Profile(Revenue(low_usd=10 * MILLION, low_open=True), sells_software=True)
    if not profile.sells_software:
        others.append(("If you sell software to customers and revenue is over $10M", both))
    return others


def _notes(decision: Decision) -> tuple[str, ...]:
    """Return what the reader has to know about how firm the decision is."""
    votes, notes = decision.votes, []
    total = votes.cast + votes.abstained + votes.errors
    if decision.few_problems:
        notes.append(
            f"Only {total} of the {ENOUGH_PROBLEMS} problems that the method asks for were given."
        )
    if votes.abstained:
        notes.append(f"{votes.abstained} of {total} problems could not be placed and did not vote.")
    if votes.errors:
        notes.append(f"{votes.errors} of {total} problems ended in an error and did not vote.")
    if decision.provisional:
        names = ", ".join(decision.provisional_because)
        notes.append(f"Provisional: another answer about {names} would change the recommendation.")
    if decision.profile.revenue.why_unknown:
        notes.append(f"Revenue is unknown: {decision.profile.revenue.why_unknown}.")
    if decision.profile.revenue.note:
        notes.append(f"Revenue: {decision.profile.revenue.note}.")
    return tuple(notes)
