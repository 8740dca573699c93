"""Amounts: what people and spreadsheets write, what is refused, and what is shown."""

from decimal import Decimal

import pytest

from triage_agent.errors import InputError
from triage_agent.intake.amounts import counted, months, read_amount, times, usd


@pytest.mark.parametrize(
    ("cell", "expected"),
    [
        pytest.param("3000", "3000", id="digits"),
        pytest.param("$1,200", "1200", id="a dollar sign and a comma"),
        pytest.param("1.2k", "1200", id="thousands"),
        pytest.param("$ 1.5 M", "1500000", id="millions"),
        pytest.param("USD 400", "400", id="the code before"),
        pytest.param("400 dollars", "400", id="the word behind"),
        pytest.param("1 200", "1200", id="a blank between the thousands"),
        pytest.param("1\xa0200", "1200", id="a blank that does not break"),
        pytest.param("1,234,567.89", "1234567.89", id="commas and a point"),
        pytest.param("12,5", "12.5", id="a decimal comma"),
        pytest.param("1.234.567", "1234567", id="points between the thousands"),
        pytest.param("1.2E+03", "1200", id="as spreadsheets shorten"),
        pytest.param("0", "0", id="nothing"),
        pytest.param("-0", "0", id="nothing, with a sign"),
        pytest.param(0.1, "0.1", id="a float says what it shows"),
        pytest.param(1200, "1200", id="a whole number"),
        pytest.param("1000000000", "1000000000", id="the most"),
        pytest.param("0.000001", "0.000001", id="the least"),
    ],
)
def test_money_is_read_as_people_write_it(cell, expected):
    assert read_amount(cell, "monthly_cost_usd", "cell") == Decimal(expected)


@pytest.mark.parametrize("cell", [None, "", "  ", "-", "–", " — "])
def test_a_blank_or_a_spreadsheets_dash_is_no_amount(cell):
    assert read_amount(cell, "monthly_cost_usd", "cell") is None


@pytest.mark.parametrize(
    ("cell", "says"),
    [
        pytest.param("-5", "must not be negative", id="minus"),
        pytest.param("-$1,200", "must not be negative", id="minus before the dollar sign"),
        pytest.param("$-5", "must not be negative", id="minus behind the dollar sign"),
        pytest.param("−5", "must not be negative", id="a real minus sign"),
        pytest.param("(1,200)", "must not be negative", id="an accountant's brackets"),
        pytest.param(-0.01, "must not be negative", id="a negative number"),
        pytest.param("nan", "is not a finite number", id="NaN"),
        pytest.param("-inf", "is not a finite number", id="minus infinity"),
        pytest.param("Infinity", "is not a finite number", id="infinity"),
        pytest.param(float("inf"), "is not a finite number", id="an infinite number"),
        pytest.param("1,000,000,001", "is more than 1,000,000,000", id="over the most"),
        pytest.param("1e400000", "is more than", id="a huge exponent"),
        pytest.param("1e99999999" + 12 * "9", "is not an amount", id="an absurd exponent"),
        pytest.param("0.0000009", "is less than 0.000001", id="under the least"),
        pytest.param("1e-400000", "is less than", id="a tiny exponent"),
        pytest.param("thirty", "is not an amount", id="a word"),
        pytest.param("250-400", "is not an amount", id="a range"),
        pytest.param("5%", "is not an amount", id="a share"),
        pytest.param("n/a", "is not an amount", id="unknown is not 0"),
        pytest.param("€400", "is not in US dollars (€)", id="euros"),
        pytest.param("400 GBP", "is not in US dollars (GBP)", id="pounds"),
        pytest.param(True, "is not an amount", id="a truth value"),
        pytest.param([3], "is not an amount", id="a list"),
        pytest.param("#REF!", "is not an amount", id="a spreadsheet's error"),
        pytest.param("x" * 500, "…' is not an amount", id="a long text is cut"),
    ],
)
def test_what_is_no_amount_of_dollars_is_refused_by_place_value_and_reason(cell, says):
    with pytest.raises(InputError) as caught:
        read_amount(cell, "monthly_cost_usd", "x.csv, row 4, column 'cost'")
    assert caught.value.message.startswith("x.csv, row 4, column 'cost': '")
    assert f": '{cell!s:.12}" in caught.value.message
    assert says in caught.value.message


@pytest.mark.parametrize("cell", ["$12", "1.2k", "30m", "12 h"])
def test_hours_are_plain_numbers(cell):
    with pytest.raises(InputError, match="is not a number"):
        read_amount(cell, "hours_saved_per_week", "--hours-saved")


def test_hours_of_several_people_are_taken_up_to_a_thousand_around_the_clock():
    assert read_amount("168,000", "hours_saved_per_week", "cell") == 168_000
    with pytest.raises(InputError, match="is more than 168,000"):
        read_amount("168001", "hours_saved_per_week", "cell")


@pytest.mark.parametrize("cell", ["unknown", "N/A", "not sure", "?"])
def test_an_age_may_be_unknown_in_words(cell):
    assert read_amount(cell, "age_days", "cell") is None


@pytest.mark.parametrize("cell", ["2026-05-01", 45_678], ids=["text", "a spreadsheet's number"])
def test_a_date_is_no_age(cell):
    with pytest.raises(InputError):
        read_amount(cell, "age_days", "cell")


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        ("0", "$0"),
        ("0.004", "$0"),
        ("5", "$5"),
        ("5.5", "$5.50"),
        ("99.99", "$99.99"),
        ("99.995", "$100"),
        ("100.49", "$100"),
        ("100.50", "$101"),
        ("9999999", "$9,999,999"),
        ("10000000", "$10.0M"),
        ("12340000000", "$12.3B"),
        ("7e14", "$700.0T"),
    ],
)
def test_dollars_are_shown_with_the_digits_that_matter(amount, shown):
    assert usd(Decimal(amount)) == shown


@pytest.mark.parametrize(
    ("ratio", "shown"),
    [
        ("3", "3.0"),
        ("2.96", "2.9"),
        ("2." + "9" * 70, "2.9"),
        ("0", "0.0"),
        ("0.09", "under 0.1"),
        ("0.1", "0.1"),
        ("999.99", "999.9"),
        ("1000", "1,000+"),
    ],
)
def test_a_ratio_is_never_shown_higher_than_it_is(ratio, shown):
    assert times(Decimal(ratio)) == shown


@pytest.mark.parametrize(
    ("count", "shown"),
    [("0", "0.0"), ("0.09", "under 0.1"), ("1.45", "1.5"), ("12", "12.0"), ("1000", "1,000+")],
)
def test_months_are_shown_to_the_nearest_tenth(count, shown):
    assert months(Decimal(count)) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        (0, "0 rows"),
        (1, "1 row"),
        (2, "2 rows"),
        (1234567, "1,234,567 rows"),
        (1.0, "1 row"),
        (1.5, "1.5 rows"),
        (Decimal("1.0"), "1.0 row"),
        (Decimal("0.5"), "0.5 rows"),
    ],
)
def test_what_is_counted_is_one_or_several(number, shown):
    assert counted(number, "row") == shown
