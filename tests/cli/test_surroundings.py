"""Odd surroundings: no home, no cache, a deleted folder, copied keys; each with a message."""

import asyncio
import os
import subprocess

import pytest

from support.openai_server import OpenAIServer
from support.program import TRIAGE, triage

PROBLEM = "Leads get lost because nobody follows up on them"
NOWHERE = ["--model", "m", "--base-url", "http://127.0.0.1:9/v1"]
COMMANDS = [
    pytest.param(["advise", PROBLEM], id="advise"),
    pytest.param(["doctor"], id="doctor"),
    pytest.param(["compare-roles"], id="compare-roles"),
    pytest.param(["quiz"], id="quiz"),
]


@pytest.fixture
def nobody():
    """Return what runs the program as a user without a name and a home, as in a container."""

    def run(*arguments, **environment):
        return subprocess.run(
            [*TRIAGE, *arguments],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            env={"PATH": os.environ["PATH"], **environment},
            preexec_fn=lambda: os.setresuid(12_345, 0, 0),  # its files stay readable
            check=False,
            timeout=60,
        )

    return run


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may become somebody else")
class TestAUserWithoutNameAndHome:
    @pytest.mark.parametrize("arguments", COMMANDS)
    def test_needs_no_home_for_the_embedded_model(self, nobody, arguments):
        ended = nobody(*arguments)
        assert ended.returncode == (4 if arguments == ["quiz"] else 0), ended.stderr

    @pytest.mark.parametrize("arguments", [["cache"], ["classify", PROBLEM, *NOWHERE]])
    def test_is_told_to_name_a_folder_where_the_cache_is_needed(self, nobody, arguments):
        ended = nobody(*arguments)
        assert ended.returncode == 2
        assert b"error: There is no home folder for the cache" in ended.stderr
        assert b"TRIAGE_CACHE_DIR" in ended.stderr

    def test_may_name_a_folder(self, nobody, tmp_path):
        ended = nobody("cache", TRIAGE_CACHE_DIR=str(tmp_path / "cache"))
        assert ended.returncode == 0
        assert b"0 answers" in ended.stdout


@pytest.mark.parametrize(
    "folder", ["~nobody-of-this-name/x", "/proc/x", "FILE", "/dev/" + "x" * 300, "/dev/null"]
)
def test_a_cache_folder_that_cannot_be_one_is_named(tmp_path, folder):
    (tmp_path / "file").write_text("x")
    folder = folder.replace("FILE", str(tmp_path / "file"))
    ended = triage("cache", environment={"TRIAGE_CACHE_DIR": folder})
    assert ended.returncode == 2
    assert folder[:20] in ended.stderr.decode()
    assert b"TRIAGE_CACHE_DIR" in ended.stderr
    embedded = triage("advise", PROBLEM, environment={"TRIAGE_CACHE_DIR": folder})
    assert embedded.returncode in {0, 2}  # 2: a folder in which a calibration may not be looked for
    assert b"Traceback" not in embedded.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ["advise", PROBLEM],
        ["advise", PROBLEM, "-o", "report.html"],
        ["quiz", "--save", "answers.json"],
        ["cache"],
        ["eval", "--limit", "1", "-o", "run"],
        ["eval", "calibrate", "-o", "made.json"],
        ["batch", "/dev/null", "-o", "out.csv"],
        ["review", "out.csv", "--export", "cases.jsonl"],
    ],
    ids=" ".join,
)
def test_a_working_folder_that_was_deleted_is_survived(tmp_path, arguments):
    gone = tmp_path / "gone"
    gone.mkdir()

    def leave():
        os.chdir(gone)
        gone.rmdir()

    ended = subprocess.run(
        [*TRIAGE[:1], "-P", *TRIAGE[1:], *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        env={**os.environ, "TRIAGE_CACHE_DIR": "relative"},
        preexec_fn=leave,
        check=False,
        timeout=60,
    )
    assert ended.returncode in ({0} if arguments == ["advise", PROBLEM] else {2, 4})
    assert b"Traceback" not in ended.stderr


KEPT = "sk-" + "a" * 40


@pytest.mark.parametrize("end", ["\n", "\r\n", "  ", "\t"], ids=repr)
def test_what_copying_leaves_around_a_key_an_address_and_a_name_is_no_part_of_them(end):
    async def classified():
        async with OpenAIServer() as server:
            environment = {
                "OPENAI_API_KEY": f"{end}{KEPT}{end}",
                "OPENAI_BASE_URL": f"{end}{server.base_url}{end}",
                "TRIAGE_MODEL": f"{end}m{end}",
            }
            return await asyncio.to_thread(triage, "classify", PROBLEM, environment=environment)

    ended = asyncio.run(classified())
    assert ended.returncode == 0, ended.stderr
    assert b"llm (m) at 127.0.0.1" in ended.stderr


@pytest.mark.parametrize(
    "text", ["a b", "a\nb", "a\rb", "a\u2028b", "a\x01b", "a\udcffb"], ids=repr
)
@pytest.mark.parametrize("name", ["OPENAI_API_KEY", "OPENAI_BASE_URL", "TRIAGE_MODEL"])
def test_what_stands_within_them_is_an_error_that_does_not_show_the_text(name, text):
    if (name, text) == ("TRIAGE_MODEL", "a b"):
        return  # some servers on this machine name models so
    values = {
        "OPENAI_API_KEY": KEPT,
        "OPENAI_BASE_URL": "http://127.0.0.1:9/v1",
        "TRIAGE_MODEL": "m",
    }
    values[name] += text
    environment = {key: os.fsencode(value) for key, value in values.items()}
    ended = triage("classify", PROBLEM, environment={**environment, "COLUMNS": "80"})
    assert ended.returncode == 2
    assert name in ended.stderr.decode()
    assert KEPT not in ended.stderr.decode()


@pytest.mark.parametrize(
    "address",
    ["http://..", "http://a..b/v1", "http://💥/v1", "http://\u2028x", "http://" + "a" * 100_000],
)
def test_an_address_that_the_transport_would_refuse_is_refused_before(address):
    ended = triage("classify", PROBLEM, "--model", "m", "--base-url", address)
    assert ended.returncode == 2
    assert b"--base-url" in ended.stderr or b"is not a URL" in ended.stderr
    assert len(ended.stderr) < 1_000


@pytest.mark.parametrize("length", [250, 256, 300, 5_000])
def test_a_problem_of_one_long_sentence_is_not_taken_for_a_file(length):
    """A name of over 255 bytes cannot be looked up, which was an error of its own."""
    text = (PROBLEM + ". ") * 200
    ended = triage("classify", text[:length])
    assert ended.returncode == 0, ended.stderr
