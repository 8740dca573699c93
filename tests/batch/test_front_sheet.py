"""A workbook's first sheet is for people; the second holds every column, and is read again."""

import openpyxl
import pytest

from support.forms_out import answer_forms
from triage_agent.batch.apply_reviews import apply_to_out
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.read_output import how_to_read, read_out
from triage_agent.batch.reviews import Review, text_key
from triage_agent.tables import FrontSheet, open_table, read_back
from triage_agent.tables.front_sheet import ADDED_WIDTH, LINE_HEIGHT, lines_of
from triage_agent.tables.row import WrittenHeader

FORMS = (
    "Company,Problem 1,Problem 2,Revenue\n"
    "Acme,orders are typed by hand,=a vague thing,3M\n"
    "Beta,build an app,this fails here,\n"
)


@pytest.fixture
def out(tmp_path):
    (tmp_path / "in.csv").write_text(FORMS, "utf-8")
    answer_forms(tmp_path / "in.csv", tmp_path / "out.xlsx")
    return tmp_path / "out.xlsx"


def front_of(out):
    sheet = openpyxl.load_workbook(out).worksheets[0]
    head, *rows = sheet.iter_rows(values_only=True)
    return sheet, [dict(zip(head, row, strict=True)) for row in rows]


def test_the_first_sheet_says_everything_in_words(out):
    sheet, (acme, beta) = front_of(out)
    assert sheet.title == "Answers"
    names = [cell.value for cell in sheet[1]]
    assert names == [
        "Company",
        "Recommendation",
        "Firm or provisional",
        "What to settle",
        "Problem 1",
        "Problem 2",
        "Notes on reading",
        "Problem 1",
        "Problem 2",
        "Revenue",
    ]
    assert acme["Recommendation"] == "Hire a fractional AI officer."
    assert beta["Firm or provisional"] == "provisional"
    assert beta["What to settle"].startswith("Problem 2 could not be answered: run it again")
    whole = " ".join(str(cell) for row in (acme, beta) for cell in row.values())
    assert "automate-process" not in whole
    assert "fractional-" not in whole


def test_the_second_column_says_only_firm_or_provisional_so_that_it_can_be_filtered(tmp_path):
    cells = ["Acme,orders are typed by hand,3M", "Beta,build an app,", "Gamma,=a vague thing,3M"]
    (tmp_path / "in.csv").write_text("\n".join(["Company,Problem,Revenue", *cells]), "utf-8")
    answer_forms(tmp_path / "in.csv", tmp_path / "out.xlsx")
    _, rows = front_of(tmp_path / "out.xlsx")
    assert {row["Firm or provisional"] for row in rows} <= {"firm", "provisional", None}
    assert rows[2]["Recommendation"].startswith("No decision")
    assert rows[2]["Firm or provisional"] is None  # there is nothing to be firm yet
    assert "too vague" in rows[2]["What to settle"]


HOURS = "we copy orders by hand, 2 hours a week"


@pytest.mark.parametrize(
    ("problems", "columns", "says"),
    [
        pytest.param([HOURS, HOURS, HOURS], {}, "would not pay yet", id="few hours"),
        pytest.param([HOURS, HOURS, "orders are typed"], {}, "Hire a", id="not all state hours"),
        pytest.param(
            [HOURS, HOURS, HOURS],
            {"group_by": "Company"},
            "Hire a",
            id="other rows of the business may state more",
        ),
    ],
)
def test_the_first_sheet_says_what_would_not_pay(problems, columns, says, tmp_path):
    head = "Company,Problem 1,Problem 2,Problem 3,Revenue\n"
    cells = ",".join(f'"{one}"' for one in problems)
    (tmp_path / "in.csv").write_text(f"{head}Acme,{cells},3M\n", "utf-8")
    answer_forms(tmp_path / "in.csv", tmp_path / "out.xlsx", columns=Columns(**columns))
    _, (acme,) = front_of(tmp_path / "out.xlsx")
    assert says in acme["Recommendation"]


def test_a_problem_has_its_text_and_its_answer_in_one_cell(out):
    sheet, _ = front_of(out)
    cells = {cell.value for row in sheet.iter_rows(min_row=2, min_col=5) for cell in row}
    assert "orders are typed by hand\n→ Work to automate (90 % sure)" in cells
    assert any(str(cell).startswith("=a vague thing\n→ No answer: too vague") for cell in cells)
    assert any("→ Not answered: It failed." in str(cell) for cell in cells)


def test_the_first_sheet_is_set_out_for_reading(out):
    sheet, _ = front_of(out)
    assert sheet.freeze_panes == "B2"  # the name of the business stays in view
    assert sheet.auto_filter.ref == "A1:J3"
    widths = [sheet.column_dimensions[letter].width for letter in "AE"]
    assert widths[0] < widths[1]
    assert max(widths) < 60
    vague = next(
        cell for row in sheet.iter_rows(min_row=2) for cell in row if str(cell.value)[:2] == "=a"
    )
    assert vague.data_type == "s"  # a text, and not a formula
    assert vague.quotePrefix
    assert vague.alignment.wrap_text


def test_a_printed_sheet_begins_with_the_verdict_and_repeats_the_names(out):
    sheet, _ = front_of(out)
    assert sheet.print_area == "'Answers'!$A$1:$G$3"
    assert sheet.print_title_rows == "$1:$1"
    assert (sheet.page_setup.orientation, sheet.page_setup.fitToHeight) == ("landscape", 0)
    assert sheet.sheet_properties.pageSetUpPr.fitToPage


def test_titles_and_further_header_rows_stay_with_their_columns():
    header = WrittenHeader(
        ("Problem", "Company"),
        (("Survey of May", None),),
        (("your problem", "your company"),),
        FrontSheet(("Company",), ("Recommendation",), ("Problem",), lambda _: [""]),
    )
    assert [[*row] for row in header.front_rows] == [
        ["Survey of May", None],
        ["Company", "Recommendation", "Problem"],
        ["your company", None, "your problem"],
    ]


def test_what_is_wrong_with_a_column_is_not_noted_at_every_row(tmp_path):
    head = "Company,Problem,Do you sell products or software?"
    cells = ["Acme,orders are typed,Yes", "Beta,orders are typed,No", "Gamma,build an app,partly"]
    (tmp_path / "in.csv").write_text("\n".join([head, *cells]), "utf-8")
    answer_forms(tmp_path / "in.csv", tmp_path / "out.xlsx")
    notes = [row["Notes on reading"] for row in front_of(tmp_path / "out.xlsx")[1]]
    assert notes[:2] == [None, None]
    assert "'partly', which is neither" in notes[2]


def test_every_column_stands_on_the_second_sheet_the_recommendation_before_the_details(out):
    book = openpyxl.load_workbook(out, read_only=True)
    assert book.sheetnames == ["Answers", "All triage columns"]
    names = [cell.value for cell in next(book.worksheets[1].iter_rows())]
    assert names[:4] == ["Company", "Problem 1", "Problem 2", "Revenue"]
    assert names.index("triage_recommendation") < names.index("triage_1_text")
    assert names[-1] == "triage_prompt"
    assert "triage_1_text" in next(read_back(out))
    assert "triage_1_text" in open_table(out).columns  # as an input too


def test_a_review_changes_both_sheets(out):
    reading = how_to_read(out)
    text = next(read_out(out, reading)).results[1].text
    review = Review(
        row=2,
        problem=2,
        id="2",
        text_sha256=text_key(text),
        label="build-software",
        outcome="classified",
        at="2026-01-01T00:00:00+00:00",
    )
    assert apply_to_out(out, reading, {review.text_sha256: review}).problems == 1
    assert next(read_back(out))["triage_2_label"] == "build-software"
    shown = [cell.value for cell in front_of(out)[0][2]]
    assert "=a vague thing\n→ Software to build (as a person said)" in shown


def test_a_long_text_does_not_make_its_row_as_high_as_the_screen(tmp_path):
    (tmp_path / "in.csv").write_text("problem\norders are typed\n" + "and typed " * 300 + "\n")
    answer_forms(tmp_path / "in.csv", tmp_path / "out.xlsx")
    sheet, (short, _) = front_of(tmp_path / "out.xlsx")
    assert short["Problem 1"].count("\n") == 1
    lines = lines_of(short["What to settle"], ADDED_WIDTH)
    assert sheet.row_dimensions[2].height == LINE_HEIGHT * lines
    assert sheet.row_dimensions[3].height == 180


def test_a_quiz_that_says_not_to_start_is_heard_on_the_first_sheet(tmp_path):
    questions = "process,volume,data,systems,team,leadership,budget,governance"
    rows = [f"Acme,orders are typed by hand,3M{',0' * 8}", f"Beta,stock is typed,3M{',3' * 8}"]
    table = "\n".join([f"Company,Problem,Revenue,{questions}", *rows])
    (tmp_path / "in.csv").write_text(table, "utf-8")
    out = tmp_path / "out.xlsx"
    answer_forms(tmp_path / "in.csv", out)
    said = [row["Recommendation"] for row in front_of(out)[1]]
    assert said == [
        "A fractional AI officer is the right help, but do not start yet.",
        "Hire a fractional AI officer.",
    ]
