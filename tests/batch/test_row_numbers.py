"""A form has one number: that of its row in the input, as the program that opens it counts."""

import csv
import json

import openpyxl
import pytest

from support.forms_out import answer_forms
from triage_agent.batch.pages import WantedPages
from triage_agent.batch.read_output import how_to_read, read_out
from triage_agent.batch.review_queue import queue_for_review
from triage_agent.batch.write_output import errors_path, run_path
from triage_agent.tables import TableOptions

PROBLEM = "What slows you down?"
FORMS = ["orders are typed in by hand", "a vague thing", "this one fails here"]
OUTS = [".csv", ".xlsx", ".jsonl"]


def a_csv(path, above=()):
    forms = [[PROBLEM, "Seats"], [FORMS[0], 3], [], [FORMS[1], 4], [FORMS[2], 5]]
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([*above, *forms])
    return path


def a_titled_csv(path):
    return a_csv(path, [["Intake forms of May"], []])


def a_workbook(path):
    book = openpyxl.Workbook()
    for row, text in enumerate([PROBLEM, FORMS[0], None, FORMS[1], FORMS[2]], start=1):
        book.active.cell(row, 1, text)
    book.save(path)
    return path


def an_array(path):
    path.write_text(json.dumps([{PROBLEM: text} for text in FORMS]), "utf-8")
    return path


def json_lines(path):
    lines = [json.dumps({PROBLEM: text}) for text in FORMS]
    path.write_text("\n".join([lines[0], "", *lines[1:]]), "utf-8")
    return path


INPUTS = {  # how it is made, and the numbers of the three forms
    "in.csv": (a_csv, [2, 4, 5]),
    "titled.csv": (a_titled_csv, [4, 6, 7]),
    "in.xlsx": (a_workbook, [2, 4, 5]),
    "in.json": (an_array, [1, 2, 3]),
    "in.jsonl": (json_lines, [1, 3, 4]),
}


@pytest.mark.parametrize("suffix", OUTS)
@pytest.mark.parametrize("name", INPUTS)
def test_a_row_has_one_number_in_every_file_and_message(tmp_path, name, suffix):
    make, numbers = INPUTS[name]
    out, summary = tmp_path / f"out{suffix}", tmp_path / "summary.html"
    pages = WantedPages(tmp_path / "pages", summary)
    table = TableOptions(header_row=3 if name == "titled.csv" else None)
    said = answer_forms(make(tmp_path / name), out, pages=pages, table=table)
    assert said
    rows = list(read_out(out, how_to_read(out)))
    assert [row.form.number for row in rows] == numbers
    assert [int(row.values["triage_row"]) for row in rows] == numbers
    (error,) = map(json.loads, errors_path(out).read_text("utf-8").splitlines())
    assert error["row"] == numbers[2]
    queue = queue_for_review(out, how_to_read(out), {})
    assert sorted(item.row for item in queue.items) == numbers[1:]
    in_summary = summary.read_text("utf-8")
    for number in numbers[1:]:
        assert f"row {number}, problem 1" in in_summary
    assert sorted(path.name for path in pages.folder.iterdir()) == sorted(
        ["index.html", *(f"row-{number}.html" for number in numbers)]
    )


@pytest.mark.parametrize("suffix", OUTS)
def test_an_out_of_an_earlier_version_is_numbered_by_its_rows(tmp_path, suffix):
    out = tmp_path / f"out{suffix}"
    answer_forms(a_csv(tmp_path / "in.csv"), out)
    if suffix == ".xlsx":
        book = openpyxl.load_workbook(out)
        del book["Answers"]
        sheet = book.worksheets[0]
        sheet.title = "triage"  # as it was called
        sheet.delete_cols([cell.value for cell in sheet[1]].index("triage_row") + 1)
        book.save(out)
    elif suffix == ".csv":
        rows = list(csv.reader(out.read_text("utf-8-sig").splitlines()))
        gone = rows[0].index("triage_row")
        with out.open("w", newline="", encoding="utf-8-sig") as file:
            csv.writer(file).writerows([c for n, c in enumerate(r) if n != gone] for r in rows)
    else:
        kept = [json.loads(line) for line in out.read_text("utf-8").splitlines()]
        for one in kept:
            del one["triage_row"]
        out.write_text("".join(json.dumps(one) + "\n" for one in kept), "utf-8")
    numbers = [row.form.number for row in read_out(out, how_to_read(out))]
    assert numbers == ([1, 2, 3] if suffix == ".jsonl" else [2, 4, 5])


def test_every_report_counts_the_same_problems_to_look_at_in_the_same_words(tmp_path):
    out, summary = tmp_path / "out.csv", tmp_path / "summary.html"
    said = answer_forms(a_csv(tmp_path / "in.csv"), out, pages=WantedPages(None, summary))
    assert any(line.startswith("2 problems to look at") for line in said)
    assert "<dt>problems to look at</dt><dd>2</dd>" in summary.read_text("utf-8")
    assert json.loads(run_path(out).read_text("utf-8"))["tally"]["to_look_at"] == 2
    assert len(queue_for_review(out, how_to_read(out), {}).items) == 2
