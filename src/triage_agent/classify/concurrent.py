"""Many pieces of work at once, their results in the order of the input."""

import asyncio
from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Iterable
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


async def in_order(
    items: Iterable[T], work: Callable[[T], Awaitable[R]], width: int
) -> AsyncGenerator[tuple[T, R]]:
    """Yield (item, result) in the order of `items`, at most `width` items under way at once.

    Items are taken as places become free, so memory does not grow with their number. The first
    error ends the rest of the work under way and is raised in its place in the order.
    """
    under_way: deque[tuple[T, asyncio.Task[R]]] = deque()
    source = iter(items)
    exhausted = False
    failure: Exception | None = None  # of the source; raised after the results before it
    try:
        while under_way or not exhausted:
            while not exhausted and len(under_way) < width:
                try:
                    item = next(source)
                except StopIteration:
                    exhausted = True
                    break
                except Exception as error:
                    failure, exhausted = error, True
                    break
                under_way.append((item, asyncio.ensure_future(_run(work, item))))
            if not under_way:
                break
            item, task = under_way[0]
            result = await task
            under_way.popleft()
            yield item, result
        if failure is not None:
            raise failure
    finally:
        for _, task in under_way:
            task.cancel()
        await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)


async def _run(work: Callable[[T], Awaitable[R]], item: T) -> R:
    """Return the result of one piece of work."""
    return await work(item)
