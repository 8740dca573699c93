"""The cache in a PostgreSQL database: one cache, one budget and one rate limit for many machines.

Every change is one SQL statement that commits by itself, so no lock outlives its statement and no
two clients can wait for each other in a circle. The clock is the server's, as those of several
machines differ. A power cut of the server may lose the last moments, as with the file.
"""

import importlib
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from itertools import count
from threading import RLock
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

from triage_agent.errors import SettingsError
from triage_agent.models.llm.buckets import BURST_S
from triage_agent.models.llm.postgres_schema import LOCK, MIGRATIONS
from triage_agent.models.llm.store import LEASE_S, SHORTEST_S, CacheStats, Run
from triage_agent.models.llm.threaded_writes import ThreadedWrites
from triage_agent.types import Usage

SCHEMES = frozenset({"postgresql", "postgres"})
CONNECT_S = 10  # to connect; a server that is away must be known before anything is paid for
STATEMENT_S = 30  # for one statement, as with the file
STORE = """INSERT INTO triage.reply (key, good, created, value)
    VALUES (%s, true, triage.clock(), %s)
    ON CONFLICT (key) WHERE good DO UPDATE SET created = triage.clock(), value = excluded.value"""
REJECT = (
    "INSERT INTO triage.reply (key, good, created, value) VALUES (%s, false, triage.clock(), '')"
)
CLAIM = """INSERT INTO triage.claim AS held VALUES (%(key)s, %(owner)s, triage.clock() + %(lease)s)
    ON CONFLICT (key) DO UPDATE SET owner = excluded.owner, until = excluded.until
    WHERE held.until <= triage.clock() RETURNING key"""
RESERVE = """UPDATE triage.account SET spent = spent + triage.amount(%(bound)s, overrun)
    WHERE name = %(name)s
    AND (%(cap)s::bigint IS NULL OR spent + triage.amount(%(bound)s, overrun) <= %(cap)s::bigint)
    RETURNING id, triage.amount(%(bound)s, overrun)"""
SETTLE = """UPDATE triage.account SET spent = spent + %s, calls = calls + %s,
    input_tokens = input_tokens + %s, output_tokens = output_tokens + %s,
    overrun = greatest(overrun, %s) WHERE id = %s"""
TAKE = """UPDATE triage.rate SET full_at = greatest(full_at, triage.clock()) + %(seconds)s
    WHERE name = %(name)s AND full_at - %(slack)s <= triage.clock() RETURNING name"""
CLEAR = """DELETE FROM triage.reply
    WHERE %(age)s::float8 IS NULL OR created < triage.clock() - %(age)s::float8"""
STATS = """SELECT count(*) FILTER (WHERE good), count(*) FILTER (WHERE NOT good), min(created),
    pg_total_relation_size('triage.reply') FROM triage.reply"""


class PostgresCache:
    """One connection to the database, for all threads; `SettingsError` if it cannot be used.

    Its methods are those of `Store`, which says what they do.
    """

    def __init__(self, address: str) -> None:
        self._owner, self._numbers, self._lock = uuid4().hex, count(1), RLock()
        # Reservation: the account's id, the micro-dollars set aside, and the bound they come from.
        self._open: dict[int, tuple[int, int, int]] = {}
        self._claims: set[str] = set()
        self._driver = driver()
        self.address = shown(address)
        try:
            self._db = self._driver.connect(
                address,
                autocommit=True,
                connect_timeout=CONNECT_S,
                application_name="triage",
                options="-c search_path=triage -c synchronous_commit=off "
                f"-c statement_timeout={STATEMENT_S}s",
            )
        except self._driver.Error as error:
            raise self._unusable(error) from error
        self.writes = ThreadedWrites()
        try:
            self._migrate()
        except SettingsError:
            self.close()
            raise

    async def found(self, key: str) -> str | None:
        """Return what `find` does, asked in the thread of the writes."""
        return await self.writes.submit(lambda: self.find(key))

    def find(self, key: str) -> str | None:
        """Return the answer stored under a key, packed."""
        rows, _ = self._run("SELECT value FROM triage.reply WHERE key = %s AND good", (key,))
        return rows[0][0] if rows else None

    def store(self, key: str, packed: str) -> None:
        """Store a packed answer, and give up the claim."""
        self._run(STORE, (key, packed))
        self.release(key)

    def store_rejected(self, key: str) -> None:
        """Count a reply that is of no use."""
        self._run(REJECT, (key,))

    def claim(self, key: str) -> bool:
        """Return whether this store may ask the question now, and no other."""
        rows, _ = self._run(CLAIM, {"key": key, "owner": self._owner, "lease": LEASE_S})
        self._claims.update(key for (key,) in rows)
        return bool(rows)

    def renew(self) -> None:
        """Renew the claims of this store."""
        self._run(
            "UPDATE triage.claim SET until = triage.clock() + %s WHERE owner = %s",
            (LEASE_S, self._owner),
        )

    def release(self, key: str) -> None:
        """Give up the claim of a question, if this store has it."""
        if key in self._claims:
            self._claims.discard(key)
            self._run("DELETE FROM triage.claim WHERE key = %s AND owner = %s", (key, self._owner))

    def reserve(self, account: str, bound: int, cap_micro_usd: int | None) -> int | None:
        """Return the number of a reservation, or None if the account would go over the cap."""
        values = {"name": os.fsencode(account), "bound": bound, "cap": cap_micro_usd}
        rows, _ = self._run(RESERVE, values)
        if not rows:  # refused, or the account's first
            self._run(
                "INSERT INTO triage.account (name) VALUES (%s) ON CONFLICT DO NOTHING",
                (values["name"],),
            )
            rows, _ = self._run(RESERVE, values)
        if not rows:
            return None
        number = next(self._numbers)
        account_id, amount = rows[0]
        self._open[number] = (account_id, int(amount), bound)
        return number

    def settle(self, reservation: int, micro_usd: int | None, usage: Usage) -> None:
        """Put the real amount in a reservation's place, once."""
        account, reserved, bound = self._open.pop(reservation, (0, 0, 0))
        more = 0 if micro_usd is None else micro_usd - reserved
        overrun = -(-1000 * (micro_usd or 0) // bound) if bound else 0
        used = (usage.calls, usage.input_tokens, usage.output_tokens)
        self._run(SETTLE, (more, *used, overrun, account))

    def overrun(self, account: str) -> int:
        """Return the most that an account's bill was of its bound, in thousandths."""
        return self._of_account("overrun", account, 1000)

    def spent(self, account: str) -> int:
        """Return what an account has settled, or still holds reserved."""
        self.writes.flush()
        return self._of_account("spent", account, 0)

    def take(self, rate: str, amount: float, per_minute: float) -> float:
        """Take an amount of a rate, or return how many seconds to wait for it; 0: it is taken."""
        seconds = amount * 60 / per_minute
        slack = max(BURST_S - seconds, 0.0)
        values = {"name": rate, "seconds": seconds, "slack": slack}
        if self._run(TAKE, values)[0]:
            return 0.0
        self._run(
            "INSERT INTO triage.rate VALUES (%s, triage.clock()) ON CONFLICT DO NOTHING",
            (rate,),
        )
        if self._run(TAKE, values)[0]:
            return 0.0
        sql = "SELECT full_at - triage.clock() FROM triage.rate WHERE name = %s"
        ((left,),), _ = self._run(sql, (rate,))
        return max(float(left) - slack, SHORTEST_S)

    def put_back(self, rate: str, amount: float, per_minute: float) -> None:
        """Put an amount of a rate back, or take more out if it is negative."""
        seconds = amount * 60 / per_minute
        self._run("UPDATE triage.rate SET full_at = full_at - %s WHERE name = %s", (seconds, rate))

    def stats(self) -> CacheStats:
        """Return how much is stored."""
        self.writes.flush()
        ((replies, bad, oldest, size),), _ = self._run(STATS)
        return CacheStats(self.address, size, replies, bad, oldest)

    def clear(self, older_than_s: float | None = None) -> int:
        """Remove replies, all of them or older ones only, and return how many; spending stays."""
        _, gone = self._run(
            CLEAR,
            {"age": older_than_s},
        )
        self._run("SET statement_timeout = 0")  # of a large cache it takes longer
        self._run("VACUUM FULL triage.reply")  # what was deleted must not stay in its free pages
        return gone

    @contextmanager
    def transaction(self) -> Iterator[Run]:
        """Make what the block runs all at once, or nothing of it."""

        def run(sql: str, values: Sequence[Any] = ()) -> tuple[list[Any], int]:
            return self._run(sql.replace("%", "%%").replace("?", "%s"), values)

        # The writes have a thread of their own: none of theirs may fall into this transaction.
        with self._lock, self._as_ours(), self._db.transaction():
            yield run

    def close(self) -> None:
        """Make what is pending, give up all claims, and close the connection."""
        self.writes.close()
        with suppress(SettingsError):  # else they end by themselves
            for key in [*self._claims]:
                self.release(key)
        self._db.close()

    def _migrate(self) -> None:
        """Take the steps that this database has not taken yet; one client at a time."""
        with self.transaction() as run:
            run("SELECT pg_advisory_xact_lock(?)", (LOCK,))
            if not run("SELECT 1 FROM pg_namespace WHERE nspname = 'triage'", ())[0]:
                run("CREATE SCHEMA triage", ())
                run("CREATE TABLE triage.migration (number int PRIMARY KEY)", ())
            taken = {number for (number,) in run("SELECT number FROM triage.migration", ())[0]}
            for number, step in enumerate(MIGRATIONS, start=1):
                if number not in taken:
                    run(step, ())
                    run("INSERT INTO triage.migration VALUES (?)", (number,))
        if taken - {*range(1, len(MIGRATIONS) + 1)}:
            raise self._unusable("a later version of triage laid it out")

    def _of_account(self, column: str, account: str, otherwise: int) -> int:
        """Return a number of an account."""
        sql = f"SELECT {column} FROM triage.account WHERE name = %s"  # noqa: S608
        rows, _ = self._run(sql, (os.fsencode(account),))
        return int(rows[0][0]) if rows else otherwise

    def _run(self, sql: str, values: Any = ()) -> tuple[list[Any], int]:
        """Return the rows of one statement, and how many it changed."""
        with self._lock, self._as_ours():
            cursor = self._db.execute(sql, values or None)
            return cursor.fetchall() if cursor.description else [], cursor.rowcount

    @contextmanager
    def _as_ours(self) -> Iterator[None]:
        """Turn the errors of the database into ours."""
        try:
            yield
        except self._driver.Error as error:
            raise self._unusable(error) from error

    def _unusable(self, why: object) -> SettingsError:
        return SettingsError(
            f"The cache in PostgreSQL at {self.address} cannot be used ({why}). Check that the "
            "database is running and that its user may create a schema in it; answers that were "
            "cached are kept, and the same command goes on."
        )


def driver() -> Any:
    """Return the package that speaks to PostgreSQL, or raise `SettingsError` if it is missing."""
    try:
        return importlib.import_module("psycopg")
    except ImportError as error:
        raise SettingsError(
            "A cache in PostgreSQL needs the package psycopg, which is not installed. Install it: "
            "pip install 'triage-agent[postgres]'"
        ) from error


def shown(address: str) -> str:
    """Return the address of a database as it may be shown: its host, port and name alone.

    Raises `SettingsError`, without the address, which may hold a password, if it is not one.
    """
    try:
        known = urlsplit(address)
        port = f":{known.port}" if known.port else ""
    except ValueError:
        known, port = urlsplit(""), ""
    if known.scheme not in SCHEMES or not address.startswith(f"{known.scheme}://"):
        raise SettingsError(
            "--cache takes the address of a PostgreSQL database, as "
            "postgresql://HOST/DATABASE. For a cache in another folder, set TRIAGE_CACHE_DIR."
        )
    return f"postgresql://{known.hostname or ''}{port}{known.path}"
