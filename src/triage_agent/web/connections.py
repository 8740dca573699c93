"""How long a connection may take to say what it wants: who is too slow gives its place free."""

from asyncio import Protocol, TimerHandle, Transport
from typing import cast

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_S = 15.0  # for the first line and the headers of a request
READ_S = 60.0  # for the other side to read what waits for it


class Connection(H11Protocol):
    """A connection of uvicorn that is closed if the head of a request does not arrive in time.

    Without it, uvicorn waits for as long as the other side likes: a few hundred connections that
    send a byte now and then would leave no place for others.
    """

    _waits: TimerHandle | None = None
    _unread: TimerHandle | None = None

    def connection_made(self, transport: Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first request."""
        super().connection_made(transport)
        self._wait()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        self.resume_writing()
        super().connection_lost(exc)

    def handle_events(self) -> None:
        """Take what has arrived; wait on if it is not yet the head of a request."""
        super().handle_events()
        if self.conn.their_state is h11.IDLE:
            self._wait()
        else:
            self._stop()

    def pause_writing(self) -> None:
        """Wait for the other side to read, for as long as it may take."""
        super().pause_writing()
        self._unread = self.loop.call_later(READ_S, self.transport.abort)

    def resume_writing(self) -> None:
        """Go on: the other side has read."""
        super().resume_writing()
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait(self) -> None:
        if self._waits is None:
            self._waits = self.loop.call_later(HEAD_S, self._late)

    def _stop(self) -> None:
        if self._waits is not None:
            self._waits.cancel()
            self._waits = None

    def _late(self) -> None:
        self._waits = None
        if self.conn.their_state is h11.IDLE and not self.transport.is_closing():
            self.transport.close()


PROTOCOL = cast("type[Protocol]", Connection)
