"""Where a table's bytes come from: a file that can be read again, or a stream that cannot."""

import difflib
import stat
import sys
import tempfile
from collections.abc import Iterator
from functools import partial
from itertools import chain
from pathlib import Path
from typing import BinaryIO

from triage_agent.errors import InputError

CHUNK = 64 * 1024  # bytes
SAMPLE = 4 * CHUNK
MAX_SPOOLED = 1_000_000_000  # bytes of a workbook that comes from a stream


class Source:
    """A file or stream, its first bytes (`sample`, all of them if `is_all`) already read.

    Raises `InputError` for a path that is missing, a directory or not readable, and for an empty
    file.
    """

    def __init__(self, source: Path | BinaryIO) -> None:
        if source == Path("-"):
            source = sys.stdin.buffer
        self.path = source if isinstance(source, Path) and not _is_stream(source) else None
        self._opened: BinaryIO | None = None  # a pipe or device that `close` closes
        if self.path is not None:
            self.name, self.suffix = self.path.name, self.path.suffix.casefold()
            with _open(self.path) as file:
                self.sample = _read(file, SAMPLE, self.name)
        else:
            is_path = isinstance(source, Path)
            self.name, self.suffix = str(source) if is_path else "standard input", ""
            if isinstance(source, Path):
                self._opened = source = _open(source)
            self.stream = source
            try:
                self.sample = _read(self.stream, SAMPLE, self.name)
            except InputError:
                self.close()
                raise
        self.is_checked = False  # whether a workbook was found to be of a sane size
        self.is_all = len(self.sample) < SAMPLE
        if not self.sample:
            self.close()
            raise InputError(f"{self.name} is empty. Give a table with a row for each form.")

    @property
    def rereadable(self) -> bool:
        """Whether `chunks` and `file` can be called again."""
        return self.path is not None

    def close(self) -> None:
        """Close a pipe or device that was opened here; a stream that was given stays open."""
        if self._opened is not None:
            self._opened.close()

    def chunks(self) -> Iterator[bytes]:
        """Yield the bytes from the beginning."""
        if self.path is None:
            rest = iter(partial(_read, self.stream, CHUNK, self.name), b"")
            try:
                yield from chain([self.sample], rest)
            finally:
                self.close()
            return
        with _open(self.path) as file:
            yield from iter(partial(_read, file, CHUNK, self.name), b"")

    def file(self) -> BinaryIO:
        """Return a seekable file of the bytes, which the caller closes."""
        if self.path is not None:
            return _open(self.path)
        copy = tempfile.TemporaryFile()  # noqa: SIM115  (the caller closes it)
        for chunk in self.chunks():
            if copy.tell() > MAX_SPOOLED:
                copy.close()
                raise InputError(f"The workbook in {self.name} is over 1 GB. Save it as .csv.")
            copy.write(chunk)
        copy.seek(0)
        return copy


def _is_stream(path: Path) -> bool:
    """Return whether a path leads to what can be read only once: a pipe, a device."""
    try:
        mode = path.stat().st_mode
    except (OSError, ValueError):  # what is wrong shows where it is opened
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode))


def _open(path: Path) -> BinaryIO:
    """Return the file opened, or raise `InputError` saying why it cannot be."""
    try:
        return path.open("rb")
    except FileNotFoundError as error:
        raise InputError(f"There is no file {path}.{_similar(path)} Check the path.") from error
    except IsADirectoryError as error:
        raise InputError(f"{path} is a folder. Name one file in it.") from error
    except (OSError, ValueError) as error:  # ValueError: a NUL in the name
        why = getattr(error, "strerror", None) or error
        raise InputError(f"{path} cannot be read: {why}. Check the path and its rights.") from error


def _similar(path: Path) -> str:
    """Return a hint at files of the folder with a similar name."""
    try:
        names = [entry.name for entry in path.parent.iterdir() if entry.is_file()]
    except OSError:
        return f" There is no folder {path.parent} either."
    close = difflib.get_close_matches(path.name, names, n=3)
    return f" Did you mean {' or '.join(close)}?" if close else ""


def _read(file: BinaryIO, size: int, name: str) -> bytes:
    """Return `size` bytes, fewer only at the end; a pipe gives them in pieces."""
    parts: list[bytes] = []
    try:
        while size > 0 and (part := file.read(size)):
            parts.append(part)
            size -= len(part)
    except (OSError, ValueError) as error:
        raise InputError(f"{name} cannot be read any further: {error}. Try again.") from error
    return b"".join(parts)
