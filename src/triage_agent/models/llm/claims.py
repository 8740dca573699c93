"""Whose turn a question is: over all processes that share a store, one asks and the others wait.

A claim is a row of the store with an end. Whoever holds it renews it while the answer is under way,
so that of a process that was killed it is free a minute later. Who waits looks again and again: the
answer is seconds away, and the store needs no way to call back.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from functools import partial

from triage_agent.errors import SettingsError
from triage_agent.models.llm.store import LEASE_S, Store

RENEW_S = LEASE_S / 4
FIRST_LOOK_S, LAST_LOOK_S = 0.05, 1.0  # between two looks at a claim that another holds


class Claims:
    """The claims of one process on the questions that it asks."""

    def __init__(
        self, store: Store, sleep: Callable[[float], Awaitable[object]] = asyncio.sleep
    ) -> None:
        self._store, self._sleep = store, sleep
        self._held: set[str] = set()
        self._renewing: asyncio.Task[None] | None = None

    async def take(self, key: str) -> str | None:
        """Return the packed answer that another has stored, or None when it is our turn to ask."""
        pause, attempt = FIRST_LOOK_S, self._claim
        while True:
            packed, ours = await self._store.writes.submit(
                partial(attempt, key), lambda _: self._store.release(key)
            )
            if ours:
                self._hold(key)
            if packed is not None or ours:
                return packed
            # A tenth more or less, so that those who wait do not all look at once.
            await self._sleep(pause * random.uniform(0.9, 1.1))  # noqa: S311 (no secret)
            pause, attempt = min(2 * pause, LAST_LOOK_S), self._look

    async def give_up(self, key: str) -> None:
        """Let another ask a question that got no answer here."""
        self._held.discard(key)
        await asyncio.shield(self._store.writes.submit(lambda: self._store.release(key)))

    def answered(self, key: str) -> None:
        """Note that an answer was stored, which gives up the claim."""
        self._held.discard(key)

    async def aclose(self) -> None:
        """Renew nothing more."""
        if self._renewing is not None:
            self._renewing.cancel()
            await asyncio.wait([self._renewing])

    def _look(self, key: str) -> tuple[str | None, bool]:
        """Return the packed answer if there is one by now, and else whether the claim is ours."""
        packed = self._store.find(key)
        return (packed, False) if packed is not None else self._claim(key)

    def _claim(self, key: str) -> tuple[str | None, bool]:
        """Return whether the claim is ours, or the packed answer of who held it before."""
        if not self._store.claim(key):
            return None, False
        # Who held it stored the answer first, maybe after we had looked for one.
        if (packed := self._store.find(key)) is not None:
            self._store.release(key)
            return packed, False
        return None, True

    def _hold(self, key: str) -> None:
        """Renew a claim until it is given up."""
        self._held.add(key)
        if self._renewing is None or self._renewing.done():
            self._renewing = asyncio.get_running_loop().create_task(self._renew())

    async def _renew(self) -> None:
        """Renew all claims, again and again while there are any."""
        while True:
            await self._sleep(RENEW_S)
            if not self._held:
                return
            try:
                await self._store.writes.submit(self._store.renew)
            except SettingsError:
                return  # the write of the answer fails too, and says why
