"""Workbooks of other formats, .xls, .xlsb and .ods, seen as openpyxl shows those of .xlsx."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any, BinaryIO

from triage_agent.tables.archive import MAX_ROWS


@dataclass(slots=True)
class Sheet:
    """One sheet, whose cells are read when they are asked for."""

    title: str
    sheet_state: str  # "visible", or another word
    _sheet: Any

    def reset_dimensions(self) -> None:
        """Do nothing: no stated size is relied on."""

    def iter_rows(
        self, *, values_only: bool = True, max_row: int = MAX_ROWS, max_col: int | None = None
    ) -> Iterator[tuple[Any, ...]]:
        """Yield the values of each row from the sheet's first."""
        if not values_only or max_col is not None:
            raise NotImplementedError("only the values of whole rows")
        for row in islice(self._sheet.iter_rows(), max_row):
            yield tuple(None if cell == "" else cell for cell in row)


@dataclass(slots=True)
class Book:
    """A workbook with its sheets."""

    worksheets: list[Sheet]


def load(file: BinaryIO) -> Book:
    """Return the workbook in a file; its sheets are held in memory, one at a time.

    Raises what python-calamine raises, whose panics are `RuntimeError` here.
    """
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_filelike(io.BytesIO(file.read()))
        return Book(
            [
                Sheet(
                    found.name,
                    "visible" if found.visible is SheetVisibleEnum.Visible else "hidden",
                    _Later(book, found.name),
                )
                for found in book.sheets_metadata
                if found.typ is SheetTypeEnum.WorkSheet
            ]
        )
    except BaseException as error:
        if isinstance(error, Exception | KeyboardInterrupt | SystemExit):
            raise
        raise RuntimeError(str(error)) from error  # Rust's panic, which is no Exception


@dataclass(slots=True)
class _Later:
    """A sheet that is read when its rows are asked for."""

    book: Any
    name: str

    def iter_rows(self) -> Iterator[list[Any]]:
        """Yield the rows."""
        try:
            yield from self.book.get_sheet_by_name(self.name).iter_rows()
        except BaseException as error:
            if isinstance(error, Exception | KeyboardInterrupt | SystemExit | GeneratorExit):
                raise
            raise RuntimeError(str(error)) from error
