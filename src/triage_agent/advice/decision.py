"""The decision about one business: how its problems vote, how firmly that stands.

The rules themselves are in `rules`.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from triage_agent.advice.quiz import QuizResult
from triage_agent.advice.rules import Profile, Recommendation, Verdict, Votes, apply_rules
from triage_agent.advice.settling import settle_words
from triage_agent.types import Classification, DecidedBy, Label, Outcome

ENOUGH_PROBLEMS = 3
UNSEEN_VOTES = 2  # that a problem which seems to hold several may have beside its own


@dataclass(frozen=True, slots=True)
class Decision:
    """The verdict about a business, and how firmly it stands.

    Attributes:
        verdict: The recommendation and the trace of the rules.
        votes: How the problems voted.
        profile: What was known about the business.
        quiz: The readiness quiz; None if it was not taken.
        provisional: Whether an answer about a problem in doubt could change the recommendation.
        provisional_because: Ids of these problems, in the order of the problems.
        to_settle: For each of them a sentence: which it is, and what to do about it.
    """

    verdict: Verdict
    votes: Votes
    profile: Profile
    quiz: QuizResult | None
    provisional: bool
    provisional_because: tuple[str, ...]
    to_settle: tuple[str, ...] = ()

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
    doubtful = doubtful_problems(problems, verdict.recommendation, profile, quiz)
    words = settle_words(problems, doubtful)
    return Decision(verdict, votes, profile, quiz, bool(doubtful), doubtful, words)


def count_votes(problems: Sequence[Classification]) -> Votes:
    """Return the votes; rows that abstained or failed do not vote and are counted apart."""
    return Votes(
        build=sum(p.label is Label.BUILD for p in problems),
        automate=sum(p.label is Label.AUTOMATE for p in problems),
        abstained=sum(p.outcome is Outcome.ABSTAINED for p in problems),
        errors=sum(p.outcome is Outcome.ERROR for p in problems),
    )


def doubtful_problems(
    problems: Sequence[Classification],
    current: Recommendation,
    profile: Profile,
    quiz: QuizResult | None,
) -> tuple[str, ...]:
    """Return the ids of the problems whose answer could change the recommendation, in order.

    Missing votes may be cast, and votes that need review may flip. A text that holds several
    problems may lack two votes beside its own; a problem that a person left without a label lacks
    none. Votes of one kind are interchangeable, so changes are counts; a kind is named if a change
    that cannot be made smaller uses it. Such a change never pulls both ways (a test tries all ways
    on small businesses), so each direction is tried for itself.
    """
    missing = [
        p.id for p in problems if p.label is None and p.decided_by is not DecidedBy.PERSON
    ] + [p.id for p in problems if p.holds_several for _ in range(UNSEEN_VOTES)]
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
    fewest = missing + 1  # votes cast, of the changes so far
    for flipped in range(shaky + 1):
        cast = next((cast for cast in range(fewest) if changes(cast, flipped)), None)
        if cast is not None:
            yield cast, flipped
            fewest = cast
