"""One run at a time into one output."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TextIO

from triage_agent.errors import SettingsError

try:
    import fcntl
except ImportError:  # Windows, where two runs into one file are not noticed
    fcntl = None  # type: ignore[assignment]


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Keep an output to this run for the length of the block.

    A second run into the same file gets a `SettingsError` that names who holds it. While the block
    runs, `.NAME.lock` stands in the same folder; what a killed run leaves of it is no obstacle.
    """
    if fcntl is None or (path.exists() and not path.is_file()):  # Windows; a device or a pipe
        yield
        return
    final = path.resolve()
    lock = final.with_name(f".{final.name}.lock")
    with _taken(lock, final) as file:
        try:
            file.truncate()
            file.write(f"process {os.getpid()}, since {datetime.now():%H:%M}")  # noqa: DTZ005
            file.flush()
        except OSError as error:
            raise SettingsError(
                f"{lock} cannot be written: {error.strerror}. Check the folder and its space."
            ) from error
        try:
            yield
        finally:
            with suppress(OSError):
                lock.unlink()


def _taken(lock: Path, final: Path) -> TextIO:
    """Return the lock file, locked, or raise `SettingsError` with the words of who holds it."""
    while True:
        try:
            handle = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o666)
        except OSError as error:
            raise SettingsError(f"{lock} cannot be written: {error.strerror or error}.") from error
        file = os.fdopen(handle, "r+", encoding="utf-8", errors="replace")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            with file:
                who = file.read(100).strip() or "which has just begun"
            raise SettingsError(
                f"Another run ({who}) is answering into {final}. "
                "Wait for it, or name another output."
            ) from error
        except OSError:  # a file system without locks
            return file
        if lock.exists() and os.path.samestat(lock.stat(), os.fstat(file.fileno())):
            return file
        file.close()  # that of a run which ended in this moment, and removed it
