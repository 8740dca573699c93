"""Which sheet of a workbook is read: the one whose columns ask for the problem."""

import openpyxl
import pytest

from triage_agent.batch.input_columns import Columns
from triage_agent.batch.understanding import understand, wish_of
from triage_agent.tables import TableOptions

NOTES = ["We told them to use the import function of their tool, and it works for now",
         "Closed after a long call with the owner, who found the delivery that was missing",
         "Asked them for screenshots of it three times and got none, so it is parked"]  # fmt: skip
PAIN = ["Leads get lost each week", "Stock is wrong in both shops", "Invoices go out very late"]
FIRMS = ["Pine", "Oak", "Elm"]


def workbook(path, **sheets):
    """Write sheets, each a dictionary of columns."""
    book = openpyxl.Workbook()
    book.remove(book.active)
    for title, columns in sheets.items():
        sheet = book.create_sheet(title)
        sheet.append(list(columns))
        for cells in zip(*columns.values(), strict=True):
            sheet.append(cells)
    book.save(path)
    return path


def read(path, columns=None):
    lines = []
    unset = dict.fromkeys(("usd_rate", "split", "max_problems", "quiz_scale", "mapping"))
    wish = wish_of(path, TableOptions(), columns or Columns(), **unset)
    table, reading = understand(wish, lines.append, labels_only=False)
    return table, reading, lines


NOTES_SHEET = {"Firm": FIRMS * 2, "Our notes": NOTES * 2}


@pytest.mark.parametrize(
    ("forms", "taken"),
    [
        ({"Firm": FIRMS, "Biggest headache": PAIN}, "Biggest headache"),
        ({"Firm": FIRMS, "Message": PAIN}, "Message"),
        ({"Firm": FIRMS, "Q7": PAIN}, "Q7"),
    ],
)
@pytest.mark.parametrize("first", [True, False])
def test_the_sheet_that_asks_for_problems_is_read_however_much_text_others_hold(
    tmp_path, forms, taken, first
):
    sheets = {"Notes": NOTES_SHEET, "Answers": forms}
    order = sheets if not first else dict(reversed(sheets.items()))
    table, reading, _ = read(workbook(tmp_path / "f.xlsx", **order))
    assert table.sheet == "Answers"
    assert reading.columns.problems == (taken,)
    assert [row.values[taken] for row in table.rows()] == PAIN


def test_the_sheet_with_the_column_that_is_named_is_read(tmp_path):
    path = workbook(
        tmp_path / "f.xlsx", Notes=NOTES_SHEET, Answers={"Firm": FIRMS, "Problem": PAIN}
    )
    table, _, _ = read(path, Columns(("Our notes",)))
    assert table.sheet == "Notes"


def test_sheets_with_the_same_columns_are_said_to_be_left_out(tmp_path):
    month = {"Firm": FIRMS, "Problem": PAIN}
    path = workbook(tmp_path / "f.xlsx", May=month, June=month, Notes=NOTES_SHEET)
    _, _, lines = read(path)
    assert (
        "Careful: only the forms in sheet 'May' are read. 'June' has the same columns: run once "
        'more with --sheet "June", or copy all rows into one sheet.' in lines
    )
    assert "Only sheet 'May' is read, not 'Notes' (--sheet)." in lines


def test_a_first_row_without_a_usual_name_is_shown(tmp_path):
    path = tmp_path / "f.csv"
    path.write_text("Pine,Leads get lost\n" + "".join(map("{},{}\n".format, FIRMS, PAIN)), "utf-8")
    lines = read(path)[2]
    assert any(
        line.startswith("Row 1 is taken as the names of the columns: 'Pine', 'Leads get lost'. ")
        and "--no-header" in line and "--header-row" in line
        for line in lines
    )  # fmt: skip


@pytest.mark.parametrize("count", [2, 7])
def test_more_problem_columns_than_problems_are_said(tmp_path, count):
    columns = {f"Problem {n}": PAIN for n in range(count)}
    lines = read(workbook(tmp_path / "f.xlsx", Forms=columns))[2]
    said = "There are 7 problem columns, more than --max-problems 5, so each form has room for 7"
    assert any(said in line for line in lines) is (count > 5)
