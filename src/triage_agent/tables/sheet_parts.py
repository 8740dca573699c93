"""What openpyxl does not tell of a sheet that it streams: merged cells, formulas without a result.

The sheet's XML is looked through in pieces, so that memory stays small.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

CHUNK = 1 << 20
MAX_MERGES = 100_000
SHOWN = 5
# The lengths are bounded, so that no text makes the search slow.
MERGE = re.compile(
    rb'<(?:\w{1,9}:)?mergeCell\s[^>]{0,99}?ref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
UNCOMPUTED = re.compile(
    rb"<(?:\w{1,9}:)?c\s([^>]{0,200})>\s{0,9}<(?:\w{1,9}:)?f\b[^>]{0,200}?"
    rb"(?:/>|>[^<]{0,9000}</(?:\w{1,9}:)?f>)\s{0,9}"
    rb"(?:<(?:\w{1,9}:)?v\s?/>|<(?:\w{1,9}:)?v></(?:\w{1,9}:)?v>)?\s{0,9}</(?:\w{1,9}:)?c>"
)
REFERENCE = re.compile(rb'\br="([A-Z]{1,3}\d{1,7})"')
EMPTY_TEXT = re.compile(rb'\bt="str"')  # a formula whose result is an empty text has one


@dataclass(slots=True)
class SheetParts:
    """What was found in the XML of a sheet."""

    merges: list[tuple[int, int, int]] = field(default_factory=list)  # column from 0, rows from-to
    uncomputed: int = 0  # formulas without a stored result
    shown: list[str] = field(default_factory=list)  # where the first of them stand


def look_through(sheet: Any) -> SheetParts:
    """Return what the XML of an openpyxl sheet, opened read-only, says besides its values."""
    parts = SheetParts()
    for piece in _pieces(sheet):
        for found in MERGE.finditer(piece):
            first, top, last, bottom = found.groups()
            if first == last and len(parts.merges) < MAX_MERGES:
                parts.merges.append((_column(first), int(top), int(bottom)))
        for found in UNCOMPUTED.finditer(piece):
            if EMPTY_TEXT.search(found.group(1)):
                continue
            parts.uncomputed += 1
            if (cell := REFERENCE.search(found.group(1))) and len(parts.shown) < SHOWN:
                parts.shown.append(cell.group(1).decode())
    return parts


def _pieces(sheet: Any) -> Iterator[bytes]:
    """Yield the XML in pieces that end where a cell ends."""
    path = getattr(sheet, "_worksheet_path", None)
    if path is None:
        return
    rest = b""
    with sheet.parent._archive.open(path) as file:  # noqa: SLF001  # openpyxl has no public way
        while chunk := file.read(CHUNK):
            rest += chunk
            end = max(rest.rfind(b"</c>"), rest.rfind(b":c>"))
            end = end + 4 if end >= 0 else max(rest.rfind(b"<"), 0)
            yield rest[:end]
            rest = rest[end:][-CHUNK:]
    yield rest


def _column(letters: bytes) -> int:
    """Return a column's place from 0.

    >>> _column(b"A"), _column(b"AA")
    (0, 26)
    """
    place = 0
    for letter in letters:
        place = 26 * place + letter - 64
    return place - 1
