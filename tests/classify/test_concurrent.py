import asyncio
from contextlib import aclosing

import pytest

from triage_agent.classify.concurrent import in_order


def collect(items, work, width):
    async def run():
        return [pair async for pair in in_order(items, work, width)]

    return asyncio.run(run())


def test_results_keep_the_order_of_the_input_whatever_finishes_first():
    async def work(item):
        await asyncio.sleep(0.001 * (5 - item))
        return item * 10

    assert collect(range(5), work, width=5) == [(n, n * 10) for n in range(5)]


def test_never_more_than_width_are_under_way_and_items_are_taken_late():
    taken, running, most = [], 0, 0

    def items():
        for n in range(50):
            taken.append(n)
            yield n

    async def work(item):
        nonlocal running, most
        running += 1
        most = max(most, running)
        assert len(taken) <= item + 4
        await asyncio.sleep(0)
        running -= 1
        return item

    assert len(collect(items(), work, width=3)) == 50
    assert most == 3


def test_an_error_is_raised_in_its_place_and_the_rest_is_cancelled():
    cancelled = []

    async def work(item):
        if item == 1:
            raise ValueError("one")
        try:
            await asyncio.sleep(0 if item == 0 else 60)
        except asyncio.CancelledError:
            cancelled.append(item)
            raise
        return item

    seen = []

    async def run():
        async with aclosing(in_order(range(4), work, 4)) as results:
            async for item, _ in results:
                seen.append(item)

    with pytest.raises(ValueError, match="one"):
        asyncio.run(run())
    assert seen == [0]
    assert cancelled == [2, 3]
