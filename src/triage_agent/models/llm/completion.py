"""What a chat-completion payload says: the answer's text, whether it is whole, what it cost.

Where servers put an answer, and where thinking, is listed in docs/reference/servers.md.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from triage_agent.errors import ReplyError
from triage_agent.models.llm.json_objects import objects_in
from triage_agent.models.llm.logprobs import tokens_of
from triage_agent.models.llm.thinking import without_thinking
from triage_agent.models.protocols import ChatReply
from triage_agent.types import Usage

MOST_TOKENS = 10_000_000  # that one call can use
CUT_OFF = frozenset({"length", "max_tokens", "model_length", "max_output_tokens"})
# Besides the answer: what DeepSeek, vLLM and llama.cpp, what Ollama, OpenRouter and Groq, and what
# others call the thinking.
THOUGHTS = ("reasoning_content", "reasoning", "thinking", "reasoning_details")
AFTER_AN_OBJECT = " \t\r\n`."


def read_completion(
    payload: Any, output_mode: str, model: str, limit: int | None = None
) -> ChatReply:
    """Return the answer inside a chat-completion payload, its thinking left out.

    `limit` is the completion limit that was sent. Raises `ReplyError`: `empty` (no choice, no
    text), `refusal`, `content_filter`. A reply that was cut off may be empty.
    """
    payload = payload if isinstance(payload, Mapping) else {}
    usage = reported_usage(payload) or Usage(calls=1)
    choices = payload.get("choices")
    if not (isinstance(choices, list) and choices and isinstance(choices[0], Mapping)):
        raise ReplyError(
            f"{model} sent an answer without any choice. Run again.", "empty", usage=usage
        )
    choice = choices[0]
    message = choice.get("message")
    message = message if isinstance(message, Mapping) else {}
    finish = str(choice.get("finish_reason")).casefold()
    if message.get("refusal"):
        complaint = f"{model} refused to answer about this text. Classify it by hand."
        raise ReplyError(complaint, "refusal", usage=usage)
    if finish == "content_filter":
        complaint = f"A content filter stopped {model}. Classify this text by hand."
        raise ReplyError(complaint, "content_filter", usage=usage)
    text, thought = _text_of(message), _thoughts_of(message)
    if not text.strip():
        text, aloud = without_thinking(_content_of(message))
        thought += aloud
    # A server that says nothing of it has been seen to stop at the limit too.
    at_limit = limit is not None and not text.strip() and usage.output_tokens >= limit
    cut_off = finish in CUT_OFF or at_limit
    if not text.strip() and not cut_off:
        text = _answer_among(thought)
        if not text:
            raise ReplyError(f"{model} sent an empty answer. Run again.", "empty", usage=usage)
    return ChatReply(
        text=text,
        usage=usage,
        tokens=tokens_of(choice.get("logprobs")),
        output_mode=output_mode,
        cut_off=cut_off,
        limit=limit,
        thought=bool(thought.strip()) or _reasoning_tokens(payload.get("usage")) > 0,
    )


def _text_of(message: Mapping[str, Any]) -> str:
    """Return the arguments of the tool calls, or of the older function call; empty: none."""
    calls = message.get("tool_calls")
    calls = calls if isinstance(calls, list) else []
    functions = [call.get("function") for call in calls if isinstance(call, Mapping)]
    functions.append(message.get("function_call"))
    texts = [_arguments(one) for one in functions if isinstance(one, Mapping)]
    given = [text for text in texts if text.strip()]
    return given[0] if len(given) == 1 else f"[{','.join(given)}]" if given else ""


def _arguments(function: Mapping[str, Any]) -> str:
    """Return a call's arguments as text; some servers send them decoded."""
    arguments = function.get("arguments")
    if isinstance(arguments, Mapping) and arguments:
        return json.dumps(arguments)
    if not isinstance(arguments, str):
        return ""
    if arguments.lstrip().startswith('"'):  # encoded twice
        with suppress(ValueError, RecursionError):
            inner = json.loads(arguments)
            return inner if isinstance(inner, str) else arguments
    return arguments


def _content_of(message: Mapping[str, Any]) -> str:
    """Return the content; of one in parts, those that are text; of a decoded one, its JSON."""
    content = message.get("content")
    if isinstance(content, Mapping):
        content = [content] if isinstance(content.get("text"), str) else json.dumps(content)
    if isinstance(content, list):
        parts = [part for part in content if isinstance(part, Mapping)]
        texts = [part.get("text") for part in parts if not _is_thought(part)]
        content = "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


def _thoughts_of(message: Mapping[str, Any]) -> str:
    """Return what stands beside the content as thinking, or as a part of it."""
    content = message.get("content")
    parts = content if isinstance(content, list) else []
    thoughts = [part for part in parts if isinstance(part, Mapping) and _is_thought(part)]
    # One thought may be told under two names.
    fields = dict.fromkeys("".join(_texts(message.get(name))) for name in THOUGHTS)
    return "".join([*fields, *_texts(thoughts)])


def _is_thought(part: Mapping[str, Any]) -> bool:
    """Return whether a part of a content is thinking, as Mistral and others send it."""
    return re.search("think|reason", str(part.get("type"))) is not None


def _texts(value: Any) -> Iterator[str]:
    """Yield the texts in a thought: it may be one, a list of parts, or parts within parts."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, list):
        for part in value[:1000]:
            inner = part if isinstance(part, Mapping) else {"text": part}
            for name in ("text", "thinking"):
                found = inner.get(name)
                yield from _texts(found) if isinstance(found, str | list) else ()


def _answer_among(thought: str) -> str:
    """Return the one object with which the thinking ends, if there is no other; else nothing.

    Some versions of vLLM and LM Studio take an answer that a schema enforces for thinking.
    """
    after, before = without_thinking(thought)
    text = after if after.strip() else before
    objects = [one for one in objects_in(text) if isinstance(one.value, dict)]
    ends = len(objects) == 1 and not text[objects[0].end :].strip(AFTER_AN_OBJECT)
    return text[objects[0].start : objects[0].end] if ends else ""


def reported_usage(payload: Any) -> Usage | None:
    """Return the usage that one call's payload reports; None if it reports none.

    What a model thought counts as output wherever it is reported: within the completion (OpenAI),
    beside it (xAI), or only in the total (Gemini). A number that no call can have is not read.
    """
    usage = payload.get("usage") if isinstance(payload, Mapping) else None
    if not isinstance(usage, Mapping):
        return None
    given = _count(usage.get("prompt_tokens", usage.get("input_tokens")))
    made = _count(usage.get("completion_tokens", usage.get("output_tokens")))
    total = _count(usage.get("total_tokens"))
    thought = _reasoning_tokens(usage)
    beside = thought if thought > made or (thought and given + made + thought <= total) else 0
    if not given and total > made:  # without the prompt; the total alone is taken for output
        given = total - made if made else 1
    return Usage(calls=1, input_tokens=given, output_tokens=max(made + beside, total - given))


def _reasoning_tokens(usage: Any) -> int:
    """Return how many tokens of thinking a usage reports."""
    details = usage.get("completion_tokens_details") if isinstance(usage, Mapping) else None
    return _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else 0


def _count(tokens: Any) -> int:
    """Return a reported number of tokens, 0 if it cannot be one."""
    if isinstance(tokens, str) and re.fullmatch(r"[0-9]{1,12}", tokens):
        tokens = int(tokens)
    number = isinstance(tokens, int | float) and not isinstance(tokens, bool)
    return int(tokens) if number and 0 <= tokens <= MOST_TOKENS else 0
