"""What pays: the 3 times rule, the first 60 days, payback, and the command."""

import json
import os
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.advice.roi import Figures, Investment, RoiVerdict, assess, rank_key, total
from triage_agent.errors import InputError

TRIAGE = [sys.executable, "-m", "triage_agent.cli.main", "roi"]
AMOUNTS = st.decimals(0, 10**6, places=2)


def worth(**amounts):
    """Return the assessment of an investment with these fields, as texts."""
    return assess(Investment("x", **{name: Decimal(text) for name, text in amounts.items()}))


def paying(benefit, cost="100", **others):
    return worth(cost_reduced_usd_per_month=benefit, monthly_cost_usd=cost, **others)


def test_the_benefit_is_hours_at_their_cost_and_52_twelfths_plus_savings_plus_revenue():
    figures = worth(
        hours_saved_per_week="12",
        hourly_cost_usd="35",
        cost_reduced_usd_per_month="100.5",
        revenue_enabled_usd_per_month="7",
    ).figures
    assert figures.monthly_benefit_usd == 12 * 35 * 52 // 12 + Decimal("107.5")


def test_the_return_counts_a_twelfth_of_the_one_off_cost_as_cost_of_a_month():
    figures = paying("1820", "400", one_off_cost_usd="1200").figures
    assert figures.full_monthly_cost_usd == 500
    assert figures.return_ratio == Decimal("3.64")


@pytest.mark.parametrize(
    ("benefit", "cost", "one_off", "months"),
    [
        pytest.param("300", "100", "1000", "5", id="what is left of a month pays it back"),
        pytest.param("100", "100", "1000", None, id="nothing is left"),
        pytest.param("99.99", "100", "1000", None, id="less than nothing is left"),
        pytest.param("100.01", "100", "1000", "100000", id="a cent is left"),
        pytest.param("300", "100", "0", "0", id="nothing to pay back"),
        pytest.param("100", "100", "0", None, id="nothing to pay back, but it only pays its way"),
        pytest.param("0", "0", "0", None, id="nothing at all"),
        pytest.param("300", "0", "900", "3", id="a one-off cost only"),
    ],
)
def test_payback_is_the_one_off_cost_over_what_is_left_of_a_month(benefit, cost, one_off, months):
    figures = paying(benefit, cost, one_off_cost_usd=one_off).figures
    assert figures.payback_months == (None if months is None else Decimal(months))


@pytest.mark.parametrize(
    ("benefit", "age", "verdict"),
    [
        pytest.param("300", None, "keep", id="exactly 3 times"),
        pytest.param("300.01", "1000", "keep", id="more"),
        pytest.param("299.99", None, "stop", id="just under, age unknown"),
        pytest.param("299.999999", "61", "stop", id="just under, day 61"),
        pytest.param("299.99", "60.5", "stop", id="just under, after day 60"),
        pytest.param("299.99", "60", "watch", id="just under, day 60"),
        pytest.param("0", "0", "watch", id="nothing, day 0"),
        pytest.param("0", "61", "stop", id="nothing, day 61"),
        pytest.param("300", "10", "keep", id="exactly 3 times within 60 days is no watch"),
    ],
)
def test_three_times_is_kept_less_is_stopped_and_watched_only_in_the_first_60_days(
    benefit, age, verdict
):
    ages = {} if age is None else {"age_days": age}
    assert paying(benefit, **ages).verdict == verdict


def test_exactly_three_times_is_kept_where_a_month_of_weeks_is_no_decimal():
    # 1 hour at $9 is 9 × 52 ÷ 12 = $39 a month; at $1 it is $4.333…, three times $1.444….
    assert worth(hours_saved_per_week="1", hourly_cost_usd="9", monthly_cost_usd="13").verdict == (
        RoiVerdict.KEEP
    )
    third = worth(hours_saved_per_week="1", hourly_cost_usd="3", one_off_cost_usd="52")
    assert third.figures.return_ratio == 3
    one = worth(hours_saved_per_week="1", hourly_cost_usd="1", one_off_cost_usd="17.333334")
    assert one.verdict == RoiVerdict.STOP
    assert "2.9 times" in one.sentence


@given(hours=AMOUNTS.filter(lambda n: n <= 168_000), hourly=AMOUNTS, cost=AMOUNTS, one_off=AMOUNTS)
def test_the_verdict_is_that_of_exact_fractions(hours, hourly, cost, one_off):
    benefit = Fraction(hours) * Fraction(hourly) * 52 / 12
    full_cost = Fraction(cost) + Fraction(one_off) / 12
    kept = benefit >= 3 * full_cost if full_cost else benefit > 0
    assessment = worth(
        hours_saved_per_week=hours,
        hourly_cost_usd=hourly,
        monthly_cost_usd=cost,
        one_off_cost_usd=one_off,
    )
    assert (assessment.verdict is RoiVerdict.KEEP) == kept


@pytest.mark.parametrize(
    ("benefit", "age", "verdict", "says"),
    [
        pytest.param("5", None, "keep", "it brings $5 a month", id="brings something"),
        pytest.param("0", None, "stop", "it brings nothing", id="brings nothing"),
        pytest.param("0", "60", "watch", "it brings nothing", id="brings nothing, day 60"),
    ],
)
def test_what_costs_nothing_has_no_ratio_and_says_so(benefit, age, verdict, says):
    assessment = paying(benefit, "0", **({} if age is None else {"age_days": age}))
    assert assessment.figures.return_ratio is None
    assert assessment.verdict == verdict
    assert f"it costs nothing, so there is no ratio; {says}" in assessment.sentence


@pytest.mark.parametrize(
    ("amounts", "sentence"),
    [
        pytest.param(
            {"benefit": "1820", "cost": "400", "one_off_cost_usd": "2000"},
            "Keep: it returns 3.2 times what it costs; the $2,000 one-off is back in 1.4 months.",
            id="keep",
        ),
        pytest.param(
            {"benefit": "296", "age_days": "45"},
            "Watch: it returns 2.9 times what it costs, less than 3; day 45 of its first 60, "
            "after which it means stop.",
            id="watch",
        ),
        pytest.param(
            {"benefit": "50", "one_off_cost_usd": "600", "age_days": "61"},
            "Stop: it returns 0.3 times what it costs, less than 3; the $600 one-off never comes "
            "back; its first 60 days are over.",
            id="stop",
        ),
        pytest.param(
            {"benefit": "0"}, "Stop: it brings nothing for what it costs.", id="no benefit"
        ),
    ],
)
def test_the_sentence_says_the_verdict_the_return_and_the_payback(amounts, sentence):
    assert paying(**amounts).sentence == sentence


def test_an_unknown_age_is_said_only_where_it_would_matter():
    assert "Age unknown" in " ".join(paying("299").notes)
    assert paying("300").notes == ()
    assert paying("299", age_days="100").notes == ()


def test_hours_without_a_cost_of_an_hour_are_said_to_count_as_nothing():
    assert "count as $0" in " ".join(worth(hours_saved_per_week="3").notes)


@pytest.mark.parametrize("value", ["-0.01", "NaN", "sNaN", "Infinity", "-Infinity"])
@pytest.mark.parametrize("field", ["hours_saved_per_week", "one_off_cost_usd", "age_days"])
def test_an_investment_refuses_what_is_negative_or_not_finite(field, value):
    with pytest.raises(InputError, match=f"{field}: '{value}'"):
        Investment("x", **{field: Decimal(value)})


def test_a_total_adds_exactly_and_has_its_own_return():
    # Each brings $52 a year, $4.333… a month; a year they cost $17, $17 and $18.
    three = [
        worth(hours_saved_per_week="1", hourly_cost_usd="1", one_off_cost_usd=cost)
        for cost in ("17", "17", "18")
    ]
    assert total(three).monthly_benefit_usd == 13
    assert total(three).return_ratio == 3
    assert total(three).payback_months == 4
    assert total([]) == Figures()
    assert total([]).return_ratio is None


def test_the_best_return_comes_first_and_before_it_what_costs_nothing_by_its_benefit():
    free_little, free_much, free_nothing = paying("1", "0"), paying("2", "0"), paying("0", "0")
    good, good_and_larger, poor, nothing = (
        paying("400"),
        paying("800", "200"),
        paying("100"),
        paying("0"),
    )
    mixed = [nothing, poor, free_little, good, free_nothing, good_and_larger, free_much]
    assert sorted(mixed, key=rank_key) == [
        free_much,
        free_little,
        good_and_larger,
        good,
        poor,
        nothing,
        free_nothing,
    ]


def roi(*arguments, columns="60", stdin=b""):
    return subprocess.run(
        [*TRIAGE, *map(str, arguments)],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": columns},
    )


PORTFOLIO = """Name,Hours saved per week,Hourly cost,Revenue enabled,Monthly cost,One-off cost,Age
Invoice typing,12,$35,,400,"$2,000",
Shelf scanner,-4,35,,600,,
A very long name that does not fit into its column,,,1.2k,"$1,600",,
Inbox rules,2,35,,,,
"""


def test_the_command_prints_figures_and_one_sentence():
    result = roi("--hours-saved", "12", "--hourly-cost", "$35", "--monthly-cost", "1.2k")
    assert result.returncode == 0
    assert result.stderr == b""
    lines = result.stdout.decode().splitlines()
    assert lines[0].split() == ["benefit", "a", "month", "$1,820"]
    assert lines[4].split() == ["return", "1.5"]
    assert lines[7] == "Stop: it returns 1.5 times what it costs, less than 3."
    assert lines[8].startswith("Age unknown")


def test_the_commands_json_holds_amounts_as_numbers_with_their_units():
    result = roi("--json", "--cost-reduced", "299.999999999", "--one-off-cost", "1200")
    values = json.loads(result.stdout)
    assert values["return_ratio"] == 2.999999
    assert values["verdict"] == "stop"
    assert values["full_monthly_cost_usd"] == 100
    assert values["payback_months"] == 4
    assert values["age_days"] is None


def test_a_portfolio_is_a_table_of_60_columns_with_its_rows_in_error_beside_it(tmp_path):
    file = tmp_path / "ideas.csv"
    file.write_text(PORTFOLIO, encoding="utf-8")
    result = roi(file)
    lines = result.stdout.decode().splitlines()
    assert result.returncode == 3
    assert max(map(len, lines)) <= 60
    first, second = (line.split() for line in lines[1:3])
    assert first == ["keep", "Inbox", "rules", "$303", "$0", "no", "cost", "–"]
    assert second == ["keep", "Invoice", "typing", "$1,820", "$567", "3.2", "1.4"]
    assert "Rows in error, not counted: 1." in " ".join(lines)
    errors = result.stderr.decode()
    assert "ideas.csv, row 3, column 'Hours saved per week': '-4' must not be negative" in errors
    assert "columns not read: Age\n" in errors


def test_a_portfolios_json_is_a_line_a_row_in_order_of_rank_and_a_total():
    result = roi("--json", "-", stdin=PORTFOLIO.encode())
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert result.returncode == 3
    kinds = [(values["kind"], values.get("rank"), values.get("row")) for values in rows]
    assert kinds == [
        ("investment", 1, 5),
        ("investment", 2, 2),
        ("investment", 3, 4),
        ("error", None, 3),
        ("total", None, None),
    ]
    assert rows[3]["name"] == "Shelf scanner"
    assert rows[3]["error"]["type"] == "InputError"
    assert (rows[4]["rows"], rows[4]["errors"], rows[4]["one_off_cost_usd"]) == (3, 1, 2000)


@pytest.mark.parametrize(
    ("arguments", "code", "says"),
    [
        pytest.param([], 2, "triage roi --hours-saved 12", id="nothing"),
        pytest.param(["--age-days", "3"], 2, "triage roi --hours-saved 12", id="an age only"),
        pytest.param(["--hours-saved", "3"], 2, "needs --hourly-cost", id="hours only"),
        pytest.param(["--monthly-cost", "-5"], 4, "--monthly-cost: '-5'", id="negative"),
        pytest.param(["--monthly-cost", "nan"], 4, "--monthly-cost: 'nan'", id="NaN"),
        pytest.param(["x.csv", "--age-days", "3"], 2, "leave out --age-days", id="both"),
        pytest.param(["no-such.csv"], 4, "There is no file no-such.csv", id="no file"),
        pytest.param(["."], 4, "is a folder", id="a folder"),
    ],
)
def test_what_cannot_be_is_one_message_with_its_exit_code(arguments, code, says):
    result = roi(*arguments)
    assert result.returncode == code
    assert says.casefold() in result.stderr.decode().casefold()
    assert result.stdout == b""
