import datetime as dt
import gc
import io
import json
import os
import subprocess
import zipfile

import openpyxl
import pytest

from triage_agent.errors import InputError, SettingsError
from triage_agent.tables import TableOptions, open_table
from triage_agent.tables.encoding import lines
from triage_agent.tables.json_rows import MAX_DEPTH
from triage_agent.tables.row import MAX_COLUMNS, ROW_LIMIT

ACCENTS = "id,problem\n1,Café bookings – we don’t follow up\n"


def read(data, **options):
    data = data.encode() if isinstance(data, str) else data
    table = open_table(io.BytesIO(data), TableOptions(**options))
    return table, list(table.rows())


def cells(data, **options):
    return [list(row.values.values()) for row in read(data, **options)[1]]


def workbook(tmp_path, rows, name="f.xlsx", **more_sheets):
    book = openpyxl.Workbook()
    for row in rows:
        book.active.append(row)
    for title, other in more_sheets.items():
        sheet = book.create_sheet(title)
        for row in other:
            sheet.append(row)
    book.save(tmp_path / name)
    return tmp_path / name


@pytest.mark.parametrize(
    ("encoding", "understood"),
    [
        ("utf-8", "utf-8"), ("utf-8-sig", "utf-8"), ("utf-16", "utf-16"), ("utf-32", "utf-32"),
        ("utf-16-le", "utf-16-le"), ("utf-16-be", "utf-16-be"), ("cp1252", "cp1252"),
        ("mac_roman", "mac_roman"),
    ],
)  # fmt: skip
def test_each_common_encoding_is_told_without_being_named(encoding, understood):
    table, rows = read(ACCENTS.encode(encoding))
    assert table.encoding == understood
    assert rows[0].values == {"id": "1", "problem": "Café bookings – we don’t follow up"}
    assert bool(table.notes) is (understood in {"cp1252", "mac_roman"})  # a guess is said


@pytest.mark.parametrize(
    ("text", "encoding"),
    [
        ("id,проблема\n1,Мы теряем клиентов потому что никто не отвечает\n", "cp1251"),
        ("id,問題\n1,顧客への返信が遅くて困っています\n", "shift_jis"),
        ("id,problem\n1,We lose £3,000 a week\n", "cp1252"),
    ],
)
def test_other_encodings_are_guessed_and_can_be_overridden(text, encoding):
    assert cells(text.encode(encoding)) == cells(text)
    assert cells(text.encode(encoding), encoding=encoding) == cells(text)


def test_a_late_byte_that_is_not_utf8_names_byte_line_and_option():
    good = b"problem\n" + b"We lose leads\n" * 30_000
    with pytest.raises(InputError, match=rf"byte {len(good) + 4:,} \(line 30,002\).*--encoding"):
        read(good + b"caf\xe9\n")


def test_utf8_with_one_damaged_byte_is_not_read_as_another_encoding():
    with pytest.raises(InputError, match=r"not UTF-8 throughout: byte 22 \(line 2\) is 0xe9"):
        read("problem\né – é ü ".encode() + b"\xe9 lost\n")


@pytest.mark.parametrize(
    ("data", "delimiter", "columns"),
    [
        ("a,b\n1,2\n", ",", ("a", "b")),
        ("a;b\n1,5;2\n", ";", ("a", "b")),
        ("a\tb\n1, x\t2\n", "\t", ("a", "b")),
        ("a|b\nx, y|z, w\n", "|", ("a", "b")),
        ("sep=;\na;b\n1;2\n", ";", ("a", "b")),
        ('"What, then; is it?",b\n"x, y",2\n', ",", ("What, then; is it?", "b")),
        ("Your problem, in your own words?\nWe lose leads, daily\nStock\n", "",
         ("Your problem, in your own words?",)),
        ('id, problem\n1, "x, y"\n', ",", ("id", "problem")),
    ],
)  # fmt: skip
def test_the_delimiter_is_the_one_that_cuts_the_rows_alike(data, delimiter, columns):
    table, _ = read(data)
    assert (table.delimiter, table.columns) == (delimiter, columns)


@pytest.mark.parametrize(
    ("data", "expected", "complaint"),
    [
        ("a,b\n1,2\n3\n", ["3", ""], "1 cell where the header has 2"),
        ("a,b\n1,2\n3,4,5\n", ["3", "4"], "3 cells where the header has 2"),
        ("a,b\n1,2\n3,4,\n", ["3", "4"], None),
        ('a,b\n1,2\n3,"x\ny"\n', ["3", "x\ny"], None),
        ('a,b\n1,2\n3,"say "hi" now"\n', ["3", 'say hi" now"'], "inside a quoted cell"),
        ('a,b\n1,2\n3,"open\n', ["3", '"open'], "not closed"),
        ("a,b\n1,2\n3,x\0y\n", ["3", "xy"], "NUL"),
    ],
)
def test_an_odd_csv_row_is_kept_with_a_complaint(data, expected, complaint):
    row = read(data, delimiter=",")[1][-1]
    assert list(row.values.values()) == expected
    assert (complaint is None) is (row.complaint is None)
    assert (complaint or "") in (row.complaint or "")


TEXTS = "Firm,Pain\nPine,Orders are typed in twice\nOak,Leads go cold every week\n"


@pytest.mark.parametrize(
    ("line", "pain"),
    [
        ("Elm,We wait, call, and wait", "We wait, call, and wait"),
        ("Elm,Stock,We count it by hand, weekly", "Stock,We count it by hand, weekly"),
        ("Elm,Prices are wrong,,", "Prices are wrong"),
        ("Elm,Prices are wrong,Ann", "Prices are wrong"),
        ("Elm,Prices are wrong,, ", "Prices are wrong"),
    ],
    ids=["a sentence", "a comma without a blank too", "empty cells", "another field", "blanks"],
)
def test_commas_of_a_text_in_the_last_column_do_not_cut_it(line, pain):
    _, rows = read(f"{TEXTS}{line}\n")
    assert rows[-1].values["Pain"] == pain
    said = "read as one text in 'Pain': a text with delimiters needs quotation marks"
    assert (said in (rows[-1].complaint or "")) is (pain.count(",") > 0)


def test_commas_behind_words_that_are_no_texts_are_not_joined():
    _, rows = read("Firm,City\nPine,Bonn\nOak,Kiel\nElm,Ulm, by car\n")
    assert rows[-1].values["City"] == "Ulm"


def test_a_quotation_mark_that_never_closes_swallows_no_other_row():
    rows = read('id,problem\n1,"stray\n2,x\n3,"fine, really"\n4,y\n')[1]
    assert [row.values["id"] for row in rows] == ["1", "2", "3", "4"]
    assert [bool(row.complaint) for row in rows] == [True, False, False, False]


def test_rows_are_numbered_as_a_spreadsheet_numbers_the_records():
    assert [r.number for r in read('a,b\r\n1,"x\r\ny"\r\n\r\n2,z\r\n')[1]] == [2, 4]


@pytest.mark.parametrize("size", range(1, 9))
def test_lines_are_the_same_wherever_the_chunks_cut(size):
    data = "a\rb\r\nc\n\n\rlong line\x0b\u2028.\r"
    texts = [data[place : place + size] for place in range(0, len(data), size)]
    assert list(lines(texts, "x")) == ["a\r", "b\r\n", "c\n", "\n", "\r", data[9:]]


def test_nameless_and_repeated_columns_get_names_that_are_said():
    table, rows = read("a,,a\n1,2,3\n")
    assert rows[0].values == {"a": "1", "column_2": "2", "a (2)": "3"}
    assert len(table.notes) == 2


@pytest.mark.parametrize(
    ("data", "header", "columns"),
    [
        ("1,We lose leads,$3M\n2,Stock,1M\n", None, ("column_1", "column_2", "column_3")),
        ("ann@example.com,We lose leads\n", None, ("column_1", "column_2")),
        ("x,y\n1,2\n", False, ("column_1", "column_2")),
        ("1,2\n3,4\n", True, ("1", "2")),
    ],
)
def test_a_first_row_of_data_is_no_header(data, header, columns):
    table, rows = read(data, header=header)
    assert table.columns == columns
    assert len(rows) == data.count("\n") - (header is True)


@pytest.mark.parametrize(
    ("data", "kind"),
    [('[{"problem": "x"}]', "json"), ('{"problem": "x"}\n', "jsonl"), ("problem\nx\n", "csv")],
)
def test_a_stream_is_known_by_what_it_holds(data, kind):
    table, rows = read(data)
    assert (table.format, table.rereadable, len(rows)) == (kind, False, 1)
    assert table.survey().rows is None
    with pytest.raises(InputError, match="only once"):
        table.rows()


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("{bad", "not valid JSON"), ("[1]", "is an array"), ('"x"', "is a string"),
        ("[" * 100_000, "nested too deeply"), ('{"a":' + "9" * 5_000 + "}", "too long a number"),
        ('{"a":' * MAX_DEPTH + "[1]" + "}" * MAX_DEPTH, "nested too deeply"),
    ],
)  # fmt: skip
def test_a_bad_json_line_is_a_row_with_a_complaint(line, complaint):
    rows = read(f'{{"problem": "x"}}\n\n{line}\n{{"problem": "y"}}\n')[1]
    assert [row.number for row in rows] == [1, 3, 4]
    assert complaint in rows[1].complaint
    assert rows[2].values == {"problem": "y"}


def test_json_columns_appear_late_and_a_survey_finds_them(tmp_path):
    path = tmp_path / "f.jsonl"
    path.write_text('{"a": 1}\n' * 150 + '{"b": NaN}\nbad\n')
    table = open_table(path)
    survey = table.survey()
    assert (table.columns, survey.columns) == (("a",), ("a", "b"))
    assert (survey.rows, survey.complaints) == (152, 2)  # NaN is no JSON
    assert len(list(table.rows())) == len(list(table.rows())) == 152


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ('[{"a": 1}, {"a"', r"breaks off after item 1 \(line 1\)"),
        ('[{"a": 1},\n{"a": x}]', r"not valid JSON after item 1 \(line 2\)"),
        ('[{"a": 1}] more', "goes on after the end"),
        ('[{"a": 1} {"a": 2}]', "not valid JSON after item 1"),
        ("[" + '{"a":' * 100_000, "nested too deeply after item 0"),
        ("[]", "no rows"),
    ],
)
def test_a_broken_json_array_says_where(data, message):
    with pytest.raises(InputError, match=message):
        read(data)


def test_json_items_may_be_cut_anywhere_by_the_chunks():
    items = [{"n": n, "t": "é" * (n % 977)} for n in range(2_000)] + [12, 1234.5, None]
    data = json.dumps(items, indent=1, ensure_ascii=False)
    assert [row.values for row in read(data)[1]] == [*items[:-3], {}, {}, {}]


@pytest.mark.parametrize(
    ("name", "data", "message"),
    [
        ("f.csv", b"", "f.csv is empty"),
        ("f.csv", b"\xef\xbb\xbf \r\n", "f.csv is empty"),
        ("f.csv", b"problem,revenue\n", "header but no rows"),
        ("f.csv", b"<!DOCTYPE html><table>", "web page"),
        ("f.csv", b"%PDF-1.7 x", "is a PDF"),
        ("f.csv", bytes(range(256)) * 9, "is not text"),
        ("f.json", b'{"rows": [1,\n2]}', "array of objects"),
        ("f.json", b'{"a": [{"x": 1}],\n"b": [{"x": 1}]}', r"several lists: .a. \(1\), .b. \(1\)"),
        ("f.xlsx", b"PK\x03\x04 cut", "cut off or damaged"),
        ("f.xls", b"\xd0\xcf\x11\xe0" + b"\0" * 600, "cannot be read as an Excel 97 workbook"),
        ("f.xlsx", b"\xd0\xcf\x11\xe0" + "EncryptedPackage".encode("utf-16-le"), "password"),
        ("f.csv", b"a," * MAX_COLUMNS + b"a\n", "columns in its first row"),
        ("f.csv", b"a\n" + b"x" * (ROW_LIMIT + 99_999), r"line 2 is longer than"),
        ("f.json", b'[{"a": "' + b"x" * (ROW_LIMIT + 99_999), "after item 0"),
    ],
)  # fmt: skip
def test_a_file_that_is_no_table_says_why(tmp_path, name, data, message):
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InputError, match=message):
        open_table(tmp_path / name)


def test_a_path_that_cannot_be_read_says_why(tmp_path):
    (tmp_path / "forms.csv").write_text("a\n1\n")
    with pytest.raises(InputError, match=r"no file .*Did you mean forms\.csv\?"):
        open_table(tmp_path / "form.csv")
    with pytest.raises(InputError, match="no folder"):
        open_table(tmp_path / "none" / "form.csv")
    with pytest.raises(InputError, match="is a folder"):
        open_table(tmp_path)


@pytest.mark.parametrize(
    "options",
    [{"encoding": "utf-9"}, {"encoding": "base64"}, {"delimiter": ";;"}, {"delimiter": '"'},
     {"format": "odt"}],
)  # fmt: skip
def test_an_option_that_cannot_be_is_a_settings_error(options):
    with pytest.raises(SettingsError):
        read("a,b\n1,2\n", **options)


def test_a_workbook_gives_values_iso_dates_and_sheet_rows(tmp_path):
    noon = dt.datetime(2026, 5, 1, 12, 30)  # noqa: DTZ001
    path = workbook(
        tmp_path,
        [["Intake forms"], ["problem", "when", "n", "ok"],
         ["x_x000D_\n=y", noon, 3.5, True], [], ["#N/A", dt.date(2026, 5, 1)]],
        Other=[["a"]],
    )  # fmt: skip
    table = open_table(path)
    rows = list(table.rows())
    assert (table.sheet, table.sheets) == ("Sheet", ("Sheet", "Other"))
    assert any("'Other'" in note for note in table.notes)
    assert list(rows[0].values.values()) == ["x\r\n=y", "2026-05-01T12:30:00", 3.5, True]
    assert (rows[0].number, rows[1].number) == (3, 5)
    assert rows[1].values == {"problem": "#N/A", "when": "2026-05-01", "n": None, "ok": None}
    assert "error #N/A" in rows[1].complaint


def test_a_sheet_can_be_named_and_a_wrong_name_lists_them(tmp_path):
    path = workbook(tmp_path, [["a"], [1]], Forms=[["problem"], ["x"]])
    assert open_table(path, TableOptions(sheet="Forms")).columns == ("problem",)
    with pytest.raises(InputError, match=r"no sheet 'forms'.*'Sheet', 'Forms'"):
        open_table(path, TableOptions(sheet="forms"))


def test_a_workbook_is_known_by_its_bytes_and_read_from_a_stream(tmp_path):
    data = workbook(tmp_path, [["problem"], ["x"]]).read_bytes()
    assert cells(data) == [["x"]]
    (tmp_path / "f.csv").write_bytes(data)
    assert open_table(tmp_path / "f.csv").format == "xlsx"


def test_a_zip_bomb_is_refused_before_it_is_unpacked(tmp_path):
    path = workbook(tmp_path, [["problem"], ["x"]])
    with zipfile.ZipFile(path, "a", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/sharedStrings2.xml", bytes(30_000_000))
    with pytest.raises(InputError, match="zip bomb"):
        open_table(path)


def test_what_was_understood_is_said_on_one_line():
    table, _ = read("a;b\n1;2\n")
    assert table.describe() == "standard input: CSV, UTF-8, semicolon-separated, 2 columns (a, b)"


@pytest.mark.parametrize("content", ["", "problem", "\\0\\0\\0", '[{"problem": '])
def test_a_pipe_that_holds_no_table_is_closed_again(tmp_path, content):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", f"printf '{content}' > {path}"]):  # noqa: S607
        with pytest.raises(InputError):
            open_table(path)
        gc.collect()  # a file that was left open is a ResourceWarning, which is an error here
