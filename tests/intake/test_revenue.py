"""Revenue as people write it, and the band it lies in."""

import math
import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triage_agent.errors import InputError
from triage_agent.intake.revenue import UNKNOWN_REVENUE, Band, Revenue, dollars
from triage_agent.intake.stated_revenue import parse_revenue

K, M = 1_000, 1_000_000
INF = math.inf


@pytest.mark.parametrize(
    ("text", "usd"),
    [
        ("3M", 3 * M),
        ("$750k", 750 * K),
        ("3.2 million", 3.2 * M),
        ("$2 million or so", 2 * M),
        ("2 mill", 2 * M),
        ("1m?", M),
        ("3M, I think", 3 * M),
        ("2m-ish", 2 * M),
        ("maybe about 2M, give or take", 2 * M),
        ("we do about 8M a year", 8 * M),
        ("250k a month", 3 * M),
        ("3m", 3 * M),
        ("1e6", M),
        ("1.2E+06", 1.2 * M),
        ("$3M", 3 * M),
        ("$ 3 M", 3 * M),
        ("3 Million", 3 * M),
        ("3 millions", 3 * M),
        ("3mm", 3 * M),
        ("3 mn", 3 * M),
        ("3 mil", 3 * M),
        ("3,2M", 3.2 * M),
        ("0.5M", 500 * K),
        (".5M", 500 * K),
        ("$.5M", 500 * K),
        ("750 thousand", 750 * K),
        ("1.5b", 1_500 * M),
        ("2 billion", 2_000 * M),
        ("2bn", 2_000 * M),
        ("3000000", 3 * M),
        ("3,000,000", 3 * M),
        ("$3,000,000.50", 3_000_000.5),
        ("3.000.000", 3 * M),
        ("3 000 000", 3 * M),
        ("3_000_000", 3 * M),
        ("3'000'000", 3 * M),
        ("1,500k", 1.5 * M),
        ("3M USD", 3 * M),
        ("USD 3M", 3 * M),
        ("US$3M", 3 * M),
        ("US $3M", 3 * M),
        ("3 million dollars", 3 * M),
        ("3 million US dollars", 3 * M),
        ("3M a year", 3 * M),
        ("3M per year", 3 * M),
        ("3M/yr", 3 * M),
        ("$3M annually", 3 * M),
        ("$3M ARR", 3 * M),
        ("$3M in revenue", 3 * M),
        ("about 3M", 3 * M),
        ("around $3M", 3 * M),
        ("approx. $3M", 3 * M),
        ("~3M", 3 * M),
        ("  3M.  ", 3 * M),
        ("3\tM", 3 * M),
        ("250K/mo", 3 * M),
        ("$250k per month", 3 * M),
        ("250k monthly", 3 * M),
        ("$250,000 each month", 3 * M),
        ("20k MRR", 240 * K),
        ("0", 0),
        ("$0", 0),
        ("1000", 1_000),
        ("999999.99", 999_999.99),
        ("$10,000,000.01", 10_000_000.01),
    ],
    ids=repr,
)
def test_one_amount_is_read_in_every_spelling(text, usd):
    revenue = parse_revenue(text)
    assert (revenue.low_usd, revenue.high_usd) == (pytest.approx(usd), pytest.approx(usd))
    assert not revenue.low_open
    assert not revenue.high_open


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("$1M–$5M", M, 5 * M),
        ("$1M-$5M", M, 5 * M),
        ("$1M — $5M", M, 5 * M),
        ("1M to 5M", M, 5 * M),
        ("1-5M", M, 5 * M),
        ("1 to 5 million", M, 5 * M),
        ("$1–5M", M, 5 * M),
        ("between 1M and 5M", M, 5 * M),
        ("between $1 and $5 million", M, 5 * M),
        ("from 1M to 5M", M, 5 * M),
        ("500k-2M", 500 * K, 2 * M),
        ("500-900k", 500 * K, 900 * K),
        ("1,000,000-5,000,000", M, 5 * M),
        ("3M-3M", 3 * M, 3 * M),
        ("20k-30k a month", 240 * K, 360 * K),
    ],
    ids=repr,
)
def test_a_range_keeps_both_its_ends_and_leaves_them_out(text, low, high):
    revenue = parse_revenue(text)
    assert (revenue.low_usd, revenue.high_usd) == (low, high)
    assert (revenue.low_open, revenue.high_open) == (low < high, low < high)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("under 500k", 0, 500 * K),
        ("below $500k", 0, 500 * K),
        ("less than 500k", 0, 500 * K),
        ("< 500k", 0, 500 * K),
        ("under 500k a year", 0, 500 * K),
        ("under 50k a month", 0, 600 * K),
        ("over 12M", 12 * M, INF),
        ("more than $12M", 12 * M, INF),
        (">12M", 12 * M, INF),
        ("12M+", 12 * M, INF),
        ("$12M or more", 12 * M, INF),
        ("12M and up", 12 * M, INF),
        ("over 1M a month", 12 * M, INF),
    ],
    ids=repr,
)
def test_an_open_range_keeps_its_one_end_and_leaves_it_out(text, low, high):
    revenue = parse_revenue(text)
    assert (revenue.low_usd, revenue.high_usd) == (low, high)
    assert (revenue.low_open, revenue.high_open) == (low > 0, high < INF)


@pytest.mark.parametrize(
    ("text", "band"),
    [
        ("0", Band.UNDER_1M),
        ("999,999.99", Band.UNDER_1M),
        ("1M", Band.FROM_1M_TO_10M),
        ("$1,000,000.01", Band.FROM_1M_TO_10M),
        ("9,999,999.99", Band.FROM_1M_TO_10M),
        ("10M", Band.FROM_1M_TO_10M),
        ("10,000,000.01", Band.OVER_10M),
        ("under 500k", Band.UNDER_1M),
        ("under 1M", Band.UNDER_1M),
        ("under 1.01M", Band.UNKNOWN),
        ("under 10M", Band.UNKNOWN),
        ("100k-999k", Band.UNDER_1M),
        ("500k-1M", Band.UNDER_1M),
        ("500k-2M", Band.UNKNOWN),
        ("1M-5M", Band.FROM_1M_TO_10M),
        ("1M-10M", Band.FROM_1M_TO_10M),
        ("5M-20M", Band.UNKNOWN),
        ("500k-20M", Band.UNKNOWN),
        ("10M-20M", Band.OVER_10M),
        ("11M-20M", Band.OVER_10M),
        ("over 10M", Band.OVER_10M),
        ("over 9.99M", Band.UNKNOWN),
        ("10M+", Band.OVER_10M),
        ("over 1M", Band.UNKNOWN),
        ("80k a month", Band.UNDER_1M),
        ("900k a month", Band.OVER_10M),
        ("", Band.UNKNOWN),
    ],
    ids=repr,
)
def test_a_range_inside_one_band_decides_and_one_across_bands_is_unknown(text, band):
    assert parse_revenue(text).band is band


@pytest.mark.parametrize(
    ("text", "at_least"),
    [
        ("10M", True),
        ("9,999,999.99", False),
        ("10,000,000.01", True),
        ("over 10M", True),
        ("11M-20M", True),
        ("5M-20M", False),
        ("over 9M", False),
        ("", False),
    ],
    ids=repr,
)
def test_10m_or_more_is_known_or_counts_as_not_met(text, at_least):
    assert parse_revenue(text).at_least_10m is at_least


@pytest.mark.parametrize(
    "text", ["", "   ", "unknown", "Unknown", "n/a", "N/A", "not sure", "don't know", "?", "-"]
)
def test_saying_that_it_is_unknown_is_no_error(text):
    assert parse_revenue(text) == UNKNOWN_REVENUE
    assert UNKNOWN_REVENUE.why_unknown == "no yearly revenue was given"


def test_a_range_across_bands_says_why_it_is_unknown():
    assert parse_revenue("500k-2M").why_unknown.startswith("$500K to $2M lies across")
    assert parse_revenue("over 5M").why_unknown.startswith("over $5M lies across")
    assert parse_revenue("under 5M").why_unknown.startswith("under $5M lies across")
    assert parse_revenue("3M").why_unknown == ""


@pytest.mark.parametrize("text", ["250k a month", "250k/mo", "$250,000 monthly", "20k-30k a month"])
def test_a_monthly_amount_says_that_it_was_multiplied(text):
    assert "12" in parse_revenue(text).note


@pytest.mark.parametrize("text", ["3M", "3M a year", "under 500k", "1M-5M"])
def test_a_yearly_amount_needs_no_note(text):
    assert parse_revenue(text).note == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        pytest.param("banana", "is not an amount", id="a word"),
        pytest.param("under banana", "is not an amount", id="a word behind under"),
        pytest.param("1M-banana", "is not an amount", id="a word as the end of a range"),
        pytest.param("3X", "is not an amount", id="an unknown scale"),
        pytest.param("1-2-3M", "is not an amount", id="a range of three"),
        pytest.param("nan", "is not an amount", id="not a number"),
        pytest.param("inf", "is not an amount", id="infinity"),
        pytest.param("$", "is not an amount", id="only the currency"),
        pytest.param("1M to", "is not an amount", id="a range without its end"),
        pytest.param("-3M", "must not be negative", id="a negative amount"),
        pytest.param("-$3M", "must not be negative", id="a negative amount with its currency"),
        pytest.param("−3M", "must not be negative", id="a negative amount with a true minus"),
        pytest.param("(3M)", "must not be negative", id="a negative amount as accountants write"),
        pytest.param("-1M to 5M", "must not be negative", id="a range from a negative amount"),
        pytest.param("5M-1M", "from a higher to a lower", id="a range the wrong way round"),
        pytest.param("3", "Write the unit", id="a bare 3"),
        pytest.param("999", "Write the unit", id="a bare 999"),
        pytest.param("1-5", "Write the unit", id="a bare range"),
    ],
)
def test_what_is_no_revenue_is_an_input_error_that_shows_it(text, says):
    with pytest.raises(InputError, match=says) as caught:
        parse_revenue(text)
    assert repr(text) in caught.value.message
    assert caught.value.exit_code == 4


@pytest.mark.parametrize(
    "text",
    [
        "€3M",
        "3M €",
        "EUR 3M",
        "3 million euros",
        "£2m",
        "2m GBP",
        "2 million pounds",
        "¥300M",
        "₹5M",
        "CHF 3M",
        "CA$3M",
        "A$3M",
        "C$ 3M",
        "3M CAD",
        "€1M–€5M",
        "250k euros a month",
    ],
)
def test_another_currency_spans_half_to_double_of_its_rate_unless_one_is_given(text):
    spanned = parse_revenue(text)
    assert spanned.high_usd >= 4 * spanned.low_usd
    assert ("--usd-rate" in spanned.why_unknown) is (spanned.band is Band.UNKNOWN)
    dollar = parse_revenue(text, usd_rate=1)
    converted = parse_revenue(text, usd_rate=0.5)
    assert converted.low_usd == pytest.approx(dollar.low_usd / 2)
    assert converted.high_usd == pytest.approx(dollar.high_usd / 2)
    assert "0.5" in converted.note


def test_a_rate_is_applied_to_the_right_amount():
    assert parse_revenue("€3M", usd_rate=1.1).low_usd == pytest.approx(3.3 * M)
    assert parse_revenue("100k euros a month", usd_rate=1.5).low_usd == pytest.approx(1.8 * M)
    assert parse_revenue("€9.5M", usd_rate=1.1).band is Band.OVER_10M


def test_a_rate_is_not_applied_to_dollars():
    assert parse_revenue("$3M", usd_rate=1.1) == parse_revenue("$3M")


@pytest.mark.parametrize("rate", [0.0, -1.0, INF, math.nan])
def test_a_rate_must_be_a_positive_number(rate):
    with pytest.raises(InputError, match="positive"):
        parse_revenue("€3M", usd_rate=rate)


def test_a_long_text_is_shown_cut_off():
    with pytest.raises(InputError) as caught:
        parse_revenue("banana " * 1000)
    assert len(caught.value.message) < 250


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("9" * 400, id="400 nines"),
        pytest.param("1" + "0" * 305 + "M", id="a scale carries it over"),
        pytest.param("1" + "0" * 308 + " a month", id="twelve months carry it over"),
        pytest.param("1M-" + "9" * 400, id="the end of a range"),
    ],
)
def test_an_amount_beyond_all_numbers_is_an_error_and_not_infinite(text):
    with pytest.raises(InputError):
        parse_revenue(text)


@pytest.mark.parametrize(
    ("revenue", "words"),
    [
        (Revenue(3.2 * M, 3.2 * M), "$3.2M"),
        (Revenue(M, 5 * M), "$1M to $5M"),
        (Revenue(high_usd=500 * K, high_open=True), "under $500K"),
        (Revenue(high_usd=500 * K), "up to $500K"),
        (Revenue(low_usd=10 * M, low_open=True), "over $10M"),
        (Revenue(low_usd=10 * M), "at least $10M"),
        (Revenue(999_999.99, 999_999.99), "$999,999.99"),
        (Revenue(0, 0), "$0"),
    ],
    ids=str,
)
def test_revenue_is_shown_as_an_owner_would_write_it(revenue, words):
    assert str(revenue) == words


cents = st.integers(min_value=100_000, max_value=10**14)  # $1,000 to $1,000 billion


def spellings(amount_cents):
    """Return many ways to write one amount, all of them exact."""
    whole, rest = divmod(amount_cents, 100)
    plain = f"{whole}.{rest:02d}"
    grouped = f"{whole:,}.{rest:02d}"
    thousands = f"{whole // K}.{whole % K:03d}{rest:02d}"
    millions = f"{whole // M}.{whole % M:06d}{rest:02d}"
    return [
        plain,
        grouped,
        f"${grouped}",
        f"USD {grouped}",
        f"{plain} dollars",
        f"  {plain}  a year ",
        f"about ${grouped}",
        grouped.replace(",", "_"),
        grouped.replace(",", " "),
        f"{thousands}k",
        f"${thousands} K",
        f"{thousands} thousand",
        f"{millions}M",
        f"${millions}m",
        f"{millions} million",
        f"{millions} MILLION per year",
    ]


@given(cents)
@example(99_999_999)
@example(100_000_000)
@example(1_000_000_000)
@example(1_000_000_001)
def test_every_spelling_of_an_amount_is_read_as_that_amount(amount_cents):
    for text in spellings(amount_cents):
        revenue = parse_revenue(text)
        assert revenue.low_usd == revenue.high_usd == amount_cents / 100, text
        assert revenue.band is band_of_cents(amount_cents), text


def band_of_cents(amount):
    if amount < 100 * M:
        return Band.UNDER_1M
    return Band.FROM_1M_TO_10M if amount <= 1_000 * M else Band.OVER_10M


@given(cents, cents, st.sampled_from(["-", "–", " - ", " to ", " — "]))
def test_every_range_is_read_with_both_its_ends(one, other, joint):
    low, high = sorted((one, other))
    for first, last in zip(spellings(low), spellings(high), strict=True):
        revenue = parse_revenue(f"{first.strip()}{joint}{last.strip()}".replace("about ", ""))
        assert (revenue.low_usd, revenue.high_usd) == (low / 100, high / 100), (first, last)
        expected = band_of_cents(low) if band_of_cents(low) is band_of_cents(high) else Band.UNKNOWN
        assert revenue.band is expected


@given(cents)
def test_an_amount_as_we_show_it_is_read_back_as_the_same_amount(amount_cents):
    shown = dollars(amount_cents / 100)
    assert parse_revenue(shown).low_usd == pytest.approx(amount_cents / 100, abs=0.005)


@given(st.text(max_size=60) | st.from_regex(r"\A[$€<>~+\-. 0-9kKmMbto,'_]{0,25}\Z"))
def test_any_text_is_an_interval_of_real_amounts_or_an_input_error(text):
    try:
        revenue = parse_revenue(text)
    except InputError:
        return
    assert 0 <= revenue.low_usd <= revenue.high_usd
    assert revenue.low_usd < INF
    assert revenue.band in Band
    assert not re.search(r"inf|nan", str(revenue))


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("$250,000 to $1 million", 250_000, 1_000_000),
        ("500k-1M", 500_000, 1_000_000),
        ("1000-5000k", 1_000_000, 5_000_000),
        ("1,5-2 Mio", 1_500_000, 2_000_000),
        ("1 to 2 mill", 1_000_000, 2_000_000),
    ],
)
def test_the_low_end_borrows_a_scale_only_if_it_is_the_lower_number(text, low, high):
    revenue = parse_revenue(text)
    assert (revenue.low_usd, revenue.high_usd) == (low, high)
