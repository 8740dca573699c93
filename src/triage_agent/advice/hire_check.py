"""Whether somebody was the wrong hire: the seven red flags as questions, answers to findings.

Deterministic; the rules of the verdict and all words are in prompts/hire.toml and red_flags.toml.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from enum import StrEnum
from functools import cache
from typing import Protocol

from pydantic import model_validator

from triage_agent.advice.explain import RedFlag, red_flags
from triage_agent.advice.roles import Role, Span, role_facts
from triage_agent.files import Strict, folder, load_toml
from triage_agent.intake import usd

MEETINGS = "meetings-over-building"
OVER = 0.5  # of the time in meetings: more is a flag (PRODUCT.md)
SEVERE = 0.7  # and from here on it is severe
SEVERAL = 2


class Level(StrEnum):
    """How bad it looks; the first that fits (prompts/hire.toml says when)."""

    OTHER_ROLE = "other-role"
    SERIOUS = "serious"
    TALK = "talk"
    OPEN = "open"
    CLEAR = "clear"


class VerdictWords(Strict):
    """What is said at one level, and when it applies."""

    id: Level
    rule: str
    text: str


class WrongHire(Strict):
    """What a wrong hire usually costs: US dollars a month, and for how many months."""

    usd_per_month: Span
    months: Span


class HireWords(Strict):
    """What is said beside the flags (prompts/hire.toml)."""

    wrong_hire: WrongHire
    verdicts: tuple[VerdictWords, ...]

    @model_validator(mode="after")
    def holds_every_level_in_order(self) -> "HireWords":
        """Refuse a file that lacks a level, or tries the levels in another order."""
        if [words.id for words in self.verdicts] != list(Level):
            raise ValueError(f"the verdicts must be {', '.join(Level)}, in this order")
        return self


@dataclass(frozen=True, slots=True)
class Answers:
    """What somebody answered; a flag that is missing was not asked."""

    flags: Mapping[str, bool | None] = field(default_factory=dict)  # None: not sure
    meetings_share: float | None = None  # of the time, 0 to 1; None: not known
    severe: frozenset[str] = frozenset()  # the flags whose severe question got a yes


@dataclass(frozen=True, slots=True)
class Proposal:
    """A flag that a free text seems to tell of; a person has to confirm it."""

    flag: str
    evidence: str  # the passage that speaks most for it; empty: none stands out


@dataclass(frozen=True, slots=True)
class Reading:
    """What a reader made of a text."""

    proposals: tuple[Proposal, ...]
    known_language: bool = True
    truncated: bool = False  # only the beginning was read


class FlagReader(Protocol):
    """Whatever proposes flags from free text: the embedded model, or one day an LLM."""

    backend: str
    name: str

    async def propose(self, text: str, role: Role) -> Reading:
        """Return the flags that a text about a person in this role seems to tell of."""


@dataclass(frozen=True, slots=True)
class Finding:
    """A flag that applies."""

    flag: RedFlag
    severe: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """What was paid so far, in US dollars."""

    months: Decimal
    usd_per_month: Decimal

    @property
    def usd(self) -> Decimal:
        """Months times the monthly fee."""
        return self.months * self.usd_per_month


@dataclass(frozen=True, slots=True)
class HireCheck:
    """The result of a questionnaire about one hire."""

    role: Role
    level: Level
    findings: tuple[Finding, ...]
    not_sure: tuple[RedFlag, ...]
    not_answered: tuple[RedFlag, ...]
    proposed: tuple[Proposal, ...]  # not confirmed; they do not count
    meetings_share: float | None
    spent: Spent | None  # None: months or fee is not known

    @property
    def verdict(self) -> str:
        """The verdict in words."""
        (words,) = (words for words in hire_words().verdicts if words.id is self.level)
        return words.text.replace("{other_role}", role_facts()[other_role(self.role)].name)

    @property
    def money(self) -> str:
        """The money at risk in words."""
        usual = hire_words().wrong_hire
        costs = (
            f"A wrong hire costs ${usual.usd_per_month.low:,}–{usual.usd_per_month.high:,} a month "
            f"and {usual.months.low}–{usual.months.high} months."
        )
        if self.spent is None:
            return costs
        each, months = usd(self.spent.usd_per_month), f"{self.spent.months.normalize():f}"
        unit = "month" if self.spent.months == 1 else "months"
        return f"Paid so far: {usd(self.spent.usd)} ({months} {unit} at {each}). {costs}"


@cache
def hire_words() -> HireWords:
    """Return what is said beside the flags (prompts/hire.toml)."""
    return load_toml(folder("prompts") / "hire.toml", HireWords)


def flags_about(role: Role) -> tuple[RedFlag, ...]:
    """Return the red flags that a person in this role can raise, in the order of the list."""
    return tuple(flag for flag in red_flags() if role in flag.roles)


def other_role(role: Role) -> Role:
    """Return the role that this one is not.

    >>> other_role(Role.FRACTIONAL_CTO).value
    'fractional-ai-officer'
    """
    (other,) = set(Role) - {role}
    return other


def check_hire(
    answers: Answers, role: Role, proposals: Sequence[Proposal] = (), spent: Spent | None = None
) -> HireCheck:
    """Return which flags apply, and how bad it looks; proposals that were answered are dropped."""
    given = {**answers.flags, **measured(answers)}
    own = flags_about(role)
    severe = answers.severe | ({MEETINGS} if (answers.meetings_share or 0) >= SEVERE else set())
    findings = tuple(Finding(f, f.id in severe) for f in own if given.get(f.id) is True)
    not_sure = tuple(f for f in own if f.id in given and given[f.id] is None)
    not_answered = tuple(f for f in own if f.id not in given)
    return HireCheck(
        role=role,
        level=_level(findings, unanswered=bool(not_sure or not_answered)),
        findings=findings,
        not_sure=not_sure,
        not_answered=not_answered,
        proposed=tuple(p for p in proposals if p.flag not in given),
        meetings_share=answers.meetings_share,
        spent=spent,
    )


def measured(answers: Answers) -> dict[str, bool]:
    """Return the answer that the share of time in meetings gives, if it is known."""
    share = answers.meetings_share
    return {} if share is None else {MEETINGS: share > OVER}


def _level(findings: Sequence[Finding], *, unanswered: bool) -> Level:
    """Return the first level that fits, in the order of prompts/hire.toml."""
    if any(finding.flag.other_role for finding in findings):
        return Level.OTHER_ROLE
    if len(findings) >= SEVERAL or any(finding.severe for finding in findings):
        return Level.SERIOUS
    if findings:
        return Level.TALK
    return Level.OPEN if unanswered else Level.CLEAR
