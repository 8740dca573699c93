"""Models that think before they answer, over real HTTP."""

import json
import re

import pytest

from support.desk import PRICE, PRICES, Desk, serving
from support.openai_server import OpenAIServer, limit_in, mode_of
from support.program import triage
from triage_agent import AsyncTriage, Outcome, SettingsError, Triage
from triage_agent.models.llm.prompt import reply_schema

pytestmark = pytest.mark.anyio

TEXT = "Invoices go out late every month because somebody has to type each of them"
TEXTS = [f"{TEXT}, case {number}" for number in range(40)]


@pytest.fixture
def anyio_backend():
    return "asyncio"


def opened(server, **options):
    return AsyncTriage(model="m", base_url=server.base_url, **options)


def limits(server):
    return [limit_in(body) for body in server.bodies]


async def rows_of(server, texts=(TEXT,), **options):
    async with opened(server, **options) as triage:
        return [row async for row in triage.classify_many(texts)]


@pytest.mark.parametrize(
    "backend", [(), ("--backend", "cascade", "--cascade-threshold", "1")], ids=["llm", "cascade"]
)
def test_the_example_of_the_readme_works_with_a_model_that_thinks(backend):
    with serving(thinking=2_000) as server:
        ran = triage(
            *("classify", "--model", "thinker", *backend),
            *("--base-url", server.base_url, "--json", TEXT),
        )
        assert ran.returncode == 0, ran.stderr
        row = json.loads(ran.stdout)
        row = row[0] if isinstance(row, list) else row
        assert row["outcome"] == "classified"
        assert row["model"] == "thinker"
        assert row["usage"]["calls"] == server.calls == 2
        assert limits(server) == [600, 2_400]


async def test_the_limit_is_learned_once_and_every_try_is_counted():
    async with OpenAIServer(thinking=3_000) as server:
        async with opened(server) as triage:
            first, second = [await triage.classify(text) for text in TEXTS[:2]]
        assert limits(server)[:3] == [600, 2_400, 9_600]
        assert set(limits(server)[3:]) == {9_600}  # the other rungs, and the second time
    assert (first.usage.calls, second.usage.calls) == (3, 1)
    assert first.usage.output_tokens > 600 + 2_400 + 3_000
    assert {row.outcome for row in (first, second)} == {Outcome.CLASSIFIED}


async def test_requests_that_are_cut_off_at_the_same_time_do_not_multiply_it_again():
    async with OpenAIServer(thinking=900, latency_s=0.05) as server:
        rows = await rows_of(server, TEXTS)
        assert set(limits(server)) == {600, 2_400}
        assert limits(server).count(600) <= 8  # as many as are under way at once
    assert {row.outcome for row in rows} == {Outcome.CLASSIFIED}


async def test_a_model_that_does_not_think_is_never_given_more():
    async with OpenAIServer() as server:
        await rows_of(server, TEXTS)
        assert set(limits(server)) == {600}
        assert server.calls == len(TEXTS)


async def test_where_the_most_is_reached_label_and_signals_are_asked_for_once():
    async with OpenAIServer(thinking=20_000) as server:
        (row,) = await rows_of(server)
        assert limits(server) == [600, 2_400, 9_600, 16_000, 16_000]
        *_, full, brief = server.bodies
    assert wanted(full) == reply_schema()
    assert wanted(brief) == reply_schema(brief=True)
    assert brief["messages"][-1]["content"].startswith(full["messages"][-1]["content"])
    assert (row.outcome, row.error.type) == (Outcome.ERROR, "reply_truncated")
    assert "--max-output-tokens" in row.error.message
    assert row.usage.calls == 5


async def test_a_brief_answer_after_that_counts():
    def thinks_less_about_less(payload):
        choice = payload["choices"][0]
        if server.bodies[-1]["messages"][-1]["content"].endswith("nothing else."):
            text = json.dumps(REPLY)
            choice |= {"finish_reason": "stop", "message": {"role": "assistant", "content": text}}
        return payload

    async with OpenAIServer(thinking=20_000, shape=thinks_less_about_less) as server:
        (row,) = await rows_of(server)
    assert (row.outcome, row.evidence, row.rationale) == (Outcome.CLASSIFIED, (), "")
    assert "no_evidence" in [reason.value for reason in row.review_reasons]


REPLY = {
    name: False for name in reply_schema(brief=True)["properties"] if name != "confidence_percent"
} | {"label": "automate-process", "existing_process": True, "confidence_percent": 90}


def wanted(body):
    return body["response_format"]["json_schema"]["schema"]


async def test_a_cut_off_reply_with_label_and_signals_counts_without_another_call():
    text = json.dumps(REPLY).split(', "confidence')[0] + ', "evidence": ["Invoices go out la'
    shape = {"finish_reason": "length", "message": {"content": text}, "logprobs": None}

    def cut(payload):
        payload["choices"][0] |= shape
        return payload

    async with OpenAIServer(shape=cut) as server:
        (row,) = await rows_of(server)
        assert server.calls == 1
    assert (row.outcome, row.label.value) == (Outcome.CLASSIFIED, "automate-process")
    assert (row.evidence, row.rationale, row.p_build, row.probability) == ((), "", None, None)


async def test_a_reply_that_runs_out_in_blanks_is_not_given_room_for_more_of_them():
    def run_on(payload):
        payload["choices"][0] |= {
            "finish_reason": "length",
            "message": {"content": "{" + " " * 999},
        }
        return payload

    async with OpenAIServer(shape=run_on) as server:
        (row,) = await rows_of(server)
        assert set(limits(server)) == {600}
    assert row.error.type == "reply_truncated"


@pytest.mark.parametrize(("most", "sent"), [(5_000, [5_000]), (300, [300])])
async def test_a_limit_that_was_given_is_used_at_once_and_never_passed(most, sent):
    async with OpenAIServer(thinking=290) as server:
        (row,) = await rows_of(server, max_output_tokens=most)
        assert limits(server)[:1] == sent
        assert max(limits(server)) == most
    assert row.outcome is (Outcome.CLASSIFIED if most == 5_000 else Outcome.ERROR)


async def test_a_server_that_takes_no_such_limit_is_asked_for_what_it_takes():
    async with OpenAIServer(thinking=2_000, most_tokens=4_096) as server:
        rows = await rows_of(server, TEXTS[:9])
        assert limits(server)[-1] <= 4_096
        assert server.faults["refused"] <= 8  # at most once for each that was under way
    assert {row.outcome for row in rows} == {Outcome.CLASSIFIED}


async def test_a_text_that_leaves_no_room_does_not_lower_the_limit_of_others():
    long = TEXT + " and so on" * 50

    def refuse(call):
        return "context_length" if long in call.text and limit_in(call.body) > 2_400 else None

    async with OpenAIServer(thinking=1_000, schedule=refuse) as server:
        async with opened(server, max_output_tokens=9_600) as triage:
            rows = [await triage.classify(text) for text in (long, TEXT)]
        assert limits(server) == [9_600, 4_800, 2_400, 9_600]
    assert {row.outcome for row in rows} == {Outcome.CLASSIFIED}


class TestWhatTheUserWantsSaid:
    async def test_it_is_said_with_every_request(self):
        extra = '{"chat_template_kwargs": {"enable_thinking": false}, "top_p": 0.9}'
        async with OpenAIServer(modes=frozenset({"tool"})) as server:
            await rows_of(server, TEXTS[:2], reasoning_effort="low", extra_body=extra)
            assert {mode_of(body) for body in server.bodies} == {"json_schema", "tool"}
            for body in server.bodies:
                assert body["reasoning_effort"] == "low"
                assert body["chat_template_kwargs"] == {"enable_thinking": False}
                assert body["top_p"] == 0.9

    async def test_nothing_is_said_where_nothing_was_wanted(self):
        async with OpenAIServer() as server:
            await rows_of(server)
            assert "reasoning_effort" not in server.bodies[0]

    @pytest.mark.parametrize(
        ("options", "refuses", "name"),
        [
            ({"reasoning_effort": "low"}, {"reasoning_effort"}, "--reasoning-effort"),
            ({"extra_body": '{"top_k": 3}'}, {"top_k"}, "--extra-body"),
            ({"extra_body": '{"temperature": 1}'}, {"temperature"}, "--extra-body"),
            (
                {"max_output_tokens": 900},
                {"max_tokens", "max_completion_tokens"},
                "--max-output-tokens",
            ),
        ],
        ids=["effort", "a parameter", "temperature", "limit"],
    )
    async def test_what_the_server_refuses_of_it_stops_the_run_and_is_never_left_out(
        self, options, refuses, name
    ):
        async with OpenAIServer(refuses=frozenset(refuses)) as server:
            with pytest.raises(SettingsError) as caught:
                await rows_of(server, **options)
            assert not server.answered or server.faults["refused"] == server.calls
        assert name in caught.value.message
        assert "is not supported with this model" in caught.value.message

    async def test_a_refusal_of_something_else_is_learned_from_as_ever(self):
        async with OpenAIServer(refuses=frozenset({"temperature", "logprobs"})) as server:
            (row,) = await rows_of(server, reasoning_effort="low", extra_body='{"top_k": 3}')
            assert server.bodies[-1]["top_k"] == 3
        assert row.outcome is Outcome.CLASSIFIED

    @pytest.mark.parametrize(
        "options",
        [{"reasoning_effort": "low"}, {"extra_body": '{"top_k": 3}'}, {"max_output_tokens": 900}],
        ids=str,
    )
    async def test_an_answer_made_with_it_is_not_served_without(self, options, tmp_path):
        cache = tmp_path / "cache.sqlite3"
        async with OpenAIServer() as server:
            for _ in range(2):
                await rows_of(server, cache=cache)
                await rows_of(server, cache=cache, **options)
            assert server.calls == 2

    def test_a_run_records_it_and_a_key_in_it_is_masked(self, tmp_path):
        desk = Desk(tmp_path / "desk", 2)
        with serving() as server:
            extra = '{"user": "ann.owner@example.com", "top_k": 3}'
            desk.run(server, "--reasoning-effort", "low", "--extra-body", extra)
        record = json.loads((desk.folder / "out.csv.run.json").read_text("utf-8"))
        assert "'reasoning_effort': 'low'" in str(record)
        assert "top_k" in str(record)
        assert "ann.owner" not in str(record)


@pytest.mark.parametrize("cap", ["10", "400"])
def test_the_cost_cap_holds_whatever_the_limit_has_become(cap, tmp_path):
    billed = []

    def note(payload):
        billed.append(payload["usage"])
        return payload

    desk = Desk(tmp_path / "desk", 6)
    with serving(thinking=2_000, shape=note) as server:
        said = desk.run(
            *(server, "--price", PRICE, "--max-cost", cap), code=6 if cap == "10" else 0
        )
    spent = sum(
        one["prompt_tokens"] * PRICES[0] + one["completion_tokens"] * PRICES[1] for one in billed
    )
    assert billed
    assert spent <= desk.spent <= float(cap)
    if cap == "10":
        assert {one["completion_tokens"] for one in billed} == {600}
        assert "cost cap" in said


def test_doctor_says_that_the_model_thinks_and_what_to_put_into_the_settings():
    with serving(thinking=3_000) as server:
        ran = triage("doctor", "-m", "m", "--base-url", server.base_url)
        said = " ".join(ran.stdout.decode().split())
        assert ran.returncode == 0, said
        assert "ok thinking: the model thinks before it answers" in said
        assert re.search(r"config\.toml: max_output_tokens = 9600", said)
        again = triage(
            *("doctor", "-m", "m", "--base-url", server.base_url, "--max-output-tokens", "9600")
        )
        assert b"max_output_tokens = 9600\n" not in again.stdout.split(b"thinking:")[1]
        assert limits(server)[:3] == [600, 2_400, 9_600]
        assert set(limits(server)[3:]) == {9_600}  # the other rungs, and the second time


def test_doctor_says_nothing_of_thinking_where_there_is_none():
    with serving() as server:
        assert b"thinking" not in triage("doctor", "-m", "m", "--base-url", server.base_url).stdout


def test_a_library_call_has_the_options_too():
    with (
        serving(thinking=700) as server,
        Triage(
            model="m", base_url=server.base_url, reasoning_effort="none", max_output_tokens=2_000
        ) as opened_triage,
    ):
        assert opened_triage.classify(TEXT).outcome is Outcome.CLASSIFIED
        assert server.bodies[0]["reasoning_effort"] == "none"
        assert limits(server) == [2_000]
