"""The facts about the two roles, and both side by side."""

import json
import re

import pytest
from pydantic import ValidationError

from support.program import triage
from triage_agent.advice import roles
from triage_agent.advice.reasons import reason_words
from triage_agent.advice.roles import (
    Role,
    RoleTable,
    described,
    owners_questions,
    role_facts,
    side_by_side,
)
from triage_agent.advice.rules import Recommendation
from triage_agent.reports.contract import as_roles
from triage_agent.reports.markdown import roles_markdown

# docs/how-to/compare-roles.md states the same facts.
FACTS = {
    "in_short": (
        "a part-time technology leader who says what to build or buy and leads those who do it",
        (
            "a part-time specialist who makes routine work run by itself, "
            "with AI and the tools you have"
        ),
    ),
    "focus": (
        "technology strategy, software architecture",
        "AI automation, operational efficiency",
    ),
    "background": (
        "former VP of engineering or start-up CTO",
        "business operator who builds with AI",
    ),
    "hours_per_month": ((15, 30), (10, 20)),
    "usd_per_month": ((5_000, 15_000), (3_000, 5_000)),
    "time_to_return": ("3–6 months", "30–60 days"),
    "manages_people": ("yes, engineering teams (2–15 engineers)", "no, manages AI systems"),
    "builds": (
        "software products, APIs, infrastructure",
        "AI agents, automated workflows, dashboards",
    ),
    "best_for": (
        "companies that build software",
        "companies that use AI to run operations",
    ),
    "areas": (
        (
            "technology strategy",
            "architecture",
            "hiring and managing the team",
            "vendor evaluation",
        ),
        (
            "process automation",
            "AI agents",
            "workflow optimisation",
            "measuring the return (what does not return 3 times its cost is stopped)",
        ),
    ),
    "within_60_days": (
        "a technology roadmap and first deliverables",
        "hours saved and costs reduced (within the first month)",
    ),
}


@pytest.mark.parametrize("fact", FACTS)
@pytest.mark.parametrize(("role", "column"), [(role, n) for n, role in enumerate(Role)])
def test_the_data_file_states_each_fact_as_the_table_does(role, column, fact):
    value = getattr(role_facts()[role], fact)
    if hasattr(value, "low"):
        value = (value.low, value.high)
    assert value == FACTS[fact][column]


def test_the_table_states_every_fact_that_is_shown():
    assert set(FACTS) | {"name"} == set(type(role_facts()[Role.FRACTIONAL_CTO]).model_fields)


def test_a_role_is_described_by_every_fact_that_the_file_states():
    lines = described(role_facts()[Role.FRACTIONAL_CTO])
    assert len(lines) == len(dict(lines)) == len(FACTS)
    assert dict(lines)["cost a month"] == "$5,000–15,000"
    assert dict(lines)["hours a month"] == "15–30"


def test_a_table_without_a_role_is_refused():
    with pytest.raises(ValidationError, match="no facts for fractional-cto"):
        RoleTable(
            {Role.FRACTIONAL_AI_OFFICER: role_facts()[Role.FRACTIONAL_AI_OFFICER].model_dump()}
        )


def shown(*arguments, columns="60"):
    result = triage("compare-roles", *arguments, environment={"COLUMNS": columns})
    assert result.returncode == 0, result.stderr
    return result.stdout.decode()


def squeezed(text):
    return " ".join(text.split())


@pytest.mark.parametrize(
    ("fact", "cto", "ai_officer"),
    [
        ("cost a month", "$5,000–15,000", "$3,000–5,000"),
        ("hours a month", "15–30", "10–20"),
        ("time to a return", "3–6 months", "30–60 days"),
        ("focus", "technology strategy, software architecture", "AI automation, operational effic"),
        ("background", "former VP of engineering", "business operator who builds with AI"),
        ("manages people", "yes, engineering teams (2–15", "no, manages AI systems"),
        ("builds", "software products, APIs", "AI agents, automated workflows, dashboards"),
        ("best for", "companies that build software", "companies that use AI to run operations"),
        ("four areas", "vendor evaluation", "3 times its cost is stopped"),
        ("in 60 days shows", "a technology roadmap", "hours saved and costs reduced"),
    ],
)
def test_each_fact_stands_under_its_role(fact, cto, ai_officer):
    compared = side_by_side()
    assert compared.names == ("fractional CTO", "fractional AI officer")
    row = {name: (one, other) for name, one, other in compared.rows}[fact]
    assert cto in row[0]
    assert ai_officer in row[1]


@pytest.mark.parametrize("columns", ["60", "80", "200"])
def test_the_table_fits_the_terminal_without_blanks_at_the_ends(columns):
    lines = shown(columns=columns).splitlines()
    assert max(map(len, lines)) <= int(columns)
    assert [line for line in lines if line != line.rstrip()] == []


def test_a_narrow_table_loses_no_word():
    wide, narrow = shown(columns="400"), shown(columns="60")
    assert sorted(wide.split()) == sorted(narrow.split())
    assert "…" not in narrow


def test_the_questions_stand_below_the_table_with_their_answers():
    text = squeezed(shown())
    for one in owners_questions():
        assert f"{one.question} {one.answer}" in text
    assert text.index("in 60 days shows") < text.index(owners_questions()[0].question)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("one-person-for-both", "In practice almost never: the skills differ"),
        ("cto-for-the-ai-work", "Some can, most cannot"),
        ("both-at-once", "Under $10M of yearly revenue, rarely"),
        ("company-size", "from $1M to $10M a fractional AI officer"),
        ("which-is-more-common", "about 30 % of the owners who ask need the CTO"),
    ],
)
def test_each_question_that_owners_ask_has_its_answer(name, words):
    assert words in {one.id: one.answer for one in owners_questions()}[name]


@pytest.mark.parametrize(
    ("question", "amount", "recommendation"),
    [
        ("both-at-once", "$10,000–20,000", Recommendation.BOTH),
        ("company-size", "$250K", Recommendation.FULL_TIME_AI_LEAD),
        ("company-size", "$10M", Recommendation.FULL_TIME_AI_LEAD),
        ("company-size", "$1M", Recommendation.DO_IT_YOURSELF),
    ],
)
def test_an_amount_in_an_answer_is_the_one_in_the_advice(question, amount, recommendation):
    answers = {one.id: one.answer for one in owners_questions()}
    assert amount in answers[question]
    assert amount in reason_words().then[recommendation]


def test_json_holds_the_facts_and_the_questions():
    values = json.loads(shown("--json"))
    assert values == as_roles() == json.loads(json.dumps(as_roles()))
    assert list(values) == ["schema_version", "roles", "questions"]
    assert values["roles"]["fractional-cto"]["usd_per_month"] == {"low": 5000, "high": 15000}
    assert list(values["roles"]) == list(Role)
    assert [list(one) for one in values["questions"]] == [["id", "question", "answer"]] * 5


def test_markdown_is_a_table_of_three_columns_and_the_questions():
    page = shown("--markdown")
    assert page == roles_markdown()
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert table[:2] == ["|  | fractional CTO | fractional AI officer |", "| --- | --- | --- |"]
    assert {len(re.findall(r"(?<!\\)\|", line)) for line in table} == {4}
    assert "**Can a CTO do the AI work?** Some can, most cannot." in page


def test_a_bar_in_a_fact_does_not_break_the_markdown_table(monkeypatch):
    facts = {
        role: one.model_copy(update={"focus": "this | that"}) for role, one in role_facts().items()
    }
    monkeypatch.setattr(roles, "role_facts", lambda: facts)
    assert r"| focus | this \| that | this \| that |" in roles_markdown()


def test_two_ways_to_print_at_once_are_refused():
    result = triage("compare-roles", "--json", "--markdown")
    assert result.returncode == 2
    assert "Leave one out" in result.stderr.decode()
    assert result.stdout == b""
