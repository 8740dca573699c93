"""The decision about one business: how its problems vote, how firmly that stands, what changes it.

The rules themselves are in `rules`.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from triage_agent.advice.doubts import ENOUGH_PROBLEMS, Doubts, find_doubts
from triage_agent.advice.quiz import QuizResult
from triage_agent.advice.rules import (
    Profile,
    Recommendation,
    Verdict,
    Votes,
    apply_rules,
    count_votes,
)
from triage_agent.advice.settling import revenue_answers, settle_words
from triage_agent.intake import Band, Revenue
from triage_agent.types import Classification


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict about a business, and how firmly it stands.

    Attributes:
        verdict: The recommendation and the trace of the rules.
        votes: How the problems voted.
        profile: What was known about the business.
        quiz: The readiness quiz; None if it was not taken.
        doubts: What could still change the recommendation.
        to_settle: A sentence for each of these: what it is, and what to do about it. First the
            problems in doubt, in the order of `provisional_because`.
        revenue_answers: The recommendation in each band that an unknown revenue may lie in.
    """

    verdict: Verdict
    votes: Votes
    profile: Profile
    quiz: QuizResult | None
    doubts: Doubts
    to_settle: tuple[str, ...] = ()
    revenue_answers: Mapping[Band, Recommendation] = field(default_factory=dict)

    @property
    def provisional(self) -> bool:
        """Whether something that is still open could change the recommendation."""
        return bool(self.doubts)

    @property
    def provisional_because(self) -> tuple[str, ...]:
        """Ids of the problems whose answers could change it, in the order of the problems."""
        return self.doubts.problems

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
    """Return the decision about the business that has these problems; deterministic.

    `profile` is what is known about it (None: nothing), `quiz` its readiness (None: not taken).
    """
    profile = profile or Profile()
    votes = count_votes(problems)
    verdict = apply_rules(votes.build, votes.automate, profile, quiz)
    doubts = find_doubts(problems, verdict.recommendation, profile, quiz)
    answers = revenue_answers(votes, profile, quiz)
    words = settle_words(problems, doubts, profile.revenue, answers)
    return Decision(verdict, votes, profile, quiz, doubts, words, answers)


def would_change(decision: Decision) -> tuple[str, ...]:
    """Return which single changes of the facts at hand would lead to another recommendation.

    Of several changes that lead to the same one, the first is named.
    """
    build, automate, profile = decision.votes.build, decision.votes.automate, decision.profile
    what_ifs = [
        ("With one more problem of the kind build-software", build + 1, automate, profile),
        ("With one more problem of the kind automate-process", build, automate + 1, profile),
        *((words, build, automate, other) for words, other in _other_profiles(profile)),
    ]
    changes: dict[Recommendation, str] = {}
    for words, to_build, to_automate, business in what_ifs:
        other = apply_rules(to_build, to_automate, business, decision.quiz).recommendation
        if other is not decision.recommendation:
            changes.setdefault(other, f"{words}: {other.value}.")
    return tuple(changes.values())


def _other_profiles(profile: Profile) -> Iterator[tuple[str, Profile]]:
    """Yield the other profiles worth naming: each revenue band, and selling software."""
    for band in Band:
        if band not in {profile.revenue.band, Band.UNKNOWN}:
            other = replace(profile, revenue=Revenue.within(band))
            yield f"If yearly revenue is {band.words}", other
    if not profile.sells_software:
        top = Band.OVER_10M
        both = Profile(Revenue.within(top), sells_software=True)
        yield f"If you sell software to customers and revenue is {top.words}", both
