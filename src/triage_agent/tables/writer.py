"""Results become a CSV, XLSX or JSON Lines file, whole or not at all; and are read back."""

import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO, Self

from triage_agent.errors import InputError, SettingsError
from triage_agent.tables import Value, open_table
from triage_agent.tables.formats import WRITERS
from triage_agent.tables.formulas import restore

try:
    import fcntl
except ImportError:  # Windows, where two runs into one file are not noticed
    fcntl = None  # type: ignore[assignment]


class Sheet:
    """A file of rows that appears under its name only when it is complete.

    Rows go to `.NAME.partial` in the same folder; leaving the `with` block flushes it to the disk
    and renames it; an exception removes it and leaves an older file as it was.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        if path.suffix.casefold() not in WRITERS:
            raise SettingsError(
                f"The output {path.name!r} must end in .csv, .xlsx or .jsonl; that is its format."
            )
        self.path, self.columns = path.resolve(), tuple(columns)
        self.partial = self.path.with_name(f".{self.path.name}.partial")

    @property
    def cut_cells(self) -> int:
        """How many XLSX cells were over Excel's limit and end in a note saying so."""
        return self._writer.cut_cells

    def __enter__(self) -> Self:
        if self.path.is_dir():
            raise SettingsError(f"The output {self.path} is a folder. Name a file in it.")
        with self._telling():
            self._file = _locked(self.partial, self.path)
            self._writer = WRITERS[self.path.suffix.casefold()](self._file, self.columns)
        return self

    def write(self, values: Mapping[str, object]) -> None:
        """Write one row; a column without a value is empty, in JSON Lines it is left out.

        A value without a column is kept by JSON Lines; for CSV and XLSX it is a `ValueError`.
        Raises `SettingsError` if the disk is full, or a workbook.
        """
        with self._telling():
            self._writer.write(values)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            with self._telling():
                self._writer.close(keep=kind is None)
                if kind is None:
                    self._file.flush()
                    os.fsync(self._file.fileno())
                    if os.name == "nt":  # which renames no open file
                        self._file.close()
                    self.partial.replace(self.path)
                    _sync_folder(self.path.parent)
        finally:
            with contextlib.suppress(OSError):  # after an error, or a failed rename
                if self.partial.exists():
                    self._file.close() if os.name == "nt" else None
                    self.partial.unlink()
            with contextlib.suppress(OSError):
                self._file.close()

    @contextlib.contextmanager
    def _telling(self) -> Iterator[None]:
        """Turn an operating system's error into a `SettingsError` that names the file."""
        try:
            yield
        except OSError as error:
            raise SettingsError(
                f"The output {self.path} cannot be written: {error.strerror or error}. "
                "What was there before is unchanged. Check the folder, its rights and its space."
            ) from error


def open_sheet(path: Path, columns: Sequence[str]) -> Sheet:
    """Return the file to write, CSV, XLSX or JSON Lines by its extension; use it in a `with`.

    The same rows give the same bytes. CSV is UTF-8 with a byte-order mark, without which Excel
    garbles accents. Raises `SettingsError` for another extension, and on entering if the file
    cannot be written or another run is writing it.
    """
    return Sheet(path, columns)


def read_back(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file that `open_sheet` wrote, its texts restored.

    CSV gives texts; XLSX texts, numbers and truth values, None for an empty cell; JSON Lines what
    was written. Raises `InputError` if the file is damaged.
    """
    kind = path.suffix.casefold().removeprefix(".")
    if kind == "jsonl" and path.is_file() and path.stat().st_size == 0:
        return
    is_csv = kind == "csv"
    table = open_table(
        path,
        format=kind,
        encoding=None if kind == "xlsx" else "utf-8",
        delimiter="," if is_csv else None,
        header=True,
    )
    for row in table.rows():
        if row.complaint and kind != "xlsx":  # in XLSX a text like "#N/A" gets one
            raise InputError(f"{path}, line {row.number:,} {row.complaint}. Run the batch again.")
        if kind == "jsonl":
            yield dict(row.values)
        else:
            yield {restore(column): _restored(cell) for column, cell in row.values.items()}


def _restored(cell: Value) -> Value:
    """Return a cell as it was before it was neutralised."""
    return restore(cell) if isinstance(cell, str) else cell


def _locked(partial: Path, final: Path) -> BinaryIO:
    """Return the hidden file, empty and locked against a second run into the same output.

    Its name is fixed, so that a killed run leaves one such file at most, and the next takes it.
    """
    file = os.fdopen(
        os.open(partial, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o666), "r+b"
    )
    try:
        if fcntl is not None:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            if not partial.exists() or not os.path.samestat(
                partial.stat(), os.fstat(file.fileno())
            ):
                raise BlockingIOError  # another run has just finished, and this is its output
    except BlockingIOError as error:
        file.close()
        raise SettingsError(
            f"Another run is writing {final}. Wait for it, or name another output."
        ) from error
    file.truncate()
    with contextlib.suppress(OSError):
        partial.chmod(final.stat().st_mode & 0o777)
    return file


def _sync_folder(folder: Path) -> None:
    """Flush a folder, so that a rename in it outlives a power cut, where that is possible."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
