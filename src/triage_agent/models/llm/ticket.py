"""The right to send one request, and what became of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one request."""

    status: int | None  # None: a timeout or a dropped connection
    headers: Mapping[str, str] | None = None
    wait_s: float | None = None  # the server's Retry-After in seconds
    tokens: int | None = None  # what was used; None: unknown, the reservation counts as used
    timed_out: bool = False
    server_s: float | None = None  # how long the server took to begin its answer


Settle = Callable[["Ticket", Outcome], None]


class Ticket:
    """The right to send one request; `done` gives the place back and reports the outcome."""

    __slots__ = ("_settle", "beside", "number", "tokens")

    def __init__(self, settle: Settle, number: int, tokens: int, beside: int) -> None:
        self._settle: Settle | None = settle
        self.number = number  # requests are numbered from 1 as they are admitted
        self.tokens = tokens  # what was reserved
        self.beside = beside  # how many were under way when it was admitted, itself included

    def done(self, status: int | None = None, **rest: object) -> None:
        """Report the outcome (see `Outcome`), once; a second time raises `RuntimeError`."""
        if self._settle is None:
            raise RuntimeError("done() was called twice on one ticket")
        settle, self._settle = self._settle, None
        settle(self, Outcome(status, **rest))  # type: ignore[arg-type]
