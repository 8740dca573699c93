"""The rules D0 to D4, over their whole space and against an independent oracle."""

from itertools import product

import pytest

from support.rulebook import QUIZZES, REVENUES, SELLS, M, by_the_book, exactly
from triage_agent.advice.rules import Profile, Rule, apply_rules
from triage_agent.errors import InputError
from triage_agent.intake.revenue import UNKNOWN_REVENUE, Band, Revenue


def test_every_count_of_votes_at_every_profile_and_quiz_leads_where_the_book_says():
    space = product(range(6), range(6), REVENUES, SELLS, QUIZZES)
    for b, a, revenue, sells, quiz in space:
        verdict = apply_rules(b, a, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
        got = (verdict.recommendation.value, verdict.rule.value)
        assert got == by_the_book(b, a, revenue, sells, quiz), (b, a, revenue, sells, quiz)


def test_every_decision_holds_the_rules_tried_in_order_and_ends_with_the_one_that_applied():
    for b, a, revenue, sells, quiz in product(range(4), range(4), REVENUES, SELLS, QUIZZES):
        verdict = apply_rules(b, a, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
        tried = [step.rule for step in verdict.trace]
        assert tried == list(Rule)[: len(tried)]
        assert [step.applied for step in verdict.trace] == [False] * (len(tried) - 1) + [True]
        assert tried[-1] is verdict.rule
        assert all(step.because for step in verdict.trace)


@pytest.mark.parametrize(
    ("b", "a", "profile", "quiz", "says"),
    [
        pytest.param(0, 0, Profile(), "not taken", ["problems with a label: 0"], id="D0"),
        pytest.param(
            1,
            2,
            Profile(exactly(10 * M), sells_software=True),
            "not taken",
            ["both kinds: yes", "sells software: yes", "$10M or more: yes"],
            id="D1",
        ),
        pytest.param(2, 1, Profile(), "not taken", ["2 to build, 1 to automate"], id="D2"),
        pytest.param(
            1,
            2,
            Profile(),
            "not taken",
            ["1 to build, 2 to automate", "revenue unknown", "no yearly revenue was given"],
            id="D3 says that revenue is unknown",
        ),
        pytest.param(
            1,
            2,
            Profile(Revenue(500_000, 2 * M)),
            "not taken",
            ["revenue unknown", "$500K to $2M lies across more than one revenue band"],
            id="D3 says why a range is unknown",
        ),
        pytest.param(0, 1, Profile(exactly(5 * M)), "not taken", ["$5M"], id="D3 shows revenue"),
        pytest.param(1, 1, Profile(), "not taken", ["tie", "not taken"], id="D4 without a quiz"),
        pytest.param(
            1, 1, Profile(), "12 points", ["tie", "12 of 24", "more to automate"], id="D4 passed"
        ),
        pytest.param(
            1,
            1,
            Profile(),
            "11 points with data at 0",
            ["tie", "11 of 24", "nothing to connect", "more to build"],
            id="D4 with nothing to connect",
        ),
    ],
)
def test_the_last_line_of_the_trace_says_why(b, a, profile, quiz, says):
    because = apply_rules(b, a, profile, QUIZZES[quiz][0]).trace[-1].because
    for words in says:
        assert words in because


@pytest.mark.parametrize(
    ("profile", "says"),
    [
        pytest.param(
            Profile(), ["sells software: unknown", "$10M or more: unknown"], id="nothing is known"
        ),
        pytest.param(
            Profile(exactly(9 * M), sells_software=False),
            ["sells software: no", "$10M or more: no"],
            id="both conditions are known not to hold",
        ),
    ],
)
def test_the_trace_tells_an_unknown_condition_of_d1_from_one_not_met(profile, says):
    step = apply_rules(1, 1, profile, None).trace[1]
    assert step.rule is Rule.D1
    for words in says:
        assert words in step.because


def test_only_a_tie_with_a_weak_quiz_asks_for_preparation():
    weak = QUIZZES["11 points with both at 1"][0]
    expected = tuple(dimension.id for dimension in weak.weak)
    assert set(expected) == {"systems", "data", "leadership", "budget", "governance"}
    for b, a, revenue, sells, quiz in product(range(3), range(3), REVENUES, SELLS, QUIZZES):
        verdict = apply_rules(b, a, Profile(REVENUES[revenue][0], sells), QUIZZES[quiz][0])
        prepares = (
            verdict.rule is Rule.D4
            and quiz == "11 points with both at 1"
            and REVENUES[revenue][1] != "small"
        )
        assert verdict.prepare == (expected if prepares else ()), (b, a, revenue, sells, quiz)


def test_a_profile_is_parsed_from_revenue_as_people_write_it():
    assert Profile.parse() == Profile.parse("unknown") == Profile(UNKNOWN_REVENUE, None)
    profile = Profile.parse(revenue="€3M", usd_rate=1.5, sells_software=True)
    assert profile.revenue.low_usd == profile.revenue.high_usd == 4.5 * M
    assert profile.revenue.band is Band.FROM_1M_TO_10M
    assert profile.sells_software is True


def test_another_currency_is_known_where_every_likely_rate_gives_the_same_band():
    assert Profile.parse("€3M").revenue.band is Band.FROM_1M_TO_10M
    assert Profile.parse("€9M").revenue.band is Band.UNKNOWN


@pytest.mark.parametrize(
    ("revenue", "says"),
    [
        pytest.param("a lot", "is not an amount", id="words"),
        pytest.param("3M bananas", "is not an amount", id="a unit that is no currency"),
    ],
)
def test_a_profile_refuses_revenue_that_cannot_be_read(revenue, says):
    with pytest.raises(InputError, match=says):
        Profile.parse(revenue)
