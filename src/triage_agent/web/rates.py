"""How often one address may do something, counted in this process."""

import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

MOST_KNOWN = 100_000  # counts that are remembered; the oldest are forgotten first


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once at most, and so many in this time."""

    count: int
    seconds: float


class Rates:
    """Counts by what is done and by whom.

    For each there is one moment: when all that was done is paid off, at the rate that is allowed
    (the generic cell rate algorithm). So a count takes the same time and memory whatever was done,
    and is forgotten when it is paid off. The storages of the package `limits` walk over all counts
    again and again, so that many addresses alone would keep a server busy.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._paid: OrderedDict[tuple[str, str], float] = OrderedDict()

    def __len__(self) -> int:
        """Return how many counts are remembered."""
        return len(self._paid)

    def allow(self, rate: Rate, what: str, who: str, *, count: bool = True) -> bool:
        """Return whether `who` may do it once more; with `count` it is counted if so.

        >>> rates, twice = Rates(), Rate(2, seconds=60)
        >>> [rates.allow(twice, "knock", "Ann") for _ in range(3)]
        [True, True, False]
        """
        now, cost = self._clock(), rate.seconds / rate.count
        self._forget(now)
        paid = max(now, self._paid.get((what, who), now)) + cost
        if paid > now + rate.seconds + cost / 2:  # half a cost: sums of fractions are not exact
            return False
        if count:
            self._paid[what, who] = paid
            self._paid.move_to_end((what, who))
        return True

    def wait_s(self, rate: Rate, what: str, who: str) -> float:
        """Return in how many seconds `who` may do it once more; 0: now."""
        cost = rate.seconds / rate.count
        return max(0.0, self._paid.get((what, who), 0.0) + cost / 2 - rate.seconds - self._clock())

    def _forget(self, now: float) -> None:
        """Forget the oldest counts that are paid off, two for each that may come."""
        for _ in range(2):
            if self._paid and self._paid[next(iter(self._paid))] <= now:
                self._paid.popitem(last=False)
        if len(self._paid) >= MOST_KNOWN:
            self._paid.popitem(last=False)
