"""The reason for a recommendation is true of its rule, of its numbers and of what is known."""

import re
from dataclasses import replace
from itertools import product

import pytest
from pydantic import ValidationError

from support.rulebook import QUIZZES
from triage_agent.advice.answers import advice_table
from triage_agent.advice.decision import decide
from triage_agent.advice.plan import advice_for
from triage_agent.advice.reasons import ReasonWords, reason_words
from triage_agent.advice.rules import Profile, Recommendation
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.types import Abstention, Classification, Failure, Label, Outcome, ReviewReason

MOST = 4  # votes
REVENUES = {
    "500k": "small",
    "3M": "middle",
    "10M": "middle",
    "20M": "large",
    "": None,
    "$500K-$2M": None,
}
LEFT_OUT = ("", "v", "e", "ve", "n")  # a vague one, an error, one that is out of scope
WORDS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight")
AN_ID = re.compile(
    r"\b(?:D[0-4]|TB[1-4])\b|\w+-(?:software|process|cto|officer|lead)\b|\w_\w|\{|\}"
)
NOT_FIRM = re.compile(r"provisional|another answer|could change|settle", re.IGNORECASE)


def row(number, label=None, why=None, **more):
    error = Failure("t", "The server did not answer.", retryable=True) if why == "error" else None
    outcome = Outcome.CLASSIFIED if label else Outcome.ERROR if error else Outcome.ABSTAINED
    because = why if isinstance(why, Abstention) else None
    return Classification(
        f"7.{number}", f"It is about thing {number}", outcome, "b", "m", label=label,
        abstained_because=because, error=error, **more,
    )  # fmt: skip


WHY = {"v": Abstention.TOO_VAGUE, "e": "error", "n": Abstention.NEITHER}


def business(build, automate, left_out="", **more):
    kinds = [(Label.BUILD, None)] * build + [(Label.AUTOMATE, None)] * automate
    kinds += [(None, WHY[letter]) for letter in left_out]
    return [row(number, *kind, **more) for number, kind in enumerate(kinds, start=1)]


def advised(rows, revenue="3M", sells=None, quiz=None, hourly=None):
    return advice_for(rows, decide(rows, Profile(parse_revenue(revenue), sells), quiz), hourly)


# What has to stand in a reason, and what must not, for each way in which a rule decides.
MAJORITY = r"The (?:one|only) problem|Each of|\bOf (?:your|the) \w+ problems"
TIE = r"\btie\b"
FEE, FULL_TIME, SUFFICE = r"monthly fee", r"full-time", r"ChatGPT and Zapier"
QUIZ, SCORE = r"readiness quiz", r"\d+ of 100"
CTO, OFFICER = r"what a fractional CTO does", r"what a fractional AI officer does"
NO_HALF, CARRY = r"build no software", r"can carry both"
ASSUMED = r"taken to be \$1M to \$10M"
READY, UNCONNECTED, PREPARED = r"you are ready", r"nothing to connect", r"are in place"
ALL = {
    MAJORITY, TIE, FEE, FULL_TIME, SUFFICE, QUIZ, SCORE, CTO, OFFICER, NO_HALF, CARRY, ASSUMED,
    READY, UNCONNECTED, PREPARED,
}  # fmt: skip


def has_to_hold(build, automate, revenue, sells, quiz):
    """Return the patterns that the reason holds, all others being false of it."""
    band, taken = REVENUES[revenue], QUIZZES[quiz][1]
    by_band = {"small": {FEE, SUFFICE}, "middle": {OFFICER}, "large": {FULL_TIME}}
    automated = {OFFICER, ASSUMED} if band is None else by_band[band]
    if build and automate and sells and revenue in ("10M", "20M"):
        return {CARRY, MAJORITY}
    if build > automate:
        return {MAJORITY, CTO}
    if automate > build:
        return {MAJORITY, *automated}
    if band == "small":
        return {TIE, FEE, SUFFICE, NO_HALF, QUIZ}
    unknown = {ASSUMED} if band is None else set()
    if taken is None:
        return {TIE, QUIZ, *unknown}
    if taken[0] >= 12:
        return {TIE, QUIZ, SCORE, READY, *automated}
    if taken[1]:
        return {TIE, QUIZ, SCORE, UNCONNECTED, CTO, *unknown}
    return {TIE, QUIZ, SCORE, PREPARED, *automated}


NOT_YET = re.compile(r" The readiness quiz \(\d+ of 100\) says not to start yet: [^.]+\.")


def warns(quiz, recommendation):
    """Return whether an answer of the quiz says not to start with who is recommended."""
    hired = set(Recommendation) - {"do-it-yourself", "take-the-quiz", "no-decision"}
    if quiz is None or recommendation not in hired:
        return False
    stopping = {"leadership", "budget"}
    if recommendation is not Recommendation.FRACTIONAL_CTO:
        stopping |= {"volume", "data", "systems"}
    return any(one.points == 0 for one in quiz.dimensions if one.id in stopping)


def holds(pattern, text):
    return re.search(pattern, text) is not None


@pytest.mark.parametrize("left_out", LEFT_OUT, ids=lambda letters: f"left out {letters or 'none'}")
@pytest.mark.parametrize("quiz", QUIZZES)
def test_every_reason_says_what_its_rule_says_and_nothing_that_another_rule_would(quiz, left_out):
    spaces = product(range(MOST + 1), range(MOST + 1), REVENUES, (True, False, None))
    for build, automate, revenue, sells in spaces:
        if not build + automate:
            continue
        rows = business(build, automate, left_out)
        advice = advised(rows, revenue, sells, QUIZZES[quiz][0])
        said, case = advice.plan.because, (build, automate, revenue, sells)
        expected = has_to_hold(build, automate, revenue, sells, quiz)
        warned = NOT_YET.search(said)
        assert bool(warned) is warns(QUIZZES[quiz][0], advice.recommendation), (case, said)
        assert ("do not start yet" in advice.plan.headline) is bool(warned), (case, said)
        found = {pattern for pattern in ALL if holds(pattern, NOT_YET.sub("", said))}
        assert found == expected, (case, said)
        assert not AN_ID.search(f"{advice.plan.headline} {said}"), (case, said)
        assert not re.search("provisional", said), (case, said)
        _counts_rightly(said, build, automate, bool(left_out), case)


FOR_BUILD = re.compile(r"(\w+) (?:are )?about software|built for (\w+)")
FOR_AUTOMATE = re.compile(r"(\w+) (?:are )?about existing|hands in (\w+)")


def _counts_rightly(said, build, automate, some_left_out, case):
    """Hold the numbers of the sentence on how the problems count against the votes."""
    tally, counted = said.partition(". ")[0], build + automate
    assert ("could be counted" in tally) is some_left_out, (case, said)
    if counted == 1:
        assert ("software" in tally, "existing work" in tally) == (build == 1, automate == 1), case
        assert not [word for word in WORDS if re.search(rf"\b{word}\b", tally) and word != "one"]
        return
    called = (
        f"the {WORDS[counted]} problems" if some_left_out else f"your {WORDS[counted]} problems"
    )
    assert called in tally, (case, said)
    if "against" in tally:
        assert f"{WORDS[build]} against {WORDS[automate]}:" in tally, (case, said)
    elif build and automate:
        for kind, votes in ((FOR_BUILD, build), (FOR_AUTOMATE, automate)):
            assert WORDS[votes] in kind.search(tally).groups(), (case, said)
    else:
        assert tally.startswith("Each of"), (case, said)
        assert ("software" in tally) is bool(build), (case, said)


@pytest.mark.parametrize(
    ("left_out", "says"),
    [
        ("", "No problem was given."),
        ("v", "None of the problems could be counted: one says too little."),
        ("vv", "None of the problems could be counted: two say too little."),
        ("ve", "one says too little and one could not be answered."),
        ("nvee", "neither of the two kinds, one says too little and two could not be answered."),
    ],
)
def test_without_a_vote_the_reason_says_what_is_missing(left_out, says):
    advice = advised(business(0, 0, left_out))
    assert advice.recommendation is Recommendation.NO_DECISION
    neither = " Neither a CTO nor an AI officer helps with what is about neither kind."
    says += neither if "n" in left_out else ""
    assert f"{says} What is missing is one problem" in advice.plan.because
    assert not AN_ID.search(advice.plan.because)


def test_where_neither_role_helps_that_is_said_and_who_could():
    *rows, vague = business(0, 0, "nnnv")
    texts = ("An ex-employee is suing us", "Our logo looks dated", "We need a lawyer")
    rows = [replace(row, text=text) for row, text in zip(rows, texts, strict=True)]
    plan = advised(rows).plan
    assert plan.headline == "Hire neither of the two: neither role helps with this."
    assert "none of your three problems is about either." in plan.because
    who = "Ask others: a lawyer (problem 1, problem 3) and a designer (problem 2)."
    assert plan.because.endswith(who)
    assert "take it to those who could help" in plan.first_days.first_steps[0]
    mixed = advised([*rows, vague]).plan
    assert f"{who} What is missing is one problem" in mixed.because
    assert mixed.headline.startswith("No decision")


@pytest.mark.parametrize("review", [False, True])
def test_only_a_provisional_verdict_says_that_something_is_to_be_settled(review):
    seen = set()
    for build, automate, revenue in product(range(4), range(4), REVENUES):
        rows = business(build, automate)
        if review and rows:
            rows[0] = row(1, rows[0].label, review_reasons=(ReviewReason.UNCERTAIN,))
        advice = advised(rows, revenue)
        plan = advice.plan
        said = " ".join((plan.headline, plan.because, *plan.notes, *plan.first_days.first_steps))
        said += " ".join(line for stage in plan.first_days.stages for line in stage.lines)
        assert advice.provisional or not NOT_FIRM.search(said), (build, automate, revenue, said)
        seen.add(advice.provisional)
    assert False in seen


FEE_ROLES = (
    Recommendation.FRACTIONAL_AI_OFFICER, Recommendation.FULL_TIME_AI_LEAD, Recommendation.BOTH,
)  # fmt: skip


@pytest.mark.parametrize("hours", [(2.0, 3.0), (2.0, None), (90.0, 2.0), (None, None)])
def test_a_verdict_says_that_it_would_not_pay_only_if_every_stated_hour_says_so(hours):
    for build, revenue, sells in product((0, 1), REVENUES, (True, False)):
        rows = business(build, 2)
        rows[build:] = [row(8, Label.AUTOMATE, hours_per_week=hours[0]),
                        row(9, Label.AUTOMATE, hours_per_week=hours[1])]  # fmt: skip
        plan = (advice := advised(rows, revenue, sells)).plan
        words = advice_table()[advice.recommendation]
        poor = hours == (2.0, 3.0) and advice.recommendation in FEE_ROLES
        assert ("would not pay" in plan.because) is poor, plan.because
        assert plan.headline == (words.unpaid if poor else words.headline)
        if poor:
            assert "5 hours a week" in plan.because
            assert "$758 a month" in plan.because


def test_only_a_hire_that_costs_the_fee_has_a_headline_for_one_that_would_not_pay():
    table = advice_table().items()
    assert {one for one, words in table if words.unpaid} == set(FEE_ROLES)


def test_a_tie_of_a_small_business_says_what_to_do_with_each_half_and_offers_the_quiz():
    said = advised(business(2, 2), "500k").plan.because
    parts = ("two against two", "Under $1M", "They build no software", "triage quiz")
    places = [said.lower().find(part.lower()) for part in parts]
    assert places == sorted(places), said
    assert -1 not in places, said


def test_large_numbers_are_figures():
    assert "13 are about existing work" in advised(business(2, 13)).plan.because


@pytest.mark.parametrize(
    ("key", "broken"),
    [
        ("then", {}),
        ("tie", {"passed": "{points} points"}),
        ("none", {"causes": {}}),
        ("hours", {"usd_an_hour": 0}),
    ],
)
def test_words_that_are_missing_or_cannot_be_filled_are_refused(key, broken):
    shipped = reason_words().model_dump(by_alias=True)
    ReasonWords.model_validate(shipped)
    changed = {**shipped[key], **broken} if broken else {}
    with pytest.raises(ValidationError):
        ReasonWords.model_validate({**shipped, key: changed})
