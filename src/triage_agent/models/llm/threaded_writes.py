"""Writes to a database across a network, in one thread: the event loop has other work meanwhile."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any, TypeVar

T = TypeVar("T")


class ThreadedWrites:
    """Makes writes one after the other, in the order they came; each commits by itself."""

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(1, thread_name_prefix="triage-cache")
        self._thread: int | None = None  # None: nothing was written yet

    def submit(
        self, write: Callable[[], T], undo: Callable[[T], object] | None = None
    ) -> "asyncio.Future[T]":
        """Return what `write` returns or raises, once it is made.

        `undo` gets what a write returned that nobody waits for any more. A write that was
        cancelled before it is begun is not made.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()

        def make() -> None:
            self._thread = threading.get_ident()
            if future.cancelled():
                return
            try:
                value = write()
            except Exception as error:
                with suppress(RuntimeError):  # the loop is closed, so nobody waits
                    loop.call_soon_threadsafe(_fail, future, error)
                return
            try:
                loop.call_soon_threadsafe(deliver, value)
            except RuntimeError:
                if undo is not None:
                    undo(value)

        def deliver(value: T) -> None:
            if not future.done():
                future.set_result(value)
            elif undo is not None:
                self._pool.submit(undo, value)

        self._pool.submit(make)
        return future

    def flush(self) -> None:
        """Return when everything submitted so far is made; a write itself need not wait."""
        if threading.get_ident() != self._thread:
            self._pool.submit(int).result()

    def close(self) -> None:
        """Make what is pending, and end the thread."""
        self._pool.shutdown()


def _fail(future: "asyncio.Future[Any]", error: Exception) -> None:
    """Give an error to whoever still waits."""
    if not future.done():
        future.set_exception(error)
