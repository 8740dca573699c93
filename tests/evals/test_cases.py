import json
import random
from collections import Counter
from itertools import pairwise

import openpyxl
import pytest

from support.eval_sets import Ended, Oracle, cases_in, run_main
from triage_agent.errors import InputError
from triage_agent.evals.cases import (
    Attack,
    Case,
    DecisionCase,
    TieCase,
    read_cases,
    stratified,
)
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.summary import counts
from triage_agent.files import folder
from triage_agent.models import embedded
from triage_agent.types import Label, Outcome

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE
CSV = "text,label\nWe type invoices.,automate-process\nTenants want an app.,build-software\n"


def file(home, text, name="cases.csv", encoding="utf-8"):
    path = home / name
    path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
    return path


def lines(*rows):
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def seen(path):
    return [(case.id, case.text, case.label) for case in read_cases(path)]


TWO = [("2", "We type invoices.", AUTOMATE), ("3", "Tenants want an app.", BUILD)]


@pytest.mark.parametrize(
    ("text", "name", "encoding"),
    [
        pytest.param(CSV, "a.csv", "utf-8", id="CSV"),
        pytest.param(CSV, "a.csv", "utf-8-sig", id="a byte-order mark"),
        pytest.param(CSV, "a.csv", "utf-16", id="as Excel's Unicode text"),
        pytest.param(CSV.replace(",", ";"), "a.csv", "utf-8", id="semicolons"),
        pytest.param(CSV.replace(",", "\t"), "a.tsv", "utf-8", id="tabs"),
        pytest.param(CSV.replace("\n", "\r\n"), "a.csv", "utf-8", id="Windows line ends"),
        pytest.param(CSV.replace("text,label", "Text , LABEL"), "a.csv", "utf-8", id="capitals"),
        pytest.param(
            CSV.replace("automate-process", " Automate-Process "), "a.csv", "utf-8", id="a shout"
        ),
    ],
)
def test_ones_own_cases_are_read_from_any_table_and_numbered_by_row(tmp_path, text, name, encoding):
    assert seen(file(tmp_path, text, name, encoding)) == TWO


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_ones_own_cases_are_read_from_json_lines_with_all_that_describes_them(tmp_path, encoding):
    row = {
        "id": "x",
        "text": "We type invoices.",
        "label": "automate-process",
        "difficulty": "hard",
        "voice": "owner",
        "function": "finance",
        "language": "de",
        "mixed": True,
        "note": "left alone",
    }
    (case,) = read_cases(file(tmp_path, lines(row), "cases.jsonl", encoding))
    assert case == Case(**{key: value for key, value in row.items() if key != "note"})
    assert case.slices == {
        "difficulty": "hard",
        "voice": "owner",
        "function": "finance",
        "language": "de",
        "mixed": "true",
    }


def test_ones_own_cases_are_read_from_a_workbook(tmp_path):
    book = openpyxl.Workbook()
    for row in (("text", "label"), ("We type invoices.", "automate-process"), ("Hm.", None)):
        book.active.append(row)
    book.save(tmp_path / "cases.xlsx")
    assert [case.label for case in read_cases(tmp_path / "cases.xlsx")] == [AUTOMATE, None]


@pytest.mark.parametrize("label", ["", " ", "none", "None", "null"])
def test_an_empty_label_says_that_abstaining_is_right(tmp_path, label):
    (case,) = read_cases(file(tmp_path, f'text,label\nPaint it.,"{label}"\n'))
    assert (case.label, case.counted) == (None, True)
    (case,) = read_cases(file(tmp_path, lines({"text": "Paint it.", "label": None}), "a.jsonl"))
    assert case.label is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            CSV + "Hm.,maybe\n", r"row 4: label: .*build-software, automate-process", id="label"
        ),
        pytest.param(CSV + ",build-software\n", r"row 4: text: .*must not be empty", id="no text"),
        pytest.param(CSV + "  ,build-software\n", r"row 4: text: .*must not be", id="only blanks"),
        pytest.param(CSV + "Hm.\n", r"row 4 has 1 cell where the header has 2", id="a cell short"),
        pytest.param(
            CSV + "We type, then we send.,automate-process\n",
            r"row 4 has 3 cells where the header has 2; .*unquoted",
            id="a comma",
        ),
        pytest.param("text,kind\nHm.,x\n", r"row 2 has no `label`", id="no column label"),
        pytest.param("problem,label\nHm.,\n", r"row 2 has no `text`", id="no column text"),
        pytest.param("id,text,label\n7,a,\n7,b,\n", r"row 3: the id '7' was there", id="an id"),
        pytest.param("text,label\n", "header but no rows", id="no rows"),
        pytest.param("", "is empty", id="nothing"),
        pytest.param(b"%PDF-1.7 x", "is a PDF", id="a PDF"),
    ],
)
def test_a_bad_row_of_a_csv_is_an_error_that_names_the_row_and_what_it_needs(tmp_path, text, said):
    with pytest.raises(InputError, match=rf"cases\.csv.*{said}"):
        read_cases(file(tmp_path, text))


GOOD = {"text": "We type invoices.", "label": "automate-process"}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(lines(GOOD, {"text": "Hm.", "label": "maybe"}), "row 2: label", id="label"),
        pytest.param(lines(GOOD, {"text": "Hm.", "label": 0}), "row 2: label", id="label 0"),
        pytest.param(lines(GOOD, {"text": "Hm.", "label": False}), "row 2: label", id="false"),
        pytest.param(lines(GOOD, {"text": "Hm."}), "row 2 has no `label`", id="no label"),
        pytest.param(lines(GOOD, {"label": "none"}), "row 2 has no `text`", id="no text"),
        pytest.param(lines(GOOD, {"text": None, "label": ""}), "row 2: text", id="text null"),
        pytest.param(lines(GOOD) + "{oops\n", "row 2 is not valid JSON", id="torn"),
        pytest.param(lines(GOOD) + "\n\n[1]\n", "row 4 is an array", id="a list"),
        pytest.param(lines(GOOD | {"id": 0}, GOOD | {"id": "0"}), "row 2: the id '0'", id="ids"),
    ],
)
def test_a_bad_line_is_an_error_that_names_the_line_and_what_it_needs(tmp_path, text, said):
    with pytest.raises(InputError, match=rf"cases\.jsonl, {said}"):
        read_cases(file(tmp_path, text, "cases.jsonl"))


OWN = "text,label\nWe type invoices.,BOT\nTenants want an app., Build it\nPaint it.,other\nHm.,\n"
MEANT = {"bot": AUTOMATE, "Build It": BUILD, "other": None}


def test_ones_own_names_of_labels_are_read_in_any_case_of_letters(tmp_path):
    found = read_cases(file(tmp_path, OWN), MEANT)
    assert [case.label for case in found] == [AUTOMATE, BUILD, None, None]


def test_the_usual_names_are_known_beside_ones_own(tmp_path):
    found = read_cases(file(tmp_path, CSV + "Ring them.,bot\n"), MEANT)
    assert [case.label for case in found] == [AUTOMATE, BUILD, AUTOMATE]


def test_unknown_labels_are_all_listed_with_the_option_that_explains_them(tmp_path):
    with pytest.raises(InputError) as caught:
        read_cases(file(tmp_path, OWN + "We print.,bot\nWe file.,BOT\n"), {"other": None})
    assert caught.value.message.endswith(
        "cases.csv, row 2: label: not one of build-software, automate-process and none. Not known "
        "are 'BOT' (2 rows), 'Build it' (1 row), 'bot' (1 row). Say what each of them stands for, "
        "for example --label BOT=automate-process."
    )


def test_of_a_column_that_holds_no_labels_the_first_values_are_listed(tmp_path):
    with pytest.raises(InputError) as caught:
        read_cases(file(tmp_path, "text,label\n" + "".join(f"a,note {n}\n" for n in range(99))))
    assert "'note 9' (1 row) and more. Say" in caught.value.message
    assert "note 10" not in caught.value.message
    assert "--label 'note 0=automate-process'" in caught.value.message


def test_an_error_about_a_row_does_not_repeat_what_may_be_a_persons(tmp_path):
    text = CSV + "Hm.,ann.owner@example.com\n"
    with pytest.raises(InputError) as caught:
        read_cases(file(tmp_path, text))
    assert "ann.owner" not in caught.value.message


def test_the_id_zero_is_an_id(tmp_path):
    found = read_cases(file(tmp_path, lines(GOOD | {"id": 0}, GOOD), "cases.jsonl"))
    assert [case.id for case in found] == ["0", "2"]


def test_a_text_may_hold_any_line_separator(tmp_path):
    text = "One\u2028two\x85three\x0bfour\nfive"
    (case,) = read_cases(file(tmp_path, lines(GOOD | {"text": text}), "cases.jsonl"))
    assert case.text == text
    (case,) = cases_in(file(tmp_path, lines({"id": "1", **GOOD, "text": text})), Case)
    assert case.text == text


@pytest.mark.parametrize(
    ("kind", "line", "said"),
    [
        (Case, {"id": "1", "text": "", "label": None}, "text: String should have"),
        (Case, {"id": "1", "text": "a", "label": "both"}, "label: "),
        (Attack, {"id": "1", "kind": "k", "wants": "build-software", "text": "a", "reason": "r"},
         "text: "),
        (TieCase, {"id": "1", "signals": [], "label": "build-software", "rule": "TB9"}, "rule: "),
        (TieCase, {"id": "1", "signals": [], "label": "build-software"}, "rule: Field required"),
        (DecisionCase, {"id": "1", "surplus": 1}, r"and \d more"),
    ],
    ids=["no text", "a third label", "no place", "no rule of ours", "a key short", "another key"],
)  # fmt: skip
def test_a_bad_line_of_a_fixed_set_is_an_error_that_names_it(tmp_path, kind, line, said):
    good = {"id": "0", "text": "a {problem}", "label": None}
    text = (lines(good) if kind is Case else "\n") + lines(line)
    with pytest.raises(InputError, match=rf"set\.jsonl, line 2: .*{said}"):
        cases_in(file(tmp_path, text, "set.jsonl"), kind)


@pytest.mark.parametrize(
    ("language", "label", "counted"),
    [("en", BUILD, True), ("EN", BUILD, True), ("de", BUILD, False), ("de", None, True)],
)
def test_a_case_counts_for_the_headline_exactly_where_its_row_does(language, label, counted):
    case = Case(id="1", text="a", label=label, language=language)
    outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    assert case.counted is counted
    assert counts(EvalRow("1", label, outcome, label, slices=case.slices)) is counted


def test_what_a_case_does_not_say_is_no_slice():
    assert Case(id="1", text="a", label=BUILD).slices == {"language": "en", "mixed": "false"}


REAL = cases_in(folder("evals") / "problems.jsonl", Case)
LIMITS = [1, 2, 7, 40, 120, 300, len(REAL) - 1]


@pytest.mark.parametrize("limit", LIMITS)
def test_a_subset_is_the_same_whatever_the_order_of_the_cases(limit):
    chosen = stratified(REAL, limit)
    mixed = random.Random(limit).sample(REAL, len(REAL))
    assert len(chosen) == limit
    assert {case.id for case in stratified(mixed, limit)} == {case.id for case in chosen}


def test_a_subset_keeps_the_order_of_the_cases():
    places = [REAL.index(case) for case in stratified(REAL, 120)]
    assert places == sorted(places)


@pytest.mark.parametrize("limit", [40, 120, 300])
def test_a_subset_has_each_label_and_difficulty_in_proportion(limit):
    whole, part = (
        Counter((case.label, case.difficulty) for case in cases if case.language == "en")
        for cases in (REAL, stratified(REAL, limit))
    )
    for stratum, count in whole.items():
        assert part[stratum] == pytest.approx(count * limit / len(REAL), abs=2.5), stratum


def test_a_larger_subset_holds_the_smaller_one():
    subsets = [{case.id for case in stratified(REAL, limit)} for limit in LIMITS]
    assert all(a < b for a, b in pairwise(subsets))


@pytest.mark.parametrize("limit", [None, len(REAL), len(REAL) + 1])
def test_no_limit_or_a_large_one_takes_all(limit):
    assert stratified(REAL, limit) == REAL


def test_what_is_added_to_one_stratum_does_not_change_the_choice_within_another():
    more = [*REAL, *(Case(id=f"n{n}", text="a", label=None, difficulty="odd") for n in range(9))]
    hard = [case.id for case in stratified(REAL, 200) if case.difficulty == "hard"]
    still = [case.id for case in stratified(more, 200) if case.difficulty == "hard"]
    assert set(still) <= set(hard) or set(hard) <= set(still)
    assert len(still) > 0.8 * len(hard)


@pytest.fixture
def triage(capsys, monkeypatch):
    """Return what runs the program with a model that finds every problem one of automation."""

    class Automates(Oracle):
        def __init__(self, prior=0.5):
            super().__init__()
            self.labels = dict.fromkeys(map(str, range(99)), AUTOMATE)

    monkeypatch.setattr(embedded, "EmbeddedModel", Automates)
    return lambda *arguments: run_main(["eval", *arguments], capsys, monkeypatch)


def test_ones_own_cases_are_measured_and_the_run_says_which_file(tmp_path, triage):
    path = file(tmp_path, CSV)
    values = triage("--json", "--cases", path).values
    assert values["problems"]["accuracy"]["right"] == 1
    assert values["problems"]["accuracy"]["total"] == 2
    assert values["problems"]["floors"]["keyword"]["value"] == 1
    assert values["settings"]["sets"]["cases"]["file"] == "cases.csv"
    first = values["settings"]["sets"]["cases"]["sha256"]
    file(tmp_path, CSV + "More.,\n")
    other = triage("--json", "--cases", path).values["settings"]["sets"]["cases"]["sha256"]
    assert other != first


def test_ones_own_names_of_labels_are_an_option_and_stand_in_the_settings(tmp_path, triage):
    names = ["bot=automate-process", "Build it = build-software", "OTHER=none"]
    options = [word for name in names for word in ("--label", name)]
    values = triage("--json", "--cases", file(tmp_path, OWN), *options).values
    assert values["problems"]["accuracy"]["total"] == 2
    assert values["problems"]["abstention_recall"]["total"] == 2
    assert values["settings"]["labels"] == {
        "bot": "automate-process",
        "build it": "build-software",
        "other": None,
    }


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["--label", "a=none"], 2, "give them with --cases"),
        (["--cases", "good.csv", "--label", "a=b"], 2, "--label needs NAME=LABEL"),
        (["--cases", "good.csv", "--label", "none"], 2, "--label needs NAME=LABEL"),
        (
            ["--cases", "good.csv", "--label", "a=none", "--label", "A=build-software"],
            2,
            "gives 'a' two meanings",
        ),
        (["--cases", "bad.csv"], 4, "bad.csv, row 4: label"),
        (["--cases", "no-such.csv"], 4, "no-such.csv"),
        (["--cases", "."], 4, "folder"),
        (["--cases", "good.csv", "--set", "problems"], 2, "leave out --set and --gate"),
        (["--cases", "good.csv", "--gate"], 2, "leave out --set and --gate"),
        (["--gate", "--set", "problems"], 2, "leave out --set and --backend"),
        (["--gate", "--backend", "llm", "--model", "m"], 2, "leave out --set and --backend"),
        (["--cases", "good.csv", "--limit", "0"], 2, "--limit"),
        (["--cases", "good.csv", "--repeats", "0"], 2, "--repeats"),
        (["--cases", "good.csv", "--repeats", "51"], 2, "--repeats"),
        (
            ["--cases", "good.csv", "--prior", "1.5"],
            2,
            "--prior must be between 0 and 1, as in build=0.3, not '1.5'",
        ),
        (["--cases", "good.csv", "--prior", "automate=0.3"], 2, "--prior must be between 0 and 1"),
        (["--cases", "good.csv", "--prior", "build="], 2, "--prior must be between 0 and 1"),
        (["--cases", "good.csv", "--prior", "build=nan"], 2, "--prior must be between 0 and 1"),
        (["--set", "everything"], 2, "--set"),
    ],
)
def test_a_wrong_option_or_file_is_told_and_nothing_is_measured(
    tmp_path, monkeypatch, triage, arguments, code, said
):
    monkeypatch.chdir(tmp_path)
    file(tmp_path, CSV, "good.csv")
    file(tmp_path, CSV + "Hm.,maybe\n", "bad.csv")
    ended = triage(*arguments)
    assert isinstance(ended, Ended)
    assert (ended.code, ended.out) == (code, "")
    assert said in " ".join(ended.err.replace("│", " ").split())
    assert "Traceback" not in ended.err
