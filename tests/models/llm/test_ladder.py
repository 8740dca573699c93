"""How rows and the run find the way of asking that a server accepts, each over HTTP."""

import asyncio
import json

import pytest

from support.chats import error, outcome, request_about, run
from support.openai_server import Answer, completion, mode_of
from triage_agent.errors import TriageError
from triage_agent.models.llm.client import ATTEMPTS
from triage_agent.models.llm.dialect import OUTPUT_MODES, Dialect, OutputMode
from triage_agent.models.llm.ladder import ran_away
from triage_agent.models.protocols import ChatReply
from triage_agent.types import Usage

NO_SYSTEM = {
    "vLLM with Gemma 2": (400, {"object": "error", "message": "System role not supported"}),
    "llama.cpp with Gemma 2": (
        500,
        error("While executing CallExpression: Jinja Exception: System role not supported", 500),
    ),
    "llama.cpp with Mistral 7B": (
        500,
        error("Jinja Exception: Only user and assistant roles are supported!", 500),
    ),
    "a template with fixed turns": (
        400,
        error("Conversation roles must alternate user/assistant/user/assistant/..."),
    ),
    "Gemini with Gemma 3": (
        400,
        [{"error": {"code": 400, "message": "Developer instruction is not enabled for models/m"}}],
    ),
    "OpenAI's first reasoning models": (
        400,
        error(
            "Unsupported value: 'messages[0].role' does not support 'system' with this model.",
            "unsupported_value",
            parameter="messages[0].role",
        ),
    ),
    "text-generation-inference": (
        422,
        {"error": "Template error: invalid operation: System role not supported"},
    ),
    "FastAPI": (
        422,
        {
            "detail": [
                {
                    "type": "literal_error",
                    "loc": ["body", "messages", 0, "role"],
                    "msg": "Input should be 'user' or 'assistant'",
                    "input": "system",
                }
            ]
        },
    ),
}


def modes(server):
    return [mode_of(body) for body in server.bodies]


def generation_failed(number=0):
    more = {"failed_generation": '{"response_format": "json_schema"'}
    said = "Failed to generate JSON. Please adjust your prompt."
    content = error(said, "json_validate_failed", "invalid_request_error")
    content["error"] |= more
    del number
    return Answer(400, content)


def cut_off(text):
    payload = completion({}, text)
    payload["choices"][0]["finish_reason"] = "length"
    return Answer(200, payload)


@pytest.mark.parametrize(("status", "content"), NO_SYSTEM.values(), ids=NO_SYSTEM.keys())
def test_without_a_system_role_the_instructions_stand_before_the_text(status, content):
    def script(call):
        system = any(turn["role"] == "system" for turn in call.body["messages"])
        return Answer(status, content) if system else None

    async def work(chat, server):
        rows = [await outcome(chat), await outcome(chat)]
        return rows, [body["messages"] for body in server.bodies], modes(server)

    rows, asked, used = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)
    assert [len(turns) for turns in asked] == [2, 1, 1]
    assert asked[-1] == [{"role": "user", "content": "Judge.\n\nLeads get lost."}]
    assert set(used) == {"json_schema"}


def test_the_schema_is_folded_in_too_where_it_stands_in_the_instructions():
    dialect = Dialect(output_mode=OutputMode.PLAIN, system=False)
    (turn,) = dialect.body(request_about("Leads."), "m")["messages"]
    assert turn["role"] == "user"
    assert turn["content"].startswith("Judge.\n\nReply with one JSON object")
    assert turn["content"].endswith("\n\nLeads.")


@pytest.mark.parametrize(
    "message",
    ["This response_format is not supported now.", "Unsupported parameter: 'temperature'"],
)
def test_one_odd_refusal_changes_its_row_and_not_the_run(message):
    def script(call):
        odd = call.number == 1
        return Answer(400, error(message)) if odd else None

    async def work(chat, server):
        rows = [await outcome(chat, f"Text {n}.") for n in range(3)]
        return rows, modes(server), [set(body) for body in server.bodies], chat.dialect

    rows, used, names, dialect = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)
    assert len(used) == 4
    assert (used[2], names[2]) != (used[0], names[0])
    assert (used[3], names[3]) == (used[0], names[0])
    assert dialect == Dialect()


def test_two_rows_in_a_row_that_are_refused_change_the_run():
    def script(call):
        strict = call.number and mode_of(call.body) == "json_schema"
        return Answer(400, error("Structured outputs are switched off.")) if strict else None

    async def work(chat, server):
        rows = [await outcome(chat, f"Text {n}.") for n in range(4)]
        return rows, modes(server)

    rows, used = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)
    assert used == ["json_schema", *["json_schema", "tool"] * 2, "tool"]


def test_a_change_that_does_not_help_is_taken_back_and_the_row_ends_with_the_first_refusal():
    asked = []

    def script(call):
        asked.append(call)
        bad = "Text 1." in json.dumps(call.body["messages"])
        return (
            Answer(400, error(f"Complaint {len(asked)} about a schema or tools.")) if bad else None
        )

    async def work(chat, server):
        del server
        return [await outcome(chat, f"Text {n}.") for n in range(3)], chat.dialect

    rows, dialect = run(work, script=script)
    assert rows[1].type == "service_bad_request"
    assert "Complaint 2 about a schema" in rows[1].message
    assert dialect == Dialect()
    assert len(asked) == 1 + 4 + 1


@pytest.mark.parametrize(
    ("status", "message"),
    [
        (404, "No endpoints found that can handle the requested parameters."),
        (400, "Extra inputs are not permitted"),
        (422, "Unsupported parameters."),
    ],
)
def test_a_refusal_that_names_no_parameter_has_the_least_known_left_out_and_then_the_next_rung(
    status, message
):
    def script(call):
        known = mode_of(call.body) == "json_object" and "logprobs" not in call.body
        return None if known else Answer(status, error(message, status))

    async def work(chat, server):
        return await outcome(chat), ["logprobs" in body for body in server.bodies], modes(server)

    reply, logprobs, used = run(work, script=script)
    assert reply.output_mode == "json_object"
    assert logprobs == [True, False, False, False]
    assert used == ["json_schema", "json_schema", "tool", "json_object"]


def test_a_crash_that_names_a_way_to_ask_has_all_ways_tried_once_and_is_then_waited_for():
    async def work(chat, server):
        return await outcome(chat), server.calls

    crash = Answer(500, error("Traceback: response_format, tools"))
    failed, calls = run(work, script=lambda _: crash)
    assert failed.type == "service_server"
    assert calls == ATTEMPTS + len(OUTPUT_MODES) - 1


def test_a_change_on_the_word_of_one_row_is_taken_back_when_the_old_way_works_after_all():
    first = asyncio.Event()

    def script(call):
        odd = "Odd" in json.dumps(call.body["messages"]) and mode_of(call.body) == "json_schema"
        return Answer(400, error("No response_format here.")) if odd else None

    async def work(chat, server):
        slow = asyncio.create_task(outcome(chat, "Normal."))
        await asyncio.sleep(0)
        odd = await outcome(chat, "Odd.")
        first.set()
        return odd, await slow, chat.dialect, modes(server)

    odd, normal, dialect, _ = run(work, script=script, latency_s=0.05)
    assert odd.output_mode == "tool"
    assert normal.output_mode == "json_schema"
    assert dialect == Dialect()


ECHOES = {
    "the text": lambda body: f"We cannot take: {body['messages'][1]['content']!r}",
    "a part of the text": lambda body: f"Refused: '{body['messages'][1]['content'][10:80]}'",
    "everything, as FastAPI shows it": lambda body: f"value_error, input: {body}",
    "everything, as JSON": lambda body: f"Cannot parse {json.dumps(body)}",
}


@pytest.mark.parametrize("echo", ECHOES.values(), ids=ECHOES.keys())
def test_words_that_a_server_only_repeats_change_nothing(echo):
    text = (
        "Our json_schema and response_format tools keep losing the temperature and logprobs data."
    )

    async def work(chat, server):
        return await outcome(chat, text), server.calls, chat.dialect

    failed, calls, dialect = run(work, script=lambda c: Answer(400, error(echo(c.body))))
    assert failed.type == "service_bad_request"
    assert (calls, dialect) == (1, Dialect())


def test_a_reply_that_fails_the_server_s_own_check_is_another_sample_and_no_change():
    def script(call):
        return generation_failed() if call.number == 1 else None

    async def work(chat, server):
        rows = [await outcome(chat, f"Text {n}.") for n in range(3)]
        return rows, modes(server), chat.dialect

    rows, used, dialect = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)
    assert used == ["json_schema"] * 4
    assert dialect.output_mode is OutputMode.JSON_SCHEMA


def test_a_reply_that_fails_it_twice_is_asked_for_on_the_next_rung_and_several_move_the_run():
    def script(call):
        return generation_failed() if mode_of(call.body) == "json_schema" else None

    async def work(chat, server):
        rows = [await outcome(chat, f"Text {n}.") for n in range(3)]
        return rows, modes(server)

    rows, used = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)
    assert used == ["json_schema", "json_schema", "tool", "json_schema", "tool", "tool"]


def test_a_reply_that_fails_it_on_every_rung_ends_the_row_after_a_few_calls():
    async def work(chat, server):
        return await outcome(chat), server.calls

    failed, calls = run(work, script=generation_failed)
    assert failed.type == "reply_bad_schema"
    assert "Failed to generate JSON" in failed.message
    assert calls <= 4


@pytest.mark.parametrize(
    "text",
    ["\n" * 300, '{"a": "b"' + " \n" * 300, '{"a": "' + "no no " * 100, '{"a": [' + "1, " * 100],
    ids=["blanks only", "blanks after an object", "a word again and again", "a list without end"],
)
def test_a_reply_that_only_repeats_itself_until_it_is_cut_off_is_asked_for_on_the_next_rung(text):
    def script(call):
        return cut_off(text) if mode_of(call.body) == "json_schema" else None

    async def work(chat, server):
        rows = [await outcome(chat, f"Text {n}.") for n in range(4)]
        return rows, modes(server)

    rows, used = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)
    assert used == [*["json_schema", "tool"] * 3, "tool"]


@pytest.mark.parametrize(
    ("text", "mode"),
    [
        ('{"a": "A long rationale that was just too long for the limit', OutputMode.JSON_SCHEMA),
        ("", OutputMode.JSON_SCHEMA),
        ("\n" * 300, OutputMode.PLAIN),
    ],
    ids=["a long answer", "nothing, as when a model thinks", "where nothing holds it"],
)
def test_other_cut_offs_say_nothing_about_the_rung(text, mode):
    reply = ChatReply(text, Usage(), cut_off=True)
    assert not ran_away(reply, Dialect(output_mode=mode))


def test_what_is_learned_is_learned_once_for_all_rows_under_way():
    def script(call):
        fixed = "temperature" in call.body
        return (
            Answer(400, error("temperature is fixed", parameter="temperature")) if fixed else None
        )

    async def work(chat, server):
        rows = await asyncio.gather(*(outcome(chat, f"Text {n}.") for n in range(8)))
        await outcome(chat, "One more.")
        return rows, server.calls, chat.dialect

    rows, calls, dialect = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)
    assert calls <= 17
    assert dialect.dropped == {"temperature"}


def test_rows_that_are_refused_meanwhile_wait_for_the_one_that_looks_for_a_way():
    async def work(chat, server):
        rows = await asyncio.gather(*(outcome(chat, f"Text {n}.") for n in range(8)))
        return rows, server.calls

    rows, calls = run(work, modes=frozenset({"plain"}), refuses=frozenset({"temperature"}))
    assert not any(isinstance(row, TriageError) for row in rows)
    assert calls <= 8 + 4 + 7


def test_where_that_one_finds_none_the_others_look_for_themselves():
    def script(call):
        bad = "Text 0." in json.dumps(call.body["messages"])
        return Answer(400, error("No tools.")) if bad or "tools" in call.body else None

    async def work(chat, server):
        chat.dialect = Dialect(output_mode=OutputMode.TOOL)
        rows = await asyncio.gather(*(outcome(chat, f"Text {n}.") for n in range(4)))
        return rows, server.calls

    rows, _ = run(work, script=script)
    assert [isinstance(row, TriageError) for row in rows] == [True, False, False, False]


def test_a_row_keeps_what_it_was_told_while_it_waits_for_its_turn():
    def script(call):
        if "logprobs" in call.body:
            return Answer(400, error("logprobs are not known", parameter="logprobs"))
        return Answer(429, error("Wait.")) if call.number < 3 else None

    async def work(chat, server):
        await outcome(chat)
        return ["logprobs" in body for body in server.bodies]

    assert run(work, script=script) == [True, False, False, False]
