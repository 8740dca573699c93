"""Results become a CSV, XLSX or JSON Lines file, complete or not at all; and are read back."""

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from triage_agent.errors import InputError, SettingsError
from triage_agent.files import atomic_writer
from triage_agent.tables.cells import restore
from triage_agent.tables.delimited import CsvWriter
from triage_agent.tables.json_rows import JsonLinesWriter
from triage_agent.tables.reader import Table, TableOptions, open_table
from triage_agent.tables.row import Value
from triage_agent.tables.workbook import XlsxWriter

Preamble = Sequence[Sequence[Value]]  # rows above the header, () for a blank one


class Writer(Protocol):
    """Writes the rows of one format to an open binary file."""

    cut_cells: int

    def write(self, values: Mapping[str, object]) -> None:
        """Write one row."""

    def close(self, *, keep: bool) -> None:
        """Finish the file, or only release what is held."""


WRITERS: dict[str, Callable[[BinaryIO, Sequence[str], Preamble], Writer]] = {
    ".csv": CsvWriter,
    ".xlsx": XlsxWriter,
    ".jsonl": lambda file, columns, _: JsonLinesWriter(file, columns),
}


def check_output(path: Path) -> None:
    """Raise `SettingsError` unless the path ends in the name of a format that can be written."""
    if path.suffix.casefold() not in WRITERS:
        raise SettingsError(
            f"The output {path.name!r} must end in .csv, .xlsx or .jsonl; that is its format."
        )


def open_sheet(
    path: Path, columns: Sequence[str], preamble: Preamble = ()
) -> contextlib.AbstractContextManager[Writer]:
    """Return the file to write, CSV, XLSX or JSON Lines by its extension; use it in a `with`.

    CSV and XLSX begin with the rows of `preamble`, above the header.

    It appears under its name only when the block ends without an error (see `atomic_writer`). The
    same rows give the same bytes. CSV is UTF-8 with a byte-order mark, without which Excel garbles
    accents. Raises `SettingsError` for another extension, and if the file cannot be written, is
    too long for a workbook, or another run is writing it.
    """
    check_output(path)
    return _written(path, columns, preamble)


@contextlib.contextmanager
def _written(path: Path, columns: Sequence[str], preamble: Preamble) -> Iterator[Writer]:
    """Yield what writes rows; what it holds is released whatever happens."""
    with atomic_writer(path) as file:
        writer = WRITERS[path.suffix.casefold()](file, columns, preamble)
        try:
            yield writer
        except BaseException:
            with contextlib.suppress(OSError):
                writer.close(keep=False)
            raise
        writer.close(keep=True)


def read_back(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a file that `open_sheet` wrote, its texts restored.

    CSV gives texts; XLSX texts, numbers and truth values, None for an empty cell; JSON Lines what
    was written. Raises `InputError` if the file is damaged.
    """
    kind = path.suffix.casefold().removeprefix(".")
    if kind == "jsonl" and path.is_file() and path.stat().st_size == 0:
        return
    table = _open_written(path, kind)
    for row in table.rows():
        if row.complaint and kind != "xlsx":  # in XLSX a text like "#N/A" gets one
            place = f"{'line' if kind == 'jsonl' else 'row'} {row.number:,}"
            raise InputError(f"{path}, {place} {row.complaint}. Run the batch again.")
        if kind == "jsonl":
            yield dict(row.values)
        else:
            yield {restore(column): _restored(cell) for column, cell in row.values.items()}


def read_preamble(path: Path) -> tuple[tuple[Value, ...], ...]:
    """Return the rows above the header of a file that `open_sheet` wrote, texts restored."""
    kind = path.suffix.casefold().removeprefix(".")
    if kind == "jsonl":
        return ()
    found = _open_written(path, kind).preamble
    return tuple(tuple(_restored(cell) for cell in cells) for cells in found)


def _open_written(path: Path, kind: str) -> Table:
    """Return the table of a file that `open_sheet` wrote."""
    return open_table(
        path,
        TableOptions(
            kind,
            encoding=None if kind == "xlsx" else "utf-8",
            delimiter="," if kind == "csv" else None,
            written=True,
        ),
    )


def _restored(cell: Value) -> Value:
    """Return a cell as it was before it was neutralised."""
    return restore(cell) if isinstance(cell, str) else cell
