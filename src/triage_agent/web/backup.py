"""Everything that a server keeps, in one file, and back from it."""

import shutil
import sqlite3
import tempfile
import time
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

from triage_agent.errors import InputError, SettingsError
from triage_agent.files import atomic_writer
from triage_agent.web.database import FILE, SECRET

FOLDER = "backups"
TEXTS = "texts"
SECONDS_A_DAY = 86_400
LARGEST = 50 * 2**30  # bytes in a backup: what is unpacked may not fill the disk without a word


def back_up(data: Path, to: Path | None = None) -> Path:
    """Write a backup while the server may run, and return where it is.

    Args:
        data: The data folder.
        to: The file; if left out, one named after the moment in the data folder's `backups`, where
            it goes when it is as old as what the server deletes.

    Raises:
        InputError: There are no data in the folder.
        SettingsError: The file cannot be written.
    """
    if not (data / FILE).is_file():
        raise InputError(
            f"There are no data of triage serve in {data}. Name the folder with --data."
        )
    moment = datetime.now(UTC).strftime("%Y-%m-%dT%H%M%SZ")
    path = to or data / FOLDER / f"{moment}.zip"
    try:
        if to is None:
            path.parent.mkdir(mode=0o700, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
            copy = Path(scratch) / FILE
            _copy(data / FILE, copy)
            with atomic_writer(path) as file, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as z:
                z.write(copy, FILE)
                z.write(data / SECRET, SECRET)
                for text in sorted((data / TEXTS).glob("*.toml")):
                    z.write(text, f"{TEXTS}/{text.name}")
        path.chmod(0o600)
    except OSError as error:
        raise SettingsError(
            f"The backup {path} cannot be written: {error.strerror}. Name another place."
        ) from error
    return path


def restore(backup: Path, data: Path) -> None:
    """Put what a backup holds into a data folder that is empty or not there; all of it or nothing.

    Raises:
        InputError: The file is no backup of ours, or damaged.
        SettingsError: The folder holds something, or cannot be written.
    """
    if not backup.is_file():
        raise InputError(f"There is no file {backup}.")
    if data.exists() and not data.is_dir():
        raise SettingsError(f"{data} is not a folder. Name a new one for --data.")
    if data.exists() and any(data.iterdir()):
        raise SettingsError(f"{data} is not empty. Restore into a new folder, then serve that one.")
    try:
        with zipfile.ZipFile(backup) as archive:
            if {FILE, SECRET} - set(archive.namelist()):
                raise InputError(f"{backup} is no backup of triage serve.")
            if sum(one.file_size for one in archive.infolist()) > LARGEST:
                raise InputError(f"{backup} holds more than {LARGEST:,} bytes.")
            data.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=data.parent, prefix=f"{data.name}-") as scratch:
                made = Path(scratch) / "data"
                _unpack(archive, made)
                _check(made / FILE)
                if data.exists():
                    data.rmdir()
                made.rename(data)
    # What damaged archives raise; the last two: a password, a way of packing that is not ours.
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, sqlite3.DatabaseError) as error:
        raise InputError(f"{backup} is damaged, or no backup of triage serve.") from error
    except OSError as error:
        raise SettingsError(f"{backup} cannot be restored: {error.strerror}.") from error


def delete_old_backups(data: Path, days: int) -> int:
    """Delete backups in the data folder that are older than `days`; return how many.

    So goes what a backup that was killed has left there.
    """
    old = [
        path
        for path in (data / FOLDER).glob("*")
        if time.time() - path.stat().st_mtime > days * SECONDS_A_DAY
    ]
    for path in old:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    return len(old)


def _unpack(archive: zipfile.ZipFile, folder: Path) -> None:
    """Write the files of a backup, each where it belongs."""
    folder.mkdir(mode=0o700)
    for name, path in _places(archive.namelist(), folder):
        path.parent.mkdir(mode=0o700, exist_ok=True)
        with atomic_writer(path) as file, archive.open(name) as source:
            while piece := source.read(2**20):
                file.write(piece)
        path.chmod(0o600)


def _check(path: Path) -> None:
    """Raise `DatabaseError` if a database is damaged."""
    with closing(sqlite3.connect(path)) as one:
        found = one.execute("PRAGMA quick_check").fetchone()[0]
    if found != "ok":
        raise sqlite3.DatabaseError(found)


def _places(names: list[str], data: Path) -> Iterator[tuple[str, Path]]:
    """Yield where each file of a backup belongs; other names are passed over."""
    for name in names:
        folder, _, file = name.rpartition("/")
        plain = Path(file).name == file and not file.startswith(".")
        if name in {FILE, SECRET}:
            yield name, data / name
        elif folder == TEXTS and plain and file.endswith(".toml") and "\\" not in file:
            yield name, data / TEXTS / file


def _copy(source: Path, target: Path) -> None:
    """Copy a database that may be written to meanwhile."""
    target.touch(mode=0o600)
    with closing(sqlite3.connect(source)) as one, closing(sqlite3.connect(target)) as other:
        one.backup(other)
