import pytest

from triage_agent.errors import ReplyError
from triage_agent.models.llm.completion import read_completion
from triage_agent.models.protocols import Token
from triage_agent.types import Usage


def payload(content="{}", finish="stop", message=None, **more):
    message = {"role": "assistant", "content": content} if message is None else message
    return {"choices": [{"message": message, "finish_reason": finish} | more]}


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ({"choices": []}, "empty"),
        ({}, "empty"),
        ({"choices": None}, "empty"),
        ({"choices": ["text"]}, "empty"),
        ([], "empty"),
        (None, "empty"),
        ({"choices": [{"finish_reason": "stop"}]}, "empty"),
        (payload(message={}), "empty"),
        (payload(content=None), "empty"),
        (payload(content=""), "empty"),
        (payload(content=" \n"), "empty"),
        (payload(message={"content": None, "refusal": "I can't help."}), "refusal"),
        (payload(message={"content": "{}", "refusal": "I can't help."}), "refusal"),
        (payload(content="", finish="content_filter"), "content_filter"),
        (payload(content='{"label', finish="content_filter"), "content_filter"),
    ],
)
def test_an_answer_that_holds_no_whole_reply_is_an_error_of_its_kind(answer, kind):
    with pytest.raises(ReplyError) as caught:
        read_completion(answer, "plain", "m")
    assert caught.value.kind == kind


@pytest.mark.parametrize("finish", ["length", "max_tokens", "MAX_TOKENS", "model_length"])
@pytest.mark.parametrize("content", ["", None, '{"label'])
def test_a_reply_that_was_cut_off_says_so_and_what_its_limit_was(finish, content):
    reply = read_completion(payload(content, finish), "plain", "m", 600)
    assert (reply.cut_off, reply.limit, reply.text) == (True, 600, content or "")


def test_an_empty_reply_that_used_all_its_tokens_was_cut_off_whatever_the_server_calls_it():
    answer = payload("") | {"usage": {"prompt_tokens": 9, "completion_tokens": 600}}
    assert read_completion(answer, "plain", "m", 600).cut_off
    with pytest.raises(ReplyError, match="empty"):
        read_completion(answer, "plain", "m", 2_400)


ANSWER = '{"a": 1}'


@pytest.mark.parametrize(
    "message",
    [
        {"content": f"<think>Maybe {{}}.</think>{ANSWER}"},
        {"content": ANSWER, "reasoning_content": "Maybe {}."},
        {"content": ANSWER, "reasoning": "Maybe {}."},
        {"content": ANSWER, "reasoning_details": [{"type": "reasoning.text", "text": "Maybe."}]},
        {
            "content": [
                {"type": "thinking", "thinking": [{"type": "text", "text": "Maybe {}."}]},
                {"type": "text", "text": ANSWER},
            ]
        },
        {
            "content": [
                {"type": "reasoning", "text": "Maybe {}."},
                {"type": "output_text", "text": ANSWER},
            ]
        },
    ],
    ids=["tags", "DeepSeek and vLLM", "Ollama", "OpenRouter", "Mistral", "parts with a text each"],
)
def test_thinking_is_never_the_answer_and_is_noticed(message):
    reply = read_completion(payload(message=message), "plain", "m")
    assert (reply.text, reply.thought) == (ANSWER, True)


def test_thinking_is_noticed_where_only_its_tokens_are_reported():
    usage = {"completion_tokens": 50, "completion_tokens_details": {"reasoning_tokens": 40}}
    assert read_completion(payload(ANSWER) | {"usage": usage}, "plain", "m").thought
    assert not read_completion(payload(ANSWER), "plain", "m").thought


@pytest.mark.parametrize("name", ["reasoning_content", "reasoning", "thinking"])
@pytest.mark.parametrize("content", ["", None])
@pytest.mark.parametrize("words", ["", "It is {plain}.</think>\n", "So: "])
def test_an_answer_that_a_server_takes_for_thinking_is_read(name, content, words):
    message = {"content": content, name: f"{words}{ANSWER}\n"}
    assert read_completion(payload(message=message), "plain", "m").text == ANSWER


@pytest.mark.parametrize(
    "thought",
    ["It is plain.", f"First {ANSWER}, but then", f"First {ANSWER}, now {ANSWER}", "{", "[1]"],
    ids=["no object", "a draft", "two objects", "a torn one", "a list"],
)
def test_a_draft_in_the_thinking_is_no_answer(thought):
    message = {"content": "", "reasoning_content": thought}
    with pytest.raises(ReplyError, match="empty"):
        read_completion(payload(message=message), "plain", "m")


def test_thinking_that_was_cut_off_holds_no_answer():
    message = {"content": "", "reasoning_content": ANSWER}
    assert read_completion(payload(message=message, finish="length"), "plain", "m").text == ""


@pytest.mark.parametrize(
    ("message", "text"),
    [
        ({"function_call": {"name": "triage", "arguments": ANSWER}}, ANSWER),
        ({"function_call": {"name": "triage", "arguments": {"a": 1}}}, ANSWER),
        ({"tool_calls": [{"function": {"arguments": ANSWER}}] * 2}, f"[{ANSWER},{ANSWER}]"),
        (
            {"tool_calls": [{"function": {"arguments": ""}}, {"function": {"arguments": ANSWER}}]},
            ANSWER,
        ),
    ],
    ids=["the older form", "the older form, decoded", "two calls", "an empty one before it"],
)
def test_every_form_of_a_call_is_read(message, text):
    assert read_completion(payload(message=message), "tool", "m").text == text


def test_a_tool_call_is_read_before_any_content():
    call = {"type": "function", "function": {"name": "triage", "arguments": '{"a": 1}'}}
    message = {"content": "I will call the tool.", "tool_calls": [call]}
    reply = read_completion(payload(message=message), "tool", "m")
    assert (reply.text, reply.output_mode) == ('{"a": 1}', "tool")


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": [{"function": {"arguments": {"a": 1}}}]},
        {"content": {"a": 1}},
        {"content": {"type": "text", "text": '{"a": 1}'}},
        {"content": [{"type": "text", "text": '{"a"'}, {"text": ": 1}"}, "x"]},
    ],
    ids=[
        "arguments that are decoded already",
        "content that is decoded already",
        "content that is one part",
        "content in parts",
    ],
)
def test_what_some_servers_send_instead_of_text_is_read(message):
    assert read_completion(payload(message=message), "tool", "m").text == '{"a": 1}'


@pytest.mark.parametrize("calls", [None, [], ["x"], [{}], [{"function": {"arguments": {}}}]])
def test_a_tool_call_without_arguments_leaves_the_content(calls):
    message = {"content": '{"a": 1}', "tool_calls": calls}
    assert read_completion(payload(message=message), "tool", "m").text == '{"a": 1}'


@pytest.mark.parametrize(
    ("usage", "expected"),
    [
        ({"prompt_tokens": 12, "completion_tokens": 3}, Usage(1, 12, 3)),
        ({"prompt_tokens": 12}, Usage(1, 12, 0)),
        ({"prompt_tokens": -1, "completion_tokens": "many"}, Usage(1, 0, 0)),
        ({"prompt_tokens": "12", "completion_tokens": 3.0}, Usage(1, 12, 3)),
        ({"input_tokens": 12, "output_tokens": 3}, Usage(1, 12, 3)),
        ({"total_tokens": 15}, Usage(1, 1, 14)),  # all of it as if it were the dearer kind
        ({}, Usage(1, 0, 0)),
        (None, Usage(1, 0, 0)),
        ("many", Usage(1, 0, 0)),
    ],
)
def test_a_call_counts_as_one_whatever_usage_is_reported(usage, expected):
    answer = payload() | {"usage": usage}
    assert read_completion(answer, "plain", "m").usage == expected


@pytest.mark.parametrize(
    ("logprobs", "tokens"),
    [
        (
            {"content": [{"token": "{", "logprob": -0.1}, {"token": "}", "logprob": 0}]},
            (Token("{", -0.1), Token("}", 0.0)),
        ),
        ({"tokens": ["{", "}"], "token_logprobs": [-0.1, 0]}, (Token("{", -0.1), Token("}", 0.0))),
        (None, ()),
        ({}, ()),
        ({"content": None}, ()),
        ({"content": []}, ()),
        ({"content": [{"token": "{"}]}, ()),
        ({"content": [{"token": "{", "logprob": -0.1}, {"token": "}", "logprob": None}]}, ()),
        ({"tokens": ["{", "}"], "token_logprobs": [None, -0.1]}, ()),
        ({"tokens": ["{", "}"]}, ()),
        ({"tokens": ["{", "}"], "token_logprobs": [-0.1, -(10**400)]}, ()),
        ([0.1], ()),
    ],
    ids=str,
)
def test_log_probabilities_are_read_whole_or_not_at_all(logprobs, tokens):
    assert read_completion(payload(logprobs=logprobs), "plain", "m").tokens == tokens
