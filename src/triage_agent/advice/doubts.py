"""What could still change a recommendation: the votes and the facts that are open.

docs/explanation/rules.md says what is open. Every way of settling it is considered: votes of one
kind are interchangeable, so they are counted, and no list of votes is tried one by one.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

from triage_agent.advice.quiz import QuizResult
from triage_agent.advice.rules import Profile, Recommendation, apply_rules, count_votes
from triage_agent.intake import HIGH_LIMIT_USD, Band, Revenue
from triage_agent.types import Abstention, Classification, DecidedBy, Label

ENOUGH_PROBLEMS = 3  # that the method asks for
UNSEEN_VOTES = 2  # that a problem which seems to hold several may have beside its own


@dataclass(frozen=True, slots=True)
class Doubts:
    """What could change the recommendation, by itself or with other things that are open.

    Attributes:
        problems: Ids of the problems whose vote is missing or may flip, in their order.
        not_given: How many of the three problems were not given; 0 if they could change nothing.
        revenue: Whether the yearly revenue could.
        sells_software: Whether the answer about selling software could.
    """

    problems: tuple[str, ...] = ()
    not_given: int = 0
    revenue: bool = False
    sells_software: bool = False

    def __bool__(self) -> bool:
        return bool(self.problems or self.not_given or self.revenue or self.sells_software)


Facts = frozenset[tuple[str, Revenue | bool]]  # fields of `Profile` with a value


@dataclass(frozen=True, slots=True)
class _Change:
    """One way to reach another recommendation."""

    facts: Facts  # that are filled in
    to: Label
    cast: int  # votes that are missing and are cast, for `to`
    flipped: int  # votes that flip to `to`

    def holds(self, other: "_Change") -> bool:
        """Return whether the other change is a part of this one."""
        return (
            other.facts <= self.facts
            and other.cast <= self.cast
            and other.flipped <= self.flipped
            and (other.to is self.to or not other.cast + other.flipped)
        )


def find_doubts(
    problems: Sequence[Classification],
    current: Recommendation,
    profile: Profile,
    quiz: QuizResult | None,
) -> Doubts:
    """Return what could change the recommendation `current` of the business.

    Missing votes may be cast, votes that need review may flip, problems that are missing from three
    may be added, and a revenue or a software answer that is unknown may be filled in. Something is
    named if a change that cannot be made smaller uses it. The votes of such a change all go one
    way (a test tries all ways on small businesses), so each direction is tried for itself.
    """
    votes = count_votes(problems)
    missing = [id_ for one in problems for id_ in [one.id] * _missing_votes(one)]
    not_given = max(0, ENOUGH_PROBLEMS - len(problems))
    shaky = {
        to: [one.id for one in problems if one.label not in (None, to) and one.needs_review]
        for to in Label
    }

    @cache
    def differs(build: int, automate: int, business: Profile) -> bool:
        return apply_rules(build, automate, business, quiz).recommendation is not current

    def changes(to: Label, business: Profile) -> Callable[[int, int], bool]:
        more = (1, 0) if to is Label.BUILD else (0, 1)
        flip = (1, -1) if to is Label.BUILD else (-1, 1)

        def change(cast: int, flipped: int) -> bool:
            build = votes.build + more[0] * cast + flip[0] * flipped
            automate = votes.automate + more[1] * cast + flip[1] * flipped
            return differs(build, automate, business)

        return change

    smallest: list[_Change] = []
    for facts, business in _filled_in(profile):
        for to in Label:
            most = len(missing) + not_given, len(shaky[to])
            for cast, flipped in _smallest(changes(to, business), *most):
                found = _Change(facts, to, cast, flipped)
                if not any(found.holds(other) for other in smallest):
                    smallest.append(found)
    named = {id_ for one in smallest if one.flipped for id_ in shaky[one.to]}
    is_cast = any(one.cast for one in smallest)
    named.update(missing if is_cast else ())
    facts_named = {fact for one in smallest for fact, _ in one.facts}
    return Doubts(
        tuple(one.id for one in problems if one.id in named),
        not_given if is_cast else 0,
        "revenue" in facts_named,
        "sells_software" in facts_named,
    )


def _missing_votes(row: Classification) -> int:
    """Return how many votes a problem may have that it has not cast.

    What a person left without a label, or a model found to be out of scope, casts none.
    """
    open_ = (
        row.label is None
        and row.decided_by is not DecidedBy.PERSON
        and row.abstained_because is not Abstention.NEITHER
    )
    return open_ + (UNSEEN_VOTES if row.holds_several else 0)


def _filled_in(profile: Profile) -> Iterator[tuple[Facts, Profile]]:
    """Yield the facts that may be filled in, none first, and the profile that this leads to."""
    revenues: list[Revenue] = []
    if profile.revenue.band is Band.UNKNOWN:
        low, high = profile.revenue.low_usd, profile.revenue.high_usd
        revenues = [*map(profile.revenue.part_in, profile.revenue.possible_bands)]
        if low < HIGH_LIMIT_USD < high:  # in the middle band, and enough for D1
            revenues.append(Revenue(HIGH_LIMIT_USD, HIGH_LIMIT_USD))
    # A software answer that is filled in with no counts as an unknown one.
    for sells in (None, True) if profile.sells_software is None else (None,):
        for revenue in (None, *revenues):
            filled: dict[str, Any] = {"revenue": revenue, "sells_software": sells}
            filled = {name: value for name, value in filled.items() if value is not None}
            yield frozenset(filled.items()), replace(profile, **filled)


def _smallest(
    changes: Callable[[int, int], bool], missing: int, shaky: int
) -> Iterator[tuple[int, int]]:
    """Yield the pairs of votes cast and votes flipped that change something and hold no other."""
    fewest = missing + 1  # votes cast, of the changes so far
    for flipped in range(shaky + 1):
        cast = next((cast for cast in range(fewest) if changes(cast, flipped)), None)
        if cast is not None:
            yield cast, flipped
            fewest = cast
