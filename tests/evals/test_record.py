"""The run directory: what is written, read back, and computed again from its rows."""

import json
from dataclasses import asdict, replace

import pytest

from support.eval_sets import Oracle, Sets, prediction, run_main
from triage_agent.advice.rules import Recommendation, Rule
from triage_agent.errors import InputError, ServiceError, SettingsError
from triage_agent.evals.cases import Expected
from triage_agent.evals.pairs import PairRow
from triage_agent.evals.record import (
    Run,
    folders_in,
    make_folder,
    read_rows,
    read_settings,
    settings_of,
    write_run,
)
from triage_agent.evals.rows import (
    EvalRow,
    row_from_classification,
    row_from_values,
)
from triage_agent.evals.run import DecisionRow
from triage_agent.evals.summary import problem_values, summarise_rows
from triage_agent.models import embedded
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Label,
    Outcome,
    ReviewReason,
    Usage,
)

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE
ROWS = (
    EvalRow("1", BUILD, Outcome.CLASSIFIED, BUILD, 2 / 3, 2 / 3, DecidedBy.MODEL),
    EvalRow("2", AUTOMATE, Outcome.CLASSIFIED, BUILD, 0.51, None, DecidedBy.TB1, needs_review=True),
    EvalRow("3", None, Outcome.ABSTAINED, abstained_because="too_vague"),
    EvalRow("4", BUILD, Outcome.ERROR, error="service_timeout", usage=Usage(3, 20, 1)),
    EvalRow("5", BUILD, Outcome.CLASSIFIED, AUTOMATE, decided_by=DecidedBy.PERSON, repeat=2),
    EvalRow("a\u2028b\x85\n", AUTOMATE, Outcome.CLASSIFIED, AUTOMATE, slices={"voice": "öwner"}),
    EvalRow("7", BUILD, Outcome.CLASSIFIED, BUILD, cached=True, duration_s=1.25),
)


def pair(name, became="same"):
    return PairRow(name, "1", "order", None, None, "classified", False, False, became)


EXPECTED = Expected(recommendation=Recommendation.BOTH, rule=Rule.D1, provisional=False)
RUN = Run(
    settings_of("embedded", "m", None, {"problems": {"file": "p.jsonl", "version": 1}}, limit=7),
    ROWS,
    attacks=(pair("x1"), pair("x2", "flipped")),
    perturbations=(pair("p1", "abstained"), pair("p2")),
    decisions=(DecisionRow("d1", EXPECTED, "both", "D1", False, True),),
    businesses=(DecisionRow("e1", EXPECTED, "both", "D1", False, False, "why", 1, 2),),
)


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_a_row_is_read_as_it_was_written(row):
    assert row_from_values(json.loads(json.dumps(asdict(row)))) == row


def test_a_run_is_read_as_it_was_written(tmp_path):
    write_run(tmp_path / "a" / "run", RUN, {"problems": {"rows": 7}})
    assert tuple(read_rows(tmp_path / "a" / "run")) == ROWS
    assert read_settings(tmp_path / "a" / "run") == RUN.settings
    assert summary_in(tmp_path / "a" / "run") == {"problems": {"rows": 7}}


def test_a_run_says_how_it_can_be_repeated(tmp_path):
    assert set(RUN.settings) >= {"format", "triage_agent", "python", "backend", "model", "prompt"}
    assert (RUN.settings["limit"], RUN.settings["sets"]["problems"]["version"]) == (7, 1)


def summary_in(folder):
    return json.loads((folder / "summary.json").read_text(encoding="utf-8"))


def lines(path):
    return [json.loads(line) for line in path.read_text("utf-8").split("\n") if line]


def test_of_the_pairs_only_those_that_changed_are_kept(tmp_path):
    write_run(tmp_path, RUN, {})
    assert [row["id"] for row in lines(tmp_path / "pairs.jsonl")] == ["x2", "p1"]


def test_decisions_and_businesses_are_kept_with_what_was_expected(tmp_path):
    write_run(tmp_path, RUN, {})
    rows = lines(tmp_path / "decisions.jsonl")
    assert [(row["id"], row["right"], row["why"]) for row in rows] == [
        ("d1", True, ""),
        ("e1", False, "why"),
    ]
    assert rows[0]["expected"] == {
        "recommendation": "both",
        "rule": "D1",
        "provisional": False,
        "open_facts": [],
    }


def test_a_run_into_the_folder_of_another_leaves_nothing_of_that(tmp_path):
    write_run(tmp_path, RUN, {"attacks": 1})
    write_run(tmp_path, Run(RUN.settings, ROWS[:2]), {"problems": 2})
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "rows.jsonl",
        "settings.json",
        "summary.json",
    ]
    assert tuple(read_rows(tmp_path)) == ROWS[:2]


def test_a_row_of_a_classification_has_what_figures_need():
    answer = Classification(
        "1",
        "text",
        Outcome.CLASSIFIED,
        "llm",
        "m",
        label=BUILD,
        p_build=1 / 3,
        probability=0.8,
        p_in_scope=0.7,
        decided_by=DecidedBy.TB2,
        review_reasons=(ReviewReason.TB4,),
        usage=Usage(1, 2, 3),
        duration_s=0.123456,
    )
    row = row_from_classification(answer, AUTOMATE, {"voice": "owner"}, repeat=1, cached=True)
    assert row == EvalRow(
        "1",
        AUTOMATE,
        Outcome.CLASSIFIED,
        BUILD,
        1 / 3,
        0.8,
        DecidedBy.TB2,
        needs_review=True,
        p_in_scope=0.7,
        slices={"voice": "owner"},
        repeat=1,
        usage=Usage(1, 2, 3),
        cached=True,
        duration_s=0.1235,
    )
    assert not row.right
    assert row.model_label is AUTOMATE
    failed = replace(
        answer, outcome=Outcome.ERROR, label=None, error=Failure("stop_key", "text", False)
    )
    assert row_from_classification(failed, BUILD, {}).error == "stop_key"
    vague = replace(
        answer, outcome=Outcome.ABSTAINED, label=None, abstained_because=Abstention.TOO_VAGUE
    )
    assert row_from_classification(vague, None, {}).abstained_because == "too_vague"


@pytest.mark.parametrize(
    ("expected", "outcome", "label", "right"),
    [
        (BUILD, Outcome.CLASSIFIED, BUILD, True),
        (BUILD, Outcome.CLASSIFIED, AUTOMATE, False),
        (BUILD, Outcome.ABSTAINED, None, False),
        (BUILD, Outcome.ERROR, None, False),
        (None, Outcome.ABSTAINED, None, True),
        (None, Outcome.CLASSIFIED, BUILD, False),
        (None, Outcome.ERROR, None, False),
    ],
)
def test_a_row_is_right_if_its_outcome_is_the_expected_one(expected, outcome, label, right):
    assert EvalRow("1", expected, outcome, label).right is right


class Unsteady(Oracle):
    """Has its doubts, says odd probabilities, and fails now and then."""

    def __init__(self, prior=0.5):
        super().__init__(says=self.answer, wrong=sorted(self.all())[::5])

    @staticmethod
    def all():
        return Oracle().labels

    def answer(self, problem, label):
        number = sum(problem.id.encode())
        if number % 11 == 0:
            raise ServiceError("The service is busy.", "rate_limit")
        if number % 13 == 0:
            label = None
        p = 0.5 + (number % 49) / 98.3
        return prediction(label, p=p, existing_process=bool(number % 2))


@pytest.fixture
def recorded(tmp_path, capsys, monkeypatch):
    """Return the folder of a run of every set, and what the program said about it."""
    monkeypatch.setattr(embedded, "EmbeddedModel", Unsteady)
    Sets(tmp_path, monkeypatch, problems=60)
    sets = ("problems", "attacks", "perturbations", "decisions", "businesses")
    options = [option for name in sets for option in ("--set", name)]
    arguments = ["eval", "--json", "--limit", "60", *options, "-o", tmp_path / "run"]
    ended = run_main(arguments, capsys, monkeypatch)
    assert ended.code == 3
    return tmp_path / "run", ended.values


def test_every_figure_of_the_problems_can_be_computed_again_from_the_rows(recorded):
    folder, said = recorded
    kept = summary_in(folder)["problems"]
    again = json.loads(json.dumps(problem_values(summarise_rows(read_rows(folder)))))
    assert again == {key: value for key, value in kept.items() if key != "floors"}
    assert kept == said["problems"]
    assert kept["ece"] > 0
    assert kept["errors"] > 0


def test_a_run_of_every_set_says_which_files_it_read(recorded):
    folder, _ = recorded
    assert sorted(read_settings(folder)["sets"]) == [
        "attacks",
        "businesses",
        "decisions",
        "perturbations",
        "problems",
        "ties",
    ]
    assert all(len(one["sha256"]) == 64 for one in read_settings(folder)["sets"].values())


def test_the_pairs_that_are_kept_are_those_that_are_counted(recorded):
    folder, said = recorded
    changed = lines(folder / "pairs.jsonl")
    counted = [
        kind for name in ("attacks", "perturbations") for kind in said[name]["kinds"].values()
    ]
    assert len(changed) == sum(k["flipped"] + k["abstained"] + k["error"] for k in counted)
    assert len(changed) < said["attacks"]["pairs"] + said["perturbations"]["pairs"]


def rows_file(home, text):
    (home / "rows.jsonl").write_text(text, encoding="utf-8")
    return home


GOOD = json.dumps(asdict(ROWS[0]))


@pytest.mark.parametrize(
    "line",
    [
        "{",
        "5",
        "null",
        "[]",
        "{}",
        json.dumps({"id": "1", "expected": None}),
        GOOD.replace("classified", "perhaps"),
        GOOD.replace("build-software", "maybe"),
        GOOD.replace('"id"', '"name"'),
        GOOD.replace("{", '{"surplus": 1, ', 1),
        json.dumps({**asdict(ROWS[0]), "usage": 3}),
    ],
)
def test_a_line_that_is_no_row_is_an_error_that_names_it(tmp_path, line):
    with pytest.raises(InputError, match=r"rows\.jsonl, line 2 is not a row of a run"):
        read_rows(rows_file(tmp_path, f"{GOOD}\n{line}\n"))


def test_a_blank_line_is_no_row_and_no_error(tmp_path):
    assert read_rows(rows_file(tmp_path, f"\n{GOOD}\n\n")) == [ROWS[0]]


@pytest.mark.parametrize("text", ["", "{", "5", "null", '["a"]'])
def test_settings_that_are_no_object_are_an_error_that_names_the_file(tmp_path, text):
    (tmp_path / "settings.json").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=r"settings\.json does not hold a JSON object"):
        read_settings(tmp_path)


@pytest.mark.parametrize("read", [read_rows, read_settings])
def test_a_folder_without_a_run_is_an_error_that_says_what_makes_one(tmp_path, read):
    with pytest.raises(InputError, match=r"holds no run.*triage eval -o FOLDER"):
        read(tmp_path)


def test_runs_are_found_by_name_and_other_folders_left_alone(tmp_path):
    for name in ("b", "a"):
        write_run(tmp_path / name, RUN, {})
    (tmp_path / "c").mkdir()
    (tmp_path / "d").write_text("", encoding="utf-8")
    assert [path.name for path in folders_in(tmp_path)] == ["a", "b"]
    assert list(folders_in(tmp_path / "no-such")) == []


def test_a_folder_that_cannot_be_written_to_is_an_error(tmp_path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    for place in (tmp_path / "file", tmp_path / "file" / "run"):
        with pytest.raises(SettingsError, match=r"cannot be written to.*-o"):
            make_folder(place)


def test_a_recorded_run_is_not_written_over_unless_that_is_forced(tmp_path, capsys, monkeypatch):
    arguments = ["eval", "--set", "decisions", "-o", tmp_path / "run"]
    assert run_main(arguments, capsys, monkeypatch).code == 0
    (tmp_path / "run" / "rows.jsonl").write_text("recorded\n", encoding="utf-8")
    again = run_main(arguments, capsys, monkeypatch)
    assert again.code == 2
    assert "holds a run" in again.err
    assert "--force" in again.err
    assert "backend:" not in again.err  # before anything is measured
    assert (tmp_path / "run" / "rows.jsonl").read_text("utf-8") == "recorded\n"
    assert run_main([*arguments, "--force"], capsys, monkeypatch).code == 0
    assert (tmp_path / "run" / "rows.jsonl").read_text("utf-8") == ""


def test_a_folder_with_something_else_takes_a_run(tmp_path, capsys, monkeypatch):
    (tmp_path / "notes.txt").write_text("mine", encoding="utf-8")
    arguments = ["eval", "--set", "decisions", "-o", tmp_path]
    assert run_main(arguments, capsys, monkeypatch).code == 0


def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_measured(
    tmp_path, capsys, monkeypatch
):
    (tmp_path / "file").write_text("", encoding="utf-8")
    arguments = ["eval", "--set", "decisions", "-o", tmp_path / "file"]
    ended = run_main(arguments, capsys, monkeypatch)
    assert (ended.code, ended.out) == (2, "")
    assert "cannot be written to" in ended.err
    assert "backend:" not in ended.err
