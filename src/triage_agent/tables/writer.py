"""Results become a CSV, XLSX or JSON Lines file, complete or not at all; and are read back."""

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Protocol

from triage_agent.errors import InputError, SettingsError
from triage_agent.files import atomic_writer
from triage_agent.tables.cells import restore
from triage_agent.tables.delimited import CsvWriter
from triage_agent.tables.json_rows import JsonLinesWriter
from triage_agent.tables.reader import TableOptions, open_table
from triage_agent.tables.row import Row, Value, WrittenHeader
from triage_agent.tables.table import Table
from triage_agent.tables.workbook import XlsxWriter


class Writer(Protocol):
    """Writes the rows of one format to an open binary file."""

    cut_cells: int

    def __init__(self, file: BinaryIO, header: WrittenHeader) -> None: ...

    def write(self, values: Mapping[str, object], row: int = 0) -> None:
        """Write one row: the row with this number, after blank ones, or the next."""

    def close(self, *, keep: bool) -> None:
        """Finish the file, or only release what is held."""


WRITERS: dict[str, type[Writer]] = {
    ".csv": CsvWriter,
    ".xlsx": XlsxWriter,
    ".jsonl": JsonLinesWriter,
}


def check_output(path: Path) -> None:
    """Raise `SettingsError` unless the path ends in the name of a format that can be written."""
    if path.suffix.casefold() not in WRITERS:
        raise SettingsError(
            f"The output {path.name!r} must end in .csv, .xlsx or .jsonl; that is its format."
        )


def open_sheet(
    path: Path,
    columns: Sequence[str],
    titles: Sequence[Sequence[Value]] = (),
    extra: Sequence[Sequence[Value]] = (),
) -> contextlib.AbstractContextManager[Writer]:
    """Return the file to write, CSV, XLSX or JSON Lines by its extension; use it in a `with`.

    CSV and XLSX get the rows of `titles` above the header and those of `extra` under it.

    It appears under its name only when the block ends without an error (see `atomic_writer`). The
    same rows give the same bytes. CSV is UTF-8 with a byte-order mark, without which Excel garbles
    accents. Raises `SettingsError` for another extension, and if the file cannot be written, is
    too long for a workbook, or another run is writing it.
    """
    check_output(path)
    return _written(path, WrittenHeader(tuple(columns), titles, extra))


@contextlib.contextmanager
def _written(path: Path, header: WrittenHeader) -> Iterator[Writer]:
    """Yield what writes rows; what it holds is released whatever happens."""
    with atomic_writer(path) as file:
        writer = WRITERS[path.suffix.casefold()](file, header)
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
    if path.suffix.casefold() == ".jsonl" and path.is_file() and path.stat().st_size == 0:
        return
    for row in open_written(path).rows():
        yield row.values


def open_written(path: Path) -> Table:
    """Return the table of a file that `open_sheet` wrote, its texts restored as in `read_back`."""
    kind = path.suffix.casefold().removeprefix(".")
    table = open_table(
        path,
        TableOptions(
            kind,
            encoding=None if kind == "xlsx" else "utf-8",
            delimiter="," if kind == "csv" else None,
            written=True,
        ),
    )

    def rows() -> Iterator[Row]:
        for row in table.rows():
            if row.complaint and kind != "xlsx":  # in XLSX a text like "#N/A" gets one
                place = f"{'line' if kind == 'jsonl' else 'row'} {row.number:,}"
                raise InputError(f"{path}, {place} {row.complaint}. Run the batch again.")
            yield _restored(row) if kind == "csv" else row

    if kind == "csv":
        above, below = (
            tuple(tuple(restore(str(cell)) for cell in cells) for cells in part)
            for part in (table.titles, table.extra_header)
        )
        table = replace(
            table,
            columns=tuple(map(restore, table.columns)),
            sample=tuple(map(_restored, table.sample)),
            titles=above,
            extra_header=below,
        )
    return replace(table, _read=rows)


def _restored(row: Row) -> Row:
    """Return a row of a CSV, whose cells are texts, as it was before the guard."""
    cells = row.values.items()
    return replace(row, values={restore(name): restore(str(cell)) for name, cell in cells})
