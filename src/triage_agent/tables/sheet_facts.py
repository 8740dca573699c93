"""What the XML of a sheet says beside its rows: merged cells, formulas without a result."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from typing import IO

from triage_agent.tables.number_formats import NumberFormat
from triage_agent.tables.sheets import Area, Unusual

CHUNK = 1_000_000  # bytes
OVERLAP = 20_000  # bytes of a chunk that are looked at again with the next; a formula has 8,192
MAX_MERGED = 100_000
MERGED = re.compile(
    rb'<(?:\w+:)?mergeCell\b[^>]*?\bref="([A-Z]{1,3})(\d{1,7}):([A-Z]{1,3})(\d{1,7})"'
)
# A cell whose formula is followed by the end of the cell, or by an empty value.
UNCACHED = re.compile(
    rb'<(?:\w+:)?c\b[^>]*?\br="([A-Z]{1,3}\d{1,7})"[^>]*>\s*<(?:\w+:)?f\b'
    rb"(?:[^>]*/>|[^>]*>[^<]*</(?:\w+:)?f>)\s*"
    rb"(?:<(?:\w+:)?v\s*/>|<(?:\w+:)?v>\s*</(?:\w+:)?v>)?\s*</(?:\w+:)?c>"
)
# A cell with a value: the attributes, of which those of a text name its kind.
NUMBER_CELL = re.compile(
    rb"<(?:\w+:)?c\b([^>]*[^/>])>\s*(?:<(?:\w+:)?f\b[^<]*(?:</(?:\w+:)?f>)?\s*)?<(?:\w+:)?v>"
)
PLACE = re.compile(rb'\br="([A-Z]{1,3})\d{1,7}"')
KIND = re.compile(rb'\bt="(\w+)"')
STYLE = re.compile(rb'\bs="(\d{1,6})"')


def unusual_of(
    archive: zipfile.ZipFile, part: str, formats: Sequence[NumberFormat] = ()
) -> Unusual:
    """Return what is unusual in a sheet, by one pass over its XML in constant memory.

    `formats` are those of the workbook's styles, in their order.
    """
    shows = any(one != NumberFormat() for one in formats)
    found_formats: dict[int, set[NumberFormat]] = {}
    merged: list[Area] = []
    formulas, first = 0, ""
    try:
        with archive.open(part) as content:
            for text, fresh in _windows(content):
                if b"mergeCell" in text and len(merged) < MAX_MERGED:
                    merged += [
                        (int(found[2]), _column(found[1]), int(found[4]), _column(found[3]))
                        for found in MERGED.finditer(text)
                        if found.end() > fresh and found[2] != found[4]
                    ]
                if shows:
                    _add_formats(text, fresh, formats, found_formats)
                if b"f>" in text or b"<f" in text:
                    for cell in UNCACHED.finditer(text):
                        if cell.end() > fresh:
                            formulas += 1
                            first = first or cell[1].decode()
    except Exception:
        return Unusual()
    shown = {
        column: frozenset(several)
        for column, several in found_formats.items()
        if several != {NumberFormat()}
    }
    return Unusual(tuple(merged), formulas, first, shown)


def _add_formats(
    text: bytes,
    fresh: int,
    formats: Sequence[NumberFormat],
    found: dict[int, set[NumberFormat]],
) -> None:
    """Add the formats of the numbers in a piece of a sheet, by column."""
    for cell in NUMBER_CELL.finditer(text):
        place, kind = PLACE.search(cell[1]), KIND.search(cell[1])
        if cell.end() <= fresh or place is None or (kind and kind[1] != b"n"):
            continue
        style = STYLE.search(cell[1])
        number = int(style[1]) if style else 0
        if number < len(formats):
            found.setdefault(_column(place[1]), set()).add(formats[number])


def _windows(content: IO[bytes]) -> Iterator[tuple[bytes, int]]:
    """Yield pieces of a content, each with the end of the one before, and where it is new."""
    kept = b""
    while chunk := content.read(CHUNK):
        yield kept + chunk, len(kept)
        kept = (kept + chunk)[-OVERLAP:]


def _column(letters: bytes) -> int:
    """Return the number of a column, from 1.

    >>> _column(b"A"), _column(b"AA")
    (1, 27)
    """
    number = 0
    for letter in letters:
        number = 26 * number + letter - 64
    return number
