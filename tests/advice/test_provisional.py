"""When a recommendation is provisional, and what the owner is told to settle."""

from dataclasses import replace

import pytest

from triage_agent.advice.decision import decide
from triage_agent.advice.plan import plan_for
from triage_agent.advice.quiz import load_quiz, score
from triage_agent.advice.rules import Profile
from triage_agent.advice.settling import UNCERTAIN, problem_names
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Label,
    Outcome,
    ReviewReason,
    Source,
)


def given(kind, number=1, row=None):
    """Return a problem of a kind: its label's letter (with ? it needs review), or why it has none.

    `+` behind it: the text seems to hold several problems.
    """
    bare = kind.removesuffix("+")
    base = Classification(
        str(number),
        "",
        Outcome.CLASSIFIED,
        "fake",
        "m",
        holds_several=kind.endswith("+"),
        source=Source(row, "Problem") if row else None,
    )
    if bare.rstrip("?") in {"build", "automate"}:
        label = Label.BUILD if bare.startswith("build") else Label.AUTOMATE
        reasons = [ReviewReason.TB4] * bare.endswith("?")
        reasons += [ReviewReason.HOLDS_SEVERAL] * bool(base.holds_several)
        return replace(base, label=label, review_reasons=tuple(reasons))
    if bare == "error":
        failure = Failure("service_timeout", "", retryable=True)
        return replace(base, outcome=Outcome.ERROR, error=failure)
    if bare == "put aside":  # by a person
        bare, base = "too_vague", replace(base, decided_by=DecidedBy.PERSON)
    return replace(base, outcome=Outcome.ABSTAINED, abstained_because=Abstention(bare))


def decided(kinds, revenue="3M", sells=False, quiz=None):
    rows = [given(kind, number) for number, kind in enumerate(kinds, start=1)]
    taken = score(dict.fromkeys([one.id for one in load_quiz().questions], quiz)) if quiz else None
    return decide(rows, Profile(parse_revenue(revenue), sells), taken)


VAGUE = "is too vague: say what goes wrong, and who does what today"
FAILED = "could not be answered: run it again"
SEVERAL = "seems to hold several problems that could not be taken apart: write them one by one"
LANGUAGE = "is in a language that could not be read: write it in English"
ONE_MORE = "1 of the 3 problems that the method asks for was not given: add it"
TWO_MORE = "2 of the 3 problems that the method asks for were not given: add them"
SELLS = (
    "whether you sell, or are building, software for customers: if so, with problems of both kinds "
    "and $10M or more of yearly revenue, the answer is “both a CTO and an AI officer, part-time”"
)
NONE_GIVEN = (
    "your yearly revenue: no yearly revenue was given; under $1M the answer is “do it yourself”, "
    "from $1M to $10M “an AI officer, part-time”, "
    "over $10M “a full-time AI lead, or a dedicated team”"
)
ACROSS = (
    "your yearly revenue: $500K to $2M lies across more than one revenue band (under $1M or from "
    "$1M to $10M); under $1M the answer is “do it yourself”, from $1M to $10M "
    "“an AI officer, part-time”"
)
FROM_5M = (
    "your yearly revenue: over $5M lies across more than one revenue band (from $1M to $10M or "
    "over $10M); from $1M to $10M the answer is “an AI officer, part-time”, over $10M "
    "“a full-time AI lead, or a dedicated team”"
)
WITH_MORE = (
    "your yearly revenue: no yearly revenue was given; it matters if something else is settled"
)
THREE_TO_AUTOMATE = ["automate"] * 3
TWO_TO_ONE = ["build", "automate", "automate"]

# What is given, and what is to be settled; by the sentences of the rule.
PROVISIONAL = {
    "nothing is open": (THREE_TO_AUTOMATE, {}, []),
    "a missing vote, abstained, makes a tie": (
        ["automate", "build", "automate", "too_vague"],
        {},
        [f"problem 4 {VAGUE}"],
    ),
    "a missing vote, failed, makes a tie": (
        ["error", "build", "automate", "automate"],
        {},
        [f"problem 1 {FAILED}"],
    ),
    "a missing vote in another language": (
        ["build", "unknown_language", "automate"],
        {"quiz": 3},
        [f"problem 2 {LANGUAGE}"],
    ),
    "one missing vote cannot turn two": (["automate", "automate", "too_vague"], {}, []),
    "no vote at all": (
        ["error", "error", "error"],
        {},
        [f"problem {n} {FAILED}" for n in (1, 2, 3)],
    ),
    "a vote that needs review flips": (
        ["build", "automate", "automate?"],
        {},
        [f"problem 3 {UNCERTAIN}"],
    ),
    "the minority flips in vain": (["build?", "automate", "automate"], {}, []),
    "under 1M a tie is the same": (
        ["automate", "automate", "build?", "build"],
        {"revenue": "500k"},
        [],
    ),
    "one problem alone is outvoted by two": (["automate"], {}, [TWO_MORE]),
    "two of a kind stand whatever the third is": (["automate", "automate"], {}, []),
    "two that differ need the third": (["automate", "build"], {}, [ONE_MORE]),
    "none given": (
        [],
        {},
        ["3 of the 3 problems that the method asks for were not given: add them"],
    ),
    "out of scope counts toward the three": (["automate", "neither", "neither"], {}, []),
    "out of scope leaves nothing provisional": (["automate", "build", "build", "neither"], {}, []),
    "out of scope alone": (["neither", "neither", "neither"], {}, []),
    "out of scope is not the third vote": (["automate", "neither"], {}, [ONE_MORE]),
    "what a person put aside is settled": (["automate", "build", "build", "put aside"], {}, []),
    "two votes more turn two to one": (
        ["build", "automate", "build+"],
        {},
        [f"problem 3 {SEVERAL}"],
    ),
    "two votes more turn one": (
        ["automate", "neither", "too_vague+"],
        {},
        [f"problem 3 {SEVERAL}"],
    ),
    "two votes more cannot turn six": (["automate"] * 5 + ["automate+"], {}, []),
    "two votes more hide in what is out of scope as a whole": (
        ["automate", "neither", "neither+"],
        {},
        [f"problem 3 {SEVERAL}"],
    ),
    "no revenue": (THREE_TO_AUTOMATE, {"revenue": "unknown"}, [NONE_GIVEN]),
    "a revenue across two bands": (THREE_TO_AUTOMATE, {"revenue": "$500K–$2M"}, [ACROSS]),
    "a revenue without an upper end": (THREE_TO_AUTOMATE, {"revenue": "5M and above"}, [FROM_5M]),
    "a range whose end points touch is known": (THREE_TO_AUTOMATE, {"revenue": "$1M–$10M"}, []),
    "a revenue that changes nothing": (["build"] * 3, {"revenue": "unknown"}, []),
    "a revenue that matters with a vote": (
        ["build", "build", "too_vague"],
        {"revenue": "unknown", "sells": True},
        [f"problem 3 {VAGUE}", WITH_MORE],
    ),
    "no software answer at over 10M": (TWO_TO_ONE, {"revenue": "20M", "sells": None}, [SELLS]),
    "no software answer at exactly 10M": (TWO_TO_ONE, {"revenue": "10M", "sells": None}, [SELLS]),
    "no software answer under 10M": (TWO_TO_ONE, {"sells": None}, []),
    "no software answer, one kind": (THREE_TO_AUTOMATE, {"revenue": "20M", "sells": None}, []),
    "neither fact": (
        ["build", "build", "automate"],
        {"revenue": "unknown", "sells": None},
        [WITH_MORE, SELLS],
    ),
}


@pytest.mark.parametrize("name", PROVISIONAL)
def test_a_recommendation_is_provisional_as_long_as_what_is_open_could_change_it(name):
    kinds, profile, to_settle = PROVISIONAL[name]
    decision = decided(kinds, **profile)
    assert decision.to_settle == tuple(to_settle)
    assert decision.provisional is bool(to_settle)
    numbers = [words.split()[1] for words in to_settle if words.startswith("problem ")]
    assert list(decision.provisional_because) == numbers


@pytest.mark.parametrize(
    ("kinds", "profile", "said"),
    [
        pytest.param(
            ["build"] * 3,
            {"revenue": "$500K–$2M"},
            "Revenue is unknown: $500K to $2M lies across more than one revenue band (under $1M or "
            "from $1M to $10M); whatever it is, the answer is “a CTO, part-time”.",
            id="the same answer in each band",
        ),
        pytest.param(
            THREE_TO_AUTOMATE,
            {"revenue": "$500K–$2M"},
            None,
            id="two answers",
        ),
        pytest.param(
            ["automate"],
            {},
            None,
            id="problems that are missing",
        ),
        pytest.param(
            ["automate", "automate"],
            {},
            "Only 2 of the 3 problems that the method asks for were given.",
            id="a missing one that changes nothing",
        ),
        pytest.param(
            ["build"] * 3,
            {"revenue": "unknown"},
            "Revenue is unknown: no yearly revenue was given; whatever it is, the answer is "
            "“a CTO, part-time”.",
            id="no revenue, which changes nothing",
        ),
    ],
)
def test_the_owner_is_told_once_what_is_open(kinds, profile, said):
    rows = [given(kind, number) for number, kind in enumerate(kinds, start=1)]
    decision = decided(kinds, **profile)
    assert plan_for(decision, rows).notes == ((said,) if said else ())
    assert bool(decision.to_settle) is (said is None)


def test_problems_of_several_rows_are_named_by_their_rows():
    rows = [given("too_vague", "7.1", 7), given("error", "9.1", 9), given("automate", "9.2", 9)]
    to_settle = decide(rows, Profile(parse_revenue("3M"), False)).to_settle
    assert to_settle == (f"row 7, problem 1 {VAGUE}", f"row 9, problem 1 {FAILED}")
    assert problem_names(rows)[2] == "row 9, problem 2"
