"""Against the reference server of the System One API, and each fault that it can inject.

It needs the program `jevcompat` on the PATH (`pip install jevcompat` in an environment of its own:
50 MB with its dependencies, so it is no part of the development tools).
"""

import asyncio
import re
import shutil
import socket
import subprocess
import time
from contextlib import contextmanager
from dataclasses import replace

import pytest

from triage_agent.errors import TriageError
from triage_agent.models.factory import open_backend
from triage_agent.settings import Backend, Options
from triage_agent.types import Problem, Usage

PROGRAM = shutil.which("jevcompat")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="jevcompat is not installed")

PROBLEM = Problem("1", "Customers want to see their orders in an app.")
KEY = "sk-0123456789abcdef"
# What becomes of a row under a fault; under every other one the answer is the same as without.
OUTCOMES = {
    "wrong-route": "stop_not_found",
    "xssi-200": "service_not_json",
    "auth-rejects-header": "stop_key",
    "first-question-only": "reply_bad_schema",
    "noul-range": "reply_bad_schema",
    "choice-sum": "reply_bad_schema",
    "choice-second": "reply_bad_schema",
    "id-leaks": "other numbers",
    "batch-leaks": "other numbers",
    "order-leaks": "other numbers",
}


def faults():
    if PROGRAM is None:
        return ["none"]  # so that one skipped test says why
    ran = subprocess.run([PROGRAM, "mock", "--list-faults"], capture_output=True, check=True)
    return re.findall(r"^(\S+) +breaks", ran.stdout.decode(), re.MULTILINE)


@contextmanager
def mock(*arguments):
    """Run the reference server, and return its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    process = subprocess.Popen(
        [PROGRAM, "mock", "--port", str(port), *arguments], stdout=subprocess.DEVNULL
    )
    try:
        for _ in range(600):
            try:
                socket.create_connection(("127.0.0.1", port), 1).close()
                break
            except OSError:
                assert process.poll() is None
                time.sleep(0.05)
        yield f"http://127.0.0.1:{port}/v1"
    finally:
        process.kill()
        process.wait(10)


def outcome(base_url, tmp_path, **settings):
    """Return the prediction, or the type of the error and its message."""
    settings = {"model": "mock", "cache": tmp_path / "cache.sqlite3"} | settings

    async def ask():
        backend = open_backend(Options(Backend.TYPED, base_url=base_url, **settings))
        backend.llm.chat.attempts = 1
        try:
            return replace(await backend.model.predict(PROBLEM), usage=Usage())
        except TriageError as error:
            return error.type, error.message
        finally:
            await backend.aclose()

    return asyncio.run(ask())


@pytest.fixture(scope="module")
def clean(tmp_path_factory):
    """The prediction of the server without a fault."""
    with mock() as base_url:
        return outcome(base_url, tmp_path_factory.mktemp("clean"))


@pytest.mark.parametrize("fault", faults())
def test_every_fault_ends_the_row_with_its_error_or_changes_nothing(fault, clean, tmp_path):
    with mock("--fault", fault) as base_url:
        found = outcome(base_url, tmp_path)
    expected = OUTCOMES.get(fault, "the same")
    if expected == "the same":
        assert found == clean
    elif expected == "other numbers":
        assert found.p_build is not None
        assert found.p_build != clean.p_build
    else:
        assert found[0] == expected


@pytest.mark.parametrize(
    ("faults", "key"),
    [
        ([], None),
        ([], "sk-fedcba9876543210"),
        (["auth-plain"], None),
        (["auth-invalid-403-text"], "sk-fedcba9876543210"),
        (["text-errors"], "sk-fedcba9876543210"),
        (["auth-x-api-key"], KEY),
    ],
    ids=["none", "another", "none, in plain text", "another, flat", "another, in text", "unread"],
)
def test_a_key_that_is_not_accepted_stops_the_run_and_is_not_shown(faults, key, tmp_path):
    given = [part for fault in faults for part in ("--fault", fault)]
    with mock("--key", KEY, *given) as base_url:
        kind, message = outcome(base_url, tmp_path, api_key=key)
    assert kind == "stop_key"
    assert "OPENAI_API_KEY" in message
    assert key is None or key not in message


def test_the_right_key_is_sent_as_a_bearer(clean, tmp_path):
    with mock("--key", KEY) as base_url:
        assert outcome(base_url, tmp_path, api_key=KEY) == clean


@pytest.mark.parametrize(
    ("faults", "model", "kind", "words"),
    [
        ([], "other", "service_bad_request", "Unknown model: other"),
        (["error-flat"], "other", "service_bad_request", "Unknown model: other"),
        (["text-errors"], "other", "service_bad_request", "Unknown model: other"),
        (["reject-jev-latest"], "jev-latest", "stop_not_found", "Model not served: jev-latest"),
    ],
    ids=["a detail", "flat", "plain text", "a 404"],
)
def test_the_servers_words_about_an_unknown_model_are_shown(faults, model, kind, words, tmp_path):
    given = [part for fault in faults for part in ("--fault", fault)]
    with mock(*given) as base_url:
        found = outcome(base_url, tmp_path, model=model)
    assert found[0] == kind
    assert words in found[1]
