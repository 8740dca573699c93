"""What hooks have received: kept before it is answered, tried again, and known when it returns."""

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from hashlib import sha256
from sqlite3 import Connection, Row

from triage_agent.web.database import Database, now, stored
from triage_agent.web.hooks import note

RETRIES_S = (60, 300, 1800, 7200, 21_600, 86_400)  # after which it is tried again by itself
MOST_WAITING = 1000  # of one hook; more are sent away, to come again
READY = """
FROM delivery JOIN hook ON hook.name = delivery.hook
WHERE payload IS NOT NULL AND mapping IS NOT NULL AND again_at IS NOT NULL
"""


class Trouble(StrEnum):
    """Why a delivery is no submission yet; each has its words in prompts/web."""

    SHAPE = "shape"  # it is not one form
    COLUMNS = "columns"  # a question that is read is not in it
    SERVICE = "service"  # a problem could not be read
    FAULT = "fault"  # an error of this program


class FullError(Exception):
    """Too much of a hook waits."""


class GoneError(Exception):
    """A delivery was deleted, or another worker has made a submission of it."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """One form that has arrived, and is no submission yet.

    Attributes:
        tries: How often it was tried.
        trouble: Why the last try failed; None: it was not tried, or did not fail.
        again: When it is tried again; None: not by itself.
    """

    id: int
    hook: str
    made: datetime
    content: str
    tries: int
    trouble: Trouble | None
    again: datetime | None


class Deliveries:
    """The deliveries in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def take(self, hook: str, sent_id: str, content: str) -> bool:
        """Keep what a hook received; False: it was received before.

        Once this returns, it is on the disk. Raises `FullError` if very much of the hook waits.
        """
        moment, sent = now(), self._digest(sent_id)
        with self._database.transaction() as connection:
            known = connection.execute(
                "SELECT 1 FROM delivery WHERE hook = ? AND sent = ?", (hook, sent)
            ).fetchone()
            if known:
                note(connection, hook, "sent again")
                return False
            waiting = connection.execute(
                "SELECT count(*) FROM delivery WHERE hook = ? AND payload IS NOT NULL", (hook,)
            ).fetchone()[0]
            if waiting >= MOST_WAITING:
                raise FullError
            connection.execute(
                "INSERT INTO delivery (hook, sent, made_at, payload, again_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (hook, sent, moment, content, moment),
            )
            note(connection, hook, "received")
        return True

    def due(self) -> Delivery | None:
        """Return what is to be tried now, what was tried least first; None: nothing."""
        order = "ORDER BY tries, again_at, delivery.id LIMIT 1"
        return _delivery(
            self._database.row(f"SELECT delivery.* {READY} AND again_at <= ? {order}", now())
        )

    def begin(self, delivery: Delivery) -> bool:
        """Count a try before it is made; False: there were too many.

        So what takes the server down with it does so a few times, and not for ever.
        """
        if delivery.tries > len(RETRIES_S):
            return False
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET tries = ? WHERE id = ?", (delivery.tries + 1, delivery.id)
            )
        return True

    def seconds_to_next(self) -> float | None:
        """Return in how many seconds something is due; None: nothing will be."""
        row = self._database.row(f"SELECT min(again_at) AS next {READY}")
        if row is None or row["next"] is None:
            return None
        return max(0.0, (datetime.fromisoformat(row["next"]) - datetime.now(UTC)).total_seconds())

    def finish(self, delivery: Delivery, submission: int) -> Callable[[Connection], None]:
        """Return what makes a delivery a submission, in the transaction that keeps that one.

        It raises `GoneError` if it is none any more.
        """

        def finished(connection: Connection) -> None:
            changed = connection.execute(
                "UPDATE delivery SET payload = NULL, error = NULL, again_at = NULL, submission = ?"
                " WHERE id = ? AND payload IS NOT NULL",
                (submission, delivery.id),
            )
            if not changed.rowcount:
                raise GoneError

        return finished

    def fail(self, delivery: Delivery, trouble: Trouble) -> None:
        """Note why a try failed, and when the next one is: what time cannot cure waits."""
        curable = trouble in {Trouble.SERVICE, Trouble.FAULT} and delivery.tries < len(RETRIES_S)
        wait = timedelta(seconds=RETRIES_S[delivery.tries]) if curable else None
        self._later(delivery, wait, delivery.tries + 1, trouble)

    def put_off(self, delivery: Delivery, seconds: float) -> None:
        """Try later what could not be tried; that is no failure."""
        self._later(delivery, timedelta(seconds=seconds), delivery.tries, delivery.trouble)

    def again(self, hook: str) -> None:
        """Try again at once what has failed of a hook."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET again_at = ?, tries = 0"
                " WHERE hook = ? AND payload IS NOT NULL AND error IS NOT NULL",
                (now(), hook),
            )

    def delete_failed(self, hook: str) -> None:
        """Delete for good what has failed of a hook; sent again, it is not stored again."""
        self._empty("hook = ? AND error IS NOT NULL", hook)
        self._database.scrub()

    def delete_old(self, days: int) -> int:
        """Delete what came this many days ago or before and is no submission; return the number."""
        limit = stored(datetime.now(UTC) - timedelta(days=days))
        deleted = self._empty("made_at < ?", limit)
        if deleted:
            self._database.scrub()
        return deleted

    def waiting(self, hook: str, most: int) -> tuple[list[Delivery], int]:
        """Return what of a hook is no submission yet, and how much that is.

        At most `most` are returned, the failed ones first.
        """
        where = "FROM delivery WHERE hook = ? AND payload IS NOT NULL"
        rows = self._database.rows(
            f"SELECT * {where} ORDER BY error IS NULL, id LIMIT ?", hook, most
        )
        count = self._database.rows(f"SELECT count(*) AS n {where}", hook)[0]["n"]
        return [one for row in rows if (one := _delivery(row))], count

    def latest(self, hook: str) -> Delivery | None:
        """Return what came last of a hook and is no submission yet; None: nothing."""
        return _delivery(
            self._database.row(
                "SELECT * FROM delivery WHERE hook = ? AND payload IS NOT NULL"
                " ORDER BY id DESC LIMIT 1",
                hook,
            )
        )

    def counts(self) -> dict[str, tuple[int, int]]:
        """Return (how many wait, how many of these have failed) of each hook that has any."""
        rows = self._database.rows(
            "SELECT hook, count(*) AS n, count(error) AS failed FROM delivery"
            " WHERE payload IS NOT NULL GROUP BY hook"
        )
        return {row["hook"]: (row["n"], row["failed"]) for row in rows}

    def _later(
        self, delivery: Delivery, wait: timedelta | None, tries: int, trouble: Trouble | None
    ) -> None:
        again = stored(datetime.now(UTC) + wait) if wait is not None else None
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE delivery SET again_at = ?, tries = ?, error = ?"
                " WHERE id = ? AND payload IS NOT NULL",
                (again, tries, trouble, delivery.id),
            )

    def _empty(self, condition: str, value: str) -> int:
        """Delete the words of deliveries; that they came stays known."""
        with self._database.transaction() as connection:
            return connection.execute(
                "UPDATE delivery SET payload = NULL, again_at = NULL"  # noqa: S608
                f" WHERE payload IS NOT NULL AND {condition}",
                (value,),
            ).rowcount

    def _digest(self, sent_id: str) -> bytes:
        """Return what is kept of a form tool's id, which may be somebody's e-mail address."""
        content = b"delivery\0" + sent_id.encode("utf-8", "replace")
        return hmac.new(self._database.secret, content, sha256).digest()


def _delivery(row: Row | None) -> Delivery | None:
    if row is None:
        return None
    return Delivery(
        id=row["id"],
        hook=row["hook"],
        made=datetime.fromisoformat(row["made_at"]),
        content=row["payload"],
        tries=row["tries"],
        trouble=Trouble(row["error"]) if row["error"] else None,
        again=datetime.fromisoformat(row["again_at"]) if row["again_at"] else None,
    )
