"""What a language model is to reply to one kind of question: how it is read, and how it is stored.

Everything between the question and the validated reply is the same for all kinds: see `answering`.
"""

from dataclasses import replace
from typing import Protocol, TypeVar

from triage_agent.models.llm.cache_entry import pack, unpack
from triage_agent.models.llm.prompt import ValidReply, reply_schema
from triage_agent.models.llm.reading import read_answer
from triage_agent.models.protocols import ChatReply, ChatRequest, Message
from triage_agent.types import Usage

A = TypeVar("A")
BRIEFLY = (
    "Answer at once, without thinking about it for long: one JSON object with the label, the "
    "signals and the confidence, and nothing else."
)


class ReplyForm(Protocol[A]):
    """One kind of reply."""

    def read(self, raw: ChatReply, request: ChatRequest) -> A:
        """Return the validated reply in a message, or raise `ReplyError`."""
        ...

    def briefer(self, request: ChatRequest) -> ChatRequest | None:
        """Return the question for less, after a reply that had no end; None: there is no less."""
        ...

    def pack(self, answer: A, text: str) -> str:
        """Return what is stored of an answer about a text: none of the text's own words."""
        ...

    def unpack(self, packed: str, text: str) -> A:
        """Return the answer that was packed, with the same text at hand."""
        ...

    def from_cache(self, answer: A) -> A:
        """Return an answer as one that cost nothing this time."""
        ...


class LabelForm(ReplyForm[ValidReply]):
    """The label of a problem, its signals, and the reasons."""

    def read(self, raw: ChatReply, request: ChatRequest) -> ValidReply:
        """Return the reply; what is wrong with it is said for the model, which may correct it."""
        return read_answer(raw, brief=request.brief, about=request.text)

    def briefer(self, request: ChatRequest) -> ChatRequest | None:
        """Return the question for what decides alone."""
        if request.brief:
            return None
        *before, last = request.messages
        return replace(
            request,
            messages=(*before, Message(last.role, f"{last.content}\n\n{BRIEFLY}")),
            schema=reply_schema(brief=True),
            brief=True,
        )

    def pack(self, answer: ValidReply, text: str) -> str:
        """Return the answer with its quotations by their places."""
        return pack(answer, text)

    def unpack(self, packed: str, text: str) -> ValidReply:
        """Return the answer with its quotations as they stand in the text."""
        return unpack(packed, text)

    def from_cache(self, answer: ValidReply) -> ValidReply:
        """Return the answer without its cost."""
        return replace(answer, usage=Usage(), from_cache=True)


LABELS = LabelForm()
