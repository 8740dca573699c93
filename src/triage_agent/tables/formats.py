"""The three formats of an output file; each writes rows to an open binary file.

XLSX is written by XlsxWriter: released often, 1.7 times as fast here as openpyxl's write-only mode,
constant memory, and the same rows give the same bytes once the date of creation is fixed.
"""

import csv
import io
import re
import tempfile
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, BinaryIO, Protocol

from triage_agent.errors import SettingsError
from triage_agent.files import replace_surrogates
from triage_agent.tables.formulas import as_json, text_of

CELL_LIMIT = 32_767  # Excel's, in UTF-16 units
CUT = " […cut: an Excel cell holds no more]"
SHEET_ROWS = 1_048_576  # Excel's, with the header
EXACT = 10**15  # Excel keeps 15 digits of a number; a longer id is written as text
# What OOXML writes as _xHHHH_: itself, and what XML cannot hold. XlsxWriter's own escaping misses
# the second of "_x0041_x0042_", and takes text that begins with "<r>" for markup of its own.
ESCAPE = re.compile(r"_(?=x[0-9a-fA-F]{4}_)|[\0-\x08\x0b-\x1f\ufffe\uffff]|\A<(?=r>)")


class Writer(Protocol):
    """What writes one format."""

    cut_cells: int

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None: ...

    def write(self, values: Mapping[str, object]) -> None:
        """Write one row."""

    def close(self, *, keep: bool) -> None:
        """Finish the file, or only let go of what is held if it is not kept."""


class _Csv:
    cut_cells = 0

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self.columns = tuple(columns)
        self.text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="", write_through=False)
        self.rows = csv.writer(self.text)  # "\r\n", so that cells with a lone CR are quoted too
        self.rows.writerow([text_of(column) for column in columns])

    def write(self, values: Mapping[str, object]) -> None:
        cells = [text_of(cell) for cell in _cells(self.columns, values)]
        # Spreadsheets end a cell at a NUL character.
        self.rows.writerow([cell.replace("\0", "\ufffd") for cell in cells])

    def close(self, *, keep: bool) -> None:
        if keep:
            self.text.flush()
        self.text.detach()


class _Jsonl:
    cut_cells = 0

    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        self.file, self.columns = file, tuple(columns)

    def write(self, values: Mapping[str, object]) -> None:
        ordered = {column: values[column] for column in self.columns if column in values}
        self.file.write(replace_surrogates(as_json(ordered | dict(values))).encode() + b"\n")

    def close(self, *, keep: bool) -> None:
        """Nothing is held."""


class _Xlsx:
    def __init__(self, file: BinaryIO, columns: Sequence[str]) -> None:
        import xlsxwriter  # type: ignore[import-untyped]
        from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

        class Plain(Worksheet):  # type: ignore[misc]
            """A sheet whose texts are escaped by us (see ESCAPE)."""

            @staticmethod
            def _escape_control_characters(data: object) -> str:
                return ESCAPE.sub(lambda found: f"_x{ord(found.group()):04X}_", str(data))

        self.cut_cells, self.row, self.columns = 0, 0, tuple(columns)
        self.folder = tempfile.TemporaryDirectory()
        options = {"constant_memory": True, "tmpdir": self.folder.name}
        self.book = xlsxwriter.Workbook(file, options)
        self.book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001
        self.sheet = self.book.add_worksheet("triage", worksheet_class=Plain)
        self.sheet.freeze_panes(1, 0)
        self._append(list(columns), self.book.add_format({"bold": True}))

    def write(self, values: Mapping[str, object]) -> None:
        self._append(_cells(self.columns, values))

    def close(self, *, keep: bool) -> None:
        from xlsxwriter.exceptions import XlsxWriterException  # type: ignore[import-untyped]

        try:
            if keep:
                self.book.close()
            elif self.sheet.row_data_fh is not None:
                self.sheet.row_data_fh.close()
            self.book.fileclosed = 1
        except XlsxWriterException as error:
            raise OSError(str(error)) from error
        finally:
            self.folder.cleanup()

    def _append(self, cells: Sequence[object], style: Any = None) -> None:
        """Write one row of the sheet; never a formula or link."""
        if self.row >= SHEET_ROWS:
            raise SettingsError(
                f"An Excel sheet holds {SHEET_ROWS:,} rows and there are more. "
                "Name an output that ends in .csv or .jsonl."
            )
        for column, cell in enumerate(cells):
            if cell is None or cell == "":
                continue
            if isinstance(cell, bool):
                self.sheet.write_boolean(self.row, column, cell, style)
            elif isinstance(cell, int | float) and abs(cell) < EXACT:  # not NaN, not infinity
                self.sheet.write_number(self.row, column, cell, style)
            else:
                self.sheet.write_string(self.row, column, self._cut(text_of(cell)), style)
        self.row += 1

    def _cut(self, text: str) -> str:
        """Return a text that fits into a cell."""
        if len(text) <= CELL_LIMIT // 2 or len(text.encode("utf-16-le")) // 2 <= CELL_LIMIT:
            return text
        self.cut_cells += 1
        kept = text.encode("utf-16-le")[: 2 * (CELL_LIMIT - len(CUT))]
        return kept.decode("utf-16-le", "ignore") + CUT


WRITERS: dict[str, type[Writer]] = {".csv": _Csv, ".xlsx": _Xlsx, ".jsonl": _Jsonl}


def _cells(columns: Sequence[str], values: Mapping[str, object]) -> list[object]:
    """Return the values in the order of the columns."""
    if extra := values.keys() - set(columns):
        raise ValueError(f"no column for {sorted(extra)}")
    return [values.get(column) for column in columns]
