"""What would change the verdict: the single changes of the facts at hand, in words."""

from collections.abc import Iterator
from dataclasses import replace

from triage_agent.advice.answers import advice_table
from triage_agent.advice.decision import Decision
from triage_agent.advice.rules import Profile, Recommendation, apply_rules
from triage_agent.intake import Band, Revenue

ONE_MORE_BUILD = "With one more problem about software to be built"
ONE_MORE_AUTOMATE = "With one more problem about work to be automated"


def would_change(decision: Decision) -> tuple[str, ...]:
    """Return which single changes of the facts at hand would lead to another recommendation.

    Of several changes that lead to the same one, the first is named.
    """
    build, automate, profile = decision.votes.build, decision.votes.automate, decision.profile
    what_ifs = [
        (ONE_MORE_BUILD, build + 1, automate, profile),
        (ONE_MORE_AUTOMATE, build, automate + 1, profile),
        *((words, build, automate, other) for words, other in _other_profiles(profile)),
    ]
    changes: dict[Recommendation, str] = {}
    for words, to_build, to_automate, business in what_ifs:
        other = apply_rules(to_build, to_automate, business, decision.quiz).recommendation
        if other is not decision.recommendation:
            changes.setdefault(other, f"{words}: {advice_table()[other].answer}.")
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
