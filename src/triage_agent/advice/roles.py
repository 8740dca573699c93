"""The two roles: the facts about each, both side by side, and the questions that owners ask."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from pydantic import Field, RootModel, model_validator

from triage_agent.files import Strict, folder, load_toml

WHO = "{name} is {who}: {hours} hours and ${usd} a month."


class Role(StrEnum):
    """The two people an owner may hire by the hour."""

    FRACTIONAL_CTO = "fractional-cto"
    FRACTIONAL_AI_OFFICER = "fractional-ai-officer"


class Span(Strict):
    """A range of whole numbers, both ends included."""

    low: int
    high: int


class RoleFacts(Strict):
    """The facts about one role; hours and US dollars are per month."""

    name: str
    in_short: str  # who that is, to an owner
    focus: str
    background: str
    hours_per_month: Span
    usd_per_month: Span
    time_to_return: str
    manages_people: str
    builds: str
    best_for: str
    areas: tuple[str, ...]
    within_60_days: str


class RoleTable(RootModel[dict[Role, RoleFacts]]):
    """Facts for both roles."""

    @model_validator(mode="after")
    def holds_both(self) -> "RoleTable":
        """Refuse a file that lacks a role."""
        if missing := set(Role) - set(self.root):
            raise ValueError(f"no facts for {', '.join(sorted(missing))}")
        return self


class OwnersQuestion(Strict):
    """A question that owners ask, and its answer."""

    id: str
    question: str
    answer: str


class OwnersQuestions(Strict):
    """The questions, in the order in which they are shown (prompts/questions.toml)."""

    questions: tuple[OwnersQuestion, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """The roles, fact by fact."""

    names: tuple[str, ...]  # of the roles
    rows: tuple[tuple[str, ...], ...]  # what is compared, and after it the fact about each role


@cache
def role_facts() -> dict[Role, RoleFacts]:
    """Return the facts about both roles (prompts/roles.toml)."""
    return load_toml(folder("prompts") / "roles.toml", RoleTable).root


@cache
def owners_questions() -> tuple[OwnersQuestion, ...]:
    """Return the questions that owners always ask (prompts/questions.toml)."""
    return load_toml(folder("prompts") / "questions.toml", OwnersQuestions).questions


def who_it_is(role: Role) -> str:
    """Return a sentence that says who somebody in a role is, for how long, and for how much.

    >>> who_it_is(Role.FRACTIONAL_CTO).partition(": ")[2]
    '15–30 hours and $5,000–15,000 a month.'
    """
    facts = role_facts()[role]
    article = "An" if facts.name[0].lower() in "aeiou" else "A"
    return WHO.format(
        name=f"{article} {facts.name}",
        who=facts.in_short,
        hours=_span(facts.hours_per_month),
        usd=_span(facts.usd_per_month),
    )


def described(facts: RoleFacts) -> tuple[tuple[str, str], ...]:
    """Return the facts about one role as pairs of a name and a value, for every kind of report."""
    return (
        ("who it is", facts.in_short),
        ("cost a month", f"${_span(facts.usd_per_month)}"),
        ("hours a month", _span(facts.hours_per_month)),
        ("time to a return", facts.time_to_return),
        ("focus", facts.focus),
        ("background", facts.background),
        ("builds", facts.builds),
        ("manages people", facts.manages_people),
        ("best for", facts.best_for),
        ("four areas", "; ".join(facts.areas)),
        ("in 60 days shows", facts.within_60_days),
    )


def side_by_side(roles: Iterable[Role] = Role) -> Comparison:
    """Return the facts about the roles side by side.

    >>> side_by_side().rows[2]
    ('hours a month', '15–30', '10–20')
    """
    facts = [role_facts()[role] for role in roles]
    columns = [described(one) for one in facts]
    rows = tuple(
        (pairs[0][0], *(value for _, value in pairs)) for pairs in zip(*columns, strict=True)
    )
    return Comparison(tuple(one.name for one in facts), rows)


def _span(span: Span) -> str:
    return f"{span.low:,}–{span.high:,}"
