"""Who is told when a verdict is ready: their addresses, and the secrets of our signatures."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from sqlite3 import Row
from urllib.parse import urlsplit

from triage_agent.errors import InputError
from triage_agent.web.database import Database, now, stored

PREFIX = "whsec_"  # of a secret, as Standard Webhooks has it
SALT_BYTES = 16
OVERLAP = timedelta(hours=24)  # that the secret before a new one is signed with too
MOST = 20
LISTED = """
SELECT receiver.*, adviser.name AS maker,
    (SELECT max(taken_at) FROM notice WHERE receiver = receiver.id) AS taken
FROM receiver LEFT JOIN adviser ON adviser.id = receiver.made_by
"""


@dataclass(frozen=True, slots=True)
class Receiver:
    """A program that is told.

    Attributes:
        with_words: Whether a notice holds what an owner wrote who began after it was added.
        maker: Who made it; None: they are gone.
        taken: When it last took a notice; None: never.
    """

    id: int
    url: str
    with_words: bool
    maker: str | None
    made: datetime
    taken: datetime | None


class Receivers:
    """The receivers in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, url: str, adviser: int, *, with_words: bool) -> str:
        """Return the secret of a new receiver; raises `InputError` if there are too many."""
        salt = secrets.token_bytes(SALT_BYTES)
        with self._database.transaction() as connection:
            (there,) = connection.execute("SELECT count(*) FROM receiver").fetchone()
            if there >= MOST:
                raise InputError(f"There are {MOST} receivers. Remove one first.")
            connection.execute(
                "INSERT INTO receiver (url, salt, with_words, made_by, made_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (url, salt, int(with_words), adviser, now()),
            )
        return _written(self._key(salt))

    def renew(self, id: int) -> str | None:  # noqa: A002  (its name in the table)
        """Return a new secret; the one before is valid for a day more. None: no such receiver."""
        salt = secrets.token_bytes(SALT_BYTES)
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE receiver SET salt_before = salt, salt = ?, renewed_at = ? WHERE id = ?",
                (salt, now(), id),
            )
        return _written(self._key(salt)) if changed.rowcount else None

    def remove(self, id: int) -> None:  # noqa: A002
        """Tell a receiver nothing any more; its notices go too."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM receiver WHERE id = ?", (id,))

    def all(self) -> list[Receiver]:
        """Return the receivers, the oldest first."""
        return [_receiver(row) for row in self._database.rows(f"{LISTED} ORDER BY receiver.id")]

    def hosts_with_words(self) -> list[str]:
        """Return the hosts that get what owners write, by name."""
        rows = self._database.rows("SELECT url FROM receiver WHERE with_words")
        return sorted({urlsplit(row["url"]).hostname or row["url"] for row in rows})

    def by_id(self, id: int) -> Receiver | None:  # noqa: A002
        """Return the receiver with a number; None: there is none."""
        row = self._database.row(f"{LISTED} WHERE receiver.id = ?", id)
        return _receiver(row) if row else None

    def keys(self, id: int) -> list[bytes]:  # noqa: A002
        """Return the keys that a notice is signed with now, the newest first."""
        row = self._database.row("SELECT * FROM receiver WHERE id = ?", id)
        if row is None:
            return []
        salts = [row["salt"]]
        if row["renewed_at"] and row["renewed_at"] > stored(datetime.now(UTC) - OVERLAP):
            salts.append(row["salt_before"])
        return [self._key(salt) for salt in salts]

    def _key(self, salt: bytes) -> bytes:
        return hmac.new(self._database.secret, b"receiver\0" + salt, sha256).digest()


def signatures(keys: list[bytes], id: str, seconds: int, body: bytes) -> str:  # noqa: A002
    """Return the value of `webhook-signature`: one signature for each key.

    https://www.standardwebhooks.com: HMAC-SHA-256 over id, time and body, parted by full stops.

    The example is that of its authors.

    >>> key = base64.b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    >>> told = b'{"test": 2432232314}'
    >>> signatures([key], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1614265330, told)
    'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE='
    """
    signed = b".".join((id.encode(), str(seconds).encode(), body))
    made = (base64.b64encode(hmac.new(key, signed, sha256).digest()).decode() for key in keys)
    return " ".join(f"v1,{one}" for one in made)


def _written(key: bytes) -> str:
    return PREFIX + base64.b64encode(key).decode()


def _receiver(row: Row) -> Receiver:
    return Receiver(
        id=row["id"],
        url=row["url"],
        with_words=bool(row["with_words"]),
        maker=row["maker"],
        made=datetime.fromisoformat(row["made_at"]),
        taken=datetime.fromisoformat(row["taken"]) if row["taken"] else None,
    )
