"""How late this program's own event loop is, so that it does not count as a slow server."""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import perf_counter

EVERY_S = 0.025
REMEMBERED = 8  # naps: as long as a quick reply takes


class LoopLag:
    """Measures while anything is measured: how much later than asked for a nap ended.

    An answer that has arrived waits as long as that nap until its reader's turn comes: both wake
    a task through the loop.
    """

    def __init__(self) -> None:
        self._late: deque[float] = deque(maxlen=REMEMBERED)
        self._due = 0.0  # when the present nap should end
        self._users = 0
        self._task: asyncio.Task[None] | None = None

    @contextmanager
    def measured(self) -> Iterator[Callable[[], float]]:
        """Measure for as long as the block runs, and give what returns the lag, in seconds."""
        self._users += 1
        if self._task is None:
            self._due = perf_counter() + EVERY_S
            self._task = asyncio.get_running_loop().create_task(self._nap())
        try:
            yield self._latest
        finally:
            self._users -= 1

    def close(self) -> None:
        """End the measurement."""
        if self._task is not None:
            self._task.cancel()

    def _latest(self) -> float:
        overdue = perf_counter() - self._due if self._task else 0.0  # it may be woken after us
        return max(overdue, *self._late, 0.0)

    async def _nap(self) -> None:
        """Note how late naps end, until nobody wants to know any more."""
        try:
            while self._users:
                self._due = perf_counter() + EVERY_S
                await asyncio.sleep(EVERY_S)
                self._late.append(perf_counter() - self._due)
        finally:
            self._task = None
