import json

import pytest

from triage_agent.models.llm.dialect import MOST_ROOM, OUTPUT_MODES, Dialect, OutputMode
from triage_agent.models.protocols import ChatRequest, Message

SCHEMA = {
    "type": "object",
    "properties": {
        "quotes": {
            "type": "array",
            "maxItems": 3,
            "items": {"type": "string", "maxLength": 160, "minLength": 1},
        },
        "percent": {"type": "integer", "minimum": 50, "maximum": 100},
    },
    "required": ["quotes", "percent"],
}
REQUEST = ChatRequest(
    messages=(Message("system", "Judge."), Message("user", "Leads get lost.")),
    schema_name="triage",
    schema=SCHEMA,
    max_output_tokens=600,
    temperature=0.0,
)
WORDS_FOR_PARAMETERS = {
    "OpenAI about temperature": (
        "Unsupported value: 'temperature' does not support 0.0 with this model.",
        "temperature",
        {"temperature"},
    ),
    "OpenAI about log-probabilities": (
        "You are not allowed to request logprobs from this model",
        None,
        {"logprobs", "top_logprobs"},
    ),
    "a server that tells no alternatives": (
        "Unrecognized request argument supplied: top_logprobs",
        None,
        {"top_logprobs"},
    ),
    "FastAPI naming only the place": (
        "[{'type': 'extra_forbidden', 'loc': ('body', 'logprobs'), 'msg': 'Extra inputs'}]",
        None,
        {"logprobs", "top_logprobs"},
    ),
    "a server naming it beside the words": (
        "Extra inputs are not permitted",
        "logprobs",
        {"logprobs", "top_logprobs"},
    ),
}


def without(body, *names):
    return {key: value for key, value in body.items() if key not in names}


def test_the_first_request_is_the_strictest():
    assert Dialect().body(REQUEST, "m") == {
        "model": "m",
        "messages": [
            {"role": "system", "content": "Judge."},
            {"role": "user", "content": "Leads get lost."},
        ],
        "temperature": 0.0,
        "logprobs": True,
        "top_logprobs": 5,
        "max_tokens": 600,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "triage", "strict": True, "schema": SCHEMA},
        },
    }


def test_a_tool_is_the_only_one_the_model_may_call():
    body = Dialect(output_mode=OutputMode.TOOL).body(REQUEST, "m")
    function = {"name": "triage", "strict": True, "parameters": SCHEMA}
    assert body["tools"] == [{"type": "function", "function": function}]
    assert body["tool_choice"] == {"type": "function", "function": {"name": "triage"}}
    assert "response_format" not in body


@pytest.mark.parametrize(
    ("mode", "response_format"),
    [(OutputMode.JSON_OBJECT, {"type": "json_object"}), (OutputMode.PLAIN, None)],
    ids=str,
)
def test_without_enforcement_the_schema_stands_in_the_system_message(mode, response_format):
    body = Dialect(output_mode=mode).body(REQUEST, "m")
    system, user = (m["content"] for m in body["messages"])
    assert system.startswith("Judge.\n\n")
    assert json.loads(system[system.index("{") :]) == SCHEMA
    assert user == "Leads get lost."
    assert body.get("response_format") == response_format
    assert not {"tools", "tool_choice"} & body.keys()


def test_asking_on_a_lower_mode_leaves_the_request_as_it_was():
    Dialect(output_mode=OutputMode.PLAIN).body(REQUEST, "m")
    assert REQUEST.messages[0].content == "Judge."


@pytest.mark.parametrize(
    ("message", "parameter", "dropped"),
    WORDS_FOR_PARAMETERS.values(),
    ids=WORDS_FOR_PARAMETERS.keys(),
)
def test_a_refused_parameter_is_dropped_and_nothing_else_changes(message, parameter, dropped):
    before = Dialect()
    after = before.after_refusal(message, parameter)
    assert after is not None
    assert after.dropped == dropped
    assert after.body(REQUEST, "m") == without(before.body(REQUEST, "m"), *dropped)


@pytest.mark.parametrize(
    ("name", "other"),
    [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")],
)
def test_a_refused_completion_limit_is_renamed_and_then_dropped(name, other):
    before = Dialect(limit_name=name)
    said = (
        f"Unsupported parameter: '{name}' is not supported with this model. Use '{other}' instead."
    )
    renamed = before.after_refusal(said, name)
    assert renamed is not None
    body = renamed.body(REQUEST, "m")
    assert body[other] == 600
    assert name not in body
    gone = renamed.after_refusal(f"Unrecognized request argument supplied: {other}", None)
    assert gone is not None
    assert not {name, other} & gone.body(REQUEST, "m").keys()


def test_a_parameter_that_is_no_longer_sent_is_not_refused_again():
    assert Dialect(dropped=frozenset({"temperature"})).after_refusal("temperature", None) is None


@pytest.mark.parametrize("bound", ["maxLength", "minLength", "maxItems", "minimum", "maximum"])
def test_refused_bounds_leave_the_schema_without_any_bound(bound):
    said = f"Invalid schema for response_format 'triage': '{bound}' is not permitted."
    after = Dialect().after_refusal(said, "response_format")
    assert after is not None
    assert after.output_mode is OutputMode.JSON_SCHEMA
    schema = after.body(REQUEST, "m")["response_format"]["json_schema"]["schema"]
    assert schema == {
        "type": "object",
        "properties": {
            "quotes": {"type": "array", "items": {"type": "string"}},
            "percent": {"type": "integer"},
        },
        "required": ["quotes", "percent"],
    }


def test_bounds_that_are_refused_again_lead_to_the_next_mode():
    after = Dialect(bounds=False).after_refusal("'maxLength' is not permitted in schema", None)
    assert after == Dialect(output_mode=OutputMode.TOOL, bounds=False)


@pytest.mark.parametrize(
    ("mode", "said"),
    [
        (OutputMode.JSON_SCHEMA, "This response_format type is unavailable now"),
        (OutputMode.JSON_SCHEMA, "Input should be 'text' or 'json_object', not 'json_schema'"),
        (OutputMode.JSON_SCHEMA, "Failed to initialize samplers: failed to parse grammar"),
        (OutputMode.JSON_SCHEMA, "Structured outputs are not supported by this model"),
        (OutputMode.TOOL, "This model does not support tools"),
        (OutputMode.TOOL, "function calling is not enabled"),
        (OutputMode.JSON_OBJECT, "response_format json_object is not supported"),
    ],
)
def test_a_refusal_about_the_format_leads_to_the_next_mode(mode, said):
    after = Dialect(output_mode=mode).after_refusal(said, None)
    assert after is not None
    assert after.output_mode is OUTPUT_MODES[OUTPUT_MODES.index(mode) + 1]


@pytest.mark.parametrize(
    ("said", "parameter"),
    [
        ("Invalid request.", None),
        ("Invalid 'messages[1].content': string too long.", "messages[1].content"),
        ("", None),
    ],
)
def test_a_refusal_about_anything_else_changes_nothing(said, parameter):
    assert Dialect().after_refusal(said, parameter) is None


def test_there_is_no_mode_below_plain():
    assert (
        Dialect(output_mode=OutputMode.PLAIN).after_refusal("response_format is unknown", None)
        is None
    )
    assert Dialect(output_mode=OutputMode.PLAIN).step_down() is None


def test_a_server_that_refuses_everything_is_asked_a_limited_number_of_times():
    said = "temperature logprobs max_tokens max_completion_tokens maxLength response_format tools"
    dialect, asked = Dialect(), 1
    while changed := dialect.after_refusal(said, None):
        dialect, asked = changed, asked + 1
    assert asked == 9  # 4 parameters, the bounds, 3 modes
    assert dialect.body(REQUEST, "m").keys() == {"model", "messages"}


def test_the_third_reply_that_ignores_the_schema_leads_to_the_next_mode():
    modes, dialect = [], Dialect()
    for _ in range(7):
        dialect = dialect.after_reply(fits=False)
        modes.append(dialect.output_mode.value)
    assert modes == [*["json_schema"] * 2, *["tool"] * 3, *["json_object"] * 2]


def test_on_the_last_mode_replies_may_ignore_the_schema_for_ever():
    dialect = Dialect(output_mode=OutputMode.PLAIN)
    for _ in range(4):
        dialect = dialect.after_reply(fits=False)
    assert dialect.output_mode is OutputMode.PLAIN


def limits_of(dialect, cuts):
    limits = [dialect.limit_of(REQUEST)]
    for _ in range(cuts):
        dialect = dialect.after_cut(dialect.limit_of(REQUEST))
        limits.append(dialect.limit_of(REQUEST))
    return limits


def test_the_completion_limit_grows_with_every_reply_that_it_cuts_off_up_to_the_most():
    assert limits_of(Dialect(), 4) == [600, 2_400, 9_600, MOST_ROOM, MOST_ROOM]


def test_requests_cut_off_at_the_same_time_are_one_step():
    dialect = Dialect().after_cut(600)
    assert dialect.after_cut(600) == dialect
    assert dialect.has_more(600)
    assert not dialect.has_more(2_400)


def test_a_server_that_takes_no_larger_limit_is_asked_for_none():
    dialect = Dialect().after_cut(600).after_cut(2_400).after_limit(9_600, 4_096)
    assert dialect.body(REQUEST, "m")["max_tokens"] == 4_096
    assert not dialect.after_cut(4_096).has_more(4_096)


def test_that_one_text_leaves_no_room_for_a_limit_needs_a_second_witness():
    once = Dialect().after_limit(9_600, 4_800, one_text=True)
    assert once.most_room == MOST_ROOM
    assert once.after_limit(4_800, 2_400, one_text=True).most_room == MOST_ROOM
    assert once.after_limit(9_600, 4_800, one_text=True).most_room == 4_800
