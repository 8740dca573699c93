"""A workbook's first sheet is for people; the second holds every column, and is read again."""

import openpyxl
import pytest

from support.forms_out import answer_forms
from triage_agent.batch.apply_reviews import apply_to_out
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.read_output import how_to_read, read_out
from triage_agent.batch.reviews import Review, text_key
from triage_agent.tables import open_table, read_back

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
    assert list(acme)[:7] == [
        "Company",
        "Problem 1",
        "Problem 2",
        "Revenue",
        "Recommendation",
        "Firm or provisional",
        "What to settle",
    ]
    assert acme["Recommendation"] == "Hire a fractional AI officer."
    assert beta["Firm or provisional"].startswith("provisional: problem 2 could not be answered")
    assert beta["What to settle"].startswith("Problem 2 could not be answered: run it again")
    whole = " ".join(str(cell) for row in (acme, beta) for cell in row.values())
    assert "automate-process" not in whole
    assert "fractional-" not in whole


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
    cells = {cell.value for row in sheet.iter_rows(min_row=2, min_col=8) for cell in row}
    assert "orders are typed by hand\n→ Work to automate (90 % sure)" in cells
    assert any(str(cell).startswith("=a vague thing\n→ No answer: too vague") for cell in cells)
    assert any("→ Not answered: It failed." in str(cell) for cell in cells)


def test_the_first_sheet_is_set_out_for_reading(out):
    sheet, _ = front_of(out)
    assert sheet.freeze_panes == "A2"
    assert sheet.auto_filter.ref == "A1:J3"
    widths = [sheet.column_dimensions[letter].width for letter in "ADH"]
    assert widths[0] < widths[2]
    assert max(widths) < 60
    vague = next(
        cell for row in sheet.iter_rows(min_row=2) for cell in row if str(cell.value)[:2] == "=a"
    )
    assert vague.data_type == "s"  # a text, and not a formula
    assert vague.quotePrefix
    assert vague.alignment.wrap_text


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
    _, (acme, _) = front_of(out)
    shown = [cell for cell in acme.values() if str(cell).startswith("=a vague")]
    assert "=a vague thing\n→ Software to build (as a person said)" in (shown)


def test_a_long_text_does_not_make_its_row_as_high_as_the_screen(tmp_path):
    (tmp_path / "in.csv").write_text("problem\norders are typed\n" + "and typed " * 300 + "\n")
    answer_forms(tmp_path / "in.csv", tmp_path / "out.xlsx")
    sheet, _ = front_of(tmp_path / "out.xlsx")
    assert sheet.row_dimensions[2].height is None
    assert sheet.row_dimensions[3].height == 180
