"""When the next request may be sent: how many at once, how many a minute, and when to hold.

    what the server does               what follows
    answers                            slow start from 4: +1 for each answer, until the first 429;
                                       then +1 a round; only while the places are in use
    429                                × 0.8, at most once a round, never below 1
    429 with Retry-After               nobody is admitted until then
    5xx, timeout, dropped connection   no growth for 5 s
    reports that nothing is left       nobody is admitted until the reset it names
    reports that few tokens are left   no request that needs more, until that reset

Requests are admitted strictly in the order in which they came: one that needs many tokens is not
overtaken by smaller ones, or it would wait for ever.
"""

import asyncio
import math
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping

import anyio

from triage_agent.errors import StopError
from triage_agent.models.llm.rate_headers import read_allowances
from triage_agent.models.llm.ticket import Ticket

FIRST_LIMIT = 4
CUT = 0.8
SATURATED = 0.8  # the share of the places in use from which more places may help
PAUSE_S = 5.0  # how long the limit does not grow after a failure of the server
BURST_S = 6.0  # a bucket holds at most this many seconds' worth: a tenth of a minute
SAME_WINDOW_S = 1.0  # resets that differ by less are one reset: servers round to seconds
SHORTEST_SLEEP_S = 0.001  # rounding must not turn a wait into a busy loop
NEVER = -math.inf  # the moment of what has not happened


class RateLimiter:
    """Decides when the next request may be sent; one for each service, in one event loop."""

    def __init__(
        self,
        *,
        max_concurrency: int = 64,
        requests_per_minute: float | None = None,
        tokens_per_minute: float | None = None,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        on_wait: Callable[[float], None] = lambda _: None,
    ) -> None:
        if max_concurrency < 1:
            raise ValueError(f"max_concurrency is {max_concurrency}, and must be at least 1")
        self._clock, self._sleep, self._on_wait = clock, sleep, on_wait
        self._concurrency = _ConcurrencyLimit(max_concurrency)
        self._request_bucket, self._token_bucket = (
            _TokenBucket(math.inf if per_minute is None else per_minute)
            for per_minute in (requests_per_minute, tokens_per_minute)
        )
        self._requests_left, self._tokens_left = _ServerAllowance(), _ServerAllowance()
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
        return Ticket(self._settle, self._admitted, tokens)

    def _undo(self, ticket: Ticket) -> None:
        """Take back a ticket that nobody has seen."""
        self._in_flight -= 1
        self._request_bucket.give_back(1)
        self._token_bucket.give_back(ticket.tokens)

    def _settle(
        self,
        ticket: Ticket,
        status: int | None,
        headers: Mapping[str, str] | None,
        wait_s: float | None,
        tokens: int | None,
    ) -> None:
        """Learn from an outcome, and admit whom that lets in."""
        now = self._clock()
        self._concurrency.fill(self._in_flight, self._admitted)
        self._in_flight -= 1
        self._concurrency.update(status, ticket.number, now)
        if tokens is not None:
            self._token_bucket.give_back(ticket.tokens - max(tokens, 0))
        if status == 429 and wait_s is not None and math.isfinite(wait_s):
            # Retry-After is the wait itself; OpenAI's resets tell when *everything* is back.
            self._hold_until = max(self._hold_until, now + wait_s)
        elif headers:
            reported = read_allowances(headers)
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


class _ConcurrencyLimit:
    """How many requests may be under way at once: additive increase, multiplicative decrease."""

    def __init__(self, most: int) -> None:
        self._most = most
        self._slow_start = True
        # Numbers of requests: the last one admitted, and the last one before the last cut and
        # before the places were last used up.
        self._newest = self._cut_at = self._full_at = 0
        self._steady_until = NEVER
        self._set(FIRST_LIMIT)

    def fill(self, in_flight: int, newest: int) -> None:
        """Take note of how many are under way, and of the last request admitted."""
        self._newest = newest
        # Whole places: at a limit of 1.9 one request is all that can be under way.
        if in_flight >= SATURATED * self.places:
            self._full_at = newest

    def update(self, status: int | None, number: int, now: float) -> None:
        """Learn from the outcome of one request."""
        if status == 429:
            self._slow_start = False
            if number > self._cut_at:
                self._cut_at = self._newest
                self._set(self.limit * CUT)
        elif status is None or status == 408 or status >= 500:
            self._steady_until = now + PAUSE_S
        elif status < 400 and number <= self._full_at and now >= self._steady_until:
            self._set(self.limit + (1 if self._slow_start else 1 / self.limit))

    def _set(self, limit: float) -> None:
        self.limit = min(max(limit, 1.0), float(self._most))
        self.places = int(self.limit)


class _TokenBucket:
    """A token bucket, stored as the moment at which it will be full again."""

    def __init__(self, per_minute: float) -> None:
        if not per_minute > 0:
            raise ValueError(f"a limit of {per_minute} a minute admits nothing")
        self._per_s = per_minute / 60
        self._full_at = NEVER

    def ready_at(self, amount: int) -> float:
        """Return when there is enough; for more than the bucket holds, when it is full."""
        return self._full_at - max(BURST_S - amount / self._per_s, 0.0)

    def take(self, amount: int, now: float) -> None:
        """Take `amount` out, below empty if necessary."""
        self._full_at = max(self._full_at, now) + amount / self._per_s

    def give_back(self, amount: int) -> None:
        """Put `amount` back, or take more out if it is negative."""
        self._full_at -= amount / self._per_s


class _ServerAllowance:
    """How many requests or tokens the server reported as left, and until when that holds."""

    def __init__(self) -> None:
        self._left, self._until, self._number = math.inf, NEVER, 0

    def ready_at(self, amount: int) -> float:
        """Return when `amount` may be requested; with nothing left, not even 0 may."""
        return self._until if self._left < max(amount, 1) else NEVER

    def update(self, left: float, until: float, number: int, now: float) -> None:
        """Learn what the answer to request `number` reported, unless something newer is known."""
        # Answers overtake each other. Within one window less left is newer, and a window that
        # ends later is newer; but a slow answer's window seems to end later than it does, so the
        # request must have been sent later for its answer to lift what is known.
        expired = now >= self._until
        tighter = left < self._left and until >= self._until - SAME_WINDOW_S
        renewed = number > self._number and until > self._until + SAME_WINDOW_S
        if expired or renewed:
            self._left, self._until, self._number = left, until, number
        elif tighter:
            self._left, self._until = left, max(until, self._until)
            self._number = max(number, self._number)
