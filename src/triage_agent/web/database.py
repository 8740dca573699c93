"""The data folder and its SQLite file: opened, brought up to date, and emptied for good."""

import logging
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import quote

from triage_agent.errors import SettingsError
from triage_agent.files import HERE

LOG = logging.getLogger(__name__)
FILE, SECRET = "triage.sqlite3", "secret"
MIGRATIONS = HERE / "web" / "migrations"
APPLIED = "SELECT migration_id FROM _yoyo_migration"
SECRET_BYTES = 32
MERGES = 300  # of the search index before it is made anew
BUSY_S = 10.0  # how long another process, such as a backup, is waited for


class Database:
    """One SQLite file; its statements run one after the other, in whatever thread asks.

    Its methods wait for the disk, so a server calls them outside its event loop.
    """

    def __init__(self, folder: Path) -> None:
        """Open the data in a folder, which is made if it is not there.

        Raises `SettingsError` for a folder that cannot be used, and for data that a newer version
        of this program has written.
        """
        self.folder = folder
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self.secret = _secret(folder / SECRET)
            _private(folder / FILE)
            _migrate(folder / FILE)
            self._connection = _connect(folder / FILE)
        except (OSError, sqlite3.DatabaseError) as error:
            raise SettingsError(
                f"The data folder {folder} cannot be used: {error}. Give another one by --data."
            ) from error
        self._lock = threading.RLock()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Yield the connection in a transaction: what is done in it is on the disk, or undone."""
        with self._lock:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
            except BaseException:
                self._connection.rollback()
                raise
            self._connection.commit()

    def rows(self, query: str, *values: object) -> list[sqlite3.Row]:
        """Return the rows of a query."""
        with self._lock:
            return self._connection.execute(query, values).fetchall()

    def row(self, query: str, *values: object) -> sqlite3.Row | None:
        """Return the first row of a query; None: there is none."""
        return next(iter(self.rows(query, *values)), None)

    def scrub(self) -> None:
        """Remove from the disk what was deleted: the search index and the log hold it until then.

        `secure_delete` overwrites the rows themselves.
        """
        with self._lock:
            merged = self._connection.execute("PRAGMA user_version").fetchone()[0]
            # Each merge adds levels to the index, and SQLite (3.40 at least) takes 2,000 of them
            # for damage: nothing can be kept any more. An index that is made anew has few again.
            how = "optimize" if merged < MERGES else "rebuild"
            self._connection.execute(
                "INSERT INTO submission_words (submission_words) VALUES (?)", (how,)
            )
            self._connection.execute(
                f"PRAGMA user_version = {merged + 1 if merged < MERGES else 0:d}"
            )
            self._connection.commit()
            busy, *_ = self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        if busy:  # the log is emptied by the next deletion, or within a day
            LOG.warning("another program reads %s: what was deleted is still in its log", FILE)

    def close(self) -> None:
        """Close the file; a second call does nothing."""
        with self._lock:
            self._connection.close()


def now() -> str:
    """Return this moment as it is stored."""
    return stored(datetime.now(UTC))


def stored(moment: datetime) -> str:
    """Return a moment as it is stored, so that texts sort as moments do.

    >>> stored(datetime(2026, 11, 9, 8, 5, tzinfo=UTC))
    '2026-11-09T08:05:00.000Z'
    """
    return moment.astimezone(UTC).isoformat(timespec="milliseconds").removesuffix("+00:00") + "Z"


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        path, timeout=BUSY_S, isolation_level=None, check_same_thread=False
    )
    connection.row_factory = sqlite3.Row
    for pragma in (
        "journal_mode = WAL",
        "synchronous = FULL",  # an answer that was taken survives the power going off
        "foreign_keys = ON",
        "secure_delete = ON",
        "trusted_schema = OFF",
        "temp_store = MEMORY",  # no word of an owner in a temporary file
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def _migrate(path: Path) -> None:
    """Bring a file up to date, or refuse one that a newer version has written."""
    from yoyo import get_backend, read_migrations

    known = read_migrations(str(MIGRATIONS))
    # Yoyo parses an address, and SQLite decodes its path.
    backend = get_backend(f"sqlite:///{quote(os.fsencode(path.absolute().as_posix()), safe='/:')}")
    with closing(backend.connection), backend.lock():
        backend.ensure_internal_schema_updated()
        applied = {row[0] for row in backend.execute(APPLIED)}
        if unknown := applied - {one.id for one in known}:
            raise SettingsError(
                f"The data in {path.parent} were written by a newer version of this program "
                f"({max(unknown)}). Install that version, or give another folder by --data."
            )
        backend.apply_migrations(backend.to_apply(known))


def _private(path: Path) -> None:
    """Make a file that only this user can read, or make it so."""
    path.touch(mode=0o600)
    path.chmod(0o600)


def _secret(path: Path) -> bytes:
    """Return the server's own secret, which is made at the first start."""
    try:
        made = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        found = path.read_bytes()
        if len(found) != SECRET_BYTES:
            raise SettingsError(
                f"{path} is damaged. Restore it from a backup: without it no link works."
            ) from None
        return found
    with os.fdopen(made, "wb") as file:
        secret = secrets.token_bytes(SECRET_BYTES)
        file.write(secret)
        file.flush()
        os.fsync(file.fileno())
    return secret
