"""Comments, banners and titles above a table, whatever commas they hold; texts of our own."""

import csv
import io

import openpyxl
import pytest

from triage_agent.tables import TableOptions, open_table

ROWS = [
    ["1", "Alder Bakery", "Orders are copied from e-mails by hand each morning"],
    ["2", "Birch Dental", "Recalls are forgotten because nobody owns the list"],
    ["3", "Cedar Travel", "Quotes leave a week late and clients book elsewhere"],
    ["4", "Dogwood Legal", "Deadlines stand on paper only and are missed"],
]
KNOWN = ["id", "company", "problem"]
UNKNOWN = ["Where they work", "Portal features - what ours does better than theirs", "Our reply"]
TEXTS = [
    [
        "Minutes are typed up over the whole weekend",
        "A template makes the minutes while the meeting is still going on",
        "We show where last year's minutes stand and who signed them",
    ],
    [
        "Nobody finds the contract when it is needed",
        "A search goes over all of the contracts and their appendices too",
        "We name the clause and link to the page of the contract",
    ],
    [
        "Approvals wait for whoever is on holiday",
        "A deputy signs for them and the log shows it to the auditor",
        "We say who may sign what and for how long it is valid",
    ],
]


def as_csv(lines, rows, delimiter=","):
    file = io.StringIO()
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return ("".join(f"{line}\n" for line in lines) + file.getvalue()).encode()


def as_xlsx(lines, rows):
    """Return a workbook; a line above the table stands in a single cell."""
    book = openpyxl.Workbook()
    for line in lines:
        book.active.append([line] if line.strip(",") else [])
    for row in rows:
        book.active.append([int(cell) if cell.isdecimal() else cell for cell in row])
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()


def opened(data, **options):
    table = open_table(io.BytesIO(data), TableOptions(**options))
    return table, list(table.rows())


FORMS = pytest.mark.parametrize("form", [as_csv, as_xlsx], ids=["csv", "xlsx"])
BANNERS = {
    "as many commas as the table": ["Internal only, it names people, mails and phones of ours"],
    "fewer": ["Internal only, it names people"],
    "more": ["Internal only, it names people, mails, phones, streets, towns and dates of birth"],
    "under a title": ["Calls of May", "Internal only, it names people, mails and phones of ours"],
    "over a blank line": ["Internal only, it names people, mails and phones of ours", ""],
    "twice": ["Taken down by phone, in May, by the office", "Do not share, not even, in part"],
    "a comment": ["# Add a firm at the end, please, and keep the order"],
    "twenty comments": [f"# Rule {one}: keep the order, please" for one in range(20)],
    "comments and blank lines": ["# Firms that we called", "", "#", "# Edit freely, please"],
}


@FORMS
@pytest.mark.parametrize("lines", BANNERS.values(), ids=BANNERS)
def test_a_header_of_known_names_stands_under_any_banner(form, lines):
    table, rows = opened(form(lines, [KNOWN, *ROWS]))
    assert table.columns == tuple(KNOWN)
    assert [row.values["company"] for row in rows] == [one[1] for one in ROWS]
    assert rows[0].number == len(lines) + 2
    assert f"The header is in row {len(lines) + 1} (--header-row)." in table.notes


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
@pytest.mark.parametrize("lines", BANNERS.values(), ids=BANNERS)
def test_the_commas_of_a_banner_cut_no_other_table(lines, delimiter):
    table, rows = opened(as_csv(lines, [KNOWN, *ROWS], delimiter))
    assert (table.columns, table.delimiter) == (tuple(KNOWN), delimiter)
    assert len(rows) == 4


def test_names_in_other_languages_are_known_too():
    lines = ["Nur intern, es stehen Namen, Adressen und Telefone darin"]
    table, _ = opened(as_csv(lines, [["Nr", "Firma", "Problem"], *ROWS]))
    assert table.columns == ("Nr", "Firma", "Problem")


def test_unknown_names_stand_under_a_sentence_that_goes_on_in_small_letters():
    lines = ["Internal only, it names people, mails and phones of ours"]
    table, _ = opened(as_csv(lines, [["Row", "Who", "What hurts"], *ROWS]))
    assert table.columns == ("Row", "Who", "What hurts")


@pytest.mark.parametrize(
    "header",
    ["id, company, problem", "Firm, Our pain, Their reply", "#,Firm,Pain", "# id,Firm,Pain",
     "Who, What costs the whole team most of its time in a week, Where"],
)  # fmt: skip
def test_a_header_that_is_like_a_banner_stays_the_header(header):
    body = as_csv([], ROWS).decode()
    table, rows = opened(f"{header}\n{body}".encode())
    assert table.columns == tuple(name.strip() for name in header.split(","))
    assert [row.number for row in rows] == [2, 3, 4, 5]


@FORMS
def test_comments_above_a_table_without_names_are_no_forms(form):
    lines = ["# Firms that we called", "", "# Edit freely"]
    table, rows = opened(form(lines, ROWS))
    assert table.columns == ("column_1", "column_2", "column_3")
    assert [row.number for row in rows] == [4, 5, 6, 7]
    assert [[cell for cell in row if cell] for row in table.titles] == [
        ["# Firms that we called"], [], ["# Edit freely"],
    ]  # fmt: skip
    assert "What stands above row 4 are comments (#), and no forms." in table.notes


def test_the_hash_of_a_single_column_is_part_of_its_name():
    table, rows = opened(b"# Problems\nLeads are lost\nStock is wrong\n")
    assert (table.columns, len(rows)) == (("# Problems",), 2)


@pytest.mark.parametrize("padded", [True, False])
@FORMS
@pytest.mark.parametrize(
    "names",
    [
        pytest.param(["Pain point", *UNKNOWN[1:]], id="one is known"),
        pytest.param(UNKNOWN, id="most are much shorter than the texts"),
    ],
)
def test_one_cell_above_a_full_row_is_a_title(form, names, padded):
    title = "Heads of the back office" + ",," * padded
    data = form([title if form is as_csv else title.rstrip(",")], [names, *TEXTS])
    table, rows = opened(data)
    assert table.columns == tuple(names)
    assert [row.number for row in rows] == [3, 4, 5]


@FORMS
def test_names_as_long_as_the_texts_are_known_where_they_come_again(form):
    names = [
        "What we heard from them in the call",
        "Portal features - what ours does better than all of the others",
        "Reply that the sales team is to give to them next time",
    ]
    title = ["Heads of the back office,,"[: None if form is as_csv else -2]]
    table, rows = opened(form(title, [names, *TEXTS, names, *TEXTS]))
    assert table.columns == tuple(names)
    assert len(rows) == 7


@FORMS
def test_a_title_over_two_columns_is_known_by_a_usual_name_under_it(form):
    rows = [["Pain point", "How we help"], *(one[:2] for one in TEXTS)]
    title = ["Heads of the back office,"[: None if form is as_csv else -1]]
    table, found = opened(form(title, rows))
    assert table.columns == ("Pain point", "How we help")
    assert len(found) == 3


@FORMS
@pytest.mark.parametrize("first", ["Problem", "Biggest problem", "What hurts?"])
def test_one_name_over_rows_of_several_texts_is_no_title(form, first):
    cell = first + ",," if form is as_csv else first
    table, rows = opened(form([cell], TEXTS))
    assert table.columns[0] == first
    assert [row.number for row in rows] == [2, 3, 4]


@FORMS
def test_no_first_form_under_a_title_becomes_the_header(form):
    title = ["Calls of the week,,"[: None if form is as_csv else -2]]
    _, rows = opened(
        form(title, [["Alder", *TEXTS[0][:2]], *([one[0], *one[:2]] for one in TEXTS)])
    )
    assert [row.number for row in rows] == [2, 3, 4, 5]
