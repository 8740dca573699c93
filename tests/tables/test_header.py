"""Where the data begins: what is a title, a header, a further header row, and the first form."""

import io

import openpyxl
import pytest

from triage_agent.errors import InputError
from triage_agent.tables import TableOptions, open_table


def csv_text(rows):
    return "\n".join(
        ",".join(f'"{cell}"' if "," in cell else cell for cell in row) for row in rows
    ).encode()


def workbook(rows, *, merged=(), **sheets):
    book = openpyxl.Workbook()
    for title, content in {"Sheet": rows, **sheets}.items():
        sheet = book.active if title == "Sheet" else book.create_sheet(title)
        for row in content:
            sheet.append([cell if cell != "" else None for cell in row])
    for cells in merged:
        book.active.merge_cells(cells)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def opened(data, **options):
    table = open_table(io.BytesIO(data), TableOptions(**options))
    return table, list(table.rows())


FORMATS = pytest.mark.parametrize("make", [csv_text, workbook], ids=["CSV", "XLSX"])
HEADER = ["id", "company", "problem", "sent"]
FORMS = [
    ["A-1", "Alder", "Leads go cold because nobody calls", "2026-05-04"],
    ["A-2", "Birch", "Stock is wrong", "2026-05-05"],
]
TABLE = [HEADER, *FORMS]


@FORMATS
@pytest.mark.parametrize(
    ("above", "first"),
    [
        ([], 2),
        ([["Intake forms of May"]], 3),
        ([["Intake forms of May"], [], ["Exported by Ann"], []], 6),
        ([["Intake forms", "", "", ""], ["Team:", "North", "", ""]], 4),
    ],
    ids=["nothing", "a title", "titles and blank lines", "a title in a padded row, and a label"],
)
def test_what_stands_above_the_header_is_no_form(make, above, first):
    table, rows = opened(make([*above, *TABLE]))
    assert list(table.columns) == HEADER
    assert [row.values["id"] for row in rows] == ["A-1", "A-2"]
    assert rows[0].number == first
    assert len(table.preamble) == len(above)
    assert any(f"The header is in row {first - 1};" in note for note in table.notes) is bool(above)


@FORMATS
@pytest.mark.parametrize(
    "rows",
    [
        [["problem", "2024"], ["Leads go cold", "yes"], ["Stock is wrong", "no"]],
        [["1", "2"], ["Leads go cold", "Alder"], ["Stock is wrong", "Birch"]],
        [["2026-05-01", "2026-05-02"], ["Leads go cold", "late"], ["Stock", "wrong"]],
        [["name", "2022", "2023", "2024"], ["Leads", "3", "4", "5"], ["Stock", "6", "7", "8"]],
        [["problem"], ["Leads, mostly cold"], ["Stock"]],
        [["problem", "", ""], ["Leads go cold", "x", "2026-05-04"], ["Stock", "y", "2026-05-05"]],
        [["problem", "by"], ["Leads go cold", "Ann"], ["Stock", "Bo"]],
        [["problem", "answer"], ["Leads go cold", "Response"], ["Stock", "Response"]],
        [["problem", "kind"], ["", "Response"], ["Stock", "Response"], ["Leads", "Call"]],
        [["kind"], ["Response"], ["Call"]],
        [["id", "q1", "q2"], ["A", "Leads go cold", "Stock is wrong"], ["B", "No", "None left"]],
        [["id", "", "text"], ["1", "Ann", "Leads go cold"], ["2", "Bo", "Stock is wrong"]],
        [["text", ""], ["Leads go cold", "Ann"], ["Stock is wrong", "Bo"]],
    ],
    ids=lambda rows: "|".join(rows[0]),
)
def test_a_first_row_of_names_stays_the_header_and_the_second_a_form(make, rows):
    table, found = opened(make(rows))
    wanted = [name or f"column_{place}" for place, name in enumerate(rows[0], start=1)]
    assert list(table.columns) == wanted
    assert [
        ["" if cell is None else cell for cell in row.values.values()] for row in found
    ] == rows[1:]
    assert [row.number for row in found] == list(range(2, len(rows) + 1))
    assert table.preamble == ()


@FORMATS
@pytest.mark.parametrize(
    "rows",
    [
        [["7", "Leads go cold", "$3M"], ["8", "Stock", "$1M"]],
        [["2026-05-01", "Leads go cold"], ["2026-05-02", "Stock"]],
        [["ann@example.com", "Leads go cold"]],
    ],
    ids=["numbers", "a date", "an address"],
)
def test_a_first_row_of_data_is_the_first_form(make, rows):
    table, found = opened(make(rows))
    assert [list(row.values.values()) for row in found] == rows
    assert table.columns[0] == "column_1"
    assert any("say --header" in note for note in table.notes)


@FORMATS
def test_a_row_can_be_named_as_the_header(make):
    rows = [["Leads", "go", "cold", "x"], [], HEADER, *FORMS]
    table, found = opened(make(rows), header_row=3)
    assert list(table.columns) == HEADER
    assert found[0].number == 4
    assert table.preamble == (("Leads", "go", "cold", "x"), ())


@FORMATS
@pytest.mark.parametrize(
    ("row", "message"),
    [
        (2, r"--header-row 2: .* is empty.*\(--header-row 3\)"),
        (40, "is not there.*the last is 5"),
        (0, "numbered from 1"),
        (5, "a header but no rows"),
    ],
)
def test_a_header_row_that_cannot_be_says_why(make, row, message):
    with pytest.raises(InputError, match=message):
        opened(make([["Forms"], [], *TABLE]), header_row=row)


def test_a_header_row_far_down_or_of_json_says_why():
    with pytest.raises(InputError, match="too far down"):
        opened(csv_text([HEADER, *(FORMS * 100)]), header_row=150)
    with pytest.raises(InputError, match=r"JSON Lines.*Leave it out"):
        opened(b'{"problem": "Leads go cold"}\n', header_row=1)


@FORMATS
def test_names_that_stand_twice_take_the_heading_above_them(make):
    rows = [["", "2023", "", "2024", ""], ["id", "sold", "cost", "sold", "cost"],
            ["A", "1", "2", "3", "4"]]  # fmt: skip
    assert opened(make(rows))[0].columns == (
        "id", "2023 / sold", "2023 / cost", "2024 / sold", "2024 / cost",
    )  # fmt: skip


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_the_delimiter_is_found_below_a_title_with_commas(delimiter):
    rows = "\n".join(delimiter.join(row) for row in TABLE)
    table, found = opened(f"City of Elm, Clerk\nMay, 2026\nSource, date\n\n{rows}\n".encode())
    assert (table.delimiter, list(table.columns), len(found)) == (delimiter, HEADER, 2)


@pytest.mark.parametrize(
    "text",
    [
        "Problem\nleads,stock,invoices\ncalls,mails,forms\nbills,rent,staff\n",
        "Problem\nLeads, stock, bills\nCalls, mails, forms\n",
    ],
)
def test_a_column_of_lists_stays_one_column(text):
    table, rows = opened(text.encode())
    assert (table.columns, len(rows)) == (("Problem",), text.count("\n") - 1)


def test_the_sheet_with_free_text_is_read_and_the_others_are_named():
    notes = [["Read this first, then send the form"], ["Every line below is a rule of ours"]] * 5
    data = workbook([["month", "forms"], ["May", 3]], Help=notes, Forms=TABLE)
    table, _ = opened(data)
    assert (table.sheet, list(table.columns)) == ("Forms", HEADER)
    assert any("not 'Sheet', 'Help'" in note for note in table.notes)
    assert opened(data, sheet="Sheet")[0].columns == ("month", "forms")


def test_the_first_sheet_is_read_if_none_has_free_text():
    assert opened(workbook([["a"], ["x"]], Other=[["b"], ["y"]]))[0].sheet == "Sheet"


def test_merged_companies_count_for_each_row_and_other_merged_cells_for_one():
    rows = [
        ["company", "problem", "n"],
        ["Alder", "Leads", 1],
        ["", "Stock", 2],
        ["Birch", "Bills", 3],
        ["", "x", 4],
    ]
    table, found = opened(workbook(rows, merged=["A2:A3", "B4:B5"]))
    assert [row.values["company"] for row in found] == ["Alder", "Alder", "Birch", None]
    assert [row.values["problem"] for row in found] == ["Leads", "Stock", "Bills", None]
    assert [note for note in table.notes if "Merged" in note] == [
        "Merged cells of 'company' count for each of their rows."
    ]


def test_cells_right_of_the_last_name_are_a_column():
    rows = [["id", "problem"], ["A", "Leads", "", "call Ann"], ["B", "Stock"]]
    table, found = opened(workbook(rows))
    assert table.columns == ("id", "problem", "column_3", "column_4")
    assert found[0].values["column_4"] == "call Ann"
    assert any("'column_3' and so on" in note for note in table.notes)


def test_a_formula_without_a_stored_result_is_reported():
    table, _ = opened(workbook([["problem", "n"], ["Leads go cold", "=1+1"], ["Stock", "=A2"]]))
    (note,) = [note for note in table.notes if "no stored result" in note]
    assert note.startswith("2 formulas of sheet 'Sheet'")
    assert "B2, B3" in note


@pytest.mark.parametrize(
    "data",
    [
        b"problem,triage_rule\nLeads,D1\n",
        b'[{"problem": "Leads", "triage_rule": "D1"}]',
        workbook([["problem", "triage_rule"], ["Leads", "D1"]]),
    ],
    ids=["CSV", "JSON", "XLSX"],
)
def test_columns_named_like_ours_are_renamed(data):
    table, (row,) = opened(data)
    assert row.values == {"problem": "Leads", "triage_rule (input)": "D1"}
    assert table.columns == ("problem", "triage_rule (input)")
