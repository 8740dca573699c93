"""A table of forms in, the same table with answers out, with a model that needs no network."""

import asyncio
import csv
import json
import subprocess
import sys
from contextlib import closing

import pytest

from triage_agent.batch.answering import Job, answer_rows
from triage_agent.batch.form import FormReading
from triage_agent.batch.group import Spool
from triage_agent.batch.input_columns import Columns, resolve_columns
from triage_agent.batch.pages import BatchPages, WantedPages
from triage_agent.batch.write_output import errors_path, write_out
from triage_agent.errors import ServiceError, StopError
from triage_agent.intake import Passage, SplitText
from triage_agent.models import OpenBackend
from triage_agent.tables import open_table, read_back
from triage_agent.triage import AsyncTriage
from triage_agent.types import Label, Prediction, Signals

NOWHERE = ["--base-url", "http://127.0.0.1:9/v1"]
HEADER = ["id", "company", "problem 1", "problem 2", "revenue", "sells software"]


class Words:
    """A model that reads the label in the text itself, and fails where the text says so."""

    backend, name, prompt = "words", "words-1", None

    def __init__(self):
        self.asked = []

    async def predict(self, problem):
        self.asked.append(problem.text)
        await asyncio.sleep(0.001 * (len(problem.text) % 3))
        if "stop" in problem.text:
            raise StopError("The key is wrong.", "key")
        if "fail" in problem.text:
            raise ServiceError("It failed.", "server")
        label = Label.BUILD if "build" in problem.text else Label.AUTOMATE
        return Prediction(
            label,
            Signals(too_vague="vague" in problem.text),
            p_build=0.9 if label is Label.BUILD else 0.1,
            probability_from="words",
            evidence=(problem.text[:30],),
        )

    async def aclose(self):
        pass


@pytest.fixture
def answer(tmp_path):
    """Run a batch over rows, and return the rows of OUT, the tally and the model."""

    def run(
        rows,
        suffix=".csv",
        kept=None,
        labels_only=False,
        split=True,
        page=None,
        short_texts=False,
        name="out",
        header=HEADER,
        **named,
    ):
        forms = tmp_path / "forms.csv"
        with forms.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])
        table = open_table(forms)
        columns, _ = resolve_columns(table.columns, table.sample, Columns(**named))
        model, out = Words(), tmp_path / (name + suffix)
        before = read_back(out) if kept else None

        async def go(spool):
            reading = FormReading(columns=columns, split=split)
            rows = answer_rows(
                table.rows(),
                Job(reading, labels_only=labels_only),
                AsyncTriage.over(OpenBackend(model, "a test")),
                spool,
                earlier=before,
                page=page,
                short_texts=short_texts,
            )
            return [tally async for tally in rows][-1]

        with closing(Spool()) as spool:
            tally = asyncio.run(go(spool))
            columns = table.survey().columns
            write_out(out, spool, columns, tally, decided=not labels_only)
        return list(read_back(out)), tally, model

    run.folder = tmp_path
    return run


def test_every_row_comes_out_once_in_order_with_its_input_columns(answer):
    rows = [[f"f{n}", "c", f"orders {n} are typed", "build an app", "3M", "no"] for n in range(300)]
    found, tally, _ = answer(rows)
    assert [row["id"] for row in found] == [f"f{n}" for n in range(300)]
    assert [row["problem 1"] for row in found] == [row[2] for row in rows]
    assert {(r["triage_1_label"], r["triage_2_label"]) for r in found} == {
        ("automate-process", "build-software")
    }
    assert (tally.rows, tally.problems) == (300, 600)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
def test_each_format_holds_the_same_answers(answer, suffix):
    (row,), _, _ = answer([["1", "c", "stock is wrong", "=SUM(A1) build", "3M", "no"]], suffix)
    assert row["problem 2"] == "=SUM(A1) build"
    assert row["triage_1_label"] == "automate-process"
    assert float(row["triage_1_probability"]) == 0.9
    assert row["triage_recommendation"] == "take-the-quiz"
    assert "D4 applies" in row["triage_rule_trace"]


def test_a_formula_does_not_reach_the_spreadsheet(answer):
    answer([["1", "c", "=cmd|' /C calc'!A0 is typed", "", "3M", "no"]])
    raw = (answer.folder / "out.csv").read_text(encoding="utf-8-sig")
    assert "'=cmd" in raw


def test_empty_problems_are_skipped_and_none_at_all_is_d0(answer):
    found, _, model = answer(
        [["1", "c", "", "", "3M", "no"], ["2", "c", "", "stock is wrong", "", ""]]
    )
    assert [row["triage_rule"] for row in found] == ["D0", "D3"]
    assert model.asked == ["stock is wrong"]


def test_a_list_in_one_cell_is_several_problems_unless_told_otherwise(answer):
    rows = [["1", "c", "1. build an app\n2. stock is wrong\n3. build a portal", "", "3M", "no"]]
    (split,), tally, _ = answer(rows)
    assert (tally.problems, split["triage_recommendation"]) == (3, "fractional-cto")
    _, tally, _ = answer(rows, split=False)
    assert tally.problems == 1


def test_out_holds_the_text_and_the_column_of_each_problem(answer):
    cells = ["1", "c", "1. orders are typed\n2. build an app", "stock is wrong", "", ""]
    (row,), _, _ = answer([cells])
    found = [(row[f"triage_{n}_text"], row[f"triage_{n}_column"]) for n in (1, 2, 3)]
    assert found == [
        ("orders are typed", "problem 1"),
        ("build an app", "problem 1"),
        ("stock is wrong", "problem 2"),
    ]
    assert {row[f"triage_{n}_holds_several"] for n in (1, 2, 3)} == {"false"}


def test_a_text_that_is_not_split_is_flagged_and_makes_the_advice_provisional(answer):
    several = "1. orders are typed\n2. build an app"
    (row,), tally, _ = answer([["1", "c", several, "", "3M", ""]], split=False)
    assert (row["triage_1_text"], row["triage_1_holds_several"]) == (several, "true")
    assert "holds_several" in row["triage_1_review_reasons"]
    assert (row["triage_provisional"], row["triage_provisional_because"]) == ("true", "2.1")
    assert row["triage_to_settle"] == (
        "problem 1 seems to hold several problems that could not be taken apart: "
        "write them one by one"
    )
    assert tally.to_look_at == 1


def test_a_cell_with_only_a_greeting_is_a_note_and_no_vote(answer, monkeypatch):
    greeting = SplitText((), furniture=(Passage("Best regards, Ann", 0, 17),))
    monkeypatch.setattr("triage_agent.triage.flow.split_text", lambda _: greeting)
    (row,), tally, model = answer([["1", "c", "Best regards, Ann", "", "3M", ""]])
    assert (tally.problems, model.asked) == (0, [])
    assert row["triage_recommendation"] == "no-decision"
    assert row["triage_notes"] == "'problem 1' holds no problem, only 'Best regards, Ann'."


def test_rows_of_one_business_decide_together_and_repeat_the_recommendation(answer):
    rows = [
        ["1", "Acme", "build an app", "", "$12M", "yes"],
        ["2", "Beta", "stock is wrong", "", "3M", "no"],
        ["3", "Acme", "orders are typed", "", "", ""],
    ]
    found, tally, _ = answer(rows, group_by="company")
    assert [row["triage_recommendation"] for row in found] == [
        "both",
        "fractional-ai-officer",
        "both",
    ]
    assert tally.recommendations == {"both": 1, "fractional-ai-officer": 1}


def test_a_conflicting_profile_is_unknown_and_reported(answer):
    rows = [
        ["1", "Acme", "build an app", "", "12M", "yes"],
        ["2", "Acme", "orders are typed", "", "3M", "no"],
    ]
    found, _, _ = answer(rows, group_by="company")
    assert {row["triage_recommendation"] for row in found} == {"take-the-quiz"}
    assert all("different revenues" in row["triage_conflicts"] for row in found)
    assert all("selling software" in row["triage_conflicts"] for row in found)


def test_labels_only_makes_no_recommendation(answer):
    (row,), _, _ = answer(
        [["1", "c", "stock is wrong", "", "3M", "no"]],
        labels_only=True,
        split=False,
        problems=["problem 1"],
    )
    assert row["triage_1_label"] == "automate-process"
    assert "triage_recommendation" not in row


def test_a_failed_row_keeps_its_place_has_no_label_and_stands_in_the_errors_file(answer):
    rows = [["1", "c", "stock is wrong", "", "3M", "no"], ["2", "c", "fail", "build", "3M", "no"]]
    found, tally, _ = answer(rows)
    assert (found[1]["triage_1_outcome"], found[1]["triage_1_label"]) == ("error", "")
    assert found[1]["triage_1_error"] == "service_server: It failed."
    assert found[1]["triage_provisional"] in (True, "true", "True")
    assert tally.errors == 1
    lines = errors_path(answer.folder / "out.csv").read_text().splitlines()
    (record,) = (json.loads(line) for line in lines)
    assert (record["row"], record["problem"]) == (3, 1)  # as a spreadsheet numbers it
    assert record["values"]["id"] == "2"


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".jsonl"])
@pytest.mark.parametrize("group", [None, "company"])
def test_retrying_errors_asks_about_just_those_rows(answer, suffix, group):
    rows = [
        ["1", "a", "stock is wrong", "", "3M", "no"],
        ["2", "a", "fail", "build a", "3M", "no"],
        ["3", "b", "build b", "build c", "3M", "no"],
    ]
    answer(rows, suffix, group_by=group)
    rows[1][2] = "build again"
    undisturbed, _, _ = answer(rows, suffix, name="other", group_by=group)
    found, tally, model = answer(rows, suffix, kept=True, group_by=group)
    assert sorted(model.asked) == ["build a", "build again"]
    assert tally.kept == 2
    assert found == undisturbed
    assert not errors_path(answer.folder / f"out{suffix}").exists()


def test_retrying_never_takes_the_answers_of_another_row(answer):
    rows = [["1", "a", "stock is wrong", "", "", ""], ["2", "b", "build an app", "", "", ""]]
    answer(rows)
    found, tally, _ = answer(rows[::-1], kept=True)
    assert tally.kept == 0
    assert [row["triage_1_label"] for row in found] == ["build-software", "automate-process"]


def test_what_stops_the_run_is_raised_and_an_older_out_stays(answer):
    out = answer.folder / "out.csv"
    out.write_text("before")
    with pytest.raises(StopError):
        answer([["1", "c", "fine", "", "", ""], ["2", "c", "stop", "fine", "", ""]])
    assert out.read_text() == "before"


def test_an_input_column_with_one_of_our_names_is_replaced(answer):
    (row,), _, _ = answer(
        [["1", "stock is wrong", "old"]], header=["id", "problem 1", "triage_recommendation"]
    )
    assert row["triage_recommendation"] == "fractional-ai-officer"


def test_a_page_is_written_for_each_business_and_its_text_is_escaped(answer, tmp_path):
    rows = [
        ["../../evil", "Acme", "orders are typed <script onload=alert(1)", "", "3M", "no"],
        ["2", "Acme", "build [link](http://x)", "", "3M", "no"],
        ["3", "Beta", "stock is wrong", "", "3M", "no"],
    ]
    with closing(BatchPages(WantedPages(tmp_path / "pages"))) as wanted:
        answer(rows, page=wanted.page, group_by="company")
    pages = sorted(path.name for path in (tmp_path / "pages").iterdir())
    assert pages == ["acme.html", "beta.html"]
    page = (tmp_path / "pages" / pages[0]).read_text()
    assert "<script>" not in page
    assert "&lt;s" in page  # with the evidence marked in the middle of it
    assert "Advice for Acme: A tie" in page
    assert "build [link](http://x)" in page  # text, and no link
    assert "<a " not in page


def test_a_page_of_a_row_that_was_kept_is_as_whole_as_the_first(answer, tmp_path):
    rows = [["1", "Acme", "orders are typed", "", "3M", "no"], ["2", "B", "fail", "", "", ""]]
    with closing(BatchPages(WantedPages(tmp_path / "first"))) as wanted:
        answer(rows, page=wanted.page)
    with closing(BatchPages(WantedPages(tmp_path / "second"))) as wanted:
        _, tally, _ = answer(rows, kept=True, page=wanted.page)
    assert tally.kept == 1
    first, second = (tmp_path / name / "acme.html" for name in ("first", "second"))
    assert "orders are typed" in first.read_text()
    assert second.read_text() == first.read_text()


def summary_of(answer, rows, folder=None, **more):
    """Return the text of the summary that a batch writes about the rows."""
    path = answer.folder / "summary.html"
    with closing(BatchPages(WantedPages(folder, path))) as pages:
        answer(rows, page=pages.page, short_texts=pages.short_texts, **more)
        said = list(pages.finish({"forms": "forms.csv"}, answer.folder / "out.csv"))
    assert any(str(path) in line for line in said)
    return path.read_text(encoding="utf-8")


QUEUE = [
    ["f1", "Acme", "build an app for <b>all</b>", "vague thing", "", ""],
    ["f2", "Beta", "orders are typed " + "and typed " * 500, "fail", "", ""],
    ["f3", "Acme", "stock is wrong", "", "", ""],
]


@pytest.mark.parametrize("group", [None, "company"])
def test_a_summary_counts_the_batch_and_shows_the_queue(answer, group):
    page = summary_of(answer, QUEUE, group_by=group)
    businesses = 2 if group else 3
    assert f"<dt>businesses</dt><dd>{businesses}</dd>" in page
    assert "<dt>problems</dt><dd>5</dd>" in page
    assert "vague thing" in page
    assert "row 2, problem 2" in page
    assert "Beta" in page
    assert '<span class="tag error">error</span> It failed.' in page


def test_a_summary_needs_only_the_beginnings_of_texts_and_pages_need_the_whole(answer, tmp_path):
    rows = [["1", "A", "vague " + "word " * 500, "", "", ""]]
    page = summary_of(answer, rows, group_by="company")
    assert "vague word" in page
    assert "word " * 60 not in page
    summary_of(answer, rows, tmp_path / "pages", group_by="company")
    assert "word " * 400 in (tmp_path / "pages" / "a.html").read_text()


def test_labels_alone_have_a_summary_without_recommendations(answer):
    page = summary_of(answer, QUEUE, labels_only=True, split=False, problems=["problem 1"])
    assert "<dt>rows</dt><dd>3</dd>" in page
    assert "Recommendations" not in page
    assert "automate-process" in page


def test_two_runs_write_the_same_summary(answer):
    assert summary_of(answer, QUEUE) == summary_of(answer, QUEUE)


def triage(*arguments):
    return subprocess.run(
        [sys.executable, "-m", "triage_agent.cli.main", "batch", *arguments],
        capture_output=True,
        timeout=60,
        check=False,
        text=True,
    )


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(["none.csv", "-o", "out.csv"], 4, "none.csv", id="no such file"),
        pytest.param(["{forms}", "-o", "out.doc"], 2, ".xlsx", id="an unknown format"),
        pytest.param(["{forms}"], 2, "--output", id="no output"),
        pytest.param(
            ["{forms}", "-o", "o.csv", "--problem-column", "x"], 4, "x", id="no such column"
        ),
        pytest.param(
            ["{forms}", "-o", "o.csv", "--retry-errors"], 4, "o.csv", id="nothing to retry"
        ),
        pytest.param(["{forms}", "-o", "o.csv", "--max-cost", "-1"], 2, "max-cost", id="bad cap"),
        pytest.param(
            ["{forms}", "-o", "o.csv", "--labels-only", "--group-by", "id"], 2, "exclude", id="both"
        ),
        pytest.param(
            ["{forms}", "-o", "o.csv", "--labels-only", "--reports", "d"],
            2,
            "--reports",
            id="pages without recommendations",
        ),
        pytest.param(["{forms}", "-o", "o.csv", "--report", "s.pdf"], 2, ".html", id="a PDF"),
        pytest.param(
            ["{forms}", "-o", "o.csv", "--report", "no/s.html"], 2, "no folder", id="no folder"
        ),
        pytest.param(
            ["{forms}", "-o", "{forms}.csv", "--reports", "{forms}"],
            2,
            "is a file, and a folder is needed",
            id="file",
        ),
        pytest.param(
            ["{forms}", "-o", "o.csv", "-m", "no-such-model", "--max-cost", "1", *NOWHERE],
            2,
            "--price",
            id="a cap without a price",
        ),
    ],
)
def test_what_cannot_be_done_is_said_with_its_exit_code(arguments, code, says, tmp_path):
    forms = tmp_path / "forms.csv"
    forms.write_text("id,problem\n1,stock is wrong\n")
    result = triage(*(a.replace("{forms}", str(forms)) for a in arguments))
    assert result.returncode == code
    assert says in result.stderr
    assert "Traceback" not in result.stderr


def test_two_runs_of_the_embedded_model_write_the_same_bytes(tmp_path):
    forms = tmp_path / "forms.csv"
    forms.write_text(
        "id,problem\n1,Orders are typed by hand every day\n2,We want an app for members\n"
    )
    for name in ("a.csv", "b.csv"):
        result = triage(str(forms), "-o", str(tmp_path / name))
        assert result.returncode == 0
        assert "Problems are read from 'problem'" in result.stderr
    assert (tmp_path / "a.csv").read_bytes() == (tmp_path / "b.csv").read_bytes()
    assert json.loads((tmp_path / "a.csv.run.json").read_text())["tally"]["rows"] == 2


def test_a_batch_writes_a_page_a_business_and_a_summary(tmp_path):
    forms = tmp_path / "forms.csv"
    forms.write_text(
        "id,problem\nA,Orders are typed by hand every day\nB,We want an app for members\n"
    )
    arguments = [str(forms), "-o", str(tmp_path / "o.csv")]
    reports = ["--reports", str(tmp_path / "pages"), "--report", str(tmp_path / "s.html")]
    result = triage(*arguments, *reports)
    assert result.returncode == 0
    assert sorted(path.name for path in (tmp_path / "pages").iterdir()) == [
        "a.html",
        "b.html",
        "index.html",
    ]
    assert "<dt>businesses</dt><dd>2</dd>" in (tmp_path / "s.html").read_text()
    assert f"The summary is in {tmp_path / 's.html'}" in result.stderr
    assert str(tmp_path) not in (tmp_path / "s.html").read_text()


def test_a_page_of_a_batch_holds_the_same_plan_as_the_report_of_advise(tmp_path):
    problems = ["We spend 12 hours a week on typing orders", "Leads get lost between two inboxes"]
    forms = tmp_path / "forms.csv"
    forms.write_text(f"id,problem 1,problem 2,revenue\nAcme,{problems[0]},{problems[1]},3M\n")
    assert triage(str(forms), "-o", str(tmp_path / "o.csv"), "--reports", str(tmp_path)).stderr
    report = tmp_path / "advice.html"
    advise = ["-m", "triage_agent.cli.main", "advise", *problems, "--revenue", "3M", "-o", report]
    subprocess.run([sys.executable, *advise], capture_output=True, timeout=60, check=True)
    page, alone = (path.read_text(encoding="utf-8") for path in (tmp_path / "acme.html", report))
    assert "What the stated hours cost" in page
    assert page.replace("Advice for Acme", "Advice") == alone
