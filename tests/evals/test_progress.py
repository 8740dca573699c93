"""What a run that takes minutes shows while it goes on."""

import pytest

from triage_agent.evals import evaluation, terminal
from triage_agent.evals.run import counted
from triage_agent.evals.terminal import progress_bars


@pytest.mark.parametrize(("every_s", "said"), [(0.0, ["red-flags: 1 of 2", "red-flags: 2 of 2"])])
def test_without_a_terminal_a_line_is_printed_at_times(every_s, said, monkeypatch, capsys):
    monkeypatch.setattr(terminal, "PLAIN_EVERY_S", every_s)
    with progress_bars() as progress:
        step = progress("red-flags", 2)
        step(1)
        step(2)
    assert capsys.readouterr().err.splitlines() == said


def test_a_short_run_prints_nothing_on_the_way(capsys):
    with progress_bars() as progress:
        progress("problems", 1)(1)
    assert capsys.readouterr().err == ""


def test_what_is_counted_is_shown_after_each_item():
    shown = []

    def progress(title, total):
        shown.append((title, total))
        return shown.append

    assert list(counted("ab", "splits", progress)) == ["a", "b"]
    assert shown == [("splits", 2), 1, 2]
    assert list(counted("ab", "splits", None)) == ["a", "b"]


@pytest.mark.parametrize(
    ("measure", "title"),
    [(evaluation._red_flags, "red-flags"), (evaluation._redaction, "redaction")],
)
def test_every_set_of_the_gate_shows_its_progress(measure, title):
    totals, steps = {}, []

    def progress(name, total):
        totals[name] = total
        return steps.append

    measure(progress)
    assert list(totals) == [title]
    assert steps == list(range(1, totals[title] + 1))
