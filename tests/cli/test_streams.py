"""The net below everything that is printed: usage errors, help, tracebacks, other encodings."""

import io
import subprocess
import sys

import pytest

from support.hostile import HOSTILE, forged, steering
from support.program import triage
from triage_agent.cli.streams import CleanStream, say, show


def test_a_stream_cleans_what_is_written_and_has_no_buffer_to_write_past_it():
    behind = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="replace")
    stream = CleanStream(behind)
    assert stream.write("a\x1b[31mé\x9b\n") == 9
    stream.flush()
    assert behind.buffer.getvalue().decode() == "a[31mé\n"
    assert not hasattr(stream, "buffer")
    assert (stream.encoding, stream.errors, stream.isatty()) == ("utf-8", "replace", False)


def test_each_line_that_is_said_or_shown_stays_one_line(capsys):
    say("one", HOSTILE)
    show("", f"two {HOSTILE}")
    shown = capsys.readouterr()
    assert shown.err.count("\n") == shown.out.count("\n") == 2
    assert steering(shown.err + shown.out) == set()
    assert forged(shown.err + shown.out) == []


class Terminal(io.StringIO):
    """A stream that says it is a terminal."""

    def isatty(self):
        return True


@pytest.mark.parametrize("width", [40, 60, 80])
def test_in_a_terminal_a_line_breaks_between_words_and_goes_on_indented(width, monkeypatch):
    monkeypatch.setenv("COLUMNS", str(width))
    monkeypatch.setattr(sys, "stderr", Terminal())
    line = "error: The file forms.csv cannot be read, because it is a folder. Give another one now."
    say(line, "short", "  an indented line that is long enough to be broken in every one of these")
    lines = sys.stderr.getvalue().splitlines()
    assert max(map(len, lines)) <= width
    assert "short" in lines
    assert " ".join(sys.stderr.getvalue().split()).startswith(line)
    assert [one for one in lines if one[0] != " "] == [lines[0], "short"]


def test_what_has_no_blank_is_not_broken(monkeypatch):
    monkeypatch.setenv("COLUMNS", "40")
    monkeypatch.setattr(sys, "stderr", Terminal())
    path = "/a/path-with-hyphens/" + "x" * 60
    say(f"written: {path}")
    assert path in sys.stderr.getvalue()


def test_a_traceback_and_a_warning_are_cleaned_too():
    program = (
        "import warnings\n"
        "from triage_agent.cli.streams import guard_streams\n"
        "guard_streams()\n"
        "warnings.warn('x\\x1b[2J')\n"
        "raise ValueError('y\\x9b2J\\u202e')\n"
    )
    ended = subprocess.run([sys.executable, "-c", program], capture_output=True, check=False)
    shown = ended.stderr.decode()
    assert "ValueError: y2J" in shown
    assert "x[2J" in shown
    assert steering(shown) == set()


@pytest.mark.parametrize("encoding", ["ascii", "latin-1", "utf-8"])
@pytest.mark.parametrize("arguments", [["--help"], [f"--{HOSTILE}"], ["x"]], ids=["help", "-", "x"])
def test_another_encoding_is_no_way_past_it(encoding, arguments, no_user):
    path = no_user / "xdg_config_home" / "triage-agent" / "config.toml"
    path.parent.mkdir()
    path.write_text('model = "m\\u009b2J\\u202e"\nprompt = "p\\u001B[2J\\u009b"\n')
    result = triage("classify", *arguments, environment={"PYTHONIOENCODING": encoding})
    for shown in (result.stdout, result.stderr):
        assert steering(shown.decode("utf-8" if encoding == "ascii" else encoding)) == set()
