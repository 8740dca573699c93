"""A person settles what a batch was unsure about; answers outlive re-runs, OUT keeps its bytes."""

import csv
import json
import re
from itertools import count
from pathlib import Path

import pytest
from openpyxl import load_workbook
from typer.testing import CliRunner

from support.program import in_pseudo_terminal
from triage_agent.advice.decision import decide
from triage_agent.advice.quiz import load_quiz
from triage_agent.advice.rules import Profile
from triage_agent.batch.read_output import how_to_read
from triage_agent.batch.reviews import (
    Review,
    append_review,
    load_reviews,
    reviews_path,
    text_key,
)
from triage_agent.batch.write_output import errors_path, run_path
from triage_agent.cli import review_walk, telling
from triage_agent.cli.main import app
from triage_agent.cli.review_walk import ReviewChoice
from triage_agent.errors import InputError, ServiceError, SettingsError
from triage_agent.evals.cases import read_cases
from triage_agent.intake import split_problems
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.models.factory import OpenBackend
from triage_agent.tables import open_sheet, open_written, read_back
from triage_agent.types import Classification, Label, Outcome, Prediction, Signals

SUFFIXES = [".csv", ".xlsx", ".jsonl"]
HEADER = ["id", "company", "problem 1", "problem 2", "revenue", "sells software"]
BUILD, AUTOMATE, OUTSIDE, KEEP = (
    ReviewChoice.BUILD,
    ReviewChoice.AUTOMATE,
    ReviewChoice.OUTSIDE,
    ReviewChoice.KEEP,
)
IDS = count()
MANY = "1. orders are typed\n2. stock is typed\n3. bills are typed\n4. hours are typed"
SKIP, QUIT, STOP = ReviewChoice.SKIP, ReviewChoice.QUIT, KeyboardInterrupt()


class Scripted:
    """A model that reads its answer in the text: build, vague, torn, fail, p=0.7 (no evidence)."""

    backend, name, prompt = "scripted", "scripted-1", None

    def __init__(self):
        self.asked = []

    async def predict(self, problem):
        self.asked.append(problem.text)
        if "fail" in problem.text:
            raise ServiceError("It failed.", "server")
        label = Label.BUILD if "build" in problem.text else Label.AUTOMATE
        stated = re.search(r"p=(0\.\d+)", problem.text)
        sure = 0.5 if "torn" in problem.text else float(stated[1]) if stated else 0.9
        return Prediction(
            label,
            Signals(too_vague="vague" in problem.text),
            p_build=sure if label is Label.BUILD else 1 - sure,
            probability_from="script",
            evidence=() if stated else (problem.text[:30],),
            rationale="The model's reason.",
        )

    async def aclose(self):
        pass


class Person:
    """Who answers the questions; a tuple is a note and then the answer."""

    def __init__(self, answers):
        self.waiting, self.notes = list(answers), []

    def choose(self, question, choices):
        answer = self.waiting.pop(0)
        if isinstance(answer, tuple):
            self.notes.append(answer[0])
            self.waiting.insert(0, answer[1])
            answer = ReviewChoice.NOTE
        if isinstance(answer, BaseException):
            raise answer
        assert answer.value in choices
        return answer.value

    def type(self, question):
        return self.notes.pop(0)


class Desk:
    """A folder with forms and OUT, and the commands `batch` and `review`."""

    def __init__(self, folder, monkeypatch):
        self.forms, self.out, self.folder = folder / "forms.csv", folder / "out.csv", folder
        self.model, self.patch, self.said = Scripted(), monkeypatch, ""
        # The rules alone: what is tested here must not depend on the learned judge.
        monkeypatch.setattr("triage_agent.triage.flow.split_text", split_problems)

    def write(self, rows, header=HEADER):
        with self.forms.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([header, *rows])

    def batch(self, *options, rows=None, suffix=".csv", code=0):
        if rows is not None:
            self.write(rows)
        self.out = self.folder / f"out{suffix}"
        backend = OpenBackend(self.model, "backend: me")
        self.patch.setattr("triage_agent.triage.flow.open_backend", lambda *_: backend)
        return self._run("batch", str(self.forms), "-o", str(self.out), *options, code=code)

    def review(self, *options, answers=None, code=0):
        """Run `triage review`, in a terminal if there are answers; return standard output."""
        person = Person(answers or ())
        self.patch.setattr(review_walk, "choose", person.choose)
        self.patch.setattr(review_walk, "answer_line", person.type)
        self.patch.setattr(telling, "in_terminal", lambda: answers is not None)
        shown = self._run("review", str(self.out), *options, code=code)
        assert not person.waiting, "the person was asked less than expected"
        return shown

    def queue(self, *options):
        shown = self.review("--list", "--json", *options)
        return [json.loads(line) for line in shown.splitlines()]

    def rows(self):
        return list(read_back(self.out))

    def kept(self):
        return [json.loads(line) for line in reviews_path(self.out).read_text().splitlines()]

    def _run(self, *arguments, code):
        result = CliRunner().invoke(app, arguments, env={"COLUMNS": "60"})
        self.said = result.stderr
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        assert result.exit_code == code, result.output
        return result.stdout


@pytest.fixture
def desk(tmp_path, monkeypatch):
    return Desk(tmp_path, monkeypatch)


def form(*problems, company="Acme", revenue="3M", sells="no"):
    first, second = (*problems, "")[:2]
    return [f"f{next(IDS)}", company, first, second, revenue, sells]


def texts(queue):
    return [item["text"] for item in queue]


def test_the_most_valuable_come_first(desk):
    desk.batch(
        rows=[
            form("build p=0.80", MANY),
            form("sure thing", "typed by hand"),
            form("vague, but alone", "build a"),
            form("orders p=0.70", "orders b p=0.95"),
            form("vague among many\n", MANY),
            form("orders fail", MANY),
            form("torn", MANY),
        ],
        code=3,
    )
    queue = desk.queue()
    assert texts(queue) == [
        "vague, but alone",  # could change the recommendation
        "orders p=0.70",
        "orders b p=0.95",
        "vague among many",  # no probability
        "torn",
        "build p=0.80",
        "orders fail",  # the model can be asked again
    ]
    assert [item["provisional"] for item in queue] == [True] * 3 + [False] * 4


def test_what_makes_the_recommendation_of_a_whole_business_provisional_comes_first(desk):
    rows = [
        form("vague in Acme", company="Acme"),
        form(MANY, company="Acme"),
        form("vague in Beta", company="Beta"),
        form("build", company="Beta"),
    ]
    desk.batch("--group-by", "company", rows=rows)
    queue = desk.queue()
    assert texts(queue) == ["vague in Beta", "vague in Acme"]
    assert [item["provisional"] for item in queue] == [True, False]


def test_a_listed_problem_says_where_it_stands_and_what_was_found(desk):
    desk.batch(rows=[form("orders p=0.70", "build a")])
    (item,) = desk.queue()
    assert item == {
        "schema_version": 2,
        "row": 2,
        "problem": 1,
        "id": item["id"],
        "text_sha256": text_key("orders p=0.70"),
        "recommendation": "take-the-quiz",
        "provisional": True,
        "business": "Acme",
        "copies": 0,
        "note": "",
        "text": "orders p=0.70",
        "outcome": "classified",
        "label": "automate-process",
        "probability": 0.7,
        "probability_from": "script",
        "decided_by": "model",
        "abstained_because": None,
        "needs_review": True,
        "review_reasons": ["no_evidence"],
        "evidence": [],
        "rationale": "The model's reason.",
        "error": None,
    }
    shown = " ".join(desk.review("--list").split())
    assert "row 2, problem 1" in shown
    assert "work to automate · 70 % sure" in shown
    assert "it makes the recommendation provisional: a tie, which the readiness quiz" in shown


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_answers_reach_out_and_every_other_cell_stays(desk, suffix):
    rows = [
        form("vague", "=SUM(A1) build"),
        form("orders are typed", "@stock é ‘x’"),
        form("torn", "stock p=0.8", revenue="800k"),
    ]
    desk.batch(rows=rows, suffix=suffix)
    before = desk.rows()
    desk.review(answers=[BUILD, AUTOMATE, OUTSIDE])
    after = desk.rows()
    ours = {"outcome", "label", "probability", "probability_from", "decided_by", "needs_review"}
    ours |= {"review_reasons", "abstained_because", "rationale", "rule_trace", "rule"}
    ours |= {"recommendation", "provisional", "provisional_because", "to_settle", "holds_several"}
    for old, new in zip(before, after, strict=True):
        assert list(old) == list(new)
        changed = {name for name in old if old[name] != new[name]}
        assert {re.sub(r"triage_(\d_)?", "", name) for name in changed} <= ours
    assert after[1] == before[1]
    assert after[0]["triage_1_label"] == "build-software"
    assert after[0]["triage_1_decided_by"] == "person"
    assert str(after[0]["triage_1_needs_review"]).casefold() == "false"
    assert after[0]["triage_1_probability"] in (None, "")
    assert after[0]["triage_1_abstained_because"] in (None, "")
    assert after[0]["triage_recommendation"] == "fractional-cto"
    assert before[2]["triage_2_probability"] in (0.8, "0.8")
    assert [after[2][f"triage_2_{name}"] or None for name in ("probability", "outcome")] == [
        None,
        "abstained",
    ]


@pytest.mark.parametrize("suffix", SUFFIXES)
@pytest.mark.parametrize("options", [[], ["--group-by", "company"]], ids=["rows", "businesses"])
def test_a_rerun_of_the_batch_writes_the_same_bytes_as_the_review(desk, suffix, options):
    rows = [
        form("vague", "=SUM(A1) build", company="Acme"),
        form("torn one", "build an app", company="Beta"),
        form("orders p=0.7\nand more", "", company="Acme", revenue=""),
        form("fail", "vague, like the first", company="Cora"),
        form("vague", "", company=""),
    ]
    desk.batch(*options, rows=rows, suffix=suffix, code=3)
    desk.review(answers=[OUTSIDE, BUILD, AUTOMATE, KEEP, AUTOMATE])
    reviewed = desk.out.read_bytes()
    desk.batch(*options, suffix=suffix)
    assert desk.out.read_bytes() == reviewed
    assert "6 problems are as a person decided (out" in desk.said
    assert not errors_path(desk.out).exists()
    assert desk.queue() == []


def test_all_rows_of_a_business_get_its_new_recommendation(desk):
    rows = [
        form("orders are typed", company="Acme"),
        form("build b", company="Beta"),
        form("build c", company="Acme", revenue=""),
        form("vague", company="Acme", revenue=""),
    ]
    desk.batch("--group-by", "company", rows=rows)
    assert [row["triage_recommendation"] for row in desk.rows()] == [
        "take-the-quiz",
        "fractional-cto",
        "take-the-quiz",
        "take-the-quiz",
    ]
    desk.review(answers=[AUTOMATE])
    assert {row["company"]: row["triage_recommendation"] for row in desk.rows()} == {
        "Acme": "fractional-ai-officer",
        "Beta": "fractional-cto",
    }
    assert "recommendations that changed: 1" in desk.said


@pytest.mark.parametrize(
    ("answer", "label"), [(BUILD, Label.BUILD), (AUTOMATE, Label.AUTOMATE), (OUTSIDE, None)]
)
@pytest.mark.parametrize("revenue", ["500k", "3M", "12M", ""])
@pytest.mark.parametrize("sells", ["yes", "no"])
def test_the_recommendation_is_that_of_decide_on_the_new_labels(
    desk, answer, label, revenue, sells
):
    desk.batch(rows=[form("vague", "build an app", revenue=revenue, sells=sells)])
    desk.review(answers=[answer])
    outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    decision = decide(
        [
            Classification("1", "", outcome, "b", "m", label),
            Classification("2", "", Outcome.CLASSIFIED, "b", "m", Label.BUILD),
        ],
        Profile(parse_revenue(revenue or "unknown"), sells == "yes"),
    )
    (row,) = desk.rows()
    assert row["triage_recommendation"] == decision.recommendation.value
    assert row["triage_rule"] == decision.verdict.rule.value
    assert decision.verdict.trace[-1].because in row["triage_rule_trace"]


def test_what_a_person_puts_out_of_scope_leaves_nothing_provisional(desk):
    desk.batch(rows=[form("vague", "1. build an app\n2. orders are typed")])
    assert desk.rows()[0]["triage_provisional"] == "true"
    desk.review(answers=[OUTSIDE])
    (row,) = desk.rows()
    assert (row["triage_provisional"], row["triage_provisional_because"]) == ("false", "")
    assert (row["triage_1_outcome"], row["triage_1_decided_by"]) == ("abstained", "person")
    assert desk.queue() == []


def test_what_is_still_open_keeps_the_recommendation_provisional(desk):
    desk.batch(rows=[form("vague", "1. vague too\n2. build an app")])
    desk.review(answers=[OUTSIDE, SKIP])
    (row,) = desk.rows()
    assert (row["triage_provisional"], row["triage_provisional_because"]) == ("true", "2.2")


def test_each_answer_is_kept_at_once_and_what_was_answered_is_not_asked_again(desk):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build"), form("vague c", "build")])
    before = desk.out.read_bytes()
    desk.review(answers=[BUILD, AUTOMATE, STOP], code=130)
    assert [(one["label"], one["outcome"]) for one in desk.kept()] == [
        ("build-software", "classified"),
        ("automate-process", "classified"),
    ]
    assert "2 problems answered and kept" in desk.said
    assert desk.out.read_bytes() == before
    assert texts(desk.queue()) == ["vague c"]
    desk.review(answers=[OUTSIDE])
    assert [row["triage_1_label"] for row in desk.rows()] == [
        "build-software",
        "automate-process",
        "",
    ]


def test_quitting_applies_what_was_answered(desk):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build")])
    desk.review(answers=[BUILD, QUIT])
    assert [row["triage_1_decided_by"] for row in desk.rows()] == ["person", ""]


def test_a_record_holds_the_keys_that_others_rely_on(desk):
    desk.batch(rows=[form("vague", "build")])
    desk.review(answers=[("ask Ann", OUTSIDE)])
    (record,) = desk.kept()
    assert " ".join(record) == "schema_version row problem id text_sha256 label outcome note at"
    assert record | {"at": "", "id": ""} == {
        "schema_version": 1,
        "row": 2,
        "problem": 1,
        "id": "",
        "text_sha256": text_key("vague"),
        "label": None,
        "outcome": "abstained",
        "note": "ask Ann",
        "at": "",
    }
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\+00:00", record["at"])


def test_out_is_left_alone_if_the_answers_change_nothing(desk):
    desk.batch(rows=[form("vague", "build")])
    desk.review(answers=[BUILD])
    stamp = desk.out.stat().st_mtime_ns
    assert json.loads(desk.review("--apply", "--json")) == {
        "problems": 0,
        "rows": 0,
        "recommendations": 0,
        "pages": [],
    }
    assert desk.out.stat().st_mtime_ns == stamp


def test_apply_makes_up_for_a_stopped_walk(desk):
    desk.batch(rows=[form("vague", "build"), form("torn", "build b")])
    desk.review(answers=[AUTOMATE, STOP], code=130)
    assert json.loads(desk.review("--apply", "--json")) == {
        "problems": 1,
        "rows": 1,
        "recommendations": 1,
        "pages": [],
    }
    assert [row["triage_1_decided_by"] for row in desk.rows()] == ["person", "TB4"]


def test_the_last_answer_wins_and_is_asked_for_only_with_again(desk):
    desk.batch(rows=[form("vague", "build")])
    desk.review(answers=[BUILD])
    desk.review(answers=[])
    assert "Nothing is left" in desk.said
    desk.review("--again", answers=[AUTOMATE])
    assert desk.rows()[0]["triage_1_label"] == "automate-process"
    desk.batch()
    assert desk.rows()[0]["triage_1_label"] == "automate-process"


@pytest.mark.parametrize(
    ("text", "label", "outcome"),
    [("torn", "automate-process", "classified"), ("vague", "", "abstained")],
)
def test_keeping_a_problem_settles_it_as_it_is(desk, text, label, outcome):
    desk.batch(rows=[form(text, "1. build an app\n2. orders are typed")])
    assert desk.rows()[0]["triage_provisional"] == "true"
    desk.review(answers=[KEEP])
    (row,) = desk.rows()
    assert (row["triage_1_label"], row["triage_1_outcome"]) == (label, outcome)
    assert (row["triage_1_decided_by"], row["triage_provisional"]) == ("person", "false")


def test_an_error_cannot_be_kept_but_answered_and_is_then_an_error_no_more(desk):
    desk.batch(rows=[form("fail a", "fail b")], code=3)
    with pytest.raises(AssertionError):
        desk.review(answers=[KEEP])
    desk.review(answers=[BUILD, SKIP])
    (row,) = desk.rows()
    assert (row["triage_1_outcome"], row["triage_1_error"]) == ("classified", "")
    (left,) = errors_path(desk.out).read_text().splitlines()
    assert json.loads(left)["problem"] == 2
    desk.review(answers=[AUTOMATE])
    assert not errors_path(desk.out).exists()
    desk.model.asked.clear()
    desk.batch("--retry-errors")
    assert desk.model.asked == []
    assert desk.rows()[0]["triage_recommendation"] == "take-the-quiz"


def test_the_models_reason_stays_only_with_the_models_label(desk):
    desk.batch(rows=[form("torn a", "torn b")])
    desk.review(answers=[("so Ann says", AUTOMATE), ("so Bob says", BUILD)])
    (row,) = desk.rows()
    assert (row["triage_1_rationale"], row["triage_2_rationale"]) == (
        "The model's reason.",
        "so Bob says",
    )


def test_a_note_alone_is_kept_and_leaves_the_problem_open(desk):
    desk.batch(rows=[form("vague", "build")])
    desk.review(answers=[("ask Ann", SKIP)])
    (item,) = desk.queue()
    assert item["note"] == "ask Ann"
    assert desk.rows()[0]["triage_1_decided_by"] == ""
    desk.review(answers=[SKIP])
    assert len(desk.kept()) == 1
    desk.review(answers=[BUILD])
    assert desk.kept()[-1]["note"] == "ask Ann"
    desk.review("--again", answers=[("", SKIP)])
    assert load_reviews(reviews_path(desk.out))[text_key("vague")].label is Label.BUILD


def test_the_same_text_is_asked_about_once_and_settled_everywhere(desk):
    desk.batch(rows=[form("vague", "build"), form("other", "vague"), form("1. vague\n2. build")])
    (item,) = desk.queue()
    assert item["copies"] == 2
    desk.review(answers=[BUILD])
    found = desk.rows()
    assert [found[0]["triage_1_decided_by"], found[1]["triage_2_decided_by"]] == ["person"] * 2
    assert found[2]["triage_1_label"] == "build-software"


def test_answers_follow_the_text_when_rows_move_and_a_changed_text_is_asked_anew(desk):
    rows = [form("vague a", "build"), form("vague b", "build"), form("fine", "build")]
    desk.batch(rows=rows)
    desk.review(answers=[AUTOMATE, OUTSIDE])
    rows[0][2] = "vague A"
    desk.batch(rows=[rows[2], rows[1], rows[0]])
    assert [row["triage_1_decided_by"] for row in desk.rows()] == ["model", "person", ""]
    assert texts(desk.queue()) == ["vague A"]


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
@pytest.mark.parametrize("group", [(), ("--group-by", "company")], ids=["rows", "groups"])
def test_what_stands_around_the_header_stays_there_and_rows_keep_their_numbers(desk, suffix, group):
    titles = [["=Forms of May", "Exported by Ann"], []]
    forms = [form("fine"), [], form("vague a"), form("fail")]
    desk.write([*titles[1:], HEADER, *forms], header=titles[0])
    desk.batch(*group, suffix=suffix, code=3)
    settle = [row["triage_provisional_because"] for row in desk.rows()]
    rows = [(item["row"], item["problem"]) for item in desk.queue()]
    assert sorted(rows) == [(6, 1), (7, 1)]  # below the titles, the header and the gap
    assert any("6.1" in str(names) for names in settle)
    (record,) = map(json.loads, errors_path(desk.out).read_text().splitlines())
    assert (record["row"], record["problem"]) == (7, 1)
    desk.review(answers=[BUILD, AUTOMATE])
    assert [row["triage_1_decided_by"] for row in desk.rows()] == ["model", "person", "person"]
    assert not errors_path(desk.out).exists()
    out = open_written(desk.out)
    assert [row.number for row in out.rows()] == [4, 6, 7]
    assert out.titles == tuple(map(tuple, titles))


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_header_of_two_rows_is_one_in_the_review_too(desk, suffix):
    options = ["", "Open-Ended Response", "Open-Ended Response", "Response", "Response", ""]
    desk.write([options, form("vague a"), form("fail")])
    desk.batch("--no-split", suffix=suffix, code=3)
    assert sorted(item["row"] for item in desk.queue()) == [3, 4]
    run_path(desk.out).unlink()  # the columns are found again, by the same reader
    assert sorted(item["row"] for item in desk.queue()) == [3, 4]
    desk.batch("--no-split", "--retry-errors", suffix=suffix, code=3)
    assert [text for text in desk.model.asked if text == "vague a"] == ["vague a"]
    desk.review(answers=[BUILD, AUTOMATE])
    (extra,) = open_written(desk.out).extra_header
    assert [cell or "" for cell in extra][:5] == options[:5]


def test_a_formula_stays_neutralised(desk):
    desk.batch(rows=[form("=1+1 vague", "@x build")])
    desk.review(answers=[("=cmd|' /C calc'!A0", BUILD)])
    raw = desk.out.read_text(encoding="utf-8-sig")
    assert "'=1+1 vague" in raw
    assert "'@x build" in raw
    assert "'=cmd|" in raw
    assert not re.search(r"(^|,)\"?[=@]", raw)
    desk.batch(suffix=".xlsx")
    reviews_path(desk.out).write_text(reviews_path(desk.folder / "out.csv").read_text())
    desk.review("--apply")
    cells = [cell for row in load_workbook(desk.out).active for cell in row if cell.value]
    assert {cell.data_type for cell in cells} <= {"s", "n", "b"}


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_lists_in_json_are_found_again_in_every_format(desk, suffix):
    desk.forms = desk.folder / "forms.jsonl"
    forms = [
        {"id": 1, "problems": ["build a", "vague [b]"], "revenue": 3000000},
        {"id": 2, "problems": '["stock", is vague', "revenue": None, "extra": {"a": [1]}},
        {"id": 3, "problems": ["vague, alone in its list"], "revenue": None},
    ]
    expected = {"vague [b]", '["stock", is vague', "vague, alone in its list"}
    desk.forms.write_text("".join(json.dumps(one) + "\n" for one in forms))
    desk.batch(suffix=suffix)
    assert set(texts(desk.queue())) == expected
    run_path(desk.out).unlink()
    assert set(texts(desk.queue())) == expected
    desk.review(answers=[BUILD, BUILD, BUILD])
    reviewed = desk.out.read_bytes()
    desk.batch(suffix=suffix)
    assert desk.out.read_bytes() == reviewed


def test_the_columns_and_options_of_the_batch_are_used_again(desk):
    desk.write([["vague\nbuild this", "€3M", "1. a 2. vague"]], header=["words", "money", "lists"])
    desk.batch(
        *("--problem-column", "words", "--problem-column", "lists", "--no-split"),
        *("--revenue-column", "money", "--usd-rate", "1.1"),
    )
    queue = desk.queue()
    assert texts(queue) == ["vague\nbuild this", "1. a 2. vague"]
    desk.review(answers=[AUTOMATE, SKIP])
    assert "revenue $3.3M, from $1M to $10M" in desk.rows()[0]["triage_rule_trace"]


def test_without_the_record_of_the_run_columns_are_guessed(desk):
    desk.batch(rows=[form("vague", "build", revenue="12M", sells="yes")])
    run_path(desk.out).unlink()
    desk.review(answers=[AUTOMATE])
    assert desk.rows()[0]["triage_recommendation"] == "both"


@pytest.mark.parametrize("points", [1, 4], ids=["weak", "ready"])
def test_without_the_record_the_scale_of_the_quiz_is_seen_in_its_answers(desk, points):
    names = [f"quiz_{one.id}" for one in load_quiz().questions]
    ready = ["x1", "orders are typed", *[4] * len(names)]
    tied = ["x2", "1. vague\n2. build an app\n3. orders are typed", *[points] * len(names)]
    desk.write([ready, tied], header=["id", "problem", *names])
    desk.batch()
    run_path(desk.out).unlink()
    assert how_to_read(desk.out).quiz_scale == "1-4"
    desk.review(answers=[OUTSIDE])
    wanted = {1: "fractional-cto", 4: "fractional-ai-officer"}
    assert desk.rows()[1]["triage_recommendation"] == wanted[points]


def test_a_guess_that_contradicts_out_is_refused(desk):
    rows = [form("vague", company="Acme"), form("build", company="Acme")]
    desk.batch("--group-by", "company", rows=rows)
    run_path(desk.out).unlink()
    before = desk.out.read_bytes()
    with pytest.raises(InputError, match=r"out\.csv\.run\.json does not say.*Run the batch again"):
        desk.review("--apply")
    assert desk.out.read_bytes() == before


def edit(desk, change):
    with desk.out.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    change(rows)
    with desk.out.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def test_a_row_whose_problems_were_changed_is_left_out_and_said(desk):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build")])
    edit(desk, lambda rows: rows[1].__setitem__(3, ""))
    assert texts(desk.queue()) == ["vague b"]
    assert "Rows left out: 1 (row 2)." in desk.said
    edit(desk, lambda rows: rows[2].__setitem__(3, ""))
    with pytest.raises(InputError, match="In no row"):
        desk.queue()


def test_a_cell_that_no_batch_writes_is_named(desk):
    desk.batch(rows=[form("vague", "build")])

    def spoil(rows):
        rows[1][rows[0].index("triage_2_label")] = "bild"

    edit(desk, spoil)
    with pytest.raises(InputError, match=r"row 2: A column of triage_2 .*'bild'"):
        desk.queue()


def test_a_column_that_the_user_deleted_stays_deleted(desk):
    desk.batch(rows=[form("vague", "build")])

    def narrow(rows):
        place = rows[0].index("triage_1_rationale")
        for row in rows:
            del row[place]

    edit(desk, narrow)
    desk.review(answers=[BUILD])
    (row,) = desk.rows()
    assert "triage_1_rationale" not in row
    assert row["triage_1_label"] == "build-software"


def test_labels_only_is_reviewed_without_recommendations(desk):
    desk.batch("--labels-only", "--problem-column", "problem 1", rows=[form("vague"), form("torn")])
    assert [item["recommendation"] for item in desk.queue()] == [None, None]
    desk.review(answers=[BUILD, AUTOMATE])
    assert [row["triage_1_decided_by"] for row in desk.rows()] == ["person", "person"]
    assert "triage_recommendation" not in desk.rows()[0]


def test_a_text_too_long_for_an_excel_cell_keeps_its_answer(desk):
    desk.batch(rows=[form("vague " + "x" * 40_000, "build")], suffix=".xlsx")
    desk.review(answers=[AUTOMATE])
    desk.batch(suffix=".xlsx")
    assert desk.rows()[0]["triage_1_decided_by"] == "person"


def test_exported_answers_are_an_eval_set(desk):
    rows = [form("vague", "build a"), form("torn", "build b"), form("vague", "stock p=0.7")]
    desk.batch(rows=rows)
    desk.review(answers=[OUTSIDE, BUILD, SKIP])
    cases = desk.folder / "cases.jsonl"
    desk.review("--export", str(cases))
    assert [json.loads(line) for line in cases.read_text().splitlines()] == [
        {"id": f"{rows[0][0]}-1", "text": "vague", "label": None},
        {"id": f"{rows[1][0]}-1", "text": "torn", "label": "build-software"},
    ]
    assert [(case.text, case.label) for case in read_cases(cases)] == [
        ("vague", None),
        ("torn", Label.BUILD),
    ]


def test_exported_ids_are_unique_even_if_the_forms_are_not(desk):
    rows = [form("vague a", "build"), form("vague b", "build"), form("fine")]
    rows[1][0] = rows[0][0]
    desk.batch("--id-column", "id", rows=rows)
    desk.review(answers=[BUILD, BUILD])
    desk.review("--export", str(desk.folder / "cases.jsonl"))
    cases = read_cases(desk.folder / "cases.jsonl")
    assert [case.id for case in cases] == [f"{rows[0][0]}-1", "row-3-1"]


@pytest.mark.parametrize(
    ("options", "error", "says"),
    [
        pytest.param([], SettingsError, "--list, --apply and --export", id="no terminal"),
        pytest.param(["--export", "cases.csv"], SettingsError, r"\.jsonl", id="no JSON Lines"),
        pytest.param(["--export", "{out}.reviews.jsonl"], SettingsError, "new", id="the answers"),
        pytest.param(["--export", "x.jsonl"], InputError, "Answer some first", id="no answers"),
    ],
)
def test_what_cannot_be_done_is_said(desk, options, error, says):
    desk.batch(rows=[form("vague", "build")])
    with pytest.raises(error, match=says):
        desk.review(*(option.replace("{out}", str(desk.out)) for option in options))


def test_list_excludes_apply_and_export(desk):
    desk.batch(rows=[form("vague", "build")])
    desk.review("--list", "--apply", code=2)


@pytest.mark.parametrize(
    ("name", "content", "error", "says"),
    [
        pytest.param("none.csv", None, InputError, "no file", id="missing"),
        pytest.param("a.doc", "x", SettingsError, "must end in", id="a format of others"),
        pytest.param("a.csv", "", InputError, "empty", id="empty"),
        pytest.param("a.jsonl", "", InputError, "not the output", id="empty JSON Lines"),
        pytest.param("a.csv", "id,problem\n1,x\n", InputError, "not the output", id="forms"),
        pytest.param("a.xlsx", "hello", InputError, "a.xlsx", id="no workbook"),
        pytest.param("a.jsonl", "{}\n{", InputError, "line 2", id="half a line"),
    ],
)
def test_an_out_that_is_none_is_said(desk, name, content, error, says):
    desk.out = desk.folder / name
    if content is not None:
        desk.out.write_text(content)
    with pytest.raises(error, match=says):
        desk.review("--list")


@pytest.mark.parametrize(
    ("name", "error", "says"),
    [("folder.csv", InputError, "is a folder"), (".", SettingsError, "must end in")],
)
def test_a_folder_is_no_out(desk, name, error, says):
    (desk.folder / "folder.csv").mkdir()
    desk.patch.chdir(desk.folder)
    desk.out = Path(name)
    with pytest.raises(error, match=says):
        desk.review("--list")


LINE = {
    "row": 2,
    "problem": 1,
    "id": "f",
    "text_sha256": "0",
    "label": None,
    "outcome": "abstained",
    "at": "",
}


@pytest.mark.parametrize(
    "line",
    [
        pytest.param("no json", id="no JSON"),
        pytest.param("[]", id="no object"),
        pytest.param(json.dumps(LINE | {"label": "app"}), id="no such label"),
        pytest.param(json.dumps(LINE | {"label": "build-software"}), id="a label when abstained"),
        pytest.param(json.dumps(LINE | {"outcome": "classified"}), id="no label when classified"),
        pytest.param(json.dumps(LINE | {"outcome": "error"}), id="an error"),
        pytest.param(json.dumps(LINE | {"schema_version": 2}), id="another version"),
        pytest.param(json.dumps(LINE | {"row": -1}), id="a negative row"),
        pytest.param(json.dumps(LINE | {"by": "Ann"}), id="an unknown key"),
        pytest.param("{}", id="no keys"),
    ],
)
def test_a_line_that_is_no_answer_is_named_before_anything_is_asked_or_paid(desk, line):
    desk.batch(rows=[form("vague", "build")])
    reviews_path(desk.out).write_text(f"{json.dumps(LINE)}\n{line}\n")
    desk.model.asked.clear()
    for command in (desk.batch, desk.queue):
        with pytest.raises(InputError, match=r"out\.csv\.reviews\.jsonl, line 2"):
            command()
    assert desk.model.asked == []


@pytest.mark.parametrize("end", ["", '{"row": 2, "pro', '{"row": 2}x'])
def test_a_line_that_was_not_finished_counts_as_not_written(tmp_path, end):
    path = tmp_path / "out.csv.reviews.jsonl"
    review = Review.model_validate_json(json.dumps(LINE))
    append_review(path, review)
    with path.open("a") as file:
        file.write(end)
    assert list(load_reviews(path)) == ["0"]
    append_review(path, review.model_copy(update={"text_sha256": "1"}))
    assert list(load_reviews(path)) == ["0", "1"]
    assert len(path.read_text().splitlines()) == 2


def test_a_last_line_without_its_end_is_kept(tmp_path):
    path = tmp_path / "out.csv.reviews.jsonl"
    path.write_text(json.dumps(LINE))
    append_review(path, Review.model_validate_json(json.dumps(LINE | {"text_sha256": "1"})))
    assert list(load_reviews(path)) == ["0", "1"]


def test_while_another_run_writes_out_the_answers_are_kept_and_that_is_said(desk):
    desk.batch(rows=[form("vague", "build")])
    with open_sheet(desk.out, ["a"]), pytest.raises(SettingsError, match="Another run") as caught:
        desk.review(answers=[BUILD])
    assert f"`triage review {desk.out} --apply`" in caught.value.message
    assert len(desk.kept()) == 1


def test_a_full_disk_leaves_out_and_what_was_answered_before(desk, monkeypatch):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build")])
    before = desk.out.read_bytes()

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("triage_agent.batch.reviews.os.fsync", full)
    with pytest.raises(SettingsError, match=r"cannot be written .*No space left"):
        desk.review(answers=[BUILD])
    assert desk.out.read_bytes() == before


def test_retrying_errors_keeps_the_names_of_doubtful_problems(desk):
    rows = [form("vague", "build"), form("fail", "build")]
    desk.batch(rows=rows, code=3)
    desk.batch("--retry-errors", code=3)
    assert desk.rows()[0]["triage_provisional_because"] == "2.1"


def test_the_slots_of_out_do_not_depend_on_the_forms_and_what_is_over_is_joined(desk):
    desk.batch("--max-problems", "3", rows=[form(MANY), form("build")])
    full, _ = desk.rows()
    texts = [full[f"triage_{n}_text"] for n in (1, 2, 3)]
    assert texts == ["orders are typed", "stock is typed", "bills are typed\nhours are typed"]
    assert full["triage_3_holds_several"] == "true"
    assert "triage_4_text" not in full
    desk.batch(rows=[form("build")])
    assert [name for name in desk.rows()[0] if name.endswith("_text")] == [
        f"triage_{n}_text" for n in range(1, 6)
    ]


def test_no_slot_at_all_is_a_usage_error(desk):
    desk.write([form("build")])
    with pytest.raises(SettingsError, match="--max-problems must be at least 1, not 0"):
        desk.batch("--max-problems", "0")


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_what_holds_several_is_reviewed_by_its_reason_and_an_answer_clears_it(desk, suffix):
    desk.batch("--no-split", rows=[form("build a", MANY), form("build")], suffix=suffix)
    (item,) = desk.queue()
    assert "holds_several" in item["review_reasons"]
    assert "the text seems to hold several problems" in " ".join(desk.review("--list").split())
    desk.review(answers=[BUILD])
    row = desk.rows()[0]
    assert str(row["triage_2_holds_several"]).casefold() == "false"
    assert row["triage_2_label"] == "build-software"
    assert str(row["triage_provisional"]).casefold() == "false"
    assert row["triage_to_settle"] in (None, "")
    assert desk.queue() == []


def as_the_first_version_wrote_it(desk):
    """Take out of OUT what it did not hold yet, and out of its record how cells are split now."""
    rows = desk.rows()
    new = re.compile(r"triage_(\d_(text|column|holds_several)|to_settle)")
    kept = [{k: v for k, v in row.items() if not new.fullmatch(k)} for row in rows]
    with open_sheet(desk.out, tuple(kept[0])) as sheet:
        for row in kept:
            sheet.write(row)
    record = json.loads(run_path(desk.out).read_text())
    del record["reading"]["max_problems"]
    run_path(desk.out).write_text(json.dumps(record))


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_output_of_the_first_version_is_still_reviewed(desk, suffix):
    desk.batch(rows=[form("torn", "1. build a\n2. torn too"), form("build")], suffix=suffix)
    as_the_first_version_wrote_it(desk)
    assert texts(desk.queue()) == ["torn", "torn too"]
    desk.review(answers=[BUILD, BUILD])
    assert desk.rows()[0]["triage_3_decided_by"] == "person"
    assert "triage_3_text" not in desk.rows()[0]


def test_retrying_errors_takes_over_an_output_of_the_first_version(desk):
    desk.batch(rows=[form("build a", "torn"), form("fail")], code=3)
    as_the_first_version_wrote_it(desk)
    desk.model.asked.clear()
    desk.batch("--retry-errors", code=3)
    assert desk.model.asked == ["fail"]
    assert [desk.rows()[0][f"triage_{n}_text"] for n in (1, 2)] == ["build a", "torn"]


def test_a_problem_whose_words_are_no_longer_in_the_form_is_left_out(desk):
    desk.batch(rows=[form("torn orders"), form("torn stock")])
    rows = desk.rows()
    rows[0]["problem 1"] = "torn bills"
    with open_sheet(desk.out, tuple(rows[0])) as sheet:
        for row in rows:
            sheet.write(row)
    assert texts(desk.queue()) == ["torn stock"]
    assert "Rows left out: 1 (row 2)" in desk.said


def test_retrying_errors_applies_answers_to_rows_that_are_taken_over(desk):
    desk.batch(rows=[form("vague", "build"), form("fail", "build")], code=3)
    desk.review(answers=[AUTOMATE, STOP], code=130)
    desk.model.asked.clear()
    desk.batch("--retry-errors", code=3)
    assert "vague" not in desk.model.asked
    assert desk.rows()[0]["triage_1_decided_by"] == "person"
    assert desk.rows()[0]["triage_recommendation"] == "take-the-quiz"


def test_a_text_cannot_steer_the_terminal(desk):
    desk.batch(rows=[form("vague \x1b]0,owned\x07 [red]x[/red]", "build")])
    desk.review(answers=[SKIP])
    assert "\x1b]" not in desk.said
    assert "[red]x[/red]" in desk.said


def test_in_a_terminal_numbers_answer_and_ctrl_c_keeps_what_was_answered(desk):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build"), form("vague c", "build")])
    keys = [
        ("1 of 3", "6\r"),
        ("Note (", "ask Ann\r"),
        ("1 of 3", "1\r"),
        ("2 of 3", "\x03"),
    ]
    shown, code = in_pseudo_terminal(["review", str(desk.out)], keys)
    assert code == 130
    assert "Traceback" not in shown
    assert "1 problem answered and kept" in " ".join(shown.split())
    assert [(one["label"], one["note"]) for one in desk.kept()] == [("build-software", "ask Ann")]
    keys = [("1 of 2", "2\r"), ("2 of 2", "3\r")]
    shown, code = in_pseudo_terminal(["review", str(desk.out)], keys)
    assert code == 0
    assert [row["triage_1_label"] for row in desk.rows()] == [
        "build-software",
        "automate-process",
        "",
    ]


BACK = ReviewChoice.BACK


def test_back_takes_the_last_answer_back_and_asks_again(desk):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build")])
    desk.review(answers=[BUILD, BACK, OUTSIDE, AUTOMATE])
    assert [row["triage_1_label"] for row in desk.rows()] == ["", "automate-process"]
    assert "2 of 2 problems answered" in desk.said


def test_an_answer_that_was_taken_back_is_open_again(desk):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build")])
    desk.review(answers=[BUILD, BACK, QUIT])
    assert "0 of 2 problems answered" in desk.said
    assert desk.rows()[0]["triage_1_decided_by"] == ""
    assert texts(desk.queue()) == ["vague a", "vague b"]


def test_back_brings_an_earlier_answer_back(desk):
    desk.batch(rows=[form("vague a", "build"), form("vague b", "build")])
    desk.review(answers=[AUTOMATE, AUTOMATE])
    desk.review("--again", answers=[BUILD, BACK, QUIT])
    assert desk.rows()[0]["triage_1_label"] == "automate-process"


def test_a_problem_is_shown_with_its_business_and_the_others_of_its_form(desk):
    desk.batch(rows=[form("vague a", "build an app")])
    desk.review(answers=[SKIP])
    said = " ".join(desk.said.split())
    assert "Acme · row 2, problem 1" in said
    assert "the other problems of this form: 2: build an app → software to build" in said


@pytest.mark.parametrize(
    ("answer", "says"),
    [
        (OUTSIDE, "No answer: about neither kind of work (as a person said)"),
        (KEEP, "No answer: too vague to tell which kind is meant (as a person said)"),
        (AUTOMATE, "Work to automate (as a person said)"),
    ],
)
def test_what_a_person_chose_stands_in_out_as_what_a_person_said(desk, answer, says):
    desk.batch(rows=[form("vague a", "build")], suffix=".xlsx")
    desk.review(answers=[answer])
    sheet = load_workbook(desk.out).worksheets[0]
    assert f"vague a\n→ {says}" in [cell.value for cell in sheet[2]]
