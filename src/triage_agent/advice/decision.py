"""The decision about one business: how its problems vote, how firmly that stands.

The rules themselves are in `rules`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

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
from triage_agent.intake import Band
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
