"""How many requests may be under way at once.

    what the server does               what follows
    answers                            +1 for each answer, until the first 429 or timeout; then +1
                                       a round; only while the places are in use
    429, 408, 504, no answer in time   × 0.8, at most once a round, never below 1
    5xx, dropped connection            no growth for 5 s
    takes longer, the more it is asked back to half (see `Gain`), and tried again later

The idea of the last line is that of TCP Vegas and of Netflix's concurrency limits: a queue shows
in the time that an answer takes before anything is refused. They hold that time against the
shortest seen, which would keep a server that works on several requests at once, each a little
slower, far below what it can do. So here it is the number of answers a second that must grow.
"""

import math
from collections import defaultdict
from statistics import fmean, median

FIRST_LIMIT = 4
CUT = 0.8
SATURATED = 0.8  # the share of the places in use from which more places may help
PAUSE_S = 5.0  # how long the limit does not grow after a failure of the server
LATE = frozenset({408, 504})  # a timeout of the server, or of a gateway before it
NEVER = -math.inf  # the moment of what has not happened
LEAST_GAIN = 0.1  # of the added requests; a queue brings none, a server with free places all
APART = 1.5  # how many times the requests two measurements must differ by to be compared
OUTLIER = 4  # times the median
SHORTEST_S = 0.001  # the clock and the network know no shorter time
RETRY_FIRST, RETRY_LAST = 16, 512  # answers until what brought no gain is tried again


class ConcurrencyLimit:
    """The limit: additive increase, multiplicative decrease, and no increase without a gain."""

    def __init__(self, most: int, first: int = FIRST_LIMIT) -> None:
        self._most, self._gain = most, Gain(first)
        self._slow_start = True
        # Numbers of requests: the last one admitted, and the last one before the last cut and
        # before the places were last used up.
        self._newest = self._cut_at = self._full_at = 0
        self._steady_until = NEVER
        self._set(first)

    def fill(self, in_flight: int, newest: int) -> None:
        """Take note of how many are under way, and of the last request admitted."""
        self._newest = newest
        # Whole places: at a limit of 1.9 one request is all that can be under way.
        if in_flight >= SATURATED * self.places:
            self._full_at = newest

    def update(self, status: int | None, number: int, now: float, *, timed_out: bool) -> None:
        """Learn from the outcome of one request."""
        if status == 429 or timed_out or status in LATE:
            self._slow_start = False
            if number > self._cut_at:
                self._cut_at = self._newest
                self._set(self.limit * CUT)
        if status is None or status == 408 or status >= 500:
            self._steady_until = now + PAUSE_S
        elif status < 400 and number <= self._full_at and now >= self._steady_until:
            self._set(self.limit + (1 if self._slow_start else 1 / self.limit))

    def took(self, beside: int, seconds: float) -> None:
        """Learn how long the server took for a request, which was one of `beside` under way."""
        self._gain.note(beside, seconds, self.places)
        self._set(self.limit)

    def _set(self, limit: float) -> None:
        self.limit = min(max(limit, 1.0), float(self._most), self._gain.ceiling)
        self.places = int(self.limit)


class Gain:
    """Whether more requests at once bring more answers a second.

    Numbers of requests under way are held against each other in bands, each twice the one before:
    1, 2 and 3, 4 to 7 … A band in which the server gives hardly more answers a second than in the
    one below is left, and tried again later: a measurement may be chance, and a server may change.
    """

    def __init__(self, first: int) -> None:
        self._top = _band(first)  # the highest band that may be entered
        self._measured = False
        self._new: defaultdict[int, list[tuple[int, float]]] = defaultdict(list)
        self._known: dict[int, tuple[float, float]] = {}  # band: requests, answers a second
        self._no_gain: int | None = None  # the lowest band that brought none, and is left
        self._left = 0  # answers until it is tried again
        self._patience = RETRY_FIRST

    @property
    def ceiling(self) -> float:
        """The most requests that may be under way."""
        return 2.0 ** (self._top + 1) - 1 if self._measured else math.inf

    def note(self, beside: int, seconds: float, places: int) -> None:
        """Learn how long one of `beside` requests under way took, with this many places."""
        self._measured = True
        if self._no_gain is not None:
            self._left -= 1
            if not self._left:
                self._top, self._no_gain = self._no_gain, None
        band, new = _band(beside), self._new[_band(beside)]
        new.append((beside, max(seconds, SHORTEST_S)))
        if len(new) < _needed(band):
            return
        requests, answers = _typical(new)
        before = self._known.get(band, (requests, answers))
        self._known[band] = (requests + before[0]) / 2, (answers + before[1]) / 2
        self._new[band] = []
        if _band(places) <= band <= self._top:
            self._judge(band)

    def _judge(self, band: int) -> None:
        """Allow the next band, or go back to the one below."""
        requests, answers = self._known[band]
        less = self._with_fewer(band, requests)
        if less is None and band and self._no_gain is not None:
            self._top = band - 1  # a lower one may do as well; it has to be measured
        elif less and answers / less[1] - 1 < LEAST_GAIN * (requests / less[0] - 1):
            self._top, self._no_gain, self._left = band - 1, band, self._patience
            self._patience = min(2 * self._patience, RETRY_LAST)
        elif self._no_gain is None:
            self._patience = RETRY_FIRST if band == self._top else self._patience
            self._top = max(self._top, band + 1)
        else:
            self._top = max(self._top, min(band + 1, self._no_gain - 1))

    def _with_fewer(self, band: int, requests: float) -> tuple[float, float] | None:
        """Return the best that is known of clearly fewer requests."""
        known = {
            lower: self._known.get(lower) or _typical(self._new[lower])
            for lower in range(band)
            if lower in self._known or len(self._new[lower]) > 1  # two are better than none
        }
        fewer = [one for one in known.values() if one[0] * APART <= requests]
        return max(fewer, key=lambda one: one[1], default=None)


def _band(requests: int) -> int:
    """Return the band of a number of requests.

    >>> [_band(n) for n in (1, 2, 3, 4, 7, 8)]
    [0, 1, 1, 2, 2, 3]
    """
    return max(requests, 1).bit_length() - 1


def _needed(band: int) -> int:
    """Return how many answers a judgement takes: replies of a model differ in length."""
    return max(8, 2 ** (band - 1)) if band else 4


def _typical(measured: list[tuple[int, float]]) -> tuple[float, float]:
    """Return the mean number of requests, and of the answers a second, without far outliers.

    The first answer of all may have waited for a model to be loaded.

    >>> _typical([(1, 30.0), (1, 2.0), (1, 2.0), (1, 2.0)])
    (1.0, 0.5)
    """
    far = OUTLIER * median(seconds for _, seconds in measured)
    requests = fmean(beside for beside, _ in measured)
    return requests, requests / fmean(seconds for _, seconds in measured if seconds <= far)
