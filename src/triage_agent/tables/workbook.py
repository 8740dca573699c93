"""XLSX: the rows of a sheet are read, and rows are written to one."""

import re
import tempfile
import warnings
from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import islice
from typing import Any, BinaryIO

from triage_agent.errors import InputError, SettingsError
from triage_agent.files import replace_surrogates
from triage_agent.tables.archive import MAX_ROWS, check_archive
from triage_agent.tables.cells import cells_of, may_run, plain_text
from triage_agent.tables.row import DateText, OpenedTable, Value, WrittenHeader
from triage_agent.tables.sheet_facts import unusual_of
from triage_agent.tables.sheets import Judge, Sheet, Unusual, plain, table_of, trimmed

ESCAPED = re.compile(r"_x([0-9a-fA-F]{4})_")  # how OOXML writes what XML cannot hold
BATCH = 256
MAX_FROZEN = 12  # rows; more leave no room to scroll
DATE, TIME, MOMENT = "yyyy-mm-dd", "hh:mm:ss", "yyyy-mm-dd hh:mm:ss"
DURATION = "[h]:mm:ss"
FIRST_YEAR = 1900  # of Excel's calendar
CELL_LIMIT = 32_767  # Excel's, in UTF-16 units
CUT = " […cut: an Excel cell holds no more]"
EXACT = 10**15  # Excel keeps 15 digits of a number; a longer id is written as text
# What OOXML writes as _xHHHH_: itself, and what XML cannot hold. XlsxWriter's own escaping misses
# the second of "_x0041_x0042_", and takes text that begins with "<r>" for markup of its own.
ESCAPE = re.compile(r"_(?=x[0-9a-fA-F]{4}_)|[\0-\x08\x0b-\x1f\ufffe\uffff]|\A<(?=r>)")


def open_workbook(
    file: BinaryIO,
    name: str,
    sheet: str | None,
    header: bool | None,
    header_row: int | None = None,
    *,
    checked: bool = False,
    written: bool = False,
    judge: Judge = lambda *_: 0,
) -> OpenedTable:
    """Return the table in a sheet, as `table_of` chooses and reads it.

    Formulas give the value that Excel stored, dates become ISO text, macros are not read.
    `checked`: this file was opened before, and need not be looked through again. Raises
    `InputError` for what is not a workbook, is encrypted, cut off or unpacks to far more than its
    size, for an unknown sheet, and for one with no rows.
    """
    if not checked:
        check_archive(file, name)
    book = _guarded(name, _load, file)
    found = [
        Sheet(
            one.title,
            one.sheet_state == "visible",
            partial(_numbered, one, name),
            partial(_unusual, book, one),
        )
        for one in book.worksheets
    ]
    return table_of(found, name, sheet, header, header_row, written=written, judge=judge)


class XlsxWriter:
    """Writes XLSX with XlsxWriter: in constant memory, and the same rows give the same bytes.

    It is released often, and 1.7 times as fast here as openpyxl's write-only mode.
    """

    def __init__(self, file: BinaryIO, header: WrittenHeader) -> None:
        import xlsxwriter  # type: ignore[import-untyped]
        from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

        class Plain(Worksheet):  # type: ignore[misc]
            """A sheet whose texts are escaped by us (see ESCAPE)."""

            @staticmethod
            def _escape_control_characters(data: object) -> str:
                return ESCAPE.sub(lambda found: f"_x{ord(found.group()):04X}_", str(data))

        self.cut_cells, self.row, self.columns = 0, 0, header.columns
        self.folder = tempfile.TemporaryDirectory()
        options = {"constant_memory": True, "tmpdir": self.folder.name}
        self.book = xlsxwriter.Workbook(file, options)
        self.book.set_properties({"created": datetime(2000, 1, 1)})  # noqa: DTZ001
        self.sheet = self.book.add_worksheet("triage", worksheet_class=Plain)
        self._styles: dict[str, Any] = {}
        for cells in header.rows:
            self._append(cells, "bold" if cells is header.columns else "")
        if self.row <= MAX_FROZEN:
            self.sheet.freeze_panes(self.row, 0)

    def write(self, values: Mapping[str, object], row: int = 0) -> None:
        """Write one row, after blank ones up to the row's number.

        Raises `SettingsError` if the sheet is full.
        """
        self.row = max(self.row, row - 1)
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

    def _append(self, cells: Sequence[object], font: str = "") -> None:
        """Write one row of the sheet; never a formula or link."""
        if self.row >= MAX_ROWS:
            raise SettingsError(
                f"An Excel sheet holds {MAX_ROWS:,} rows and there are more. "
                "Name an output that ends in .csv or .jsonl."
            )
        bold = self._style(font) if font else None
        for column, cell in enumerate(cells):
            place = self.row, column
            if cell is None or cell == "":
                continue
            if isinstance(cell, bool):
                self.sheet.write_boolean(*place, cell)
            elif isinstance(cell, int | float) and abs(cell) < EXACT:  # not NaN, not infinity
                self.sheet.write_number(*place, cell)
            elif isinstance(cell, DateText) and (found := date_of(cell)):
                self.sheet.write_datetime(*place, found[0], self._style(found[1]))
            else:
                text = self._cut(plain_text(cell))
                # Excel's own mark of a text that was typed behind an apostrophe.
                style = self._style(font, quoted=True) if may_run(text) else bold
                self.sheet.write_string(*place, text, style)
        self.row += 1

    def _style(self, name: str, *, quoted: bool = False) -> Any:
        """Return a style: of a number, bold, or none, for a text that may run, or not."""
        key = f"{name}{'|quoted' if quoted else ''}"
        if key not in self._styles:
            font = {"bold": True} if name == "bold" else {"num_format": name} if name else {}
            wanted = font | ({"quote_prefix": True} if quoted else {})
            self._styles[key] = self.book.add_format(wanted) if wanted else None
        return self._styles[key]

    def _cut(self, text: str) -> str:
        """Return a text that fits into a cell."""
        if len(text) <= CELL_LIMIT // 2 or len(text.encode("utf-16-le")) // 2 <= CELL_LIMIT:
            return text
        self.cut_cells += 1
        kept = text.encode("utf-16-le")[: 2 * (CELL_LIMIT - len(CUT))]
        return kept.decode("utf-16-le", "ignore") + CUT


def date_of(text: str) -> tuple[date | time | timedelta, str] | None:
    """Return the date or time that a `DateText` is, and its style; None: a workbook has no such.

    >>> date_of("2026-05-01"), date_of("1850-01-01")
    ((datetime.date(2026, 5, 1), 'yyyy-mm-dd'), None)
    >>> date_of("26:00:00")
    (datetime.timedelta(days=1, seconds=7200), '[h]:mm:ss')
    """
    if "-" in text:
        found = datetime.fromisoformat(text)
        day = found if "T" in text else found.date()
        return None if found.year < FIRST_YEAR else (day, MOMENT if "T" in text else DATE)
    hours, minutes, seconds = text.split(":")
    if int(hours) < 24:
        return time.fromisoformat(text), TIME
    return timedelta(hours=int(hours), minutes=int(minutes), seconds=int(seconds)), DURATION


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
            if kept := trimmed(cells):
                yield number, [_plain(cell) for cell in kept]


def _unusual(book: Any, sheet: Any) -> Unusual:
    """Return what is unusual in a sheet; openpyxl does not tell it in read-only mode."""
    part = getattr(sheet, "_worksheet_path", None)
    return unusual_of(book._archive, part) if part else Unusual()  # noqa: SLF001


def _plain(cell: Any) -> Value:
    """Return a cell's value, its text unescaped."""
    value = plain(cell)
    return unescape(value) if isinstance(value, str) else value
