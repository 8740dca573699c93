"""From a question to a validated reply: ask, read, ask for more room or a repair; or the cache.

What a reply must be, and how it is stored, is said by a `ReplyForm`.
"""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Generic, Protocol, TypeVar

from triage_agent.errors import ReplyError, TriageError
from triage_agent.models.llm.claims import Claims
from triage_agent.models.llm.reply_form import ReplyForm
from triage_agent.models.llm.store import Store
from triage_agent.models.protocols import Chat, ChatReply, ChatRequest, Message
from triage_agent.types import Usage

A = TypeVar("A")
Given = TypeVar("Given", covariant=True)

QUOTED_BACK = 4_000  # characters of a bad reply that are sent back: a good one has fewer
RUNS_ON = 200  # blanks at the end of a reply that was cut off
NOTHING = Usage()
REPAIR = (
    "This reply does not fit: {}. Send the whole JSON object again, corrected, and nothing else. "
    "It must fit this JSON Schema: {}"
)


class Answerer(Protocol[Given]):
    """Anything that answers a question with a validated reply."""

    async def answer(self, request: ChatRequest) -> Given:
        """Return the reply, or raise a `TriageError`."""
        ...

    async def aclose(self) -> None:
        """Close connections, and cancel the questions under way."""
        ...


@dataclass(frozen=True, slots=True)
class ValidatingAnswerer(Generic[A]):
    """Asks a chat service until a reply fits, or it is clear that none will.

    A reply that was cut off before its label and signals is asked for again with a larger
    completion limit, and where there is none, briefly. One that does not fit is sent back with what
    is wrong. If that does not help, all of it once more from the start: what a model says differs.
    Each time the schema is enforced in the next way: where the one is ignored, another may not be.
    """

    chat: Chat
    form: ReplyForm[A]

    async def answer(self, request: ChatRequest) -> A:
        """Return the validated reply; a fourth bad reply is a `ReplyError`."""
        tried: list[str] = []
        try:
            return await self._round(request, tried)
        except ReplyError as error:
            if error.kind not in {"not_json", "bad_schema"}:
                raise
            before = error.usage
        return await self._round(request, tried, before)

    async def aclose(self) -> None:
        """Close the chat service."""
        await self.chat.aclose()

    async def _round(self, request: ChatRequest, tried: list[str], before: Usage = NOTHING) -> A:
        """Return the validated reply to a question, or to the repair of it.

        `tried` are the output modes in which a reply did not fit; others are added to it.
        """
        raw = await self._ask(request, tried, before)
        try:
            answer = self.form.read(raw, request)
        except ReplyError as error:
            if error.kind == "truncated":
                return await self._after_cut(request, raw, error, tried)
            self.chat.report_fit(raw.output_mode, fits=False)
            tried.append(raw.output_mode)
            return await self._repair(request, raw, error, tried)
        self.chat.report_fit(raw.output_mode, fits=True)
        return answer

    async def _ask(self, request: ChatRequest, tried: list[str], before: Usage) -> ChatReply:
        """Return the reply to a question, with what it and the ones before it have cost."""
        try:
            raw = await self.chat.ask(replace(request, tried=tuple(tried)))
        except TriageError as error:
            error.usage += before
            raise
        return replace(raw, usage=before + raw.usage)

    async def _after_cut(
        self, request: ChatRequest, raw: ChatReply, error: ReplyError, tried: list[str]
    ) -> A:
        """Return the reply with more room for it, or a brief one, or raise the error of the cut."""
        if raw.limit and not rambles(raw) and self.chat.report_cut(raw.limit):
            return await self._round(request, tried, raw.usage)
        self.chat.report_fit(raw.output_mode, fits=False)
        briefer = self.form.briefer(request)
        if briefer is None:
            raise error
        return await self._round(briefer, tried, raw.usage)

    async def _repair(
        self, request: ChatRequest, raw: ChatReply, error: ReplyError, tried: list[str]
    ) -> A:
        """Return the reply to one repair question, its usage including that of the first reply."""
        turns = (
            # Half a surrogate pair, which a server may send, cannot be sent back.
            Message("assistant", raw.text[:QUOTED_BACK].encode("utf-8", "replace").decode("utf-8")),
            Message("user", REPAIR.format(error.complaint, json.dumps(request.schema))),
        )
        repair = replace(request, messages=request.messages + turns)
        second = await self._ask(repair, tried, raw.usage)
        try:
            return self.form.read(second, request)
        except ReplyError as again:
            if again.kind == "truncated":
                return await self._after_cut(repair, second, again, tried)
            self.chat.report_fit(second.output_mode, fits=False)
            tried.append(second.output_mode)
            raise


def rambles(raw: ChatReply) -> bool:
    """Return whether a reply that was cut off would only go on with more room.

    One that was thinking would come to its answer; one that had begun it would not, for the label
    and the signals stand first in it.
    """
    blanks = len(raw.text) - len(raw.text.rstrip())
    return blanks >= RUNS_ON or ("{" in raw.text and not raw.thought)


@dataclass(slots=True)
class CachingAnswerer(Generic[A]):
    """Answers from the cache where it can; equal questions under way are asked once.

    So it is over all processes that share the cache: one asks, and the others wait (`claims`).

    An answer is used as it is stored, the first time too: so it is the same in every run.

    `key` gives the key under which the answer to a question is cached. With `fresh`, the cache is
    written and not read.
    """

    answerer: Answerer[A]
    cache: Store
    form: ReplyForm[A]
    key: Callable[[ChatRequest], str]
    fresh: bool = False
    hits: int = 0  # answers that cost nothing: cached, or asked for by an equal question under way
    _under_way: dict[str, asyncio.Future[A]] = field(default_factory=dict)
    _claims: Claims = field(init=False)

    def __post_init__(self) -> None:
        self._claims = Claims(self.cache)

    async def answer(self, request: ChatRequest) -> A:
        """Return the cached answer, else ask and cache it; errors are never cached."""
        key = self.key(request)
        if not self.fresh and key not in self._under_way:
            cached = self._read(await self.cache.found(key), request.text)
            if cached is not None:
                return self._hit(cached)
        # Shielded: who asked may give up, but the answer is paid for, and others may wait for it.
        if (other := self._under_way.get(key)) is not None:
            return self._hit(await asyncio.shield(other))
        task = asyncio.ensure_future(self._ask_and_store(key, request))
        self._under_way[key] = task
        task.add_done_callback(lambda done: self._ended(key, done))
        return await asyncio.shield(task)

    async def drain(self) -> None:
        """Wait until every question under way has been answered and cached, or has failed."""
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def cancel(self) -> None:
        """Cancel the questions under way."""
        for task in self._under_way.values():
            task.cancel()
        await self.drain()
        await self._claims.aclose()

    async def aclose(self) -> None:
        """Cancel the questions under way, and close what asks them."""
        await self.cancel()
        await self.answerer.aclose()

    def _read(self, packed: str | None, text: str) -> A | None:
        """Return the cached answer; None if there is none, or if it is damaged: it is replaced."""
        try:
            return None if packed is None else self.form.unpack(packed, text)
        except (ValueError, TypeError, LookupError, AttributeError, RecursionError):
            return None

    async def _ask_and_store(self, key: str, request: ChatRequest) -> A:
        """Return the answer after it was cached, as it will be found there from now on.

        Where another process is asking the same, its answer is waited for.
        """
        if not self.fresh:
            other = self._read(await self._claims.take(key), request.text)
            if other is not None:
                return self._hit(other)
        try:
            answer = await self.answerer.answer(request)
        except BaseException as error:
            if isinstance(error, ReplyError):
                await self._written(lambda: self.cache.store_rejected(key))
            await self._claims.give_up(key)
            raise
        packed = self.form.pack(answer, request.text)
        await self._written(lambda: self.cache.store(key, packed))
        self._claims.answered(key)
        return self.form.unpack(packed, request.text)

    async def _written(self, write: Callable[[], None]) -> None:
        """Return when a write is made; who is cancelled meanwhile leaves it to be made."""
        await asyncio.shield(self.cache.writes.submit(write))

    def _ended(self, key: str, task: asyncio.Future[A]) -> None:
        """Remove a question that was answered or failed, also if nobody waits for it any more."""
        del self._under_way[key]
        if not task.cancelled():
            task.exception()  # retrieved, so that asyncio does not report it as overlooked

    def _hit(self, answer: A) -> A:
        """Count an answer that cost nothing this time, and return it as such."""
        self.hits += 1
        return self.form.from_cache(answer)
