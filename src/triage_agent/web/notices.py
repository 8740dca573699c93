"""What receivers are to be told: written with the verdict, due until taken or given up."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from sqlite3 import Connection, Row

from triage_agent.web.database import Database, now, stored

FIRST_WAIT_S, TIMES, LONGEST_WAIT_S = 15, 4, 12 * 3600
MOST_TRIES = 10  # with these waits, over 41 hours
LISTED_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Notice:
    """One notice that is due.

    Attributes:
        sent_id: The same each time it is sent; by it a receiver knows one that comes twice.
        tries: How often it was sent before.
    """

    id: int
    sent_id: str
    receiver: int
    url: str
    with_words: bool
    submission: int
    tries: int


@dataclass(frozen=True, slots=True)
class Failed:
    """A notice that was not taken, as advisers see it.

    Attributes:
        error: Why: a reason of `NotSentError`, `fault`, or the status of the answer.
        again: When it is sent next; None: it was given up.
    """

    id: int
    receiver: int
    submission: int
    made: datetime
    tries: int
    error: str
    again: datetime | None


class Notices:
    """The notices in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def receivers_due(self) -> list[int]:
        """Return the receivers that something is due for."""
        rows = self._database.rows(
            "SELECT DISTINCT receiver FROM notice WHERE again_at IS NOT NULL AND again_at <= ?",
            now(),
        )
        return [row["receiver"] for row in rows]

    def next_due(self, receiver: int) -> Notice | None:
        """Return the notice that has been due for longest; None: none is."""
        row = self._database.row(
            # Who began before was not told that it goes there.
            "SELECT notice.*, url, with_words AND receiver.made_at <= started_at AS with_words"
            " FROM notice JOIN receiver ON receiver.id = receiver"
            " JOIN submission ON submission.id = submission WHERE receiver = ?"
            " AND again_at IS NOT NULL AND again_at <= ? ORDER BY again_at, notice.id LIMIT 1",
            receiver,
            now(),
        )
        if row is None:
            return None
        return Notice(
            id=row["id"],
            sent_id=row["sent_id"],
            receiver=receiver,
            url=row["url"],
            with_words=bool(row["with_words"]),
            submission=row["submission"],
            tries=row["tries"],
        )

    def taken(self, notice: Notice) -> None:
        """Note that a receiver took a notice."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE notice SET taken_at = ?, again_at = NULL, error = NULL, tries = tries + 1"
                " WHERE id = ?",
                (now(), notice.id),
            )

    def failed(self, notice: Notice, error: str, *, for_good: bool = False) -> None:
        """Note why a notice was not taken, and when it is sent again, if at all."""
        tries = notice.tries + 1
        again = None if for_good or tries >= MOST_TRIES else wait(tries)
        due = None if again is None else stored(datetime.now(UTC) + again)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE notice SET again_at = ?, error = ?, tries = ? WHERE id = ?",
                (due, error, tries, notice.id),
            )

    def again(self, id: int) -> None:  # noqa: A002  (its name in the table)
        """Send a notice that was not taken again, now, as if for the first time."""
        self._again("id = ?", id)

    def all_again(self) -> None:
        """Send all notices again that failed and were not taken since."""
        self._again("error IS NOT NULL")

    def _again(self, condition: str, *values: object) -> None:
        with self._database.transaction() as connection:
            connection.execute(
                f"UPDATE notice SET again_at = ?, tries = 0 WHERE taken_at IS NULL AND {condition}",  # noqa: S608
                (now(), *values),
            )

    def not_taken(self) -> list[Failed]:
        """Return the notices that failed and were not taken since, the newest first."""
        rows = self._database.rows(
            "SELECT * FROM notice WHERE taken_at IS NULL AND error IS NOT NULL"
            " ORDER BY id DESC LIMIT ?",
            LISTED_AT_ONCE,
        )
        return [_failed(row) for row in rows]


def write_notices(connection: Connection, submission: int, moment: str) -> None:
    """Write a notice of a submission for each receiver, in the transaction of its verdict."""
    connection.execute(
        "INSERT OR IGNORE INTO notice (sent_id, receiver, submission, made_at, again_at)"
        " SELECT 'msg_' || lower(hex(randomblob(16))), id, ?, ?, ? FROM receiver",
        (submission, moment, moment),
    )


def wait(tries: int) -> timedelta:
    """Return how long to wait after so many tries that failed.

    >>> [int(wait(tries).total_seconds()) for tries in range(1, 9)]
    [15, 60, 240, 960, 3840, 15360, 43200, 43200]
    """
    return timedelta(seconds=min(FIRST_WAIT_S * TIMES ** (tries - 1), LONGEST_WAIT_S))


def _failed(row: Row) -> Failed:
    return Failed(
        id=row["id"],
        receiver=row["receiver"],
        submission=row["submission"],
        made=datetime.fromisoformat(row["made_at"]),
        tries=row["tries"],
        error=row["error"],
        again=datetime.fromisoformat(row["again_at"]) if row["again_at"] else None,
    )
