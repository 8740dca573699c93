"""`triage eval calibrate` over real HTTP: what it writes, prints, refuses."""

import asyncio
import json
import os
import sys
from pathlib import Path

import pytest

from support.decisions import BY_NAME, decision_endpoints, decisions_for
from support.eval_sets import numbered, write_cases
from support.openai_server import Fault, OpenAIServer, reply_for
from triage_agent.models.calibration import (
    load_calibration,
)


def claims(text):
    """Reply as a model that claims 95 % and is right in 60 %; the case's number is in its text."""
    number = int(text.rpartition(" ")[2])
    right = number // 2 % 5 < 3
    build = (number % 2 == 1) is right
    return reply_for(text) | {
        "label": "build-software" if build else "automate-process",
        "customer_facing_software": number % 2 == 1,
        "existing_process": number % 2 == 0,
        "confidence_percent": 95,
    }


async def program(server, tmp_path, *arguments):
    """Run the program against a server; return (exit code, stdout, stderr)."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "triage_agent.cli.main", *arguments),
        *("-m", "test-model", "--base-url", server.base_url),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        env={**os.environ, "TRIAGE_CACHE_DIR": str(tmp_path / "cache"), "COLUMNS": "80"},
    )
    shown, said = await process.communicate()
    assert b"Traceback" not in said, said.decode()
    return process.returncode, shown.decode(), said.decode()


def served(work, **options):
    """Return what `work(server)` returns, with a server on loopback around it."""

    async def run():
        async with OpenAIServer(reply=claims, logprobs="none", **options) as server:
            return await work(server)

    return asyncio.run(run())


def test_the_command_writes_a_map_that_the_next_run_applies(tmp_path):
    cases = write_cases(tmp_path / "own.csv", numbered(60))
    text = "Orders are typed by hand, case 7"

    async def work(server):
        classify = ("classify", "--json", text)
        before = await program(server, tmp_path, *classify)
        made = await program(server, tmp_path, "eval", "calibrate", "--cases", str(cases))
        after = await program(server, tmp_path, *classify)
        calls = server.calls
        again = await program(server, tmp_path, "eval", "calibrate", "--cases", str(cases))
        assert server.calls == calls  # what was answered is not paid for twice
        assert again[1] == made[1]
        return before, made, after

    before, (code, shown, said), after = served(work)
    assert code == 0
    assert "60 cases of own.csv: 60 answered, 0 abstained, 0 in error" in shown
    assert "tie rules: TB1 right in 30 of 30, TB3 right in 30 of 30" in shown
    assert max(map(len, shown.splitlines())) <= 80
    (path,) = (tmp_path / "cache" / "calibration").iterdir()
    assert said.endswith(f"written: {path}\n")
    assert path.name.startswith("llm-test-model-guide-")
    found = load_calibration(path)
    assert (found.model, found.probability_from, found.cases) == ("test-model", "stated", 60)

    before, after = json.loads(before[1]), json.loads(after[1])
    assert (before["probability"], before["probability_from"]) == (0.95, "stated-uncalibrated")
    assert before["decided_by"] == "model"
    # "95 %" is true in 60 %, which is under the threshold of 65 %: torn, and TB1 was always right.
    assert after["p_build"] == pytest.approx(0.4, abs=0.05)
    assert (after["label"], after["decided_by"]) == ("build-software", "TB1")
    assert (after["probability"], after["probability_from"]) == (36.5 / 40, "tie-rule")


def test_a_decision_model_is_calibrated_as_an_llm_is(tmp_path):
    cases = write_cases(tmp_path / "own.csv", numbered(60))
    text = "Orders are typed by hand, case 7"

    async def work():
        typed = ("--backend", "typed")
        elsewhere = decision_endpoints(BY_NAME, answers=lambda text: decisions_for(claims(text)))
        async with OpenAIServer(elsewhere=elsewhere) as server:
            before = await program(server, tmp_path, "classify", "--json", text, *typed)
            fit = ("eval", "calibrate", "--cases", str(cases), *typed)
            made = await program(server, tmp_path, *fit)
            after = await program(server, tmp_path, "classify", "--json", text, *typed)
        return before, made, after

    before, made, after = asyncio.run(work())
    assert (before[0], made[0], after[0]) == (0, 0, 0)
    assert before[2].startswith("backend: typed (test-model) at 127.0.0.1, on this machine")
    (path,) = (tmp_path / "cache" / "calibration").iterdir()
    assert path.name.startswith("typed-test-model-guide-")
    assert load_calibration(path).probability_from == "typed"
    before, after = json.loads(before[1]), json.loads(after[1])
    assert before["p_build"] == pytest.approx(0.05)
    assert (before["label"], before["decided_by"]) == ("automate-process", "model")
    # "95 %" is true in 60 %, which is under the threshold of 65 %: torn, and TB1 was always right.
    assert after["p_build"] == pytest.approx(0.4, abs=0.05)
    assert (after["label"], after["decided_by"]) == ("build-software", "TB1")


def test_the_command_prints_json_and_writes_where_it_is_told(tmp_path):
    cases = write_cases(tmp_path / "own.csv", numbered(60))
    start = ("eval", "calibrate", "--cases", str(cases), "--json", "--limit", "50", "-o")

    async def work(server):
        one = await program(server, tmp_path, *start, str(tmp_path / "map.json"))
        other = await program(server, tmp_path, *start, str(tmp_path))
        return one, other

    one, other = served(work)
    values = json.loads(one[1])
    assert (values["asked"], values["answered"], values["errors"]) == (50, 50, 0)
    assert values["ece_before"] == pytest.approx(0.35, abs=0.05)
    assert values["ece_after"] < values["ece_p95"]
    written = json.loads((tmp_path / "map.json").read_text(encoding="utf-8"))
    assert written == values["calibration"]
    assert Path(other[2].rpartition("written: ")[2].strip()).parent == tmp_path


def test_rows_in_error_are_reported_and_make_exit_code_3(tmp_path):
    cases = write_cases(tmp_path / "own.csv", numbered(60))

    async def work(server):
        return await program(server, tmp_path, "eval", "calibrate", "--cases", str(cases))

    def schedule(call):
        return Fault.REFUSAL if call.text.endswith("9") else None

    code, shown, _ = served(work, schedule=schedule)
    assert code == 3
    assert "54 answered, 0 abstained, 6 in error" in shown


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param(("--backend", "embedded"), 2, "--base-url", id="an address without an LLM"),
        pytest.param(("--prompt", "guide-neighbours"), 2, "shows texts", id="the neighbours"),
        pytest.param(("--cases", "none.csv"), 4, "none.csv", id="no such file"),
        pytest.param(("--cases", "few.csv"), 4, "at least 50 labelled", id="too few cases"),
        pytest.param(("--cases", "."), 4, "", id="a folder"),
        pytest.param(("--limit", "-1"), 2, "--limit", id="a limit that is none"),
        pytest.param(("--cases", "own.csv", "-o", "no/x.json"), 2, "no folder", id="no folder"),
    ],
)
def test_what_cannot_work_ends_before_anything_is_asked(
    tmp_path, monkeypatch, arguments, code, says
):
    monkeypatch.chdir(tmp_path)
    write_cases(tmp_path / "few.csv", numbered(3))
    write_cases(tmp_path / "own.csv", numbered(60))

    async def work(server):
        result = await program(server, tmp_path, "eval", "calibrate", *arguments)
        return (*result, server.calls)

    found, shown, said, calls = served(work)
    assert (found, shown, calls) == (code, "", 0), said
    assert says in said
