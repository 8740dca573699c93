"""What the owner is told: facts, plans, red flags, and what would change the verdict."""

from itertools import product

import pytest
from pydantic import ValidationError

from triage_agent.advice.decision import Profile, Recommendation, decide
from triage_agent.advice.explain import AdviceTable, advice_table, plan_for, red_flags
from triage_agent.advice.quiz import load_quiz, score
from triage_agent.advice.roles import Role, RoleTable, described, role_facts
from triage_agent.intake.revenue import Revenue, parse_revenue
from triage_agent.types import Classification, Failure, Label, Outcome, ReviewReason

B, A = Label.BUILD, Label.AUTOMATE
IDS = [question.id for question in load_quiz().questions]


def rows_of(labels, *, review=()):
    """Return problems with these labels; None is one that abstained, `Failure` one that failed."""
    rows = []
    for number, label in enumerate(labels):
        outcome = Outcome.CLASSIFIED if isinstance(label, Label) else Outcome.ABSTAINED
        outcome = Outcome.ERROR if label is Failure else outcome
        rows.append(
            Classification(
                f"p{number}",
                "",
                outcome,
                "fake",
                "m",
                label=label if isinstance(label, Label) else None,
                review_reasons=(ReviewReason.TB4,) if number in review else (),
            )
        )
    return rows


def plan(labels, revenue="3M", sells=None, quiz=None, review=()):
    rows, profile = rows_of(labels, review=review), Profile(parse_revenue(revenue), sells)
    return plan_for(decide(rows, profile, quiz), rows)


# PRODUCT.md, "Facts about the two roles".
FACTS = {
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


def test_there_are_seven_red_flags_and_two_of_them_mean_the_other_roles_job():
    flags = red_flags()
    assert len(flags) == len({flag.id for flag in flags}) == 7
    assert [flag.other_role for flag in flags] == [True, True] + [False] * 5
    assert flags[0].roles == (Role.FRACTIONAL_AI_OFFICER,)
    assert flags[1].roles == (Role.FRACTIONAL_CTO,)
    assert all(set(flag.roles) == set(Role) for flag in flags[2:])


@pytest.mark.parametrize(
    ("number", "words"),
    [
        (0, "whole stack rebuilt"),
        (1, "one-off scripts instead of systems"),
        (2, "60 days"),
        (3, "70 %"),
        (4, "financial tie"),
        (5, "plain English"),
        (6, "revenue nor cost"),
    ],
)
def test_each_red_flag_is_the_lists(number, words):
    assert words in red_flags()[number].text


def test_every_recommendation_has_advice_of_its_own():
    table = advice_table()
    assert set(table) == set(Recommendation)
    headlines = {advice.headline for advice in table.values()}
    assert len(headlines) == len(Recommendation)


def test_a_table_without_a_role_or_a_recommendation_is_refused():
    with pytest.raises(ValidationError, match="no facts for fractional-cto"):
        RoleTable(
            {Role.FRACTIONAL_AI_OFFICER: role_facts()[Role.FRACTIONAL_AI_OFFICER].model_dump()}
        )
    advice = {key: value.model_dump() for key, value in advice_table().items()}
    del advice[Recommendation.BOTH]
    with pytest.raises(ValidationError, match="no advice for both"):
        AdviceTable(advice)


TIE_QUIZ = score(dict.fromkeys(IDS, 1) | {"process": 3, "team": 2})


@pytest.mark.parametrize(
    ("made", "headline", "roles", "flags"),
    [
        pytest.param(([A, A, B],), "fractional AI officer", ["fractional-ai-officer"], 6, id="D3"),
        pytest.param(([B, B, A],), "fractional CTO", ["fractional-cto"], 6, id="D2"),
        pytest.param(
            ([B, B, A], "20M", True),
            "might need both",
            ["fractional-cto", "fractional-ai-officer"],
            7,
            id="D1",
        ),
        pytest.param(([A, A, A], "500k"), "do it yourself", [], 0, id="under 1M"),
        pytest.param(
            ([A, A, A], "20M"), "full-time AI lead", ["fractional-ai-officer"], 6, id="over 10M"
        ),
        pytest.param(([None],), "No decision", [], 0, id="D0"),
        pytest.param(
            ([A, B],), "readiness quiz", ["fractional-cto", "fractional-ai-officer"], 7, id="D4"
        ),
    ],
)
def test_a_plan_shows_the_roles_and_the_red_flags_of_its_recommendation(
    made, headline, roles, flags
):
    result = plan(*made)
    assert headline in result.headline
    assert result.because
    assert [role.value for role in result.roles] == roles
    assert all(result.roles[role] == role_facts()[role] for role in result.roles)
    assert len(result.watch_for) == flags


def test_the_plan_is_made_from_the_problems_at_hand():
    days = plan([A, A, B]).first_days
    assert days.order == ("p0", "p1")
    assert days.stages
    assert plan([A, B]).first_days.stages == ()


def test_a_role_is_described_by_every_fact_that_the_file_states():
    lines = described(role_facts()[Role.FRACTIONAL_CTO])
    assert len(lines) == len(dict(lines)) == len(FACTS)
    assert dict(lines)["cost a month"] == "$5,000–15,000"
    assert dict(lines)["hours a month"] == "15–30"


def test_money_that_the_advice_names_is_money_that_the_rules_name():
    assert "$10–20K a month" in advice_table()[Recommendation.BOTH].because
    assert "$250K a year" in advice_table()[Recommendation.FULL_TIME_AI_LEAD].because
    assert "ChatGPT and Zapier" in advice_table()[Recommendation.DO_IT_YOURSELF].because


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        pytest.param([], "Only 0 of the 3", id="none at all"),
        pytest.param([A], "Only 1 of the 3", id="one"),
        pytest.param([A, None], "Only 2 of the 3", id="two, one of them abstained"),
        pytest.param([A, A, A], None, id="three are enough"),
        pytest.param([A, None, Failure], None, id="three are enough whatever became of them"),
    ],
)
def test_fewer_than_three_problems_is_said(labels, says):
    notes = [note for note in plan(labels).notes if note.startswith("Only")]
    assert (notes[0].startswith(says) and len(notes) == 1) if says else not notes


def test_abstentions_and_errors_are_reported():
    notes = " ".join(plan([A, A, A, None, None, Failure]).notes)
    assert "2 of 6 problems could not be placed" in notes
    assert "1 of 6 problems ended in an error" in notes
    assert "could not be placed" not in " ".join(plan([A, A, A]).notes)
    assert "error" not in " ".join(plan([A, A, A]).notes)


def test_a_provisional_recommendation_names_the_problems_in_doubt():
    notes = [note for note in plan([A, B, A], review=[2]).notes if "Provisional" in note]
    assert notes == ["Provisional: another answer about p2 would change the recommendation."]
    assert not [note for note in plan([A, A, A]).notes if "Provisional" in note]


def test_what_is_unknown_or_assumed_about_revenue_is_said():
    assert "Revenue is unknown: no yearly revenue was given." in plan([A] * 3, "").notes
    assert "lies across" in " ".join(plan([A] * 3, "500k-2M").notes)
    assert "Revenue: a monthly amount, times 12." in plan([A] * 3, "250k a month").notes
    assert plan([A] * 3, "3M").notes == ()


def test_take_the_quiz_comes_with_the_command_to_run():
    told = " ".join(plan([A, B]).first_days.instead)
    assert "triage quiz --save answers.json" in told
    assert "--quiz answers.json" in told
    assert plan([A, B], quiz=TIE_QUIZ).first_days.instead == ()


def test_a_weak_quiz_that_leaves_a_tie_comes_with_the_advice_of_its_weak_dimensions():
    weak = score(dict.fromkeys(IDS, 1) | {"process": 3})  # 10 points, nothing at 0
    prepare = plan([A, B], quiz=weak).prepare
    expected = [f"{d.dimension}: {d.advice}" for d in weak.dimensions if d.id != "process"]
    assert sorted(prepare) == sorted(expected)
    assert plan([A, A, B], quiz=weak).prepare == ()
    assert plan([A, B], quiz=score(dict.fromkeys(IDS, 2) | {"team": 0})).prepare == ()


@pytest.mark.parametrize(
    ("made", "changes"),
    [
        pytest.param(
            ([A, A, A], "3M", False),
            {"yearly revenue is under $1M: do-it-yourself", "over $10M: full-time-ai-lead"},
            id="only revenue could change three of a kind",
        ),
        pytest.param(
            ([A, A, B], "3M", True),
            {
                "under $1M: do-it-yourself",
                "over $10M: both",
                "one more problem of the kind build-software: take-the-quiz",
            },
            id="a seller of software with both kinds is near to both",
        ),
        pytest.param(
            ([A, A, B], "", None),
            {
                "under $1M: do-it-yourself",
                "over $10M: full-time-ai-lead",
                "sell software to customers and revenue is over $10M: both",
                "build-software: take-the-quiz",
            },
            id="what is unknown is told as what would change it",
        ),
        pytest.param(
            ([A, A, B], "20M", None),
            {
                "under $1M: do-it-yourself",
                "from $1M to $10M: fractional-ai-officer",
                "sell software to customers and revenue is over $10M: both",
                "build-software: take-the-quiz",
            },
            id="large revenue alone does not make it both",
        ),
        pytest.param(([B, B, B], "3M", False), set(), id="three to build stand at any revenue"),
        pytest.param(
            ([], "3M", False),
            {"build-software: fractional-cto", "automate-process: fractional-ai-officer"},
            id="one problem would make a decision out of none",
        ),
    ],
)
def test_the_report_says_what_would_change_the_verdict(made, changes):
    told = plan(*made).would_change
    for change in changes:
        assert [line for line in told if f"{change}." in line], (change, told)
    assert len(told) == len(changes), told


BANDS = {"under $1M": "500k", "from $1M to $10M": "3M", "over $10M": "20M"}


def test_every_change_that_is_told_is_true_and_no_other_recommendation_in_reach_is_left_out():
    quizzes = [None, TIE_QUIZ, score(dict.fromkeys(IDS, 2))]
    votes = [[A], [B], [A, B], [A, A, B], [A, B, B], [A, A, B, B], []]
    revenues = ["500k", "1M", "3M", "10M", "20M", ""]
    for labels, revenue, sells, quiz in product(votes, revenues, (True, False, None), quizzes):
        profile = Profile(parse_revenue(revenue), sells)
        current = decide(rows_of(labels), profile, quiz).recommendation.value

        def then(labels, profile, quiz=quiz):
            return decide(rows_of(labels), profile, quiz).recommendation.value

        expected = {
            f"With one more problem of the kind build-software: {then([*labels, B], profile)}.",
            f"With one more problem of the kind automate-process: {then([*labels, A], profile)}.",
        }
        for words, amount in BANDS.items():
            if parse_revenue(amount).band is not profile.revenue.band:
                other = then(labels, Profile(parse_revenue(amount), sells))
                expected.add(f"If yearly revenue is {words}: {other}.")
        if not sells:
            other = then(labels, Profile(parse_revenue("20M"), sells_software=True))
            expected.add(f"If you sell software to customers and revenue is over $10M: {other}.")
        expected = {line for line in expected if not line.endswith(f": {current}.")}
        rows = rows_of(labels)
        told = plan_for(decide(rows, profile, quiz), rows).would_change
        case = (labels, revenue, sells, quiz)
        assert set(told) <= expected, case
        assert len(told) == len(set(told)), case
        assert {line.rpartition(": ")[2] for line in told} == {
            line.rpartition(": ")[2] for line in expected
        }, case


def test_the_same_decision_always_gives_the_same_plan():
    rows = rows_of([A, B, None])
    decision = decide(rows, Profile(Revenue(low_usd=20e6, high_usd=20e6), sells_software=True))
    assert plan_for(decision, rows) == plan_for(decision, rows)
