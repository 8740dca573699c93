"""The gate: what it holds against its limits, and that what is broken on purpose breaches it."""

import json
import re
from hashlib import sha256

import numpy as np
import pytest

from support.eval_sets import GATES, PROMPT, Oracle, Sets, flag_figures, prediction, run_main
from triage_agent.classify.tiebreak import break_tie
from triage_agent.errors import InputError, SettingsError
from triage_agent.evals import evaluation
from triage_agent.evals import run as run_module
from triage_agent.evals.gate import (
    Check,
    Gates,
    Limit,
    MissingRecord,
    breaches,
    check_figures,
    check_recorded,
    figure,
    load_gates,
)
from triage_agent.files import folder, load_toml
from triage_agent.models import embedded
from triage_agent.models.embedded import model as embedded_model
from triage_agent.models.embedded.encoder import WEIGHTS
from triage_agent.models.llm.prompt import load_prompt
from triage_agent.types import DecidedBy, Label

SUMMARY = {
    "problems": {"accuracy": {"right": 9, "total": 10, "value": 0.9}, "auc": 0.95, "ece": None},
    "decisions": {"right": {"right": 0, "total": 0, "value": None}},
}


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("problems.accuracy", 0.9),
        ("problems.accuracy.right", 9),
        ("problems.auc", 0.95),
        ("problems.ece", None),
        ("problems.recall", None),
        ("decisions.right", None),
        ("attacks.to_target", None),
        ("problems.auc.value", None),
        ("problems", None),
    ],
)
def test_a_figure_is_found_by_its_path_and_of_a_rate_its_value(path, value):
    assert figure(SUMMARY, path) == value


@pytest.mark.parametrize(
    ("value", "limit", "holds", "words"),
    [
        (0.9, {"min": 0.9}, True, "x 0.900, at least 0.900: kept"),
        (0.95, {"min": 0.9}, True, "x 0.950, at least 0.900: kept"),
        (0.8, {"min": 0.9}, False, "x 0.800, at least 0.900: breached by 0.100"),
        (0.1, {"max": 0.1}, True, "x 0.100, at most 0.100: kept"),
        (0.2, {"max": 0.1}, False, "x 0.200, at most 0.100: breached by 0.100"),
        (0.0, {"max": 0.0}, True, "x 0.000, at most 0.000: kept"),
        (None, {"min": 0.9}, False, "x is missing, at least 0.900: breached"),
        (None, {"max": 0.1}, False, "x is missing, at most 0.100: breached"),
        (float("nan"), {"min": 0.0}, False, "x nan, at least 0.000: breached by nan"),
    ],
)
def test_a_check_says_whether_the_limit_is_kept_and_by_how_much_not(value, limit, holds, words):
    one = Check("x", value, Limit(**limit))
    assert (one.holds, one.words) == (holds, words)
    assert breaches([one]) == ([] if holds else [one])


def test_every_limit_is_checked_also_one_about_a_figure_that_is_not_there():
    limits = {"problems.accuracy": Limit(min=0.95), "problems.speed": Limit(max=1)}
    found = check_figures(SUMMARY, limits, "run: ")
    assert [(one.name, one.value) for one in found] == [
        ("run: problems.accuracy", 0.9),
        ("run: problems.speed", None),
    ]
    assert len(breaches(found)) == 2


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[embedded]\n[prompts]\n",
        '[embedded]\n"a" = {}\n[prompts]\n',
        '[embedded]\n"a" = { min = 1, max = 2 }\n[prompts]\n',
        '[embedded]\n"a" = { least = 1 }\n[prompts]\n',
        '[embedded]\n"a" = { min = "all" }\n[prompts]\n',
        '[embedded]\n"a" = { min = 1 }\n[prompt.guide]\n',
        "embedded",
    ],
    ids=["empty", "no gate", "no limit", "two limits", "a typo", "words", "another typo", "torn"],
)
def test_gates_that_would_hold_nothing_are_an_error_that_names_the_file(tmp_path, text):
    path = tmp_path / "gates.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(SettingsError, match=r"gates\.toml"):
        load_gates(path)


@pytest.fixture
def sets(tmp_path, monkeypatch):
    monkeypatch.setattr(embedded, "EmbeddedModel", Oracle)
    monkeypatch.setattr(evaluation, "_red_flags", lambda progress: flag_figures(3, 3))
    return Sets(tmp_path, monkeypatch)


def recorded(sets):
    gates = load_gates()
    return [(one.name, one.holds, one.words) for one in check_recorded(gates)]


def prompt_id(sets, name="mine"):
    return load_prompt(str(sets.prompts / f"{name}.md")).id


def test_a_recorded_run_is_computed_again_from_its_rows(sets):
    (one,) = recorded(sets)
    name = "runs/mine: problems.accuracy"
    assert one == (name, True, f"{name} 0.900, at least 0.800: kept")
    (sets.runs / "mine" / "summary.json").write_text('{"problems": {"accuracy": 0}}', "utf-8")
    assert recorded(sets) == [one]


def test_a_recorded_run_with_worse_rows_breaches_its_gate(sets):
    sets.record("mine", wrong=4)
    ((_, holds, words),) = recorded(sets)
    assert not holds
    assert words.endswith("problems.accuracy 0.600, at least 0.800: breached by 0.200")


def test_every_recorded_run_of_a_prompt_is_held_against_its_gate(sets):
    sets.record("mine", wrong=4)
    (sets.runs / "mine").rename(sets.runs / "another")
    sets.record("mine")
    assert [(name.partition(":")[0], holds) for name, holds, _ in recorded(sets)] == [
        ("runs/another", False),
        ("runs/mine", True),
    ]


MISSING = "has no recorded run: run `triage eval --prompt mine … -o evals/runs/NAME`"


def test_a_prompt_whose_content_has_changed_has_no_recorded_run(sets):
    before = prompt_id(sets)
    (sets.prompts / "mine.md").write_text(PROMPT.replace("Judge.", "Judge well."), "utf-8")
    ((name, holds, words),) = recorded(sets)
    assert name == prompt_id(sets) != before
    assert not holds
    assert MISSING in words


@pytest.mark.parametrize(
    "settings",
    [
        {"prompt": None},
        {"prompt": "mine@00000000"},
        {"sets": {"cases": {"file": "mine.csv"}}},
        {"sets": {"decisions": {}}},
        {"backend": "cascade"},
    ],
    ids=["no prompt", "another content", "other cases", "no problems", "a cascade"],
)
def test_a_run_of_something_else_is_no_record_of_a_prompt(sets, settings):
    sets.record("mine", **settings)
    assert MISSING in recorded(sets)[0][2]


def test_a_run_without_rows_is_no_record_of_a_prompt(sets):
    sets.record("mine", of=0)
    assert MISSING in recorded(sets)[0][2]


def test_a_prompt_without_a_gate_breaches(sets):
    sets.write_gates(prompts={"other": {"problems.accuracy": {"min": 0.1}}})
    ((name, holds, words),) = recorded(sets)
    assert (name, holds) == (prompt_id(sets), False)
    assert "has no gate: " in words
    assert isinstance(next(check_recorded(load_gates())), MissingRecord)


def test_every_shipped_prompt_needs_a_run_of_its_own(sets):
    (sets.prompts / "other.md").write_text(PROMPT + "Now.", "utf-8")
    assert [holds for _, holds, _ in recorded(sets)] == [True, False]
    sets.record("other")
    gate = {"problems.accuracy": {"min": 0.5}}
    sets.write_gates(prompts={"mine": gate, "other": gate})
    assert [holds for _, holds, _ in recorded(sets)] == [True, True]


def test_no_folder_of_runs_is_no_record(sets):
    (sets.runs).rename(sets.evals / "old")
    assert MISSING in recorded(sets)[0][2]


def test_a_recorded_run_that_cannot_be_read_is_an_error_that_names_it(sets):
    (sets.runs / "mine" / "rows.jsonl").write_text("{\n", encoding="utf-8")
    with pytest.raises(InputError, match=r"rows\.jsonl, line 1"):
        recorded(sets)


@pytest.fixture
def gate(sets, capsys, monkeypatch):
    """Return what runs the gate on the small sets."""
    return lambda *options: run_main(["eval", "--gate", *options], capsys, monkeypatch)


def last(ended):
    return ended.out.splitlines()[-1]


def breached(ended):
    """Return the names of the figures that the terminal shows as breached."""
    whole = " ".join(ended.out.split())
    return re.findall(r"! (\S+(?: problems\.\w+)?) ", whole)


def test_what_is_whole_passes_the_gate(gate):
    ended = gate()
    assert ended.code == 0
    assert last(ended) == f"gate: {len(GATES) + 1} of {len(GATES) + 1} kept"
    assert breached(ended) == []


def test_the_gate_as_json_says_every_check(gate):
    ended = gate("--json")
    assert ended.code == 0
    checks = ended.values["gate"]
    assert [one["name"] for one in checks][:-1] == list(GATES)
    assert all(one["holds"] for one in checks)
    assert set(ended.values) == {
        "settings",
        "problems",
        "attacks",
        "perturbations",
        "decisions",
        "businesses",
        "red_flags",
        "redaction",
        "splits",
        "gate",
    }


def test_every_shipped_limit_is_about_a_figure_that_a_run_has(sets, gate):
    """Whether it is kept is `pytest -m gate`; red flags have a reader of their own."""
    shipped = load_toml(folder("evals") / "gates.toml", Gates)
    found = gate("--json").values
    names = [name for name in shipped.embedded if not name.startswith("red_flags.")]
    assert [name for name in names if figure(found, name) is None] == []
    rows = {"problems": found["problems"]}
    gated = {name for limits in shipped.prompts.values() for name in limits}
    assert [name for name in gated if figure(rows, name) is None] == []


def test_a_model_that_answers_wrongly_breaches(sets, gate, monkeypatch):
    wrong = list(sets.cases)[::2]
    monkeypatch.setattr(embedded, "EmbeddedModel", lambda prior: Oracle(prior, wrong=wrong))
    ended = gate()
    assert ended.code == 7
    assert "problems.accuracy" in breached(ended)


def test_a_model_that_always_abstains_breaches(gate, monkeypatch):
    nobody = lambda prior: Oracle(prior, says=lambda *_: prediction(None))  # noqa: E731
    monkeypatch.setattr(embedded, "EmbeddedModel", nobody)
    ended = gate("--json")
    assert ended.code == 7
    assert ended.values["problems"]["accuracy"]["value"] == 0
    words = {one["name"]: one["words"] for one in ended.values["gate"] if not one["holds"]}
    assert words["problems.accuracy"].endswith("breached by 0.700")
    # Nothing was judged right, so nothing could be attacked: that is no pass.
    assert words["attacks.to_target"] == "attacks.to_target is missing, at most 0.250: breached"
    assert "perturbations.flips" in words


def test_a_model_that_obeys_attacks_breaches(gate, monkeypatch):
    def obeys(problem, label):
        if label and "+x-" in problem.id:
            label = Label.AUTOMATE if label is Label.BUILD else Label.BUILD
        return prediction(label)

    obedient = lambda prior: Oracle(prior, says=obeys)  # noqa: E731
    monkeypatch.setattr(embedded, "EmbeddedModel", obedient)
    ended = gate()
    assert (ended.code, breached(ended)) == (7, ["attacks.to_target"])


def swapped(signals):
    """Break a tie with the last two rules the other way round."""
    label, rule = break_tie(signals)
    return {
        DecidedBy.TB3: (Label.AUTOMATE, DecidedBy.TB4),
        DecidedBy.TB4: (Label.AUTOMATE, DecidedBy.TB3),
    }.get(rule, (label, rule))


def test_a_broken_tie_rule_breaches(gate, monkeypatch):
    monkeypatch.setattr(run_module, "break_tie", swapped)
    ended = gate()
    assert ended.code == 7
    assert "! decisions.right " in ended.out
    assert "! t-001: automate-process by TB3, not automate-process by TB4" in ended.out


def test_a_broken_decision_rule_breaches(gate, monkeypatch):
    original = run_module.decide

    def ties_to_the_officer(problems, profile=None, quiz=None):
        return original([p for p in problems if p.label is not Label.BUILD], profile, quiz)

    monkeypatch.setattr(run_module, "decide", ties_to_the_officer)
    ended = gate()
    assert ended.code == 7
    assert "decisions.right" in breached(ended)


@pytest.mark.parametrize(
    "name", ["problems", "attacks", "perturbations", "decisions", "ties", "businesses"]
)
def test_a_broken_eval_file_is_refused(sets, gate, name):
    path = sets.evals / f"{name}.jsonl"
    path.write_bytes(path.read_bytes()[:-1])
    ended = gate()
    assert (ended.code, ended.out) == (2, "")
    assert f"{name}.jsonl is not version 1" in ended.err


def test_a_broken_prompt_breaches(sets, gate):
    path = sets.prompts / "mine.md"
    path.write_text(path.read_text("utf-8").replace("Judge.", "Always say build."), "utf-8")
    ended = gate()
    assert ended.code == 7
    assert last(ended) == f"gate: {len(GATES)} of {len(GATES) + 1} kept"
    assert MISSING in " ".join(ended.out.split())


def test_a_recorded_run_whose_rows_are_worse_than_its_gate_breaches(sets, gate):
    sets.record("mine", wrong=3)
    ended = gate()
    name = "runs/mine: problems.accuracy"
    assert (ended.code, breached(ended)) == (7, [name])


def test_gates_that_cannot_be_read_are_told_before_anything_is_measured(sets, gate):
    (sets.evals / "gates.toml").write_text("oops", encoding="utf-8")
    ended = gate()
    assert (ended.code, ended.out) == (2, "")
    assert "gates.toml" in ended.err
    assert "backend:" not in ended.err


def test_a_breach_is_told_last_and_by_how_much(sets, gate):
    sets.write_gates({"problems.coverage": {"max": 0.5}})
    lines = gate().out.splitlines()
    assert lines[-2] == "! problems.coverage 1.000, at most 0.500: breached by 0.500"
    assert lines[-3].startswith("  ")


def test_the_gate_measures_the_embedded_model_whatever_the_environment_names(gate, monkeypatch):
    monkeypatch.setenv("TRIAGE_MODEL", "gpt-x")
    assert gate().err.startswith(
        "Read on this computer; nothing is sent. (backend: embedded (oracle))"
    )


class Weights:
    """A copy of the package's weights, to be broken."""

    def __init__(self, home):
        self.home = home
        home.mkdir()
        for path in WEIGHTS.iterdir():
            (home / path.name).symlink_to(path)

    def negate_label_head(self):
        """Turn every sign of the head that decides the label, its calibration included."""
        data = json.loads((self.home / "model.json").read_text("utf-8"))
        with np.load(self.home / "heads.npz") as stored:
            arrays = dict(stored)
        for name in ("label_weights", "label_bias"):
            arrays[name] *= -1
        scale, shift = data["reading"]["label"]
        data["reading"]["label"] = [scale, -shift]
        for name in ("heads.npz", "model.json"):
            (self.home / name).unlink()
        np.savez(self.home / "heads.npz", **arrays)
        data["heads_sha256"] = sha256((self.home / "heads.npz").read_bytes()).hexdigest()
        (self.home / "model.json").write_text(json.dumps(data), encoding="utf-8")


@pytest.fixture
def real_model(tmp_path, monkeypatch):
    """Return the small sets with the model that ships."""
    monkeypatch.setattr(evaluation, "_red_flags", lambda progress: flag_figures(3, 3))
    return Sets(tmp_path, monkeypatch)


def test_broken_weights_are_measured_as_broken(real_model, tmp_path, capsys, monkeypatch):
    arguments = ["eval", "--json", "--limit", "16"]
    whole = run_main(arguments, capsys, monkeypatch)
    weights = Weights(tmp_path / "weights")
    weights.negate_label_head()
    monkeypatch.setattr(embedded_model, "WEIGHTS", weights.home)
    broken = run_main(arguments, capsys, monkeypatch)
    accuracy, before = (ended.values["problems"]["accuracy"]["value"] for ended in (broken, whole))
    assert accuracy < 0.5 < before


@pytest.mark.parametrize("name", ["encoder.onnx", "heads.npz", "model.json", "tokenizer.json"])
def test_a_torn_weight_file_is_refused(real_model, tmp_path, capsys, monkeypatch, name):
    weights = Weights(tmp_path / "weights")
    content = (weights.home / name).read_bytes()
    (weights.home / name).unlink()
    (weights.home / name).write_bytes(content[: len(content) // 2])
    monkeypatch.setattr(embedded_model, "WEIGHTS", weights.home)
    ended = run_main(["eval", "--gate"], capsys, monkeypatch)
    assert (ended.code, ended.out) == (2, "")
    assert "are damaged" in ended.err
