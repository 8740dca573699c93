"""Where a table begins, in every shape in which forms and reports are exported."""

import io
from pathlib import Path

import openpyxl
import pytest

from triage_agent.errors import InputError
from triage_agent.tables import TableOptions, open_table

EXPORTS = Path(__file__).parents[1] / "support" / "exports"
BODY = "Acme,We lose leads daily,3M,4\nPine,Stock is wrong,1M,9\n"


def as_csv(text):
    return text.encode()


def as_xlsx(text):
    """Return the same rows as a workbook; whole numbers become numbers."""
    book = openpyxl.Workbook()
    for number, line in enumerate(text.splitlines(), start=1):
        for column, cell in enumerate(line.split(","), start=1):
            value = int(cell) if cell.isdecimal() else cell or None
            book.active.cell(number, column, value)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def opened(text, form, **options):
    table = open_table(io.BytesIO(form(text)), TableOptions(**options))
    return table, list(table.rows())


FORMS = pytest.mark.parametrize("form", [as_csv, as_xlsx], ids=["csv", "xlsx"])


@FORMS
@pytest.mark.parametrize(
    "above",
    [
        "",
        "Intake forms\n",
        "\n\n",
        "Intake forms\nExported in May\n\n",
        "Intake forms,,,\n,,,\n",
        "Agency,Front desk\n\n",
    ],
    ids=["nothing", "a title", "blank lines", "two titles", "padded titles", "a pair of cells"],
)
def test_titles_above_the_header_are_no_forms(form, above):
    table, rows = opened(f"{above}Business,Problem,Revenue,Seats\n{BODY}", form)
    assert table.columns == ("Business", "Problem", "Revenue", "Seats")
    first = above.count("\n") + 2
    assert [row.number for row in rows] == [first, first + 1]
    above_cells = [[cell for cell in row if cell] for row in table.titles]
    assert above_cells == [list(filter(None, line.split(","))) for line in above.splitlines()]
    assert any(f"row {first - 1}" in note for note in table.notes) is bool(above.strip("\n"))


@FORMS
@pytest.mark.parametrize(
    ("text", "columns", "count"),
    [
        (f"Business,Problem,2023,2024\n{BODY}", ("Business", "Problem", "2023", "2024"), 2),
        ("Business,2023,2024,2025\nAcme,7,3,9\n", ("Business", "2023", "2024", "2025"), 1),
        ("Business,Problem,2024-05-01\nAcme,Stock,7\n", ("Business", "Problem", "2024-05-01"), 1),
        (BODY, ("column_1", "column_2", "column_3", "column_4"), 2),
        ("1,We lose leads,3\n2,Stock,1\n", ("column_1", "column_2", "column_3"), 2),
        ("Acme,Stock,2024-05-01\nPine,Leads,2024-05-02\n",
         ("column_1", "column_2", "column_3"), 2),
    ],
    ids=["years", "only years", "a date", "no header: amounts", "no header: numbers",
         "no header: dates"],
)  # fmt: skip
def test_numbers_are_names_unless_the_rows_below_are_alike(form, text, columns, count):
    table, rows = opened(text, form)
    assert (table.columns, len(rows)) == (columns, count)


@FORMS
@pytest.mark.parametrize(
    "text",
    [
        "Problem\nWe lose leads every day\nStock is wrong\n",
        "Problem,Other\nWe lose leads every day and nobody knows why that happens,\nStock,Leads\n",
        "Problem,,,\nWe lose leads,Stock is wrong,Nobody calls,\nLate,Slow,Manual,\n",
        "Business,Problem,,\nAcme,We lose leads,Stock is wrong,Late\nPine,Slow,Manual,Old\n",
        "Question,Response,Status\nStock?,Response,Open\nLeads?,We lose them,Open\n",
        "Id,Problem,Answer\n,Response,Response\nx,We lose leads,\n",
        "Q1,Q2,Q3\nStock is wrong,4,5\nLeads,2,3\n",
    ],
)
def test_no_first_form_is_taken_for_a_title_or_a_second_header(form, text):
    table, rows = opened(text, form)
    first = text.splitlines()[0].split(",")[0]
    assert table.columns[0] == first
    if not first.startswith("Id"):
        assert rows[0].number == 2
        assert len(rows) == 2


@FORMS
def test_the_row_of_the_header_can_be_named(form):
    text = f"Alpha,Beta,Gamma,Delta\nBusiness,Problem,Revenue,Seats\n{BODY}"
    table, rows = opened(text, form, header_row=2)
    assert table.columns == ("Business", "Problem", "Revenue", "Seats")
    assert [row.number for row in rows] == [3, 4]
    assert [list(row) for row in table.titles] == [["Alpha", "Beta", "Gamma", "Delta"]]
    with pytest.raises(InputError, match=r"Row 9 .* 1, 2, 3 \(--header-row\)"):
        opened(text, form, header_row=9)


@FORMS
@pytest.mark.parametrize(
    "title", ["Intake report,,Exported by Ann", "Report,,Team,North", ",,Intake report,,May"]
)
def test_a_title_of_several_cells_over_a_blank_row_is_no_header_of_two_rows(form, title):
    table, rows = opened(f"{title}\n\nId,Problem,Revenue,Seats,Sent\n1,Leads go cold,3M,4,\n", form)
    assert table.columns == ("Id", "Problem", "Revenue", "Seats", "Sent")
    assert [row.number for row in rows] == [4]


OURS = "triage_1_text,triage_backend"


@FORMS
@pytest.mark.parametrize(
    ("above", "below"),
    [
        ("", ""),
        ("Intake forms\n\n", ""),
        ("2024,2025,2026,x,y\n", ""),
        ("", "Open-Ended Response,Excel\n"),
        ("Acme,We lose leads daily,3M\n\n", "a,b,c\nd,e,f\n"),
    ],
    ids=["nothing", "a title", "numbers above", "an option row", "rows above and two below"],
)
def test_the_header_of_our_own_output_is_found_by_our_columns(form, above, below):
    text = (
        f"{above}Business,Problem,7,{OURS}\n{below}Acme,Leads,4,Leads,words\nPine,Stock,9,,words\n"
    )
    table, rows = opened(text, form)
    assert table.columns == ("Business", "Problem", "7", *OURS.split(","))
    assert [row.values["Business"] for row in rows] == ["Acme", "Pine"]
    first = above.count("\n") + below.count("\n") + 2
    assert [row.number for row in rows] == [first, first + 1]
    assert len(table.extra_header) == below.count("\n")


PLATFORMS = {
    "surveymonkey.csv": (3, 3, "What is your biggest operational problem?"),
    "surveymonkey.xlsx": (3, 3, "What is your biggest operational problem?"),
    "qualtrics.csv": (2, 4, "Q2: In your own words: what slows your business down most?"),
    "limesurvey.csv": (3, 3, "G01Q02: What goes wrong most often?"),
    "typeform.csv": (2, 2, "What's the biggest problem in your operations?"),
    "google_forms.csv": (2, 2, "What are your three biggest problems?"),
    "microsoft_forms.xlsx": (2, 2, "What is the most annoying work in your business?"),
    "jotform.csv": (2, 2, "Describe the problem you want solved"),
    "tally.csv": (2, 2, "What is slowing you down?"),
    "airtable.csv": (2, 2, "Problem"),
    "hubspot.csv": (2, 2, "What challenge can we help with?"),
    "jira.csv": (2, 2, "Description"),
    "zendesk.csv": (2, 2, "Ticket description"),
    "banner.csv": (2, 5, "Problem"),
}


@pytest.mark.parametrize("name", PLATFORMS)
def test_the_export_of_each_platform_has_its_forms_and_questions(name):
    count, first, column = PLATFORMS[name]
    table = open_table(EXPORTS / name)
    rows = list(table.rows())
    assert [row.number for row in rows] == list(range(first, first + count))
    assert column in table.columns
    assert len(str(rows[0].values[column]).split()) > 3
    assert not [row.complaint for row in rows if row.complaint]


def test_every_table_of_the_exports_is_read_here():
    tables = {path.name for path in EXPORTS.iterdir() if path.suffix in {".csv", ".xlsx"}}
    assert tables == PLATFORMS.keys()


def test_an_answer_option_stands_behind_its_question():
    table = open_table(EXPORTS / "surveymonkey.csv")
    asked = "Which tools do you use today? (Select all that apply)"
    assert [name for name in table.columns if name.startswith(asked)] == [
        f"{asked}: {option}"
        for option in ("Excel or Google Sheets", "QuickBooks", "Other (please specify)")
    ]
    assert len(table.extra_header) == 1
    assert table.extra_header[0][5] == "Open-Ended Response"


@pytest.mark.parametrize("data", [b"problem,triage_x\nStock,7\n", b'{"problem":"a","triage_x":7}'])
def test_columns_with_a_reserved_name_get_another(data):
    table = open_table(io.BytesIO(data), TableOptions(reserved="triage_"))
    assert table.columns == ("problem", "input triage_x")
    assert str(next(table.rows()).values["input triage_x"]) == "7"
