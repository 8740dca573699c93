"""When the next request may be sent: how many at once, how many a minute, and when to hold.

    what the server does               what follows
    is quick, slow, busy or silent     more or fewer at once (see `concurrency`)
    429 with Retry-After               nobody is admitted until then
    reports that nothing is left       nobody is admitted until the reset it names
    reports that few tokens are left   no request that needs more, until that reset

Requests are admitted strictly in the order in which they came: one that needs many tokens is not
overtaken by smaller ones, or it would wait for ever.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable

import anyio

from triage_agent.errors import StopError
from triage_agent.models.llm.buckets import NEVER, ServerAllowance, TokenBucket
from triage_agent.models.llm.concurrency import FIRST_LIMIT, ConcurrencyLimit
from triage_agent.models.llm.rate_headers import read_allowances
from triage_agent.models.llm.ticket import Outcome, Ticket

SHORTEST_SLEEP_S = 0.001  # rounding must not turn a wait into a busy loop


class RateLimiter:
    """Decides when the next request may be sent; one for each service, in one event loop."""

    def __init__(
        self,
        *,
        max_concurrency: int = 64,
        first_limit: int = FIRST_LIMIT,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        on_wait: Callable[[float], None] = lambda _: None,
    ) -> None:
        if max_concurrency < 1:
            raise ValueError(f"max_concurrency is {max_concurrency}, and must be at least 1")
        self._clock, self._sleep, self._on_wait = clock, sleep, on_wait
        self._concurrency = ConcurrencyLimit(max_concurrency, first_limit)
        self._request_bucket, self._token_bucket = (
            TokenBucket(math.inf if per_minute is None else per_minute)
            for per_minute in (requests_per_minute, tokens_per_minute)
        )
        self._requests_left, self._tokens_left = ServerAllowance(), ServerAllowance()
        self._hold_until = NEVER
        self._in_flight = 0
        self._admitted = 0
        # First come, first served; linked, so that any of thousands leaves at once.
        self._waiting: OrderedDict[asyncio.Future[Ticket], int] = OrderedDict()
        self._stopped: StopError | None = None
        self._timer: asyncio.Task[None] | None = None
        self._timer_at = NEVER

    @property
    def limit(self) -> float:
        """How many requests may be under way; a fraction is on its way to the next place."""
        return self._concurrency.limit

    @property
    def in_flight(self) -> int:
        """How many requests are under way."""
        return self._in_flight

    async def admit(self, tokens: int = 0) -> Ticket:
        """Return once a request of at most `tokens` tokens may be sent."""
        if self._stopped:
            raise StopError(self._stopped.message, self._stopped.kind)
        future: asyncio.Future[Ticket] = asyncio.get_running_loop().create_future()
        self._waiting[future] = max(tokens, 0)
        if len(self._waiting) == 1:  # else somebody ahead is waiting, and so must this one
            self._serve()
        try:
            return await future
        except asyncio.CancelledError:
            self._waiting.pop(future, None)
            if future.done() and not future.cancelled() and not future.exception():
                self._undo(future.result())  # admitted and cancelled in the same breath
            self._serve()
            raise

    def stop(self, error: StopError) -> None:
        """Admit nobody any more: who waits, and who comes, gets this error."""
        self._stopped = error
        for future in self._waiting:
            if not future.done():
                future.set_exception(StopError(error.message, error.kind))
        self._waiting.clear()
        self._serve()

    def _serve(self) -> None:
        """Admit whoever may be admitted now, and see to it that the next one is woken."""
        while self._waiting:
            future, tokens = next(iter(self._waiting.items()))
            if future.done():  # cancelled, but its task has not run since
                del self._waiting[future]
                continue
            if self._in_flight >= self._concurrency.places:
                return  # the next `done` looks again
            now, at = self._clock(), self._ready_at(tokens)
            if now < at:
                self._wake_at(at)
                return
            del self._waiting[future]
            future.set_result(self._take(tokens, now))
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _ready_at(self, tokens: int) -> float:
        """Return the moment from which nothing but a place is missing."""
        return max(
            self._hold_until,
            self._requests_left.ready_at(1),
            self._tokens_left.ready_at(tokens),
            self._request_bucket.ready_at(1),
            self._token_bucket.ready_at(tokens),
        )

    def _take(self, tokens: int, now: float) -> Ticket:
        """Return a ticket, with its place and its reservations taken."""
        self._in_flight += 1
        self._admitted += 1
        self._request_bucket.take(1, now)
        self._token_bucket.take(tokens, now)
        self._concurrency.fill(self._in_flight, self._admitted)
        return Ticket(self._settle, self._admitted, tokens, self._in_flight)

    def _undo(self, ticket: Ticket) -> None:
        """Take back a ticket that nobody has seen."""
        self._in_flight -= 1
        self._request_bucket.give_back(1)
        self._token_bucket.give_back(ticket.tokens)

    def _settle(self, ticket: Ticket, outcome: Outcome) -> None:
        """Learn from an outcome, and admit whom that lets in."""
        now, status, wait_s = self._clock(), outcome.status, outcome.wait_s
        self._concurrency.fill(self._in_flight, self._admitted)
        self._in_flight -= 1
        self._concurrency.update(status, ticket.number, now, timed_out=outcome.timed_out)
        if outcome.server_s is not None and status is not None and status < 300:
            self._concurrency.took(ticket.beside, outcome.server_s)
        if outcome.tokens is not None:
            self._token_bucket.give_back(ticket.tokens - max(outcome.tokens, 0))
        if status == 429 and wait_s is not None and math.isfinite(wait_s):
            # Retry-After is the wait itself; OpenAI's resets tell when *everything* is back.
            self._hold_until = max(self._hold_until, now + wait_s)
        elif outcome.headers:
            reported = read_allowances(outcome.headers)
            for known, new in (
                (self._requests_left, reported.requests),
                (self._tokens_left, reported.tokens),
            ):
                if new is not None:
                    known.update(new.left, now + new.reset_s, ticket.number, now)
        self._serve()

    def _wake_at(self, at: float) -> None:
        """Have the waiting looked at again, at the latest at that moment."""
        if self._timer is not None and not self._timer.done():
            if self._timer_at <= at:
                return  # it looks again when it fires
            self._timer.cancel()
        self._timer_at = at
        self._on_wait(at - self._clock())
        self._timer = asyncio.get_running_loop().create_task(self._wake(at))

    async def _wake(self, at: float) -> None:
        """Look at the waiting again, at that moment."""
        await self._sleep(max(at - self._clock(), SHORTEST_SLEEP_S))
        self._timer = None
        self._serve()
