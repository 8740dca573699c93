"""XLSX: a sheet's rows, after a look at what the file would unpack to."""

import re
import warnings
import zipfile
from collections.abc import Iterator, Sequence
from datetime import date, datetime, time, timedelta
from itertools import chain, islice
from typing import Any, BinaryIO

from triage_agent.errors import InputError
from triage_agent.files import replace_surrogates
from triage_agent.tables.row import MAX_COLUMNS, SAMPLE_ROWS, OpenedTable, Row, Value, fill, name_columns

MAX_UNPACKED = 1_000_000_000  # bytes; Excel's million rows of forms stay below it
MAX_STRINGS = 300_000_000  # bytes of shared strings, the part that is held in memory
BOMB_SIZE, BOMB_RATIO = 20_000_000, 250  # bytes, and packed size times; real sheets reach about 100
MAX_ROWS = 1_048_576  # Excel's own limit; without it a row numbered 10**9 yields 10**9 empty ones
ESCAPED = re.compile(r"_x([0-9a-fA-F]{4})_")  # how OOXML writes what XML cannot hold
ERRORS = frozenset(
    {"#DIV/0!", "#N/A", "#NAME?", "#NULL!", "#NUM!", "#REF!", "#VALUE!", "#SPILL!", "#CALC!"}
)
BATCH = 256


def open_workbook(file: BinaryIO, name: str, sheet: str | None, header: bool | None) -> OpenedTable:
    """Return the table in a sheet: the one named, else the first visible one with anything in it.

    `header` False: the first row is data; True: it is the header, not a title above it. Formulas
    give the value that Excel stored, dates become ISO text, macros are not read. Raises
    `InputError` for what is no workbook, is encrypted, cut off or unpacks to far more than its
    size, for an unknown sheet, and for one with no rows.
    """
    check_archive(file, name)
    book = _guarded(name, _load, file)
    visible = [found for found in book.worksheets if found.sheet_state == "visible"]
    sheets = tuple(found.title for found in book.worksheets)
    if sheet is not None and sheet not in sheets:
        raise InputError(
            f"{name} has no sheet {sheet!r}. It has: {', '.join(map(repr, sheets))} (--sheet)."
        )
    notes: list[str] = []
    for candidate in book.worksheets if sheet is not None else visible or book.worksheets:
        if sheet is not None and candidate.title != sheet:
            continue
        found = _numbered(candidate, name)
        head = list(islice(found, SAMPLE_ROWS))
        if not head:
            continue
        if header is False:
            first: tuple[int, list[Value]] = (0, [""] * max(len(cells) for _, cells in head))
        else:
            place = 0 if header else _header_place([cells for _, cells in head])
            notes += [f"The header is in row {head[place][0]}."] if place else []
            first, head = head[place], head[place + 1 :]
        columns, renamed = name_columns([_named(cell) for cell in first[1]], name)
        rest = [other for other in sheets if other != candidate.title]
        if rest and sheet is None:
            shown = ", ".join(map(repr, rest[:5])) + (", …" if len(rest) > 5 else "")
            notes.append(f"Only sheet {candidate.title!r} is read, not {shown} (--sheet).")
        rows = _rows(columns, chain(head, found))
        return OpenedTable(columns, rows, (*notes, *renamed), candidate.title, sheets)
    where = f"sheet {sheet!r} of {name}" if sheet is not None else name
    raise InputError(f"There is nothing in {where}. Give a header and a row for each form.")


def check_archive(file: BinaryIO, name: str) -> None:
    """Raise `InputError` unless a file is a workbook that unpacks to a sane size."""
    start = file.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        file.seek(0)
        locked = "EncryptedPackage".encode("utf-16-le") in file.read(1_000_000)
        raise InputError(
            f"{name} is protected by a password. Save a copy without one."
            if locked
            else f"{name} is in the format of Excel 97. Save it as .xlsx or .csv."
        )
    try:
        with zipfile.ZipFile(file) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError, EOFError) as error:
        raise InputError(
            f"{name} is no whole .xlsx file: it is cut off or damaged. Copy or export it again."
        ) from error
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names and "[Content_Types].xml" not in names:
        raise InputError(f"{name} is a ZIP archive, not an Excel workbook. Unpack it first.")
    if any(part.flag_bits & 1 for part in parts):
        raise InputError(f"{name} is protected by a password. Save a copy without one.")
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > BOMB_SIZE and ratio > BOMB_RATIO:
            raise InputError(
                f"{name} is refused: {part.filename[:80]} unpacks to {ratio:,.0f} times its size, "
                "as a zip bomb does. Save it as .csv to read it."
            )
    total = sum(part.file_size for part in parts)
    strings = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
    if total > MAX_UNPACKED or strings > MAX_STRINGS:
        raise InputError(
            f"{name} unpacks to {total / 1e6:,.0f} MB, too much to hold. Save it as .csv, "
            "which is read row by row."
        )


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


def _named(cell: Value) -> str:
    """Return a header cell as a column's name."""
    return "" if cell is None else str(cell)


def _header_place(head: Sequence[Sequence[Value]]) -> int:
    """Return which of the first rows is the header: a title above it fills few cells."""
    filled = [sum(cell not in {None, ""} for cell in cells) for cells in head[:10]]
    return next(place for place, count in enumerate(filled) if 2 * count >= max(filled))


def _rows(
    columns: tuple[str, ...], found: Iterator[tuple[int, list[Value]]] | chain[Any]
) -> Iterator[Row]:
    """Yield the sheet's rows; short ones are no complaint, as Excel stores no empty cells."""
    for number, cells in found:
        padded = cells + [None] * (len(columns) - len(cells))
        values, complaint = fill(columns, padded[:MAX_COLUMNS])
        broken = [column for column, cell in values.items() if cell in ERRORS]
        if broken and not complaint:
            complaint = f"holds the error {values[broken[0]]} in column {broken[0]!r}"
        yield Row(number, values, complaint)
