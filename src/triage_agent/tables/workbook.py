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
from triage_agent.tables.front_sheet import DETAILS, FRONT, Widths, set_up_page
from triage_agent.tables.number_formats import NumberFormat, read_format
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
        self._styles: dict[str, Any] = {}
        self._front, names = header.front, (FRONT, DETAILS) if header.front else (DETAILS,)
        self._sheets = [self.book.add_worksheet(name, worksheet_class=Plain) for name in names]
        self._widths = Widths(header.front)
        for rows, sheet in zip((header.rows, header.front_rows), self._sheets[::-1], strict=False):
            for row, cells in enumerate(rows):
                bold = row == len(header.titles)
                if header.front and sheet is self._sheets[0] and bold:
                    sheet.set_row(row, self._widths.name_height())
                self._append(sheet, row, cells, "bold" if bold else "", wrap=bold)
        self.row = self._first = len(header.rows)
        self._named = range(len(header.titles), min(self._first, MAX_FROZEN))  # rows
        if self.row <= MAX_FROZEN:
            for sheet in self._sheets:
                sheet.freeze_panes(self.row, 0)
            if header.front:  # the business stays in view beside whatever is read of it
                self._sheets[0].freeze_panes(self.row, len(header.front.first))

    def write(self, values: Mapping[str, object], row: int = 0) -> None:
        """Write one row, after blank ones up to the row's number.

        Raises `SettingsError` if the sheet is full.
        """
        self.row = max(self.row, row - 1)
        if self.row >= MAX_ROWS:
            raise SettingsError(
                f"An Excel sheet holds {MAX_ROWS:,} rows and there are more. "
                "Name an output that ends in .csv or .jsonl."
            )
        if self._front:
            cells = self._front.cells(values)
            self._widths.see(cells)
            self._set_height(self._widths.height(cells))
            self._append(self._sheets[0], self.row, cells, wrap=True)
        self._append(self._sheets[-1], self.row, cells_of(self.columns, values))
        self.row += 1

    def close(self, *, keep: bool) -> None:
        """Finish the workbook, or only release what is held."""
        from xlsxwriter.exceptions import XlsxWriterException  # type: ignore[import-untyped]

        try:
            if keep:
                self._finish_front()
                self.book.close()
            for sheet in self._sheets:
                if sheet.row_data_fh is not None:
                    sheet.row_data_fh.close()
            self.book.fileclosed = 1
        except XlsxWriterException as error:
            raise OSError(str(error)) from error
        finally:
            self.folder.cleanup()

    def _set_height(self, points: int) -> None:
        """Make the row that is written next as high as its cells are."""
        sheet = self._sheets[0]
        for noted in (sheet.row_info, sheet.row_sizes):  # of rows that are on disk already
            for row in [row for row in noted if row < self.row - 1]:
                del noted[row]
        sheet.set_row(self.row, points)

    def _finish_front(self) -> None:
        """Give the first sheet its columns' widths, a filter and a page, now that all is known."""
        for column, width in enumerate(self._widths.columns):
            self._sheets[0].set_column(column, column, width)
        if self._widths.columns:
            last = max(self.row, self._first + 1) - 1, len(self._widths.columns) - 1
            self._sheets[0].autofilter(self._first - 1, 0, *last)
            if self._front and self._named:
                set_up_page(self._sheets[0], self._front, self._named, last[0])

    def _append(
        self, sheet: Any, row: int, cells: Sequence[object], font: str = "", *, wrap: bool = False
    ) -> None:
        """Write one row of a sheet; never a formula or link."""
        plain = self._style(font, wrap=wrap)
        for column, cell in enumerate(cells):
            place = row, column
            if cell is None or cell == "":
                continue
            if isinstance(cell, bool):
                sheet.write_boolean(*place, cell, self._style(wrap=wrap))
            elif isinstance(cell, int | float) and abs(cell) < EXACT:  # not NaN, not infinity
                sheet.write_number(*place, cell, self._style(wrap=wrap))
            elif isinstance(cell, DateText) and (found := date_of(cell)):
                sheet.write_datetime(*place, found[0], self._style(found[1], wrap=wrap))
            else:
                text = self._cut(plain_text(cell))
                # Excel's own mark of a text that was typed behind an apostrophe.
                style = self._style(font, quoted=True, wrap=wrap) if may_run(text) else plain
                sheet.write_string(*place, text, style)

    def _style(self, name: str = "", *, quoted: bool = False, wrap: bool = False) -> Any:
        """Return a style: of a number, bold, or none, for a text that may run, or is wrapped."""
        key = f"{name}{'|quoted' if quoted else ''}{'|wrap' if wrap else ''}"
        if key not in self._styles:
            font = {"bold": True} if name == "bold" else {"num_format": name} if name else {}
            wanted: dict[str, Any] = font | ({"quote_prefix": True} if quoted else {})
            wanted |= {"text_wrap": True, "valign": "top"} if wrap else {}
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
    return unusual_of(book._archive, part, _formats(book)) if part else Unusual()  # noqa: SLF001


def _formats(book: Any) -> list[NumberFormat]:
    """Return what the number formats of a workbook's styles show; none if they are damaged."""
    from openpyxl.styles.numbers import BUILTIN_FORMATS  # type: ignore[import-untyped]

    try:
        own = {164 + place: code for place, code in enumerate(book._number_formats)}  # noqa: SLF001
        return [
            read_format(own.get(one.numFmtId) or BUILTIN_FORMATS.get(one.numFmtId, "General"))
            for one in book._cell_styles  # noqa: SLF001
        ]
    except (AttributeError, TypeError):
        return []


def _plain(cell: Any) -> Value:
    """Return a cell's value, its text unescaped."""
    value = plain(cell)
    return unescape(value) if isinstance(value, str) else value
