"""What a long run shows of itself in a terminal."""

from io import StringIO

import pyte
import pytest
from rich.console import Console

from triage_agent.batch import Tally
from triage_agent.cli import progress
from triage_agent.models import OpenBackend


def opened():
    class Free:
        backend, name, prompt = "words", "words-1", None

    return OpenBackend(Free(), "words")


@pytest.fixture
def terminal(monkeypatch):
    file = StringIO()
    console = Console(file=file, force_terminal=True, width=100)
    monkeypatch.setattr(progress, "stderr_console", lambda: console)
    return file


def test_the_line_that_stays_is_the_end_of_the_run(terminal):
    with progress.Progress(30, opened()) as show:
        for row in range(1, 31):  # faster than the line is drawn
            show(Tally(rows=row, to_look_at=row))
    screen = pyte.Screen(100, 5)
    pyte.Stream(screen).feed(terminal.getvalue().replace("\n", "\r\n"))
    shown = [line.strip() for line in screen.display if line.strip()]
    assert len(shown) == 1
    assert shown[0].startswith("30/30 rows")
    assert shown[0].endswith("30 problems to look at")


def test_a_run_without_a_row_leaves_no_line(terminal):
    with progress.Progress(0, opened()):
        pass
    assert "rows" not in terminal.getvalue()
