"""What an XLS, XLSB or ODS sheet says beside its rows, where the rows' reader does not tell it.

Merged cells are found in all three; formulas without a stored result in ODS alone, as the binary
formats always store one.
"""

import re
import struct
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from io import BufferedReader, RawIOBase
from typing import IO, Any, BinaryIO, cast
from xml.parsers import expat

from triage_agent.tables.sheet_facts import MAX_MERGED
from triage_agent.tables.sheets import Area, Unusual

CHUNK = 1_000_000  # bytes
# Records of XLSB ([MS-XLSB] 2.3.1): a sheet of the workbook, an area of merged cells.
SHEET, MERGED = 156, 176
RELATION = re.compile(rb"<(?:\w+:)?Relationship\b[^>]*>")
CELLS = frozenset({"table-cell", "covered-table-cell"})


def unusual_in(file: BinaryIO, kind: str, title: str, sheet: Any) -> Unusual:
    """Return what is unusual in a sheet; nothing if its parts are not as they should be.

    `sheet` is calamine's, which knows the merged cells of an XLS.
    """
    with suppress(Exception):
        if kind == "xls":
            found = [
                (top + 1, left + 1, bottom + 1, right + 1)
                for (top, left), (bottom, right) in sheet.merged_cell_ranges or ()
            ]
            return Unusual(tuple(area for area in found if area[0] < area[2])[:MAX_MERGED])
        with zipfile.ZipFile(file) as archive:
            if kind == "ods":
                with archive.open("content.xml") as content:
                    return _OdsFacts(title).read(content)
            return Unusual(tuple(_merged_in_xlsb(archive, title))[:MAX_MERGED])
    return Unusual()


class _OdsFacts:
    """Reads one table of an ODS, in constant memory."""

    def __init__(self, title: str) -> None:
        self.title, self.inside, self.done = title, False, False
        self.row, self.next_row, self.column = 0, 1, 1
        self.merged: list[Area] = []
        self.formulas, self.first = 0, ""

    def read(self, content: IO[bytes]) -> Unusual:
        """Return what is unusual in the table."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        while not self.done and (chunk := content.read(CHUNK)):
            parser.Parse(chunk)
        return Unusual(tuple(self.merged), self.formulas, self.first)

    def _start(self, tag: str, given: dict[str, str]) -> None:
        """Note where a row begins, and what its cells are."""
        name = _local(tag)
        attributes = {_local(key): value for key, value in given.items()}
        if name == "table":
            self.inside = attributes.get("name") == self.title and not self.done
        elif self.inside and name == "table-row":
            self.row, self.column = self.next_row, 1
            self.next_row += int(attributes.get("number-rows-repeated", 1))
        elif self.inside and name in CELLS:
            self._cell(attributes)
            self.column += int(attributes.get("number-columns-repeated", 1))

    def _cell(self, attributes: dict[str, str]) -> None:
        """Note a cell that is merged, or holds a formula and no result."""
        rows = int(attributes.get("number-rows-spanned", 1))
        if rows > 1 and len(self.merged) < MAX_MERGED:
            columns = int(attributes.get("number-columns-spanned", 1))
            last = self.row + rows - 1, self.column + columns - 1
            self.merged.append((self.row, self.column, *last))
        if "formula" in attributes and "value-type" not in attributes:
            many = int(attributes.get("number-columns-repeated", 1))
            self.formulas += many * (self.next_row - self.row)
            self.first = self.first or f"{letters(self.column)}{self.row}"

    def _end(self, tag: str) -> None:
        """Note that the table ends."""
        if self.inside and _local(tag) == "table":
            self.inside, self.done = False, True


def letters(column: int) -> str:
    """Return the letters of a column, numbered from 1.

    >>> letters(1), letters(27)
    ('A', 'AA')
    """
    text = ""
    while column:
        column, rest = divmod(column - 1, 26)
        text = chr(65 + rest) + text
    return text


def _local(name: str) -> str:
    """Return a name without its namespace."""
    return name.rpartition(" ")[2]


def _merged_in_xlsb(archive: zipfile.ZipFile, title: str) -> Iterator[Area]:
    """Yield the areas of a sheet's merged cells that reach over several rows."""
    with archive.open("xl/workbook.bin") as book:
        names = dict(_sheet(body) for kind, body in _records(book) if kind == SHEET)
    targets = {
        _attribute(link, b"Id"): _attribute(link, b"Target")
        for link in RELATION.findall(archive.read("xl/_rels/workbook.bin.rels"))
    }
    target = targets[names[title]]
    with archive.open(target.lstrip("/") if target.startswith("/") else f"xl/{target}") as sheet:
        for kind, body in _records(sheet):
            if kind == MERGED:
                top, bottom, left, right = struct.unpack_from("<4I", body)
                if top < bottom:
                    yield top + 1, left + 1, bottom + 1, right + 1


def _records(part: IO[bytes]) -> Iterator[tuple[int, bytes]]:
    """Yield the records of a part: the kind, and what it holds."""
    content = BufferedReader(cast("RawIOBase", part), CHUNK)  # a part of an archive has `readinto`
    while first := content.read(1):
        kind = first[0]
        if kind > 127:
            kind = kind & 127 | content.read(1)[0] << 7
        size = 0
        for shift in (0, 7, 14, 21):
            digit = content.read(1)[0]
            size |= (digit & 127) << shift
            if digit < 128:
                break
        yield kind, content.read(size)


def _sheet(body: bytes) -> tuple[str, str]:
    """Return the title of a sheet and the id of its part."""
    link, end = _wide(body, 8)
    return _wide(body, end)[0], link


def _wide(body: bytes, start: int) -> tuple[str, int]:
    """Return the text at a place of a record, and where it ends."""
    (size,) = struct.unpack_from("<I", body, start)
    end = start + 4 + 2 * size
    return body[start + 4 : end].decode("utf-16-le"), end


def _attribute(tag: bytes, name: bytes) -> str:
    """Return an attribute of a tag; empty if it has none."""
    found = re.search(rb'\s%s\s*=\s*["\']([^"\']*)' % name, tag)
    return found[1].decode() if found else ""
