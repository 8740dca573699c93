"""XLSX: the rows of a sheet are read, and rows are written to one."""

import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from triage_agent.errors import InputError, SettingsError
from triage_agent.files import replace_surrogates
from triage_agent.tables.archive import MAX_ROWS, check_archive
from triage_agent.tables.cells import cells_of, text_of
from triage_agent.tables.header import HeaderChoice
from triage_agent.tables.row import OpenedTable, Value
from triage_agent.tables.sheet import Sheet, choose_sheet, read_sheet
from triage_agent.tables.sheet_parts import look_through

ESCAPED = re.compile(r"_x([0-9a-fA-F]{4})_")  # how OOXML writes what XML cannot hold
BATCH = 256
CELL_LIMIT = 32_767  # Excel's, in UTF-16 units
CUT = " […cut: an Excel cell holds no more]"
EXACT = 10**15  # Excel keeps 15 digits of a number; a longer id is written as text
# What OOXML writes as _xHHHH_: itself, and what XML cannot hold. XlsxWriter's own escaping misses
# the second of "_x0041_x0042_", and takes text that begins with "<r>" for markup of its own.
ESCAPE = re.compile(r"_(?=x[0-9a-fA-F]{4}_)|[\0-\x08\x0b-\x1f\ufffe\uffff]|\A<(?=r>)")


def open_workbook(
    file: BinaryIO, name: str, sheet: str | None, choice: HeaderChoice, *, checked: bool = False
) -> OpenedTable:
    """Return the table in a sheet: the one named, else the visible one with the most free text.

    Formulas give the value that Excel stored, dates become ISO text, macros are not read.
    `checked`: this file was opened before, and need not be looked through again. Raises
    `InputError` for what is not a workbook, is encrypted, cut off or unpacks to far more than its
    size, for an unknown sheet, and for one with no rows.
    """
    if not checked:
        check_archive(file, name)
    book = _guarded(name, _load, file)
    sheets = [Sheet(one.title, partial(_numbered, one, name)) for one in book.worksheets]
    visible = {one.title for one in book.worksheets if one.sheet_state == "visible"}
    chosen = choose_sheet(sheets, visible, name, sheet)
    place = [one.title for one in sheets].index(chosen.title)
    parts = _guarded(name, look_through, book.worksheets[place])
    opened = read_sheet(chosen, sheets, name, choice, parts.merges, is_named=sheet is not None)
    if parts.uncomputed:
        cells = ", ".join(parts.shown) + (", …" if parts.uncomputed > len(parts.shown) else "")
        note = (
            f"{parts.uncomputed:,} formulas of sheet {chosen.title!r} have no stored result "
            f"({cells}) and are read as empty. Open the file in Excel, save it, and run again."
        )
        opened = replace(opened, notes=(*opened.notes, note))
    return opened


class XlsxWriter:
    """Writes XLSX with XlsxWriter: in constant memory, and the same rows give the same bytes.

    It is released often, and 1.7 times as fast here as openpyxl's write-only mode.
    """

    def __init__(
        self, file: BinaryIO, columns: Sequence[str], preamble: Sequence[Sequence[Value]] = ()
    ) -> None:
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
        for cells in preamble:
            self._append(cells)
        self.sheet.freeze_panes(len(preamble) + 1, 0)
        self._append(list(columns), self.book.add_format({"bold": True}))

    def write(self, values: Mapping[str, object]) -> None:
        """Write one row; `SettingsError` if the sheet is full."""
        self._append(cells_of(self.columns, values))

    def close(self, *, keep: bool) -> None:
        """Finish the workbook, or only release what is held."""
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
        if self.row >= MAX_ROWS:
            raise SettingsError(
                f"An Excel sheet holds {MAX_ROWS:,} rows and there are more. "
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


def unescape(text: str) -> str:
    r"""Return a cell's text with OOXML's escapes resolved.

    >>> unescape("a_x000D_b_x005F_x000D_")
    'a\rb_x000D_'
    """
    if "_x" not in text:
        return text
    return replace_surrogates(ESCAPED.sub(lambda found: chr(int(found.group(1), 16)), text))


def _load(file: BinaryIO) -> Any:
    """Return the openpyxl workbook of a file."""
    import openpyxl  # type: ignore[import-untyped]

    return openpyxl.load_workbook(file, read_only=True, data_only=True, keep_links=False)


def _guarded(name: str, action: Any, *arguments: Any) -> Any:
    """Return what an action of openpyxl gives; whatever it raises becomes an `InputError`.

    On damaged parts openpyxl fails with KeyError, TypeError, AttributeError, ParseError, zlib.error
    and more, as its parser happens to trip; it also warns about features that do not matter here.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return action(*arguments)
    except Exception as error:
        raise InputError(
            f"{name} cannot be read as a workbook ({type(error).__name__}). Open it in Excel and "
            "save it again as .xlsx or .csv."
        ) from error


def _numbered(sheet: Any, name: str) -> Iterator[tuple[int, list[Value]]]:
    """Yield (sheet row, cells) of the rows that hold anything, without empty cells at the end."""
    if not hasattr(sheet, "reset_dimensions"):
        return
    sheet.reset_dimensions()  # some exporters write "A1" there whatever the sheet holds
    found = enumerate(sheet.iter_rows(values_only=True, max_row=MAX_ROWS, max_col=None), start=1)
    number = 0
    while True:
        try:
            batch = _guarded(name, lambda: list(islice(found, BATCH)))
        except InputError as error:
            raise InputError(f"{error.message} It fails after row {number:,}.") from error
        if not batch:
            return
        for number, cells in batch:
            end = len(cells)
            while end and cells[end - 1] in {None, ""}:
                end -= 1
            if end:
                yield number, [_plain(cell) for cell in cells[:end]]


def _plain(cell: Any) -> Value:
    """Return a cell's value as text, number or truth value."""
    if isinstance(cell, str):
        return unescape(cell)
    if cell is None or isinstance(cell, bool | int | float):
        return cell
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date().isoformat()
    if isinstance(cell, datetime | date | time):
        return cell.isoformat()
    return str(cell) if isinstance(cell, timedelta) else unescape(str(cell))
