"""The tables that an adviser takes along are those that a batch over the same texts writes."""

import csv
import io
from unittest.mock import patch

import pytest
from openpyxl import load_workbook

from support.inbox_desk import AUTOMATE, MIXED, Scripted, desk_at
from triage_agent.batch.request import BatchRequest
from triage_agent.batch.run import run_batch
from triage_agent.intake import split_problems
from triage_agent.models import OpenBackend
from triage_agent.web.export import COLUMNS, FOLDER, remove_left_over

TIE = "- Orders are typed by hand\n- Please build an app for customers"
FORMULA = '=HYPERLINK("https://evil.example") is typed by hand'


@pytest.fixture
def desk(tmp_path):
    with desk_at(tmp_path / "data") as made:
        made.welcome()
        yield made


@pytest.fixture
def full(desk):
    """An inbox with what may be in a table: one, several, a tie with its quiz, unknown answers."""
    desk.owner(AUTOMATE, company="Acme, Inc.")
    desk.owner("Orders are typed by hand", revenue="unknown", company="")
    desk.owner(MIXED, company='The "best"', revenue="over 10M", software="yes")
    desk.owner(TIE, revenue="3M")
    desk.owner(f"- {FORMULA}\n- Bills are late\n- Größe: 10 m²", company=FORMULA)
    desk.client.post("/", data={"text": AUTOMATE, "agree": "yes", "once": "x" * 30})
    return desk


def batch(folder, workbook):
    """Return OUT of a batch over the own columns of an exported workbook, as CSV and XLSX.

    A workbook holds the texts as they are; in CSV, what looks like a formula is marked.
    """
    book = load_workbook(io.BytesIO(workbook))
    del book[book.sheetnames[0]]
    (sheet,) = book.worksheets
    names = [cell.value for cell in sheet[1]]
    first = names.index("triage_row")
    sheet.delete_cols(first + 1, len(names) - first)
    forms = folder / "forms.xlsx"
    book.save(forms)
    backend = OpenBackend(Scripted(), "backend: script")
    with (
        patch("triage_agent.triage.flow.open_backend", lambda _: backend),
        patch("triage_agent.triage.flow.split_text", split_problems),
    ):
        for kind in ("csv", "xlsx"):
            run_batch(BatchRequest(forms, folder / f"out.{kind}"))
    return folder / "out.csv", folder / "out.xlsx"


def cells(raw):
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"))))


def test_the_table_is_the_one_that_a_batch_over_the_same_texts_writes(full, tmp_path):
    exported = full.get("/inbox/submissions.csv")
    assert exported.headers["content-type"].startswith("text/csv")
    assert 'filename="submissions.csv"' in exported.headers["content-disposition"]
    out, _ = batch(tmp_path, full.get("/inbox/submissions.xlsx").content)
    ours, theirs = cells(exported.content), cells(out.read_bytes())
    assert list(ours[0]) == list(theirs[0])
    for row, other in zip(ours, theirs, strict=True):
        assert row == other
    assert {row["triage_recommendation"] for row in ours} >= {"both", "fractional-ai-officer"}


def test_the_workbook_is_the_one_that_a_batch_over_the_same_texts_writes(full, tmp_path):
    exported = full.get("/inbox/submissions.xlsx").content
    _, out = batch(tmp_path, exported)
    ours = sheets(load_workbook(io.BytesIO(exported)))
    theirs = sheets(load_workbook(out))
    assert list(ours) == list(theirs)
    for name in ours:
        assert ours[name] == theirs[name], name


def sheets(book):
    """Return the cells of each sheet."""
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in book.worksheets}


def test_there_is_a_row_for_each_submission_with_a_verdict(full):
    rows = cells(full.get("/inbox/submissions.csv").content)
    assert [row["Number"] for row in rows] == ["1", "2", "3", "4", "5"]


def test_a_cell_that_an_owner_wrote_is_no_formula(full):
    text = full.get("/inbox/submissions.csv").content.decode("utf-8-sig")
    assert "'=HYPERLINK" in text
    book = load_workbook(io.BytesIO(full.get("/inbox/submissions.xlsx").content))
    kinds = {cell.data_type for sheet in book.worksheets for row in sheet for cell in row}
    assert "f" not in kinds


def test_what_an_adviser_corrected_is_in_the_table(desk):
    desk.owner(MIXED)
    desk.correct(1, 3, "build-software")
    (row,) = cells(desk.get("/inbox/submissions.csv").content)
    assert row["triage_recommendation"] == "fractional-cto"
    assert row["triage_3_decided_by"] == "person"


def test_an_empty_inbox_gives_a_table_without_a_row(desk):
    text = desk.get("/inbox/submissions.csv").content.decode("utf-8-sig")
    assert text.splitlines()[0].startswith(",".join(COLUMNS))
    assert len(text.splitlines()) == 1


def test_another_kind_of_table_is_not_there(desk):
    assert desk.get("/inbox/submissions.exe").status_code == 404


def test_nothing_of_a_table_stays_in_the_data_folder(full):
    before = {path.name for path in full.options.data.iterdir()}
    full.get("/inbox/submissions.xlsx")
    assert {path.name for path in full.options.data.iterdir()} == before


def test_what_a_killed_server_left_is_removed_at_the_next_start(tmp_path):
    left = tmp_path / f"{FOLDER}abc"
    left.mkdir()
    (left / "submissions.csv").write_text("Acme")
    remove_left_over(tmp_path)
    assert not left.exists()


def test_more_submissions_than_are_read_at_once_are_all_there(desk, monkeypatch):
    monkeypatch.setattr("triage_agent.web.export.AT_ONCE", 2)
    for _ in range(5):
        desk.owner("Orders are typed by hand")
    rows = cells(desk.get("/inbox/submissions.csv").content)
    assert [row["Number"] for row in rows] == ["1", "2", "3", "4", "5"]
