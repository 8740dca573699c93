import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.advice.quiz import load_quiz
from triage_agent.batch.form import FormReading, read_form
from triage_agent.batch.input_columns import Columns, resolve_columns
from triage_agent.errors import InputError
from triage_agent.intake import Passage, SplitText
from triage_agent.intake.revenue import Band
from triage_agent.tables import Row
from triage_agent.types import Problem, Source

DIMENSIONS = [question.id for question in load_quiz().questions]
LONG = "We lose leads every day because nobody follows up fast enough"


def rows(columns, *cells):
    return [Row(n, dict(zip(columns, row, strict=True))) for n, row in enumerate(cells, start=2)]


GOOGLE = ["Timestamp", "Email Address", "What is your biggest operational problem?",
          "What is your second biggest problem?", "How many hours a week does this problem cost?",
          "What is your annual revenue?", "Do you sell software to customers?"]  # fmt: skip
TYPEFORM = ["#", "First name", "What's the #1 challenge in your business right now?",
            "What have you tried to solve this challenge?", "Yearly turnover", "Response Type",
            "Start Date (UTC)", "Stage Date (UTC)", "Submit Date (UTC)", "Network ID", "Tags",
            "Ending"]  # fmt: skip
JOTFORM = ["Submission Date", "Name", "E-mail", "Describe your bottleneck", "Submission ID"]
TALLY = ["Submission ID", "Respondent ID", "Submitted at", "Which problems do you have?",
         "Which problems do you have? (Sales)", "Pain point 1", "Pain point 2"]  # fmt: skip


@pytest.mark.parametrize(
    ("columns", "cells", "problems", "id_column", "revenue", "software"),
    [
        (GOOGLE, ["5/1/2026 9:00:00", "a@b.co", LONG, LONG, "12", "$3M", "Yes"], GOOGLE[2:4], None,
         GOOGLE[5], GOOGLE[6]),
        (TYPEFORM, ["k3jd", "Ann", LONG, LONG, "3M", "completed", "", "", "", "x", "", ""],
         TYPEFORM[2:3], "#", "Yearly turnover", None),
        (JOTFORM, ["May 1", "Ann", "a@b.co", LONG, "61"], JOTFORM[3:4], "Submission ID", None,
         None),
        (TALLY, ["w1", "r1", "2026", "Sales", "TRUE", LONG, LONG], TALLY[5:], "Submission ID", None,
         None),
        (["email", "problem_1", "problem_2", "problem_3", "revenue", "sells_software"],
         ["a@b.co", "x", "y", "z", "3M", "no"], ["problem_1", "problem_2", "problem_3"], None,
         "revenue", "sells_software"),
        (["id", "Description", "Message"], ["1", "short", LONG], ["Message"], "id", None, None),
        (["id", "text"], ["1", "Slow"], ["text"], "id", None, None),
        (["Problem ID", "Problem", "Problem status", "Number of problems"],
         ["7", LONG, "open", "3"], ["Problem"], None, None, None),
        (["What problem costs you the most revenue?", "ARR"], [LONG, "3M"],
         ["What problem costs you the most revenue?"], None, "ARR", None),
    ],
)  # fmt: skip
def test_columns_are_known_by_the_names_that_form_tools_export(
    columns, cells, problems, id_column, revenue, software
):
    found, said = resolve_columns(columns, rows(columns, cells))
    assert list(found.problems) == problems
    assert (found.id, found.revenue, found.sells_software) == (id_column, revenue, software)
    assert all(repr(problem) in said[0] for problem in problems)


def test_an_id_column_with_repeated_values_is_not_an_id():
    columns = ["id", "problem"]
    assert resolve_columns(columns, rows(columns, ["1", LONG], ["1", LONG]))[0].id is None


def test_no_problem_column_lists_the_columns_and_the_option():
    with pytest.raises(InputError, match=r"'size', 'name'.*--problem-column \"size\""):
        resolve_columns(["name", "size"], [])


def test_what_the_user_names_wins_over_the_guess():
    columns = ["A", "Problem", "My Turnover", "Company", "Team?"]
    named = Columns(("a",), "Company", "my_turnover", None, {"team": "Team?"}, "Company")
    found, said = resolve_columns(columns, [], named)
    assert found == Columns(("A",), "Company", "My Turnover", None, {"team": "Team?"}, "Company")
    assert any("1 of the quiz's 8" in sentence for sentence in said)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"problems": ["Problm"]},
            r"--problem-column: 'Problm' .*Did you mean: --problem-column \"Problem\"",
        ),
        ({"revenue": "sales"}, r'--revenue-column: .*"Yearly sales"'),
        ({"quiz": {"mood": "Problem"}}, "no dimension 'mood'"),
    ],
)
def test_an_unknown_column_names_those_that_come_close(options, message):
    with pytest.raises(InputError, match=message):
        resolve_columns(["Problem", "Yearly sales"], [], Columns(**options))


@pytest.mark.parametrize("style", ["prefixed", "bare", "question", "words"])
def test_a_quiz_is_found_by_id_by_question_and_by_its_words(style):
    questions = load_quiz().questions
    name = {
        "prefixed": lambda q: f"quiz_{q.id}",
        "bare": lambda q: q.id,
        "question": lambda q: f"3. {q.question}",
        "words": lambda q: q.dimension,
    }[style]
    columns = ["problem", *map(name, questions)]
    answers = [q.answers[2].text if style in {"words", "question"} else "2" for q in questions]
    (row,) = rows(columns, [LONG, *answers])
    found, _ = resolve_columns(columns, [row])
    assert list(found.quiz) == DIMENSIONS
    assert read_form(row, FormReading(columns=found)).quiz.raw == 16


def test_a_column_called_data_that_holds_no_answers_is_no_quiz():
    columns = ["problem", "data"]
    assert resolve_columns(columns, rows(columns, [LONG, "in spreadsheets"]))[0].quiz == {}


def form(values, columns=None, **options):
    columns = columns or Columns(("p", "q"), "id", "revenue", "sells", {}, "company")
    return read_form(Row(7, values), FormReading(columns=columns, **options))


@pytest.mark.parametrize(
    ("cell", "problems"),
    [
        ("We lose leads", ["We lose leads"]),
        ("1. Leads\n2. Stock\n   is wrong", ["Leads", "Stock\n   is wrong"]),
        ("My problems:\n- Leads\n\n- Stock", ["Leads", "Stock"]),
        (["Leads", " ", "Stock"], ["Leads", "Stock"]),
        ({"text": "Leads"}, ["Leads"]), (12, []),
        ("  ", []), (None, []), ("N/A", []), ("-", []),
    ],
)  # fmt: skip
def test_a_cell_holds_the_problems_that_stand_in_it(cell, problems):
    assert list(form({"p": cell}).texts) == problems


def split_at_slashes(text):
    """Split as the tests can foresee: at slashes; a part that begins with "Hi" is a greeting."""
    found, at = [], 0
    for part in text.split("/"):
        found.append(Passage(part.strip(), at, at + len(part)))
        at += len(part) + 1
    return SplitText(
        tuple(one for one in found if not one.text.startswith("Hi")),
        furniture=tuple(one for one in found if one.text.startswith("Hi")),
        holds_several="?" in text,
    )


def slashed(values, problems=("p", "q"), **options):
    reading = FormReading(columns=Columns(problems), **options)
    return read_form(Row(7, values), reading, split_at_slashes)


def test_the_problems_of_a_form_are_named_by_its_row_and_know_their_places():
    found = slashed({"p": "Hi Mark/leads /stock", "q": "bills"})
    assert found.problems == (
        Problem("7.1", "leads", Source(7, "p", 8, 14), holds_several=False),
        Problem("7.2", "stock", Source(7, "p", 15, 20), holds_several=False),
        Problem("7.3", "bills", Source(7, "q", 0, 5), holds_several=False),
    )
    assert found.complaints == ()


def test_a_cell_without_a_problem_is_a_complaint_and_no_problem():
    found = slashed({"p": "Hi Mark, ring +1 555 010 9999", "q": "bills"})
    assert found.texts == ("bills",)
    assert found.complaints == ("'p' holds no problem, only 'Hi Mark, ring [number]'.",)


def test_a_cell_that_is_not_surely_split_stays_whole_and_is_flagged():
    assert [one.holds_several for one in slashed({"p": "leads, stock?", "q": "b"}).problems] == [
        True,
        False,
    ]


@pytest.mark.parametrize(
    ("most", "texts"),
    [
        pytest.param(None, ["a", "b", "c", "d"], id="any number"),
        pytest.param(4, ["a", "b", "c", "d"], id="just so many"),
        pytest.param(3, ["a", "b", "c\nd"], id="one over"),
        pytest.param(1, ["a\nb\nc\nd"], id="one slot"),
    ],
)
def test_what_is_over_stands_joined_in_the_last_one_and_is_flagged(most, texts):
    found = slashed({"p": " a/b/c/d"}, ("p",), max_problems=most)
    assert list(found.texts) == texts
    assert [one.id for one in found.problems] == [f"7.{n}" for n in range(1, len(texts) + 1)]
    last = found.problems[-1]
    assert last.holds_several is (len(texts) < 4)
    assert last.source == Source(7, "p", {4: 7, 3: 5, 1: 0}[len(texts)], 8)


def test_every_column_keeps_a_place_and_what_is_joined_names_its_columns():
    assert slashed({"p": "a", "q": "b"}, max_problems=1).texts == ("a", "b")
    last = slashed({"p": "a/b/c", "q": "d"}, max_problems=3).problems[-1]
    assert (last.text, last.source) == ("c\nd", Source(7, "p | q"))


def test_cells_stay_whole_when_splitting_is_off_and_are_flagged():
    found = slashed({"p": " a/b\n", "q": "c"}, split=False, max_problems=1)
    assert found.problems == (
        Problem("7.1", "a/b", Source(7, "p", 1, 4), holds_several=True),
        Problem("7.2", "c", Source(7, "q", 0, 1), holds_several=False),
    )


@pytest.mark.parametrize(
    ("options", "columns", "slots"),
    [
        ({}, 2, 2),
        ({"max_problems": 5}, 2, 5),
        ({"max_problems": 5}, 7, 7),
        ({"max_problems": 5, "split": False}, 2, 2),
    ],
)
def test_the_slots_of_a_form_do_not_depend_on_what_the_forms_hold(options, columns, slots):
    names = tuple(f"p{n}" for n in range(columns))
    assert FormReading(columns=Columns(names), **options).slots == slots


@pytest.mark.parametrize(
    ("cell", "band", "complaints"),
    [
        ("3M", Band.FROM_1M_TO_10M, 0), (3200000.0, Band.FROM_1M_TO_10M, 0), ("", Band.UNKNOWN, 0),
        ("n/a", Band.UNKNOWN, 0), ("500k-2M", Band.UNKNOWN, 1), ("€3M", Band.FROM_1M_TO_10M, 1),
        ("lots", Band.UNKNOWN, 1), (True, Band.UNKNOWN, 1), (float("nan"), Band.UNKNOWN, 1),
        (["3M"], Band.UNKNOWN, 1), ("9" * 5000, Band.UNKNOWN, 1), (-5, Band.UNKNOWN, 1),
    ],
)  # fmt: skip
def test_a_revenue_that_cannot_be_read_is_unknown_with_the_reason(cell, band, complaints):
    found = form({"p": "x", "revenue": cell})
    assert (found.profile.revenue.band, len(found.notes)) == (band, complaints)
    assert found.texts == ("x",)


def test_another_currency_is_converted_at_the_rate():
    assert form({"revenue": "€3M"}, usd_rate=1.1).profile.revenue.band is Band.FROM_1M_TO_10M


@pytest.mark.parametrize(
    ("cell", "sells", "complaints"),
    [
        ("Yes", True, 0), ("y", True, 0), ("TRUE", True, 0), (1, True, 0), (True, True, 0),
        ("Yes, a SaaS", True, 0), ("x", True, 0), ("No", False, 0), ("no - services", False, 0),
        (False, False, 0), (0.0, False, 0), ("we don't", False, 0),
        ("We are building one", True, 0), ("", None, 0), (None, None, 0), ("not sure", None, 0),
        ("No idea", None, 1),
        ("Sometimes", None, 1), ([], None, 1),
    ],
)  # fmt: skip
def test_yes_and_no_are_known_in_common_spellings(cell, sells, complaints):
    found = form({"p": "x", "sells": cell})
    assert (found.profile.sells_software, len(found.complaints)) == (sells, complaints)


@pytest.mark.parametrize(
    ("answers", "taken", "complaint"),
    [
        (dict.fromkeys(DIMENSIONS, 3), True, ""),
        (dict.fromkeys(DIMENSIONS, "1.0"), True, ""),
        ({}, False, ""),
        ({"team": 2}, False, "Only 1 of 8"),
        (dict.fromkeys(DIMENSIONS, 3) | {"data": 4}, False, "answers for data are neither"),
    ],
)
def test_a_quiz_needs_all_eight_answers(answers, taken, complaint):
    found = form(answers, Columns(("p",), quiz={name: name for name in DIMENSIONS}))
    assert (found.quiz is not None) is taken
    assert complaint in " ".join(found.complaints)
    assert bool(complaint) is bool(found.complaints)


@pytest.mark.parametrize(("cell", "name"), [("A-1", "A-1"), (12.0, "12"), (None, "7"), (" ", "7")])
def test_a_form_is_known_by_its_id_or_its_row(cell, name):
    found = form({"id": cell, "company": cell})
    assert found.id == name
    assert found.group == (None if name == "7" else name)


def test_the_complaint_of_a_row_is_passed_on():
    assert read_form(Row(3, {}, "has 1 cell"), FormReading(columns=Columns(("p",)))).complaints == (
        "The row has 1 cell.",
    )


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)


@given(st.dictionaries(st.sampled_from(["p", "q", "id", "revenue", "sells", "company"]), JSON))
def test_no_cell_whatever_kills_a_row(values):
    assert form(values).number == 7
