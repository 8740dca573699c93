"""From a question to a validated reply: ask, validate, ask once for a repair; or use the cache."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Protocol

from triage_agent.errors import ReplyError, TriageError
from triage_agent.models.llm.cache import Cache
from triage_agent.models.llm.cache_entry import pack, unpack
from triage_agent.models.llm.prompt import ValidReply, read_answer
from triage_agent.models.protocols import Chat, ChatReply, ChatRequest, Message
from triage_agent.types import Usage

QUOTED_BACK = 4_000  # characters of a bad reply that are sent back: a good one has fewer


class Answerer(Protocol):
    """Anything that answers a question with a validated reply."""

    async def answer(self, request: ChatRequest) -> ValidReply:
        """Return the reply, or raise a `TriageError`."""
        ...

    async def aclose(self) -> None:
        """Close connections, and cancel the questions under way."""
        ...


@dataclass(frozen=True, slots=True)
class ValidatingAnswerer:
    """Asks a chat service, and once more with the validation error if the reply does not fit.

    If that does not fit either, all of it once more from the start: what a model says differs. Each
    time the schema is enforced in the next way: where the one is ignored, another may not be.
    """

    chat: Chat

    async def answer(self, request: ChatRequest) -> ValidReply:
        """Return the validated reply; a fourth bad reply is a `ReplyError`."""
        tried: list[str] = []
        try:
            return await self._round(request, tried)
        except ReplyError as error:
            if error.kind not in {"not_json", "bad_schema"}:
                raise
            before = error.usage
        try:
            answer = await self._round(request, tried)
        except TriageError as error:
            error.usage += before
            raise
        return replace(answer, usage=before + answer.usage)

    async def aclose(self) -> None:
        """Close the chat service."""
        await self.chat.aclose()

    async def _round(self, request: ChatRequest, tried: list[str]) -> ValidReply:
        """Return the validated reply to a question, or to the repair of it.

        `tried` are the output modes in which a reply did not fit; others are added to it.
        """
        raw = await self.chat.ask(replace(request, tried=tuple(tried)))
        try:
            answer = read_answer(raw, brief=request.brief)
        except ReplyError as error:
            self.chat.report_fit(raw.output_mode, fits=False)
            tried.append(raw.output_mode)
            return await self._repair(request, raw, error, tried)
        self.chat.report_fit(raw.output_mode, fits=True)
        return answer

    async def _repair(
        self, request: ChatRequest, raw: ChatReply, error: ReplyError, tried: list[str]
    ) -> ValidReply:
        """Return the reply to one repair question, its usage including that of the first reply."""
        turns = (
            # Half a surrogate pair, which a server may send, cannot be sent back.
            Message("assistant", raw.text[:QUOTED_BACK].encode("utf-8", "replace").decode("utf-8")),
            Message("user", f"{error.message} Send the whole JSON object again, corrected."),
        )
        second: ChatReply | None = None
        try:
            repair = replace(request, messages=request.messages + turns, tried=tuple(tried))
            second = await self.chat.ask(repair)
            answer = read_answer(second, brief=request.brief)
        except TriageError as again:
            if second is not None:
                self.chat.report_fit(second.output_mode, fits=False)
                tried.append(second.output_mode)
            again.usage += raw.usage
            raise
        return replace(answer, usage=raw.usage + second.usage)


@dataclass(slots=True)
class CachingAnswerer:
    """Answers from the cache where it can; equal questions under way are asked once.

    An answer is used as it is stored, the first time too: so it is the same in every run.

    `key` gives the key under which the answer to a question is cached. With `fresh`, the cache is
    written and not read.
    """

    answerer: Answerer
    cache: Cache
    key: Callable[[ChatRequest], str]
    fresh: bool = False
    hits: int = 0  # answers that cost nothing: cached, or asked for by an equal question under way
    _under_way: dict[str, asyncio.Future[ValidReply]] = field(default_factory=dict)

    async def answer(self, request: ChatRequest) -> ValidReply:
        """Return the cached answer, else ask and cache it; errors are never cached."""
        key = self.key(request)
        # Shielded: who asked may give up, but the answer is paid for, and others may wait for it.
        if (other := self._under_way.get(key)) is not None:
            return self._hit(await asyncio.shield(other))
        cached = None if self.fresh else self._find(key, request.text)
        if cached is not None:
            return self._hit(cached)
        task = asyncio.ensure_future(self._ask_and_store(key, request))
        self._under_way[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait until every question under way has been answered and cached, or has failed."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def aclose(self) -> None:
        """Cancel the questions under way, and close what asks them."""
        for task in self._under_way.values():
            task.cancel()
        await self.drain()
        await self.answerer.aclose()

    def _find(self, key: str, text: str) -> ValidReply | None:
        """Return the cached answer; None if there is none, or if it is damaged: it is replaced."""
        packed = self.cache.find(key)
        try:
            return None if packed is None else unpack(packed, text)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None

    async def _ask_and_store(self, key: str, request: ChatRequest) -> ValidReply:
        """Return the answer after it was cached, as it will be found there from now on."""
        try:
            answer = await self.answerer.answer(request)
        except ReplyError:
            await self._written(lambda: self.cache.store_rejected(key))
            raise
        packed = pack(answer, request.text)
        await self._written(lambda: self.cache.store(key, packed))
        return unpack(packed, request.text)

    async def _written(self, write: Callable[[], None]) -> None:
        """Return when a write is made; who is cancelled meanwhile leaves it to be made."""
        await asyncio.shield(self.cache.writes.submit(write))

    def _ended(self, key: str, task: asyncio.Future[ValidReply]) -> None:
        """Remove a question that was answered or failed, also if nobody waits for it any more."""
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not report it as overlooked

    def _hit(self, answer: ValidReply) -> ValidReply:
        """Count an answer that cost nothing this time, and return it as such."""
        self.hits += 1
        return replace(answer, usage=Usage(), from_cache=True)
