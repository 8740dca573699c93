"""Says a long wait, once for all requests that share it: a silent program looks like a dead one."""

import logging
import time
from collections.abc import Callable

from triage_agent.intake import counted

SAID_FROM_S = 20.0
PATIENCE_S = 600.0  # a longer wait is a quota for the day: it stops the run
LOG = logging.getLogger(__name__)


class Waits:
    """The waits for one service."""

    def __init__(self, host: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._host, self._clock = host, clock
        self._said_until = -SAID_FROM_S

    def say(self, seconds: float) -> None:
        """Say a wait of 20 s to 10 minutes, unless one that ends about then has been said."""
        until = self._clock() + seconds
        if SAID_FROM_S < seconds <= PATIENCE_S and until > self._said_until + SAID_FROM_S:
            self._said_until = until
            LOG.warning("waiting %s for %s", in_words(seconds), self._host)

    def say_outage(self, why: str) -> None:
        """Say that the service is waited for, however long it takes up to the bound."""
        LOG.warning("waiting for %s, up to %s: %s", self._host, in_words(PATIENCE_S), why)


def in_words(seconds: float) -> str:
    """Return a length of time for people.

    >>> in_words(45.2), in_words(300), in_words(5400), in_words(float("inf"))
    ('45 seconds', '5 minutes', '90 minutes', 'more than a day')
    """
    if seconds > 86_400:
        return "more than a day"
    return (
        counted(round(seconds), "second")
        if seconds < 120
        else counted(round(seconds / 60), "minute")
    )
