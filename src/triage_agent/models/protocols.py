"""The two seams: `Model` reads problems, `Chat` carries questions to a language model."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from triage_agent.types import Prediction, Problem, Usage


@dataclass(frozen=True, slots=True)
class Identity:
    """Which model and prompt: a calibration holds for one identity only."""

    backend: str
    model: str
    prompt: str | None  # None: the backend has no prompt

    @property
    def file_name(self) -> str:
        """The name of its calibration file: readable, and unique by eight digits of a SHA-256.

        >>> Identity("llm", "qwen/2.5:1b", "guide@12345678").file_name
        'llm-qwen-2.5-1b-guide-12345678-a1a7d265.json'
        """
        parts = [self.backend, self.model, self.prompt or ""]
        slug = re.sub(r"[^A-Za-z0-9.]+", "-", "-".join(parts)).strip("-.")[:100]
        digest = hashlib.sha256("\0".join(parts).encode("utf-8", "replace")).hexdigest()
        return f"{slug}-{digest[:8]}.json"


class Model(Protocol):
    """Anything that can read a problem: the embedded model, or an LLM behind a prompt.

    A class that inherits from it gets the answers of a single model without an output mode that
    gives the same prediction every time.
    """

    @property
    def backend(self) -> str:
        """`embedded`, `llm`, `cascade` or `typed`."""
        ...

    @property
    def name(self) -> str:
        """The model's name, as results show it."""
        ...

    @property
    def prompt(self) -> str | None:
        """The prompt's name and content hash; None for a model that has no prompt."""
        ...

    @property
    def identity(self) -> Identity:
        """What a calibration of this model is about."""
        return Identity(self.backend, self.name, self.prompt)

    @property
    def parts(self) -> Sequence["Model"]:
        """The models that read a problem: this one, or those that it combines."""
        return (self,)

    @property
    def output_mode(self) -> str | None:
        """How an LLM is asked for structured output (see `OutputMode`); None: it is no LLM."""
        return None

    def repeat(self, number: int) -> "Model":  # noqa: ARG002 (for those who sample)
        """Return the model for the repetition `number` of the same problems, counted from 0.

        A cached answer of one repetition is not used in another.
        """
        return self

    async def predict(self, problem: Problem) -> Prediction:
        """Return the model's prediction, or raise a `TriageError`; it never invents a label."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation."""

    role: Literal["system", "user", "assistant"]
    content: str


@dataclass(frozen=True, slots=True)
class ChatRequest:
    """A question to a language model; equal requests may share one answer."""

    messages: tuple[Message, ...]
    schema_name: str
    schema: dict[str, Any] = field(hash=False)  # JSON Schema of the wanted reply
    max_output_tokens: int
    temperature: float = 0.0
    brief: bool = False  # the reply leaves out what only people read
    sample: int = 0  # the number of the vote, when one problem is asked several times
    tried: tuple[str, ...] = ()  # output modes in which a reply to it did not fit
    text: str = ""  # the problem as it is sent, which answers quote; it stands in the messages too


class Token(NamedTuple):
    """One token of a reply, and the likely alternatives in its place."""

    text: str
    logprob: float
    others: tuple[tuple[str, float], ...] = ()  # likely tokens here, often this one among them


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A language model's answer: text that has not been checked against the schema.

    `limit` is the completion limit that was sent; None: none was, or the server has no room for a
    larger one.
    """

    text: str
    usage: Usage
    tokens: tuple[Token, ...] = ()  # empty if the service reports no log-probabilities
    output_mode: str = ""  # how structured output was asked for (see `dialect.OutputMode`)
    cut_off: bool = False  # the completion limit was reached
    limit: int | None = None
    thought: bool = False  # the model thought before it answered


class Chat(Protocol):
    """A chat-completion service: one question, one answer."""

    @property
    def model(self) -> str:
        """The model's name at the service."""
        ...

    @property
    def base_url(self) -> str:
        """The service's address."""
        ...

    @property
    def output_mode(self) -> str:
        """How the service is asked for structured output at present (see `OutputMode`)."""
        ...

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer, or raise `ReplyError`, `ServiceError` or `StopError`."""
        ...

    def report_fit(self, output_mode: str, *, fits: bool) -> None:
        """Learn whether a reply that was given in this mode fits the schema."""
        ...

    def report_cut(self, limit: int) -> bool:
        """Learn that a completion limit cut off a reply; return whether a larger one is next."""
        ...

    async def aclose(self) -> None:
        """Close connections."""
        ...
