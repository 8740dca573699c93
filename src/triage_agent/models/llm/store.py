"""The one protocol of what is shared: cached answers, whose turn a question is, spending, rates.

`cache` keeps it in an SQLite file, for one machine; `postgres_cache` in a PostgreSQL database, for
several. Both pass one suite of tests, and nothing above them knows which one it was given.
"""

import asyncio
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, TypeVar

from triage_agent.types import Usage

T = TypeVar("T")
LEASE_S = 60.0  # after which the claims of a process that was killed are free; others renew theirs
SHORTEST_S = 0.001  # to wait for a rate: rounding must not turn a wait into a busy loop
# Runs one statement with `?` for each value; returns its rows, and how many it changed.
Run = Callable[[str, Sequence[Any]], tuple[list[Any], int]]


@dataclass(frozen=True, slots=True)
class CacheStats:
    """What `triage cache` shows."""

    path: Path | str  # of the file; of a database its address, without the password
    bytes: int  # on disk, with the log and its index
    replies: int
    bad: int
    oldest: float | None  # seconds since 1970; None: the cache is empty


class Writes(Protocol):
    """Makes writes in the order they came, without holding up the event loop for each."""

    def submit(
        self, write: Callable[[], T], undo: Callable[[T], object] | None = None
    ) -> "asyncio.Future[T]":
        """Return what `write` returns or raises, once it is committed.

        `undo` gets what a write returned that nobody waits for any more. A write that was
        cancelled before it is begun is not made.
        """
        ...

    def flush(self) -> None:
        """Return when everything submitted so far is made."""
        ...


class Store(Protocol):
    """Keeps what several processes share; every method is safe in every thread.

    Each raises `SettingsError` where the database cannot be used. Amounts are micro-dollars.
    """

    @property
    def writes(self) -> Writes:
        """What makes the writes of an event loop."""
        ...

    async def found(self, key: str) -> str | None:
        """Return what `find` does, without holding up the event loop."""
        ...

    def find(self, key: str) -> str | None:
        """Return the answer stored under a key, packed (see `cache_entry`)."""
        ...

    def store(self, key: str, packed: str) -> None:
        """Store a packed answer, and give up the claim; it replaces an earlier one."""
        ...

    def store_rejected(self, key: str) -> None:
        """Count a reply that is of no use; it is never found, and nothing of it is stored."""
        ...

    def claim(self, key: str) -> bool:
        """Return whether this store may ask the question now; no other may until it is released.

        A claim ends after `LEASE_S` unless it is renewed.
        """
        ...

    def renew(self) -> None:
        """Renew the claims of this store."""
        ...

    def release(self, key: str) -> None:
        """Give up the claim of a question that got no answer."""
        ...

    def reserve(self, account: str, bound: int, cap_micro_usd: int | None) -> int | None:
        """Return the number of a reservation, or None if the account would go over the cap."""
        ...

    def settle(self, reservation: int, micro_usd: int | None, usage: Usage) -> None:
        """Put the real amount in a reservation's place, once; None: it counts as spent in full."""
        ...

    def overrun(self, account: str) -> int:
        """Return the most that an account's bill was of its bound, in thousandths, from 1000 up."""
        ...

    def spent(self, account: str) -> int:
        """Return what an account has settled, or still holds reserved."""
        ...

    def take(self, rate: str, amount: float, per_minute: float) -> float:
        """Take an amount of a rate that all share, or return how many seconds to wait for it.

        0: it is taken.
        """
        ...

    def put_back(self, rate: str, amount: float, per_minute: float) -> None:
        """Put an amount of a rate back, or take more out if it is negative, below empty if so."""
        ...

    def stats(self) -> CacheStats:
        """Return how much is stored."""
        ...

    def clear(self, older_than_s: float | None = None) -> int:
        """Remove replies, all of them or older ones only, and return how many."""
        ...

    def transaction(self) -> AbstractContextManager[Run]:
        """Make what the block runs all at once, or nothing of it; for tables of other modules."""
        ...

    def close(self) -> None:
        """Make what is pending, give up all claims, and close the connection."""
        ...
