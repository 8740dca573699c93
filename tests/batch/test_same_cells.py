"""One row in is one row out, in its own row, and the cells of the input read back equal.

Inputs and OUT are read here by the csv module, openpyxl and json alone, so that a fault of our
readers does not hide one of our writers.
"""

import csv
import datetime as dt
import io
import json
from itertools import zip_longest
from pathlib import Path

import openpyxl
import pytest
from openpyxl.utils.escape import unescape

from support.build_workbooks import FRONT_DESK
from support.forms_out import answer_forms
from support.workbooks import ods, xlsb, xlsx
from triage_agent.batch.input_columns import Columns
from triage_agent.tables import TableOptions, open_table

EXPORTS = Path(__file__).parents[1] / "support" / "exports"
CSV_EXPORTS = sorted(path.name for path in EXPORTS.glob("*.csv"))
MIDNIGHT = dt.time()
WRITE = {"xlsx": xlsx, "ods": ods, "xlsb": xlsb}
SENT = dt.datetime(2026, 5, 2, 9, 6, 30)  # noqa: DTZ001
NOTES = [
    "=1+1 is typed", "'quoted", "''=twice", "-5", "- call back", "@home", "+41 44 000 00 00", "007",
    "1e5", "TRUE", "2026-05-01", "#N/A", "#REF!", "line one\nline two", "  lead and trail  ",
    "two  blanks", "é漢字😀", "<r>&amp;</r>", "a,b;c|d", 'a "quoted" word', "_x0041_", "'", "=",
    "12345678901234567890", " ", "＝1+1", "x" * 3000,
]  # fmt: skip
AWKWARD = [
    ["Notes of May", None, "=not a sum"],
    [],
    ["Id", "Problem", "Sent", "Day", "Hour", "Seats", "Share", "Paid", "Note"],
    [0, "Leads of shop 0 go cold daily", None, None, dt.timedelta(hours=26), None, None, None],
    *(
        [n, f"Leads of shop {n} go cold daily", SENT, SENT.date(), SENT.time(), n, n / 8, n > 3, x]
        for n, x in enumerate(NOTES, start=1)
    ),
    [],
    [99, "=SUM of all hours is typed by hand", None, None, dt.time(18), None, -1.5, None, "end"],
]

MERGED = [*FRONT_DESK[:4], [FRONT_DESK[3][0], *FRONT_DESK[4][1:]], *FRONT_DESK[5:]]
OTHER_BOOKS = {f"front_desk.{kind}": MERGED for kind in ("xls", "xlsb", "ods")} | {
    "forms.xls": [
        ["problem", "when", "revenue"],
        ["Leads get lost because nobody calls back", dt.date(2026, 5, 1), 3000000],
        ["Stock is wrong", dt.date(2026, 5, 2), None],
    ]
}
XLSX_EXPORTS = ["surveymonkey.xlsx", "microsoft_forms.xlsx"]


def test_every_export_is_answered_here():
    files = {path.name for path in EXPORTS.iterdir() if path.suffix != ".md"}
    assert files == {*CSV_EXPORTS, *XLSX_EXPORTS, *OTHER_BOOKS}


def csv_rows(path):
    text = path.read_text("utf-8-sig")
    return list(csv.reader(io.StringIO(text, newline="")))


def book_rows(path):
    sheet = openpyxl.load_workbook(path).worksheets[-1]  # the forms of the Microsoft one
    return [
        [unescape(cell) if isinstance(cell, str) else cell for cell in row]
        for row in sheet.iter_rows(values_only=True)
    ]


def rows_of(path):
    return csv_rows(path) if path.suffix == ".csv" else book_rows(path)


def plain(cell):
    """Return a cell so that the same value is equal to itself, whichever library read it."""
    if cell == "":
        return None
    return cell.date() if isinstance(cell, dt.datetime) and cell.time() == MIDNIGHT else cell


def as_text(cell):
    """Return a cell as the text in which a CSV holds it."""
    cell = plain(cell)
    if isinstance(cell, dt.date | dt.time):
        return cell.isoformat()
    if isinstance(cell, dt.timedelta):
        return "26:00:00"  # the only one here
    return "" if cell is None else str(cell).lower() if isinstance(cell, bool) else str(cell)


def is_same(given, found, into):
    """Return whether OUT holds a cell as its format can: a CSV as text, with the guard if it runs.

    The guard is a quote before texts that begin like a formula, quotes before it not counted.
    """
    if into == ".xlsx":
        return plain(found) == plain(given)
    if isinstance(given, float):
        return float(found) == given
    text = as_text(given)
    start = text.lstrip("' \n")[:1]
    return found == text or (found == f"'{text}" and start in "=+-@＝" and start != "")


def check(given, out, table):
    """Check that OUT holds the input's rows, each in its place, and answers where forms are."""
    written = rows_of(out)
    forms, width = {row.number for row in table.rows()}, len(table.columns)
    assert len(written) == len(given)
    for number, (row, found) in enumerate(zip(given, written, strict=True), start=1):
        if number == table.header_row:
            assert found[:width] == [*table.columns]
            continue
        different = [
            pair for pair in zip_longest(row, found[:width]) if not is_same(*pair, out.suffix)
        ]
        assert not different, f"row {number}"
        assert any(found[width:]) is (number in forms)


OUTPUTS = pytest.mark.parametrize("suffix", [".csv", ".xlsx"])


@OUTPUTS
@pytest.mark.parametrize("name", [*CSV_EXPORTS, *XLSX_EXPORTS])
def test_an_export_comes_out_as_it_is_and_answered(tmp_path, name, suffix):
    given, out = EXPORTS / name, tmp_path / f"out{suffix}"
    answer_forms(given, out)
    check(rows_of(given), out, open_table(given))


@pytest.mark.parametrize("kind", ["tsv", *WRITE])
@pytest.mark.parametrize("name", CSV_EXPORTS)
def test_an_export_comes_out_the_same_from_every_format(tmp_path, name, kind):
    rows = csv_rows(EXPORTS / name)
    given = tmp_path / f"in.{kind}"
    if kind == "tsv":
        with given.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter="\t").writerows(rows)
    else:
        given.write_bytes(WRITE[kind]([[cell or None for cell in row] for row in rows]))
    for suffix in (".csv", ".xlsx"):
        out = tmp_path / f"out{suffix}"
        answer_forms(given, out)
        check(rows, out, open_table(given))


@OUTPUTS
@pytest.mark.parametrize("kind", WRITE)
def test_cells_of_every_type_come_out_as_they_are(tmp_path, kind, suffix):
    given, out = tmp_path / f"in.{kind}", tmp_path / f"out{suffix}"
    # The reader of ODS hands out a duration of more than a day as a text.
    rows = AWKWARD if kind != "ods" else [*AWKWARD[:3], [], *AWKWARD[4:]]
    given.write_bytes(WRITE[kind](rows))
    answer_forms(given, out)
    check(rows, out, open_table(given))


@OUTPUTS
def test_texts_of_every_kind_come_out_of_a_csv_as_they_are(tmp_path, suffix):
    given, out = tmp_path / "in.csv", tmp_path / f"out{suffix}"
    rows = [list(map(as_text, row)) for row in AWKWARD]
    with given.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    answer_forms(given, out)
    check(rows, out, open_table(given))


@OUTPUTS
@pytest.mark.parametrize("name", OTHER_BOOKS)
def test_a_workbook_of_another_program_comes_out_as_it_is(tmp_path, name, suffix):
    given, out = EXPORTS / name, tmp_path / f"out{suffix}"
    answer_forms(given, out)
    rows = [list(row) for row in OTHER_BOOKS[name]]
    if name == "front_desk.ods":  # LibreOffice has stored the truth values as numbers
        rows = [[int(cell) if isinstance(cell, bool) else cell for cell in row] for row in rows]
    check(rows, out, open_table(given))


@OUTPUTS
def test_a_table_without_names_comes_out_under_made_up_ones(tmp_path, suffix):
    given, out = tmp_path / "in.csv", tmp_path / f"out{suffix}"
    given.write_text("Acme,Leads go cold every single day\n\nPine,Stock is wrong in both shops\n")
    columns = Columns(problems=("column_2",))
    answer_forms(given, out, table=TableOptions(header=False), columns=columns)
    found = [list(map(plain, row[:2])) if any(row) else [] for row in rows_of(out)]
    assert found == [
        ["column_1", "column_2"],
        ["Acme", "Leads go cold every single day"],
        [],
        ["Pine", "Stock is wrong in both shops"],
    ]


@pytest.mark.parametrize("name", CSV_EXPORTS)
def test_json_lines_of_an_export_hold_its_cells(tmp_path, name):
    out = tmp_path / "out.jsonl"
    answer_forms(EXPORTS / name, out)
    found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
    records = _records(name)
    assert [{key: one[key] for key in records[0]} for one in found] == records
    begin = open_table(EXPORTS / name)
    first = begin.header_row + len(begin.extra_header)
    assert [list(record.values()) for record in records] == csv_rows(EXPORTS / name)[first:]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
@pytest.mark.parametrize("kind", ["json", "jsonl"])
@pytest.mark.parametrize("name", ["awkward", *CSV_EXPORTS])
def test_records_come_out_in_their_order_with_every_value(tmp_path, name, kind, suffix):
    given, out = tmp_path / f"in.{kind}", tmp_path / f"out{suffix}"
    records = _records(name)
    if kind == "json":
        given.write_text(json.dumps(records, indent=1), "utf-8")
    else:
        given.write_text("\n".join(map(json.dumps, records)), "utf-8")
    answer_forms(given, out)
    if suffix == ".jsonl":
        found = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        assert [{k: v for k, v in one.items() if k in records[0]} for one in found] == records
        return
    names, *rows = rows_of(out)
    assert len(rows) == len(records)
    for record, row in zip(records, rows, strict=True):
        cells = dict(zip(names, row, strict=False))
        assert not [k for k, v in record.items() if not is_same(v, cells[k], suffix)]


def _records(name):
    """Return a table as objects: texts of an export, or values of every type that JSON has."""
    if name != "awkward":
        return [dict(row.values) for row in open_table(EXPORTS / name).rows()]
    return [
        {"problem": f"Leads of shop {n} go cold daily", "n": n, "ok": n > 3, "share": n / 8,
         "none": None, "note": note}
        for n, note in enumerate(NOTES, start=1)
    ]  # fmt: skip
