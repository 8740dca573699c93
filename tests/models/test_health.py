"""What `triage doctor` shows of a server: which ways to ask work there, or where its API is."""

import asyncio
import json
import os
import re
import sys

import pytest

from support.chats import error
from support.openai_server import Answer, Fault, OpenAIServer, mode_of

RUNGS = ["strict schema", "tool call", "JSON object", "plain words"]


def doctor(*arguments, path="/v1", **options):
    """Return the exit code, what is shown, and the server, after `triage doctor` looked at it."""

    async def main():
        async with OpenAIServer(**options) as server:
            address = server.base_url.removesuffix("/v1") + path
            command = ["-m", "triage_agent.cli.main", "doctor", "-m", "m", "--base-url", address]
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                *command,
                *arguments,
                stdout=asyncio.subprocess.PIPE,
                stderr=asyncio.subprocess.PIPE,
                env=os.environ | {"PYTHONIOENCODING": "utf-8"},
            )
            shown, _ = await process.communicate()
            return process.returncode, shown.decode(), server

    return asyncio.run(main())


def rungs(**options):
    """Return the exit code, {rung: what is said of it}, and the number of calls."""
    code, shown, server = doctor("--json", **options)
    checks = json.loads(shown)
    said = {name: (checks[name]["ok"], checks[name]["says"]) for name in RUNGS if name in checks}
    return code, said, server.calls


def test_where_every_rung_works_the_strictest_is_used():
    code, said, calls = rungs()
    assert (code, calls) == (0, 4)
    assert said == {
        "strict schema": (True, "works, and will be used"),
        "tool call": (True, "works"),
        "JSON object": (True, "works"),
        "plain words": (True, "works"),
    }


def test_a_rung_that_the_server_refuses_says_so_and_is_no_failure():
    code, said, calls = rungs(modes=frozenset({"json_object", "plain"}))
    assert code == 0
    assert [ok for ok, _ in said.values()] == [None, None, True, True]
    assert said["tool call"][1] == "refused: This model does not support tools of type tool."
    assert said["JSON object"][1] == "works, and will be used"
    assert calls <= 7


def test_a_rung_that_is_accepted_and_ignored_does_not_work():
    code, said, _ = rungs(ignores_schema_on=frozenset({"json_schema", "tool"}))
    assert code == 0
    assert said["strict schema"] == (None, "the reply did not fit")
    assert said["JSON object"] == (True, "works, and will be used")


def test_a_server_on_which_no_rung_works_fails_and_shows_each():
    code, said, calls = rungs(modes=frozenset())
    assert code == 5
    assert [ok for ok, _ in said.values()] == [None] * 4
    assert calls <= 8


def test_a_rung_that_does_not_answer_in_time_is_not_waited_for():
    def schedule(call):
        return Fault.HANG if mode_of(call.body) == "tool" else None

    code, shown, _ = doctor("--json", "--timeout", "1", schedule=schedule)
    rung = json.loads(shown)["tool call"]
    assert (code, rung["ok"]) == (0, None)
    assert "did not answer in time" in rung["says"]


def test_a_wrong_key_is_not_tried_on_every_rung():
    code, said, calls = rungs(key="another")
    assert (code, said, calls) == (5, {}, 1)


@pytest.mark.parametrize(("path", "meant"), [("", "/v1"), ("/v1", None)])
def test_where_nothing_answers_the_address_of_the_api_is_looked_for_on_the_same_server(path, meant):
    def script(call):
        known = call.path == "/v1/models"
        return None if known else Answer(404, {"detail": "Not Found"})

    code, shown, server = doctor(path=path, script=script)
    assert code == 5
    looked = [call for call in server.kept if call.path != f"{path}/chat/completions"]
    assert all(not call.body and not call.authorization for call in looked)
    if meant:
        found = f"http://127.0.0.1:{server.port}{meant}"
        assert f"--   address: an API answers at {found}: try --base-url {found}" in shown
    else:
        assert "--   address" not in shown
        assert looked == []


def test_a_page_that_answers_everything_is_not_taken_for_an_api():
    def script(call):
        if call.path.endswith("/models"):
            return Answer(200, {"error": "Unexpected endpoint or method. (GET /v1/models)"})
        return Answer(404, {"detail": "Not Found"})

    code, shown, _ = doctor(path="", script=script)
    assert code == 5
    assert "--   address" not in shown


def test_each_rung_has_a_line_of_its_own_that_begins_with_a_mark():
    def script(call):
        strict = mode_of(call.body) == "json_schema"
        return Answer(400, error("No structured output here.")) if strict else None

    _, shown, _ = doctor(script=script)
    lines = [line for line in shown.splitlines() if any(name in line for name in RUNGS)]
    assert [re.split(r": ", line)[0] for line in lines] == [
        "--   strict schema",
        "ok   tool call",
        "ok   JSON object",
        "ok   plain words",
    ]
    assert all(len(line) <= 60 for line in lines)
