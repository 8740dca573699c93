import hashlib
import signal
import subprocess
import sys
import time
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.errors import InputError, SettingsError
from triage_agent.tables import DateText, open_sheet, open_written, read_back
from triage_agent.tables.cells import neutralise, restore
from triage_agent.tables.workbook import CELL_LIMIT

SUFFIXES = [".csv", ".xlsx", ".jsonl"]
RISKY = st.text(
    st.sampled_from(list("'=+-@\t\r\n ＝＠\ufeff\u200b1.e_x0041D<r>/\"")) | st.characters()
)


def write(path, rows, columns=None):
    with open_sheet(path, columns or list(rows[0])) as sheet:
        for row in rows:
            sheet.write(row)
    return path


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("=1+1", "'=1+1"), ("+cmd|' /C calc'!A0", "'+cmd|' /C calc'!A0"), ("@SUM(A1)", "'@SUM(A1)"),
        ("- call back", "'- call back"), ("  =1", "'  =1"), ("\t=1", "'\t=1"), ("\rx", "'\rx"),
        ("＝1+1", "'＝1+1"), ("－2+3", "'－2+3"), ("\ufeff=1", "'\ufeff=1"), ("'=1", "''=1"),
        ("''@x", "'''@x"), ("-5", "-5"), ("+3.25", "+3.25"), ("-1e5", "-1e5"), ("'-5", "'-5"),
        ("'tis so", "'tis so"), ("a=b", "a=b"), ("", ""), ("-5+cmd", "'-5+cmd"),
    ],
)  # fmt: skip
def test_a_cell_that_may_run_gets_a_quote_and_no_other_does(text, written):
    assert neutralise(text) == written
    assert restore(written) == text


@given(RISKY)
def test_restore_gives_back_every_text(text):
    assert restore(neutralise(text)) == text


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_texts_come_back_as_they_were(tmp_path, suffix):
    @given(st.lists(RISKY, min_size=1, max_size=20))
    def come_back(texts):
        # A spreadsheet's cell cannot hold NUL in CSV, nor an empty one differ from none in XLSX.
        texts = [text.replace("\0", "") + "." for text in texts]
        path = write(tmp_path / f"o{suffix}", [{"id": 1, "text": text} for text in texts])
        assert [row["text"] for row in read_back(path)] == texts

    come_back()


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_the_same_rows_give_the_same_bytes(tmp_path, suffix):
    rows = [{"id": n, "p": 0.25, "=x": "=1", "ok": True, "none": None} for n in range(50)]
    first = write(tmp_path / f"a{suffix}", rows).read_bytes()
    time.sleep(2.1 if suffix == ".xlsx" else 0)  # ZIP dates count in steps of two seconds
    assert write(tmp_path / f"b{suffix}", rows).read_bytes() == first
    again = write(tmp_path / f"c{suffix}", list(read_back(tmp_path / f"a{suffix}")), list(rows[0]))
    assert again.read_bytes() == first


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_an_exception_leaves_an_older_file_and_nothing_else(tmp_path, suffix):
    path = write(tmp_path / f"o{suffix}", [{"a": "old"}])
    before = path.read_bytes()

    def rows():
        yield {"a": "new"}
        yield {"a": "newer"}
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write(path, rows(), ["a"])
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


KILLED = """
import sys, time
from pathlib import Path
from triage_agent.tables import open_sheet
with open_sheet(Path(sys.argv[1]), ["a"]) as sheet:
    for _ in range(10_000):
        sheet.write({"a": "new"})
    print("half", flush=True)
    time.sleep(60)
"""


def test_a_killed_run_leaves_the_older_file_and_the_next_run_works(tmp_path):
    path = write(tmp_path / "o.csv", [{"a": "old"}])
    before = path.read_bytes()
    run = subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE)
    assert run.stdout.readline() == b"half\n"
    with pytest.raises(SettingsError, match="Another run is writing"), open_sheet(path, ["a"]):
        pass
    run.send_signal(signal.SIGKILL)
    run.communicate()
    assert path.read_bytes() == before
    write(path, [{"a": "newer"}])
    assert [row["a"] for row in read_back(path)] == ["newer"]
    assert list(tmp_path.iterdir()) == [path]


def test_types_survive_where_the_format_has_them(tmp_path):
    row = {"n": 3, "p": 0.5, "ok": False, "none": None, "list": [1, "x"], "id": 10**20, "t": "007"}
    (text,) = read_back(write(tmp_path / "o.csv", [row]))
    assert text == {"n": "3", "p": "0.5", "ok": "false", "none": "", "list": '[1, "x"]',
                    "id": str(10**20), "t": "007"}  # fmt: skip
    (cell,) = read_back(write(tmp_path / "o.xlsx", [row]))
    assert cell == row | {"list": '[1, "x"]', "id": str(10**20)}
    assert list(read_back(write(tmp_path / "o.jsonl", [row]))) == [row]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_rows_around_the_header_come_back_and_rows_stand_where_they_are_put(tmp_path, suffix):
    columns = ["problem", "triage_1_text", "triage_backend"]
    above, below = [("Forms of May", "=1"), (), ("problem",)], [("Response",)]
    rows = [{"problem": f"Leads {n}", "triage_backend": "words"} for n in range(3)]
    path = tmp_path / f"o{suffix}"
    with open_sheet(path, columns, above, below) as sheet:
        for row, number in zip(rows, (0, 9, 9), strict=True):
            sheet.write(row, number)
    found = open_written(path)
    back = [(row.number, {k: v for k, v in row.values.items() if v}) for row in found.rows()]
    is_table = suffix != ".jsonl"
    assert back == list(zip((6, 9, 10) if is_table else (1, 2, 3), rows, strict=True))
    assert (found.titles, found.extra_header) == (
        (tuple(above), tuple(below)) if is_table else ((), ())
    )
    assert not is_table or list(found.columns) == columns


def test_a_date_is_one_in_a_workbook_and_its_text_elsewhere(tmp_path):
    texts = ["2026-05-01", "2026-05-01T09:06:30", "09:06:30", "26:00:05", "1850-01-01"]
    row = {str(n): DateText(text) for n, text in enumerate(texts)} | {"text": texts[0]}
    path = write(tmp_path / "o.xlsx", [row])
    cells = next(openpyxl.load_workbook(path).active.iter_rows(min_row=2))
    assert [cell.is_date for cell in cells] == [True] * 4 + [False] * 2
    (back,) = read_back(path)
    assert back == row
    assert [type(cell) for cell in back.values()] == [DateText] * 4 + [str] * 2
    for suffix in (".csv", ".jsonl"):
        assert next(read_back(write(tmp_path / f"o{suffix}", [row]))) == row


def test_a_text_that_may_run_keeps_its_letters_in_a_workbook_and_is_marked_as_text(tmp_path):
    texts = ["=1+1", "'=1", "- call back", "plain", "-5"]
    path = write(tmp_path / "o.xlsx", [{"=a": text} for text in texts])
    column = [row[0] for row in openpyxl.load_workbook(path).active.iter_rows()]
    assert [cell.value for cell in column] == ["=a", *texts]
    assert [cell.data_type for cell in column] == ["s"] * 6
    assert [bool(cell.quotePrefix) for cell in column] == [
        True, True, True, True, False, False,
    ]  # fmt: skip
    assert [row["=a"] for row in read_back(path)] == texts


def test_a_workbook_holds_no_formula_and_no_link(tmp_path):
    rows = [{"=a": "=1+1"}, {"=a": "http://example.com"}, {"=a": "<r><t>x</t></r>"}]
    with zipfile.ZipFile(write(tmp_path / "o.xlsx", rows)) as archive:
        sheet = archive.read("xl/worksheets/sheet1.xml")
    assert b"<f>" not in sheet
    assert b"hyperlink" not in sheet
    assert b"_x003C_r&gt;" in sheet


def test_an_over_long_cell_is_cut_with_a_note_and_counted(tmp_path):
    path = tmp_path / "o.xlsx"
    with open_sheet(path, ["a", "b"]) as sheet:
        sheet.write({"a": "😀" * CELL_LIMIT, "b": "x" * CELL_LIMIT})
    (row,) = read_back(path)
    assert sheet.cut_cells == 1
    assert row["a"].endswith("an Excel cell holds no more]")
    assert len(row["a"].encode("utf-16-le")) // 2 <= CELL_LIMIT
    assert row["b"] == "x" * CELL_LIMIT


def test_csv_opens_in_excel_with_its_accents(tmp_path):
    path = write(tmp_path / "o.csv", [{"a": "é\ud800\0"}])
    assert path.read_bytes() == b"\xef\xbb\xbfa\r\n" + "é\ufffd\ufffd\r\n".encode()


@pytest.mark.parametrize("name", ["o.ods", "o", "o.xls"])
def test_another_extension_names_the_three(tmp_path, name):
    with pytest.raises(SettingsError, match=r"\.csv, \.xlsx or \.jsonl"):
        open_sheet(tmp_path / name, ["a"])


def test_an_output_that_cannot_be_written_says_why(tmp_path):
    with (
        pytest.raises(SettingsError, match="cannot be written"),
        open_sheet(tmp_path / "none" / "o.csv", ["a"]),
    ):
        pass
    (tmp_path / "d.csv").mkdir()
    with pytest.raises(SettingsError, match="is a folder"), open_sheet(tmp_path / "d.csv", ["a"]):
        pass


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_value_without_a_column_is_a_mistake_of_the_caller(tmp_path, suffix):
    with (
        pytest.raises(ValueError, match="no column"),
        open_sheet(tmp_path / f"o{suffix}", ["a"]) as sheet,
    ):
        sheet.write({"b": 1})


def test_json_lines_keep_more_values_than_columns_and_an_empty_file_has_no_rows(tmp_path):
    path = write(tmp_path / "o.jsonl", [{"b": 1, "a": float("inf")}], ["a"])
    assert path.read_text() == '{"a": "inf", "b": 1}\n'
    path.write_bytes(b"")
    assert list(read_back(path)) == []


def test_a_damaged_output_is_an_input_error(tmp_path):
    path = tmp_path / "o.jsonl"
    path.write_text('{"a": 1}\n{"a":')
    with pytest.raises(InputError, match="line 2"):
        list(read_back(path))


def test_a_link_as_output_stays_a_link_and_rights_are_kept(tmp_path):
    real = write(tmp_path / "real.csv", [{"a": "old"}])
    real.chmod(0o640)
    link = tmp_path / "o.csv"
    link.symlink_to(real)
    write(link, [{"a": "new"}])
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert hashlib.sha256(real.read_bytes()).digest() == hashlib.sha256(link.read_bytes()).digest()
