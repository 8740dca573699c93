import asyncio
import json
import logging
import ssl
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import httpcore2
import httpx
import openai
import pytest

from support.openai_server import ERRORS, MODES, Fault, completion, mode_of
from triage_agent.errors import (
    ReplyError,
    ServiceError,
    SettingsError,
    StopError,
    TriageError,
)
from triage_agent.models.llm.addresses import host_of, is_local
from triage_agent.models.llm.client import ATTEMPTS, ATTEMPTS_UNSENT, OpenAIChat
from triage_agent.models.llm.dialect import OUTPUT_MODES, Dialect, OutputMode
from triage_agent.models.llm.retry_after import retry_after_s
from triage_agent.models.llm.transport import open_client
from triage_agent.models.protocols import ChatRequest, Message
from triage_agent.types import Usage

pytestmark = pytest.mark.anyio

BASE_URL = "http://llm.test/v1"
URL = f"{BASE_URL}/chat/completions"
KEY = "sk-test-0123456789abcdef"
EMAIL, PHONE = "ann.owner@example.com", "+1 (555) 010-9999"
TLS = ssl.create_default_context()  # building one takes longer than most of these tests
SCHEMA = {"type": "object", "properties": {"a": {"type": "string", "maxLength": 5}}}
REQUEST = ChatRequest(
    messages=(Message("system", "Judge."), Message("user", "Leads get lost.")),
    schema_name="triage",
    schema=SCHEMA,
    max_output_tokens=600,
)
TRANSPORT = {
    httpcore2.ConnectTimeout: "timeout",
    httpcore2.ReadTimeout: "timeout",
    httpcore2.WriteTimeout: "timeout",
    httpcore2.PoolTimeout: "timeout",
    httpcore2.ReadError: "connection",
    httpcore2.WriteError: "connection",
    httpcore2.RemoteProtocolError: "connection",
    httpcore2.LocalProtocolError: "connection",
}
STATUSES = [
    # status, code, error, kind, retryable, exit code
    (400, None, ServiceError, "bad_request", False, 3),
    (401, "invalid_api_key", StopError, "key", False, 5),
    (402, None, StopError, "quota", False, 5),
    (403, None, StopError, "forbidden", False, 5),
    (404, "model_not_found", StopError, "not_found", False, 5),
    (408, None, ServiceError, "server", True, 3),
    (409, None, ServiceError, "server", True, 3),
    (413, None, ServiceError, "bad_request", False, 3),
    (422, None, ServiceError, "bad_request", False, 3),
    (429, "rate_limit_exceeded", ServiceError, "rate_limit", True, 3),
    (429, "insufficient_quota", StopError, "quota", False, 5),
    (400, "content_filter", ReplyError, "content_filter", False, 3),
    (500, None, ServiceError, "server", True, 3),
    (502, None, ServiceError, "server", True, 3),
    (503, None, ServiceError, "server", True, 3),
    (529, None, ServiceError, "server", True, 3),
]
TOO_LONG = {
    "OpenAI, without tools": (
        (
            "This model's maximum context length is 4097 tokens. However, your messages resulted "
            "in 4294 tokens. Please reduce the length of the messages."
        ),
        "messages",
        "context_length_exceeded",
    ),
    "OpenAI, with tools": (*ERRORS[Fault.CONTEXT_LENGTH][1:3], "context_length_exceeded"),
    "DeepSeek": (
        (
            "This model's maximum context length is 131072 tokens. However, you requested 131134 "
            "tokens (122942 in the messages, 8192 in the completion). Please reduce the length of "
            "the messages or completion."
        ),
        None,
        "invalid_request_error",
    ),
    "vLLM": (
        (
            "'max_tokens' or 'max_completion_tokens' is too large: 600. This model's maximum "
            "context length is 2048 tokens and your request has 1900 input tokens "
            "(600 > 2048 - 1900)."
        ),
        None,
        None,
    ),
}


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def naps():
    """The seconds that the retries would have waited."""
    return []


@pytest.fixture
def open_chat(naps):
    async def sleep(seconds):
        naps.append(seconds)

    def build(base_url=BASE_URL, api_key=KEY, **options):
        client = openai.DefaultAsyncHttpxClient(verify=TLS)
        return OpenAIChat("m", base_url, api_key, sleep=sleep, http_client=client, **options)

    return build


@pytest.fixture
def chat(open_chat):
    return open_chat()


def said(status, message="It failed.", parameter=None, code=None, kind="some_error", headers=None):
    error = {"message": message, "type": kind, "param": parameter, "code": code}
    return httpx.Response(status, json={"error": error}, headers=headers)


def answered(text='{"a": "b"}', request=None, finish="stop", **more):
    body = json.loads(request.content) if request else {}
    payload = completion(body, text)
    payload["choices"][0] |= {"finish_reason": finish} | more
    return httpx.Response(200, json=payload)


def bodies(route):
    return [json.loads(call.request.content) for call in route.calls]


def refusing(*names, status=400):
    """Answer like a server that does not know some parameters, and says one a time."""

    def answer(request):
        for name in names:
            if name in json.loads(request.content):
                return said(status, f"Unsupported parameter: '{name}'.", name)
        return answered(request=request)

    return answer


def only_on(*modes, status=400, message="Unsupported response_format or tools."):
    """Answer like a server that knows only some ways to hold to a schema."""

    def answer(request):
        known = mode_of(json.loads(request.content)) in modes
        return answered(request=request) if known else said(status, message)

    return answer


async def failure_of(chat):
    with pytest.raises(TriageError) as caught:
        await chat.ask(REQUEST)
    return caught.value


async def test_a_good_answer_takes_one_call_with_the_key_and_the_strictest_body(
    chat, naps, httpx2_mock
):
    route = httpx2_mock.post(URL).mock(side_effect=lambda r: answered(request=r))
    reply = await chat.ask(REQUEST)
    assert (reply.text, reply.output_mode) == ('{"a": "b"}', "json_schema")
    assert reply.usage == Usage(calls=1, input_tokens=5, output_tokens=2)
    assert route.call_count == 1
    assert bodies(route) == [Dialect().body(REQUEST, "m")]
    assert route.calls[0].request.headers["authorization"] == f"Bearer {KEY}"
    assert naps == []


async def test_without_a_client_of_its_own_the_chat_makes_one_and_closes_it(httpx2_mock):
    route = httpx2_mock.post(URL).mock(return_value=answered())
    chat = OpenAIChat("m", BASE_URL + "/")
    await chat.ask(REQUEST)
    assert route.call_count == 1
    assert not chat._client.is_closed()
    await chat.aclose()
    assert chat._client.is_closed()


@pytest.mark.parametrize(
    ("status", "code", "error", "kind", "retryable", "exit_code"),
    STATUSES,
    ids=[f"{row[0]} {row[1] or ''}".strip() for row in STATUSES],
)
async def test_every_status_is_retried_or_stops_at_once_as_documented(
    chat, naps, httpx2_mock, status, code, error, kind, retryable, exit_code
):
    route = httpx2_mock.post(URL).mock(return_value=said(status, code=code))
    failure = await failure_of(chat)
    assert (type(failure), failure.kind) == (error, kind)
    assert (failure.retryable, failure.exit_code) == (retryable, exit_code)
    assert route.call_count == (ATTEMPTS if retryable else 1)
    assert len(naps) == route.call_count - 1
    assert chat.dialect == Dialect()


@pytest.mark.parametrize(
    "error",
    [
        {"message": "You exceeded your current quota.", "code": "insufficient_quota"},
        {"message": "You exceeded your current quota.", "type": "insufficient_quota"},
        {"message": "Billing is not active.", "code": "billing_not_active"},
    ],
    ids=["by code", "by type", "billing"],
)
async def test_a_quota_that_is_used_up_stops_at_once_although_it_comes_as_a_rate_limit(
    chat, naps, httpx2_mock, error
):
    answer = httpx.Response(429, json={"error": error}, headers={"retry-after": "1"})
    route = httpx2_mock.post(URL).mock(return_value=answer)
    failure = await failure_of(chat)
    assert failure.type == "stop_quota"
    assert (route.call_count, naps) == (1, [])


@pytest.mark.parametrize("status", [408, 429, 500, 503, 529])
@pytest.mark.parametrize(("wait", "stops"), [("600", False), ("601", True), ("9" * 400, True)])
async def test_a_wait_of_more_than_ten_minutes_stops_the_run(
    chat, httpx2_mock, status, wait, stops
):
    answers = [said(status, headers={"retry-after": wait}), answered()]
    route = httpx2_mock.post(URL).mock(side_effect=answers)
    if stops:
        assert (await failure_of(chat)).type == "stop_quota"
    else:
        await chat.ask(REQUEST)
    assert route.call_count == (1 if stops else 2)


@pytest.mark.parametrize("attempts", [1, 2, 5])
async def test_so_many_attempts_mean_so_many_calls(open_chat, naps, httpx2_mock, attempts):
    route = httpx2_mock.post(URL).mock(return_value=said(500))
    await failure_of(open_chat(attempts=attempts))
    assert (route.call_count, len(naps)) == (attempts, attempts - 1)


@pytest.mark.parametrize(
    ("raised", "kind"), TRANSPORT.items(), ids=lambda v: getattr(v, "__name__", v)
)
async def test_a_failing_connection_is_tried_again_and_then_an_error(
    chat, naps, httpx2_mock, raised, kind
):
    route = httpx2_mock.post(URL).mock(side_effect=raised("broken"))
    failure = await failure_of(chat)
    assert (type(failure), failure.kind, failure.retryable) == (ServiceError, kind, True)
    attempts = ATTEMPTS
    assert (route.call_count, len(naps)) == (attempts, attempts - 1)
    assert "llm.test" in str(failure)


async def test_what_passes_is_answered_in_the_end(chat, naps, httpx2_mock):
    answers = [
        said(500),
        httpcore2.ReadTimeout("slow"),
        said(429, headers={"retry-after": "7"}),
        httpcore2.RemoteProtocolError("dropped"),
        answered(""),
        answered('{"a": "late"}'),
    ]
    route = httpx2_mock.post(URL).mock(side_effect=answers)
    assert (await chat.ask(REQUEST)).text == '{"a": "late"}'
    assert (route.call_count, len(naps)) == (6, 5)
    assert naps[2] == 7.0


@pytest.mark.parametrize(
    "content",
    [b"<html>It works!</html>", b"", b'{"choices": [', b"\xff\xfe\x00", b'{"a":' * 50_000],
    ids=["a web page", "nothing", "torn", "not text", "nested too deep"],
)
async def test_a_body_that_is_not_json_is_tried_again_and_then_names_the_address(
    chat, naps, httpx2_mock, content
):
    route = httpx2_mock.post(URL).mock(return_value=httpx.Response(200, content=content))
    failure = await failure_of(chat)
    assert (type(failure), failure.kind) == (ServiceError, "not_json")
    assert "--base-url" in str(failure)
    assert (route.call_count, len(naps)) == (ATTEMPTS, ATTEMPTS - 1)


@pytest.mark.parametrize(
    ("answer", "kind", "calls"),
    [
        (answered(message={"content": None, "refusal": "No."}), "refusal", 1),
        (answered("", finish="content_filter"), "content_filter", 1),
        (answered(""), "empty", ATTEMPTS),
        (answered(message=None), "empty", ATTEMPTS),
        (httpx.Response(200, json={"choices": []}), "empty", ATTEMPTS),
        (httpx.Response(200, json=[]), "empty", ATTEMPTS),
    ],
    ids=[
        "refusal",
        "content filter",
        "empty content",
        "no message",
        "no choices",
        "a list",
    ],
)
async def test_an_answer_without_a_reply_is_its_own_error_and_only_an_empty_one_is_tried_again(
    chat, naps, httpx2_mock, answer, kind, calls
):
    route = httpx2_mock.post(URL).mock(return_value=answer)
    failure = await failure_of(chat)
    assert (type(failure), failure.kind) == (ReplyError, kind)
    assert (route.call_count, len(naps)) == (calls, calls - 1)
    assert chat.dialect == Dialect()


async def test_a_reply_that_was_cut_off_is_returned_as_that_and_not_tried_again(chat, httpx2_mock):
    route = httpx2_mock.post(URL).mock(return_value=answered('{"a": "b', finish="length"))
    reply = await chat.ask(REQUEST)
    assert (reply.text, reply.cut_off, reply.limit) == ('{"a": "b', True, 600)
    assert route.call_count == 1


async def test_azures_content_filter_ends_the_row_and_is_not_taken_for_a_refused_format(
    chat, httpx2_mock
):
    status, *words = ERRORS[Fault.AZURE_FILTER]
    message, parameter, _, code = words
    inner = {"code": "ResponsibleAIPolicyViolation", "content_filter_result": {"jailbreak": {}}}
    error = {"message": message, "param": parameter, "code": code, "innererror": inner}
    answer = httpx.Response(status, json={"error": error | {"type": None, "status": 400}})
    route = httpx2_mock.post(URL).mock(return_value=answer)
    failure = await failure_of(chat)
    assert failure.type == "reply_content_filter"
    assert route.call_count == 1
    assert chat.dialect == Dialect()


@pytest.mark.parametrize(("message", "parameter", "code"), TOO_LONG.values(), ids=TOO_LONG.keys())
@pytest.mark.parametrize("mode", [OutputMode.JSON_SCHEMA, OutputMode.TOOL])
async def test_a_text_too_long_for_the_model_ends_its_row_and_teaches_nothing_about_the_server(
    chat, httpx2_mock, message, parameter, code, mode
):
    chat.dialect = learnt = Dialect(output_mode=mode)
    route = httpx2_mock.post(URL).mock(return_value=said(400, message, parameter, code))
    failure = await failure_of(chat)
    assert (failure.exit_code, failure.retryable) == (3, False)
    assert route.call_count == 1
    assert chat.dialect == learnt


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_not_followed_because_the_text_would_go_elsewhere(
    chat, httpx2_mock, status
):
    moved = httpx.Response(status, headers={"location": "http://elsewhere.test/v1"})
    route = httpx2_mock.post(URL).mock(return_value=moved)
    failure = await failure_of(chat)
    assert isinstance(failure, SettingsError)
    assert "--base-url" in str(failure)
    assert route.call_count == httpx2_mock.calls.call_count == 1


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"retry-after": "7"}, 7.0),
        ({"retry-after": "0"}, 0.0),
        ({"retry-after": "1.5"}, 1.5),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"retry-after-ms": "2500", "retry-after": "60"}, 2.5),
        ({"retry-after": format_datetime(datetime(2001, 1, 1, tzinfo=UTC), usegmt=True)}, 0.0),
    ],
    ids=str,
)
@pytest.mark.parametrize("status", [429, 503])
async def test_the_wait_is_the_one_that_the_server_asks_for(
    chat, naps, httpx2_mock, status, headers, seconds
):
    route = httpx2_mock.post(URL).mock(side_effect=[said(status, headers=headers), answered()])
    await chat.ask(REQUEST)
    assert naps == [seconds]
    assert route.call_count == 2


async def test_the_wait_until_a_date_is_what_is_left_until_then(chat, naps, httpx2_mock):
    date = format_datetime(datetime.now(UTC) + timedelta(seconds=90), usegmt=True)
    httpx2_mock.post(URL).mock(side_effect=[said(429, headers={"retry-after": date}), answered()])
    await chat.ask(REQUEST)
    assert naps == [pytest.approx(90, abs=5)]


@pytest.mark.parametrize("value", ["", "soon", "-5", "nan", "1.2.3", "Fri, 99 Dec", "\u00b2"])
async def test_a_wait_that_cannot_be_read_is_ours_to_choose(chat, naps, httpx2_mock, value):
    headers = [(b"retry-after", value.encode("latin-1"))]
    route = httpx2_mock.post(URL).mock(side_effect=[said(429, headers=headers), answered()])
    await chat.ask(REQUEST)
    assert route.call_count == 2
    assert 0 <= naps[0] <= 0.5


async def test_without_a_word_from_the_server_the_waits_may_grow_up_to_thirty_seconds(
    open_chat, naps, httpx2_mock, monkeypatch
):
    monkeypatch.setattr("random.uniform", lambda low, high: high)
    httpx2_mock.post(URL).mock(return_value=said(503))
    await failure_of(open_chat(attempts=9))
    assert naps == [0.5, 1, 2, 4, 8, 16, 30, 30]


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        ("Mon, 23 Nov 2026 12:00:30 GMT", 30.0),
        ("Mon, 23 Nov 2026 14:00:30 +0200", 30.0),
        ("Mon, 23 Nov 2026 12:00:30 -0000", 30.0),
        ("Mon, 23 Nov 2026 11:00:00 GMT", 0.0),
        ("Mon, 23 Nov 99999 11:00:00 GMT", None),
    ],
)
async def test_a_date_to_wait_for_is_read_in_any_time_zone(value, seconds):
    now = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
    assert retry_after_s({"retry-after": value}, now) == seconds


@pytest.mark.parametrize("status", [400, 422])
@pytest.mark.parametrize("name", ["temperature", "logprobs"])
async def test_a_refused_parameter_is_dropped_once_and_for_the_run(
    chat, naps, httpx2_mock, name, status
):
    route = httpx2_mock.post(URL).mock(side_effect=refusing(name, status=status))
    await chat.ask(REQUEST)
    await chat.ask(REQUEST)
    assert [name in body for body in bodies(route)] == [True, False, False]
    assert naps == []


@pytest.mark.parametrize(
    ("base_url", "first", "second"),
    [
        (BASE_URL, "max_tokens", "max_completion_tokens"),
        ("https://api.openai.com/v1", "max_completion_tokens", "max_tokens"),
    ],
)
async def test_a_refused_completion_limit_is_renamed_once_and_for_the_run(
    open_chat, httpx2_mock, base_url, first, second
):
    chat = open_chat(base_url)
    route = httpx2_mock.post(f"{base_url}/chat/completions").mock(side_effect=refusing(first))
    await chat.ask(REQUEST)
    await chat.ask(REQUEST)
    limits = [{k: v for k, v in body.items() if k.startswith("max_")} for body in bodies(route)]
    assert limits == [{first: 600}, {second: 600}, {second: 600}]


async def test_a_server_that_knows_neither_name_of_the_limit_is_asked_without_one(
    chat, httpx2_mock
):
    answer = refusing("max_tokens", "max_completion_tokens")
    route = httpx2_mock.post(URL).mock(side_effect=answer)
    await chat.ask(REQUEST)
    await chat.ask(REQUEST)
    limits = [[k for k in body if k.startswith("max_")] for body in bodies(route)]
    assert limits == [["max_tokens"], ["max_completion_tokens"], [], []]


async def test_several_refused_parameters_are_dropped_one_by_one(chat, httpx2_mock):
    answer = refusing("temperature", "logprobs", "max_tokens")
    route = httpx2_mock.post(URL).mock(side_effect=answer)
    await chat.ask(REQUEST)
    assert route.call_count == 4
    assert bodies(route)[-1].keys() == {
        "model",
        "messages",
        "max_completion_tokens",
        "response_format",
    }


async def test_refused_bounds_are_left_out_for_the_run_and_the_mode_is_kept(chat, httpx2_mock):
    def answer(request):
        if b"maxLength" in request.content:
            words = "Invalid schema for response_format 'triage': 'maxLength' is not permitted."
            return said(400, words, "response_format")
        return answered(request=request)

    route = httpx2_mock.post(URL).mock(side_effect=answer)
    replies = [await chat.ask(REQUEST), await chat.ask(REQUEST)]
    assert [reply.output_mode for reply in replies] == ["json_schema"] * 2
    assert route.call_count == 3


@pytest.mark.parametrize("mode", OUTPUT_MODES, ids=str)
async def test_the_first_output_mode_that_works_is_found_and_used_from_then_on(
    chat, naps, httpx2_mock, mode
):
    route = httpx2_mock.post(URL).mock(side_effect=only_on(mode.value))
    replies = [await chat.ask(REQUEST), await chat.ask(REQUEST)]
    assert [(reply.text, reply.output_mode) for reply in replies] == [
        ('{"a": "b"}', mode.value)
    ] * 2
    assert route.call_count == OUTPUT_MODES.index(mode) + 2
    assert naps == []


async def test_a_server_that_refuses_every_mode_is_an_error_after_one_call_per_mode(
    chat, httpx2_mock
):
    route = httpx2_mock.post(URL).mock(side_effect=only_on())
    failure = await failure_of(chat)
    assert (type(failure), failure.kind) == (ServiceError, "bad_request")
    assert route.call_count == len(OUTPUT_MODES)


async def test_a_server_that_answers_500_to_an_unknown_format_is_asked_another_way(
    chat, naps, httpx2_mock
):
    # The words of llama-cpp-python 0.3.36, which knows no json_schema.
    words = (
        "1 validation error:\n  {'type': 'literal_error', 'loc': ('body', 'response_format', "
        "'type'), 'msg': \"Input should be 'text' or 'json_object'\", 'input': 'json_schema'}"
    )
    answer = only_on("tool", "json_object", "plain", status=500, message=words)
    route = httpx2_mock.post(URL).mock(side_effect=answer)
    assert (await chat.ask(REQUEST)).output_mode == "tool"
    assert (route.call_count, naps) == (2, [])


async def test_a_server_that_crashes_on_its_own_functions_is_tried_again_and_teaches_nothing(
    chat, naps, httpx2_mock
):
    route = httpx2_mock.post(URL).mock(return_value=said(500, "A function of ours crashed."))
    assert (await failure_of(chat)).type == "service_server"
    assert (route.call_count, len(naps)) == (ATTEMPTS, ATTEMPTS - 1)
    assert chat.dialect == Dialect()


async def test_a_router_that_answers_404_because_nobody_knows_tools_is_asked_another_way(
    chat, naps, httpx2_mock
):
    chat.dialect = Dialect(output_mode=OutputMode.TOOL)
    words = "No endpoints found that support tool use. To learn more, visit https://router.test"
    answer = only_on("json_object", "plain", status=404, message=words)
    route = httpx2_mock.post(URL).mock(side_effect=answer)
    assert (await chat.ask(REQUEST)).output_mode == "json_object"
    assert (route.call_count, naps) == (2, [])


async def test_a_model_that_forbids_log_probabilities_with_403_is_asked_without_them(
    chat, naps, httpx2_mock
):
    # What OpenAI answers for its reasoning models.
    def answer(request):
        if "logprobs" in json.loads(request.content):
            return said(403, "You are not allowed to request logprobs from this model")
        return answered(request=request)

    route = httpx2_mock.post(URL).mock(side_effect=answer)
    await chat.ask(REQUEST)
    assert (route.call_count, naps) == (2, [])


async def test_three_replies_that_ignore_the_schema_lead_to_the_next_mode(chat, httpx2_mock):
    route = httpx2_mock.post(URL).mock(side_effect=lambda r: answered("prose", r))
    for _ in range(4):
        reply = await chat.ask(REQUEST)
        chat.report_fit(reply.output_mode, fits=False)
    assert [mode_of(body) for body in bodies(route)] == ["json_schema"] * 3 + ["tool"]


async def test_a_late_complaint_about_a_mode_already_left_does_not_count(chat):
    chat.dialect = Dialect(output_mode=OutputMode.TOOL)
    for _ in range(3):
        chat.report_fit("json_schema", fits=False)
    assert chat.dialect == Dialect(output_mode=OutputMode.TOOL)


async def test_many_requests_refused_at_the_same_time_are_one_step(chat, httpx2_mock):
    barrier = asyncio.Barrier(8)
    known = only_on(*MODES - {"json_schema"})

    async def answer(request):
        if mode_of(json.loads(request.content)) == "json_schema":
            await barrier.wait()
        return known(request)

    route = httpx2_mock.post(URL).mock(side_effect=answer)
    replies = await asyncio.gather(*(chat.ask(REQUEST) for _ in range(8)))
    assert {reply.output_mode for reply in replies} == {"tool"}
    assert route.call_count == 16


async def test_usage_counts_the_calls_and_tokens_of_every_attempt(chat, httpx2_mock):
    def tokens(given, made):
        return {"usage": {"prompt_tokens": given, "completion_tokens": made}}

    empty = completion({}, "") | tokens(100, 7)
    good = completion({}, "{}") | tokens(100, 20)
    answers = [said(500), httpx.Response(200, json=empty), httpx.Response(200, json=good)]
    route = httpx2_mock.post(URL).mock(side_effect=answers)
    usage = (await chat.ask(REQUEST)).usage
    assert route.call_count == 3
    assert usage == Usage(calls=3, input_tokens=200, output_tokens=27)


@pytest.mark.parametrize("key", [KEY, "0123456789abcdef0123456789abcdef", "a-word-of-our-own"])
@pytest.mark.parametrize("status", [400, 401, 403, 404, 429, 500])
async def test_what_the_server_echoes_reaches_neither_the_message_nor_a_log(
    open_chat, httpx2_mock, caplog, status, key
):
    caplog.set_level(logging.INFO)
    caplog.set_level(logging.DEBUG, "triage_agent")
    echo = f"Bad key {key} for {EMAIL}, call {PHONE}."
    httpx2_mock.post(URL).mock(return_value=said(status, echo))
    failure = await failure_of(open_chat(api_key=key, attempts=2))
    for text in (str(failure), failure.message, caplog.text):
        assert key not in text
        assert "ann.owner" not in text
        assert "555" not in text


@pytest.mark.parametrize("length", range(160, 200, 5))
async def test_a_long_echo_is_masked_before_it_is_shortened(chat, httpx2_mock, length):
    echo = "x" * length + f" {EMAIL} {PHONE} {KEY}"
    httpx2_mock.post(URL).mock(return_value=said(403, echo))
    text = str(await failure_of(chat))
    assert "ann.owner" not in text
    assert "555" not in text
    assert "sk-te" not in text


@pytest.mark.parametrize("place", ["plain text", "a list", "a detail", "a bare string", "nested"])
async def test_an_error_in_any_shape_is_masked_and_explained(chat, httpx2_mock, place):
    words = f"No {KEY} {EMAIL} {PHONE}"
    answer = {
        "plain text": httpx.Response(400, text=words),
        "a list": httpx.Response(400, json=[{"error": {"message": words}}]),
        "a detail": httpx.Response(422, json={"detail": [{"msg": "bad", "input": words}]}),
        "a bare string": httpx.Response(400, json={"error": words}),
        "nested": httpx.Response(400, json={"error": {"message": {"text": words}}}),
    }[place]
    route = httpx2_mock.post(URL).mock(return_value=answer)
    text = str(await failure_of(chat))
    assert route.call_count == 1
    assert "llm.test refused the request" in text
    assert not any(secret in text for secret in (KEY, "ann.owner", "555"))


async def test_the_message_about_a_key_names_the_variable(chat, httpx2_mock):
    httpx2_mock.post(URL).mock(return_value=said(401))
    assert "OPENAI_API_KEY" in str(await failure_of(chat))


async def test_the_message_about_an_unknown_model_names_it_and_the_option(chat, httpx2_mock):
    httpx2_mock.post(URL).mock(return_value=said(404, code="model_not_found"))
    text = str(await failure_of(chat))
    assert "'m'" in text
    assert "--model" in text


@pytest.mark.parametrize(
    "base_url",
    ["", "llm.test/v1", "ftp://llm.test", "http://", "/v1", "http://[::1", "http://h:port/v1"],
)
async def test_an_address_that_is_none_is_a_setting_to_correct(base_url):
    with pytest.raises(SettingsError, match="URL"):
        host_of(base_url)


@pytest.mark.parametrize("scheme", ["http", "https", "ftp"])
async def test_a_login_in_the_address_is_refused_and_not_shown(open_chat, scheme):
    with pytest.raises(SettingsError) as caught:
        open_chat(f"{scheme}://ann:hunter2@llm.test/v1")
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("key", ["sk-ключ-0123456789", "sk-“quoted”-0123"])
async def test_a_key_that_no_header_can_carry_is_a_setting_to_correct(open_chat, key):
    with pytest.raises(SettingsError, match="OPENAI_API_KEY") as caught:
        await open_chat(api_key=key).ask(REQUEST)
    assert key not in str(caught.value)


@pytest.mark.parametrize(
    ("host", "local"),
    [
        ("localhost", True),
        ("127.0.0.1", True),
        ("127.8.8.8", True),
        ("::1", True),
        ("api.openai.com", False),
        ("127.0.0.1.evil.test", False),
        ("10.0.0.1", False),
        ("localhost.evil.test", False),
    ],
)
async def test_only_this_machine_is_local(host, local):
    assert is_local(host) is local


async def test_a_refused_connection_is_no_timeout_whatever_the_transport_calls_it():
    async def sleep(seconds):
        del seconds

    client = open_client(5, local=True)
    chat = OpenAIChat("m", "http://127.0.0.1:9/v1", KEY, sleep=sleep, http_client=client)
    try:
        with pytest.raises(StopError, match=r"127.0.0.1:9 cannot be reached") as caught:
            await chat.ask(REQUEST)
    finally:
        await chat.aclose()
    assert caught.value.kind == "unreachable"


async def test_where_nobody_ever_listened_the_run_stops_and_else_it_is_one_row(
    chat, naps, httpx2_mock
):
    route = httpx2_mock.post(URL).mock(side_effect=httpcore2.ConnectError("refused"))
    assert (await failure_of(chat)).type == "stop_unreachable"
    assert route.call_count == ATTEMPTS_UNSENT


async def test_where_somebody_has_listened_it_is_waited_for(chat, naps, httpx2_mock):
    refused = [httpcore2.ConnectError("refused")] * (ATTEMPTS + 2)
    httpx2_mock.post(URL).mock(side_effect=[answered(), *refused, answered('{"a": "late"}')])
    await chat.ask(REQUEST)
    assert (await chat.ask(REQUEST)).text == '{"a": "late"}'
    assert naps == [0.5, 1, 2, 4, *[5] * (ATTEMPTS - 2)]
