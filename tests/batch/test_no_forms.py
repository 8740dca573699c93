"""Rows between the forms that hold nobody's answers; the tables are of our own making."""

import csv
import json

import pytest

from triage_agent.batch.input_columns import Columns
from triage_agent.batch.no_forms import HEADER, NOTE, TOTAL, UNITS, Marking
from triage_agent.batch.read_output import how_to_read, read_out
from triage_agent.batch.run import BatchRequest, run_batch
from triage_agent.errors import InputError
from triage_agent.tables import Row

NAMES = ("When", "Firm", "Obstacle", "Sales 2026")
FORM = ("2026-05-04", "Alder Bakery", "Orders are copied from e-mails by hand", "610000")
OTHER = ("2026-05-05", "Birch Dental", "Recalls are forgotten every week", "940000")
BLANK = ("", "", "", "")
FOUND = Columns(("Obstacle",), revenue="Sales 2026", company="Firm")


def what_they_are(*cells, columns=FOUND, names=NAMES, numbers=None):
    """Return what each row of a table is, None for a form."""
    rows = [
        Row(number, dict(zip(names, one, strict=True)))
        for number, one in zip(numbers or range(2, 2 + len(cells)), cells, strict=True)
    ]
    return [row.no_form for row in Marking.of(columns).marked(rows)]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        pytest.param(NAMES, HEADER, id="the header, where two files were joined"),
        pytest.param(("When", "firm ", "", ""), HEADER, id="a part of the header"),
        pytest.param(("Total", "", "", "1550000"), TOTAL, id="a total word beside a sum"),
        pytest.param(("", "", "Grand total", "1550000"), TOTAL, id="the word among the problems"),
        pytest.param(("", "2 answers", "Number of answers: 2", "Average: 775000"), TOTAL,
                     id="counts and an average"),
        pytest.param(("", "", "Total sales", ""), TOTAL, id="a total whose sum is not stored"),
        pytest.param(("Zwischensumme", "", "", "1.550.000 €"), TOTAL, id="German"),
        pytest.param(("Subtotal", "Sum", "", "USD 1,550,000"), TOTAL, id="a report's subtotal"),
        pytest.param(("", "", "", "1550000"), TOTAL, id="a sum alone, without a business"),
        pytest.param(("Week 19", "", "", ""), NOTE, id="a banner beside the names"),
        pytest.param(("* as told on the phone", "", "", ""), NOTE, id="a footnote"),
        pytest.param(("", "Stated before tax, see the folder of the year for the accounts", "", ""),
                     NOTE, id="a sentence among the names"),
        pytest.param(("", "", "Prepared by Mara Lind, 7 May", ""), NOTE, id="who made the table"),
        pytest.param(("Prepared by", "Mara Lind", "", ""), NOTE, id="who made it, in two cells"),
        pytest.param(("", "Filter:", "", "Won"), NOTE, id="how the report was filtered"),
        pytest.param(("", "", "free text", "in $k"), UNITS, id="units under the header"),
        pytest.param(("", "", "Prices are wrong", "secret"), None, id="an amount that is not told"),
        pytest.param(("", "", "Prepared by hand, our offers take days", ""), None,
                     id="a problem that begins like a note"),
        pytest.param(("", "Total Fitness", "", "880000"), None, id="a business called Total"),
        pytest.param(("", "Total", "Our lists are wrong", "880000"), None, id="with its problem"),
        pytest.param(("2026-05-06", "", "", ""), None, id="a form sent empty"),
        pytest.param(("2026-05-06", "Cedar Travel", "", "300000"), None, id="no problem told"),
        pytest.param(("", "Cedar Travel", "", ""), None, id="only a name"),
        pytest.param(("", "", "Rosters are late", ""), None, id="a problem without a name"),
        pytest.param(("", "", "Totals are never right", ""), None, id="a problem about totals"),
    ],
)  # fmt: skip
def test_a_row_that_holds_nobodys_answers_is_no_form(cells, what):
    assert what_they_are(FORM, cells, OTHER) == [None, what, None]


@pytest.mark.parametrize(
    ("cells", "numbers", "what"),
    [
        pytest.param((FORM, ("", "Won", "", ""), OTHER), (2, 4, 5), NOTE,
                     id="over the rows of its group, under a blank line"),
        pytest.param((FORM, BLANK, ("", "Won", "", ""), OTHER), None, NOTE,
                     id="under a blank row"),
        pytest.param((FORM, ("", "Won", "", ""), NAMES), None, None,
                     id="not set apart: a business, though the header follows"),
        pytest.param((FORM, BLANK, ("", "Won", "", ""), NAMES), None, NOTE,
                     id="over a header"),
        pytest.param((FORM, ("", "Cedar Travel", "", ""), OTHER), (2, 4, 6), None,
                     id="a blank line on both sides"),
        pytest.param((FORM, OTHER, ("", "Lind Advisers", "", "")), (2, 3, 6), NOTE,
                     id="below the table"),
        pytest.param((FORM, OTHER, ("", "Cedar Travel", "", "")), None, None,
                     id="the last form"),
    ],
)  # fmt: skip
def test_a_name_alone_is_a_title_only_where_it_stands_apart(cells, numbers, what):
    found = what_they_are(*cells, numbers=numbers)
    at = next(at for at, one in enumerate(cells) if sum(map(bool, one)) == 1)
    assert found[at] == what


WIDE = ("Pain point", "Our reply", "Owner")
FULL = ("Minutes are typed up over the whole weekend", "A template makes them", "Mara")
GROUP, LONG_GROUP = ("Sales team", "", ""), ("Heads of offices (without the board)", "", "")


def what_groups_are(*cells, titles=(("Board", "", ""),)):
    """Return what each row of a table under a title is, None for a form."""
    rows = [Row(at, dict(zip(WIDE, one, strict=True))) for at, one in enumerate(cells, start=3)]
    marking = Marking.of(Columns(("Pain point",)), titles=titles)
    return [row.no_form for row in marking.marked(rows)]


@pytest.mark.parametrize(
    ("cells", "what"),
    [
        pytest.param([FULL, GROUP, WIDE, FULL], [None, NOTE, HEADER, None], id="over the header"),
        pytest.param([FULL, GROUP, WIDE, FULL, LONG_GROUP, FULL],
                     [None, NOTE, HEADER, None, NOTE, None], id="over a form, after such a group"),
        pytest.param([FULL, GROUP, FULL, GROUP, WIDE], [None, None, None, NOTE, HEADER],
                     id="a form, before any group is shown"),
        pytest.param([FULL, ("Leads are lost.", "", ""), WIDE], [None, None, HEADER],
                     id="a sentence"),
        pytest.param([FULL, ("", "Sales team", ""), WIDE], [None, None, HEADER],
                     id="not in the first cell"),
        pytest.param([FULL, GROUP, WIDE, GROUP], [None, NOTE, HEADER, None], id="the last row"),
    ],
)  # fmt: skip
def test_one_cell_over_the_header_again_names_a_group(cells, what):
    assert what_groups_are(*cells) == what


@pytest.mark.parametrize("titles", [(), (("Board", "May", ""),), (("Board",), ())])
def test_without_such_a_title_above_a_row_with_a_problem_is_a_form(titles):
    assert what_groups_are(FULL, GROUP, WIDE, FULL, titles=titles) == [None, None, HEADER, None]


def test_in_a_narrow_table_a_cell_is_all_that_somebody_wrote():
    names, columns = ("Firm", "Obstacle"), Columns(("Obstacle",), company="Firm")
    rows = [("", "Total"), ("Won", ""), ("Firm", "Obstacle")]
    assert what_they_are(*rows, names=names, columns=columns) == [None, None, None]


def test_rows_that_are_no_forms_stay_in_out_and_are_no_businesses(tmp_path):
    forms, out = tmp_path / "calls.csv", tmp_path / "out.csv"
    with forms.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(
            [NAMES, FORM, NAMES, OTHER, ("Total", "", "", "1550000"), BLANK,
             ("", "", "Prepared by Mara Lind", "")]
        )  # fmt: skip
    lines = []
    run_batch(BatchRequest(forms, out), lines.append)
    assert (
        "6 rows, 3 of which are no forms and are carried along without an answer: the header "
        "again in row 3; totals in row 5; a title or a note in row 7"
    ) in lines
    tally = json.loads((tmp_path / "out.csv.run.json").read_text("utf-8"))["tally"]
    assert (tally["rows"], tally["businesses"], tally["problems"]) == (6, 2, 2)
    assert (tally["no_forms"], tally["blank"]) == (3, 1)
    assert all(row.fits for row in read_out(out, how_to_read(out)))
    with out.open(encoding="utf-8-sig", newline="") as file:
        rows = [*csv.DictReader(file)]
    held = [row for row in rows if any(row[name] for name in NAMES)]
    assert [row["Obstacle"] for row in held] == [
        FORM[2], "Obstacle", OTHER[2], "", "Prepared by Mara Lind",
    ]  # fmt: skip
    assert [bool(row["triage_recommendation"]) for row in held] == [True, False, True, False, False]
    assert held[3]["triage_notes"] == "This row is no form: totals."
    assert not held[4]["triage_1_text"]


def test_a_header_without_forms_is_still_refused(tmp_path):
    forms = tmp_path / "calls.csv"
    forms.write_text("When,Firm,Obstacle\n", encoding="utf-8")
    with pytest.raises(InputError):
        run_batch(BatchRequest(forms, tmp_path / "out.csv", dry_run=True))
