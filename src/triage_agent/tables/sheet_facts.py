"""What the XML of a sheet says beside its rows: merged cells, formulas without a result."""

import re
import zipfile
from collections.abc import Iterator
from typing import IO

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


def unusual_of(archive: zipfile.ZipFile, part: str) -> Unusual:
    """Return what is unusual in a sheet, by one pass over its XML in constant memory."""
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
                if b"f>" in text or b"<f" in text:
                    for cell in UNCACHED.finditer(text):
                        if cell.end() > fresh:
                            formulas += 1
                            first = first or cell[1].decode()
    except Exception:
        return Unusual()
    return Unusual(tuple(merged), formulas, first)


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
