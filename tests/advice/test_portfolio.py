"""A portfolio: columns by any spelling, rows that stand alone, what is said about both."""

import io
import re
from decimal import Decimal

import openpyxl
import pytest

from triage_agent.advice.portfolio import COLUMNS, find_columns, read_portfolio
from triage_agent.errors import InputError
from triage_agent.tables import open_table


def portfolio(text):
    return read_portfolio(open_table(io.BytesIO(text.encode())))


def names(found):
    return [line.assessment.investment.name for line in found.rows]


@pytest.mark.parametrize("field", COLUMNS)
def test_each_column_is_found_by_its_name_and_by_the_name_in_our_json(field):
    amount = "one_off_cost" if field == "monthly_cost_usd" else "monthly_cost"
    for spelling in (COLUMNS[field][0], field):
        assert find_columns([spelling, amount], "x")[field] == spelling


@pytest.mark.parametrize(
    ("spelling", "field"),
    [
        ("Hours saved per week", "hours_saved_per_week"),
        ("HOURS SAVED", "hours_saved_per_week"),
        ("hours saved / week", "hours_saved_per_week"),
        (" Hourly  Cost ($)", "hourly_cost_usd"),
        ("Cost reduced (USD per month)", "cost_reduced_usd_per_month"),
        ("Revenue enabled a month", "revenue_enabled_usd_per_month"),
        ("One-off cost", "one_off_cost_usd"),
        ("monthly-cost", "monthly_cost_usd"),
    ],
)
def test_a_columns_name_may_differ_in_case_blanks_and_unit(spelling, field):
    assert find_columns([spelling], "x") == {field: spelling}


def test_two_columns_that_mean_the_same_are_refused():
    with pytest.raises(InputError, match="'Monthly cost' and 'monthly_cost' mean the same"):
        find_columns(["Monthly cost", "monthly_cost"], "x.csv")


@pytest.mark.parametrize("columns", [["Cost", "Benefit"], ["name", "age_days"]])
def test_a_table_without_any_amount_is_refused_with_the_columns_that_are_known(columns):
    with pytest.raises(InputError, match="hours_saved_per_week, hourly_cost"):
        find_columns(columns, "x.csv")


def test_missing_columns_count_as_0_and_unknown_ones_are_not_read_and_both_are_said():
    found = portfolio("name,monthly_cost,cost_reduced,Owner\na,100,500,Ann\n")
    investment = found.rows[0].assessment.investment
    assert investment.one_off_cost_usd == 0
    assert investment.age_days is None
    assert found.notes == (
        "columns not read: Owner",
        (
            "columns not there, taken as 0: hours_saved_per_week, hourly_cost, revenue_enabled, "
            "one_off_cost"
        ),
        "there is no column age_days, so nothing is watched in its first 60 days",
    )


@pytest.mark.parametrize(
    ("header", "row", "named"),
    [
        ("Hours saved,Hourly rate,Monthly cost", "12,35,400", "'Hourly rate' hourly_cost"),
        ("Hours saved,Cost per hour,Monthly cost", "12,$35,400", "'Cost per hour' hourly_cost"),
        ("Hours saved,Rate,Monthly cost", "12,35/h,400", "'Rate' hourly_cost"),
        ("Hours saved,Wage,Monthly cost", "12,EUR 35,400", "'Wage' hourly_cost"),
        ("Time saved,Hourly cost,Monthly cost", "12 h,35,400", "'Time saved' hours_saved_per_week"),
        ("Hrs,Hourly cost,Monthly cost", "12,35,400", "'Hrs' hours_saved_per_week"),
        ("Cost reduced,Setup fee,Monthly cost", "900,3000,10", "'Setup fee' one_off_cost"),
        ("Cost reduced,Subscription", "900,300", "'Subscription' monthly_cost"),
        ("Cost reduced,Price", "900,1.2k", "'Price' monthly_cost or one_off_cost"),
        ("Extra sales,Monthly cost", "5000,400", "'Extra sales' revenue_enabled"),
        ("Savings,Monthly cost", "5000,400", "'Savings' cost_reduced"),
        ("Total benefit,Monthly cost", "5000,400", "'Total benefit' hours_saved_per_week or "),
        ("Vendor,Cost reduced", "$400,500", "'Vendor' hourly_cost or "),
    ],
)
def test_an_amount_in_a_column_that_is_not_read_refuses_the_row_and_names_the_column_to_use(
    header, row, named
):
    found = portfolio(f"Name,{header}\nbot,{row}\n")
    assert found.rows == ()
    message = found.refused[0].error.message
    column, field = re.search(r"column ('.*?') holds .* Name it (.*) if that is", message).groups()
    assert f"{column} {field}".startswith(named)
    assert "no verdict" in message


@pytest.mark.parametrize(
    ("header", "row"),
    [
        ("Owner,Hours saved,Hourly cost,Monthly cost", "Ann 2,12,35,400"),
        ("Hourly rate,Hours saved,Hourly cost,Monthly cost", "40,12,35,400"),
        ("Hourly rate,Cost reduced,Monthly cost", ",900,400"),
        ("Hourly rate,Cost reduced,Monthly cost", "0,900,400"),
        ("Success rate,Cost reduced,Monthly cost", "0.9,900,400"),
        ("Cost share,Cost reduced,Monthly cost", "12,900,400"),
        ("Savings,Hours saved,Hourly cost,Cost reduced,Monthly cost", "7 %,12,35,0,400"),
        ("Total cost,Cost reduced,Monthly cost", "4800,900,400"),
        ("Annual savings,Hours saved,Hourly cost,Monthly cost", "21000,12,35,400"),
        ("Cost center,Cost reduced,Monthly cost", "4711,900,400"),
        ("Payment date,Cost reduced,Monthly cost", "2026-05-01,900,400"),
        ("Year,Cost reduced,Monthly cost", "2026,900,400"),
    ],
)
def test_a_column_that_is_not_read_refuses_nothing_where_no_figure_lacks_it(header, row):
    found = portfolio(f"Name,{header}\nbot,{row}\n")
    assert names(found) == ["bot"], found.refused


def test_hours_without_what_an_hour_costs_are_refused_and_not_taken_as_0():
    found = portfolio("name,hours_saved,hourly_cost,monthly_cost\na,12,,400\nb,12,35,400\n")
    assert names(found) == ["b"]
    assert "Fill in the column hourly_cost" in found.refused[0].error.message


def test_a_row_that_lacks_an_amount_stops_no_other():
    found = portfolio("name,cost_reduced,monthly_cost,Setup fee\na,900,100,\nb,900,100,$2k\n")
    assert names(found) == ["a"]
    assert [one.name for one in found.refused] == ["b"]


def test_a_bad_row_is_named_by_row_and_column_and_stops_no_other():
    found = portfolio(
        "name,monthly_cost,cost_reduced,age_days\n"
        "good,100,500,3\n"
        "negative,-5,500,3\n"
        "no number,100,lots,3\n"
        "infinite,100,inf,3\n"
        "dated,100,500,2026-05-01\n"
        "unquoted,1,200,500,3\n"
        "Heading,,,\n"
        ",,,\n"
        "also good,100,400,\n"
    )
    assert names(found) == ["good", "also good"]
    assert [(refused.row, refused.name) for refused in found.refused] == [
        (3, "negative"),
        (4, "no number"),
        (5, "infinite"),
        (6, "dated"),
        (7, "unquoted"),
        (8, "Heading"),
    ]
    messages = [refused.error.message for refused in found.refused]
    assert messages[0].startswith(
        "standard input, row 3, column 'monthly_cost': '-5' must not be negative"
    )
    assert "row 7 has 5 cells where the header has 4" in messages[4]
    assert "row 8 holds no benefit and no cost" in messages[5]
    assert found.total.monthly_benefit_usd == 900


def test_a_row_of_totals_is_left_out_and_that_is_said():
    found = portfolio("name,monthly_cost,cost_reduced\na,100,500\n Total ,100,500\n")
    assert names(found) == ["a"]
    assert "row 3 (Total) is left out: the total is computed" in found.notes
    assert not found.refused


def test_rows_are_ranked_by_return_and_keep_their_numbers():
    found = portfolio("name,monthly_cost,cost_reduced\npoor,100,100\nbest,100,900\nfree,,5\n")
    assert [(line.row, line.assessment.investment.name) for line in found.rows] == [
        (4, "free"),
        (3, "best"),
        (2, "poor"),
    ]


def test_json_lines_may_name_a_column_late_and_say_amounts_as_numbers_or_text():
    found = portfolio(
        '{"name": "a", "monthly_cost": 0.1, "cost_reduced": 0.3}\nnot json\n'
        '{"name": "b", "monthly_cost": "$1.2k", "one_off_cost": 12, "age_days": 60}\n'
    )
    first, second = (line.assessment for line in found.rows)
    assert first.figures.return_ratio == 3
    assert second.investment.monthly_cost_usd == 1200
    assert second.investment.age_days == 60
    assert [refused.row for refused in found.refused] == [2]


def test_a_workbook_is_read_with_its_numbers_and_its_errors(tmp_path):
    book = openpyxl.Workbook()
    for cells in (
        ["Name", "Monthly cost", "Cost reduced", "Age days"],
        ["a", 100, 350.5, 61],
        ["b", "#REF!", 3, None],
    ):
        book.active.append(cells)
    book.save(tmp_path / "ideas.xlsx")
    found = read_portfolio(open_table(tmp_path / "ideas.xlsx"))
    assert found.rows[0].assessment.figures.return_ratio == Decimal("3.505")
    assert [(refused.row, refused.name) for refused in found.refused] == [(3, "b")]
    assert "#REF!" in found.refused[0].error.message
