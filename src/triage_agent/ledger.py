"""Every answer that was paid for, and every cent: one SQLite file for several processes at once.

Every change is one SQL statement, so SQLite makes it whole or nothing, whatever is killed when.
A power cut may lose the last moments, never the file. Questions are kept as hashes only.
"""

import hashlib
import json
import os
import re
import sqlite3
import sys
import time
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, count
from pathlib import Path
from threading import Lock
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.model import ChatReply, ChatRequest
from triage_agent.privacy import mask
from triage_agent.records import Usage

BUSY_S = 30.0  # how long one process waits for another's write
FORMAT = 0x74720001  # "tr" and the schema's version, which every change of SCHEMA raises
SCHEMA = (
    "CREATE TABLE reply (key TEXT PRIMARY KEY, value TEXT NOT NULL, created REAL NOT NULL)",
    "CREATE TABLE bad (key TEXT NOT NULL, value TEXT NOT NULL, created REAL NOT NULL)",
    # `spent` holds the open reservations too, so that those of a killed process stay spent.
    # AUTOINCREMENT: a late settlement must not meet a new account after a clear.
    """CREATE TABLE account (id INTEGER PRIMARY KEY AUTOINCREMENT, name BLOB UNIQUE,
    spent INTEGER DEFAULT 0, calls INTEGER DEFAULT 0, input_tokens INTEGER DEFAULT 0,
    output_tokens INTEGER DEFAULT 0)""",
    f"PRAGMA user_version = {FORMAT}",
)
RESERVE = """UPDATE account SET spent = spent + :amount
    WHERE name = :name AND (:cap IS NULL OR spent + :amount <= :cap) RETURNING id"""
SETTLE = """UPDATE account SET spent = spent + ?, calls = calls + ?,
    input_tokens = input_tokens + ?, output_tokens = output_tokens + ? WHERE id = ?"""
LABEL = re.compile(r'"label"\s*:\s*"[^"]*"')


@dataclass(frozen=True, slots=True)
class LedgerStats:
    """What `triage cache` shows."""

    path: Path
    bytes: int  # on disk, with the write-ahead log
    replies: int
    bad: int
    oldest: float | None  # seconds since 1970; None: nothing is kept


class Ledger:
    """One connection to the ledger file; threads may share it, processes open their own.

    Every method raises `SettingsError` if the file is broken, full, or locked for `BUSY_S`.
    """

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock, self._lock = path, clock, Lock()
        self._numbers = count(1)
        self._open: dict[int, tuple[int, int]] = {}  # reservation: (account's id, micro-dollars)
        try:
            _create(path)
            self._db = sqlite3.connect(
                path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
            )
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        try:
            self._prepare()
        except BaseException:
            self._db.close()
            raise

    def find(self, key: str) -> ChatReply | None:
        """Return the good reply kept under a key; of its tokens, those of the label only."""
        rows, _ = self._run("SELECT value FROM reply WHERE key = ?", (key,))
        if not rows:
            return None
        text, usage, tokens, rung = json.loads(rows[0][0])
        return ChatReply(text, Usage(*usage), tuple((token, p) for token, p in tokens), rung)

    def keep(self, key: str, reply: ChatReply) -> None:
        """Keep a reply that fitted; it replaces an earlier one.

        A reply with an e-mail address, a phone or account number or a key in it was not redacted.
        It may not lie here as it is, and masked it would be another answer: it is kept as bad.
        """
        said = "\n".join(_strings(reply.text))
        if mask(said) != said:
            self.keep_bad(key, reply.text, reply.usage)
            return
        value = _value(reply.text, reply.usage, label_tokens(reply.tokens), reply.rung)
        self._run("INSERT OR REPLACE INTO reply VALUES (?, ?, ?)", (key, value, self._clock()))

    def keep_bad(self, key: str, reply_text: str, usage: Usage) -> None:
        """Keep a useless reply, masked, for the money and for looking; it is never found."""
        value = _value(mask(reply_text), usage)
        self._run("INSERT INTO bad VALUES (?, ?, ?)", (key, value, self._clock()))

    def reserve(self, account: str, micro_usd: int, cap_micro_usd: int | None) -> int | None:
        """Return the number of a reservation, or None if the account would go over the cap."""
        if micro_usd < 0:
            raise ValueError("a reservation cannot be negative")
        values = {"name": os.fsencode(account), "amount": micro_usd, "cap": cap_micro_usd}
        rows, _ = self._run(RESERVE, values)
        if not rows:  # refused, or the account's first
            self._run("INSERT OR IGNORE INTO account (name) VALUES (?)", (values["name"],))
            rows, _ = self._run(RESERVE, values)
        if not rows:
            return None
        number = next(self._numbers)
        self._open[number] = (rows[0][0], micro_usd)
        return number

    def settle(self, reservation: int, micro_usd: int | None, usage: Usage) -> None:
        """Put the real amount in the place of a reservation; None: it counts as spent in full.

        Only the first settlement counts, and none if the spending was cleared meanwhile.
        """
        if reservation not in self._open:
            return
        account, reserved = self._open.pop(reservation)
        more = 0 if micro_usd is None else micro_usd - reserved
        self._run(SETTLE, (more, usage.calls, usage.input_tokens, usage.output_tokens, account))

    def spent(self, account: str) -> int:
        """Return the micro-dollars that an account has settled, or still holds reserved."""
        rows, _ = self._run("SELECT spent FROM account WHERE name = ?", (os.fsencode(account),))
        return int(rows[0][0]) if rows else 0

    def stats(self) -> LedgerStats:
        """Return how much is kept."""
        (replies, first), (bad, first_bad) = (
            self._run(f"SELECT count(*), min(created) FROM {table}")[0][0]  # noqa: S608 (ours)
            for table in ("reply", "bad")
        )
        size = sum(f.stat().st_size for f in _files(self.path)[:2] if f.exists())
        oldest = min((t for t in (first, first_bad) if t is not None), default=None)
        return LedgerStats(self.path, size, replies, bad, oldest)

    def clear(self, older_than_s: float | None = None) -> int:
        """Remove replies and return how many: all of them and the spending, or older ones only."""
        before = float("inf") if older_than_s is None else self._clock() - older_than_s
        gone = sum(
            self._run(f"DELETE FROM {table} WHERE created < ?", (before,))[1]  # noqa: S608 (ours)
            for table in ("reply", "bad")
        )
        if older_than_s is None:
            self._run("DELETE FROM account")
        self._run("VACUUM")  # what was deleted must not lie on in the file's free pages
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def close(self) -> None:
        """Close the connection; the last one to close folds the log into the file."""
        self._db.close()

    def _prepare(self) -> None:
        """Set the connection up; lay out a new file, refuse one that is not ours."""
        self._run("PRAGMA synchronous = NORMAL")
        self._run("PRAGMA wal_autocheckpoint = 4000")  # pages; 1000 pauses too often for the disk
        if self._format() != FORMAT:
            self._run("BEGIN EXCLUSIVE")  # another process may be laying it out
            if not self._format() and not self._run("SELECT 1 FROM sqlite_master")[0]:
                for statement in SCHEMA:
                    self._run(statement)
            self._run("COMMIT")
        found = self._format()
        if found >> 16 != FORMAT >> 16:
            raise self._unusable("it is another program's database")
        if found != FORMAT:
            raise self._unusable(f"version {found & 0xFFFF}, made by another version of triage")
        self._run("PRAGMA journal_mode = WAL")

    def _format(self) -> int:
        return int(self._run("PRAGMA user_version")[0][0][0])

    def _run(self, sql: str, values: Any = ()) -> tuple[list[Any], int]:
        """Return the rows of one statement, and how many it changed."""
        try:
            with self._lock:
                cursor = self._db.execute(sql, values)
                # A statement with RETURNING is committed once its last row has been read.
                return cursor.fetchall(), cursor.rowcount
        except sqlite3.ProgrammingError:
            raise  # a mistake of the caller's, as using a closed ledger
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _unusable(self, why: object) -> SettingsError:
        return SettingsError(
            f"The ledger {self.path} cannot be used ({why}). If another triage is running, wait "
            "for it. Else remove what is remembered with `triage cache clear`, or set "
            "TRIAGE_CACHE_DIR to another folder."
        )


def key_of(base_url: str, model: str, request: ChatRequest) -> str:
    """Return the SHA-256 of everything that decides an answer: not the rung, not the retry."""
    question = {
        "base_url": base_url.rstrip("/"),
        "model": model,
        "messages": [(m.role, m.content) for m in request.messages],
        "schema": [request.schema_name, request.schema],
        "max_output_tokens": request.max_output_tokens,
        "temperature": float(request.temperature),
        "sample": request.sample,
    }
    canonical = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def label_tokens(tokens: Sequence[tuple[str, float]]) -> list[tuple[str, float]]:
    """Return the tokens that `prompt.label_probability` reads, a small part of a reply's.

    >>> label_tokens([('{"a":1,', -0.5), ('"label":"', -0.1), ("build", -0.2), ('"}', 0.0)])
    [('"label":"', -0.1), ('build', -0.2), ('"}', 0.0)]
    """
    ends = list(accumulate(len(token) for token, _ in tokens))
    kept: set[int] = set()
    for value in LABEL.finditer("".join(token for token, _ in tokens)):
        first, last = bisect_right(ends, value.start()), bisect_left(ends, value.end())
        kept.update(range(first, last + 1))
    return [tokens[place] for place in sorted(kept)]


def default_path() -> Path:
    """Return where the ledger lies: in TRIAGE_CACHE_DIR, else in the user's cache folder."""
    if own := os.environ.get("TRIAGE_CACHE_DIR"):
        return Path(own).expanduser() / "ledger.sqlite3"
    if sys.platform == "win32":
        folder = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        folder = Path.home() / "Library" / "Caches"
    else:
        folder = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(folder) / "triage-agent" / "ledger.sqlite3"


def discard(path: Path) -> None:
    """Delete a ledger that cannot be opened; no process may be using it."""
    for file in _files(path):
        file.unlink(missing_ok=True)


def _files(path: Path) -> tuple[Path, Path, Path]:
    """Return the database, its write-ahead log and the log's index."""
    return path, Path(f"{path}-wal"), Path(f"{path}-shm")


def _create(path: Path) -> None:
    """Make the file and its missing folders, for the user's eyes only."""
    for folder in reversed([f for f in path.parents if not f.exists()]):
        folder.mkdir(mode=0o700, exist_ok=True)
    # Never opened if it exists: closing it again would let go of SQLite's own locks on it.
    with suppress(FileExistsError):
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))


def _value(text: str, usage: Usage, tokens: object = (), rung: str = "") -> str:
    """Return a reply as JSON, in ASCII, because a server may send half a surrogate pair."""
    counts = (usage.calls, usage.input_tokens, usage.output_tokens)
    return json.dumps((text, counts, tokens, rung), separators=(",", ":"))


def _strings(text: str) -> Iterator[str]:
    """Yield the strings in a JSON text, not the names; the text itself if it is no JSON."""
    try:
        values = [json.loads(text)]
    except (ValueError, RecursionError):
        values = [text]
    while values:
        value = values.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
