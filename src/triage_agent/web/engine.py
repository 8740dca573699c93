"""Reads problems in a thread of its own, as many at once as the machine bears, and no more."""

import asyncio
import os
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from concurrent.futures import Future
from contextlib import asynccontextmanager
from typing import Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from triage_agent.triage import AsyncTriage

AT_ONCE = max(2, os.cpu_count() or 1)  # conversations whose problems are read at the same time
MOST_WAITING = 200  # behind those; more are sent away, to come again
RETRY_AFTER_S = 20
T = TypeVar("T")


class TooBusyError(Exception):
    """More people wait than can be answered soon."""


class Engine:
    """Runs what reads problems outside the server's event loop, which stays free to answer.

    An async context manager; `triage` is closed at its end.
    """

    def __init__(
        self, triage: AsyncTriage, *, at_once: int = AT_ONCE, most_waiting: int = MOST_WAITING
    ) -> None:
        self.triage = triage
        self._places = asyncio.Semaphore(at_once)
        self._most, self._inside = at_once + most_waiting, 0

    async def __aenter__(self) -> Self:
        ready: Future[BlockingPortal] = Future()

        async def serve() -> None:
            async with BlockingPortal() as portal:
                ready.set_result(portal)
                await portal.sleep_until_stopped()

        self._thread = threading.Thread(target=anyio.run, args=(serve,), daemon=True)
        self._thread.start()
        self._portal = await asyncio.wrap_future(ready)
        return self

    async def __aexit__(self, *_: object) -> None:
        await asyncio.wrap_future(self._portal.start_task_soon(self.triage.aclose))
        self._portal.start_task_soon(self._portal.stop, True)
        await anyio.to_thread.run_sync(self._thread.join)

    async def run(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what some work returns that reads problems; raises `TooBusyError`."""
        async with self._place():
            return await asyncio.wrap_future(self._portal.start_task_soon(work))

    @asynccontextmanager
    async def _place(self) -> AsyncIterator[None]:
        if self._inside >= self._most:
            raise TooBusyError
        self._inside += 1
        try:
            async with self._places:
                yield
        finally:
            self._inside -= 1
