"""The tokens of programs that use the API: made once, shown once, kept as a digest."""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from sqlite3 import Row
from typing import Any

from triage_agent.errors import InputError
from triage_agent.web.database import Database, now, stored

SCOPES = ("classify", "advise", "decide", "quiz")
PREFIX = "triage_"  # so that a scanner for leaked keys can know it
KEPT_H = 24  # that an answer to a request with an idempotency key is kept
NOTED_DAYS = 90  # that a use stays in the audit trail
LONGEST_NAME = 80
ON_A_PAGE = 100  # uses that are shown at once
LISTED = """
SELECT token.*, maker.name AS maker, ender.name AS ender FROM token
LEFT JOIN adviser AS maker ON maker.id = token.made_by
LEFT JOIN adviser AS ender ON ender.id = token.ended_by
"""


@dataclass(frozen=True, slots=True)
class Token:
    """A token that works."""

    id: int
    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class ListedToken:
    """A token as advisers see it.

    Attributes:
        maker: Who made it; None: it was made outside the inbox, or they are gone.
        used: When it was last used; None: never.
        ended: When it was ended; None: it works.
        ender: Who ended it.
    """

    id: int
    name: str
    scopes: tuple[str, ...]
    maker: str | None
    made: datetime
    used: datetime | None
    ended: datetime | None
    ender: str | None


@dataclass(frozen=True, slots=True)
class Use:
    """One request with a token: the method and the path, and the status of the answer."""

    id: int
    made: datetime
    what: str
    status: int


@dataclass(frozen=True, slots=True)
class Earlier:
    """What a request with the same idempotency key was answered; `status` None: it is under way."""

    same: bool  # whether it asked for the same
    status: int | None
    body: Any


class Tokens:
    """The tokens in a database, what they were used for, and answers that are not given twice."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def make(self, name: str, scopes: Collection[str], adviser: int | None = None) -> str:
        """Return a new token, which nobody can read again; raises `InputError`."""
        name = " ".join(name.split())
        if not name or len(name) > LONGEST_NAME or not name.isprintable():
            raise InputError(f"Give a name of one line, with at most {LONGEST_NAME} characters.")
        if not scopes or not set(scopes) <= set(SCOPES):
            raise InputError(f"Choose what the token is for: {', '.join(SCOPES)}.")
        token = PREFIX + secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO token (digest, name, scopes, made_by, made_at) VALUES (?, ?, ?, ?, ?)",
                (_digest(token), name, " ".join(sorted(set(scopes))), adviser, now()),
            )
        return token

    def find(self, token: str) -> Token | None:
        """Return a token that works; None: it is none, or was ended."""
        row = self._database.row(
            "SELECT * FROM token WHERE digest = ? AND ended_at IS NULL", _digest(token)
        )
        return Token(row["id"], row["name"], frozenset(row["scopes"].split())) if row else None

    def all(self) -> list[ListedToken]:
        """Return the tokens, those that work first, the newest first."""
        query = f"{LISTED} ORDER BY token.ended_at IS NOT NULL, token.id DESC"
        return [_listed(row) for row in self._database.rows(query)]

    def by_id(self, id: int) -> ListedToken | None:  # noqa: A002  (its name in the table)
        """Return the token with a number; None: there is none."""
        row = self._database.row(f"{LISTED} WHERE token.id = ?", id)
        return _listed(row) if row else None

    def uses(self, id: int, before: int = 0) -> list[Use]:  # noqa: A002
        """Return what a token was used for, the last first, before a use if it is not 0."""
        rows = self._database.rows(
            "SELECT * FROM token_use WHERE token = ? AND id < ? ORDER BY id DESC LIMIT ?",
            id,
            before or 2**62,
            ON_A_PAGE,
        )
        return [
            Use(row["id"], datetime.fromisoformat(row["made_at"]), row["what"], row["status"])
            for row in rows
        ]

    def end(self, id: int, adviser: int | None = None) -> None:  # noqa: A002
        """Let a token work no longer, and forget what it was answered; its uses stay."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE token SET ended_at = ?, ended_by = ? WHERE id = ? AND ended_at IS NULL",
                (now(), adviser, id),
            )
            connection.execute("DELETE FROM answered WHERE token = ?", (id,))

    def note(self, token: Token, what: str, status: int) -> None:
        """Note one use in the audit trail."""
        moment = now()
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO token_use (token, made_at, what, status) VALUES (?, ?, ?, ?)",
                (token.id, moment, what, status),
            )
            connection.execute("UPDATE token SET used_at = ? WHERE id = ?", (moment, token.id))

    def claim(self, token: Token, key: str, request: bytes) -> Earlier | None:
        """Claim an idempotency key; None: it is this request's, else what came before it."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM answered WHERE made_at < ?", (_ago(hours=KEPT_H),))
            made = connection.execute(
                "INSERT OR IGNORE INTO answered (token, key, request, made_at) VALUES (?, ?, ?, ?)",
                (token.id, key, sha256(request).digest(), now()),
            )
            if made.rowcount:
                return None
            row = connection.execute(
                "SELECT * FROM answered WHERE token = ? AND key = ?", (token.id, key)
            ).fetchone()
        same = bool(row["request"] == sha256(request).digest())
        return Earlier(same, row["status"], json.loads(row["body"]) if row["body"] else None)

    def settle(self, token: Token, key: str, body: Any | None) -> None:
        """Keep what a claimed request was answered; None: it failed, and may be sent again."""
        with self._database.transaction() as connection:
            if body is None:
                connection.execute(
                    "DELETE FROM answered WHERE token = ? AND key = ?", (token.id, key)
                )
            else:
                connection.execute(
                    "UPDATE answered SET status = 200, body = ? WHERE token = ? AND key = ?",
                    (json.dumps(body), token.id, key),
                )

    def forget_unfinished(self) -> None:
        """Free the keys of requests that a server was killed over, so that they can be retried."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM answered WHERE status IS NULL")

    def forget_old(self) -> None:
        """Delete answers that are older than a day, and uses that are older than the trail goes."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM answered WHERE made_at < ?", (_ago(hours=KEPT_H),))
            connection.execute("DELETE FROM token_use WHERE made_at < ?", (_ago(days=NOTED_DAYS),))


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()


def _ago(**span: float) -> str:
    return stored(datetime.now(UTC) - timedelta(**span))


def _listed(row: Row) -> ListedToken:
    def moment(name: str) -> datetime | None:
        return datetime.fromisoformat(row[name]) if row[name] else None

    return ListedToken(
        id=row["id"],
        name=row["name"],
        scopes=tuple(row["scopes"].split()),
        maker=row["maker"],
        made=datetime.fromisoformat(row["made_at"]),
        used=moment("used_at"),
        ended=moment("ended_at"),
        ender=row["ender"],
    )
