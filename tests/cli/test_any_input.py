"""Every command, with generated options and files: a documented exit code, and no stray file.

`TRIAGE_EXAMPLES=2000 pytest tests/cli/test_any_input.py` looks longer.
"""

import asyncio
import io
import json
import os
import socket
import sys
import tempfile
from enum import StrEnum
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest
import typer
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from triage_agent.advice import load_quiz
from triage_agent.cli.main import app, main
from triage_agent.models.llm import attempts

EXAMPLES = int(os.environ.get("TRIAGE_EXAMPLES", "20"))
DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 8}  # 130 is Ctrl-C, which nobody presses here
WRITTEN_TO = {"output", "out", "save", "export", "report", "reports", "save_mapping"}
LEFT_OUT = {"--gate", "--help", "--help-all", "--set"}  # the first and the last take minutes
PROBLEM = "Leads get lost because nobody follows up on them"
QUIZ = json.dumps({question.id: 2 for question in load_quiz().questions})
DIGITS = "9" * 5_000
ABSURD = [
    "", " ", "\t", "nan", "inf", "-inf", "-1", "0", "-0", "1", "0.5", "1e308", "1e-400", "=",
    "1e999999999", "1e-999999999", "0x10", "1_000", "٣", DIGITS, "0." + DIGITS, str(10**30),
    "x" * 100_000, "x/" * 3_000, "a\0b", "\udcff", "é", "💥", "a\nb", "\x1b[2J", "-", "--",
    "~none/x", "..", "/", "/dev/null", "/dev/zero", "/proc/self/mem", "loop", "forms.csv/x",
    "build=0.3", "build=nan", "1/2", f"{DIGITS}/1", "utf-16", "hex", "idna", "rot13", "tab", "\r",
    "strategy=problem", "=problem", "problem", "$3M", "3M-1M", f"{DIGITS}k", "1M to " + DIGITS,
    "€3M", "/proc/x", "../x",
]  # fmt: skip
INPUTS = {
    "forms.csv": f"id,problem,revenue\n1,{PROBLEM},3M\n2,We type invoices by hand,{DIGITS}\n",
    "forms.jsonl": json.dumps({"id": 10**30, "problem": PROBLEM, "revenue": 1e300}) + "\n",
    "cases.csv": f"text,label\n{PROBLEM},automate-process\n",
    "automations.csv": f"name,hours_saved,hourly_cost\na,3,30\nb,{DIGITS},1e999999999\nc,nan,inf\n",
    "quiz.json": QUIZ,
    "hire.json": '{"meetings_share": 0.9}',
    "prompt.md": "# System\n\nJudge.\n\n# User\n\n{problem}\n",
}
OUTPUTS = ["made.csv", "made.jsonl", "made.xlsx", "made.html", "made.json", "made.md", "made",
           "made/x.csv", "/dev/full", "none/made.csv"]  # fmt: skip
DEFAULTS = ["triage-data"]  # where `triage serve` keeps its data if no option names a folder
PIECES = ["{", "}", "[", "]", '"', ":", ",", "\n", "\0", "1e999", DIGITS, "null", "NaN", "problem",
          "id", "text", "label", "quiz", "\ud800", "é", " ", "=1+1", "9", "-", "true",
          "[" * 3_000, '{"a":' * 3_000, "x" * 70_000, PROBLEM]  # fmt: skip


def commands(group, path=()):
    """Return {words of a command: its parameters}, groups that do something included."""
    found = {}
    for name, command in getattr(group, "commands", {}).items():
        found[(*path, name)] = command.params
        found |= commands(command, (*path, name))
    return found


COMMANDS = commands(typer.main.get_command(app))


def test_every_command_is_tried():
    assert {("advise",), ("batch",), ("eval",), ("eval", "calibrate"), ("cache",)} <= set(COMMANDS)


def texts():
    return st.one_of(
        st.sampled_from(ABSURD),
        st.sampled_from([*INPUTS, "given"]),
        st.sampled_from(OUTPUTS),
        st.text(max_size=20).filter(lambda text: not text.startswith("-")),
    )


def usual(parameter):
    """Return values that the command may take, so that many calls get past their options."""
    kind = parameter.type_descriptor.annotation
    if isinstance(kind, type) and issubclass(kind, StrEnum):
        return [one.value for one in kind]
    if parameter.name in WRITTEN_TO:
        return OUTPUTS
    return [*INPUTS, "given"] if kind is Path else []


@st.composite
def arguments(draw, words):
    """Return the words of one call; most options are left out, as most exclude each other."""
    found = list(words)
    for parameter in COMMANDS[words]:
        flags = [flag for flag in parameter.opts if flag.startswith("-")]
        if LEFT_OUT & {*flags} or (not parameter.required and draw(st.integers(0, 5))):
            continue
        likely = usual(parameter)
        value = st.one_of(texts(), *[st.sampled_from(likely)] * 2) if likely else texts()
        if not flags:
            many = 2 if parameter.nargs == -1 else 1
            found += draw(st.lists(value, min_size=1, max_size=many))
        elif getattr(parameter, "is_flag", False):
            found.append(draw(st.sampled_from([*flags, *parameter.secondary_opts])))
        else:
            flag = flags[0]
            found.append(f"{flag}={draw(value)}" if flag.startswith("--") else flag + draw(value))
    if words == ("eval",):
        found += ["--limit", "1"]
    return found


contents = st.one_of(
    st.binary(max_size=200),
    st.lists(st.sampled_from(PIECES), max_size=12).map(
        lambda pieces: "".join(pieces).encode("utf-8", "surrogatepass")
    ),
    st.sampled_from([text.encode() for text in INPUTS.values()]),
)


class Written:
    """The paths that this process opens for writing, makes, renames to or removes."""

    def __init__(self):
        self.paths = None
        sys.addaudithook(self.hear)

    def hear(self, event, arguments):
        if self.paths is None:
            return
        if event == "open" and isinstance(arguments[0], str | bytes | os.PathLike):
            mode, flags = arguments[1], arguments[2]
            writes = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC
            if (isinstance(mode, str) and set(mode) & set("wax+")) or (flags or 0) & writes:
                self.paths.add(os.fsdecode(arguments[0]))
        elif event in {"os.rename", "os.link", "os.symlink"}:
            self.paths.add(os.fsdecode(arguments[1]))
        elif event == "sqlite3.connect" and str(arguments[0]).startswith("file:"):
            self.paths.add(unquote(urlsplit(arguments[0]).path))
        elif event in {"os.mkdir", "os.remove", "os.rmdir", "os.truncate", "sqlite3.connect"}:
            self.paths.add(os.fsdecode(arguments[0]))


WRITTEN = Written()  # a hook cannot be taken away again


def run(words, stdin):
    """Run the program in this process, and return its exit code and what it printed."""
    before = sys.argv, sys.stdin, sys.stdout, sys.stderr
    printed = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", errors="backslashreplace")
    sys.argv = ["triage", *words]
    sys.stdin = io.TextIOWrapper(io.BytesIO(stdin))
    sys.stdout = sys.stderr = printed
    WRITTEN.paths = set()
    try:
        main()
    except SystemExit as end:
        code = end.code or 0
    finally:
        written, WRITTEN.paths = WRITTEN.paths, None
        sys.argv, sys.stdin, sys.stdout, sys.stderr = before
        asyncio.set_event_loop(None)
    printed.flush()
    return code, printed.buffer.getvalue().decode(errors="replace"), written


@pytest.fixture(scope="module")
def taken():
    """A port at which another program listens: a server that starts there ends."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield str(listener.getsockname()[1])


@pytest.fixture
def place(tmp_path, monkeypatch, no_user):
    """Return a working folder with files, a pipe and a link that leads to itself."""
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setattr(attempts, "LONGEST_WAIT_S", 0.001)
    return folder


def cleared(folder, given):
    """Bring the folder back to its inputs."""
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() and not path.is_symlink() else path.unlink()
    for name, text in INPUTS.items():
        (folder / name).write_text(text)
    (folder / "given").write_bytes(given)
    (folder / "loop").symlink_to("loop")


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_any_options_and_files_lead_to_a_documented_exit_code_and_no_stray_file(
    place, no_user, taken, words
):
    last = ["--port", taken] if words == ("serve",) else []

    @settings(
        max_examples=EXAMPLES,
        suppress_health_check=list(HealthCheck),
    )
    @given(words=arguments(words), content=contents, stdin=contents)
    def check(words, content, stdin):
        cleared(place, content)
        os.chdir(place)
        code, printed, written = run([*words, *last], stdin)
        assert code in DOCUMENTED, printed
        assert "Traceback" not in printed
        allowed = (no_user, Path(tempfile.gettempdir()), Path("/dev"))
        for path in map(Path, written):
            inside = (place / path).absolute()
            named = any(_may_come_from(one, inside, place) for one in [*words, *DEFAULTS])
            beside = not inside.is_relative_to(place) and any(
                inside.is_relative_to(one) for one in allowed
            )
            assert named or beside, (path, words)
        for name, text in INPUTS.items():
            if not any(name in one for one in words):
                assert (place / name).read_text() == text

    check()


def _may_come_from(word, path, place):
    """Return whether a path is an output that a word names, or stands beside it or in it."""
    named = Path(word.partition("=")[2] if word.startswith("--") else word.removeprefix("-o"))
    try:
        target = (place / named).absolute()
    except ValueError:
        return False
    return path.is_relative_to(target) or (
        path.parent == target.parent and target.name in path.name
    )
