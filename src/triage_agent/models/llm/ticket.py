"""The right to send one request."""

from collections.abc import Callable, Mapping

Settle = Callable[["Ticket", int | None, Mapping[str, str] | None, float | None, int | None], None]


class Ticket:
    """The right to send one request; `done` gives the place back and reports the outcome."""

    __slots__ = ("_settle", "number", "tokens")

    def __init__(self, settle: Settle, number: int, tokens: int) -> None:
        self._settle: Settle | None = settle
        self.number = number  # requests are numbered from 1 as they are admitted
        self.tokens = tokens  # what was reserved

    def done(
        self,
        *,
        status: int | None,
        headers: Mapping[str, str] | None = None,
        wait_s: float | None = None,
        tokens: int | None = None,
    ) -> None:
        """Report the outcome, exactly once; a second time raises `RuntimeError`.

        `status` None: a timeout or a dropped connection. `wait_s`: the server's Retry-After in
        seconds. `tokens`: what was used (None: unknown, and the reservation counts as used).
        """
        if self._settle is None:
            raise RuntimeError("done() was called twice on one ticket")
        settle, self._settle = self._settle, None
        settle(self, status, headers, wait_s, tokens)
