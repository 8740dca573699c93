"""Workbooks that are not XLSX (XLS, XLSB, ODS), read by calamine."""

from collections.abc import Iterator
from functools import partial
from typing import Any, BinaryIO

from triage_agent.errors import InputError
from triage_agent.tables.archive import check_other
from triage_agent.tables.header import Numbered
from triage_agent.tables.other_facts import unusual_in
from triage_agent.tables.row import OpenedTable, Value
from triage_agent.tables.sheets import Judge, Sheet, Unusual, plain, table_of, trimmed

WHAT = {"xls": "an Excel 97 workbook", "xlsb": "a binary workbook", "ods": "an ODS spreadsheet"}


def open_other_workbook(
    file: BinaryIO,
    name: str,
    kind: str,
    sheet: str | None,
    header: bool | None,
    header_row: int | None = None,
    *,
    judge: Judge = lambda *_: 0,
) -> OpenedTable:
    """Return the table in a sheet, as `table_of` chooses and reads it.

    The sheet is held in memory. Raises `InputError` for what is damaged, encrypted or far too
    large, for an unknown sheet, and for one with no rows.
    """
    import python_calamine

    check_other(file, name, kind)
    book = _guarded(name, kind, python_calamine.CalamineWorkbook.from_filelike, file)
    visible = python_calamine.SheetVisibleEnum.Visible
    work = python_calamine.SheetTypeEnum.WorkSheet
    found = [
        Sheet(
            one.name,
            one.visible == visible,
            partial(_numbered, book, one.name, name, kind),
            partial(_unusual, book, one.name, file, kind),
        )
        for one in book.sheets_metadata
        if one.typ == work
    ]
    return table_of(found, name, sheet, header, header_row, judge=judge)


def _numbered(book: Any, title: str, name: str, kind: str) -> Iterator[Numbered]:
    """Yield (sheet row, cells) of the rows that hold anything, without empty cells at the end."""
    sheet = _guarded(name, kind, book.get_sheet_by_name, title)
    rows = _guarded(name, kind, partial(sheet.to_python, skip_empty_area=False))
    for number, cells in enumerate(rows, start=1):
        if kept := trimmed(cells):
            yield number, [_plain(cell) for cell in kept]


def _unusual(book: Any, title: str, file: BinaryIO, kind: str) -> Unusual:
    """Return what is unusual in a sheet."""
    return unusual_in(file, kind, title, book.get_sheet_by_name(title) if kind == "xls" else None)


def _plain(cell: Any) -> Value:
    """Return a cell's value; calamine gives an empty one as "" and whole numbers as floats."""
    if cell == "":
        return None
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return int(cell)
    return plain(cell)


def _guarded(name: str, kind: str, action: Any, *arguments: Any) -> Any:
    """Return what an action of calamine gives; what it raises becomes an `InputError`."""
    try:
        return action(*arguments)
    except BaseException as error:
        # A panic of its Rust code is a BaseException of its own.
        if isinstance(error, KeyboardInterrupt | SystemExit | MemoryError):
            raise
        if type(error).__name__ == "PasswordError":
            raise InputError(
                f"{name} is protected by a password. Save a copy without one."
            ) from error
        raise InputError(
            f"{name} cannot be read as {WHAT[kind]} ({type(error).__name__}). Open it in Excel or "
            "LibreOffice and save it as .xlsx or .csv."
        ) from error
