"""A workbook is checked before it is unpacked: what it is, and how large it would become."""

import zipfile
import zlib
from typing import BinaryIO
from xml.parsers import expat

from triage_agent.errors import InputError
from triage_agent.tables.row import ROW_LIMIT

MAX_UNPACKED = 1_000_000_000  # bytes; Excel's million rows of forms stay below it
MAX_OTHER = 200_000_000  # bytes of a workbook that is not XLSX: all of it is held in memory
MAX_STRING_BYTES = 300_000_000  # bytes of shared strings, the part that is held in memory
MAX_STRINGS = 2_000_000  # each takes about 250 bytes more, however short it is
MAX_ROWS = 1_048_576  # Excel's own limit; without it a row numbered 10**9 yields 10**9 empty ones
MAX_ELEMENTS = 500_000  # of one row; Excel's 16,384 cells have at most 100,000
MAX_CELLS = 10_000_000  # of an .ods, which is held as a whole
MAX_DIRECTORY = 10_000_000  # bytes of the archive's list of parts
BOMB_SIZE, BOMB_RATIO = 20_000_000, 250  # bytes, and packed size times; real sheets reach about 100
SMALL = 4_000_000  # bytes of a part that needs no look: whatever it holds fits into memory
CHUNK = 1_000_000  # bytes
MAX_TOKEN = 32 * CHUNK  # of one tag or comment, which the parser holds until it ends


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
    if _directory_size(file) > MAX_DIRECTORY:
        raise InputError(f"{name} has far more parts than a workbook. Save it as .csv to read it.")
    try:
        with zipfile.ZipFile(file) as archive:
            _check_parts(archive.infolist(), name)
            for part in archive.infolist():
                if part.file_size > SMALL:
                    _check_content(archive, part, name)
    except (
        zipfile.BadZipFile,
        OSError,
        ValueError,
        NotImplementedError,
        EOFError,
        zlib.error,
    ) as error:
        raise InputError(
            f"{name} is not a complete .xlsx file: it is cut off or damaged. "
            "Copy or export it again."
        ) from error


def check_other(file: BinaryIO, name: str, kind: str) -> None:
    """Raise `InputError` unless a workbook of another kind (XLS, XLSB, ODS) has a sane size.

    Its sheets are held in memory.
    """
    if kind == "xls":
        start = file.read(1_000_000)
        size = file.seek(0, 2)
        file.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in start:
            raise InputError(f"{name} is protected by a password. Save a copy without one.")
        if size > MAX_OTHER:
            raise InputError(f"{name} has {size / 1e6:,.0f} MB, too much to hold. Save it as .csv.")
        return
    try:
        with zipfile.ZipFile(file) as archive:
            total = _check_sizes(archive.infolist(), name)
            if kind == "ods" and "content.xml" in archive.namelist():
                # A few bytes of it may stand for a sheet full of the same cell.
                _check_content(archive, archive.getinfo("content.xml"), name)
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise InputError(
            f"{name} is not a complete .{kind} file: it is cut off or damaged. "
            "Copy or export it again."
        ) from error
    finally:
        file.seek(0)
    if total > MAX_OTHER:
        raise InputError(
            f"{name} unpacks to {total / 1e6:,.0f} MB, too much to hold. Save it as .csv."
        )


def _check_parts(parts: list[zipfile.ZipInfo], name: str) -> None:
    """Raise `InputError` unless the parts are those of a workbook, of the sizes that they state.

    A part that states less than it holds is cut off there when it is unpacked.
    """
    names = {part.filename for part in parts}
    if "xl/workbook.xml" not in names and "[Content_Types].xml" not in names:
        raise InputError(f"{name} is a ZIP archive, not an Excel workbook. Unpack it first.")
    total = _check_sizes(parts, name)
    strings = sum(part.file_size for part in parts if "sharedstrings" in part.filename.lower())
    if total > MAX_UNPACKED or strings > MAX_STRING_BYTES:
        raise InputError(
            f"{name} unpacks to {total / 1e6:,.0f} MB, too much to hold. Save it as .csv, "
            "which is read row by row."
        )


def _check_sizes(parts: list[zipfile.ZipInfo], name: str) -> int:
    """Return the bytes to which the parts unpack, or raise `InputError`."""
    if any(part.flag_bits & 1 for part in parts):
        raise InputError(f"{name} is protected by a password. Save a copy without one.")
    for part in parts:
        ratio = part.file_size / max(part.compress_size, 1)
        if part.file_size > BOMB_SIZE and ratio > BOMB_RATIO:
            raise InputError(
                f"{name} is refused: {part.filename[:80]} unpacks to {ratio:,.0f} times its size, "
                "as a zip bomb does. Save it as .csv to read it."
            )
    return sum(part.file_size for part in parts)


def _check_content(archive: zipfile.ZipFile, part: zipfile.ZipInfo, name: str) -> None:
    """Raise `InputError` if a part's content would take far more memory than its size.

    openpyxl holds all shared strings and one row at a time: 9 million strings of one letter are
    150 MB of XML, and would take 2 GB; so would one row with millions of cells.
    """
    count = _Count(name)
    parser = expat.ParserCreate()
    parser.buffer_text = True
    parser.StartElementHandler = count.element
    parser.CharacterDataHandler = count.text
    fed = 0
    with archive.open(part) as content:
        while chunk := content.read(CHUNK):
            fed += len(chunk)
            try:
                parser.Parse(chunk)
            except expat.ExpatError:  # no XML, or damaged there: openpyxl gets no further either
                return
            if fed - max(parser.CurrentByteIndex, 0) > MAX_TOKEN:
                raise count.too_much(f"a tag of more than {MAX_TOKEN / 1e6:g} MB")


class _Count:
    """Counts what a part holds while it is parsed."""

    def __init__(self, name: str) -> None:
        self.name, self.rows, self.strings, self.elements, self.size = name, 0, 0, 0, 0
        self.repeated, self.cells = 1, 0

    def element(self, tag: str, attributes: dict[str, str]) -> None:
        """Count an element, or raise `InputError`."""
        tag = tag.rpartition(":")[2]
        if tag == "table-row":
            self.repeated = _times(attributes.get("table:number-rows-repeated"))
        elif tag == "table-cell" and "office:value-type" in attributes:
            times = _times(attributes.get("table:number-columns-repeated"))
            self.cells += self.repeated * times
            if self.cells > MAX_CELLS:
                raise self.too_much(f"more than {MAX_CELLS:,} cells")
        if tag in {"row", "si"}:
            self.rows += tag == "row"
            self.strings += tag == "si"
            self.elements = self.size = 0
            if self.strings > MAX_STRINGS:
                raise self.too_much(f"more than {MAX_STRINGS:,} different texts")
            if self.rows > MAX_ROWS:
                raise self.too_much(f"more than {MAX_ROWS:,} rows")
        self.elements += 1
        if self.elements > MAX_ELEMENTS:
            raise self.too_much(f"a row of more than {MAX_ELEMENTS:,} parts")

    def text(self, data: str) -> None:
        """Count the characters of a row or string, or raise `InputError`."""
        self.size += len(data)
        if self.size > ROW_LIMIT:
            raise self.too_much(f"a row of more than {ROW_LIMIT:,} characters")

    def too_much(self, what: str) -> InputError:
        """Return the error that names what there is too much of."""
        return InputError(
            f"{self.name} holds {what}, too much to hold in memory. Save it as .csv, which is "
            "read row by row."
        )


def _times(repeated: str | None) -> int:
    """Return how often a row or cell of an .ods stands there."""
    return int(repeated) if repeated and repeated.isdecimal() and len(repeated) < 10 else 1


def _directory_size(file: BinaryIO) -> int:
    """Return the size in bytes of a ZIP archive's list of parts, as its end states it; else 0."""
    size = file.seek(0, 2)
    file.seek(max(0, size - 66_000))  # the longest comment, and the records before it
    tail = file.read()
    file.seek(0)
    place = tail.rfind(b"PK\x05\x06")
    stated = int.from_bytes(tail[place + 12 : place + 16], "little") if place >= 0 else 0
    if stated == 0xFFFFFFFF and (wide := tail.rfind(b"PK\x06\x06", 0, place)) >= 0:
        stated = int.from_bytes(tail[wide + 40 : wide + 48], "little")
    return stated
