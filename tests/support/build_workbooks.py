"""Writes the workbooks in exports/ again; the CSV and JSON files are written by hand.

front_desk.xls and .ods are written by LibreOffice, whose `soffice` must be installed for that.
"""

import csv
import subprocess
import sys
import tempfile
import zipfile
from datetime import date, datetime, time
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1]))
from support.workbooks import xlsb, xlsx

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


FRONT_DESK = [
    ["Forms of the front desk, May"],
    [],
    ["Company", "What slows you down?", "Sent", "Read at", "Call at", "Seats", "Share", "Paid"],
    ["Harbor Dental", "- Leads go cold,  every single day", date(2026, 5, 1),
     datetime(2026, 5, 2, 9, 6, 30), time(9, 30), 4, 0.125, True],  # noqa: DTZ001
    [None, "=SUM of all hours is typed by hand", date(2026, 5, 4), None, None, 12, 1.5, False],
    [],
    ["Pine & Oak", "Customers want an app\nto order tables", date(2026, 5, 5), None,
     time(18, 0, 5), 9, None, None],
]  # fmt: skip


def front_desk():
    """One table in the three formats that are only read: titles, a gap, merged cells, dates."""
    (HERE / "front_desk.xlsb").write_bytes(xlsb(FRONT_DESK, merge=[(4, 1, 5, 1)]))
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder, "front_desk.xlsx")
        source.write_bytes(xlsx(FRONT_DESK, merge=["A4:A5"]))
        for kind in ("xls", "ods"):
            command = ["soffice", "--headless", "--convert-to", kind, "--outdir", folder, source]
            subprocess.run(command, check=True)
        (HERE / "front_desk.xls").write_bytes(Path(folder, "front_desk.xls").read_bytes())
        with (
            zipfile.ZipFile(Path(folder, "front_desk.ods")) as made,
            zipfile.ZipFile(HERE / "front_desk.ods", "w") as kept,
        ):
            for part in made.infolist():
                if part.filename in {"mimetype", "META-INF/manifest.xml", "content.xml"}:
                    kept.writestr(part, made.read(part))


if __name__ == "__main__":
    front_desk()
    surveymonkey()
    microsoft_forms()
