"""The plan for the first 60 days, made from the problems at hand by words that one may edit."""

import re
import tomllib
from dataclasses import replace

import pytest
from pydantic import ValidationError

from triage_agent.advice.decision import decide
from triage_agent.advice.first_days import (
    LONGEST_QUOTE,
    MOST_NAMED,
    PlanWords,
    first_days,
    plan_words,
    ranked,
    shortened,
)
from triage_agent.advice.quiz import load_quiz, score
from triage_agent.advice.rules import Profile, Recommendation
from triage_agent.errors import SettingsError
from triage_agent.files import folder, load_toml
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.types import Classification, Function, Label, Outcome, ReviewReason, Source

B, A = Label.BUILD, Label.AUTOMATE
IDS = [question.id for question in load_quiz().questions]
READY = score(dict.fromkeys(IDS, 2))
TB4 = (ReviewReason.TB4,)
NOTHING_TO_CONNECT = score(dict.fromkeys(IDS, 0))


def row(label, text="Work is slow", number=1, **named):
    outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    return Classification(f"problem {number}", text, outcome, "fake", "m", label=label, **named)


def rows_of(*given):
    """Return problems from (label, text) or (label, text, hours)."""
    return [
        row(label, text, number, hours_per_week=hours[0] if hours else None)
        for number, (label, text, *hours) in enumerate(given, start=1)
    ]


def decision_of(rows, revenue="3M", sells=None, quiz=None):
    return decide(rows, Profile(parse_revenue(revenue), sells), quiz)


def made(rows, *business, words=None, **more):
    return first_days(decision_of(rows, *business, **more), rows, words)


def stage(days, title):
    return next((one.lines for one in days.stages if one.title == title), ())


THREE = rows_of((A, "Leads get lost"), (A, "Stock is wrong"), (A, "We type reports", 40.0))
MIXED = rows_of((B, "We need a portal", 4.0), (A, "Stock is wrong"), (B, "Our app is old"))

# One business for each recommendation: how it is made, and the problem that comes first.
CASES = {
    Recommendation.FRACTIONAL_AI_OFFICER: ((THREE,), "We type reports"),
    Recommendation.FULL_TIME_AI_LEAD: ((THREE, "20M"), "We type reports"),
    Recommendation.DO_IT_YOURSELF: ((THREE, "500k"), "We type reports"),
    Recommendation.FRACTIONAL_CTO: ((MIXED,), "We need a portal"),
    Recommendation.BOTH: ((MIXED, "20M", True), "We need a portal"),
    Recommendation.TAKE_THE_QUIZ: ((MIXED[:2],), None),
    Recommendation.NO_DECISION: (([],), None),
}
PLANNED = [case for case, (_, first) in CASES.items() if first]
WAITING = [case for case, (_, first) in CASES.items() if not first]


def plan_of(recommendation):
    return made(*CASES[recommendation][0])


def test_the_cases_are_every_recommendation_and_lead_to_it():
    assert set(CASES) == set(Recommendation)
    for recommendation, (business, _) in CASES.items():
        assert decision_of(*business).recommendation is recommendation


@pytest.mark.parametrize(
    ("given", "order"),
    [
        pytest.param([{"hours_per_week": 2.0}, {"hours_per_week": 40.0}], [2, 1], id="hours"),
        pytest.param([{}, {"hours_per_week": 0.5}], [2, 1], id="some hours before none"),
        pytest.param(
            [{"probability": 0.99}, {"hours_per_week": 1.0, "probability": 0.5}],
            [2, 1],
            id="hours before clarity",
        ),
        pytest.param([{"probability": 0.7}, {"probability": 0.9}], [2, 1], id="the surest"),
        pytest.param([{}, {"probability": 0.5}], [2, 1], id="a known probability before none"),
        pytest.param(
            [{"review_reasons": (ReviewReason.TB4,), "probability": 0.99}, {"probability": 0.6}],
            [2, 1],
            id="what needs no review before what is surer",
        ),
        pytest.param(
            [
                {"review_reasons": (ReviewReason.TB4,), "hours_per_week": 3.0},
                {"hours_per_week": 2.0},
            ],
            [1, 2],
            id="hours before review",
        ),
        pytest.param([{}, {}, {}], [1, 2, 3], id="the given order else"),
    ],
)
def test_the_problem_with_the_most_stated_hours_comes_first_then_the_clearest(given, order):
    rows = [row(A, number=number, **named) for number, named in enumerate(given, start=1)]
    assert [one.id for one in ranked(rows, A)] == [f"problem {number}" for number in order]


def test_only_problems_with_the_label_are_ranked():
    assert ranked([row(B), row(None), row(A, number=3)], A) == [row(A, number=3)]


@pytest.mark.parametrize("recommendation", PLANNED)
def test_a_plan_names_the_first_problem_and_has_a_line_for_each_time(recommendation):
    days = plan_of(recommendation)
    first = CASES[recommendation][1]
    assert f"“{first}”" in stage(days, "Where to start")[0]
    for title in ("Week 1", "By day 30", "By day 60"):
        assert stage(days, title), title
    assert days.order[0] == next(r.id for r in CASES[recommendation][0][0] if r.text == first)
    assert days.instead == ()


@pytest.mark.parametrize("recommendation", WAITING)
def test_without_a_recommendation_there_is_no_plan_but_what_to_do(recommendation):
    days = plan_of(recommendation)
    assert (days.order, days.stages, days.interviews) == ((), (), ())
    assert days.instead


def test_take_the_quiz_says_the_commands():
    told = " ".join(plan_of(Recommendation.TAKE_THE_QUIZ).instead)
    assert "triage quiz --save answers.json" in told
    assert "--quiz answers.json" in told


@pytest.mark.parametrize("recommendation", PLANNED)
def test_hours_that_the_owner_states_are_in_the_plan(recommendation):
    hours = "4 hours" if "portal" in CASES[recommendation][1] else "40 hours"
    assert hours in stage(plan_of(recommendation), "Where to start")[0]


@pytest.mark.parametrize("recommendation", PLANNED)
def test_where_the_owner_states_no_hours_the_plan_states_none(recommendation):
    (rows, *more), _ = CASES[recommendation]
    silent = [row(one.label, one.text, n) for n, one in enumerate(rows, start=1)]
    days = made(silent, *more)
    told = " ".join(line for one in days.stages for line in one.lines)
    assert not re.search(r"\d+(?:\.\d+)? hours?\b", told)
    assert "  " not in told


@pytest.mark.parametrize(
    ("function", "words"),
    [
        (Function.SALES, "sales"),
        (Function.HR, "HR"),
        (Function.OTHER, "general"),
        (None, "general"),
    ],
)
def test_the_area_of_the_business_is_named(function, words):
    days = made([row(A, function=function), row(A, "Work is slower", 2)])
    assert f"(area: {words})" in stage(days, "Where to start")[0]


@pytest.mark.parametrize(
    "rows",
    [
        pytest.param([row(A)], id="the only one"),
        pytest.param(
            [row(A, review_reasons=TB4), row(A, "B", 2, review_reasons=TB4)], id="not sure"
        ),
    ],
)
def test_a_problem_is_called_the_clearest_only_of_several_and_if_it_is_sure(rows):
    start = stage(made(rows), "Where to start")[-1]
    assert start == "Start with problem 1, “Work is slow”."
    sure = [row(A), row(A, "Work is slower", 2)]
    assert "It is the clearest case" in stage(made(sure), "Where to start")[-1]


def test_the_second_problem_comes_by_day_60_and_the_others_after_that():
    days = made(rows_of((A, "First", 9.0), (A, "Third"), (A, "Second", 1.0), (A, "Fourth")))
    assert "“Second”" in stage(days, "By day 60")[-1]
    assert [line.partition("“")[2].partition("”")[0] for line in stage(days, "After that")] == [
        "Third",
        "Fourth",
    ]
    assert days.order == ("problem 1", "problem 3", "problem 2", "problem 4")


@pytest.mark.parametrize(("more", "counted"), [(0, None), (1, "And 1 more"), (996, "And 996 more")])
def test_a_business_with_very_many_problems_gets_a_short_plan(more, counted):
    rows = [row(A, f"Problem {n}", n) for n in range(2 + MOST_NAMED + more)]
    later = stage(made(rows), "After that")
    assert len(later) == MOST_NAMED + bool(more)
    assert later[-1].startswith(counted or "Then")


@pytest.mark.parametrize(
    ("recommendation", "left_out"),
    [
        (Recommendation.FRACTIONAL_CTO, ["Stock is wrong"]),
        (Recommendation.BOTH, []),
        (Recommendation.FRACTIONAL_AI_OFFICER, []),
    ],
)
def test_problems_of_the_other_kind_are_left_out_of_the_work_by_name(recommendation, left_out):
    lines = stage(plan_of(recommendation), "Leave out of it")
    assert [text for text in left_out if f"“{text}”" in " ".join(lines)] == left_out
    assert len(lines) == len(left_out)


@pytest.mark.parametrize(
    ("quiz", "first", "out"),
    [
        pytest.param(READY, "Stock is wrong", "We need a portal", id="to the AI officer"),
        pytest.param(NOTHING_TO_CONNECT, "We need a portal", "Stock is wrong", id="to the CTO"),
    ],
)
def test_a_tie_that_the_quiz_decided_is_planned_for_the_role_that_it_went_to(quiz, first, out):
    days = made(MIXED[:2], quiz=quiz)
    assert f"“{first}”" in stage(days, "Where to start")[0]
    assert f"“{out}”" in stage(days, "Leave out of it")[0]


def test_a_problem_without_a_label_is_not_in_the_plan():
    days = made([row(A, "Stock is wrong"), row(None, "Hello", 2)])
    assert days.order == ("problem 1",)
    assert stage(days, "Leave out of it") == ()


def test_what_could_change_the_advice_is_to_be_settled_first():
    rows = [row(A, "Stock is wrong"), row(None, "Our system", 2)]
    start = stage(made(rows), "Where to start")
    assert "settle problem 2, “Our system”" in start[0]
    assert "“Stock is wrong”" in start[1]
    assert "settle" not in " ".join(stage(made([rows[0]] * 3), "Where to start"))


@pytest.mark.parametrize(
    ("recommendation", "roles"),
    [
        (Recommendation.FRACTIONAL_CTO, ["fractional-cto"]),
        (Recommendation.FRACTIONAL_AI_OFFICER, ["fractional-ai-officer"]),
        (Recommendation.FULL_TIME_AI_LEAD, ["fractional-ai-officer"]),
        (Recommendation.BOTH, ["fractional-cto", "fractional-ai-officer"]),
        (Recommendation.DO_IT_YOURSELF, []),
    ],
)
def test_each_role_to_be_hired_has_ten_questions_one_of_them_about_financial_ties(
    recommendation, roles
):
    interviews = plan_of(recommendation).interviews
    assert [interview.role for interview in interviews] == roles
    for interview in interviews:
        questions = [question for question, _ in interview.questions]
        assert len(set(questions)) == len(questions) == 10
        assert sum("financial tie" in question for question in questions) == 1
        assert all(question.rstrip()[-1] in "?." for question in questions)
        assert all(listen_for for _, listen_for in interview.questions)


def test_the_questions_are_about_the_owners_own_problem():
    cto, officer = plan_of(Recommendation.BOTH).interviews
    assert "“We need a portal”" in cto.questions[0][0]
    assert "“Stock is wrong”" in officer.questions[0][0]


def test_braces_in_the_owners_words_are_words():
    days = made([row(A, "We {hours} {0} {problem.x} lose leads", hours_per_week=3.0)])
    assert "“We {hours} {0} {problem.x} lose leads”" in stage(days, "Where to start")[0]


@pytest.mark.parametrize(
    ("text", "evidence", "expected"),
    [
        pytest.param("Leads  get\n lost.", (), "Leads get lost", id="one line, no full stop"),
        pytest.param("Why is stock wrong?", (), "Why is stock wrong?", id="a question stays one"),
        pytest.param("x" * LONGEST_QUOTE, (), "x" * LONGEST_QUOTE, id="just short enough"),
        pytest.param("x" * 91, (), "x" * 89 + "…", id="one too many, and no space to cut at"),
        pytest.param("word " * 30, (), "word " * 17 + "word…", id="cut between words"),
        pytest.param(
            "Hello. " * 20 + "Leads get lost.", ("Leads get lost",), "Leads get lost", id="evidence"
        ),
        pytest.param(
            "Leads get lost.", ("lost",), "Leads get lost", id="short: no evidence needed"
        ),
        pytest.param(
            "Hi " * 40,
            ("a b " + "y" * 91,),
            "a b " + "y" * 85 + "…",
            id="evidence that is long too",
        ),
        pytest.param("Hi " * 31, ("  ",), "Hi " * 29 + "Hi…", id="evidence that is blank"),
        pytest.param("Hi " * 31, ("Hi Hi", "Hi Hi Hi"), "Hi Hi Hi", id="evidence of three words"),
        pytest.param(" ... ", (), "", id="nothing to quote"),
        pytest.param("", (), "", id="no text"),
    ],
)
def test_the_owners_words_are_quoted_short(text, evidence, expected):
    quote = shortened(row(A, text, evidence=evidence))
    assert len(quote) <= LONGEST_QUOTE
    assert quote == expected


@pytest.mark.parametrize(
    ("sources", "name"),
    [
        pytest.param([7, 7, 7], "problem 1", id="of one row"),
        pytest.param([7, 9, 9], "row 7, problem 1", id="of several rows"),
    ],
)
@pytest.mark.parametrize("text", ["", " ... "])
def test_a_problem_without_words_is_called_by_its_place_and_never_by_its_id(sources, name, text):
    rows = [
        replace(row(A, text), id=f"{source}.{place}", source=Source(source, "Problem"))
        for place, source in enumerate(sources, start=1)
    ]
    days = made([rows[0], *(replace(one, text="Stock is wrong") for one in rows[1:])])
    lines = [line for one in days.stages for line in one.lines]
    assert [line for line in lines if name in line.casefold()]
    assert not [line for line in lines if "7.1" in line]


@pytest.fixture
def values():
    """The shipped words, as they are before they are checked."""
    return tomllib.loads((folder("prompts") / "plan.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize(
    ("line", "says"),
    [
        pytest.param("Start with {problme}.", r"unknown placeholder \{problme\}", id="misspelled"),
        pytest.param("It takes {hours}.", "two wordings", id="hours without a second wording"),
        pytest.param("{problem.text}", "not a plain placeholder", id="reaching into a value"),
        pytest.param("{problem!r}", "not a plain placeholder", id="a conversion"),
        pytest.param("{problem:>9}", "not a plain placeholder", id="a format"),
        pytest.param("{}", "not a plain placeholder", id="no name"),
        pytest.param("{0}", "not a plain placeholder", id="a number"),
        pytest.param("a { brace", "'{'|expected '}'", id="a lone brace"),
        pytest.param({"with_hours": "{hours}", "without": "{hours}"}, "two wordings", id="both"),
        pytest.param({"with_hours": "{hour}", "without": "x"}, "unknown", id="misspelled there"),
        pytest.param({"with_hours": "{hours}"}, "required", id="one wording only"),
    ],
)
def test_a_line_that_could_not_be_filled_is_refused_when_the_file_is_read(values, line, says):
    values["plans"]["both"][0]["week_1"] = [line]
    with pytest.raises(ValidationError, match=says):
        PlanWords.model_validate(values)


def test_a_sentence_that_names_one_problem_may_not_need_hours(values):
    values["doubt"] = "Settle {hours}."
    with pytest.raises(ValidationError, match="two wordings"):
        PlanWords.model_validate(values)


def drop(*path):
    def change(values):
        inner = values
        for key in path[:-1]:
            inner = inner[key]
        del inner[path[-1]]

    return change


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(drop("functions", "sales"), "no words for the function sales", id="an area"),
        pytest.param(drop("plans", "both"), "under `plans`", id="a recommendation"),
        pytest.param(drop("instead", "no-decision"), "under `instead`", id="what to do instead"),
        pytest.param(drop("interview", "fractional-cto"), "no interview questions", id="a role"),
        pytest.param(drop("interview", "fractional-cto", 0), "at least 10", id="nine questions"),
        pytest.param(
            lambda v: v["interview"]["fractional-cto"].append(
                {"question": "x?", "listen_for": "y"}
            ),
            "at most 10",
            id="eleven questions",
        ),
        pytest.param(lambda v: v.update(extra="x"), "Extra inputs", id="an unknown key"),
        pytest.param(lambda v: v.update(more="{problem}"), "unknown placeholder", id="the count"),
    ],
)
def test_a_file_in_which_something_is_missing_is_refused(values, change, says):
    PlanWords.model_validate(values)
    change(values)
    with pytest.raises(ValidationError, match=says):
        PlanWords.model_validate(values)


def test_the_message_about_an_edited_file_names_the_file_and_the_place(tmp_path):
    text = (folder("prompts") / "plan.toml").read_text(encoding="utf-8")
    broken = tmp_path / "plan.toml"
    broken.write_text(
        text.replace("{name}, “{problem}”: another", "{name}, “{problems}”: another"),
        encoding="utf-8",
    )
    with pytest.raises(SettingsError, match=r"plan\.toml does not fit: doubt: .*\{problems\}"):
        load_toml(broken, PlanWords)


def test_edited_words_are_the_words_of_the_plan(values):
    values["plans"]["fractional-ai-officer"][0]["week_1"] = ["Ring {problem} in {function}."]
    days = made([row(A, function=Function.SALES)] * 3, words=PlanWords.model_validate(values))
    assert stage(days, "Week 1") == ("Ring Work is slow in sales.",)


def test_the_same_problems_always_give_the_same_plan():
    assert plan_of(Recommendation.BOTH) == plan_of(Recommendation.BOTH)
    assert plan_words() is plan_words()


def test_doing_it_oneself_begins_with_a_problem_a_kind_of_tool_and_a_time():
    rows = [row(A, "We answer the same questions", function=Function.SUPPORT)]
    (step,) = made(rows, "500k").first_steps
    for part in ("problem 1, “We answer the same questions”", "shared inbox", "for 30 days"):
        assert part in step


def test_a_tie_begins_with_the_quiz_and_says_which_problem_is_first_either_way():
    rows = rows_of((B, "We need a portal"), (A, "Stock is wrong"), (A, "We type"), (B, "Old app"))
    quiz, ready, not_ready = made(rows).first_steps
    assert "triage quiz --save answers.json" in quiz
    assert "problem 2 comes first, “Stock is wrong”" in ready
    assert "for 30 days" in ready
    assert "problem 1 may come first, “We need a portal”" in not_ready


def test_what_is_in_doubt_is_no_first_step():
    days = made([row(A, "Stock is wrong"), row(None, "Our system", 2)])
    assert "settle" in stage(days, "Where to start")[0]
    assert not [step for step in days.first_steps if "settle" in step]


def test_where_a_fee_would_not_pay_what_costs_none_is_tried_first():
    days = first_days(decision_of(THREE), THREE, would_pay=False)
    assert days.first_steps[0].startswith("Before you pay any fee, try")
    assert "problem 3, “We type reports”" in days.first_steps[0]
    assert "Before you pay" not in " ".join(made(THREE).first_steps)
