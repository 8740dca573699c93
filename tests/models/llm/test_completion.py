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
        (payload(content='{"label', finish="length"), "truncated"),
        (payload(content="", finish="length"), "truncated"),
    ],
)
def test_an_answer_that_holds_no_whole_reply_is_an_error_of_its_kind(answer, kind):
    with pytest.raises(ReplyError) as caught:
        read_completion(answer, "plain", "m")
    assert caught.value.kind == kind


def test_what_was_written_before_a_cut_is_kept_out_of_the_message():
    with pytest.raises(ReplyError) as caught:
        read_completion(
            payload(content='{"rationale": "Ann', finish="length"), "plain", "m"
        )
    assert caught.value.reply == '{"rationale": "Ann'
    assert "Ann" not in str(caught.value)


def test_a_tool_call_is_read_before_any_content():
    call = {"type": "function", "function": {"name": "triage", "arguments": '{"a": 1}'}}
    message = {"content": "I will call the tool.", "tool_calls": [call]}
    reply = read_completion(payload(message=message), "tool", "m")
    assert (reply.text, reply.output_mode) == ('{"a": 1}', "tool")


@pytest.mark.parametrize(
    "message",
    [
        {"content": None, "tool_calls": [{"function": {"arguments": {"a": 1}}}]},
        {"content": [{"type": "text", "text": '{"a"'}, {"type": "text", "text": ": 1}"}, "x"]},
    ],
    ids=["arguments that are decoded already", "content in parts"],
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
