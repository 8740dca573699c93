"""From a question to a validated reply: ask, check, ask once for a repair; or remember."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from triage_agent.errors import ReplyError, TriageError
from triage_agent.models.llm.prompt import Reply, read_reply
from triage_agent.models.protocols import Chat, ChatReply, ChatRequest, Message
from triage_agent.types import Usage


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply that fits the schema, and the message it came in."""

    reply: Reply
    raw: ChatReply  # its usage is what the answer cost this time: nothing if it was remembered
    remembered: bool = False


class Answerer(Protocol):
    """Anything that answers a question with a validated reply."""

    async def answer(self, request: ChatRequest) -> Answer:
        """Return the answer, or raise a `TriageError`."""
        ...

    async def aclose(self) -> None:
        """Let go of connections and of questions under way."""
        ...


class Memory(Protocol):
    """What `Recalling` needs of the ledger."""

    def find(self, key: str) -> ChatReply | None:
        """Return the good reply kept under a key."""
        ...

    def keep(self, key: str, reply: ChatReply) -> None:
        """Keep a reply that fits."""
        ...

    def keep_bad(self, key: str, reply_text: str, usage: Usage) -> None:
        """Keep a reply that does not fit, for the record of what it cost."""
        ...


@dataclass(frozen=True, slots=True)
class Asking:
    """Asks a chat service, and once more with the complaint if the reply does not fit."""

    chat: Chat

    async def answer(self, request: ChatRequest) -> Answer:
        """Return the validated reply; a second bad reply is a `ReplyError`."""
        raw = await self.chat.ask(request)
        try:
            reply = read_reply(raw, brief=request.brief)
        except ReplyError as error:
            self.chat.judged(raw.rung, fits=False)
            return await self._repair(request, raw, error)
        self.chat.judged(raw.rung, fits=True)
        return Answer(reply, raw)

    async def aclose(self) -> None:
        """Close the chat service."""
        await self.chat.aclose()

    async def _repair(self, request: ChatRequest, raw: ChatReply, error: ReplyError) -> Answer:
        """Return the answer to one repair question, its usage including the first reply's."""
        turns = (
            # Half a surrogate pair, which a server may send, cannot be sent back.
            Message("assistant", raw.text.encode("utf-8", "replace").decode("utf-8")),
            Message("user", f"{error.message} Send the whole JSON object again, corrected."),
        )
        second: ChatReply | None = None
        try:
            second = await self.chat.ask(replace(request, messages=request.messages + turns))
            reply = read_reply(second, brief=request.brief)
        except TriageError as again:
            if second is not None:
                self.chat.judged(second.rung, fits=False)
            again.usage += raw.usage
            raise
        return Answer(reply, replace(second, usage=raw.usage + second.usage))


@dataclass(slots=True)
class Recalling:
    """Answers from memory where it can; equal questions under way are asked once.

    `key` gives the address under which a question's answer is kept. With `fresh`, the memory is
    written and not read.
    """

    asker: Answerer
    memory: Memory
    key: Callable[[ChatRequest], str]
    fresh: bool = False
    remembered: int = 0  # answers that cost nothing, for the run's summary
    _under_way: dict[str, asyncio.Future[Answer]] = field(default_factory=dict)

    async def answer(self, request: ChatRequest) -> Answer:
        """Return the kept answer, else ask and keep it; errors are never kept."""
        key = self.key(request)
        # Shielded: who asked may give up, but the answer is paid for, and others may wait for it.
        if (other := self._under_way.get(key)) is not None:
            return self._free(await asyncio.shield(other))
        kept = None if self.fresh else self.memory.find(key)
        if kept is not None:
            return self._free(Answer(read_reply(kept, brief=request.brief), kept))
        task = asyncio.ensure_future(self._ask_and_keep(key, request))
        self._under_way[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    def _ended(self, key: str, task: asyncio.Future[Answer]) -> None:
        """Forget a question that was answered or failed, also if nobody waits for it any more."""
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # seen, so that asyncio does not report it as overlooked

    async def drain(self) -> None:
        """Wait until every question under way has been answered and kept, or has failed."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def aclose(self) -> None:
        """Give up the questions under way, and let go of what asks them."""
        under_way = list(self._under_way.values())
        for task in under_way:
            task.cancel()
        await asyncio.gather(*under_way, return_exceptions=True)
        await self.asker.aclose()

    async def _ask_and_keep(self, key: str, request: ChatRequest) -> Answer:
        """Return the answer after it was kept."""
        try:
            answer = await self.asker.answer(request)
        except ReplyError as error:
            self.memory.keep_bad(key, error.reply, error.usage)
            raise
        self.memory.keep(key, answer.raw)
        return answer

    def _free(self, answer: Answer) -> Answer:
        """Return an answer that cost nothing this time."""
        self.remembered += 1
        return replace(answer, raw=replace(answer.raw, usage=Usage()), remembered=True)
