"""Which column is the yearly revenue, and in which unit, by the columns' names and neighbours."""

import pytest

from triage_agent.batch.form import FormReading, read_form
from triage_agent.batch.input_columns import Columns, resolve_columns
from triage_agent.batch.request import BatchRequest
from triage_agent.batch.revenue_columns import units_beside
from triage_agent.batch.run import run_batch
from triage_agent.errors import SettingsError
from triage_agent.intake import Band
from triage_agent.tables import Row, read_back

PROBLEM = "Biggest problem"
QUESTION = "What was your company's total revenue in the last fiscal year (USD)?"


def taken(*names):
    columns = [PROBLEM, *names]
    cells = {PROBLEM: "Invoices are typed in by hand every week"} | dict.fromkeys(names, "3M")
    known, notes = resolve_columns(columns, [Row(number, cells) for number in (2, 3)])
    return known, " ".join(notes)


@pytest.mark.parametrize(
    ("names", "column"),
    [
        (["Revenue target", "Revenue 2025", "Revenue 2024"], "Revenue 2025"),
        (["Monthly revenue", "Annual revenue"], "Annual revenue"),
        (["Revenue per branch", "Turnover"], "Turnover"),
        (["Revenue currency", "Company revenue"], "Company revenue"),
        (["Staff turnover per year"], None),
        (["Number of sales per year"], None),
        (["Share of revenue from exports"], None),
        (["Revenue we lose to this"], None),
        (["Planned revenue"], None),
        (["Annual revenue per client"], None),
        (["Total sales tax"], None),
        ([QUESTION], QUESTION),
        (["Revenue (VND)"], "Revenue (VND)"),
    ],
)  # fmt: skip
def test_a_column_is_the_revenue_only_if_its_name_says_nothing_else(names, column):
    assert taken(*names)[0].revenue == column


def test_what_is_not_taken_is_said_with_the_option():
    _, notes = taken("Planned revenue")
    assert "'Planned revenue' is not read as the yearly revenue" in notes
    assert "'Planned'" in notes
    assert "--revenue-column" in notes
    assert "not read: 'Revenue 2024'" in taken("Revenue 2024", "Revenue 2025")[1]


@pytest.mark.parametrize(
    ("cells", "revenue", "band"),
    [
        ({"Revenue": "900", "Scale": "thousands"}, "Revenue", Band.UNDER_1M),
        ({"Revenue": "150,000", "Revenue period": "monthly"}, "Revenue", Band.FROM_1M_TO_10M),
        ({"Currency": "JPY", "Revenue": "20M"}, "Revenue", Band.UNDER_1M),
        ({"Currency": "", "Revenue": "20M"}, "Revenue", Band.OVER_10M),
        ({"Currency": "US Dollar (USD)", "Revenue": "20M"}, "Revenue", Band.OVER_10M),
        ({"Currency": "Zorkmids", "Revenue": "20M"}, "Revenue", Band.UNKNOWN),
        ({"Currency": "USD", "Revenue (EUR)": "20M"}, "Revenue (EUR)", Band.UNKNOWN),
    ],
)
def test_the_unit_that_stands_in_a_column_beside_it_is_applied(cells, revenue, band):
    columns = [PROBLEM, *cells]
    row = Row(2, {PROBLEM: "orders are typed in twice", **cells})
    known, _ = resolve_columns(columns, [row])
    form = read_form(row, FormReading(columns=known))
    assert (known.revenue, form.profile.revenue.band) == (revenue, band)
    assert (band is Band.UNKNOWN) == bool(form.complaints)


def test_units_of_something_else_are_not_beside_it():
    assert units_beside("Revenue", ["Units", "Problem", "Name", "Revenue"]) == ()


def test_why_a_revenue_is_unknown_is_said_where_a_cell_held_one():
    known, _ = resolve_columns([PROBLEM, "Revenue"], [])
    row = Row(2, {PROBLEM: "orders are typed in twice", "Revenue": "loads"})
    form = read_form(row, FormReading(columns=known))
    assert "could not be read" in form.profile.revenue.why_unknown


def answered(tmp_path, text, **fields):
    forms, lines = tmp_path / "forms.csv", []
    forms.write_text(text)
    out = tmp_path / "out.csv"
    run_batch(BatchRequest(forms, out, **fields), lines.append)
    return list(read_back(out)), "\n".join(lines)


def test_an_option_says_the_unit_and_what_was_converted_is_nothing_unread(tmp_path):
    text = "problem,Turnover\nInvoices are typed in by hand every week,300\n"
    rows, lines = answered(tmp_path, text, revenue_unit="monthly, EUR thousands")
    assert rows[0]["triage_recommendation"] == "fractional-ai-officer"
    assert "times 12" in rows[0]["triage_notes"]
    assert "could not be read" not in lines
    with pytest.raises(SettingsError, match="'dozen' is not a unit"):
        answered(tmp_path, text, revenue_unit="dozen")


def test_a_currency_without_a_known_rate_is_read_with_the_rate_of_the_option(tmp_path):
    text = "problem,Revenue (VND)\nInvoices are typed in by hand every week,90bn\n"
    _, lines = answered(tmp_path, text)
    assert "--usd-rate says how many US dollars one VND is" in lines
    rows, _ = answered(tmp_path, text, usd_rate=0.00004)
    assert "$3.6M a year" in rows[0]["triage_notes"]


def test_blank_rows_are_carried_along_and_no_business(tmp_path):
    text = "problem,company\nInvoices are typed in by hand every week,Ash\n,\n , \n"
    rows, lines = answered(tmp_path, text)
    assert [bool(row["triage_recommendation"]) for row in rows] == [True, False, False]
    assert "no-decision" not in lines
    assert "blank rows, carried along without an answer: 2" in lines


def test_rows_of_one_business_are_one_however_its_name_is_written(tmp_path):
    text = (
        "company,problem\nAsh Ltd,Invoices are typed in by hand every week\n"
        " ASH  ltd.,Customers want an app to book their visits\n"
        "ash Ltd ,Stock is counted by hand every week\nBirch,Stock is counted by hand\n"
    )
    rows, lines = answered(tmp_path, text, columns=Columns(group_by="company"))
    assert len({row["triage_recommendation"] for row in rows[:3]}) == 1
    counts = next(one for one in lines.splitlines() if one.startswith("recommendations: "))
    assert sum(int(word) for word in counts.replace(",", "").split() if word.isdigit()) == 2
