"""A workbook is checked before it is unpacked: what it is, and how large it would become."""

import zipfile
from typing import BinaryIO

from triage_agent.errors import InputError

MAX_UNPACKED = 1_000_000_000  # bytes; Excel's million rows of forms stay below it
MAX_STRINGS = 300_000_000  # bytes of shared strings, the part that is held in memory
BOMB_SIZE, BOMB_RATIO = 20_000_000, 250  # bytes, and packed size times; real sheets reach about 100


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
            f"{name} is not a complete .xlsx file: it is cut off or damaged. "
            "Copy or export it again."
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
