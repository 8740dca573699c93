"""Writes of one round share a transaction, and each is reported when it is committed."""

import asyncio
import sqlite3
from contextlib import closing
from decimal import Decimal

import pytest

from triage_agent.errors import SettingsError
from triage_agent.models.llm.budget import Budget, CostCapError
from triage_agent.models.llm.cache import Cache
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.prices import Price
from triage_agent.types import Usage

pytestmark = pytest.mark.anyio

OUT = "/home/ann/out.csv"


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture
def path(tmp_path):
    return tmp_path / "ledger.sqlite3"


@pytest.fixture
def cache(path):
    with closing(Cache(path)) as one:
        yield one


@pytest.fixture
def statements(cache):
    seen = []
    cache._db.set_trace_callback(seen.append)
    return seen


def kept(path):
    """Return what another program would find in the file."""
    with closing(sqlite3.connect(path)) as other:
        return {key for (key,) in other.execute("SELECT key FROM reply")}


def storing(cache, key):
    return cache.writes.submit(lambda: cache.store(key, "{}"))


async def test_all_writes_of_a_round_are_one_transaction(cache, statements):
    await asyncio.gather(*(storing(cache, str(n)) for n in range(10)))
    assert [one for one in statements if not one.startswith("INSERT")] == [
        "BEGIN IMMEDIATE",
        "COMMIT",
    ]
    assert len(statements) == 12


async def test_a_lone_write_needs_no_transaction_of_several_statements(cache, statements):
    await storing(cache, "a")
    assert len(statements) == 1


async def test_whoever_is_told_that_it_is_written_finds_it_committed(cache, path):
    found = {}

    async def one(key):
        await storing(cache, key)
        found[key] = key in kept(path)

    await asyncio.gather(*(one(str(n)) for n in range(5)))
    assert found == {str(n): True for n in range(5)}


async def test_one_that_is_over_the_cap_does_not_undo_the_others(cache, path):
    budget = Budget(cache, OUT, Price(Decimal(1), Decimal(1)), Decimal("0.0015"))
    budget._billed = True
    kept_one = storing(cache, "a")
    results = await asyncio.gather(
        *(budget.reserved(1_000, 500) for _ in range(2)), return_exceptions=True
    )
    await kept_one
    assert isinstance(results[1], CostCapError)
    assert kept(path) == {"a"}
    assert cache.spent(OUT) == 1_500


async def test_if_nothing_can_be_written_everybody_who_waits_is_told(cache, path):
    cache._db.execute("PRAGMA busy_timeout = 0")
    waiting = [storing(cache, str(n)) for n in range(3)]
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        ended = await asyncio.gather(*waiting, return_exceptions=True)
        other.execute("ROLLBACK")
    assert {type(one) for one in ended} == {SettingsError}
    assert kept(path) == set()
    await storing(cache, "later")
    assert kept(path) == {"later"}


async def test_a_write_that_fails_takes_back_those_before_it(cache, path):
    def broken():
        raise SettingsError("The disk is full.")

    ended = await asyncio.gather(
        storing(cache, "a"), cache.writes.submit(broken), return_exceptions=True
    )
    assert all(isinstance(one, SettingsError) for one in ended)
    assert kept(path) == set()


async def test_what_was_not_yet_written_is_written_when_the_cache_closes(path):
    cache = Cache(path)
    storing(cache, "a")
    cache.close()
    assert kept(path) == {"a"}


@pytest.mark.parametrize("moment", ["before it is made", "when it is made"])
async def test_a_reservation_that_nobody_waits_for_any_more_costs_nothing(cache, moment):
    budget = Budget(cache, OUT, Price(Decimal(1), Decimal(1)), None)
    task = asyncio.ensure_future(budget.reserved(1_000, 500))
    await asyncio.sleep(0)
    if moment == "when it is made":
        cache.writes.flush()
    task.cancel()
    await asyncio.wait([task])
    assert task.cancelled()
    assert cache.spent(OUT) == 0


async def test_two_caches_of_one_file_in_one_loop_do_not_wait_for_each_other(cache, path):
    with closing(Cache(path)) as other:
        await asyncio.gather(
            *(storing(cache, f"a{n}") for n in range(3)),
            *(storing(other, f"b{n}") for n in range(3)),
        )
    assert len(kept(path)) == 6


async def test_what_was_spent_is_known_as_soon_as_a_request_has_ended(cache):
    meter = Meter(budget=Budget(cache, OUT, Price(Decimal(1), Decimal(1)), None))
    async with meter.admit(1_000, 500) as exchange:
        exchange.usage = Usage(1, 200, 100)
    assert cache.spent(OUT) == 300
