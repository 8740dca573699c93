"""Waits for a server that has gone away, and asks after it with one request at a time.

    what is seen                                            the server is taken for down
    a refused connection, a name that is no longer known    at once, if it has answered before
    503 or 500 with words that it is loading its model      at once
    a dropped connection, 502, 503, 504                     at the fifth in a row, if it has given
                                                            a good answer before

While it is down no other request is sent: one asks after 0.5 s, then in doubling times up to 5 s.
Its requests do not count as attempts. After ten minutes the run stops; nothing answered is lost.
"""

import asyncio
import re
import time
from collections.abc import Awaitable, Callable

from triage_agent.errors import ServiceError, StopError
from triage_agent.models.llm.refusals import Refusal
from triage_agent.models.llm.waits import PATIENCE_S, in_words

FIRST_PAUSE_S, LAST_PAUSE_S = 0.5, 5.0
IN_A_ROW = 5
DOUBTFUL = frozenset({502, 503, 504})
# What to say of a server whose address is known to be right, by the kind of the failure.
GONE = {
    "connection": "it no longer answers.",
    "dns": "its name cannot be looked up any more. Is there a network?",
    "proxy": "the proxy on the way cannot be reached any more.",
}
LOADING_STATUSES = frozenset({500, 503})
LOADING = re.compile(
    r"\bloading\b.{0,40}\bmodel|\bmodel\b.{0,80}\b(loading|starting|warming up)", re.IGNORECASE
)
FAILED = re.compile(r"fail|error|unable|cannot|could not", re.IGNORECASE)  # to load, for good


class Outage:
    """Whether one server is down, and who asks after it.

    `sleep` waits for some seconds, or until the run is stopped. `say` is told, once an outage, why
    there is a wait.
    """

    def __init__(
        self,
        place: str,
        sleep: Callable[[float], Awaitable[None]],
        say: Callable[[str], None] = lambda _: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._place, self._sleep, self._say, self._clock = place, sleep, say, clock
        self._answered = False  # whether there ever was a good answer
        self._doubts = 0  # failures in a row that may mean an outage
        self._since: float | None = None  # None: the server is not down
        self._why = ""
        self._slept, self._pause = 0.0, FIRST_PAUSE_S
        self._probing = self._said = False
        self._changed = asyncio.Event()

    @property
    def on(self) -> bool:
        """Whether the server is down."""
        return self._since is not None

    async def turn(self) -> bool:
        """Wait until the server may be asked again; True: by this request alone, for a start.

        Whoever gets True calls `end_turn`. Raises `StopError` after ten minutes.
        """
        while self._since is not None:
            if max(self._clock() - self._since, self._slept) > PATIENCE_S:
                raise StopError(
                    f"{self._place} has been down for {in_words(PATIENCE_S)}: {self._why} Run the "
                    "same command again when it works; the answers so far are cached.",
                    "unreachable",
                )
            if self._probing:
                await self._changed.wait()
                continue
            self._probing = True
            try:
                await self._sleep(self._pause)
            except BaseException:
                self.end_turn()
                raise
            self._slept += self._pause
            if self.on:
                return True
            self.end_turn()
        return False

    def end_turn(self) -> None:
        """Let another request ask, if the server is still down."""
        self._probing = False
        self._wake()

    def stop(self) -> None:
        """Let everybody go on, because nothing will be sent any more."""
        self._since = None
        self._wake()

    def answered(self, *, well: bool) -> None:
        """Learn that the server gave an answer; `well`: one that was asked for."""
        self._answered = self._answered or well
        self._doubts = 0
        if self.on:
            self._since, self._said = None, False
            self._wake()

    def refused(self, refusal: Refusal) -> None:
        """Learn that the server answered with an error status."""
        words, status = refusal.message, refusal.status
        if status in LOADING_STATUSES and LOADING.search(words) and not FAILED.search(words):
            self._down("it is loading its model.", refusal.wait_s)
        elif status in DOUBTFUL:
            self._doubt(f"it answers {status}.", refusal.wait_s)
        else:
            self.answered(well=False)

    def failed(self, error: ServiceError, *, reached: bool) -> None:
        """Learn that a request got no answer; `reached`: the server was there once."""
        why = GONE.get(error.kind, error.message)
        if error.kind in GONE and not error.sent:
            if reached:
                self._down(why)
        elif error.kind == "connection":
            self._doubt(why)
        elif self.on:
            self._down(why)

    def _doubt(self, why: str, wait_s: float | None = None) -> None:
        """Note a failure that may be one request's bad luck."""
        self._doubts += 1
        if self.on or (self._answered and self._doubts >= IN_A_ROW):
            self._down(why, wait_s)

    def _down(self, why: str, wait_s: float | None = None) -> None:
        """Note that the server is down, or still is."""
        self._why = why
        if self._since is None:
            self._since, self._slept, self._pause = self._clock(), 0.0, FIRST_PAUSE_S
        elif self._probing:  # else it is one of those that were under way
            self._pause = min(2 * self._pause, LAST_PAUSE_S)
            if not self._said:
                self._said = True
                self._say(why)
        self._pause = max(self._pause, min(wait_s or 0.0, PATIENCE_S))

    def _wake(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()
