"""Finds and checks the data files (prompts/, evals/), and writes every file that we write."""

import contextlib
import errno
import json
import os
import re
import stat
import sys
import tomllib
from collections.abc import Iterable, Iterator
from io import BufferedReader
from pathlib import Path
from typing import Any, BinaryIO, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from triage_agent.errors import SettingsError
from triage_agent.privacy import escape_json

HERE = Path(__file__).resolve().parent
LARGEST_FILE = 1_000_000  # bytes of a file that a person writes: settings, answers, a prompt
LARGEST_RECORD = 100_000_000  # bytes of a file that this program writes, such as a run's rows
# `Path.is_file` raises `OSError` for what is too long for a name, such as a whole sentence.
is_file, is_folder = os.path.isfile, os.path.isdir
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class Strict(BaseModel):
    """What every data file's model is: unknown keys are errors, values do not change."""

    model_config = ConfigDict(extra="forbid", frozen=True)


M = TypeVar("M", bound=BaseModel)


def folder(name: str) -> Path:
    """Return the shipped folder `name` (`prompts` or `evals`), or the checkout's.

    A wheel holds the folder inside the package; an editable install has it two levels up.
    """
    shipped = HERE / "_data" / name
    return shipped if shipped.is_dir() else HERE.parents[1] / name


if sys.platform == "win32":
    import msvcrt

    def _lock(file: int) -> None:
        msvcrt.locking(file, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _lock(file: int) -> None:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)


def take_lock(file: int) -> bool:
    """Lock an open file for this program alone, until it is closed; False: another one has it.

    A file system without locks gives it to everybody.
    """
    try:
        _lock(file)
    except (BlockingIOError, PermissionError):  # the second on Windows
        return False
    except OSError:
        pass
    return True


def read_bytes(path: Path, most: int = LARGEST_FILE) -> bytes:
    """Return what a regular file of at most `most` bytes holds.

    Raises `OSError` with the reason in words (`strerror`) for anything else: a pipe or a device
    may never end, and a file may not fit into memory.
    """
    with open_regular(path) as file:
        raw = file.read(most + 1)
    if len(raw) > most:
        raise OSError(errno.EFBIG, f"Larger than {most / 1e6:g} MB, the limit", str(path))
    return raw


def open_regular(path: Path) -> BufferedReader:
    """Return a regular file, open, without waiting as for a pipe; else `OSError` with a reason."""
    wait_not = getattr(os, "O_NONBLOCK", 0)
    try:
        file = open(path, "rb", opener=lambda name, flags: os.open(name, flags | wait_not))  # noqa: SIM115
    except ValueError as error:  # a NUL, or half a surrogate pair, in the name
        raise OSError(errno.EINVAL, "Not the name of a file", str(path)) from error
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "Not a regular file", str(path))
    return file


def beside(path: Path, ending: str) -> Path:
    """Return the path of a file that belongs to another: beside the file itself, not a link to it.

    >>> beside(Path("out.csv"), ".run.json").name
    'out.csv.run.json'
    """
    real = path.resolve() if path.is_symlink() else path
    return real.with_name(real.name + ending)


def read_text(path: Path) -> str:
    """Return a data file's text, or raise `SettingsError` naming the file."""
    try:
        return read_bytes(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(
            f"The data file {path} cannot be read ({error}). "
            + ("Reinstall triage-agent." if HERE in path.parents else "Check it, or name another.")
        ) from error


def load_toml(path: Path, model: type[M]) -> M:
    """Return a TOML data file as `model`, or raise `SettingsError` naming file and field."""
    try:
        values: dict[str, Any] = tomllib.loads(read_text(path))
        return model.model_validate(values)
    except ValidationError as error:
        raise SettingsError(f"{path} does not fit: {explain(error)}.") from error
    except (ValueError, RecursionError) as error:  # also a number of 5,000 digits, and deep nesting
        raise SettingsError(f"{path} is not valid TOML: {error}.") from error


def explain(error: ValidationError) -> str:
    """Return the first complaint of a validation error on one line, without the value.

    The value stays out because it may be a person's text.
    """
    first = error.errors(include_input=False, include_url=False, include_context=False)[0]
    place = ".".join(str(part) for part in first["loc"]) or "the whole"
    more = error.error_count() - 1
    return f"{place}: {first['msg']}" + (f" (and {more} more)" if more else "")


def replace_surrogates(text: str) -> str:
    """Return the text with its lone surrogates, which no encoding can carry, replaced."""
    return LONE_SURROGATE.sub("\ufffd", text)


@contextlib.contextmanager
def atomic_writer(path: Path, *, durable: bool = True) -> Iterator[BinaryIO]:
    """Yield a binary file that takes the place of `path` when the block ends without an error.

    Until then it is `.NAME.partial` in the same folder; after an error it is removed, and what
    was there before is unchanged. A link stays a link, and the new file has the rights of the old
    one. A device or a pipe, which cannot be replaced, is written to directly. `durable`: the file
    also outlives a power cut, which takes some milliseconds. Raises `SettingsError` naming path
    and reason if the file cannot be written, or if another run is writing it.
    """
    if is_folder(path):
        raise SettingsError(f"{path} is a folder. Name a file in it.")
    try:
        if path.exists() and not path.is_file():
            with path.open("wb") as device:
                yield device
            return
        final = path.resolve()
        partial = final.with_name(f".{final.name}.partial")
        with _locked(partial, final) as file:
            try:
                yield file
                file.flush()
                if durable:
                    os.fsync(file.fileno())
                _close_on_windows(file)
                partial.replace(final)
            except BaseException:
                with contextlib.suppress(OSError):
                    _close_on_windows(file)
                    partial.unlink()
                raise
        if durable:
            _sync_folder(final.parent)
    except OSError as error:
        raise SettingsError(
            f"{path} cannot be written: {error.strerror or error}. "
            "What was there before is unchanged. Check the folder, its rights and its space."
        ) from error


def check_writable(path: Path, *, inputs: Iterable[Path] = ()) -> None:
    """Raise `SettingsError` unless a file can be written to this path; best before any work.

    `inputs` are files that are read: an output that is one of them, by whatever path or link,
    would destroy its only copy. `-` is standard input.
    """
    if is_folder(path):
        raise SettingsError(f"{path} is a folder. Name a file in it.")
    for source in inputs:
        with contextlib.suppress(OSError, ValueError):  # one of them is not there
            read = os.fstat(sys.stdin.fileno()) if str(source) == "-" else source.stat()
            if os.path.samestat(read, path.stat()):
                raise SettingsError(
                    f"The output {path} is the file that is read, and writing it would destroy "
                    "your only copy. Name another output."
                )
    try:
        if path.exists() and not path.is_file():
            return  # a device or a pipe
        folder = path.resolve().parent
    except (OSError, ValueError, RuntimeError) as error:  # a NUL in the name; links in a circle
        why = getattr(error, "strerror", None) or error
        raise SettingsError(f"{path} cannot be written: {why}. Name another output.") from error
    if not folder.is_dir():
        raise SettingsError(f"There is no folder {folder}. Make it first, or name another output.")
    if not os.access(folder, os.W_OK | os.X_OK):
        raise SettingsError(f"The folder {folder} cannot be written to. Name another output.")


def write_text(path: Path, text: str, *, durable: bool = True) -> None:
    """Write a text file as `atomic_writer` does."""
    with atomic_writer(path, durable=durable) as file:
        file.write(replace_surrogates(text).encode())


def write_json(path: Path, value: object) -> None:
    """Write one value as JSON that people can read, as `atomic_writer` does."""
    text = json.dumps(value, ensure_ascii=False, indent=2, default=str)
    write_text(path, escape_json(text) + "\n")


def write_json_lines(path: Path, values: Iterable[object]) -> int:
    """Write one value per line, as `atomic_writer` does, and return how many."""
    count = 0
    with atomic_writer(path) as file:
        for count, value in enumerate(values, start=1):  # noqa: B007  (counted)
            file.write(json_line(value).encode())
    return count


def json_line(value: object) -> str:
    """Return a value as one line of JSON, with its line end."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return replace_surrogates(escape_json(text)) + "\n"


def _locked(partial: Path, final: Path) -> BinaryIO:
    """Return the partial file, empty and locked against a second run into the same output.

    Its name is fixed, so that a killed run leaves one such file at most, and the next takes it.
    """
    if partial.is_symlink() or (partial.exists() and not partial.is_file()):
        raise SettingsError(f"{partial} is in the way of {final}, and is not ours. Remove it.")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0) | getattr(os, "O_NOFOLLOW", 0)
    file = os.fdopen(os.open(partial, flags, 0o666), "r+b")
    # On Windows a lock would keep out whoever opens the file by its name, this program too.
    if sys.platform != "win32" and not (take_lock(file.fileno()) and _is_at(partial, file)):
        file.close()
        raise SettingsError(f"Another run is writing {final}. Wait for it, or name another output.")
    file.truncate()
    with contextlib.suppress(OSError):
        partial.chmod(final.stat().st_mode & 0o777)
    return file


def _close_on_windows(file: BinaryIO) -> None:
    """Close a file where one that is open can be neither renamed nor removed."""
    if os.name == "nt":
        file.close()


def _sync_folder(folder: Path) -> None:
    """Flush a folder, so that a rename in it outlives a power cut, where that is possible."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _is_at(path: Path, file: BinaryIO) -> bool:
    """Return whether an open file is still the one at a path."""
    return path.exists() and os.path.samestat(path.stat(), os.fstat(file.fileno()))
