"""What the hours that problems state cost, beside the fee of who would save them."""

from decimal import Decimal

import pytest

from triage_agent.advice.hours_cost import ASSUMED_HOURLY_COST_USD, cost_of_hours
from triage_agent.advice.roles import Role
from triage_agent.errors import InputError
from triage_agent.types import Classification, Label, Outcome


def row(hours, label=Label.AUTOMATE):
    outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    return Classification("1", "", outcome, "", "", label=label, hours_per_week=hours)


def test_the_cost_is_the_hours_of_problems_to_automate_at_their_cost_and_52_twelfths():
    found = cost_of_hours([row(40.0), row(2.5), row(None), row(7.0, Label.BUILD), row(9.0, None)])
    assert found.hours_per_week == Decimal("42.5")
    assert found.hourly_cost_usd == ASSUMED_HOURLY_COST_USD == 35
    assert found.usd_per_month.quantize(Decimal("0.01")) == Decimal("6445.83")
    assert found.silent == 1
    assert "not counted: 1" in found.lines[2]


@pytest.mark.parametrize("rows", [[], [row(None)], [row(7.0, Label.BUILD)], [row(7.0, None)]])
def test_without_hours_of_a_problem_to_automate_there_is_no_cost(rows):
    assert cost_of_hours(rows) is None


@pytest.mark.parametrize(
    ("hours", "low", "high", "says"),
    [
        # Fee $3,000 to $5,000: $9,000 and $15,000 are 3 times it; at $90 that is 23.08 and 38.46 h.
        pytest.param(0.0, False, False, "even at the low end", id="no hours"),
        pytest.param(23.0, False, False, "even at the low end", id="just under 3 × the low end"),
        pytest.param(23.1, True, False, "not at the high end", id="just over 3 × the low end"),
        pytest.param(38.4, True, False, "not at the high end", id="just under 3 × the high end"),
        pytest.param(38.5, True, True, "at either end", id="just over 3 × the high end"),
    ],
)
def test_the_cost_is_set_against_3_times_the_fee(hours, low, high, says):
    found = cost_of_hours([row(hours)], Decimal(90))
    assert (found.covers_low, found.covers_high) == (low, high)
    stated, fee = found.lines
    assert "an assumed $90 an hour" in stated
    assert "fractional AI officer costs $3,000 to $5,000 a month" in fee
    assert "$9,000 to $15,000" in fee
    assert says in fee


def test_a_cost_may_be_exactly_3_times_the_fee():
    # No whole dollars an hour make 3 × $3,000, since a month has 13 ÷ 3 weeks; so another fee.
    found = cost_of_hours([row(9.0)], Decimal(39))
    assert found.usd_per_month == 1521
    exact = type(found)(Decimal(9), Decimal(39), found.role, Decimal(507), Decimal(508), 0)
    assert (exact.covers_low, exact.covers_high) == (True, False)


def test_a_cost_can_be_set_against_the_cto_and_refuses_a_negative_cost_of_an_hour():
    assert cost_of_hours([row(1.0)], role=Role.FRACTIONAL_CTO).fee_high_usd_per_month == 15_000
    assert "state 1 hour a week" in cost_of_hours([row(1.0)]).lines[0]
    with pytest.raises(InputError, match="hourly cost: '-1' must not be negative"):
        cost_of_hours([row(1.0)], Decimal(-1))
