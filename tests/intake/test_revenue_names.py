"""What the name of a column says about its amounts: applied, or refused, and never ignored."""

import pytest

from triage_agent.errors import InputError
from triage_agent.intake.code_lists import code_list
from triage_agent.intake.revenue_units import name_of, unit_of
from triage_agent.intake.stated_revenue import read_revenue

K, M = 1_000, 1_000_000


@pytest.mark.parametrize(
    ("name", "times", "scale", "codes"),
    [
        ("Umsatz in TEUR", None, K, ("EUR",)),
        ("Turnover T€", None, K, ("EUR",)),
        ("Sales T$", None, K, None),
        ("Revenue kUSD", None, K, None),
        ("Revenue k€", None, K, ("EUR",)),
        ("Revenue (MCHF)", None, M, ("CHF",)),
        ("Revenue (GBPm)", None, M, ("GBP",)),
        ("Revenue (£ mn)", None, M, ("GBP",)),
        ("MRR (EUR, k)", 12, K, ("EUR",)),
        ("ARR, USD k", 1, K, None),
        ("Turnover (crore)", None, 10 * M, ("INR",)),
        ("Turnover (INR Cr)", None, 10 * M, ("INR",)),
        ("Turnover in 10,000s", None, 10 * K, None),
        ("Revenue ('000 GBP)", None, K, ("GBP",)),
        ("Revenue (x1000)", None, K, None),
        ("Revenue (Canadian dollars)", None, None, ("CAD",)),
        ("Sales revenue pcm", 12, None, None),
        ("Takings p.m. revenue", 12, None, None),
        ("Revenue per calendar month", 12, None, None),
        ("Semi-annual revenue", 2, None, None),
        ("Half yearly turnover", 2, None, None),
        ("Turnover H1 2025", 2, None, None),
        ("Fortnightly revenue", 26, None, None),
        ("Revenue in the last full financial year", 1, None, None),
        ("Q7. What was your company's revenue last year?", 1, None, None),
        ("Q3. Annual revenue", 1, None, None),
    ],
)
def test_a_unit_in_a_name_is_applied(name, times, scale, codes):
    unit = unit_of(name)
    assert (unit.times_a_year, unit.scale) == (times, scale)
    assert (unit.currency.codes if unit.currency else None) == codes


@pytest.mark.parametrize(
    "name",
    [
        "Revenue (VND)",
        "Revenue in Fuggers",
        "Turnover ₫",
        "Revenue (in dozens)",
        "Revenue (%)",
        "THB revenue",
        "Revenue per store",
        "Turnover for each client",
        "Revenue YTD",
        "Revenue to date",
        "Revenue (April to June)",
        "Sales revenue since launch",
        "Lifetime revenue",
        "Bimonthly revenue",
        "Revenue every other month",
        "Revenue (USD or EUR)",
        "Revenue (thousands, millions)",
        "Daily revenue",
    ],
)
def test_a_unit_that_cannot_be_applied_is_refused(name):
    with pytest.raises(InputError):
        unit_of(name)


@pytest.mark.parametrize(
    ("name", "left"),
    [
        ("What is your company's approximate annual revenue (USD)?", ()),
        ("Please select the range that best describes your yearly turnover", ()),
        ("annualRevenue", ()),
        ("company_revenue_2025", ()),
        ("Revenue FY24/25 (unaudited)", ()),
        ("Annual revenue (e.g. 3 million)", ()),
        ("Target revenue", ("Target",)),
        ("Revenue growth", ("growth",)),
        ("Number of sales per year", ("Number",)),
        ("How much does your business turn over in a year?", ()),
        ("Staff turnover", ("Staff",)),
        ("Lost revenue because of this", ("Lost", "because")),
        ("Revenue model", ("model",)),
    ],
)
def test_what_a_name_says_beside_revenue_is_left(name, left):
    assert name_of(name).rest == left


@pytest.mark.parametrize(
    ("header", "cell", "low", "high"),
    [
        ("Revenue (1 = up to $1M, 2 = $1M to $10M, 3 = over $10M)", "2", M, 10 * M),
        ("Revenue: a) none", "2M", 2 * M, 2 * M),
        ("Turnover [A: below 250,000; B: 250,000-2,000,000]", "b", 250 * K, 2 * M),
        ("Revenue (1 = up to $1M, 2 = $1M to $10M)", "4M", 4 * M, 4 * M),
        ("Revenue", "$6.1m (audited)", 6.1 * M, 6.1 * M),
        ("Revenue", "Pre-revenue (waitlist open)", 0, 0),
        ("Revenue", "250k (per quarter)", M, M),
        ("Revenue", "40k pcm", 480 * K, 480 * K),
        ("Revenue", "2.5e6", 2.5 * M, 2.5 * M),
        ("Revenue", "FY24: $2.3M", 2.3 * M, 2.3 * M),
        ("Turnover (JPY)", "¥200M", 200 * M * 0.0069 / 2, 200 * M * 0.0069 * 2),
    ],
)
def test_a_cell_is_read_as_its_name_and_its_brackets_say(header, cell, low, high):
    found = read_revenue(cell, header)
    assert (found.low_usd, found.high_usd) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Revenue", "3M (target)"),
        ("Revenue", "3M forecast"),
        ("Revenue", "3M (THB)"),
        ("Revenue", "800k YTD"),
        ("Revenue", "800k (Jan to Mar)"),
        ("Revenue", "20k per client"),
        ("Revenue", "640.000"),
        ("Revenue in TEUR", "2.500"),
        ("Revenue (1 = up to $1M, 2 = $1M to $10M)", "7"),
    ],
)
def test_a_cell_that_says_something_else_is_refused(header, cell):
    with pytest.raises(InputError):
        read_revenue(cell, header)


def test_a_hint_is_a_value_that_would_work():
    with pytest.raises(InputError, match="like 640,000"):
        read_revenue("640.000", "Revenue")
    assert read_revenue("640,000", "Revenue").high_usd == 640 * K


def test_what_stands_in_brackets_and_is_not_read_is_said():
    assert "'two branches' is not read" in read_revenue("$4M (two branches)").note


def test_one_code_is_no_list():
    assert code_list("Revenue (1 = yearly)") == ({}, "Revenue (1 = yearly)")
