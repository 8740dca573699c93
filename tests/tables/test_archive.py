"""Workbooks that would fill the memory are refused before they are unpacked into it."""

import random
import resource
import subprocess
import sys
import zipfile
from xml.sax.saxutils import quoteattr

import pytest

from support.program import TRIAGE
from triage_agent.errors import InputError
from triage_agent.tables import open_table

MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
RELATIONS = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
PACKAGE = "http://schemas.openxmlformats.org/package/2006"
KIND = "application/vnd.openxmlformats-officedocument.spreadsheetml"
HEAD = f'<worksheet xmlns="{MAIN}"><sheetData><row r="1"><c t="s"><v>0</v></c></row>'
TAIL = "</sheetData></worksheet>"
SHEET = [HEAD, '<row r="2"><c t="s"><v>1</v></c></row>', TAIL]
TWO = ["<si><t>problem</t></si>", "<si><t>Leads get lost</t></si>"]


def relation(number, kind, target):
    return f'<Relationship Id="r{number}" Type="{RELATIONS}/{kind}" Target="{target}"/>'


def relations(*found):
    return f'<Relationships xmlns="{PACKAGE}/relationships">{"".join(found)}</Relationships>'


def override(part, kind):
    return f"<Override PartName={quoteattr(part)} ContentType={quoteattr(f'{KIND}.{kind}+xml')}/>"


def workbook(path, sheet=SHEET, strings=TWO, *, more_parts=0):
    """Write a workbook from the pieces of its sheet and of its strings, in constant memory."""
    # The strings are found by their kind; a name that does not give them away is as good.
    types = (
        f'<Types xmlns="{PACKAGE}/content-types"><Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        + override("/xl/workbook.xml", "sheet.main")
        + override("/xl/sheet1.xml", "worksheet")
        + override("/xl/texts.xml", "sharedStrings")
        + "</Types>"
    )
    book = (
        f'<workbook xmlns="{MAIN}" xmlns:r="{RELATIONS}"><sheets>'
        '<sheet name="S" sheetId="1" r:id="r1"/></sheets></workbook>'
    )
    inner = relations(
        relation(1, "worksheet", "sheet1.xml"), relation(2, "sharedStrings", "texts.xml")
    )
    parts = {
        "[Content_Types].xml": [types],
        "_rels/.rels": [relations(relation(1, "officeDocument", "xl/workbook.xml"))],
        "xl/workbook.xml": [book],
        "xl/_rels/workbook.xml.rels": [inner],
        "xl/sheet1.xml": sheet,
        "xl/texts.xml": [f'<sst xmlns="{MAIN}">', *strings, "</sst>"],
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for name, pieces in parts.items():
            with archive.open(name, "w") as part:
                for piece in pieces:
                    part.write(piece.encode())
        for number in range(more_parts):
            archive.writestr(f"xl/media/{'x' * 200}{number}", b"")


def digits(count):
    """Return as many hexadecimal digits, which hardly pack."""
    return f"{random.Random(count).getrandbits(4 * count):0{count}x}"


def numbered(form, count):
    """Yield pieces of XML with many numbers in them."""
    for start in range(0, count, 1_000):
        yield "".join(form.format(number) for number in range(start, start + 1_000))


TOO_LARGE = [
    pytest.param(
        {"strings": [*TWO, *numbered("<si><t>{}</t></si>", 2_001_000)]},
        "2,000,000 different texts",
        id="millions of shared strings",
    ),
    pytest.param(
        {"sheet": [HEAD, '<row r="2">', *numbered("<c><v>{}</v></c>", 400_000), "</row>", TAIL]},
        "a row of more than",
        id="millions of columns",
    ),
    pytest.param(
        {"sheet": [HEAD, "<row><c t='str'><v>", *[digits(2**20)] * 20, "</v></c></row>", TAIL]},
        "characters",
        id="a huge cell",
    ),
    pytest.param(
        {"sheet": [HEAD, *numbered('<row r="2" ht="{}"/>', 1_050_000), TAIL]},
        "1,048,576 rows",
        id="the same row again and again",
    ),
    pytest.param(
        {"sheet": [HEAD, "<row x='", *[digits(2**20)] * 40, "'/>", TAIL]},
        "a tag of more than 32 MB",
        id="a huge attribute",
    ),
    pytest.param({"more_parts": 40_000}, "more parts", id="tens of thousands of parts"),
]


@pytest.mark.parametrize(("content", "says"), TOO_LARGE)
def test_a_workbook_that_would_fill_the_memory_is_refused(tmp_path, content, says):
    path = tmp_path / "forms.xlsx"
    workbook(path, **content)
    with pytest.raises(InputError, match=says) as caught:
        open_table(path)
    assert caught.value.message.startswith("forms.xlsx ")
    assert ".csv" in caught.value.message


def test_a_workbook_of_many_texts_within_the_limits_is_read(tmp_path):
    path = tmp_path / "forms.xlsx"
    workbook(path, strings=[*TWO, *numbered("<si><t>{}</t></si>", 300_000)])
    assert [row.values for row in open_table(path).rows()] == [{"problem": "Leads get lost"}]


HUGE_LINES = {
    "line.csv": (b"problem\n", b"x" * 2**20),
    "line.jsonl": (b'{"problem": "', b"x" * 2**20),
    "item.json": (b'[{"problem": "', b"x" * 2**20),
    "deep.json": (b'[{"problem": ', b"[" * 2**20),
    "deep.jsonl": (b'{"problem": ', b'{"a":' * 2**18),
    "digits.jsonl": (b'{"problem": ', b"9" * 2**20),
}


@pytest.mark.parametrize("name", HUGE_LINES)
def test_a_line_or_cell_of_a_gigabyte_is_given_up_in_little_memory(tmp_path, name):
    start, piece = HUGE_LINES[name]
    ended = subprocess.run(
        [sys.executable, "-c", FEED, name, start.decode(), piece[:5].decode(), *TRIAGE[1:]],
        capture_output=True,
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (3 * 2**30, 3 * 2**30)),
        timeout=120,
        check=False,
    )
    assert b"Traceback" not in ended.stderr
    assert ended.returncode in {3, 4}, ended.stderr
    assert int(ended.stdout.split()[-1]) < 700  # MB; the interpreter and numpy need 150


FEED = """
import os, resource, subprocess, sys
name, start, piece, *program = sys.argv[1:]
os.mkfifo(name)
child = subprocess.Popen([sys.executable, *program, "batch", name, "-o", "out.csv", "--format",
                          name.rpartition(".")[2], "--backend", "embedded"])
block = (piece * 2**20)[:2**20].encode()
try:
    with open(name, "wb") as file:
        file.write(start.encode())
        for _ in range(1024):
            file.write(block)
except BrokenPipeError:
    pass
code = child.wait()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1000)
sys.exit(code)
"""
