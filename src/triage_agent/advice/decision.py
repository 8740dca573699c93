"""The decision about one business: votes, profile and quiz in; whom to hire out.

Deterministic; rules D0 to D4, first one that applies wins, and every decision holds its trace.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from triage_agent.advice.quiz import QuizResult
from triage_agent.intake import UNKNOWN_REVENUE, Band, Revenue
from triage_agent.types import Classification, Label, Outcome

ENOUGH_PROBLEMS = 3


class Recommendation(StrEnum):
    """Whom to hire, or what to do instead."""

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
    """What is known about the business."""

    revenue: Revenue = UNKNOWN_REVENUE
    sells_software: bool | None = None  # or is building it, for customers; None: unknown


@dataclass(frozen=True, slots=True)
class Votes:
    """How the problems of one business voted."""

    build: int = 0
    automate: int = 0
    abstained: int = 0
    errors: int = 0

    @property
    def cast(self) -> int:
        """The number of problems that have a label."""
        return self.build + self.automate


@dataclass(frozen=True, slots=True)
class Step:
    """One line of the trace: a rule, whether it applied, and why in words."""

    rule: Rule
    applied: bool
    because: str


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one count of votes leads to, with the trace of rules that led there."""

    recommendation: Recommendation
    rule: Rule
    trace: tuple[Step, ...]
    prepare: tuple[str, ...] = ()  # dimension ids to prepare first (a tie decided by a weak quiz)


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict about a business, and how firmly it stands."""

    verdict: Verdict
    votes: Votes
    profile: Profile
    quiz: QuizResult | None
    provisional: bool
    provisional_because: tuple[str, ...]  # ids of the problems whose answer could change it

    @property
    def recommendation(self) -> Recommendation:
        """Whom to hire."""
        return self.verdict.recommendation

    @property
    def few_problems(self) -> bool:
        """Whether fewer than the three problems of the method were given."""
        total = self.votes.cast + self.votes.abstained + self.votes.errors
        return total < ENOUGH_PROBLEMS


def decide(
    problems: Sequence[Classification],
    profile: Profile | None = None,
    quiz: QuizResult | None = None,
) -> Decision:
    """Return the decision about the business that has these problems."""
    profile = profile or Profile()
    votes = count_votes(problems)
    verdict = apply_rules(votes.build, votes.automate, profile, quiz)
    doubtful = doubtful_problems(problems, verdict.recommendation, profile, quiz)
    return Decision(verdict, votes, profile, quiz, bool(doubtful), doubtful)


def count_votes(problems: Sequence[Classification]) -> Votes:
    """Return the votes; rows that abstained or failed do not vote and are counted apart."""
    return Votes(
        build=sum(p.label is Label.BUILD for p in problems),
        automate=sum(p.label is Label.AUTOMATE for p in problems),
        abstained=sum(p.outcome is Outcome.ABSTAINED for p in problems),
        errors=sum(p.outcome is Outcome.ERROR for p in problems),
    )


def apply_rules(build: int, automate: int, profile: Profile, quiz: QuizResult | None) -> Verdict:
    """Return what these votes lead to: rules D0 to D4 of PRODUCT.md, first match wins.

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


def doubtful_problems(
    problems: Sequence[Classification],
    current: Recommendation,
    profile: Profile,
    quiz: QuizResult | None,
) -> tuple[str, ...]:
    """Return the ids of the problems whose answer could change the recommendation, in order.

    Missing votes may be cast, and votes that need review may flip. Problems of one kind are
    interchangeable, so changes are counts; a kind is named if a change that cannot be made smaller
    uses it. Such a change never pulls both ways (a test tries all ways on small businesses), so
    each direction is tried for itself.
    """
    missing = [p.id for p in problems if p.label is None]
    shaky_build = [p.id for p in problems if p.label is Label.BUILD and p.needs_review]
    shaky_automate = [p.id for p in problems if p.label is Label.AUTOMATE and p.needs_review]
    votes = count_votes(problems)

    def to_build(cast: int, flipped: int) -> bool:
        build, automate = votes.build + cast + flipped, votes.automate - flipped
        return apply_rules(build, automate, profile, quiz).recommendation is not current

    def to_automate(cast: int, flipped: int) -> bool:
        build, automate = votes.build - flipped, votes.automate + cast + flipped
        return apply_rules(build, automate, profile, quiz).recommendation is not current

    named: set[str] = set()
    for changes, shaky in ((to_build, shaky_automate), (to_automate, shaky_build)):
        for cast, flipped in _smallest_changes(changes, len(missing), len(shaky)):
            named.update(missing if cast else ())
            named.update(shaky if flipped else ())
    return tuple(p.id for p in problems if p.id in named)


def _smallest_changes(
    changes: Callable[[int, int], bool], missing: int, shaky: int
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of votes cast and votes flipped that change something and hold no other."""
    fewest = missing + 1  # votes cast, of the changes found so far
    for flipped in range(shaky + 1):
        cast = next((cast for cast in range(fewest) if changes(cast, flipped)), None)
        if cast is not None:
            yield cast, flipped
            fewest = cast


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
    return f"both kinds: {kinds}; sells software: {sells}; revenue of $10M or more: {enough}"


def _why_band(revenue: Revenue) -> str:
    """Return the revenue and its band in words."""
    if revenue.band is Band.UNKNOWN:
        return f"revenue unknown ({revenue.why_unknown}), taken as $1M to $10M"
    words = {
        Band.UNDER_1M: "under $1M",
        Band.FROM_1M_TO_10M: "from $1M to $10M",
        Band.OVER_10M: "over $10M",
    }[revenue.band]
    return f"revenue {revenue}, {words}"


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
            to, because = _by_revenue(profile.revenue), f"{points}, at least 12: as D3"
        elif quiz.nothing_to_connect:
            to = Recommendation.FRACTIONAL_CTO
            because = f"{points}, and systems or data scored 0 (nothing to connect yet): as D2"
        else:
            to = _by_revenue(profile.revenue)
            because = f"{points}, fewer than 12, with systems and data in place: as D3, prepared"
            prepare = tuple(dimension.id for dimension in quiz.weak)
    trace.append(Step(Rule.D4, True, because))
    return Verdict(to, Rule.D4, tuple(trace), prepare)
