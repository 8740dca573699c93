import json
from pathlib import Path

import pytest

from triage_agent.batch.column_kinds import without_tags
from triage_agent.batch.form import FormReading, read_form
from triage_agent.batch.input_columns import Columns, resolve_columns, understand_columns
from triage_agent.errors import InputError
from triage_agent.tables import Row

CASES = [
    json.loads(line)
    for line in Path(__file__).with_name("columns_cases.jsonl").read_text("utf-8").splitlines()
]
PAIN = ["We lose leads because nobody calls back", "Stock is never right in both shops",
        "Invoices go out two weeks late each month"]  # fmt: skip
ABOUT = ["A bakery in Leeds with twelve staff", "A group of four dentists in town",
         "We sell garden tables to hotels"]  # fmt: skip
FREQUENCY = ["Weekly", "Never", "Daily"]
NAMES = ["Ann Baker", "Tom Reed", "Mia Chen"]


def table(**cells):
    """Return the columns and rows of a table given by column."""
    columns = list(cells)
    return columns, [
        Row(number, dict(zip(columns, row, strict=True)))
        for number, row in enumerate(zip(*cells.values(), strict=True), start=2)
    ]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case["name"])
def test_the_columns_of_a_form_are_known_by_their_names_and_cells(case):
    rows = [
        Row(number, dict(zip(case["columns"], cells, strict=True)))
        for number, cells in enumerate(case["rows"], start=2)
    ]
    understood = understand_columns(case["columns"], rows)
    known = understood.columns
    assert list(known.problems) == case["problems"]
    assert (understood.refusal is None) is bool(case["problems"])
    found = {"id": known.id, "revenue": known.revenue, "software": known.sells_software}
    assert {name: found[name] for name in found if name in case} == {
        name: case[name] for name in found if name in case
    }
    assert len(understood.notes) <= 8


@pytest.mark.parametrize(
    "cells",
    [
        pytest.param(FREQUENCY, id="frequencies"),
        pytest.param(["Yes", "No", "No"], id="yes and no"),
        pytest.param(["Checked", "Unchecked", "Checked"], id="ticks"),
        pytest.param(["Agree", "Strongly disagree", "Neutral"], id="Likert"),
        pytest.param(["Sales", "Hiring", "Cash"], id="single words"),
        pytest.param(["Sales, Hiring", "Cash", "Cash; Hiring"], id="lists of single words"),
        pytest.param(["3", "1", "2"], id="codes"),
        pytest.param(["OPS-1", "OPS-2", "WEB-13"], id="keys"),
        pytest.param(["2026-05-01", "2026-05-02", "2026-05-03"], id="dates"),
        pytest.param(["a@example.com", "b@example.com", "c@example.com"], id="addresses"),
        pytest.param(["https://example.com/1", "www.example.com", "http://a.example"], id="links"),
        pytest.param(["Slow replies", "Late goods"] * 5, id="a choice among two"),
    ],
)
def test_a_column_named_like_a_problem_is_read_only_unwarned_if_it_tells_one(cells):
    columns, rows = table(Problem=cells)
    understood = understand_columns(columns, rows)
    assert '--problem-column "Problem"' in understood.refusal
    named = understand_columns(columns, rows, Columns(("Problem",)))
    assert named.columns.problems == ("Problem",)
    assert any(note.startswith("Careful: 'Problem'") for note in named.notes)


def test_free_text_that_is_named_brings_no_warning():
    columns, rows = table(Q7=PAIN, Q8=ABOUT)
    notes = understand_columns(columns, rows, Columns(("Q7",))).notes
    assert not [note for note in notes if "Careful" in note]


def test_the_only_free_text_is_taken_and_that_is_said():
    columns, rows = table(Q1=NAMES, Q7=PAIN)
    known, notes = resolve_columns(columns, rows)
    assert known.problems == ("Q7",)
    assert notes[0] == "Problems are read from 'Q7' (the only column of free text)."


def test_what_was_left_is_said_in_groups():
    columns, rows = table(Problem=PAIN, Resolution=ABOUT, Often=FREQUENCY, Name=NAMES, Other=ABOUT)
    _, notes = resolve_columns(columns, rows)
    assert notes[-3:] == (
        "Not read: other texts: 'Other'; replies or solutions: 'Resolution'.",
        "Not read, closed answers or single words: 'Often'.",
        "Only carried along: 'Name'.",
    )


def test_many_columns_that_were_left_are_counted():
    columns, rows = table(Problem=PAIN, **{f"Often {n}": FREQUENCY for n in range(9)})
    assert "'Often 0', 'Often 1', 'Often 2' and 6 more." in resolve_columns(columns, rows)[1][-1]


def test_html_is_noticed():
    columns, rows = table(Problem=[f"<p>{text}</p>" for text in PAIN])
    known, notes = resolve_columns(columns, rows)
    assert known.problems == ("Problem",)
    assert any("HTML" in note for note in notes)


@pytest.mark.parametrize(
    ("cells", "said"),
    [
        ({"Name": NAMES, "A": PAIN, "B": ABOUT}, '--problem-column "A" or --problem-column "B".'),
        ({"Name": NAMES, "Resolution": PAIN}, '--problem-column "Resolution".'),
        ({"Name": NAMES, "Challenge": FREQUENCY}, '--problem-column "Challenge".'),
        ({"Name": NAMES, "X $?": PAIN, "B": ABOUT}, "--problem-column 2 ('X $?')"),
        ({"Q" * 70: PAIN, "B": ABOUT}, "--problem-column 1 ('QQ"),
        ({"Call +1 555 010 0103": PAIN, "B": ABOUT}, "--problem-column 1 or"),
        ({"Call +1 555 010 0103": PAIN, "1": ABOUT}, "--problem-column A or"),
    ],
)
def test_a_refusal_names_a_value_that_works(cells, said):
    columns, rows = table(**cells)
    with pytest.raises(InputError) as refused:
        resolve_columns(columns, rows)
    assert said in refused.value.message
    assert "[" not in refused.value.message  # no name is masked
    value = (
        said.removeprefix("--problem-column ")
        .removesuffix(" or")
        .split(" or ")[0]
        .split(" (")[0]
        .strip('".')
    )
    assert len(resolve_columns(columns, rows, Columns((value,)))[0].problems) == 1


def test_a_refusal_comes_after_what_was_understood():
    columns, rows = table(Revenue=["3M", "1M", "2M"], A=PAIN, B=ABOUT)
    understood = understand_columns(columns, rows)
    assert understood.refusal
    assert "The yearly revenue is read from 'Revenue'." in understood.notes


DONE = ["We told her to restart the till and it works", "Closed after a call with the owner",
        "Refunded the customer and sent a new key"]  # fmt: skip


@pytest.mark.parametrize(
    ("cells", "taken"),
    [
        ({"Issue": PAIN, "Issue history": ABOUT}, ("Issue",)),
        ({"Challenge": PAIN, "Who feels the challenge?": ABOUT}, ("Challenge",)),
        ({"Problems we solve": ABOUT, "What do you need?": PAIN}, ("What do you need?",)),
        ({"Problem history": ABOUT, "Message": PAIN}, ("Message",)),
        ({"Problem history": PAIN, "Company": NAMES}, ("Problem history",)),
        ({"Comments": DONE, "Remarks": PAIN}, ("Remarks",)),
        ({"Issue": PAIN, "Issues": DONE}, ("Issue",)),
        ({"Issue": DONE, "Company": NAMES}, ("Issue",)),
        ({"Description": ["See title", "as discussed", "n/a"], "Title": PAIN}, ("Title",)),
        ({"7fa2-1": PAIN, "7fa2-2": DONE}, ("7fa2-1",)),
    ],
    ids=[
        "history", "who", "ours", "a message before a mention", "a mention alone",
        "own replies", "own replies named alike", "the only one", "pointers", "references",
    ],
)  # fmt: skip
def test_the_column_that_asks_for_the_problem_is_read_and_those_about_it_are_not(cells, taken):
    columns, rows = table(**cells)
    assert understand_columns(columns, rows).columns.problems == taken


def test_columns_about_a_problem_are_named():
    columns, rows = table(Pain=PAIN, **{"Pain history": ABOUT, "Remarks": DONE})
    notes = resolve_columns(columns, rows)[1]
    assert (
        "Not read: about a problem, but not the problem: 'Pain history'; replies or solutions: "
        "'Remarks'." in notes
    )


def test_a_refusal_does_not_offer_own_replies_first():
    columns, rows = table(Remarks=DONE, A=PAIN, B=ABOUT)
    assert (
        '--problem-column "A" or --problem-column "B"' in understand_columns(columns, rows).refusal
    )


def test_references_are_no_slots_of_one_question():
    columns, rows = table(**{"7fa2-1": PAIN, "7fa2-2": ABOUT})
    assert "2 columns hold free text" in understand_columns(columns, rows).refusal


QUIZ = ("Process clarity", "Repetitive volume", "Data", "Team adoption")


def test_columns_named_like_the_quiz_are_no_problems_and_say_why_they_are_no_quiz():
    columns, rows = table(
        Problem=PAIN, **{name: ["2 - a few", "high volume", "10"] for name in QUIZ}
    )
    understood = understand_columns(columns, rows)
    assert understood.columns.problems == ("Problem",)
    assert not understood.columns.quiz
    said = [note for note in understood.notes if note.startswith("No quiz is taken from")]
    assert len(said) == 1
    assert "such as '2 - a few'," in said[0]
    assert "Write 0 (the lowest) to 3" in said[0]


def test_a_table_on_its_side_is_refused_with_the_way_to_turn_it():
    columns, rows = table(
        Item=["Company", "What is your biggest headache?", "Yearly revenue"],
        Client1=["Pine", PAIN[0], "2M"],
        Client2=["Oak", PAIN[1], "3M"],
    )
    refusal = understand_columns(columns, rows).refusal
    assert "The questions stand in the rows of 'Item'" in refusal
    assert "Transpose" in refusal
    assert understand_columns(columns, rows, Columns(("Item",))).refusal is None


def test_a_table_with_a_row_for_each_answer_is_refused():
    asked = ["What is your biggest headache?", "Yearly revenue"]
    columns, rows = table(
        Client=["Pine", "Pine", "Oak", "Oak"],
        Question=asked * 2,
        Answer=[PAIN[0], "2M", PAIN[1], "3M"],
    )
    refusal = understand_columns(columns, rows).refusal
    assert "Each row holds one answer, and its question stands in 'Question'." in refusal


def test_an_upright_table_with_a_column_of_questions_is_no_table_on_its_side():
    columns, rows = table(
        Question=["How do I stop the manual typing?", "Can you fix the late invoices?", PAIN[0]],
        Company=NAMES,
        Revenue=["1M", "2M", "3M"],
    )
    assert understand_columns(columns, rows).columns.problems == ("Question",)


def test_names_that_are_cut_alike_are_told_apart_and_few_are_all_named():
    asked = "Which of your processes costs your people the most time in a week?"
    columns, rows = table(**{f"{asked} {n}": PAIN for n in range(1, 8)})
    note = resolve_columns(columns, rows)[1][0]
    shown = [name for name in note.split("'") if "…" in name]
    assert len(shown) == len(set(shown)) == 7
    assert " and 'Which of your processes costs…" in note
    assert "more" not in note


@pytest.mark.parametrize(
    "text",
    [
        "We use <CRM name> and it is slow",
        "Schemas are made anew on <conf> each month",
        "If stock <min nobody orders; if stock >max it spoils",
    ],
)
def test_only_the_elements_of_html_are_tags(text):
    assert without_tags(text) == text
    assert without_tags(f"<DIV class='x'>{text}</DIV><o:p></o:p>").strip() == text


def test_addresses_in_angle_brackets_are_no_html():
    columns, rows = table(Problem=[f"{text} <ann@example.com>" for text in PAIN])
    assert not any("HTML" in note for note in resolve_columns(columns, rows)[1])


@pytest.mark.parametrize(
    ("named", "sold", "says"),
    [
        (None, None, "name that column with --software-column"),
        ("Do you sell products or software?", True, "so its yes and no count"),
    ],
)
def test_a_column_about_software_that_the_user_names_is_used_whatever_its_name_asks(
    named, sold, says
):
    columns, rows = table(
        **{"Biggest problem": PAIN, "Do you sell products or software?": ["Yes", "No", "Yes"]}
    )
    understood = understand_columns(columns, rows, Columns(sells_software=named))
    assert [note for note in understood.notes if says in note]
    form = read_form(rows[0], FormReading(columns=understood.columns))
    assert form.profile.sells_software is sold


@pytest.mark.parametrize(
    "column", ["Do you sell or build software for your customers?", "Do you make or sell apps?"]
)
def test_a_question_about_selling_or_building_software_is_taken_unasked(column):
    columns, rows = table(**{"Biggest problem": PAIN, column: ["Yes", "No", "Yes"]})
    understood = understand_columns(columns, rows)
    assert not [note for note in understood.notes if "Careful" in note]
    read = [read_form(row, FormReading(columns=understood.columns)).profile for row in rows]
    assert [one.sells_software for one in read] == [True, False, True]
