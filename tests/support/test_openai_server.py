"""The LLM path end to end over real HTTP, against the misbehaving server on loopback."""

import asyncio
import json
import re
import signal
import sys
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from pathlib import Path

import httpx2
import pytest

from support.openai_server import ERRORS, MODES, Fault, OpenAIServer, completion, reply_for
from triage_agent.classify.classifier import classify
from triage_agent.errors import StopError, TriageError
from triage_agent.models.llm.answering import ValidatingAnswerer
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.model import LLMModel
from triage_agent.models.llm.prompt import Reply, load_prompt
from triage_agent.models.llm.reply_form import LABELS
from triage_agent.models.protocols import ChatRequest, Message
from triage_agent.types import Outcome, Problem

pytestmark = pytest.mark.anyio

PROBLEM = Problem("1", "Leads get lost because nobody follows up fast enough.")
REQUEST = ChatRequest((Message("user", "x"),), "triage", {"type": "object"}, 50)
OUTCOMES = {
    Fault.BAD_REQUEST: "service_bad_request",
    Fault.REQUEST_TIMEOUT: "service_server",
    Fault.UNPROCESSABLE: "service_bad_request",
    Fault.GATEWAY_TIMEOUT: "service_server",
    Fault.NO_HTTP: "service_connection",
    Fault.BAD_STATUS_LINE: "service_connection",
    Fault.BAD_HEADER: "service_connection",
    Fault.BAD_LENGTH: "service_connection",
    Fault.BAD_CHUNK: "service_connection",
    Fault.BAD_GZIP: "service_unreadable",
    Fault.LATE_DATE: "service_rate_limit",
    Fault.RATE_LIMIT: "service_rate_limit",
    Fault.SERVER_ERROR: "service_server",
    Fault.NOT_IMPLEMENTED: "service_server",
    Fault.UNAVAILABLE: "service_server",
    Fault.AZURE_FILTER: "reply_content_filter",
    Fault.CONTEXT_LENGTH: "service_bad_request",
    Fault.REFUSAL: "reply_refusal",
    Fault.TRUNCATED: "reply_truncated",
    Fault.CONTENT_FILTER: "reply_content_filter",
    Fault.OFF_SCHEMA: "reply_bad_schema",
    Fault.NOT_JSON: "reply_not_json",
    Fault.EMPTY_CHOICES: "reply_empty",
    Fault.NO_MESSAGE: "reply_empty",
    Fault.EMPTY_CONTENT: "reply_empty",
    Fault.HTML: "service_not_json",
    Fault.HANG: "service_timeout",
    Fault.DROP: "service_connection",
    Fault.HALF_REPLY: "service_connection",
    Fault.HALF_REPLY_HANG: "service_timeout",
}
STOPS = {
    Fault.KEY: "stop_key",
    Fault.PAYMENT: "stop_quota",
    Fault.FORBIDDEN: "stop_forbidden",
    Fault.NOT_FOUND: "stop_not_found",
    Fault.QUOTA: "stop_quota",
    Fault.REDIRECT: "SettingsError",
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def naps():
    return []


@pytest.fixture
async def connect(naps):
    """Open models at a server, and close them at the end."""
    opened = []

    async def sleep(seconds):
        naps.append(seconds)

    def build(server, timeout_s=5.0, attempts=2):
        chat = OpenAIChat(
            "m", server.base_url, "sk-test", timeout_s=timeout_s, attempts=attempts, sleep=sleep
        )
        opened.append(chat)
        return LLMModel(chat, ValidatingAnswerer(chat, LABELS), load_prompt(), redacts=False)

    yield build
    for chat in opened:
        await chat.aclose()


def always(fault):
    return lambda _: fault


def test_every_fault_of_the_server_has_its_outcome_here():
    assert OUTCOMES.keys() | STOPS.keys() == set(Fault) - {Fault.HUGE_USAGE}  # that is answered
    assert ERRORS.keys() <= set(Fault)


@pytest.mark.parametrize(("fault", "type_"), OUTCOMES.items(), ids=str)
async def test_every_fault_ends_its_row_in_a_typed_error_after_counted_calls(connect, fault, type_):
    silent = fault in {Fault.HANG, Fault.HALF_REPLY_HANG}
    async with OpenAIServer(schedule=always(fault)) as server:
        row = await classify(PROBLEM, connect(server, timeout_s=0.2 if silent else 5.0))
    assert (row.outcome, row.error.type, row.label) == (Outcome.ERROR, type_, None)
    twice = row.error.retryable or row.error.type == "reply_empty"
    four = row.error.type in {"reply_not_json", "reply_bad_schema"}  # sent back, and asked anew
    cut = row.error.type == "reply_truncated"  # it rambles, and is asked for briefly
    assert server.calls == (4 if four else 2 if twice or cut else 1)
    assert server.faults == {fault.value: server.calls}


@pytest.mark.parametrize(("fault", "type_"), STOPS.items(), ids=str)
async def test_a_fault_that_concerns_every_row_stops_after_one_call(connect, fault, type_):
    async with OpenAIServer(schedule=always(fault)) as server:
        with pytest.raises(TriageError) as caught:
            await classify(PROBLEM, connect(server))
    assert caught.value.type == type_
    assert server.calls == 1


@pytest.mark.parametrize("mode", sorted(MODES))
async def test_a_server_that_knows_one_mode_only_is_understood(connect, mode):
    async with OpenAIServer(modes=frozenset({mode})) as server:
        model = connect(server)
        rows = [await classify(PROBLEM, model) for _ in range(2)]
    steps = ["json_schema", "tool", "json_object", "plain"].index(mode)
    assert [row.outcome for row in rows] == [Outcome.CLASSIFIED] * 2
    assert rows[0].label == reply_for(PROBLEM.text)["label"]
    assert server.calls == steps + 2
    assert model.chat.dialect.output_mode == mode


async def test_a_server_that_ignores_the_strict_schema_is_asked_for_a_tool_call(connect):
    async with OpenAIServer(ignores_schema_on=frozenset({"json_schema"})) as server:
        model = connect(server)
        rows = [await classify(PROBLEM, model) for _ in range(3)]
    assert [row.outcome.value for row in rows] == ["classified"] * 3
    assert model.chat.dialect.output_mode == "tool"
    assert server.calls == 3 + 1 + 2


async def test_a_server_that_refuses_parameters_bounds_and_modes_is_answered_in_the_end(connect):
    refuses = frozenset({"temperature", "logprobs", "max_tokens", "bounds"})
    async with OpenAIServer(refuses=refuses, modes=frozenset({"tool"})) as server:
        rows = [await classify(PROBLEM, connect(server)) for _ in range(1)]
    assert rows[0].outcome is Outcome.CLASSIFIED
    assert server.faults["refused"] == server.calls - 1 == 5
    assert server.bodies[-1].keys() == {
        "model",
        "messages",
        "max_completion_tokens",
        "tools",
        "tool_choice",
    }


@pytest.mark.parametrize(("timeout_s", "outcome"), [(0.1, "error"), (5.0, "classified")])
async def test_a_slow_server_is_waited_for_as_long_as_the_timeout_says(connect, timeout_s, outcome):
    async with OpenAIServer(latency_s=0.3) as server:
        row = await classify(PROBLEM, connect(server, timeout_s, attempts=1))
    assert row.outcome.value == outcome
    assert server.calls == 1


@pytest.mark.parametrize("fault", [Fault.HALF_REPLY, Fault.DROP, Fault.SERVER_ERROR], ids=str)
async def test_after_a_fault_that_passes_the_row_is_classified(connect, naps, fault):
    async with OpenAIServer(schedule=[fault, fault, None]) as server:
        row = await classify(PROBLEM, connect(server, attempts=3))
    assert row.outcome is Outcome.CLASSIFIED
    assert (server.calls, len(naps)) == (3, 2)


@pytest.mark.parametrize("mode", ["seconds", "date", "ms"])
async def test_the_wait_of_a_rate_limit_reaches_the_sleep_in_every_form(connect, naps, mode):
    options = {"schedule": [Fault.RATE_LIMIT], "retry_after": mode, "retry_after_s": 40}
    async with OpenAIServer(**options) as server:
        row = await classify(PROBLEM, connect(server))
    assert row.outcome is Outcome.CLASSIFIED
    assert naps == [pytest.approx(40, abs=2)]


async def test_many_rows_at_once_through_mixed_faults_have_one_outcome_each(connect):
    faults = [Fault.RATE_LIMIT, Fault.SERVER_ERROR, Fault.DROP, Fault.HALF_REPLY, Fault.OFF_SCHEMA]
    problems = [Problem(str(n), f"We copy list {n} by hand.") for n in range(40)]
    async with OpenAIServer(faults=faults, fault_rate=0.3) as server:
        model = connect(server, attempts=6)
        rows = await asyncio.gather(*(classify(p, model) for p in problems))
    assert [row.id for row in rows] == [p.id for p in problems]
    labels = {row.id: row.label for row in rows if row.outcome is Outcome.CLASSIFIED}
    assert len(labels) >= 38
    assert all(labels[p.id] == reply_for(p.text)["label"] for p in problems if p.id in labels)
    assert server.calls == 40 + sum(server.faults.values())


async def test_a_fault_named_in_the_text_happens_to_that_text_only(connect):
    async with OpenAIServer() as server:
        model = connect(server)
        good = await classify(PROBLEM, model)
        bad = await classify(Problem("2", "Leads get lost. [[fault:refusal]]"), model)
    assert (good.outcome, bad.error.type) == (Outcome.CLASSIFIED, "reply_refusal")


async def test_the_key_the_model_and_the_path_are_checked_when_told(connect):
    async with OpenAIServer(key="sk-other") as server:
        with pytest.raises(StopError, match="OPENAI_API_KEY"):
            await classify(PROBLEM, connect(server))
    async with OpenAIServer(model="other") as server:
        with pytest.raises(StopError, match="--model"):
            await classify(PROBLEM, connect(server))
    async with OpenAIServer() as server:
        chat = OpenAIChat("m", server.base_url + "/v2", "k")
        with pytest.raises(StopError, match="--base-url"):
            await chat.ask(REQUEST)
        await chat.aclose()


@pytest.mark.parametrize("form", ["openai", "llama", "none"])
async def test_log_probabilities_are_served_in_every_form(connect, form):
    async with OpenAIServer(logprobs=form) as server:
        prediction = await connect(server).predict(PROBLEM)
    expected = "stated-uncalibrated" if form == "none" else "logprobs-uncalibrated"
    assert prediction.probability_from == expected


@pytest.mark.parametrize("reported", [True, False])
async def test_usage_is_reported_or_not(connect, reported):
    async with OpenAIServer(usage=dict if reported else None) as server:
        usage = (await connect(server).predict(PROBLEM)).usage
    assert usage.calls == 1
    assert (usage.input_tokens > 0, usage.output_tokens > 0) == (reported, reported)


@pytest.mark.parametrize(
    ("limit", "name"),
    [({"requests_per_minute": 2}, "requests"), ({"tokens_per_minute": 40}, "tokens")],
)
async def test_real_limits_are_kept_and_told_in_the_headers_of_openai(limit, name):
    now = [0.0]
    body = {"model": "m", "messages": [{"role": "user", "content": "x" * 80}]}
    async with (
        OpenAIServer(**limit, clock=lambda: now[0]) as server,
        httpx2.AsyncClient(base_url=server.base_url) as client,
    ):
        first, second, third = [await client.post("/chat/completions", json=body) for _ in range(3)]
        now[0] = 30.0
        fourth = await client.post("/chat/completions", json=body)
    assert [r.status_code for r in (first, second, third, fourth)] == [200, 200, 429, 200]
    left = [r.headers[f"x-ratelimit-remaining-{name}"] for r in (first, second, third)]
    assert left == (["1", "0", "0"] if name == "requests" else ["20", "0", "0"])
    assert second.headers[f"x-ratelimit-reset-{name}"] == "1m0s"
    assert third.headers["retry-after"] == "30"


async def test_a_date_to_wait_for_lies_ahead():
    options = {"requests_per_minute": 1, "retry_after": "date"}
    async with (
        OpenAIServer(**options) as server,
        httpx2.AsyncClient(base_url=server.base_url) as client,
    ):
        answers = [await client.post("/chat/completions", json={}) for _ in range(2)]
    at = parsedate_to_datetime(answers[1].headers["retry-after"])
    assert 50 <= (at - datetime.now(UTC)).total_seconds() <= 61


def test_the_reply_to_a_text_is_valid_and_always_the_same():
    replies = [reply_for(f"Problem {n} " * n) for n in range(50)]
    assert replies == [reply_for(f"Problem {n} " * n) for n in range(50)]
    assert {Reply.model_validate(reply).label.value for reply in replies} == {
        "build-software",
        "automate-process",
    }


def test_a_completion_counts_its_tokens():
    usage = completion({"messages": [{"role": "user", "content": "x" * 40}]}, "y" * 8)["usage"]
    assert usage == {"prompt_tokens": 10, "completion_tokens": 2, "total_tokens": 12}


async def test_as_a_program_it_prints_its_address_answers_and_ends_with_its_counts():
    program = Path(__file__).with_name("openai_server.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, str(program), "--schedule", "ok,drop", "--latency", "0.01"),
        stdout=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(20):
        url = (await process.stdout.readline()).decode().strip()
        assert re.fullmatch(r"http://127\.0\.0\.1:\d+/v1", url)
        started = time.perf_counter()
        async with httpx2.AsyncClient(base_url=url) as client:
            answer = await client.post("/chat/completions", json={"messages": []})
            assert answer.status_code == 200
            with pytest.raises(httpx2.RemoteProtocolError):
                await client.post("/chat/completions", json={"messages": []})
        assert time.perf_counter() - started >= 0.02
        process.send_signal(signal.SIGTERM)
        seen = json.loads(await process.stdout.readline())
        assert await process.wait() == 0
    assert seen == {"calls": 2, "answered": 1, "faults": {"drop": 1}}
