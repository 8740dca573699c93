"""Whether somebody was the wrong hire: answers about the red flags in, the flags that apply out.

Deterministic; the rules of the verdict and all words are data files (see `red_flags`).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Protocol

from triage_agent.advice.red_flags import Level, RedFlag, flags_about, hire_words
from triage_agent.advice.roles import Role, role_facts
from triage_agent.intake import counted, read_amount, usd

MEETINGS = "meetings-over-building"
OVER = 0.5  # of the time in meetings: more is a flag (docs/how-to/check-hire.md)
SEVERE = 0.7  # and from here on it is severe
SEVERAL = 2
NUMBERS = ("No", "One", "Two", "Three", "Four", "Five", "Six", "Seven")  # seven flags


@dataclass(frozen=True, slots=True)
class HireAnswers:
    """What somebody answered; a flag that is missing was not asked."""

    flags: Mapping[str, bool | None] = field(default_factory=dict)  # None: not sure
    meetings_share: float | None = None  # of the time, 0 to 1; None: not known
    severe: frozenset[str] = frozenset()  # the flags whose severe question got a yes


@dataclass(frozen=True, slots=True)
class Proposal:
    """A flag that a free text seems to describe; a person has to confirm it."""

    flag: str
    evidence: str  # the passage that speaks most for it; empty: none stands out


@dataclass(frozen=True, slots=True)
class FlagReading:
    """What a reader made of a text."""

    proposals: tuple[Proposal, ...]
    known_language: bool = True
    truncated: bool = False  # only the beginning was read

    @property
    def note(self) -> str:
        """What was not read, and why; empty if all of it was."""
        if not self.known_language:
            return "Not read: this model knows English only. Nothing was proposed."
        if self.truncated:
            return "Only the beginning was read; what comes later proposed nothing."
        return ""


class FlagReader(Protocol):
    """Whatever proposes flags from free text: the embedded model, or one day an LLM."""

    backend: str
    name: str

    async def propose(self, text: str, role: Role) -> FlagReading:
        """Return the flags that a text about a person in this role seems to describe."""


@dataclass(frozen=True, slots=True)
class RaisedFlag:
    """A flag that applies."""

    flag: RedFlag
    severe: bool


@dataclass(frozen=True, slots=True)
class Spent:
    """What was paid so far, in US dollars."""

    months: Decimal
    usd_per_month: Decimal

    @classmethod
    def parse(cls, months: str | None, monthly_fee: str | None) -> "Spent | None":
        """Return what was paid, from options as people write them; None unless both are known.

        Raises `InputError` on what is not a number or not an amount.
        """
        known = read_amount(months, "months", "--months")
        fee = read_amount(monthly_fee, "usd_per_month", "--monthly-fee")
        return None if known is None or fee is None else cls(known, fee)

    @property
    def usd(self) -> Decimal:
        """Months times the monthly fee."""
        return self.months * self.usd_per_month


@dataclass(frozen=True, slots=True)
class HireCheck:
    """The result of a questionnaire about one hire."""

    role: Role
    level: Level
    raised: tuple[RaisedFlag, ...]
    not_sure: tuple[RedFlag, ...]
    not_answered: tuple[RedFlag, ...]
    proposed: tuple[Proposal, ...]  # not confirmed; they do not count
    meetings_share: float | None
    spent: Spent | None  # None: months or fee is not known

    @property
    def verdict(self) -> str:
        """The verdict in words, with what is proposed and not confirmed."""
        (words,) = (words for words in hire_words().verdicts if words.id is self.level)
        text = words.text.replace("{other_role}", role_facts()[other_role(self.role)].name)
        if not self.proposed:
            return text
        said, several = hire_words().proposed, len(self.proposed) > 1
        if self.raised:
            return f"{text} {self._counted(said.several_more if several else said.one_more)}"
        return f"{self._counted(said.several if several else said.one)} {text}"

    def _counted(self, words: str) -> str:
        """Return words with the number of the proposals."""
        return words.replace("{count}", NUMBERS[len(self.proposed)])

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
        each, months = usd(self.spent.usd_per_month), self.spent.months.normalize()
        paid = f"{usd(self.spent.usd)} ({counted(months, 'month')} at {each})"
        return f"Paid so far: {paid}. {costs}"


def other_role(role: Role) -> Role:
    """Return the role that this one is not.

    >>> other_role(Role.FRACTIONAL_CTO).value
    'fractional-ai-officer'
    """
    (other,) = set(Role) - {role}
    return other


def assess_hire(
    answers: HireAnswers, role: Role, proposals: Sequence[Proposal] = (), spent: Spent | None = None
) -> HireCheck:
    """Return which flags apply, and how bad it looks; proposals that were answered are dropped."""
    given = {**answers.flags, **measured(answers)}
    own = flags_about(role)
    severe = answers.severe | ({MEETINGS} if (answers.meetings_share or 0) >= SEVERE else set())
    raised = tuple(RaisedFlag(f, f.id in severe) for f in own if given.get(f.id) is True)
    not_sure = tuple(f for f in own if f.id in given and given[f.id] is None)
    not_answered = tuple(f for f in own if f.id not in given)
    return HireCheck(
        role=role,
        level=_level(raised, unanswered=bool(not_sure or not_answered)),
        raised=raised,
        not_sure=not_sure,
        not_answered=not_answered,
        proposed=tuple(p for p in proposals if p.flag not in given),
        meetings_share=answers.meetings_share,
        spent=spent,
    )


def measured(answers: HireAnswers) -> dict[str, bool]:
    """Return the answer that the share of time in meetings gives, if it is known."""
    share = answers.meetings_share
    return {} if share is None else {MEETINGS: share > OVER}


def _level(raised: Sequence[RaisedFlag], *, unanswered: bool) -> Level:
    """Return the first level that fits, in the order of prompts/hire.toml."""
    if any(one.flag.other_role for one in raised):
        return Level.OTHER_ROLE
    if len(raised) >= SEVERAL or any(one.severe for one in raised):
        return Level.SERIOUS
    if raised:
        return Level.TALK
    return Level.OPEN if unanswered else Level.CLEAR
