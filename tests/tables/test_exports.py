"""Exports as the platforms write them, read without options."""

import csv
import datetime as dt
from pathlib import Path

import openpyxl
import pytest
from openpyxl.styles import Font

from triage_agent.tables import open_table

EXPORTS = Path(__file__).parents[1] / "support" / "exports"

# file: how many columns, one of them, how many rows, the number of the first
CSV = {
    "surveymonkey": (16, "What is the biggest problem in your business right now?", 3, 3),
    "qualtrics": (15, "Q3: What slows you down most? Please describe one problem.", 2, 4),
    "limesurvey": (8, "G01Q02: Which problem costs you the most time?", 3, 3),
    "typeform": (15, "What is the biggest thing that slows your team down?", 2, 2),
    "google_forms": (7, "What are your biggest problems at work? (choose or describe)", 3, 2),
    "jotform": (9, "Describe the problem you would like solved", 2, 2),
    "tally": (8, "What is your main challenge?", 2, 2),
    "airtable": (6, "Problem", 4, 2),
    "hubspot": (9, "How can we help you?", 2, 2),
    "jira": (13, "Description", 2, 2),
    "zendesk": (11, "Description", 3, 2),
    "agency": (5, "Description of the problem", 3, 6),
}
HEADERS = {"surveymonkey": 2, "qualtrics": 3, "limesurvey": 2}


def export(name):
    table = open_table(EXPORTS / f"{name}.csv")
    return table, list(table.rows())


def built(path, rows, *, sheet="Form1", merged=(), more=()):
    """Write a workbook as an export would be."""
    book = openpyxl.Workbook()
    book.active.title = sheet
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    for cell in book.active[1]:
        cell.font = Font(bold=True)
    for title, other in more:
        for row in other:
            (book[title] if title in book.sheetnames else book.create_sheet(title)).append(row)
    book.save(path)
    return path


def test_each_export_has_its_case():
    assert {path.stem for path in EXPORTS.glob("*.csv")} == set(CSV)


@pytest.mark.parametrize("name", CSV)
def test_an_export_is_read_with_its_columns_and_rows(name):
    columns, problem, count, first = CSV[name]
    table, rows = export(name)
    assert len(table.columns) == columns
    assert problem in table.columns
    assert (len(rows), rows[0].number) == (count, first)
    assert [row.complaint for row in rows] == [None] * count
    assert len(table.preamble) == first - 2  # what stands before the data, without one header row
    assert any("to the header too" in note for note in table.notes) is (name in HEADERS)


@pytest.mark.parametrize("name", CSV)
def test_no_row_of_an_export_is_a_header_row(name):
    table, rows = export(name)
    cells = {" ".join(str(cell).split()) for row in rows for cell in row.values.values()}
    names = {column.rpartition(": ")[2].rpartition(" / ")[2] for column in table.columns}
    chosen = {"Scheduling", "Invoicing", "Reporting", "Tools", "Customers"}  # answers called so
    assert not (cells & names) - chosen
    assert not any("ImportId" in cell for cell in cells)


def test_a_question_with_several_columns_names_each():
    table, rows = export("surveymonkey")
    question = "Which of these take most of your time? Select all that apply."
    assert [column for column in table.columns if column.startswith(question)] == [
        f"{question} / {answer}"
        for answer in ("Scheduling", "Invoicing", "Reporting", "Other (please specify)")
    ]
    assert rows[2].values[f"{question} / Other (please specify)"] == "the phone"
    assert "How often does this happen?" in table.columns  # "Response" below it says nothing


def test_lines_above_a_header_are_kept_as_they_are():
    table, _ = export("agency")
    assert table.preamble[1] == ("Service requests received in May 2026",)
    assert table.preamble[3] == ()  # the blank line
    assert any("The header is in row 5" in note for note in table.notes)


def test_a_surveymonkey_workbook_reads_like_its_csv(tmp_path):
    with (EXPORTS / "surveymonkey.csv").open(encoding="utf-8", newline="") as file:
        rows = [[cell or None for cell in row] for row in csv.reader(file)]
    path = built(tmp_path / "s.xlsx", rows, sheet="Sheet", merged=["K1:N1"])
    table, original = open_table(path), export("surveymonkey")[0]
    assert table.columns == original.columns
    assert [row.number for row in table.rows()] == [3, 4, 5]


def test_a_microsoft_forms_workbook_is_read(tmp_path):
    at = dt.datetime(2026, 5, 4, 9, 0)  # noqa: DTZ001
    rows = [
        ["ID", "Start time", "Completion time", "Email", "Name",
         "What problem should we solve for you?\xa0", "How big is your team?"],
        [1, at, at, "anonymous", None, "Orders are copied by hand from e-mail", "1;2;"],
        [2, at, at, "anonymous", None, "Nobody knows what is in stock", None],
    ]  # fmt: skip
    table = open_table(built(tmp_path / "m.xlsx", rows))
    found = list(table.rows())
    assert table.columns[5] == "What problem should we solve for you?"
    assert (len(table.columns), len(found), found[0].number) == (7, 2, 2)
    assert found[0].values["Start time"] == "2026-05-04T09:00:00"
