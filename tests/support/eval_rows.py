"""Rows of evaluations, made up."""

import numpy as np

from triage_agent.evals.rows import EvalRow
from triage_agent.types import Label, Outcome

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE


def row(number, expected=BUILD, got=BUILD, **values):
    """Return a row; `got` is a label, or the outcome of a row that has none."""
    label = got if isinstance(got, Label) else None
    outcome = Outcome.CLASSIFIED if label else Outcome(got)
    return EvalRow(str(number), expected, outcome, label, **values)


def random_rows(seed, count=300):
    """Return rows of a mediocre model, every kind of outcome among them."""
    chance = np.random.default_rng(seed)
    rows = []
    for number in range(count):
        expected = [BUILD, BUILD, AUTOMATE, None][chance.integers(4)]
        centre = 0.6 if expected is BUILD else 0.4
        p_build = round(float(np.clip(chance.normal(centre, 0.2), 0, 1)), 2)
        label = BUILD if p_build >= 0.5 else AUTOMATE
        got = [*[label] * 8, "abstained", "error"][chance.integers(10)]
        known = {"p_build": p_build} if got != "error" else {}
        sure = {"probability": max(p_build, 1 - p_build)} if got is label else {}
        rows.append(row(number, expected, got, **known, **sure))
    return rows
