"""The typed summary of a run, and the JSON of summary.json that is made from it."""

import json
from dataclasses import fields, replace

import pytest

from support.eval_rows import random_rows, row
from triage_agent.evals.metrics import RowFigures, summarise
from triage_agent.evals.record import Run, read_rows, read_settings
from triage_agent.evals.summary import (
    RunSummary,
    plain,
    problem_values,
    rounded,
    summarise_rows,
    summarise_run,
    summary_values,
)
from triage_agent.files import folder
from triage_agent.types import DecidedBy

RUNS = [path.parent for path in sorted((folder("evals") / "runs").glob("*/summary.json"))]


def test_figures_become_json_in_the_order_of_their_fields_with_six_decimals():
    rows = [*random_rows(1), *[replace(one, repeat=1) for one in random_rows(2)]]
    rows[0] = replace(rows[0], decided_by=DecidedBy.TB1)
    values = plain(rounded(summarise(rows)))
    assert list(values) == [field.name for field in fields(RowFigures)]
    text = json.dumps(values, allow_nan=False)
    assert json.loads(text) == values
    assert values["accuracy"]["value"] == round(summarise(rows).accuracy.value, 6)
    assert json.dumps(plain(rounded(summarise(rows)))) == text
    assert values["reliability"][0] == [round(x, 6) for x in summarise(rows).reliability[0]]


def test_figures_that_are_not_known_become_json_too():
    one = row("0", None, "error")
    values = plain(rounded(summarise([one])))
    assert json.loads(json.dumps(values, allow_nan=False))["accuracy"]["low"] is None


@pytest.mark.parametrize("run", RUNS, ids=lambda path: path.name)
def test_a_checked_in_summary_is_what_its_rows_give_byte_for_byte(run):
    recorded = json.loads((run / "summary.json").read_text(encoding="utf-8"))["problems"]
    again = problem_values(summarise_rows(read_rows(run), read_settings(run)["prior"]))
    floors = {name: recorded[name] for name in recorded.keys() - again.keys()}
    assert floors.keys() <= {"floors"}
    assert json.dumps({**again, **floors}, indent=2) == json.dumps(recorded, indent=2)


def test_what_was_not_run_has_no_key():
    assert summary_values(RunSummary()) == summary_values(summarise_run(Run({}))) == {}
    rows = tuple(random_rows(1, count=1))
    assert list(summary_values(summarise_run(Run({}, rows=rows)))) == ["problems"]
