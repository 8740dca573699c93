"""The two seams: `Model` reads problems, `Chat` carries questions to a language model."""

from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, Protocol

from triage_agent.types import Prediction, Problem, Usage


class Model(Protocol):
    """Anything that can read a problem: the embedded model, or an LLM behind a prompt."""

    @property
    def backend(self) -> str:
        """`embedded` or `llm`."""
        ...

    @property
    def name(self) -> str:
        """The model's name, as results show it."""
        ...

    @property
    def prompt(self) -> str | None:
        """The prompt's name and content hash; None for a model that has no prompt."""
        ...

    async def predict(self, problem: Problem) -> Prediction:
        """Return what the model says, or raise a `TriageError`; it never invents a label."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and files."""
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


class Token(NamedTuple):
    """One token of a reply, and what the model might have said in its place."""

    text: str
    logprob: float
    others: tuple[tuple[str, float], ...] = ()  # likely tokens here, often this one among them


@dataclass(frozen=True, slots=True)
class ChatReply:
    """A language model's answer: JSON text that has not been checked against the schema."""

    text: str
    usage: Usage
    tokens: tuple[Token, ...] = ()  # empty if the service told no log-probabilities
    rung: str = ""  # how the schema was enforced (see `dialect.Rung`)


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

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer, or raise `ReplyError`, `ServiceError` or `StopError`."""
        ...

    def judged(self, rung: str, *, fits: bool) -> None:
        """Take note whether an answer given on this rung fitted the schema."""
        ...

    async def aclose(self) -> None:
        """Let go of connections."""
        ...
