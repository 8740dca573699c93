"""What workbooks hold beside rows: several sheets, merged cells, formulas, other formats."""

import datetime as dt
import io
import subprocess
import sys
from pathlib import Path

import openpyxl
import pytest

from support.workbooks import ods, xlsb
from triage_agent.errors import InputError
from triage_agent.tables import TableOptions, open_table
from triage_agent.tables.other_facts import unusual_in
from triage_agent.tables.sheets import Unusual

FORMS = [["Business", "Problem", "Seats"], ["Acme", "Leads go cold every single day", 4],
         ["Pine", "Customers are asking for an app", 9]]  # fmt: skip

EXPORTS = Path(__file__).parents[1] / "support" / "exports"


def book_of(rows, *, merge=(), **sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for area in merge:
        book.active.merge_cells(area)
    for title, other in sheets.items():
        sheet = book.create_sheet(title)
        for row in other:
            sheet.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def opened(data, **options):
    table = open_table(io.BytesIO(data), TableOptions(**options))
    return table, list(table.rows())


@pytest.mark.parametrize(
    "data",
    [
        book_of([["How to use this file"], ["Write one line for each of your forms, please"]],
                Lists=[["yes", "no"], ["no", "yes"]], Forms=FORMS),
        ods(Readme=[["Write one line for each of your forms, please"]], Forms=FORMS),
    ],
    ids=["xlsx", "ods"],
)  # fmt: skip
def test_the_sheet_with_free_text_is_read_and_the_others_are_named(data):
    table, rows = opened(data)
    assert (table.sheet, len(rows)) == ("Forms", 2)
    assert any("only sheet 'forms'" in note.lower() for note in table.notes)


def test_a_merged_cell_counts_for_each_row_and_is_said():
    rows = [["Business", "Problem"], ["Acme", "Leads go cold"], [None, "Stock is wrong"],
            [None, "Reports are late"], ["Pine", "An app is wanted"]]  # fmt: skip
    table, read = opened(book_of(rows, merge=["A2:A4"]))
    assert [row.values["Business"] for row in read] == ["Acme"] * 3 + ["Pine"]
    assert [note for note in table.notes if "'Business'" in note and "rows 2 to 4" in note]


def merged_book(kind):
    """Return a sheet after another, with a title, a gap and a company merged over two rows."""
    rows = [["Forms of May"], [], FORMS[0], FORMS[1], [None, "Stock is wrong", 5], [], FORMS[2]]
    if kind == "ods":
        return ods(Lists=[["yes"]], Forms=rows, merge={(4, 1): 2}, uncached={(5, 3)})
    return xlsb(rows, merge=[(4, 1, 5, 1), (1, 1, 1, 3)])


@pytest.mark.parametrize("kind", ["ods", "xlsb"])
def test_merged_cells_count_in_other_workbooks_too(kind):
    table, read = opened(merged_book(kind))
    assert table.format == kind
    assert [(row.number, row.values["Business"]) for row in read] == [
        (4, "Acme"), (5, "Acme"), (7, "Pine"),
    ]  # fmt: skip
    assert [note for note in table.notes if "'Business'" in note and "rows 4 to 5" in note]


def test_a_formula_without_a_stored_result_is_named_in_an_ods_too():
    table, read = opened(merged_book("ods"))
    assert read[1].values["Seats"] is None
    assert [note for note in table.notes if note.startswith("1 cell holds") and "C5" in note]
    assert not [note for note in opened(ods(Forms=FORMS))[0].notes if "formula" in note]


@pytest.mark.parametrize("kind", ["xls", "xlsb", "ods"])
def test_a_workbook_of_each_kind_is_read_as_a_spreadsheet_shows_it(kind):
    """The XLS and the ODS were written by LibreOffice, which also opens the XLSB."""
    table = open_table(EXPORTS / f"front_desk.{kind}")
    assert (table.format, table.header_row) == (kind, 3)
    assert table.titles == (("Forms of the front desk, May",), ())
    assert [(row.number, *row.values.values()) for row in table.rows()] == [
        (4, "Harbor Dental", "- Leads go cold,  every single day", "2026-05-01",
         "2026-05-02T09:06:30", "09:30:00", 4, 0.125, True),
        (5, "Harbor Dental", "=SUM of all hours is typed by hand", "2026-05-04",
         None, None, 12, 1.5, False),
        (7, "Pine & Oak", "Customers want an app\nto order tables", "2026-05-05",
         None, "18:00:05", 9, None, None),
    ]  # fmt: skip
    assert [note for note in table.notes if "Merged cells in 'Company'" in note]


@pytest.mark.parametrize("kind", ["ods", "xlsb"])
def test_a_workbook_of_which_nothing_more_can_be_told_has_nothing_unusual(kind):
    whole = merged_book(kind)
    assert unusual_in(io.BytesIO(whole), kind, "Forms", None).merged == ((4, 1, 5, 1),)
    for data, title in ((whole, "Other"), (whole[:-40], "Forms"), (b"", "Forms")):
        assert unusual_in(io.BytesIO(data), kind, title, None) == Unusual()


def test_empty_cells_that_are_not_merged_stay_empty():
    rows = [["Business", "Problem"], ["Acme", "Leads go cold"], [None, "Stock is wrong"]]
    assert opened(book_of(rows))[1][1].values["Business"] is None


def test_formulas_without_a_stored_result_are_counted_and_named():
    rows = [["Problem", "Seats"], ["Leads go cold", "=2+2"], ["Stock is wrong", "=3+3"]]
    table, read = opened(book_of(rows))
    assert [row.values["Seats"] for row in read] == [None, None]
    assert [note for note in table.notes if note.startswith("2 cells hold") and "B2" in note]
    (one,) = [note for note in opened(book_of(rows[:2]))[0].notes if "formula" in note]
    assert one.startswith("1 cell holds a formula whose result is not stored in the file, and is")
    assert not [note for note in opened(book_of(FORMS))[0].notes if "formula" in note]


def test_cells_right_of_the_last_name_are_kept_under_a_generated_one():
    table, read = opened(book_of([*FORMS[:2], [*FORMS[2], "call us first"]]))
    assert table.columns[-1] == "column_4"
    assert [row.values["column_4"] for row in read] == [None, "call us first"]
    assert any("column_4" in note for note in table.notes)


def test_such_cells_far_down_are_a_complaint_of_their_row():
    many = [FORMS[1]] * 150
    rows = opened(book_of([FORMS[0], *many, [*FORMS[2], "call us first"]]))[1]
    assert [row.number for row in rows if row.complaint] == [152]
    assert "right of the last of the 3 columns" in rows[-1].complaint


def test_an_ods_sheet_has_titles_dates_numbers_and_rows_like_xlsx():
    day = dt.date(2026, 5, 1)
    rows = [
        ["Forms of May"],
        [],
        ["Business", "Problem", "When", "Seats"],
        ["Acme", "Leads go cold every day", day, 4],
        [None, "Stock is wrong", day, None],
    ]
    table, read = opened(ods(Forms=rows))
    assert (table.format, table.sheets) == ("ods", ("Forms",))
    assert [row.number for row in read] == [4, 5]
    assert list(read[0].values.values()) == ["Acme", "Leads go cold every day", "2026-05-01", 4]
    assert read[1].values["Business"] is None


@pytest.mark.parametrize("suffix", [".ods", ".xlsb", ".xls"])
def test_a_damaged_workbook_of_another_kind_says_what_to_do(tmp_path, suffix):
    start = b"\xd0\xcf\x11\xe0" if suffix == ".xls" else b"PK\x03\x04"
    start += b"opendocument.spreadsheet" if suffix == ".ods" else b""
    path = tmp_path / f"forms{suffix}"
    path.write_bytes(start + b"\0" * 700)
    with pytest.raises(InputError, match=r"forms\.(ods|xlsb|xls) .*(save it as|export it again)"):
        open_table(path)


def test_the_reader_of_other_workbooks_is_loaded_only_for_them(tmp_path):
    (tmp_path / "f.csv").write_text("problem\nLeads\n")
    code = (
        "import sys; from pathlib import Path; from triage_agent.tables import open_table; "
        f"open_table(Path({str(tmp_path / 'f.csv')!r})); print('python_calamine' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
