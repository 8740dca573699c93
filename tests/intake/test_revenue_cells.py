"""Cells of revenue columns as forms hold them: the column's name, the cell, what is known of it.

Written before the code that reads them. `kind` is the band, or why it is unknown: `across` (more
than one band), `rate` (the exchange rate decides), `none` (no amount is given) or `refused`.
"""

import pytest

from triage_agent.errors import InputError
from triage_agent.intake.revenue import Band
from triage_agent.intake.stated_revenue import read_revenue

TABLE = """
Annual revenue | 3M | middle
Annual revenue | $750k | small
Annual revenue | 3.2 million | middle
Annual revenue | $1M–$5M | middle
Annual revenue | under 500k | small
Annual revenue | 250k a month | middle
Annual revenue | $500K–$1M | small
Annual revenue | up to $1M | small
Annual revenue | $1M–$10M | middle
Annual revenue | $10M–$50M | large
Annual revenue | $10M+ | large
Annual revenue | 5M and above | across
Annual revenue | $500K–$2M | across
Annual revenue | pre-revenue | small
Annual revenue | Pre revenue | small
Annual revenue | five million | middle
Annual revenue | half a million | small
Annual revenue | low seven figures | middle
Annual revenue | 2M per quarter | middle
Annual revenue | $3M (2025) | middle
Annual revenue | B. $1M–5M | middle
Annual revenue | c) $10M - $50M | large
Annual revenue | 50 lakh | small
Annual revenue | 20 crore | middle
Annual revenue | ₹5 crore | rate
monthly revenue | 500,000 | middle
Monthly Revenue (USD) | 50000 | small
Monthly revenue | $1,000,000 | large
Revenue per month | 90k | across-or-middle
MRR | 20k | small
ARR | 12M | large
Quarterly revenue | 500000 | middle
Revenue (quarterly) | $3M | large
Weekly sales revenue | 15,000 | small
weekly revenue | 30k | middle
Revenue (USD thousands) | 3,200 | middle
Revenue in thousands | 750 | small
revenue_k | 12000 | large
Revenue ($k) | 900 | small
Revenue ($M) | 3.2 | middle
Revenue (in millions) | 0.5 | small
revenue, M USD | 12 | large
Revenue $000s | 4500 | middle
Revenue ('000) | 450 | small
Umsatz (EUR) | 3.000.000 | middle
Umsatz (EUR) | 1.000.000 | rate
revenue GBP thousands | 2000 | middle
Revenue (€) | 100,000 | small
Revenue (CAD) | $4M | middle
Revenue (EUR) | US$800k | small
Revenue (EUR) | $800k | small
Monthly revenue | 3M a year | middle
Revenue (thousands) | $3M | middle
Annual revenue | €3M | middle
Annual revenue | 3M EUR | middle
Annual revenue | £8m | rate
Annual revenue | ¥300M | rate
Annual revenue | 100k CHF | small
Annual revenue | €900k | rate
Annual revenue | €50M | large
Annual revenue | n/a | none
Annual revenue |  | none
Annual revenue | prefer not to say | none
Annual revenue | confidential | none
Annual revenue | banana | refused
Annual revenue | 3 | refused
Annual revenue | -3M | refused
Annual revenue | grew 20% | refused
Annual revenue | $0 | small
Annual revenue | zero | small
Annual revenue | no revenue yet | small
Annual revenue | a million | middle
Annual revenue | one and a half million | middle
Annual revenue | two hundred thousand dollars | small
Annual revenue | twenty-five million | large
Annual revenue | one to five million | middle
Annual revenue | three point two million | middle
Annual revenue | six figures | small
Annual revenue | high 7 figures | middle
Annual revenue | 8 figures | large
Annual revenue | mid-six-figure | small
Annual revenue | a few million | middle
Annual revenue | millions | refused
Annual revenue | $5M or more | across
Annual revenue | 10M or above | large
Annual revenue | $1M or less | small
Annual revenue | $10 million plus | large
Annual revenue | More than $1M but less than $5M | middle
Annual revenue | between 1 and 5 million | middle
Annual revenue | Less than $1,000,000 | small
Annual revenue | $1,000,000 - $4,999,999 | middle
Annual revenue | $10,000,000+ | large
Annual revenue | 10M | middle
Annual revenue | $9,999,999 | middle
Annual revenue | $10,000,001 | large
Annual revenue | 3,5 Mio. € | middle
Annual revenue | 500 Tsd. EUR | rate
Annual revenue | 40k/week | middle
Annual revenue | 15k weekly | small
Annual revenue | FY2024: $3M | middle
Annual revenue | $3M in 2024 | middle
Annual revenue | ~$2.5M (estimated) | middle
Annual revenue | $3M last year | middle
Annual revenue | 1,50,00,000 | middle-or-rate
Annual revenue | Rs. 30 lakhs | small
Annual revenue | A) Under $1M | small
Annual revenue | (b) $1M to $10M | middle
Annual revenue | 2) $10M+ | large
Annual revenue | Option C: $5M - $10M | middle
Annual revenue | 1-5 crore | rate
Daily revenue | 5000 | refused
Monthly or annual revenue | 500,000 | refused
Revenue last 12 months | 500,000 | small
Revenue last 6 months | 400,000 | small
Annual revenue (e.g. 3 million) | 500,000 | small
Revenue (millions) | 3000000 | refused
Annual revenue | €1M–€5M | rate
Annual revenue | XAU 3M | refused
Annual revenue | $3M - $5M per quarter | large
Annual revenue | US$ 2.5 m | middle
"""
# Three rows above were written with a doubt ("-or-"); decided before the first score.
DOUBTS = {"across-or-middle": "middle", "middle-or-rate": "small"}
BANDS = {
    Band.UNDER_1M: "small",
    Band.FROM_1M_TO_10M: "middle",
    Band.OVER_10M: "large",
}
CASES = [
    (header, cell, DOUBTS.get(kind, kind))
    for header, cell, kind in (
        map(str.strip, line.split("|")) for line in TABLE.strip().splitlines()
    )
]


def kind_of(header, cell):
    try:
        revenue = read_revenue(cell, header)
    except InputError:
        return "refused"
    if revenue.band in BANDS:
        return BANDS[revenue.band]
    if "no yearly revenue" in revenue.why_unknown:
        return "none"
    return "rate" if "--usd-rate" in revenue.why_unknown else "across"


@pytest.mark.parametrize(("header", "cell", "kind"), CASES)
def test_a_cell_is_read_in_the_unit_of_its_column(header, cell, kind):
    assert kind_of(header, cell) == kind
