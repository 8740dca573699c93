"""How one server wants to be asked: which parameters it takes, and how it enforces a schema.

Pure: bodies are values here; `client` sends them. Servers that call themselves
OpenAI-compatible differ in three ways that matter: which parameters they refuse, what they call
the completion limit, and how (or whether) they hold a reply to a schema. A dialect starts with
the strictest request and steps down once for everything that is refused. And models differ in how
long they think before they answer, which counts against the completion limit: that one grows.
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from triage_agent.models.llm.logprobs import ALTERNATIVES
from triage_agent.models.protocols import ChatRequest

IGNORED_REPLIES_BEFORE_STEP = 3
MORE_ROOM = 4  # times the completion limit that cut off a reply
MOST_ROOM = 16_000  # tokens; a model that thinks longer about one problem is not for this
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
    room: int = 0  # the completion limit that answers were found to need; 0: the request's own
    most_room: int = MOST_ROOM  # the largest that is sent
    no_room: int = 0  # one for which a text has left no room; 0: there is none

    def limit_of(self, request: ChatRequest) -> int:
        """Return the completion limit of a request in this dialect, in tokens."""
        return min(max(request.max_output_tokens, self.room), self.most_room)

    def body(self, request: ChatRequest, model: str, limit: int | None = None) -> dict[str, Any]:
        """Return the request's JSON body in this dialect; `limit`: None is that of the dialect."""
        schema = request.schema if self.bounds else _without_bounds(request.schema)
        messages = [{"role": m.role, "content": m.content} for m in request.messages]
        body: dict[str, Any] = {
            "model": model,
            "messages": messages,
            "temperature": request.temperature,
            "logprobs": True,
            "top_logprobs": ALTERNATIVES,
            self.limit_name: self.limit_of(request) if limit is None else limit,
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

    def after_cut(self, limit: int) -> "Dialect":
        """Return the dialect after a reply that this completion limit cut off before its answer."""
        if self.room > limit:
            return self  # a concurrent request has learned it meanwhile
        return replace(self, room=min(MORE_ROOM * limit, self.most_room))

    def after_limit(self, refused: int, smaller: int, *, one_text: bool = False) -> "Dialect":
        """Return the dialect after a completion limit was refused, to be asked with a smaller one.

        `one_text`: it was because of the text's length, which must have happened to another too.
        """
        if one_text and refused != self.no_room:
            return replace(self, no_room=refused)
        return replace(self, most_room=min(smaller, self.most_room))

    def has_more(self, limit: int) -> bool:
        """Return whether a request is now sent with more room than this completion limit."""
        return min(self.room, self.most_room) > limit

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
        """Return whether both ask alike, whatever replies have ignored the schema or needed."""
        return replace(self.with_room_of(other), ignored=other.ignored) == other

    def with_room_of(self, other: "Dialect") -> "Dialect":
        """Return the dialect with what another knows of completion limits."""
        return replace(self, room=other.room, most_room=other.most_room, no_room=other.no_room)

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
