"""Writes workbooks of rows, byte by byte where no library here writes the format."""

import datetime as dt
import io
import re
import struct
import zipfile
from xml.sax.saxutils import escape, quoteattr

import openpyxl

ESCAPED = re.compile("_(?=x[0-9A-F]{4}_)")  # what OOXML would take for a character
EPOCH = dt.datetime(1899, 12, 30)  # noqa: DTZ001
SPACES = " ".join(
    f'xmlns:{name}="urn:oasis:names:tc:opendocument:xmlns:{name}:1.0"'
    for name in ("office", "table", "text")
)
SPREADSHEET = "application/vnd.oasis.opendocument.spreadsheet"
MANIFEST = (
    '<m:manifest xmlns:m="urn:oasis:names:tc:opendocument:xmlns:manifest:1.0" m:version="1.2">'
    f'<m:file-entry m:full-path="/" m:media-type="{SPREADSHEET}"/>'
    '<m:file-entry m:full-path="content.xml" m:media-type="text/xml"/></m:manifest>'
)
RELATIONS = (
    '<Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships">{}'
    "</Relationships>"
)
OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships/"
BINARY = "application/vnd.ms-excel."


def xlsx(rows, *, merge=()):
    """Return an XLSX workbook; a text is a text even if it begins with an equals sign."""
    book = openpyxl.Workbook()
    for number, row in enumerate(rows, start=1):
        for column, value in enumerate(row, start=1):
            is_text = isinstance(value, str)
            cell = book.active.cell(
                number, column, ESCAPED.sub("_x005F_", value) if is_text else value
            )
            if is_text:
                cell.data_type = "s"
    for area in merge:
        book.active.merge_cells(area)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def ods(rows=(), *, merge=None, uncached=(), **sheets):
    """Return an ODS spreadsheet, laid out as LibreOffice does.

    `merge` is {(row, column): rows that the cell reaches over}; the cells at `uncached` hold a
    formula and no result. Both are of `rows`, which are the sheet "Forms".
    """

    def cell(value, place):
        span = (merge or {}).get(place)
        more = f' table:number-rows-spanned="{span}" table:number-columns-spanned="1"'
        more = more if span else ""
        if place in uncached:
            return f'<table:table-cell table:formula="of:=[.A1]"{more}/>'
        if value is None:
            return f"<table:table-cell{more}/>"
        kind, stored, text = "string", "", value
        if isinstance(value, bool):
            kind, stored = "boolean", f' office:boolean-value="{str(value).lower()}"'
        elif isinstance(value, dt.date):
            kind, stored = "date", f' office:date-value="{value.isoformat()}"'
        elif isinstance(value, dt.time):
            kind, stored = "time", f' office:time-value="{value:PT%HH%MM%SS}"'
        elif isinstance(value, dt.timedelta):
            minutes, seconds = divmod(int(value.total_seconds()), 60)
            length = f"PT{minutes // 60}H{minutes % 60}M{seconds}S"
            kind, stored = "time", f' office:time-value="{length}"'
        elif isinstance(value, int | float):
            kind, stored = "float", f' office:value="{value}"'
        # Blanks at an end or beside another are an element of their own.
        parts = "".join(
            f"<text:p>{escape(line).replace(' ', '<text:s/>')}</text:p>"
            for line in str(text).split("\n")
        )
        return (
            f'<table:table-cell office:value-type="{kind}"{stored}{more}>{parts}</table:table-cell>'
        )

    found = ({"Forms": rows} if rows else {}) | sheets
    tables = "".join(
        f"<table:table table:name={quoteattr(title)}>"
        + "".join(
            "<table:table-row>"
            + "".join(cell(value, (number, at)) for at, value in enumerate(row or [None], start=1))
            + "</table:table-row>"
            for number, row in enumerate(lines, start=1)
        )
        + "</table:table>"
        for title, lines in found.items()
    )
    return _zipped(
        {
            "mimetype": SPREADSHEET,
            "META-INF/manifest.xml": MANIFEST,
            "content.xml": f"<office:document-content {SPACES}><office:body><office:spreadsheet>"
            f"{tables}</office:spreadsheet></office:body></office:document-content>",
        }
    )


def xlsb(rows, *, merge=()):
    """Return an XLSB workbook with one sheet; `merge` holds areas (row, column, row, column)."""
    width = max(map(len, rows))
    area = struct.pack("<4I", 0, len(rows) - 1, 0, width - 1)
    sheet = _record(129) + _record(148, area) + _record(145)
    for number, row in enumerate(rows):
        sheet += _record(0, struct.pack("<IIHBBBI", number, 0, 300, 0, 0, 0, 0))
        sheet += b"".join(_cell(at, value) for at, value in enumerate(row) if value is not None)
    sheet += _record(146)
    if merge:
        sheet += _record(177, struct.pack("<I", len(merge)))
        for top, left, bottom, right in merge:
            sheet += _record(176, struct.pack("<4I", top - 1, bottom - 1, left - 1, right - 1))
        sheet += _record(178)
    sheet += _record(130)
    bundle = struct.pack("<II", 0, 1) + _wide("rId1") + _wide("Forms")
    book = _record(131) + _record(143) + _record(156, bundle) + _record(144) + _record(132)
    kinds = {
        "/xl/workbook.bin": "sheet.binary.macroEnabled.main",
        "/xl/worksheets/sheet1.bin": "worksheet",
        "/xl/styles.bin": "styles",
    }
    types = "".join(
        f'<Override PartName="{part}" ContentType="{BINARY}{kind}"/>'
        for part, kind in kinds.items()
    )
    links = (("rId1", "worksheet", "worksheets/sheet1.bin"), ("rId2", "styles", "styles.bin"))
    return _zipped(
        {
            "[Content_Types].xml": '<Types xmlns="http://schemas.openxmlformats.org/package/2006/'
            'content-types"><Default Extension="rels" ContentType="application/vnd.openxmlformats-'
            f'package.relationships+xml"/>{types}</Types>',
            "_rels/.rels": RELATIONS.format(_link("rId1", "officeDocument", "xl/workbook.bin")),
            "xl/workbook.bin": book,
            "xl/_rels/workbook.bin.rels": RELATIONS.format("".join(_link(*one) for one in links)),
            "xl/worksheets/sheet1.bin": sheet,
            "xl/styles.bin": _styles(),
        }
    )


def _cell(at, value):
    """Return the record of a cell: 4 a truth value, 5 a number, 6 a text."""
    style = 0
    if isinstance(value, dt.datetime):
        style, value = 3, (value - EPOCH) / dt.timedelta(1)
    elif isinstance(value, dt.timedelta):
        style, value = 4, value / dt.timedelta(1)
    elif isinstance(value, dt.date):
        style, value = 1, float((value - EPOCH.date()).days)
    elif isinstance(value, dt.time):
        style, value = 2, (value.hour * 3600 + value.minute * 60 + value.second) / 86400
    start = struct.pack("<II", at, style)
    if isinstance(value, bool):
        return _record(4, start + bytes([value]))
    if isinstance(value, int | float):
        return _record(5, start + struct.pack("<d", value))
    return _record(6, start + _wide(value))


def _styles():
    """Return styles with formats for a number, a date, a time and both."""
    font = struct.pack("<HHHHBBBB", 220, 0, 400, 0, 0, 0, 0, 0) + bytes([7, 0, 0, 0, 0, 0, 0, 255])
    parts = [_record(278), _record(611, struct.pack("<I", 1))]
    parts += [_record(43, font + b"\0" + _wide("Arial")), _record(612)]
    for begin, one, end, body in ((603, 45, 604, bytes(68)), (613, 46, 614, bytes(51))):
        parts += [_record(begin, struct.pack("<I", 1)), _record(one, body), _record(end)]
    for begin, end, formats, parent in (
        (626, 627, [0], 0xFFFF),
        (617, 618, [0, 14, 21, 22, 46], 0),
    ):
        parts.append(_record(begin, struct.pack("<I", len(formats))))
        for kind in formats:
            body = struct.pack("<5HBBHBB", parent, kind, 0, 0, 0, 0, 0, 0x1008, 1, 0)
            parts.append(_record(47, body))
        parts.append(_record(end))
    return b"".join([*parts, _record(279)])


def _record(kind, body=b""):
    """Return a record: its kind and length in seven bits a byte, then its body."""
    head = [kind] if kind < 128 else [kind & 127 | 128, kind >> 7]
    size = len(body)
    while size > 127:
        head.append(size & 127 | 128)
        size >>= 7
    return bytes([*head, size]) + body


def _wide(text):
    """Return a text with its length in UTF-16 units."""
    data = text.encode("utf-16-le")
    return struct.pack("<I", len(data) // 2) + data


def _link(name, kind, target):
    return f'<Relationship Id="{name}" Type="{OFFICE}{kind}" Target="{target}"/>'


def _zipped(parts):
    """Return an archive of these parts."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in parts.items():
            how = zipfile.ZIP_STORED if name == "mimetype" else zipfile.ZIP_DEFLATED
            archive.writestr(name, content, how)
    return file.getvalue()
