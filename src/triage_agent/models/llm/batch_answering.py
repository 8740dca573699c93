"""Answers from batches: what a batch has answered is read as if it were said now; the rest waits.

It stands where a live run would ask, behind the cache. So redaction, votes, cascade, the repair of
a reply that does not fit, and what is cached, are those of a live run.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol

from triage_agent.errors import ReplyError, ServiceError, TriageError
from triage_agent.models.llm.answering import Answerer, ValidatingAnswerer
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.completion import read_completion
from triage_agent.models.llm.dialect import Dialect, OutputMode
from triage_agent.models.llm.ladder import ran_away
from triage_agent.models.llm.prompt import ValidReply
from triage_agent.models.llm.reply_form import LABELS
from triage_agent.models.protocols import Chat, ChatReply, ChatRequest
from triage_agent.types import Usage


class PendingError(ServiceError):
    """The answer to a question is in a batch that has not ended, or is to go into one."""

    def __init__(self) -> None:
        super().__init__("The answer is still in a batch.", "pending", sent=False)


@dataclass(frozen=True, slots=True)
class Collected:
    """What a batch answered to one question."""

    payload: Any
    mode: str
    limit: int | None  # the completion limit that was sent


class Batches(Protocol):
    """Where questions wait for answers."""

    live: bool  # a question that is in no batch is asked live

    async def take(self, question: str) -> Collected | None:
        """Return what a batch answered; None: ask live. Raises `PendingError`: it is not there."""
        ...

    async def put(self, question: str, request: ChatRequest) -> None:
        """Put a question that is in no batch into one, now or later."""
        ...

    def is_in_one(self, question: str) -> bool:
        """Return whether a question is in a batch, or must be asked live."""
        ...


@dataclass(slots=True)
class BatchAnswerer:
    """Answers from batches, and asks live what they refused, and all that follows on a reply.

    The first question of a run that is in no batch is asked live: that shows what the server
    accepts, before thousands are written in a way that it refuses.
    """

    chat: OpenAIChat
    batches: Batches
    key: Callable[[ChatRequest], str]
    _scouted: bool = False
    _scouting: asyncio.Lock = field(default_factory=asyncio.Lock)
    # What ended in an error is not cached, and asked once all the same.
    _failed: dict[str, TriageError] = field(default_factory=dict)

    async def answer(self, request: ChatRequest) -> ValidReply:
        """Return the validated reply, or raise `PendingError` or what a live run would raise."""
        question = self.key(request)
        if (failed := self._failed.get(question)) is not None:
            failed.usage = Usage()  # it was counted the first time
            raise failed
        try:
            return await self._answer(question, request)
        except PendingError:
            raise
        except (ReplyError, ServiceError) as error:
            self._failed[question] = error
            raise

    async def aclose(self) -> None:
        """Close the chat service."""
        await self.chat.aclose()

    async def _answer(self, question: str, request: ChatRequest) -> ValidReply:
        if self.batches.is_in_one(question):
            collected = await self.batches.take(question)
            first = None if collected is None else self._read(collected)
            chat: Chat = self.chat if first is None else _Before(self.chat, first)
            return await ValidatingAnswerer(chat, LABELS).answer(request)
        live: Answerer[ValidReply] = ValidatingAnswerer(self.chat, LABELS)
        if self.batches.live:
            return await live.answer(request)
        if not self._scouted:
            async with self._scouting:
                if not self._scouted:
                    answer = await live.answer(request)
                    self._scouted = True
                    return answer
        await self.batches.put(question, request)
        raise PendingError

    def _read(self, collected: Collected) -> ChatReply | None:
        """Return the reply in a payload; None: a live run would ask again at once."""
        try:
            reply = read_completion(
                collected.payload, collected.mode, self.chat.model, collected.limit
            )
        except ReplyError as error:
            if error.kind == "empty":
                return None
            raise
        dialect = Dialect(output_mode=OutputMode(collected.mode))
        return None if ran_away(reply, dialect) else reply


class _Before(Chat):
    """A chat service whose next reply has come already."""

    def __init__(self, chat: Chat, first: ChatReply) -> None:
        self._chat, self._first = chat, [first]

    @property
    def model(self) -> str:
        return self._chat.model

    @property
    def base_url(self) -> str:
        return self._chat.base_url

    @property
    def output_mode(self) -> str:
        return self._chat.output_mode

    async def ask(self, request: ChatRequest) -> ChatReply:
        return self._first.pop() if self._first else await self._chat.ask(request)

    def report_fit(self, output_mode: str, *, fits: bool) -> None:
        self._chat.report_fit(output_mode, fits=fits)

    def report_cut(self, limit: int) -> bool:
        return self._chat.report_cut(limit)

    async def aclose(self) -> None:
        await self._chat.aclose()
