"""What calls cost: bounds, quotes, and the budget that a run may not pass.

Amounts are whole micro-dollars or `Decimal`, never floats, and rounded up. Since prices are per
million tokens, tokens times price is micro-dollars.
"""

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Context, Decimal, localcontext
from fractions import Fraction

from triage_agent.errors import SettingsError, TriageError
from triage_agent.models.llm.prices import Price
from triage_agent.models.llm.store import Store
from triage_agent.types import Usage

MICRO = 1_000_000
UPWARDS = Context(prec=60, rounding=ROUND_CEILING)  # what is too long to be exact is too dear
TYPICAL_BYTES_A_TOKEN = 4  # of English text, by OpenAI's rule of thumb


class CostCapError(TriageError):
    """The next request might pass the cost cap; what was done so far is cached.

    `may_pass`: requests of this run are under way, and may leave room once they are settled.
    """

    exit_code = 6

    def __init__(self, message: str, *, may_pass: bool = False) -> None:
        super().__init__(message)
        self.may_pass = may_pass


def _micro(input_tokens: int, output_tokens: int, price: Price) -> int:
    """Return the price of a number of tokens in micro-dollars, rounded up."""
    with localcontext(UPWARDS):
        dear = price.input_usd_per_million * input_tokens
        return math.ceil(dear + price.output_usd_per_million * output_tokens)


def upper_bound(request_bytes: int, max_output_tokens: int, price: Price) -> int:
    """Return the most micro-dollars that one request can cost: a token is at least one byte."""
    return _micro(request_bytes, max_output_tokens, price)


def cost(usage: Usage, price: Price) -> int:
    """Return what a usage costs in micro-dollars.

    >>> cost(Usage(1, input_tokens=1200, output_tokens=150), Price(Decimal("0.25"), Decimal(2)))
    600
    """
    return _micro(usage.input_tokens, usage.output_tokens, price)


def in_usd(micro_usd: int) -> str:
    """Return an amount for people, cents at least and never less than it is.

    >>> in_usd(5_000_000), in_usd(1_230), in_usd(1)
    ('$5.00', '$0.0013', '$0.0001')
    """
    rounded = Decimal(-(-micro_usd // 100)).scaleb(-4)
    return f"${rounded:.2f}" if rounded * 100 % 1 == 0 else f"${rounded:.4f}"


class Budget:
    """What one run may spend; without a price it only counts tokens, and `spent_usd` stays 0.

    `writes`: an answer has output tokens, as those of a decision model need not have.
    """

    def __init__(
        self,
        database: Store,
        account: str,
        price: Price | None,
        cap_usd: Decimal | None,
        *,
        writes: bool = True,
    ) -> None:
        if cap_usd is not None and not (cap_usd.is_finite() and cap_usd >= 0):
            raise SettingsError(f"--max-cost {cap_usd} is not an amount. Give USD, as 5 or 2.50.")
        self.price, self.cap_usd, self.account = price, cap_usd, account
        self._database, self._open, self._writes = database, 0, writes
        self._cap = None if cap_usd is None else math.floor(cap_usd * MICRO)
        self._billed = cap_usd is None  # whether an answer has shown how its service bills
        if cap_usd is not None and price is None:
            raise SettingsError(
                "A cost cap cannot be enforced for a model whose price is not known. Give it with "
                "--price INPUT/OUTPUT in USD per million tokens, for example --price 0.25/2.00."
            )

    @property
    def cap_micro_usd(self) -> int | None:
        """What the account may spend, in micro-dollars; None: any amount."""
        return self._cap

    @property
    def spent_usd(self) -> Decimal:
        """What the account has spent, in this run and earlier ones, open reservations included."""
        return Decimal(self._database.spent(self.account)).scaleb(-6)

    def reserve(self, request_bytes: int, max_output_tokens: int) -> "Reservation":
        """Set aside what one request can cost at most, or raise `CostCapError`.

        Under a cap, nothing is sent beside the first request until it is answered: it shows
        whether the service bills more than the request's size tells.
        """
        price = self.price
        if not self._billed and self._open:
            raise CostCapError("The first request has not been answered.", may_pass=True)
        bound = upper_bound(request_bytes, max_output_tokens, price) if price else 0
        number = self._database.reserve(self.account, bound, self._cap)
        if number is None:
            bound = -(-bound * self._database.overrun(self.account) // 1000)
            raise CostCapError(
                f"The cost cap of {in_usd(self._cap or 0)} is reached: "
                f"{in_usd(self._database.spent(self.account))} is spent or reserved, and the next "
                f"request may cost up to {in_usd(bound)}. Answers received so far are cached: run "
                "the same command with a higher --max-cost to continue.",
                may_pass=self._open > 0,
            )
        self._open += 1
        return Reservation(self, number)

    async def reserved(self, request_bytes: int, max_output_tokens: int) -> "Reservation":
        """Return the reservation once it is written, or raise `CostCapError`."""
        future = self._database.writes.submit(
            lambda: self.reserve(request_bytes, max_output_tokens), _unused
        )
        try:
            return await future
        except asyncio.CancelledError:
            if future.done() and not future.cancelled() and not future.exception():
                future.result().settle_soon(Usage())  # made, and nobody is there to use it
            raise

    def _settle(self, number: int, usage: Usage | None) -> None:
        """Put what a request cost in the place of what was reserved for it."""
        self._open -= 1
        self._billed = self._billed or bool(usage and usage.calls)
        # No call is answered without tokens both ways: such a report does not count.
        made = usage and (usage.output_tokens or not self._writes)
        reported = usage and (not usage.calls or (usage.input_tokens and made))
        real = cost(usage, self.price) if usage and reported and self.price else None
        self._database.settle(number, real, usage or Usage())


@dataclass(slots=True)
class Reservation:
    """Money set aside for one request."""

    _budget: Budget
    _number: int
    _settled: bool = False

    def settle_soon(self, usage: Usage | None) -> None:
        """Do what `settle` does, with the other writes of this round of the event loop."""
        written = self._budget._database.writes.submit(lambda: self.settle(usage))  # noqa: SLF001
        # If it fails, all stays reserved, and the next reservation says why.
        written.add_done_callback(lambda one: one.cancelled() or one.exception())

    def settle(self, usage: Usage | None) -> None:
        """Count what was used, once.

        None (a timeout, a broken answer) counts as all that was reserved; `Usage()`, without a
        call, as nothing: the service refused.
        """
        if self._settled:
            raise RuntimeError("a reservation was settled twice")
        self._settled = True
        self._budget._settle(self._number, usage)  # noqa: SLF001 (two halves of one thing)


def _unused(reservation: Reservation) -> None:
    """Free what was reserved for a request that is not sent."""
    reservation.settle(Usage())


@dataclass(frozen=True, slots=True)
class Quote:
    """What a run will cost, and the tokens behind the low end."""

    low_usd: Decimal  # a typical run
    high_usd: Decimal  # the bound, if every row was sampled and nothing is asked twice
    input_tokens: int
    output_tokens: int


def estimate_cost(
    samples: Sequence[int],
    rows: int,
    max_output_tokens: int,
    typical_output_tokens: int,
    price: Price,
) -> Quote:
    """Return what `rows` requests will cost, estimated from the sizes in bytes of some of them."""
    if rows and not samples:
        raise ValueError("a quote needs at least one sample")
    scale = Fraction(rows, len(samples) or 1)
    given = sum(-(-size // TYPICAL_BYTES_A_TOKEN) for size in samples)
    made = min(typical_output_tokens, max_output_tokens) * len(samples)
    most = sum(upper_bound(size, max_output_tokens, price) for size in samples)
    low, high = (
        Decimal(math.ceil(amount * scale)).scaleb(-6)
        for amount in (_micro(given, made, price), most)
    )
    return Quote(low, high, math.ceil(given * scale), math.ceil(made * scale))
