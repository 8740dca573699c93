"""Where an adviser is signed in: a random cookie, of which only the SHA-256 is kept."""

import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from triage_agent.web.advisers import AdviserAccount
from triage_agent.web.database import Database, now, stored

IDLE, LONGEST = timedelta(hours=12), timedelta(days=14)
NOTED_AFTER = timedelta(minutes=5)  # that a session is used is not written with every request


@dataclass(frozen=True, slots=True)
class Session:
    """One browser in which an adviser is signed in."""

    adviser: AdviserAccount
    csrf: str  # stands in every form, and comes back with it


class Sessions:
    """The sessions in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def begin(self, adviser: AdviserAccount) -> str:
        """Return the cookie of a new session; those that have ended are deleted."""
        cookie, moment = secrets.token_urlsafe(32), now()
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM session WHERE made_at <= ? OR used_at <= ?", _limits())
            connection.execute(
                "INSERT INTO session (token, adviser, made_at, used_at) VALUES (?, ?, ?, ?)",
                (_digest(cookie), adviser.id, moment, moment),
            )
        return cookie

    def of(self, cookie: str) -> Session | None:
        """Return the session of a cookie; None: there is none, or it has ended."""
        row = self._database.row(
            "SELECT adviser.*, used_at FROM session JOIN adviser ON adviser.id = session.adviser"
            " WHERE token = ? AND session.made_at > ? AND used_at > ? AND password IS NOT NULL",
            _digest(cookie),
            *_limits(),
        )
        if row is None:
            return None
        if row["used_at"] < stored(datetime.now(UTC) - NOTED_AFTER):
            with self._database.transaction() as connection:
                connection.execute(
                    "UPDATE session SET used_at = ? WHERE token = ?", (now(), _digest(cookie))
                )
        account = AdviserAccount(row["id"], row["name"], row["password"], row["feed"])
        return Session(account, self._csrf(cookie))

    def end(self, cookie: str) -> None:
        """End the session of a cookie."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM session WHERE token = ?", (_digest(cookie),))

    def end_all(self, adviser: int) -> None:
        """End an adviser's sessions in all browsers."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM session WHERE adviser = ?", (adviser,))

    def _csrf(self, cookie: str) -> str:
        """Return the token of a session's forms: another site's page cannot know it."""
        told = b"form\0" + cookie.encode()
        return hmac.new(self._database.secret, told, sha256).hexdigest()


def _limits() -> tuple[str, str]:
    """Return when a session must have begun, and been used, to be valid."""
    moment = datetime.now(UTC)
    return stored(moment - LONGEST), stored(moment - IDLE)


def _digest(cookie: str) -> bytes:
    return sha256(cookie.encode("utf-8", "replace")).digest()
