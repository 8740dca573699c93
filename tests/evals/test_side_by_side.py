"""Several models on the same cases: one run each, and their figures side by side."""

import io
import json
import sys
from dataclasses import replace

import pytest

from support.eval_sets import Oracle, Sets, run_main, serving
from support.openai_server import Fault
from triage_agent.errors import SettingsError
from triage_agent.evals import evaluation, side_by_side
from triage_agent.evals.record import read_rows
from triage_agent.evals.side_by_side import all_options, folder_name, micro_usd
from triage_agent.models import embedded
from triage_agent.settings import Backend, Options
from triage_agent.types import Usage

ROWS = 16


@pytest.fixture
def triage(tmp_path, capsys, monkeypatch):
    """Return what runs `triage eval` on small sets, with an embedded model that is always right."""
    Sets(tmp_path, monkeypatch, problems=ROWS)
    monkeypatch.setattr(embedded, "EmbeddedModel", Oracle)
    return lambda *arguments: run_main(["eval", *arguments], capsys, monkeypatch)


@pytest.mark.parametrize(
    ("first", "also", "wanted"),
    [
        pytest.param(
            Options(model="a"),
            ["b", "embedded"],
            [(Backend.AUTO, "a"), (Backend.LLM, "b"), (Backend.EMBEDDED, None)],
            id="LLMs and the embedded model",
        ),
        pytest.param(
            Options(), ["a"], [(Backend.AUTO, None), (Backend.LLM, "a")], id="the embedded first"
        ),
        pytest.param(
            Options(Backend.CASCADE, "a"),
            ["a", " Embedded"],
            [(Backend.CASCADE, "a"), (Backend.LLM, "a"), (Backend.EMBEDDED, None)],
            id="a cascade and both of its models",
        ),
    ],
)
def test_each_model_has_the_options_of_the_run_but_for_its_name(first, also, wanted):
    found = all_options(replace(first, votes=3), also)
    assert [(one.backend, one.model) for one in found] == wanted
    assert {one.votes for one in found} == {3}


@pytest.mark.parametrize(
    ("first", "also", "says"),
    [
        (Options(model="a"), ["a"], "a is named twice"),
        (Options(model="a"), ["b", "b"], "b is named twice"),
        (Options(), ["embedded"], "The embedded model is named twice"),
        (Options(), [" "], "needs the name of a model"),
    ],
)
def test_a_model_that_is_named_twice_or_not_at_all_is_refused(first, also, says):
    with pytest.raises(SettingsError, match=says):
        all_options(first, also)


def test_a_usage_has_a_price_if_the_model_has_one():
    usage = Usage(1, 1_000_000, 100_000)
    assert micro_usd(Options(model="a", price="0.25/2.00"), usage) == 450_000
    assert micro_usd(Options(Backend.EMBEDDED), usage) == 0
    assert micro_usd(Options(model="no-such-model"), usage) is None


def test_the_figures_of_all_models_stand_in_one_table_and_each_has_a_run(triage, tmp_path):
    with serving() as service:
        ended = triage(*service.options, "--also", "embedded", "-o", tmp_path / "runs")
    assert ended.code == 0
    assert sorted(path.name for path in (tmp_path / "runs").iterdir()) == ["embedded", "m"]
    for name in ("embedded", "m"):
        assert len(read_rows(tmp_path / "runs" / name)) == ROWS
        assert (tmp_path / "runs" / name / "report.html").is_file()
        assert f"{name}/report.html" in ended.err.replace("\n", "")
    lines = {line[:20].strip(): line[20:].split() for line in ended.out.splitlines()}
    assert ended.out.splitlines()[1].split() == ["llm:", "m", "embedded:", "oracle"]
    assert lines["accuracy"][1] == "1.000"
    assert lines["AUROC, out of scope"][1] == "1.000"
    assert lines["cost of this run"] == ["no", "price", "$0.00"]
    assert {"abstained", "calibration error", "flagged for review", "seconds per row"} <= set(lines)
    assert max(map(len, ended.out.splitlines())) <= 80


def test_for_programs_each_model_is_one_object(triage):
    with serving() as service:
        ended = triage(*service.options, "--also", "embedded", "--json")
    first, second = map(json.loads, ended.out.splitlines())
    assert [one["settings"]["model"] for one in (first, second)] == ["m", "oracle"]
    assert (first["cost_usd"], second["cost_usd"]) == (None, "0.000000")
    assert second["problems"]["accuracy"]["value"] == 1


def test_cases_from_a_pipe_are_read_once_for_all_models(triage, monkeypatch):
    table = b'{"text": "Invoices are typed by hand.", "label": "bot"}\n'
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(table)))
    with serving() as service:
        ended = triage(
            *service.options, "--also", "embedded", "--json", "--cases", "-",
            "--label", "bot=automate-process",
        )  # fmt: skip
    rows = [json.loads(line)["problems"]["rows"] for line in ended.out.splitlines()]
    assert (ended.code, rows) == (0, [1, 1])


def test_a_known_price_is_multiplied_with_what_was_used_and_the_cache_is_reported(
    triage, monkeypatch
):
    monkeypatch.setattr(side_by_side, "micro_usd", lambda _, usage: usage.calls * 1_000)
    with serving() as service:
        start = (*service.options, "--also", "embedded")
        assert "$0.0160" in triage(*start).out
        again = triage(*start).out
    assert f"llm: m: {ROWS} answers from the cache, at no cost" in again
    assert "$0.0160" not in again


def test_errors_of_one_model_are_reported_and_are_the_exit_code(triage):
    with serving(schedule=lambda _: Fault.REFUSAL) as service:
        ended = triage(*service.options, "--also", "embedded")
    assert ended.code == 3
    assert f"llm: m: {ROWS} rows ended in an error: wrong (of {ROWS})" in ended.out
    assert "embedded: oracle: " not in ended.out


@pytest.mark.parametrize("more", [["--gate"], ["--set", "problems"]])
def test_several_models_are_for_the_problems_or_ones_own_cases(triage, more):
    ended = triage("--also", "m", *more)
    assert (ended.code, ended.out) == (2, "")
    assert "--also is for the problems or --cases" in " ".join(ended.err.replace("│", " ").split())


def test_a_model_that_stops_the_run_leaves_the_runs_before_it(triage, tmp_path, monkeypatch):
    def stop(request, *rest):
        if request.options.model == "late":
            raise SettingsError("stopped")
        return evaluation.evaluate(request, *rest)

    monkeypatch.setattr(side_by_side, "evaluate", stop)
    ended = triage("--also", "late", "-o", tmp_path / "runs")
    assert ended.code == 2
    assert len(read_rows(tmp_path / "runs" / "embedded")) == ROWS


@pytest.mark.parametrize(
    ("options", "taken", "name"),
    [
        (Options(model="org/Model:1b"), set(), "org-model-1b"),
        (Options(model="org-model.1b"), {"org-model.1b"}, "org-model.1b-2"),
        (Options(model="a"), {"a", "a-2"}, "a-3"),
        (Options(), {"a"}, "embedded"),
        (Options(Backend.CASCADE, "a"), {"a"}, "cascade-a"),
        (Options(model="模型"), set(), "model"),
        (Options(model="../.."), set(), "model"),
    ],
)
def test_the_folder_of_a_model_is_named_after_it_and_is_its_own(options, taken, name):
    assert folder_name(options, taken) == name
