"""The first rows that are neither plain names nor plain data, and titles around few rows."""

import io
import time

import pytest
from tests.support.rows import as_csv, as_xlsx

from triage_agent.tables import TableOptions, open_table

FORMS = pytest.mark.parametrize("form", [as_csv, as_xlsx], ids=["csv", "xlsx"])
BODY = (
    "Pine,Nobody knows which jobs make money until the year is over,2000\n"
    "Oak,Our drivers phone the office all day for addresses,3000\n"
    "Elm,New staff wait two weeks for their accounts and keys,500\n"
)


def opened(text, form=as_csv, **options):
    table = open_table(io.BytesIO(form(text)), TableOptions(**options))
    return table, list(table.rows())


@FORMS
@pytest.mark.parametrize("marks", ["1.,2.", "1,2", "1),2)", "(1),(2)"])
def test_lines_of_an_answer_that_are_counted_belong_to_their_question(form, marks):
    text = (
        f"Id,Date,What wastes your time?,\n,,{marks}\n"
        "a7,2026-03-01,Invoices are late,Stock is wrong\nb8,2026-03-02,Leads are lost,\n"
    )
    table, rows = opened(text, form)
    first, second = marks.split(",")
    assert table.columns[2:] == (
        f"What wastes your time?: {first}", f"What wastes your time?: {second}",
    )  # fmt: skip
    assert [row.number for row in rows] == [3, 4]


@FORMS
def test_questions_under_codes_belong_to_the_header(form):
    text = f"Q1,Q2_a,Q3\nWhat is your firm called?,What slows you down?,And your sales?\n{BODY}"
    table, rows = opened(text, form)
    assert table.columns[1] == "Q2_a: What slows you down?"
    assert len(rows) == 3


def test_questions_and_usual_names_under_codes_belong_to_the_header():
    table, rows = opened(f"co,prob,rev\nName of firm,What is slow?,Yearly sales\n{BODY}")
    assert table.columns == ("co: Name of firm", "prob: What is slow?", "rev: Yearly sales")
    assert rows[0].number == 3


def test_a_first_form_that_asks_is_no_row_of_the_header():
    _, rows = opened(f"Firm,Pain,Sales\nAsh,Why is our stock never right in the shops?,70\n{BODY}")
    assert rows[0].number == 2


@pytest.mark.parametrize("delimiter", [",", ";"])
def test_two_columns_under_titles_are_two(delimiter):
    text = "Needs of firms\nMay\n\nFirm;Pain\nPine;Leads are lost\nOak;Stock is wrong\n"
    table, rows = opened(text.replace(";", delimiter))
    assert table.columns == ("Firm", "Pain")
    assert rows[0].number == 5


def test_texts_with_a_comma_each_stay_whole():
    text = "Needs\nLeads are lost, always\nWe retype 1,200 orders\nStock is wrong, too\n"
    table, rows = opened(text)
    assert table.columns == ("Needs",)
    assert len(rows) == 3


@FORMS
@pytest.mark.parametrize(
    ("row", "what", "names"),
    [
        ("e.g. Acme,e.g. Orders are typed in twice,", "an example", None),
        ("Legal name: enter it,Describe what costs you the most time,In USD", None, None),
        ("Enter the full name,Describe what costs you the most time,In USD", "instructions",
         ("Firm", "Pain", "Revenue (In USD)")),
        ("text,long text,number", "types", None),
        (",,EUR thousands", "units", ("Firm", "Pain", "Revenue (EUR thousands)")),
        (",*,", "instructions", None),
    ],
)  # fmt: skip
def test_rows_under_the_header_that_guide_are_no_forms(form, row, what, names):
    text = f"Firm,Pain,Revenue\n{row}\n{BODY}"
    table, rows = opened(text, form)
    assert [one.number for one in rows] == ([3, 4, 5] if what else [2, 3, 4, 5])
    assert table.columns == (names or ("Firm", "Pain", "Revenue"))
    said = f"Row 2 holds {what}, no form, and is not read. If it is a form: --header-row 1."
    assert (said in table.notes) is bool(what)
    table, rows = opened(text, form, header_row=1)
    assert [one.number for one in rows] == [2, 3, 4, 5]
    assert table.columns == ("Firm", "Pain", "Revenue")


@pytest.mark.parametrize(
    "text",
    [
        f"Firm,Pain,Revenue\nUse,Please send us an app for our customers,900\n{BODY}",
        "Pain\nPlease build us a portal for orders\nStock is wrong each week in both shops\n",
        "Pain\nmoney\nStock is wrong each week in both shops\n",
        "Pain,Kind\nDescribe goods by hand,text\nEnter orders by hand,text\nType lists,text\n",
    ],
    ids=["a wish", "a wish alone", "one word", "all alike"],
)
def test_a_first_form_that_sounds_like_a_guide_is_read(text):
    table, rows = opened(text)
    assert rows[0].number == 2
    assert not any("no form" in note for note in table.notes)


@FORMS
@pytest.mark.parametrize(
    "text",
    [BODY, "".join(f"{line.split(',')[1]}\n" for line in BODY.splitlines())],
    ids=["beside numbers", "alone"],
)
def test_without_names_no_form_is_lost(form, text):
    table, rows = opened(text, form)
    assert table.columns[0] == "column_1"
    assert len(rows) == 3
    assert any("--header-row" in note for note in table.notes)


@FORMS
@pytest.mark.parametrize(
    "header",
    [
        "Firm,What is the one thing that you would like to change first?,Revenue",
        "Firm,In your own words: the thing that wastes the most time here,Revenue",
        "Company,Biggest thing that holds the whole business back just now,Revenue",
        "Firm,I have all of the tools that I need for work,Revenue",
    ],
    ids=["a question", "your own words", "a usual name beside it", "a statement over answers"],
)
def test_long_names_stay_names(form, header):
    body = BODY if "I have" not in header else "Pine,Agree,20\nOak,Disagree,30\nElm,Agree,5\n"
    table, rows = opened(f"{header}\n{body}", form)
    assert table.columns == tuple(header.split(","))
    assert len(rows) == 3


TITLES = 'Needs of small firms\n"Source: the office, May"\n'


@pytest.mark.parametrize("above", [TITLES, "", TITLES + "\n", "One\nTwo\nThree\nFour\nFive\n"])
@pytest.mark.parametrize("below", ["", "Note: nothing was checked.\nTotal: 3\nSource: us\nEnd\n"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_titles_and_notes_around_few_rows_have_no_say(above, below, delimiter):
    table, rows = opened(above + ("Firm,Pain,Revenue\n" + BODY).replace(",", delimiter) + below)
    assert table.columns == ("Firm", "Pain", "Revenue")
    assert [row.values["Firm"] for row in rows[:3]] == ["Pine", "Oak", "Elm"]


def test_a_sentence_that_its_commas_cut_is_no_header():
    banner = "Made by the office. These are the answers, which were collected in May.\n"
    table, rows = opened(f"{banner}{banner}Firm,Pain,Revenue\n{BODY}")
    assert table.columns == ("Firm", "Pain", "Revenue")
    assert rows[0].number == 4


def test_the_row_that_is_named_decides_about_the_delimiter_too():
    text = f"a\nb\nc\nd\nFirm,Pain\n{BODY.replace(',2000', '').replace(',3000', '')}"
    text = text.replace(",500", "")
    table, _ = opened(text, header_row=5)
    assert table.columns == ("Firm", "Pain")


def test_gaps_of_the_row_that_is_named_are_filled_from_above():
    text = f"Firm,What is slow?,\n,first,second\n{BODY}"
    table, rows = opened(text, header_row=2)
    assert table.columns == ("Firm", "What is slow?: first", "What is slow?: second")
    assert rows[0].number == 3


@pytest.mark.parametrize("cell", ["a_" * 2000, "a1_" * 1300, "q1.[#-" * 600, "in usd " * 600])
def test_a_long_cell_in_the_first_rows_takes_no_time(cell):
    started = time.perf_counter()
    opened(f"{cell},Q2,Q3\nWhat?,{cell},Why?\n{cell},x,y\nb,{cell},z\n")
    assert time.perf_counter() - started < 5  # without a limit it takes minutes
