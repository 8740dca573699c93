import pytest

from triage_agent.errors import SettingsError
from triage_agent.models.llm.dialect import Dialect
from triage_agent.models.llm.extras import Extras, smaller_limit
from triage_agent.models.llm.refusals import Refusal
from triage_agent.settings import Options

EFFORT = Extras(effort="low")
BODY = Extras(body={"chat_template_kwargs": {"enable_thinking": False}, "seed": 7})
MOST = Extras(most_tokens=900)
NO_LIMIT = Dialect(dropped=frozenset({"max_tokens", "max_completion_tokens"}))


@pytest.mark.parametrize(
    ("extras", "refusal", "option"),
    [
        (
            EFFORT,
            Refusal(400, "Unsupported parameter: 'reasoning_effort'", "reasoning_effort"),
            "--reasoning-effort",
        ),
        (EFFORT, Refusal(400, "Unknown parameter: 'reasoning_effort'."), "--reasoning-effort"),
        (
            EFFORT,
            Refusal(400, "'reasoning.effort' is not supported", "reasoning.effort"),
            "--reasoning-effort",
        ),
        (
            EFFORT,
            Refusal(422, "[{'loc': ('body', 'reasoning_effort'), 'msg': 'Extra inputs'}]"),
            "--reasoning-effort",
        ),
        (BODY, Refusal(400, "seed must be positive"), "--extra-body"),
        (BODY, Refusal(400, "unknown key enable_thinking"), "--extra-body"),
        (BODY, Refusal(400, "bad value", "chat_template_kwargs.enable_thinking"), "--extra-body"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_refusal_of_what_the_user_wants_said_names_the_option(extras, refusal, option):
    error = extras.refused_by(refusal, None, "It said: no.")
    assert isinstance(error, SettingsError)
    assert option in error.message
    assert "It said: no." in error.message


@pytest.mark.parametrize(
    ("extras", "refusal"),
    [
        (
            EFFORT,
            Refusal(400, "temperature only goes with reasoning_effort none", "temperature"),
        ),
        (EFFORT, Refusal(400, "temperature is not supported")),
        (EFFORT, Refusal(500, "the server had an error")),
        (EFFORT, Refusal(429, "too many reasoning_effort requests")),
        (BODY, Refusal(400, "seeds are seedless")),
        (Extras(), Refusal(400, "reasoning_effort is not supported")),
    ],
    ids=str,
)
def test_a_refusal_of_something_else_does_not(extras, refusal):
    assert extras.refused_by(refusal, Dialect(), "It said: no.") is None


def test_a_server_that_takes_no_limit_at_all_refuses_the_one_that_was_given():
    refusal = Refusal(400, "max_tokens is unknown", "max_tokens")
    assert MOST.refused_by(refusal, Dialect(), "") is None
    error = MOST.refused_by(refusal, NO_LIMIT, "")
    assert error is not None
    assert "--max-output-tokens" in error.message
    assert Extras().refused_by(refusal, NO_LIMIT, "") is None


TOO_LARGE = {
    "OpenAI": "max_tokens is too large: 9600. This model supports at most 4096 completion tokens",
    "Doubao": "`max_completion_tokens` not valid: above maximum value, expected <= 12288",
    "DeepSeek": "Invalid max_tokens value, the valid range of max_tokens is [1, 8192]",
    "vLLM": (
        "'max_tokens' is too large: 9600. This model's maximum context length is 8192 tokens and "
        "your request has 1900 input tokens (9600 > 8192 - 1900)."
    ),
    "OpenAI, of both together": (
        "This model's maximum context length is 4096 tokens. However, you requested 9735 tokens "
        "(135 in the messages, 9600 in the completion). Please reduce the length of the messages."
    ),
}


@pytest.mark.parametrize("message", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_limit_that_is_too_large_is_lowered_and_no_further_than_answers_need(message):
    refusal, tried, limit = Refusal(400, message), [], 9_600
    while limit := smaller_limit(refusal, limit, 600) or 0:
        tried.append(limit)
    assert tried == sorted(tried, reverse=True)
    assert tried[-1] == 600
    assert len(tried) <= 6


@pytest.mark.parametrize(
    ("limit", "smaller"), [(9_600, 4_800), (4_800, 4_095), (4_095, 2_047), (700, 600), (600, None)]
)
def test_a_limit_is_halved_or_just_under_the_ceiling_that_the_refusal_names(limit, smaller):
    refusal = Refusal(400, "max_tokens too large. Try again with a value lower than 4096.")
    assert smaller_limit(refusal, limit, 600) == smaller


@pytest.mark.parametrize(
    "message",
    [
        "Unsupported parameter: 'max_tokens'. Use 'max_completion_tokens' instead.",
        "Unrecognized request argument supplied: max_tokens",
        "temperature is too high",
        "",
    ],
)
def test_a_limit_that_is_refused_for_another_reason_is_not_halved(message):
    assert smaller_limit(Refusal(400, message), 9_600, 600) is None


def test_a_filter_says_nothing_about_the_limit():
    refusal = Refusal(400, "exceeded", codes=frozenset({"content_filter"}))
    assert smaller_limit(refusal, 9_600, 600) is None


def test_where_nothing_is_given_nothing_is_added_recorded_or_part_of_the_identity():
    extras = Extras.of(Options(reasoning_effort=" "))
    body = {"model": "m"}
    assert extras.added_to(body) is body
    assert (extras.identity, extras.record) == ("", {})


def test_the_order_of_an_extra_body_does_not_matter():
    one, two = (Extras.of(Options(extra_body=text)) for text in ('{"a":1,"b":2}', '{"b":2,"a":1}'))
    assert one.identity == two.identity != Extras.of(Options(extra_body='{"a":1}')).identity


def test_a_record_masks_what_looks_like_a_key_or_a_persons():
    record = Extras(body={"user": "ann.owner@example.com", "k": "sk-test-0123456789abcdef"}).record
    assert "ann.owner" not in str(record)
    assert "0123456789abcdef" not in str(record)
