"""The cache: every answer that was paid for, and every cent, in one SQLite file.

Several processes may use it at once. Every change is one SQL statement, so SQLite makes all of it
or nothing, whatever is killed when; changes may share a transaction (see `group_commit`). A power
cut may lose the last moments, never the file.
"""

import os
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from itertools import count
from pathlib import Path
from threading import RLock
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.models.llm.buckets import BURST_S
from triage_agent.models.llm.cache_place import cache_path
from triage_agent.models.llm.cache_schema import FORMAT, FORMAT_1, SCHEMA, UPGRADES
from triage_agent.models.llm.group_commit import GroupCommit
from triage_agent.models.llm.owners import is_dead, new_owner
from triage_agent.models.llm.store import LEASE_S, SHORTEST_S, CacheStats, Run, Store
from triage_agent.types import Usage

STATS = "SELECT count(nullif(good, 0)), count(nullif(good, 1)), min(created) FROM reply"
STORE = "INSERT OR REPLACE INTO reply VALUES (?, ?, ?, ?)"
RESERVE = """UPDATE account SET spent = spent + (:bound * overrun + 999) / 1000
    WHERE name = :name AND (:cap IS NULL OR spent + (:bound * overrun + 999) / 1000 <= :cap)
    RETURNING id, (:bound * overrun + 999) / 1000"""
SETTLE = """UPDATE account SET spent = spent + ?, calls = calls + ?,
    input_tokens = input_tokens + ?, output_tokens = output_tokens + ?,
    overrun = max(overrun, ?) WHERE id = ?"""
CLAIM = """INSERT INTO claim VALUES (:key, :owner, :now + :lease)
    ON CONFLICT (key) DO UPDATE SET owner = :owner, until = :now + :lease WHERE until <= :now
    RETURNING key"""
TAKE = """UPDATE rate SET full_at = max(full_at, :now) + :seconds
    WHERE name = :name AND full_at - :slack <= :now RETURNING full_at"""


class Cache:
    """One connection to the file, for all threads; `SettingsError` if it is broken or locked."""

    def __init__(self, path: Path, clock: Callable[[], float] = time.time) -> None:
        self.path, self._clock, self._lock = path, clock, RLock()
        self.writes = GroupCommit(self.transaction)
        self._numbers, self._owner = count(1), new_owner()
        # Reservation: the account's id, the micro-dollars set aside, and the bound they come from.
        self._open: dict[int, tuple[int, int, int]] = {}
        self._claims: set[str] = set()
        try:
            for folder in reversed([f for f in path.parents if not f.exists()]):
                folder.mkdir(mode=0o700, exist_ok=True)
            # It does not open a file that exists: closing that would drop SQLite's locks on it.
            path.touch(mode=0o600)
            self._db = sqlite3.connect(
                path, timeout=30.0, isolation_level=None, check_same_thread=False
            )
            self._prepare()
        except (OSError, sqlite3.Error) as error:
            raise self._unusable(error) from error
        except SettingsError:
            self._db.close()
            raise

    async def found(self, key: str) -> str | None:
        """Return what `find` does; a file is read at once."""
        return self.find(key)

    def find(self, key: str) -> str | None:
        """Return the answer stored under a key, packed (see `cache_entry`)."""
        rows, _ = self._run("SELECT value FROM reply WHERE key = ? AND good", (key,))
        return rows[0][0] if rows else None

    def store(self, key: str, packed: str) -> None:
        """Store a packed answer, and give up the claim; it replaces an earlier one."""
        self._run(STORE, (key, True, self._clock(), packed))
        self.release(key)

    def store_rejected(self, key: str) -> None:
        """Count a reply that is of no use; it is never found, and nothing of it is stored."""
        self._run(STORE, (key, False, self._clock(), ""))

    def claim(self, key: str) -> bool:
        """Return whether this store may ask the question now, and no other."""
        values = {"key": key, "owner": self._owner, "now": self._clock(), "lease": LEASE_S}
        rows, _ = self._run(CLAIM, values)
        self._claims.update(key for (key,) in rows)
        return bool(rows)

    def renew(self) -> None:
        """Renew the claims of this store."""
        until = self._clock() + LEASE_S
        self._run("UPDATE claim SET until = ? WHERE owner = ?", (until, self._owner))

    def release(self, key: str) -> None:
        """Give up the claim of a question, if this store has it."""
        if key in self._claims:
            self._claims.discard(key)
            self._run("DELETE FROM claim WHERE key = ? AND owner = ?", (key, self._owner))

    def take(self, rate: str, amount: float, per_minute: float) -> float:
        """Take an amount of a rate, or return how many seconds to wait for it; 0: it is taken."""
        seconds, now = amount * 60 / per_minute, self._clock()
        slack = max(BURST_S - seconds, 0.0)
        values = {"name": rate, "now": now, "seconds": seconds, "slack": slack}
        if self._run(TAKE, values)[0]:
            return 0.0
        self._run("INSERT OR IGNORE INTO rate VALUES (?, ?)", (rate, now))
        if self._run(TAKE, values)[0]:
            return 0.0
        ((full_at,),), _ = self._run("SELECT full_at FROM rate WHERE name = ?", (rate,))
        return max(float(full_at) - slack - now, SHORTEST_S)

    def put_back(self, rate: str, amount: float, per_minute: float) -> None:
        """Put an amount of a rate back, or take more out if it is negative."""
        seconds = amount * 60 / per_minute
        self._run("UPDATE rate SET full_at = full_at - ? WHERE name = ?", (seconds, rate))

    def reserve(self, account: str, bound: int, cap_micro_usd: int | None) -> int | None:
        """Return the number of a reservation, or None if the account would go over the cap.

        `bound` is the most that the request can cost in micro-dollars, as far as its size tells.
        Where an earlier bill of the account was above its bound, as much more is set aside.
        """
        values = {"name": os.fsencode(account), "bound": bound, "cap": cap_micro_usd}
        rows, _ = self._run(RESERVE, values)
        if not rows:  # refused, or the account's first
            self._run("INSERT OR IGNORE INTO account (name) VALUES (?)", (values["name"],))
            rows, _ = self._run(RESERVE, values)
        if not rows:
            return None
        number = next(self._numbers)
        account_id, amount = rows[0]
        self._open[number] = (account_id, amount, bound)
        return number

    def settle(self, reservation: int, micro_usd: int | None, usage: Usage) -> None:
        """Put the real amount in a reservation's place, once; None: it counts as spent in full."""
        account, reserved, bound = self._open.pop(reservation, (0, 0, 0))
        more = 0 if micro_usd is None else micro_usd - reserved
        overrun = -(-1000 * (micro_usd or 0) // bound) if bound else 0
        used = (usage.calls, usage.input_tokens, usage.output_tokens)
        self._run(SETTLE, (more, *used, overrun, account))

    def overrun(self, account: str) -> int:
        """Return the most that an account's bill was of its bound, in thousandths, from 1000 up."""
        rows, _ = self._run("SELECT overrun FROM account WHERE name = ?", (os.fsencode(account),))
        return int(rows[0][0]) if rows else 1000

    def spent(self, account: str) -> int:
        """Return the micro-dollars that an account has settled, or still holds reserved."""
        self.writes.flush()
        rows, _ = self._run("SELECT spent FROM account WHERE name = ?", (os.fsencode(account),))
        return int(rows[0][0]) if rows else 0

    def stats(self) -> CacheStats:
        """Return how much is stored."""
        self.writes.flush()
        ((replies, bad, oldest),), _ = self._run(STATS)
        size = sum(file.stat().st_size for file in _files(self.path))
        return CacheStats(self.path, size, replies, bad, oldest)

    def clear(self, older_than_s: float | None = None) -> int:
        """Remove replies, all of them or older ones only, and return how many.

        What was spent stays: a cap is for everything that was ever spent on an output.
        """
        before = float("inf") if older_than_s is None else self._clock() - older_than_s
        _, gone = self._run("DELETE FROM reply WHERE created < ?", (before,))
        self._run("VACUUM")  # what was deleted must not stay in the file's free pages
        self._run("PRAGMA wal_checkpoint(TRUNCATE)")
        return gone

    def close(self) -> None:
        """Close the connection; the last one to close folds the log into the file."""
        try:
            self.writes.flush()
            for key in [*self._claims]:
                self.release(key)
        finally:
            self._db.close()

    def _prepare(self) -> None:
        """Set the connection up; lay out a new file, refuse one that is not ours."""
        self._run("PRAGMA synchronous = NORMAL")
        self._run("PRAGMA wal_autocheckpoint = 4000")  # pages; 1000 pauses too often for the disk
        if (found := self._format()) != FORMAT:
            self._run("BEGIN EXCLUSIVE")  # another process may be laying it out
            new = not self._format() and not self._run("SELECT 1 FROM sqlite_master")[0]
            for statement in SCHEMA if new else UPGRADES.get(self._format(), ()):
                self._run(statement)
            self._run("COMMIT")
        if self._format() != FORMAT:
            raise self._unusable("another version of triage, or another program, made it")
        if found == FORMAT_1:
            self._run("VACUUM")  # what was deleted must not stay in the file's free pages
        for _ in range(100):  # alone of all locks, SQLite does not wait for this one
            with suppress(sqlite3.OperationalError):
                self._db.execute("PRAGMA journal_mode = WAL")
                break
            time.sleep(0.01)
        for (owner,) in self._run("SELECT DISTINCT owner FROM claim")[0]:
            if is_dead(owner):  # a run that was killed and begins again waits for none of its own
                self._run("DELETE FROM claim WHERE owner = ?", (owner,))

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """Make what the block runs all at once, or nothing of it."""
        with self._lock:
            self._run("BEGIN IMMEDIATE")
            try:
                yield self._run
                self._run("COMMIT")
            except BaseException:
                with suppress(sqlite3.Error):
                    self._db.execute("ROLLBACK")
                raise

    def _format(self) -> int:
        return int(self._run("PRAGMA user_version")[0][0][0])

    def _run(self, sql: str, values: Any = ()) -> tuple[list[Any], int]:
        """Return the rows of one statement, and how many it changed."""
        try:
            with self._lock:
                cursor = self._db.execute(sql, values)
                # A statement with RETURNING is committed once its last row has been read.
                return cursor.fetchall(), cursor.rowcount
        except sqlite3.DatabaseError as error:
            raise self._unusable(error) from error

    def _unusable(self, why: object) -> SettingsError:
        code = getattr(why, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR}:
            return SettingsError(
                f"The cache {self.path} cannot be written to ({why}): is the disk full? Free some "
                "space, or set TRIAGE_CACHE_DIR to a folder on another disk."
            )
        return SettingsError(
            f"The cache {self.path} cannot be used ({why}). If another triage is running, wait "
            "for it. Else delete the cached answers with `triage cache --clear`, or set "
            "TRIAGE_CACHE_DIR to another folder."
        )


def open_cache(address: str | None = None, path: Path | None = None) -> Store:
    """Return the cache in a database, else in a file, else the user's own."""
    if address is None:
        return Cache(path or cache_path())
    from triage_agent.models.llm.postgres_cache import PostgresCache

    return PostgresCache(address)


def clear_cache(older_than_s: float | None = None, address: str | None = None) -> int | None:
    """Remove replies from the user's cache; None: it was damaged, and is gone as a whole.

    One that another process keeps locked is left alone: it may be paying for answers.
    """
    try:
        with closing(open_cache(address)) as cache:
            return cache.clear(older_than_s)
    except SettingsError as error:
        if address is not None:
            raise
        code = getattr(error.__cause__, "sqlite_errorcode", 0) & 0xFF
        if older_than_s is not None or code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            raise
    delete_cache(cache_path())
    return None


def delete_cache(path: Path) -> None:
    """Delete a cache that cannot be opened; no process may be using it."""
    for file in _files(path):
        try:
            file.unlink()
        except OSError as error:  # a folder of that name, or one that is not ours
            raise SettingsError(
                f"{file} cannot be deleted: {error.strerror}. Remove it, or set TRIAGE_CACHE_DIR "
                "to another folder."
            ) from error


def _files(path: Path) -> list[Path]:
    """Return what there is of the database, its write-ahead log and the log's index."""
    return [file for end in ("", "-wal", "-shm") if (file := Path(f"{path}{end}")).exists()]
