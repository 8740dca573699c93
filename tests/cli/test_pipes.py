"""Standard streams that are closed, full or left: no traceback, a documented code, all files."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support.program import TRIAGE, triage
from triage_agent.advice import load_quiz

PROBLEM = "Leads get lost because nobody follows up on them"
FORMS = "id,problem\n" + "".join(f"{n},{PROBLEM}\n" for n in range(50))
COMMANDS = [
    pytest.param(["advise", PROBLEM], id="advise"),
    pytest.param(["classify"], id="classify"),
    pytest.param(["batch", "forms.csv", "-o", "out.csv"], id="batch"),
    pytest.param(["batch", "-", "-o", "out.csv"], id="batch of standard input"),
    pytest.param(["quiz"], id="quiz"),
    pytest.param(["check-hire", "--role", "cto"], id="check-hire"),
    pytest.param(["doctor"], id="doctor"),
    pytest.param(["compare-roles"], id="compare-roles"),
    pytest.param(["no-such-command"], id="a wrong command"),
    pytest.param(["--help"], id="help"),
    pytest.param([], id="no arguments"),
]
DOCUMENTED = {0, 2, 3, 4, 5, 6, 7, 8, 130}


def started(arguments, folder, *, closed=(), **streams):
    """Run the program with some of its standard streams closed, and return how it ended."""

    def close():
        for number in closed:
            os.close(number)

    return subprocess.run(
        [*TRIAGE, *arguments],
        stdin=streams.pop("stdin", subprocess.DEVNULL),
        stdout=streams.pop("stdout", subprocess.PIPE),
        stderr=streams.pop("stderr", subprocess.PIPE),
        cwd=folder,
        preexec_fn=close,
        timeout=60,
        check=False,
    )


def pipe_without_reader():
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "forms.csv").write_text(FORMS)
    return tmp_path


@pytest.fixture
def quiz_answers():
    return json.dumps({question.id: 2 for question in load_quiz().questions})


@pytest.mark.parametrize("arguments", COMMANDS)
@pytest.mark.parametrize("closed", [(0,), (2,), (0, 1, 2)], ids=str)
def test_a_closed_stream_leads_nowhere_and_no_file_takes_its_number(folder, arguments, closed):
    ended = started(arguments, folder, closed=closed)
    assert ended.returncode in DOCUMENTED
    assert b"Traceback" not in ended.stderr
    if arguments[:2] == ["batch", "forms.csv"]:
        assert (folder / "out.csv").read_text("utf-8-sig").count(PROBLEM) >= 50
        assert "backend:" not in (folder / "out.csv").read_text("utf-8-sig")


@pytest.mark.parametrize("arguments", COMMANDS)
def test_a_full_standard_output_is_an_error_that_names_it(folder, arguments):
    with Path("/dev/full").open("wb") as full:
        ended = started(arguments, folder, stdout=full)
    assert ended.returncode in DOCUMENTED
    assert b"Traceback" not in ended.stderr
    if arguments in (["compare-roles"], ["--help"], ["doctor"], ["advise", PROBLEM]):
        assert ended.returncode == 2
        assert b"standard output: No space left on device" in ended.stderr


@pytest.mark.parametrize("arguments", COMMANDS)
def test_messages_that_cannot_be_written_are_dropped_and_change_no_exit_code(folder, arguments):
    usual = started(arguments, folder)
    with Path("/dev/full").open("wb") as full:
        ended = started(arguments, folder, stderr=full)
    assert (ended.returncode, ended.stdout) == (usual.returncode, usual.stdout) or (
        arguments == ["doctor"]  # it shows how long it took
    )


@pytest.mark.parametrize("out", ["out.csv", "out.xlsx", "out.jsonl"])
def test_a_batch_whose_messages_nobody_reads_any_more_still_writes_everything(folder, out):
    gone = pipe_without_reader()
    arguments = ["batch", "forms.csv", "-o", out, "--report", "page.html", "--reports", "pages"]
    ended = started(arguments, folder, stdout=gone, stderr=gone)
    os.close(gone)
    assert ended.returncode == 0
    assert (folder / out).stat().st_size > 1_000
    assert (folder / f"{out}.run.json").is_file()
    assert (folder / "page.html").is_file()
    assert len(list((folder / "pages").iterdir())) == 51  # with the index


WRITES_A_FILE = [
    pytest.param(["advise", PROBLEM, "-o", "made.html"], "made.html", id="advise"),
    pytest.param(["quiz", "--answers", "quiz.json", "--save", "made.json"], "made.json", id="quiz"),
    pytest.param(["eval", "--cases", "cases.csv", "-o", "made"], "made/report.html", id="eval"),
    pytest.param(["eval", "cascade", "run", "run", "-o", "made.html"], "made.html", id="cascade"),
]


@pytest.mark.parametrize(("arguments", "made"), WRITES_A_FILE)
def test_a_file_is_written_before_anything_is_printed_that_may_end_the_program(
    folder, quiz_answers, arguments, made
):
    (folder / "quiz.json").write_text(quiz_answers)
    (folder / "cases.csv").write_text(f"text,label\n{PROBLEM},automate-process\n")
    if "cascade" in arguments:
        assert not triage("eval", "--limit", "5", "-o", str(folder / "run")).returncode
        settings = folder / "run" / "settings.json"
        large = folder / "large"
        large.mkdir()
        (large / "settings.json").write_text(settings.read_text().replace("embedded", "llm"))
        (large / "rows.jsonl").write_text((folder / "run" / "rows.jsonl").read_text())
        arguments = ["eval", "cascade", "run", "large", "-o", made]
    gone = pipe_without_reader()
    ended = started(arguments, folder, stdout=gone)
    os.close(gone)
    assert (ended.returncode, b"Traceback" in ended.stderr) == (0, False), ended.stderr
    assert (folder / made).is_file()


def test_a_pipe_that_takes_no_more_at_the_moment_is_waited_for(folder):
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    process = subprocess.Popen(
        [*TRIAGE, "classify", "--json"], stdin=subprocess.PIPE, stdout=writing, cwd=folder
    )
    os.close(writing)
    process.stdin.write(f"{json.dumps({'text': PROBLEM})}\n".encode() * 400)
    process.stdin.close()
    with os.fdopen(reading, "rb") as file:
        assert len(file.read().splitlines()) == 400
    assert process.wait(60) == 0


@pytest.mark.parametrize(
    "environment",
    [
        {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0", "PYTHONUTF8": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"TERM": "dumb"},
        {"COLUMNS": "1"},
        {"COLUMNS": "0"},
        {"COLUMNS": "1000000"},
        {"COLUMNS": "many"},
    ],
    ids=str,
)
def test_any_locale_and_any_width_will_do(folder, environment):
    for arguments in (["advise", "Wir verlieren täglich Anfragen", PROBLEM], ["compare-roles"]):
        ended = triage(*arguments, environment=environment)
        assert ended.returncode == 0
        assert b"Traceback" not in ended.stderr


def test_a_fault_of_the_program_is_one_line_without_the_words_of_the_input(folder):
    code = (
        "import sys; sys.argv = ['triage', 'quiz', '--answers', 'x']\n"
        "from triage_agent.cli import main\n"
        "import triage_agent.advice as advice\n"
        "def broken(path): raise KeyError('ann@example.com')\n"
        "advice.read_answers = broken\n"
        "main.main()\n"
    )
    ended = subprocess.run([TRIAGE[0], "-c", code], capture_output=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.decode().count("\n") == 1
    assert "fault of triage: KeyError in quiz.py" in ended.stderr.decode()
    assert b"ann" not in ended.stderr
