"""Refusals as servers word them, each over HTTP: what becomes of the row, of the run, and why."""

import asyncio
import re
from datetime import UTC, datetime, timedelta

import pytest

from support.chats import KEY, error, outcome, run
from support.openai_server import Answer
from triage_agent.errors import StopError, TriageError
from triage_agent.models.llm.client import ATTEMPTS
from triage_agent.models.llm.dialect import Dialect
from triage_agent.models.llm.refusals_in_a_row import FIRST_TEXTS, LATER_TEXTS

PAGE = (
    "<!DOCTYPE html><html><head><title>Attention Required!</title><style>b{}</style></head>"
    "<body><h1>Sorry, you have been blocked</h1><script>x()</script></body></html>"
)


def google(code, message, status, *details):
    return [{"error": {"code": code, "message": message, "status": status, "details": details}}]


def retry_info(delay):
    return {"@type": "type.googleapis.com/google.rpc.RetryInfo", "retryDelay": delay}


def in_choice(content, code):
    choice = {
        "index": 0,
        "message": {"role": "assistant", "content": content},
        "finish_reason": "error",
        "error": {"code": code, "message": "Provider disconnected"},
    }
    return {"id": "gen-1", "choices": [choice]}


ONCE = {
    # What servers answer with, and then: the type, whether it may pass, words of the message.
    "OpenRouter: an error inside a 200": (
        200,
        error("Provider returned error", 502),
        "service_server",
        True,
        "reported an error. It said: Provider returned error",
    ),
    "an error inside a 200 beside choices: null": (
        200,
        {"choices": None, **error("Internal error", 500)},
        "service_server",
        True,
        "Internal error",
    ),
    "OpenRouter: an error inside a choice, after half an answer": (
        200,
        in_choice('{"a": "b', 502),
        "service_server",
        True,
        "Provider disconnected",
    ),
    "a choice that ended with an error and says nothing": (
        200,
        {"choices": [{"message": {"content": "{"}, "finish_reason": "error"}]},
        "service_server",
        True,
        "reported an error",
    ),
    "OpenRouter: a wrong key inside a 200": (
        200,
        error("User not found.", 401),
        "stop_key",
        False,
        "did not accept the key",
    ),
    "OpenRouter: no credits inside a 200": (
        200,
        error("Insufficient credits. Add more.", 402),
        "stop_quota",
        False,
        "Add more.",
    ),
    "text-generation-inference: a text too long, inside a 200": (
        200,
        {
            "error": "Input validation error: `inputs` tokens + `max_new_tokens` must be <= 2048.",
            "error_type": "validation",
        },
        "service_bad_request",
        False,
        "Input validation error",
    ),
    "an invalid request inside a 200, without a status": (
        200,
        {"error": "Invalid request body."},
        "service_bad_request",
        False,
        "Invalid request body.",
    ),
    "Gemini: a list": (
        503,
        google(503, "The model is overloaded.", "UNAVAILABLE"),
        "service_server",
        True,
        "The model is overloaded.",
    ),
    "Gemini: a wrong key as a 400": (
        400,
        google(
            400,
            "API key not valid. Please pass a valid API key.",
            "INVALID_ARGUMENT",
            {"@type": "type.googleapis.com/google.rpc.ErrorInfo", "reason": "API_KEY_INVALID"},
        ),
        "stop_key",
        False,
        "API key not valid.",
    ),
    "LiteLLM: over the budget as a 400": (
        400,
        error("Budget has been exceeded! Current cost: 26.1, Max budget: 0.25", "400"),
        "stop_quota",
        False,
        "Budget has been exceeded!",
    ),
    "LiteLLM: over the budget as a 429": (
        429,
        error("Over the team's limit.", "429", "budget_exceeded"),
        "stop_quota",
        False,
        "Over the team's limit.",
    ),
    "Anthropic: no credit as a 400": (
        400,
        error("Your credit balance is too low to access the API.", None, "invalid_request_error"),
        "stop_quota",
        False,
        "Top it up",
    ),
    "OpenAI: a billing limit": (
        429,
        error("Billing hard limit has been reached", "billing_hard_limit_reached"),
        "stop_quota",
        False,
        "Billing hard limit",
    ),
    "OpenRouter: the day's free requests": (
        429,
        error("Rate limit exceeded: free-models-per-day. Add 10 credits.", 429),
        "stop_quota",
        False,
        "Run again tomorrow.",
    ),
    "Groq: a day's tokens, free again in hours": (
        429,
        error(
            "Rate limit reached on tokens per day (TPD): Limit 100000, Used 99900. "
            "Please try again in 2h10m5.5s. Need more?",
            "rate_limit_exceeded",
        ),
        "stop_quota",
        False,
        "asks to wait 130 minutes, until ",
    ),
    "OpenAI: an unknown model": (
        404,
        error("The model `m` does not exist.", "model_not_found"),
        "stop_not_found",
        False,
        "knows no model 'm'. Check --model.",
    ),
    "Azure: an unknown deployment": (
        404,
        {"error": {"code": "DeploymentNotFound", "message": "The API deployment is not there."}},
        "stop_not_found",
        False,
        "The API deployment is not there.",
    ),
    "OpenAI: a wrong key, in its own words": (
        401,
        error("Incorrect API key provided: sk-...cdef.", "invalid_api_key"),
        "stop_key",
        False,
        "It said: Incorrect API key provided",
    ),
    "OpenAI: a country": (
        403,
        error("Country not supported", "unsupported_country_region_territory"),
        "stop_forbidden",
        False,
        "Country not supported",
    ),
    "Cloudflare: a firewall's page": (
        403,
        PAGE,
        "service_bad_request",
        False,
        "refused this text (403). It said: Attention Required!: Sorry, you have been blocked",
    ),
    "OpenRouter: a moderated text, told apart by a field only": (
        403,
        error("Forbidden.", 403, metadata={"reasons": ["violence"], "flagged_input": "Leads"}),
        "reply_content_filter",
        False,
        "refused this text",
    ),
    "OpenRouter: a moderated text, as the model demands": (
        403,
        error('m requires moderation. Your input was flagged for "violence".', 403),
        "reply_content_filter",
        False,
        "Classify it by hand. It said: m requires moderation.",
    ),
    "Azure: a filtered text, with what was found": (
        400,
        error(
            "The response was filtered due to the prompt.",
            "content_filter",
            innererror={
                "code": "ResponsibleAIPolicyViolation",
                "content_filter_result": {
                    "hate": {"filtered": False},
                    "self_harm": {"filtered": True},
                    "violence": {"filtered": True},
                },
            },
        ),
        "reply_content_filter",
        False,
        "refused this text for self harm, violence.",
    ),
    "DeepSeek: a filtered text": (
        400,
        error("Content Exists Risk", "invalid_request_error"),
        "reply_content_filter",
        False,
        "Content Exists Risk",
    ),
    "DashScope: a filtered text, whose code ends in Failed": (
        400,
        error("Input text data may contain inappropriate content.", "data_inspection_failed"),
        "reply_content_filter",
        False,
        "inappropriate content",
    ),
    "Groq: a text beyond the minute's tokens": (
        413,
        error("Request too large for model `m` on tokens per minute (TPM).", "rate_limit_exceeded"),
        "service_bad_request",
        False,
        "too long",
    ),
    "Groq: no capacity": (
        498,
        error("At capacity.", "capacity_exceeded"),
        "service_server",
        True,
        "",
    ),
    "a failed dependency": (424, error("Upstream failed."), "service_server", True, "424"),
    "Cloudflare: the origin is down": (
        521,
        "<html><head><title>Web server is down</title></head></html>",
        "service_server",
        True,
        "answered 521. It said: Web server is down",
    ),
    "Cloudflare: a timeout": (524, "error code: 524", "service_server", True, "error code: 524"),
    "OpenRouter: the provider's own words": (
        429,
        error(
            "Provider returned error",
            429,
            metadata={"raw": "m is temporarily rate-limited upstream.", "provider_name": "P"},
        ),
        "service_rate_limit",
        True,
        "It said: m is temporarily rate-limited upstream.",
    ),
    "LM Studio: another path, inside a 200": (
        200,
        {"error": "Unexpected endpoint or method. (POST /chat/completions)"},
        "stop_not_found",
        False,
        "Unexpected endpoint",
    ),
    "a web page that claims success": (
        200,
        PAGE,
        "service_not_json",
        True,
        "--base-url ends where the API begins (often in /v1). It said: Attention Required!",
    ),
    "Cloudflare Workers AI: errors inside a 200": (
        200,
        {"success": False, "errors": [{"code": 3040, "message": "Capacity temporarily exceeded"}]},
        "service_server",
        True,
        "Capacity temporarily exceeded",
    ),
    "OpenRouter: the key's own limit": (
        403,
        error("Key limit exceeded (total limit).", 403),
        "stop_quota",
        False,
        "Key limit exceeded",
    ),
    "GitHub: too fast, as a 403": (
        403,
        error("API rate limit exceeded.", "rate_limit_exceeded"),
        "service_rate_limit",
        True,
        "API rate limit exceeded.",
    ),
    "OpenAI behind a gateway that drops the code": (
        429,
        {"message": "You exceeded your current quota, please check your plan."},
        "stop_quota",
        False,
        "Top it up",
    ),
    "a page that takes no POST": (
        405,
        {"detail": "Method Not Allowed"},
        "stop_not_found",
        False,
        "Method Not Allowed",
    ),
    "a model that was retired": (
        410,
        error("The model m is no longer available."),
        "stop_not_found",
        False,
        "knows no model 'm'",
    ),
    "a redirect": (307, "", "SettingsError", False, "--base-url"),
}


@pytest.mark.parametrize(
    ("status", "content", "type_", "passes", "words"), ONCE.values(), ids=ONCE.keys()
)
def test_what_a_server_refuses_is_what_it_means(status, content, type_, passes, words):
    async def work(chat, server):
        return await outcome(chat), server.calls, chat.dialect

    failed, calls, dialect = run(work, script=lambda _: Answer(status, content))
    assert failed.type == type_
    assert failed.retryable is passes
    assert words in failed.message
    assert not re.search(r"<[a-z!/]", failed.message)
    assert KEY not in failed.message
    assert calls == (ATTEMPTS if passes else 1)
    assert dialect == Dialect()


WAITS = {
    "Gemini: RetryInfo": (google(429, "Quota.", "RESOURCE_EXHAUSTED", retry_info("37s")), {}, 37),
    "Gemini: a fraction": (google(429, "Quota.", "X", retry_info("0.5s")), {}, 0.5),
    "OpenAI: in words": (error("Rate limit. Please try again in 6m12s."), {}, 372),
    "Groq: in words": (error("Please try again in 9.638s. Need more?"), {}, 9.638),
    "Azure: in words": (error("Please retry after 6 seconds."), {}, 6),
    "milliseconds": (error("Please try again in 450ms."), {}, 0.45),
    "Gemini, packed in another's message": (
        error('{"error": {"code": 429, "details": [{"retryDelay": "12s"}]}}', 429),
        {},
        12,
    ),
    "Hugging Face: a model that is loading": (
        {"error": "Model m is currently loading", "estimated_time": 20.5},
        {},
        20.5,
    ),
    "a header before all": (error("Please try again in 6m12s."), {"retry-after": "3"}, 3),
}


@pytest.mark.parametrize(("content", "headers", "seconds"), WAITS.values(), ids=WAITS.keys())
@pytest.mark.parametrize("status", [429, 503])
def test_the_wait_is_as_the_server_asks_wherever_it_says_so(status, content, headers, seconds):
    def script(call):
        return Answer(status, content, headers) if call.number == 0 else None

    naps = []
    run(lambda chat, _: outcome(chat), naps, script=script)
    assert naps == [pytest.approx(seconds)]


def test_a_rate_limit_inside_a_200_is_waited_for_like_any_other():
    content = error("Slow down. Try again in 4 seconds.", 429)
    naps = []

    async def work(chat, server):
        return await outcome(chat), server.calls

    def script(call):
        return Answer(200, content) if call.number == 0 else None

    reply, calls = run(work, naps, script=script)
    assert (reply.output_mode, calls, naps) == ("json_schema", 2, [4.0])


@pytest.mark.parametrize("in_body", [True, False], ids=["in the error", "in a header"])
def test_a_limit_that_resets_at_a_moment_tells_that_moment(in_body):
    reset = datetime.now().astimezone() + timedelta(hours=7, seconds=30)
    headers = {"X-RateLimit-Remaining": "0", "X-RateLimit-Reset": str(int(reset.timestamp() * 1e3))}
    content = error("Rate limit exceeded.", 429, metadata={"headers": headers if in_body else {}})
    answer = Answer(429, content, {} if in_body else headers)
    failed = run(lambda chat, _: outcome(chat), script=lambda _: answer)
    assert failed.type == "stop_quota"
    assert "420 minutes" in failed.message
    assert reset.strftime("%A %d %B") in failed.message


def test_a_day_s_limit_that_names_half_a_minute_is_believed_twice():
    quota = {"violations": [{"quotaId": "GenerateRequestsPerDayPerProjectPerModel-FreeTier"}]}
    content = google(429, "You exceeded your current quota.", "X", quota, retry_info("36s"))
    naps = []
    failed = run(lambda chat, _: outcome(chat), naps, script=lambda _: Answer(429, content))
    assert (failed.type, naps) == ("stop_quota", [36.0, 36.0])
    assert "tomorrow" in failed.message


ALIKE = {
    "LiteLLM: an unknown model as a 400": (
        400,
        lambda n: error(f"Invalid model name passed in model=m. Call /v1/models. Request {n}"),
        "stop_not_found",
        "Check --model.",
    ),
    "a wrong key as a 422": (
        422,
        lambda n: {"detail": f"Authentication failed, request 0{n}"},
        "stop_key",
        "Check OPENAI_API_KEY",
    ),
    "a wrong key as a 500": (
        500,
        lambda n: error(f"AuthenticationError: the credentials are wrong (trace {n}ab)"),
        "stop_key",
        "Check OPENAI_API_KEY",
    ),
    "a form that nobody understands": (
        400,
        lambda _: error("Bad input."),
        "stop_refused",
        "triage doctor",
    ),
    "a firewall in front of everything": (403, lambda _: PAGE, "stop_refused", "blocked"),
    "a filter that refuses everything": (
        400,
        lambda _: error("Content Exists Risk"),
        "stop_refused",
        "Content Exists Risk",
    ),
}


@pytest.mark.parametrize(("status", "content", "type_", "words"), ALIKE.values(), ids=ALIKE.keys())
def test_a_run_stops_when_its_first_texts_are_all_refused_alike(status, content, type_, words):
    async def work(chat, server):
        return [await outcome(chat, f"Problem number {n}.") for n in range(8)], server.calls

    rows, calls = run(work, script=lambda call: Answer(status, content(call.number)))
    assert isinstance(rows[FIRST_TEXTS - 1], StopError)
    assert {row.type for row in rows[FIRST_TEXTS - 1 :]} == {type_}
    assert words in rows[-1].message
    assert not any(isinstance(row, StopError) for row in rows[: FIRST_TEXTS - 1])
    assert calls <= FIRST_TEXTS * ATTEMPTS


@pytest.mark.parametrize(
    ("status", "content"),
    [(403, PAGE), (400, error("Content Exists Risk"))],
    ids=["a firewall", "a filter"],
)
def test_once_a_text_was_answered_texts_that_are_refused_end_their_rows_only(status, content):
    async def work(chat, server):
        del server
        return [await outcome(chat, f"Problem number {n}.") for n in range(LATER_TEXTS + 2)]

    rows = run(work, script=lambda call: Answer(status, content) if call.number else None)
    assert not any(isinstance(row, StopError) for row in rows)
    assert len([row for row in rows if isinstance(row, TriageError)]) == LATER_TEXTS + 1


@pytest.mark.parametrize(
    ("status", "content", "type_"),
    [
        (403, {"message": "Forbidden"}, "stop_refused"),
        (400, error("Bad input."), "stop_refused"),
        (400, error("Invalid model name passed in"), "stop_not_found"),
    ],
    ids=["forbidden", "anything", "a model that was taken away"],
)
def test_once_a_text_was_answered_it_takes_more_refusals_in_a_row_to_stop_a_run(
    status, content, type_
):
    async def work(chat, server):
        del server
        return [await outcome(chat, f"Problem number {n}.") for n in range(LATER_TEXTS + 3)]

    def script(call):
        return None if call.number in {0, 2} else Answer(status, content)

    rows = run(work, script=script)
    assert [row.type for row in rows[3:-1]] == ["service_bad_request"] * (LATER_TEXTS - 1)
    assert rows[-1].type == type_


def test_one_text_asked_again_and_again_says_nothing_about_others():
    async def work(chat, server):
        del server
        return [await outcome(chat, "The same.") for _ in range(8)]

    rows = run(work, script=lambda _: Answer(400, error("Bad input.")))
    assert {row.type for row in rows} == {"service_bad_request"}


def test_a_server_that_is_still_loading_is_no_wrong_setting():
    def script(call):
        loading = call.number < 3 * FIRST_TEXTS
        return Answer(503, error("Loading model", 503, "unavailable_error")) if loading else None

    async def work(chat, server):
        del server
        return await asyncio.gather(*(outcome(chat, f"Text {n}.") for n in range(FIRST_TEXTS)))

    rows = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)


def test_a_404_about_nothing_named_may_pass_once_the_service_has_answered():
    def script(call):
        return Answer(404, "404 page not found") if call.number == 1 else None

    async def work(chat, server):
        del server
        return [await outcome(chat, f"Text {n}.") for n in range(3)]

    rows = run(work, script=script)
    assert not any(isinstance(row, TriageError) for row in rows)


@pytest.mark.parametrize(
    ("path", "hint"),
    [("", "many servers want"), ("/v1", "no API at this address"), ("/api", "many servers want")],
)
def test_an_address_where_nothing_is_names_the_one_that_is_probably_meant(path, hint):
    async def work(chat, server):
        return await outcome(chat), server.port, server.calls

    failed, port, calls = run(
        work, path=path, script=lambda _: Answer(404, {"detail": "Not Found"})
    )
    assert failed.type == "stop_not_found"
    assert hint in failed.message
    if path != "/v1":
        assert f"http://127.0.0.1:{port}{path}/v1" in failed.message
    assert calls == 1


def test_the_moment_of_a_reset_is_not_told_for_a_wait_that_no_calendar_holds():
    answer = Answer(429, error("Later."), {"retry-after": "9" * 400})
    failed = run(lambda chat, _: outcome(chat), script=lambda _: answer)
    assert "more than a day" in failed.message
    assert datetime.now(UTC).strftime("%B") not in failed.message
