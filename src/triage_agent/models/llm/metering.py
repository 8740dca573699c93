"""What every request passes on its way out: the rate limiter and the budget."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from triage_agent.errors import StopError
from triage_agent.models.llm.budget import Budget, CostCapError, Reservation
from triage_agent.models.llm.rate_limiter import RateLimiter
from triage_agent.models.llm.retry_after import retry_after_s
from triage_agent.models.llm.shared_rates import SharedRates
from triage_agent.models.llm.ticket import Ticket
from triage_agent.types import Usage

BYTES_PER_TOKEN = 3  # for the rate limits; English has about four


@dataclass(slots=True)
class Exchange:
    """What became of one request."""

    status: int | None = None  # None: a timeout or a dropped connection
    headers: Mapping[str, str] = field(default_factory=dict)
    wait_s: float | None = None  # that its error asks for; None: see the headers
    usage: Usage | None = None  # None: unknown, so the whole reservation counts as used
    timed_out: bool = False
    server_s: float | None = None  # how long the server took to begin its answer


class Meter:
    """Admits requests that the rate limiter has room for and the budget can pay.

    Without a rate limiter requests go out at once, without a budget all are paid. `shared` are the
    rates that other processes draw from too.
    """

    def __init__(
        self,
        rate_limiter: RateLimiter | None = None,
        budget: Budget | None = None,
        shared: SharedRates | None = None,
    ) -> None:
        self._rate_limiter, self._budget, self._shared = rate_limiter, budget, shared
        self._settled = asyncio.Event()  # of the next request to be paid for; each has its own

    @property
    def has_cost_cap(self) -> bool:
        """Whether there is an amount that the requests together may not pass."""
        return self._budget is not None and self._budget.cap_usd is not None

    def stop(self, error: StopError) -> None:
        """Admit nobody any more: who waits, and who comes, gets this error."""
        if self._rate_limiter:
            self._rate_limiter.stop(error)
        self._note_settled()

    @asynccontextmanager
    async def admit(self, request_bytes: int, max_output_tokens: int) -> AsyncIterator[Exchange]:
        """Wait until one request may be sent; the caller writes into it what happened.

        Every request is settled, whatever becomes of it: for the usage written there, and in full
        if nothing is known of it. Raises `CostCapError`.
        """
        tokens = request_bytes // BYTES_PER_TOKEN + max_output_tokens
        ticket = await self._rate_limiter.admit(tokens) if self._rate_limiter else None
        exchange, reservation = Exchange(), None
        try:
            if self._shared:
                await self._shared.take(tokens)
            reservation = await self._reserve(request_bytes, max_output_tokens)
            yield exchange
        finally:
            try:
                if self._shared and (usage := exchange.usage):
                    self._shared.give_back(tokens - usage.input_tokens - usage.output_tokens)
                if reservation is not None:
                    reservation.settle_soon(exchange.usage)
            finally:  # whatever becomes of the books, the next in line is let in or told
                self._note_settled()
                if ticket is not None:
                    _give_back(ticket, exchange)

    async def _reserve(self, request_bytes: int, max_output_tokens: int) -> Reservation | None:
        """Return the reservation for one request, or raise `CostCapError`.

        What is reserved is the most that a request can cost. So near the cap, requests wait for
        those under way to settle for less, and only then is the cap reached.
        """
        while self._budget is not None:
            settled = self._settled  # the next one may be, while what is reserved is written
            try:
                return await self._budget.reserved(request_bytes, max_output_tokens)
            except CostCapError as error:
                if not error.may_pass:
                    raise
                await settled.wait()
        return None

    def _note_settled(self) -> None:
        """Let those try again who wait for room in the budget."""
        self._settled.set()
        self._settled = asyncio.Event()


def _give_back(ticket: Ticket, exchange: Exchange) -> None:
    """Give a place back, and report how the request ended."""
    usage = exchange.usage
    ticket.done(
        exchange.status,
        headers=exchange.headers,
        wait_s=retry_after_s(exchange.headers) if exchange.wait_s is None else exchange.wait_s,
        tokens=usage.input_tokens + usage.output_tokens if usage else None,
        timed_out=exchange.timed_out,
        server_s=exchange.server_s,
    )
