"""The limits of requests and tokens per minute, for all processes that share a cache.

The rate limiter of each process holds them too, in memory and in order; here its first in line
draws from what all of them have together.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable

from triage_agent.models.llm.store import Store

LONGEST_LOOK_S = 1.0  # what others did not use is put back meanwhile


class SharedRates:
    """The rates of one service; without a limit nothing is asked of the store."""

    def __init__(
        self,
        store: Store,
        service: str,
        requests_per_minute: float | None,
        tokens_per_minute: float | None,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        self._store, self._sleep = store, sleep
        self._requests, self._tokens = f"requests {service}", f"tokens {service}"
        self._rpm, self._tpm = requests_per_minute, tokens_per_minute
        self._first = asyncio.Lock()  # one asks for all that wait here

    async def take(self, tokens: int) -> None:
        """Return once a request of at most this many tokens may be sent."""
        if self._rpm is None and self._tpm is None:
            return
        async with self._first:
            if self._rpm is not None:
                await self._take(self._requests, 1, self._rpm)
            if self._tpm is not None:
                await self._take(self._tokens, tokens, self._tpm)

    def give_back(self, tokens: int) -> None:
        """Put tokens back that a request did not use, or take more if it is negative."""
        if (per_minute := self._tpm) is None or not tokens:
            return
        written = self._store.writes.submit(
            lambda: self._store.put_back(self._tokens, tokens, per_minute)
        )
        # If it fails, less is sent for a minute, and the next write says why.
        written.add_done_callback(lambda one: one.cancelled() or one.exception())

    async def _take(self, rate: str, amount: int, per_minute: float) -> None:
        """Return once an amount of a rate is taken."""
        while wait_s := await self._store.writes.submit(
            lambda: self._store.take(rate, amount, per_minute)
        ):
            pause = min(wait_s, LONGEST_LOOK_S)
            await self._sleep(pause * random.uniform(1.0, 1.1))  # noqa: S311 (no secret)
