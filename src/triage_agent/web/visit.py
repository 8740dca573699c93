"""One owner's conversation during one request, and the patience that it may need."""

from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from functools import wraps
from typing import TypeVar

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

from triage_agent.advice import Advice
from triage_agent.conversation import Answer, Conversation, Question, Step
from triage_agent.web.engine import RETRY_AFTER_S, TooBusyError
from triage_agent.web.forms import fields_of
from triage_agent.web.pages import page
from triage_agent.web.site import forget, site_of
from triage_agent.web.state import RememberingTriage, State, UnreadError
from triage_agent.web.submissions import ChangedMeanwhileError, Submission

T = TypeVar("T")
Handler = Callable[[Request], Awaitable[Response]]


def patient(handler: Handler) -> Handler:
    """Return a handler that, where too many people wait, offers to send the same form again."""

    @wraps(handler)
    async def answer(request: Request) -> Response:
        try:
            return await handler(request)
        except TooBusyError:
            return page(
                request,
                "busy.html.j2",
                status=503,
                headers={"retry-after": str(RETRY_AFTER_S)},
                method=request.method,
                fields=await fields_of(request) if request.method == "POST" else {},
                seconds=RETRY_AFTER_S,
            )

    return answer


@dataclass(slots=True)
class Visit:
    """One owner's conversation during one request."""

    request: Request
    token: str
    submission: Submission
    memory: RememberingTriage
    talk: Conversation

    @classmethod
    async def of(cls, request: Request) -> "Visit":
        """Return the conversation of the link in an address, or answer that there is none."""
        site, token = site_of(request), request.path_params["token"]
        found = await anyio.to_thread.run_sync(site.submissions.by_token, token)
        if found is None:
            raise HTTPException(404)
        return cls(request, token, found, *site.talk(found.state))

    @property
    def address(self) -> str:
        """The path of the conversation."""
        return f"/t/{self.token}"

    @property
    def link(self) -> str:
        """The whole address, to be shown where a frame may hide it; empty: no page may frame it."""
        options = site_of(self.request).options
        return f"{options.address}{self.address}" if options.embed_hosts else ""

    async def keep(self, advice: Advice | None = None) -> None:
        """Keep the conversation as it is now.

        Raises `ChangedMeanwhileError` if another window was quicker; answers that there is no such
        page if it was deleted meanwhile.
        """
        keep, state = site_of(self.request).submissions.keep, State.of(self.talk, self.memory)
        try:
            self.submission = await anyio.to_thread.run_sync(keep, self.submission, state, advice)
        except ChangedMeanwhileError:
            await self._look()
            raise

    async def _look(self) -> None:
        """Look at what is kept now."""
        site = site_of(self.request)
        kept = await anyio.to_thread.run_sync(site.submissions.by_token, self.token)
        if kept is None:  # deleted while this request read it
            await forget(site)
            raise HTTPException(404)
        self.submission = kept

    async def question(self) -> Question | None:
        """Return what is asked next; what had to be read for it is kept."""
        before = len(self.memory.texts) + len(self.memory.rows)
        found = await self._read(self.talk.question)
        if len(self.memory.texts) + len(self.memory.rows) > before:
            with suppress(ChangedMeanwhileError):  # another window has read it too
                await self.keep()
        return found

    async def advice(self) -> Advice:
        """Return the verdict, which is kept if it is another than before."""
        return await self._read(self.talk.advice)

    async def answer(self, id: str, value: Answer) -> None:  # noqa: A002  (its name in `Question`)
        """Take an answer, which may be read; raises `InputError` if it is none."""
        await self._read(lambda: answered(self.talk, id, value))

    async def keep_if_newest(self, advice: Advice | None = None) -> None:
        """Keep the conversation; if another window was quicker, what it did counts."""
        with suppress(ChangedMeanwhileError):
            await self.keep(advice)

    async def _read(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what some work returns; problems are read only if it needs new ones."""
        try:
            return await self.memory.from_memory(work)
        except UnreadError:
            return await site_of(self.request).engine.run(work)


async def answered(talk: Conversation, id: str, value: Answer) -> None:  # noqa: A002
    """Take an answer where problems are read."""
    talk.answer(id, value)


async def begun(talk: Conversation, text: str) -> None:
    """Take the first text in a thread: taking it apart must not stop what else is read."""
    await anyio.to_thread.run_sync(talk.answer, Step.PROBLEMS, text)
