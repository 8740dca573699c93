"""How one server wants to be asked: which parameters it takes, and how it enforces a schema.

Pure: bodies and replies are values here; `client` sends them. Servers that call themselves
OpenAI-compatible differ in three ways that matter: which parameters they refuse, what they call
the completion limit, and how (or whether) they hold a reply to a schema. A dialect starts with
the strictest request and steps down once for everything that is refused.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from itertools import islice
from typing import Any

from triage_agent.errors import ReplyError
from triage_agent.models.llm.logprobs import ALTERNATIVES, tokens_of
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

IGNORED_REPLIES_BEFORE_STEP = 3
MOST_TOKENS = 10_000_000  # that one call can use
MAX_BRACES = 50  # places at which a JSON object is looked for in a chatty reply
OTHER_LIMIT = {"max_tokens": "max_completion_tokens", "max_completion_tokens": "max_tokens"}
# Words of a refusal that is about how the schema is enforced. Under a status that normally has
# another meaning, only the names count (see `refusals`).
FORMAT_NAMES = re.compile(r"response_format|json_schema|json_object|tool_choice|\btools\b|tool use")
FORMAT_WORDS = re.compile(
    FORMAT_NAMES.pattern + r"|structured output|schema|grammar|\btool|\bfunction", re.IGNORECASE
)
# Words of a chat template that knows no system role, or wants the roles in another order.
ROLES = re.compile(
    r"\b(?:system|developer)[ _](?:role|message|prompt|instruction)"
    r"|\broles? must\b|\broles are supp"
    r"|\brole\b.{0,40}\bsystem\b|\bsystem\b['\"`]? (?:is |are )?(?:not supported|unsupported)"
    r"|\bsupport (?:the )?['\"`]?system\b"
    r"|messages?[\[.' ,]{1,4}0.{1,4}role",
    re.IGNORECASE | re.DOTALL,
)
# Words of a refusal that names no parameter: what is least often known goes first.
UNNAMED = re.compile(
    r"\b(?:requested|unsupported|unknown|unrecognized|extra|additional) "
    r"(?:request )?(?:parameter|argument|field|input)s?\b",
    re.IGNORECASE,
)
BOUNDS = {"maxLength", "minLength", "maxItems", "minItems", "maximum", "minimum"}


class OutputMode(StrEnum):
    """How a server is asked for structured output, from strict to not at all."""

    JSON_SCHEMA = "json_schema"
    TOOL = "tool"
    JSON_OBJECT = "json_object"
    PLAIN = "plain"


OUTPUT_MODES = tuple(OutputMode)


@dataclass(frozen=True, slots=True)
class Dialect:
    """What is known so far about one model at one address."""

    output_mode: OutputMode = OutputMode.JSON_SCHEMA
    limit_name: str = "max_tokens"
    dropped: frozenset[str] = frozenset()  # parameters that were refused
    bounds: bool = True  # whether the schema may bound lengths and numbers
    system: bool = True  # whether instructions have a turn of their own, before the user's
    ignored: int = 0  # replies in a row, in this mode, that did not fit the schema

    def body(self, request: ChatRequest, model: str) -> dict[str, Any]:
        """Return the request's JSON body in this dialect."""
        schema = request.schema if self.bounds else _without_bounds(request.schema)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        body: dict[str, Any] = {
            "model": model,
            "messages": messages,
            "temperature": request.temperature,
            "logprobs": True,
            "top_logprobs": ALTERNATIVES,
            self.limit_name: request.max_output_tokens,
        }
        if self.output_mode is OutputMode.JSON_SCHEMA:
            body["response_format"] = {
                "type": "json_schema",
                "json_schema": {"name": request.schema_name, "strict": True, "schema": schema},
            }
        elif self.output_mode is OutputMode.TOOL:
            function = {"name": request.schema_name, "strict": True, "parameters": schema}
            body["tools"] = [{"type": "function", "function": function}]
            body["tool_choice"] = {"type": "function", "function": {"name": request.schema_name}}
        else:
            wanted = json.dumps(schema, separators=(",", ":"))
            messages[0]["content"] += (
                "\n\nReply with one JSON object and nothing else. It must fit this JSON Schema:\n"
                + wanted
            )
            if self.output_mode is OutputMode.JSON_OBJECT:
                body["response_format"] = {"type": "json_object"}
        if not self.system and len(messages) > 1 and messages[0]["role"] == "system":
            instructions = messages.pop(0)["content"]
            messages[0]["content"] = f"{instructions}\n\n{messages[0]['content']}"
        return {key: value for key, value in body.items() if key not in self.dropped}

    def after_refusal(
        self, message: str, parameter: str | None = None, *, by_name: bool = False
    ) -> "Dialect | None":
        """Return the dialect to try after a request was refused; None if nothing is left to drop.

        `message` and `parameter` are what the server calls wrong; `by_name` means that its status
        normally means something else, so that only the name of a parameter counts.
        """
        complaint = f"{parameter or ''} {message}"
        may_go = ("temperature", "top_logprobs", "logprobs", self.limit_name)
        left = [name for name in may_go if name not in self.dropped]
        named = [name for name in left if re.search(rf"\b{name}\b", complaint)]
        if named:
            return self._without(parameter if parameter in named else named[0])
        if self.system and ROLES.search(complaint):
            return replace(self, system=False)
        bound = any(re.search(rf"\b{word}\b", complaint) for word in BOUNDS)
        if bound and self.bounds and self.output_mode is not OutputMode.PLAIN:
            return replace(self, bounds=False)
        if (FORMAT_NAMES if by_name else FORMAT_WORDS).search(complaint):
            return self.step_down()
        if UNNAMED.search(complaint):
            return self._without("logprobs") if "logprobs" in left else self.step_down()
        return None

    def after_reply(self, *, fits: bool) -> "Dialect":
        """Return the dialect after a reply: after three in a row that do not fit, the next mode."""
        if fits:
            return replace(self, ignored=0) if self.ignored else self
        if self.ignored + 1 < IGNORED_REPLIES_BEFORE_STEP:
            return replace(self, ignored=self.ignored + 1)
        return self.step_down() or self

    def step_down(self) -> "Dialect | None":
        """Return the dialect in the next, less strict mode; None after the last."""
        weaker = OUTPUT_MODES[OUTPUT_MODES.index(self.output_mode) + 1 :]
        return replace(self, output_mode=weaker[0], ignored=0) if weaker else None

    def below(self, tried: Collection[str]) -> "Dialect":
        """Return the dialect in the first mode from here on that is not among `tried`; else this.

        >>> Dialect().below(["json_schema"]).output_mode.value
        'tool'
        """
        lower: Dialect | None = self
        while lower is not None and lower.output_mode in tried:
            lower = lower.step_down()
        return lower or self

    def is_like(self, other: "Dialect") -> bool:
        """Return whether both ask alike, whatever replies have ignored the schema so far."""
        return replace(self, ignored=other.ignored) == other

    def _without(self, name: str) -> "Dialect":
        """Return the dialect that no longer sends `name`; a completion limit is renamed first."""
        other = OTHER_LIMIT.get(name)
        if other and other not in self.dropped:
            return replace(self, limit_name=other, dropped=self.dropped | {name})
        alone = {name, "top_logprobs"} if name == "logprobs" else {name}  # not without the other
        return replace(self, dropped=self.dropped | alone)


def _without_bounds(schema: Any) -> Any:
    """Return a JSON Schema without limits on lengths and numbers."""
    if isinstance(schema, Mapping):
        return {k: _without_bounds(v) for k, v in schema.items() if k not in BOUNDS}
    if isinstance(schema, list):
        return [_without_bounds(item) for item in schema]
    return schema


def read_completion(payload: Any, output_mode: OutputMode, model: str) -> ChatReply:
    """Return the answer inside a chat-completion payload.

    Raises `ReplyError`: `empty` (no choice, no text), `refusal`, `content_filter`, `truncated`.
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
    finish, text = choice.get("finish_reason"), _text_of(message)
    if message.get("refusal"):
        complaint = f"{model} refused to answer about this text. Classify it by hand."
        raise ReplyError(complaint, "refusal", usage=usage)
    if finish == "content_filter":
        complaint = f"A content filter stopped {model}. Classify this text by hand."
        raise ReplyError(complaint, "content_filter", usage=usage)
    if finish == "length":
        complaint = f"{model} reached the completion limit too early. Choose another model."
        raise ReplyError(complaint, "truncated", text, usage)
    if not text.strip():
        raise ReplyError(f"{model} sent an empty answer. Run again.", "empty", usage=usage)
    return ChatReply(
        text=first_json_object(text),
        usage=usage,
        tokens=tokens_of(choice.get("logprobs")),
        output_mode=output_mode.value,
    )


def first_json_object(text: str) -> str:
    """Return the first JSON object in a text, else the text itself.

    >>> first_json_object('Sure! ```json {"a": {"b": 1}}``` Anything else?')
    '{"a": {"b": 1}}'
    """
    for start in islice((m.start() for m in re.finditer(r"\{", text)), MAX_BRACES):
        try:
            value, length = json.JSONDecoder().raw_decode(text[start:])
        except (ValueError, RecursionError):
            continue  # "{braces}" of a model that thinks aloud
        if isinstance(value, dict):
            return text[start : start + length]
    return text


def _text_of(message: Mapping[str, Any]) -> str:
    """Return the content, or the arguments of the first tool call."""
    calls = message.get("tool_calls")
    if isinstance(calls, list) and calls and isinstance(calls[0], Mapping):
        function = calls[0].get("function")
        arguments = function.get("arguments") if isinstance(function, Mapping) else None
        if isinstance(arguments, Mapping) and arguments:  # already decoded
            return json.dumps(arguments)
        if isinstance(arguments, str):
            return arguments
    content = message.get("content")
    if isinstance(content, list):  # in parts
        texts = [part.get("text") for part in content if isinstance(part, Mapping)]
        content = "".join(text for text in texts if isinstance(text, str))
    return content if isinstance(content, str) else ""


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
    details = usage.get("completion_tokens_details")
    thought = _count(details.get("reasoning_tokens")) if isinstance(details, Mapping) else 0
    beside = thought if thought > made or (thought and given + made + thought <= total) else 0
    if not given and total > made:  # without the prompt; the total alone is taken for output
        given = total - made if made else 1
    return Usage(calls=1, input_tokens=given, output_tokens=max(made + beside, total - given))


def _count(tokens: Any) -> int:
    """Return a reported number of tokens, 0 if it cannot be one."""
    if isinstance(tokens, str) and re.fullmatch(r"[0-9]{1,12}", tokens):
        tokens = int(tokens)
    number = isinstance(tokens, int | float) and not isinstance(tokens, bool)
    return int(tokens) if number and 0 <= tokens <= MOST_TOKENS else 0
