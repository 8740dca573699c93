"""A workbook is checked before it is unpacked: what it is, and how large it would become."""

import zipfile
import zlib
from typing import BinaryIO
from xml.parsers import expat

from triage_agent.errors import InputError
from triage_agent.tables.row import ROW_LIMIT

MAX_UNPACKED = 1_000_000_000  # bytes; Excel's million rows of forms stay below it
MAX_STRING_BYTES = 300_000_000  # bytes of shared strings, the part that is held in memory
MAX_STRINGS = 2_000_000  # each takes about 250 bytes more, however short it is
MAX_ROWS = 1_048_576  # Excel's own limit; without it a row numbered 10**9 yields 10**9 empty ones
MAX_ELEMENTS = 500_000  # of one row; Excel's 16,384 cells have at most 100,000
MAX_XLS = 200_000_000  # bytes; the format holds 65,536 rows, and is read as a whole
MAX_CELLS = 10_000_000  # of an .ods, which is held as a whole
MAX_DIRECTORY = 10_000_000  # bytes of the archive's list of parts
BOMB_SIZE, BOMB_RATIO = 20_000_000, 250  # bytes, and packed size times; real sheets reach about 100
SMALL = 4_000_000  # bytes of a part that needs no look: whatever it holds fits into memory
CHUNK = 1_000_000  # bytes
MAX_TOKEN = 32 * CHUNK  # of one tag or comment, which the parser holds until it ends


def check_archive(file: BinaryIO, name: str) -> str:
    """Return the format of a workbook, "xlsx", "xls", "xlsb" or "ods", by what it holds.

    Raises `InputError` unless it is one that unpacks to a sane size, and has no password.
    """
    start = file.read(8)
    if start.startswith(b"\xd0\xcf\x11\xe0"):
        file.seek(0)
        if "EncryptedPackage".encode("utf-16-le") in file.read(1_000_000):
            raise InputError(f"{name} is protected by a password. Save a copy without one.")
        if file.seek(0, 2) > MAX_XLS:
            raise InputError(f"{name} is too large to hold. Save it as .csv, read row by row.")
        file.seek(0)
        return "xls"
    if _directory_size(file) > MAX_DIRECTORY:
        raise InputError(f"{name} has far more parts than a workbook. Save it as .csv to read it.")
    try:
        with zipfile.ZipFile(file) as archive:
            kind = _check_parts(archive.infolist(), name)
            for part in archive.infolist():
                # A few bytes of .ods may stand for a sheet full of the same cell.
                if part.file_size > SMALL or (kind == "ods" and part.filename == "content.xml"):
                    _check_content(archive, part, name)
        return kind
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


def _check_parts(parts: list[zipfile.ZipInfo], name: str) -> str:
    """Return the format of the workbook that has these parts, of the sizes that they state.

    A part that states less than it holds is cut off there when it is unpacked.
    """
    names = {part.filename for part in parts}
    is_ods = {"mimetype", "content.xml"} <= names
    if not is_ods and "xl/workbook.xml" not in names and "[Content_Types].xml" not in names:
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
    if total > MAX_UNPACKED or strings > MAX_STRING_BYTES:
        raise InputError(
            f"{name} unpacks to {total / 1e6:,.0f} MB, too much to hold. Save it as .csv, "
            "which is read row by row."
        )
    return "ods" if is_ods else "xlsb" if "xl/workbook.bin" in names else "xlsx"


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
    """Return how often a row or cell stands there."""
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
