"""The tokens of programs that use the API: made once, shown once, kept as a digest."""

import json
import secrets
from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any

from triage_agent.web.database import Database, now, stored

SCOPES = ("classify", "advise", "quiz", "decide")
PREFIX = "triage_"  # so that a scanner for leaked keys can know it
KEPT_H = 24  # that an answer to a request with an idempotency key is kept


@dataclass(frozen=True, slots=True)
class Token:
    """A token that works; `digest` is what is stored of it."""

    digest: bytes
    name: str
    scopes: frozenset[str]


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
        """Return a new token, which nobody can read again."""
        if unknown := set(scopes) - set(SCOPES):
            raise ValueError(f"there is no scope {min(unknown)}")
        token = PREFIX + secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO token (digest, name, scopes, made_by, made_at) VALUES (?, ?, ?, ?, ?)",
                (_digest(token), name, " ".join(sorted(scopes)), adviser, now()),
            )
        return token

    def find(self, token: str) -> Token | None:
        """Return a token that works; None: it is none, or was ended."""
        row = self._database.row(
            "SELECT * FROM token WHERE digest = ? AND ended_at IS NULL", _digest(token)
        )
        if row is None:
            return None
        return Token(row["digest"], row["name"], frozenset(row["scopes"].split()))

    def end(self, digest: bytes) -> None:
        """Let a token work no longer."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE token SET ended_at = coalesce(ended_at, ?) WHERE digest = ?",
                (now(), digest),
            )

    def note(self, token: Token, what: str, status: int) -> None:
        """Note one use in the audit trail."""
        moment = now()
        with self._database.transaction() as connection:
            connection.execute(
                "INSERT INTO token_use (token, made_at, what, status) VALUES (?, ?, ?, ?)",
                (token.digest, moment, what, status),
            )
            connection.execute(
                "UPDATE token SET used_at = ? WHERE digest = ?", (moment, token.digest)
            )

    def claim(self, token: Token, key: str, request: bytes) -> Earlier | None:
        """Claim an idempotency key; None: it is this request's, else what came before it."""
        limit = stored(datetime.now(UTC) - timedelta(hours=KEPT_H))
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM answered WHERE made_at < ?", (limit,))
            made = connection.execute(
                "INSERT OR IGNORE INTO answered (token, key, request, made_at) VALUES (?, ?, ?, ?)",
                (token.digest, key, sha256(request).digest(), now()),
            )
            if made.rowcount:
                return None
            row = connection.execute(
                "SELECT * FROM answered WHERE token = ? AND key = ?", (token.digest, key)
            ).fetchone()
        same = bool(row["request"] == sha256(request).digest())
        return Earlier(same, row["status"], json.loads(row["body"]) if row["body"] else None)

    def forget_unfinished(self) -> None:
        """Free the keys of requests that a server was killed over, so that they can be retried."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM answered WHERE status IS NULL")

    def settle(self, token: Token, key: str, status: int, body: Any) -> None:
        """Keep what a claimed request was answered; a failure is not kept, so it can be retried."""
        with self._database.transaction() as connection:
            if status >= 500 or status == 429:
                connection.execute(
                    "DELETE FROM answered WHERE token = ? AND key = ?", (token.digest, key)
                )
            else:
                connection.execute(
                    "UPDATE answered SET status = ?, body = ? WHERE token = ? AND key = ?",
                    (status, json.dumps(body), token.digest, key),
                )


def _digest(token: str) -> bytes:
    return sha256(token.encode("utf-8", "replace")).digest()
