"""2,000 generated broken files: each ends in rows or in one InputError, quickly."""

import io
import json
import random
import time
import zipfile
from collections import Counter

import pytest

from triage_agent.batch.form import FormReading, read_form
from triage_agent.batch.input_columns import resolve_columns
from triage_agent.errors import InputError
from triage_agent.tables import TableOptions, open_sheet, open_table

FILES = 2_000
SEED = 20_261
SLOWEST_S = 8.0  # one file, on a busy machine; the usual one takes milliseconds
ENCODINGS = ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "cp1252", "mac_roman",
             "shift_jis", "cp1251", "utf-32", "gb18030"]  # fmt: skip
WORDS = ["leads", "are", "lost", "café", "–", "don’t", "=1+1", '"', "'", ",", ";", "\t", "\n", "\r",
         "\0", "\u2028", "😀", "3M", "€2M", "yes", "{", "}", "[", "]", "1.", "- ", "\x0b", "\x1f",
         "проблема", "問題", "null", "1e999", "NaN", "#REF!", "_x000D_"]  # fmt: skip
NAMES = ["problem", "Problem", "problem_2", "", " ", "revenue", "id", "#", "Timestamp",
         "sells software", "quiz_team", "a\nb", "\ufeffx", "=cmd()", "2024",
         "description"]  # fmt: skip


def text(rng, most=8):
    return " ".join(rng.choice(WORDS) for _ in range(rng.randint(0, most)))


def encode(rng, value):
    return value.encode(rng.choice(ENCODINGS), rng.choice(["ignore", "replace"]))


def junk(rng):
    start = rng.choice([b"", b"PK\x03\x04", b"PK\x05\x06", b"\xd0\xcf\x11\xe0", b"\xff\xfe",
                        b"\xef\xbb\xbf", b"%PDF-1.7", b"[", b"{", b"problem\n"])  # fmt: skip
    return start + rng.randbytes(rng.choice([0, 1, 3, 50, 5_000, 300_000]))


def delimited(rng):
    delimiter = rng.choice([",", ";", "\t", "|", ", "])
    rows = [[rng.choice(NAMES) for _ in range(rng.randint(1, 6))]]
    rows += [[text(rng) for _ in range(rng.randint(0, 8))] for _ in range(rng.randint(0, 30))]

    def quoted(cell):
        kind = rng.random()
        if kind < 0.5:
            return cell
        return (
            '"' + (cell.replace('"', '""') if kind < 0.9 else cell) + ('"' if kind < 0.97 else "")
        )

    end = rng.choice(["\n", "\r\n", "\r", "\n\n"])
    return encode(rng, end.join(delimiter.join(map(quoted, row)) for row in rows))


def huge(rng):
    cell = rng.choice(["x", "x,", '"', '""', "\n", "word ", "\0", ","]) * rng.choice(
        [200_000, 1_100_000]
    )
    start = rng.choice(["problem,b\n", 'problem\n"', "", '[{"problem":"', '{"problem": "'])
    return (start + cell + rng.choice(["", '"', '"}]', "\nx,y\n"])).encode()


def value(rng, depth=0):
    kind = rng.randint(0, 8 if depth < 3 else 5)
    if kind < 6:
        return [text(rng), rng.randint(-9, 10**20), rng.random(), None, True, "\ud800\0"][kind]
    if kind == 6:
        return [value(rng, depth + 1) for _ in range(rng.randint(0, 3))]
    return {rng.choice(NAMES): value(rng, depth + 1) for _ in range(rng.randint(0, 4))}


def broken(rng, data):
    """Cut, flip, double or pad some bytes."""
    kind, place = rng.randint(0, 5), rng.randint(0, len(data))
    if kind == 0:
        return data[:place]
    if kind == 1 and data:
        spoiled = bytearray(data)
        for _ in range(rng.randint(1, 20)):
            spoiled[rng.randrange(len(data))] = rng.randrange(256)
        return bytes(spoiled)
    return [data, data, data + data, data[:place] + rng.randbytes(9) + data[place:], data + b"\0",
            data][kind]  # fmt: skip


def array(rng):
    items = [value(rng) if rng.random() < 0.2 else {n: value(rng) for n in rng.sample(NAMES, 3)}
             for _ in range(rng.choice([0, 3, 20, 200]))]  # fmt: skip
    return broken(rng, json.dumps(items, indent=rng.choice([None, 1])).encode())


def json_lines(rng):
    rows = [json.dumps({rng.choice(NAMES): value(rng) for _ in range(3)}) for _ in range(20)]
    rows += [rng.choice(["", "{", "[]", "NaN", '{"a":1e999}', '{"a":' + "9" * 5_000 + "}", "5"])]
    rng.shuffle(rows)
    return broken(rng, encode(rng, "\n".join(rows)))


def deep(rng):
    depth, start = (
        rng.choice([99, 500, 20_000, 200_000]),
        rng.choice(["[", '{"a":', '[{"problem":']),
    )
    end = rng.choice(["", "}" * depth, "]" * depth])
    return (rng.choice(["", "[", '{"problem":"x"}\n']) + start * depth + end).encode()


def sheet_xml(rng):
    """A worksheet whose rows and cells lie about where and what they are."""
    rows = []
    for _ in range(rng.randint(0, 15)):
        place = rng.choice(["1", "2", "7", "1048577", "99999999999", "-1", "x", ""])
        cells = "".join(
            f'<c r="{rng.choice(["A1", "B1", "XFD1", "ZZZ9", "A0", "1", ""])}" '
            f't="{rng.choice(["s", "n", "b", "e", "d", "str", "inlineStr", "q"])}" '
            f's="{rng.choice(["0", "1", "99", "x"])}">'
            f"{rng.choice(['<v>0</v>', '<v>x</v>', '<v>-1</v>', '<v>1e999</v>', '<f>A1</f>', ''])}"
            f"{rng.choice(['', '<is><t>problem</t></is>', '<is/>'])}</c>"
            for _ in range(rng.randint(0, 5))
        )
        rows.append(f'<row r="{place}">{cells}</row>')
    return (
        '<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main">'
        f"<sheetData>{''.join(rows)}</sheetData></worksheet>"
    ).encode()


class Workbooks:
    """Makes broken workbooks from one that is whole."""

    def __init__(self, folder):
        path = folder / "whole.xlsx"
        with open_sheet(path, ["id", "problem", "revenue"]) as sheet:
            for number in range(30):
                sheet.write({"id": number, "problem": f"We lose leads {number}", "revenue": "3M"})
        self.whole = path.read_bytes()
        with zipfile.ZipFile(path) as archive:
            self.parts = {name: archive.read(name) for name in archive.namelist()}

    def spoiled(self, rng):
        return broken(rng, self.whole)

    def with_odd_part(self, rng):
        parts = dict(self.parts)
        name = rng.choice(list(parts))
        odd = rng.randint(0, 6)
        if odd == 0:
            del parts[name]
        elif odd == 1:
            parts[name] = rng.randbytes(300)
        elif odd == 2:
            parts[name] = parts[name][: rng.randrange(len(parts[name]) + 1)]
        elif odd == 3:
            parts[name] = b"<a>" * rng.choice([100, 5_000]) + parts[name]
        elif odd == 4:
            entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 12))
            parts[name] = f'<!DOCTYPE x [<!ENTITY e0 "x">{entities}]><x>&e11;</x>'.encode()
        else:
            parts["xl/worksheets/sheet1.xml"] = sheet_xml(rng)
        return self.packed(parts)

    def bomb(self, rng):
        parts = dict(self.parts)
        name = rng.choice(["xl/worksheets/sheet1.xml", "xl/sharedStrings.xml", "other.bin"])
        parts[name] = rng.choice([b" ", b"<row/>", b"\0"]) * rng.choice([4_000_000, 21_000_000])
        return self.packed(parts, level=1)

    @staticmethod
    def packed(parts, level=6):
        file = io.BytesIO()
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, compresslevel=level) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
        return file.getvalue()


def outcome(source, forced):
    """Read all rows and forms; return how it ended. Anything but InputError is a failure."""
    try:
        table = open_table(source, TableOptions(format=forced))
        assert len(table.describe().splitlines()) == 1
        columns, said = resolve_columns(table.columns, table.sample)
        assert said
    except InputError:
        return "refused"
    try:
        for row in table.rows():
            read_form(row, FormReading(columns=columns))
    except InputError:
        return "broke off"
    return "read"


def test_every_broken_file_ends_in_rows_or_an_input_error_and_soon(tmp_path):
    rng = random.Random(SEED)
    books = Workbooks(tmp_path)
    makers = ([junk, array, json_lines] * 2 + [delimited] * 5 + [books.spoiled]) * 15
    makers += [books.with_odd_part] * 15
    makers += [huge, deep, deep, books.bomb]
    path, ends, slow = tmp_path / "f", Counter(), []
    for number in range(FILES):
        make = rng.choice(makers)
        data = make(rng)
        start = time.perf_counter()
        suffix = rng.choice([".csv", ".tsv", ".txt", ".xlsx", ".json", ".jsonl", None])
        forced = rng.choice([None] * 9 + ["csv", "xlsx", "json", "jsonl", "tsv"])
        if suffix is None:
            source = io.BytesIO(data)
        else:
            source = path.with_suffix(suffix)
            source.write_bytes(data)
        try:
            ends[outcome(source, forced)] += 1
        except Exception as error:
            pytest.fail(f"file {number} ({make.__name__}, {suffix}, {forced}): {error!r}")
        taken = time.perf_counter() - start
        if taken > SLOWEST_S:
            slow.append((number, make.__name__, taken))
    assert not slow
    assert sum(ends.values()) == FILES
    assert min(ends["read"], ends["refused"]) > FILES / 20, ends  # the generator reaches both
    assert ends["broke off"] > 0
