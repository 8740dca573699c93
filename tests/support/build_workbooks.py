"""Writes the workbooks in exports/ again; the CSV and JSON files are written by hand."""

import csv
from datetime import datetime
from pathlib import Path

HERE = Path(__file__).parent / "exports"


def surveymonkey():
    """The CSV's rows under a merged question, as SurveyMonkey's XLSX export has it."""
    import openpyxl  # here, for the tests collect this file too

    book = openpyxl.Workbook()
    sheet = book.active
    sheet.title = "Sheet"
    with (HERE / "surveymonkey.csv").open(encoding="utf-8", newline="") as file:
        for cells in csv.reader(file):
            sheet.append([cell or None for cell in cells])
    sheet.merge_cells("H1:J1")
    book.save(HERE / "surveymonkey.xlsx")


def microsoft_forms():
    """A sheet of responses with real dates, and a sheet of choices before it."""
    import openpyxl  # here, for the tests collect this file too

    book = openpyxl.Workbook()
    book.active.title = "Lists"
    book.active.append(["Under 1M"])
    book.active.append(["1M to 10M"])
    sheet = book.create_sheet("Form1")
    sheet.append(
        ["ID", "Start time", "Completion time", "Email", "Name", "Company",
         "What is the most annoying work in your business?\xa0", "Revenue"]
    )  # fmt: skip
    start, end = datetime(2026, 4, 2, 9), datetime(2026, 4, 2, 9, 6, 30)  # noqa: DTZ001
    sheet.append([1, start, end, "anonymous", None, "Harbor Dental",
                  "Every order is typed into two systems by hand", "1M to 10M"])  # fmt: skip
    sheet.append([2, start, end, "anonymous", None, "Pine & Oak",
                  "Customers want to design a table on our site", "1M to 10M"])  # fmt: skip
    book.save(HERE / "microsoft_forms.xlsx")


if __name__ == "__main__":
    surveymonkey()
    microsoft_forms()
