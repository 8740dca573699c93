"""What explains a decision to the owner, and what would change the verdict."""

from dataclasses import replace
from itertools import product

import pytest
from pydantic import ValidationError

from triage_agent.advice.answers import AdviceTable, advice_table
from triage_agent.advice.decision import decide
from triage_agent.advice.plan import plan_for
from triage_agent.advice.quiz import load_quiz, score
from triage_agent.advice.roles import role_facts
from triage_agent.advice.rules import Profile, Recommendation
from triage_agent.intake.revenue import Revenue
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Label,
    Outcome,
    ReviewReason,
)

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


def test_every_recommendation_has_advice_of_its_own():
    table = advice_table()
    assert set(table) == set(Recommendation)
    headlines = {advice.headline for advice in table.values()}
    assert len(headlines) == len(Recommendation)


def test_a_table_without_a_recommendation_is_refused():
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


@pytest.mark.parametrize(
    ("labels", "says"),
    [
        pytest.param([], None, id="none at all, which is to be settled"),
        pytest.param([A], None, id="one, which is to be settled"),
        pytest.param(
            [A, A], "Only 2 of the 3 problems that the method asks for were given.", id="two"
        ),
        pytest.param([A, A, A], None, id="three are enough"),
        pytest.param([A, None, Failure], None, id="three are enough whatever became of them"),
    ],
)
def test_fewer_than_three_problems_is_said(labels, says):
    notes = [note for note in plan(labels).notes if "that the method asks for" in note]
    assert (says in notes[0] and len(notes) == 1) if says else not notes


def test_abstentions_and_errors_are_reported():
    notes = " ".join(plan([A, A, A, None, None, Failure]).notes)
    assert "2 of 6 problems could not be placed, and did not vote." in notes
    assert "1 of 6 problems ended in an error" in notes
    assert "could not be placed" not in " ".join(plan([A, A, A]).notes)
    assert "error" not in " ".join(plan([A, A, A]).notes)


@pytest.mark.parametrize(
    ("because", "by", "says"),
    [
        (Abstention.TOO_VAGUE, None, "1 of 4 problems could not be placed,"),
        (Abstention.NEITHER, None, "1 of 4 problems is about neither kind of work,"),
        (Abstention.NEITHER, DecidedBy.PERSON, "is about neither kind of work, as answered,"),
        (Abstention.TOO_VAGUE, DecidedBy.PERSON, "is about neither kind of work, as answered,"),
    ],
)
def test_why_a_problem_did_not_vote_is_said_as_it_is(because, by, says):
    *rows, last = rows_of([A, A, A, None])
    rows.append(replace(last, abstained_because=because, decided_by=by))
    (note,) = plan_for(decide(rows, Profile(parse_revenue("3M"))), rows).notes
    assert says in note


def test_what_is_still_open_stands_in_what_is_to_be_settled_alone():
    rows = rows_of([A, B, A], review=[2])
    decision = decide(rows, Profile(parse_revenue("3M")))
    (one,) = decision.to_settle
    assert one.startswith("problem 3 got an")
    assert plan_for(decision, rows).notes == ()


def test_what_is_unknown_or_assumed_about_revenue_is_said():
    assert plan([A] * 3, "").notes == ()  # it is to be settled
    assert "Revenue is unknown: no yearly revenue was given; " in " ".join(plan([B] * 3, "").notes)
    assert "Revenue: a monthly amount, times 12." in plan([A] * 3, "250k a month").notes
    assert plan([A] * 3, "3M").notes == ()


def test_where_the_quiz_says_not_to_start_the_verdict_says_so_and_what_to_do_first():
    unready = score(dict.fromkeys(IDS, 3) | {"leadership": 0, "budget": 0, "data": 0})
    officer = plan([A, A], quiz=unready)
    assert officer.headline.endswith("is the right help, but do not start yet.")
    says = "says not to start yet: not recorded, no owner, no budget."
    assert says in officer.because
    assert officer.first_days.first_steps[:3] == officer.prepare
    assert "do not start: name that person first" in officer.prepare[1]
    cto = plan([B, B], quiz=unready)  # what AI needs is nothing to them
    assert "says not to start yet: no owner, no budget." in cto.because
    assert plan([A, A], "500k", quiz=unready).headline == plan([A, A], "500k").headline
    ready = score(dict.fromkeys(IDS, 1))  # a weak quiz by itself says no such thing
    assert plan([A, A], quiz=ready).headline == plan([A, A]).headline


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
            {
                "yearly revenue is under $1M: do it yourself",
                "over $10M: a full-time AI lead, or a dedicated team",
            },
            id="only revenue could change three of a kind",
        ),
        pytest.param(
            ([A, A, B], "3M", True),
            {
                "under $1M: do it yourself",
                "over $10M: both a CTO and an AI officer, part-time",
                "problem about software to be built: a tie, which the readiness quiz decides",
            },
            id="a seller of software with both kinds is near to both",
        ),
        pytest.param(
            ([A, A, B], "", None),
            {
                "under $1M: do it yourself",
                "over $10M: a full-time AI lead, or a dedicated team",
                "revenue is over $10M: both a CTO and an AI officer, part-time",
                "software to be built: a tie, which the readiness quiz decides",
            },
            id="what is unknown is told as what would change it",
        ),
        pytest.param(
            ([A, A, B], "20M", None),
            {
                "under $1M: do it yourself",
                "from $1M to $10M: an AI officer, part-time",
                "revenue is over $10M: both a CTO and an AI officer, part-time",
                "software to be built: a tie, which the readiness quiz decides",
            },
            id="large revenue alone does not make it both",
        ),
        pytest.param(([B, B, B], "3M", False), set(), id="three to build stand at any revenue"),
        pytest.param(
            ([], "3M", False),
            {
                "software to be built: a CTO, part-time",
                "work to be automated: an AI officer, part-time",
            },
            id="one problem would make a decision out of none",
        ),
    ],
)
def test_the_report_says_what_would_change_the_verdict(made, changes):
    told = plan(*made).would_change
    for change in changes:
        assert [line for line in told if f"{change}." in line], (change, told)
    assert len(told) == len(changes), told


def answer(decision):
    return advice_table()[decision.recommendation].answer


BANDS = {"under $1M": "500k", "from $1M to $10M": "3M", "over $10M": "20M"}


def test_every_change_that_is_told_is_true_and_no_other_recommendation_in_reach_is_left_out():
    quizzes = [None, TIE_QUIZ, score(dict.fromkeys(IDS, 2))]
    votes = [[A], [B], [A, B], [A, A, B], [A, B, B], [A, A, B, B], []]
    revenues = ["500k", "1M", "3M", "10M", "20M", ""]
    for labels, revenue, sells, quiz in product(votes, revenues, (True, False, None), quizzes):
        profile = Profile(parse_revenue(revenue), sells)
        current = answer(decide(rows_of(labels), profile, quiz))

        def then(labels, profile, quiz=quiz):
            return answer(decide(rows_of(labels), profile, quiz))

        expected = {
            f"With one more problem about software to be built: {then([*labels, B], profile)}.",
            f"With one more problem about work to be automated: {then([*labels, A], profile)}.",
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
