"""The JSON contracts that other programs rely on."""

import json

import pytest

from triage_agent.advice.decision import decide
from triage_agent.advice.plan import advice_for
from triage_agent.advice.quiz import load_quiz, score
from triage_agent.advice.rules import Profile
from triage_agent.intake.revenue import UNKNOWN_REVENUE
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.reports.contract import as_advice, as_quiz, as_row, made_by
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Function,
    Label,
    Outcome,
    ReviewReason,
    Signals,
    Source,
    Usage,
)


def listed(text):
    return text.split(", ")


# docs/reference/json.md, word for word.
ROW_KEYS = listed(
    "schema_version, id, text, source, holds_several, outcome, label, p_build, probability, "
    "probability_from, decided_by, abstained_because, needs_review, review_reasons, signals, "
    "function, hours_per_week, evidence, rationale, truncated, backend, model, prompt, usage, "
    "duration_s, error"
)
ADVICE_KEYS = listed(
    "schema_version, problems, votes, profile, quiz, recommendation, provisional, rule_trace, plan"
)

CLASSIFIED = Classification(
    id="p1",
    text="Löhne “von Hand” 🙂",
    outcome=Outcome.CLASSIFIED,
    backend="llm",
    model="m",
    label=Label.BUILD,
    p_build=0.123456789,
    probability=0.876543211,
    probability_from="a test",
    p_in_scope=0.75,  # for evaluations: no key of the contract
    decided_by=DecidedBy.TB2,
    review_reasons=(ReviewReason.NO_EVIDENCE, ReviewReason.TRUNCATED),
    signals=Signals(custom_system=True),
    function=Function.HR,
    hours_per_week=2.5,
    evidence=("von Hand",),
    rationale="It is by hand.",
    truncated=True,
    prompt="guide@abc",
    usage=Usage(2, 300, 40),
    duration_s=1.23456789,
    source=Source(7, "Problem", 3, 21),
    holds_several=True,
)
ABSTAINED = Classification(
    "p2", "", Outcome.ABSTAINED, "embedded", "e", abstained_because=Abstention.TOO_VAGUE
)
FAILED = Classification(
    "p3", "x", Outcome.ERROR, "llm", "m", error=Failure("service_timeout", "Slow.", retryable=True)
)
QUIZ = score(dict.fromkeys([question.id for question in load_quiz().questions], 2))


def advice(rows, profile=None, quiz=None):
    decision = decide(rows, profile, quiz)
    return as_advice(advice_for(rows, decision))


@pytest.mark.parametrize("row", [CLASSIFIED, ABSTAINED, FAILED], ids=lambda row: row.outcome.value)
def test_a_row_has_exactly_the_contracts_keys_in_its_order(row):
    assert list(as_row(row)) == ROW_KEYS


@pytest.mark.parametrize("row", [CLASSIFIED, ABSTAINED, FAILED], ids=lambda row: row.outcome.value)
def test_a_row_survives_strict_json(row):
    values = as_row(row)
    assert json.loads(json.dumps(values, allow_nan=False)) == values


def test_a_classified_row_says_all_that_is_known():
    assert as_row(CLASSIFIED) == {
        "schema_version": 2,
        "id": "p1",
        "text": "Löhne “von Hand” 🙂",
        "source": {"row": 7, "column": "Problem", "start": 3, "end": 21},
        "holds_several": True,
        "outcome": "classified",
        "label": "build-software",
        "p_build": 0.1235,
        "probability": 0.8765,
        "probability_from": "a test",
        "decided_by": "TB2",
        "abstained_because": None,
        "needs_review": True,
        "review_reasons": ["no_evidence", "truncated"],
        "signals": {
            "customer_facing_software": False,
            "custom_system": True,
            "engineering_leadership": False,
            "existing_process": False,
            "mixed": False,
            "neither": False,
            "too_vague": False,
            "instructs_reader": False,
        },
        "function": "hr",
        "hours_per_week": 2.5,
        "evidence": ["von Hand"],
        "rationale": "It is by hand.",
        "truncated": True,
        "backend": "llm",
        "model": "m",
        "prompt": "guide@abc",
        "usage": {"calls": 2, "input_tokens": 300, "output_tokens": 40},
        "duration_s": 1.2346,
        "error": None,
    }


def test_what_an_abstained_row_does_not_know_is_null():
    values = as_row(ABSTAINED)
    assert values["abstained_because"] == "too_vague"
    unknown = [key for key, value in values.items() if value is None]
    assert unknown == listed(
        "source, holds_several, label, p_build, probability, probability_from, decided_by, "
        "signals, function, "
        "hours_per_week, prompt, error"
    )


def test_a_failed_row_holds_its_error_as_type_message_and_retryable():
    values = as_row(FAILED)
    assert values["error"] == {"type": "service_timeout", "message": "Slow.", "retryable": True}
    assert (values["outcome"], values["label"]) == ("error", None)


def test_advice_has_the_contracts_keys_in_its_order():
    keys = [key for key in advice([CLASSIFIED]) if key in ADVICE_KEYS]
    assert keys == ADVICE_KEYS


def pairs(value):
    """Return JSON values with objects as lists of pairs, so that order and key types count."""
    if isinstance(value, dict):
        return [[key, pairs(inner)] for key, inner in value.items()]
    return [pairs(inner) for inner in value] if isinstance(value, list | tuple) else value


@pytest.mark.parametrize(
    ("rows", "profile", "quiz"),
    [
        pytest.param([], Profile(), None, id="no problems"),
        pytest.param([CLASSIFIED, ABSTAINED, FAILED], Profile(), None, id="of each outcome"),
        pytest.param([CLASSIFIED], Profile(parse_revenue("over 10M"), True), QUIZ, id="the rest"),
    ],
)
def test_advice_survives_strict_json(rows, profile, quiz):
    values = advice(rows, profile, quiz)
    text = json.dumps(values, allow_nan=False)
    assert json.loads(
        text, object_pairs_hook=lambda found: [list(pair) for pair in found]
    ) == pairs(values)


def test_advice_reports_the_votes_the_problems_and_what_is_in_doubt():
    values = advice([CLASSIFIED, ABSTAINED, FAILED])
    assert values["votes"] == {"build": 1, "automate": 0, "abstained": 1, "errors": 1}
    assert values["problems"] == [as_row(row) for row in (CLASSIFIED, ABSTAINED, FAILED)]
    assert values["recommendation"] == "fractional-cto"
    assert values["provisional"] is True
    assert values["provisional_because"] == ["p1", "p2", "p3"]
    assert values["to_settle"] == [
        (
            "problem 1 seems to hold several problems that could not be taken apart: "
            "write them one by one"
        ),
        "problem 2 is too vague: say what goes wrong, and who does what today",
        "problem 3 could not be answered: run it again",
    ]


def test_advice_holds_the_trace_of_rules():
    trace = advice([CLASSIFIED])["rule_trace"]
    assert [(step["rule"], step["applied"]) for step in trace] == [
        ("D0", False),
        ("D1", False),
        ("D2", True),
    ]
    assert all(step["because"] for step in trace)


@pytest.mark.parametrize(
    ("revenue", "shown"),
    [
        pytest.param(
            UNKNOWN_REVENUE,
            (None, "unknown", "no yearly revenue was given", None),
            id="revenue that was not given",
        ),
        pytest.param(parse_revenue("3M"), ("$3M", "1m-to-10m", None, None), id="an amount"),
        pytest.param(parse_revenue("20M"), ("$20M", "over-10m", None, None), id="a large amount"),
        pytest.param(
            parse_revenue("50k a month"),
            ("$600K", "under-1m", None, "a monthly amount, times 12"),
            id="a monthly amount",
        ),
    ],
)
def test_advice_shows_the_profile_and_what_is_unknown_about_it(revenue, shown):
    profile = advice([CLASSIFIED], Profile(revenue, sells_software=None))["profile"]
    names = ("revenue", "revenue_band", "revenue_unknown_because", "revenue_note")
    assert tuple(profile[name] for name in names) == shown
    assert profile["sells_software"] is None


def test_a_range_across_bands_is_reported_as_unknown_with_its_reason():
    profile = advice([CLASSIFIED], Profile(parse_revenue("500k-2M"), sells_software=False))[
        "profile"
    ]
    assert (profile["revenue"], profile["revenue_band"]) == (None, "unknown")
    assert "$500K to $2M" in profile["revenue_unknown_because"]
    assert profile["sells_software"] is False


def test_a_quiz_is_reported_with_its_score_and_each_dimension():
    values = as_quiz(QUIZ)
    assert (values["score"], values["raw"], values["passed"]) == (66.7, 16, True)
    assert len(values["dimensions"]) == 8
    assert list(values["dimensions"][0]) == ["id", "dimension", "points", "level", "advice"]
    assert advice([CLASSIFIED], Profile(), QUIZ)["quiz"] == values
    assert advice([CLASSIFIED])["quiz"] is None


def test_the_plan_says_everything_that_a_report_shows():
    plan = advice([CLASSIFIED])["plan"]
    assert list(plan) == [
        "headline",
        "because",
        "roles",
        "first_60_days",
        "prepare",
        "hours_cost",
        "watch_for",
        "who_could_help",
        "would_change",
        "notes",
        "order",
        "stages",
        "interviews",
        "instead",
    ]
    assert list(plan["roles"]) == ["fractional-cto"]
    assert plan["roles"]["fractional-cto"]["usd_per_month"] == {"low": 5000, "high": 15000}


def test_the_plan_is_there_as_lines_and_by_stages():
    plan = advice([CLASSIFIED])["plan"]
    lines = [f"{one['title']}: {line}" for one in plan["stages"] for line in one["lines"]]
    assert plan["first_60_days"] == lines
    assert lines[-1].startswith("By day 60: ")
    assert plan["order"] == ["p1"]
    assert plan["instead"] == []
    (questions,) = plan["interviews"].values()
    assert list(plan["interviews"]) == ["fractional-cto"]
    assert len(questions) == 10
    assert list(questions[0]) == ["question", "listen_for"]


def test_without_a_decision_the_plan_says_what_to_do_instead():
    plan = advice([ABSTAINED])["plan"]
    assert (plan["first_60_days"], plan["order"], plan["stages"], plan["interviews"]) == (
        [],
        [],
        [],
        {},
    )
    assert plan["instead"]


def test_those_who_read_the_problems_are_named_once():
    assert made_by([CLASSIFIED, CLASSIFIED, ABSTAINED]) == (
        "llm, m, prompt guide@abc; the built-in model (e)"
    )
    assert made_by([]) == ""
