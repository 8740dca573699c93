"""One transaction for all that one round of the event loop wants written.

A transaction costs more than what is written in it. Whoever waits for a write goes on when it is
committed, and not before: what is reported as kept is kept, whatever is killed when.
"""

import asyncio
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, TypeVar

from triage_agent.errors import SettingsError, TriageError

T = TypeVar("T")


class GroupCommit:
    """Collects writes; `transaction` opens one, in which they are made in the order they came."""

    def __init__(self, transaction: Callable[[], AbstractContextManager[object]]) -> None:
        self._transaction = transaction
        self._pending: list[tuple[Callable[[], Any], asyncio.Future[Any]]] = []

    def submit(
        self,
        write: Callable[[], T],
        undo: Callable[[T], object] | None = None,  # noqa: ARG002 (of `Writes`: nobody leaves while they are made)
    ) -> "asyncio.Future[T]":
        """Return what `write` returns or raises, once all of this round is committed.

        A write whose future was cancelled before is not made.
        """
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._pending.append((write, future))
        if len(self._pending) == 1:
            loop.call_soon(self.flush)
        return future

    def flush(self) -> None:
        """Make what is pending now."""
        pending = [(write, future) for write, future in self._pending if not future.cancelled()]
        self._pending = []
        try:
            if len(pending) == 1:  # a statement is a transaction of its own
                ended = [_ended(pending[0][0])]
            elif pending:
                with self._transaction():
                    ended = [_ended(write) for write, _ in pending]
            else:
                return
        except Exception as error:
            for _, future in pending:
                if not future.done():
                    future.set_exception(error)
            return
        for (_, future), (value, failed) in zip(pending, ended, strict=True):
            if future.done():
                continue
            if failed is None:
                future.set_result(value)
            else:
                future.set_exception(failed)


def _ended(write: Callable[[], T]) -> tuple[T | None, TriageError | None]:
    """Return what a write returned, or its own error; one of the database is raised."""
    try:
        return write(), None
    except SettingsError:
        raise
    except TriageError as error:
        return None, error
