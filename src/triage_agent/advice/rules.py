"""The rules D0 to D4: counted votes, profile and quiz in; whom to hire out.

Deterministic; the first rule that applies wins, and every verdict holds the trace of those tried.
docs/explanation/rules.md gives their reasons.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from triage_agent.advice.quiz import QuizResult
from triage_agent.intake import (
    HIGH_LIMIT_USD,
    UNKNOWN_REVENUE,
    Band,
    Revenue,
    check_usd_rate,
    dollars,
    parse_revenue,
)
from triage_agent.types import Abstention, Classification, Label, Outcome


class Recommendation(StrEnum):
    """Whom to hire, or what to do instead.

    Attributes:
        BOTH: A fractional CTO and a fractional AI officer.
        FRACTIONAL_CTO: Somebody who leads the building of software, part-time.
        FRACTIONAL_AI_OFFICER: Somebody who automates processes, part-time.
        FULL_TIME_AI_LEAD: Somebody who automates processes, full-time.
        DO_IT_YOURSELF: Nobody yet: the business is too small for a fee.
        TAKE_THE_QUIZ: The problems are tied, and the readiness quiz decides.
        NO_DECISION: No problem has a label.
    """

    BOTH = "both"
    FRACTIONAL_CTO = "fractional-cto"
    FRACTIONAL_AI_OFFICER = "fractional-ai-officer"
    FULL_TIME_AI_LEAD = "full-time-ai-lead"
    DO_IT_YOURSELF = "do-it-yourself"
    TAKE_THE_QUIZ = "take-the-quiz"
    NO_DECISION = "no-decision"


class Rule(StrEnum):
    """The decision rules, in the order in which they are tried."""

    D0 = "D0"
    D1 = "D1"
    D2 = "D2"
    D3 = "D3"
    D4 = "D4"


@dataclass(frozen=True, slots=True)
class Profile:
    """What is known about the business beside its problems.

    Attributes:
        revenue: Yearly revenue in US dollars; unknown by default.
        sells_software: Whether it sells, or is building, software for customers; None: unknown.
    """

    revenue: Revenue = UNKNOWN_REVENUE
    sells_software: bool | None = None

    @classmethod
    def parse(
        cls,
        revenue: str | None = None,
        *,
        usd_rate: float | None = None,
        sells_software: bool | None = None,
    ) -> "Profile":
        """Return a profile whose yearly revenue is given as people write it.

        `revenue` is text like "3M", "$750k", "1M-5M", "under 500k" or "250k a month" (None or
        "unknown": unknown); `usd_rate` is how many US dollars one unit of another currency buys.
        Raises `InputError` if it is not an amount, or if the rate is not a positive number.

        >>> str(Profile.parse("250k a month").revenue)
        '$3M'
        """
        check_usd_rate(usd_rate)
        stated = UNKNOWN_REVENUE if revenue is None else parse_revenue(revenue, usd_rate)
        return cls(stated, sells_software)


@dataclass(frozen=True, slots=True)
class Votes:
    """How the problems of one business voted.

    Attributes:
        build: The number of problems labelled build-software.
        automate: The number of problems labelled automate-process.
        abstained: The number of problems that the model could not place; they do not vote.
        errors: The number of problems that ended in an error; they do not vote.
    """

    build: int = 0
    automate: int = 0
    abstained: int = 0
    errors: int = 0

    @property
    def cast(self) -> int:
        """The number of problems that have a label."""
        return self.build + self.automate


def count_votes(problems: Sequence[Classification]) -> Votes:
    """Return the votes; rows that abstained or failed do not vote and are counted apart."""
    return Votes(
        build=sum(p.label is Label.BUILD for p in problems),
        automate=sum(p.label is Label.AUTOMATE for p in problems),
        abstained=sum(p.outcome is Outcome.ABSTAINED for p in problems),
        errors=sum(p.outcome is Outcome.ERROR for p in problems),
    )


def none_in_scope(problems: Sequence[Classification]) -> bool:
    """Return whether there are problems, and all of them are about neither kind of work."""
    return bool(problems) and all(
        one.label is None and one.abstained_because is Abstention.NEITHER for one in problems
    )


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace.

    Attributes:
        rule: The rule that was tried.
        applied: Whether it applied; it is then the last one of the trace.
        because: Why, in words.
    """

    rule: Rule
    applied: bool
    because: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one count of votes leads to.

    Attributes:
        recommendation: Whom to hire.
        rule: The rule that decided.
        trace: The rules that were tried, in their order.
        prepare: Ids of the quiz's dimensions to prepare first; empty unless a weak quiz decided a
            tie.
    """

    recommendation: Recommendation
    rule: Rule
    trace: tuple[Step, ...]
    prepare: tuple[str, ...] = ()


def apply_rules(build: int, automate: int, profile: Profile, quiz: QuizResult | None) -> Verdict:
    """Return what these votes lead to: rules D0 to D4, the first that applies wins.

    >>> apply_rules(0, 3, Profile(), None).recommendation.value
    'fractional-ai-officer'
    >>> apply_rules(1, 1, Profile(), None).recommendation.value
    'take-the-quiz'
    """
    trace: list[Step] = []

    def ends(rule: Rule, applied: bool, because: str) -> bool:
        trace.append(Step(rule, applied, because))
        return applied

    if ends(Rule.D0, build + automate == 0, f"problems with a label: {build + automate}"):
        return Verdict(Recommendation.NO_DECISION, Rule.D0, tuple(trace))
    if ends(Rule.D1, _needs_both(build, automate, profile), _why_both(build, automate, profile)):
        return Verdict(Recommendation.BOTH, Rule.D1, tuple(trace))
    tally = f"{build} to build, {automate} to automate"
    if ends(Rule.D2, build > automate, tally):
        return Verdict(Recommendation.FRACTIONAL_CTO, Rule.D2, tuple(trace))
    if ends(Rule.D3, automate > build, f"{tally}; {_why_band(profile.revenue)}"):
        return Verdict(_by_revenue(profile.revenue), Rule.D3, tuple(trace))
    return _tie(profile, quiz, trace)


def _needs_both(build: int, automate: int, profile: Profile) -> bool:
    """Return whether rule D1 holds; what is unknown counts as not met."""
    return bool(
        build >= 1 and automate >= 1 and profile.sells_software and profile.revenue.at_least_10m
    )


def _why_both(build: int, automate: int, profile: Profile) -> str:
    """Return the conditions of rule D1 with what is known about each."""
    sells = {True: "yes", False: "no", None: "unknown"}[profile.sells_software]
    enough = "yes" if profile.revenue.at_least_10m else "no"
    if profile.revenue.band is Band.UNKNOWN:
        enough = "unknown"
    kinds = "yes" if build and automate else "no"
    limit = dollars(HIGH_LIMIT_USD)
    return f"both kinds: {kinds}; sells software: {sells}; revenue of {limit} or more: {enough}"


def _why_band(revenue: Revenue) -> str:
    """Return the revenue and its band in words."""
    if revenue.band is Band.UNKNOWN:
        usual = Band.FROM_1M_TO_10M.words.removeprefix("from ")
        return f"revenue unknown ({revenue.why_unknown}), taken as {usual}"
    said, band = str(revenue), revenue.band.words
    return f"revenue {said}" if said == band else f"revenue {said}, {band}"


def _by_revenue(revenue: Revenue) -> Recommendation:
    """Return what an automation majority means at this revenue (rule D3)."""
    if revenue.band is Band.UNDER_1M:
        return Recommendation.DO_IT_YOURSELF
    if revenue.band is Band.OVER_10M:
        return Recommendation.FULL_TIME_AI_LEAD
    return Recommendation.FRACTIONAL_AI_OFFICER


def _tie(profile: Profile, quiz: QuizResult | None, trace: list[Step]) -> Verdict:
    """Return what a tie means: small revenue first, then the readiness quiz (rule D4)."""
    prepare: tuple[str, ...] = ()
    if profile.revenue.band is Band.UNDER_1M:
        to, because = Recommendation.DO_IT_YOURSELF, f"a tie, and {_why_band(profile.revenue)}"
    elif quiz is None:
        to, because = Recommendation.TAKE_THE_QUIZ, "a tie, and the readiness quiz was not taken"
    else:
        points = f"a tie, and the quiz gave {quiz.raw} of 24 points"
        if quiz.passed:
            to, because = (
                _by_revenue(profile.revenue),
                f"{points}, at least 12: as if there were more to automate",
            )
        elif quiz.nothing_to_connect:
            to = Recommendation.FRACTIONAL_CTO
            because = (
                f"{points}, and systems or data scored 0 (nothing to connect yet): "
                "as if there were more to build"
            )
        else:
            to = _by_revenue(profile.revenue)
            because = (
                f"{points}, fewer than 12, with systems and data in place: "
                "as if there were more to automate, once that is prepared"
            )
            prepare = tuple(dimension.id for dimension in quiz.weak)
    trace.append(Step(Rule.D4, True, because))
    return Verdict(to, Rule.D4, tuple(trace), prepare)
