"""The meter: a request passes the rate limiter and the budget, and is settled in any case."""

import asyncio
from contextlib import closing
from decimal import Decimal

import pytest

from triage_agent.models.llm.budget import Budget, CostCapError
from triage_agent.models.llm.cache import Cache
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.prices import Price
from triage_agent.models.llm.rate_limiter import RateLimiter
from triage_agent.types import Usage

pytestmark = pytest.mark.anyio

OUT = "/home/ann/out.csv"
MOST = 1_500  # micro-dollars that a request of 1,000 bytes and 500 tokens can cost


@pytest.fixture
def cache(tmp_path):
    with closing(Cache(tmp_path / "ledger.sqlite3")) as cache:
        yield cache


def budget(cache, cap_micro_usd=None):
    cap = None if cap_micro_usd is None else Decimal(cap_micro_usd).scaleb(-6)
    return Budget(cache, OUT, Price(Decimal(1), Decimal(1)), cap)


async def send(meter, usage=None, error=None, wait=0.0):
    """Send one request that ends with a usage, or with an error."""
    async with meter.admit(1_000, 500) as exchange:
        await asyncio.sleep(wait)
        exchange.usage = usage
        if error:
            raise error


async def test_without_rate_limiter_and_budget_every_request_goes_out_at_once():
    await send(Meter(), Usage(1, 10, 10))
    assert not Meter().has_cost_cap


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        pytest.param(Usage(1, 200, 100), 300, id="the usage that was reported"),
        pytest.param(Usage(), 0, id="a refusal costs nothing"),
        pytest.param(None, MOST, id="of an unknown outcome all that was reserved"),
    ],
)
@pytest.mark.parametrize("error", [None, OSError("connection lost")], ids=["reply", "error"])
async def test_what_a_request_is_settled_for(cache, usage, micro_usd, error):
    meter = Meter(budget=budget(cache))
    if error:
        with pytest.raises(OSError, match="connection lost"):
            await send(meter, usage, error)
    else:
        await send(meter, usage)
    assert cache.spent(OUT) == micro_usd


async def test_near_the_cap_a_request_waits_for_those_under_way_to_cost_less(cache):
    meter = Meter(budget=budget(cache, MOST + 300))
    assert meter.has_cost_cap
    cheap = Usage(1, 200, 100)
    await asyncio.gather(send(meter, cheap, wait=0.02), send(meter, cheap))
    assert cache.spent(OUT) == 600


async def test_a_payment_in_the_round_of_a_refusal_is_not_overlooked(cache):
    meter, cheap = Meter(budget=budget(cache, MOST + 300)), Usage(1, 200, 100)
    admitted, answered = asyncio.Event(), asyncio.Event()

    async def first():
        async with meter.admit(1_000, 500) as exchange:
            admitted.set()
            await answered.wait()
            exchange.usage = cheap

    one = asyncio.create_task(first())
    await admitted.wait()
    two = asyncio.create_task(send(meter, cheap))  # asks for room before the first has paid
    answered.set()
    async with asyncio.timeout(10):
        await asyncio.gather(one, two)
    assert cache.spent(OUT) == 600


async def test_at_the_cap_with_nothing_under_way_the_run_ends(cache):
    meter = Meter(budget=budget(cache, MOST - 1))
    with pytest.raises(CostCapError):
        await send(meter)
    assert cache.spent(OUT) == 0


async def test_a_place_is_given_back_when_the_budget_refuses_or_the_request_fails(cache):
    limiter = RateLimiter(max_concurrency=1)
    meter = Meter(limiter, budget(cache, MOST))
    with pytest.raises(OSError, match="connection lost"):
        await send(meter, Usage(), OSError("connection lost"))
    await send(meter, Usage(1, 1, 1))
    with pytest.raises(CostCapError):
        await send(meter)
    assert limiter.in_flight == 0
