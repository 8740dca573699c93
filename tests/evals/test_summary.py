"""The typed summary of a run, and the JSON of summary.json that is made from it."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from triage_agent.evals.metrics import RowFigures, summarise
from triage_agent.evals.record import Run, read_rows, read_settings
from triage_agent.evals.rows import EvalRow
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
from triage_agent.types import DecidedBy, Label, Outcome

RUNS = [path.parent for path in sorted((folder("evals") / "runs").glob("*/summary.json"))]


def some_rows(seed, count=300):
    """Return rows of a mediocre model, every kind of outcome among them."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        expected = [Label.BUILD, Label.AUTOMATE, None][chance.choice(3, p=[0.45, 0.45, 0.1])]
        outcome = [*Outcome][chance.choice(3, p=[0.8, 0.1, 0.1])]
        p = float(chance.uniform(0.5, 1))
        label = chance.choice([*Label]) if outcome is Outcome.CLASSIFIED else None
        known = {"label": Label(label), "p_build": p, "probability": p} if label else {}
        rows.append(EvalRow(str(number), expected, outcome, **known))
    return rows


def test_figures_become_json_in_the_order_of_their_fields_with_six_decimals():
    rows = [*some_rows(1), *[replace(one, repeat=1) for one in some_rows(2)]]
    rows[0] = replace(rows[0], decided_by=DecidedBy.TB1)
    values = plain(rounded(summarise(rows)))
    assert list(values) == [field.name for field in fields(RowFigures)]
    text = json.dumps(values, allow_nan=False)
    assert json.loads(text) == values
    assert values["accuracy"]["value"] == round(summarise(rows).accuracy.value, 6)
    assert json.dumps(plain(rounded(summarise(rows)))) == text
    assert values["reliability"][0] == [round(x, 6) for x in summarise(rows).reliability[0]]


def test_figures_that_are_not_known_become_json_too():
    row = EvalRow("0", None, Outcome.ERROR)
    values = plain(rounded(summarise([row])))
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
    (row,) = some_rows(1, count=1)
    assert list(summary_values(summarise_run(Run({}, rows=(row,))))) == ["problems"]
