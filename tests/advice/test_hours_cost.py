"""What the hours that problems state cost, beside the fee of who would save them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from triage_agent.advice.hours_cost import cost_of_hours
from triage_agent.advice.roles import Role
from triage_agent.errors import InputError
from triage_agent.types import Classification, Label, Outcome


def row(hours, label=Label.AUTOMATE):
    outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    return Classification("1", "", outcome, "", "", label=label, hours_per_week=hours)


def test_the_cost_is_the_hours_of_problems_to_automate_at_their_cost_and_52_twelfths():
    found = cost_of_hours([row(40.0), row(2.5), row(None), row(7.0, Label.BUILD), row(9.0, None)])
    assert found.hours_per_week == Decimal("42.5")
    assert found.hourly_cost_usd == 35
    assert found.usd_per_month.quantize(Decimal("0.01")) == Decimal("6445.83")
    assert found.silent == 1
    assert "not counted: 1" in found.lines[2]


@pytest.mark.parametrize("rows", [[], [row(None)], [row(7.0, Label.BUILD)], [row(7.0, None)]])
def test_without_hours_of_a_problem_to_automate_there_is_no_cost(rows):
    assert cost_of_hours(rows) is None


@pytest.mark.parametrize(
    ("hours", "beside", "against"),
    [
        # The fee is $3,000 to $5,000; at $90 an hour that is 7.69 and 12.82 hours a week.
        pytest.param(0.0, "not pay even the lowest fee", True, id="no hours"),
        pytest.param(7.6, "not pay even the lowest fee", True, id="just under the lowest fee"),
        pytest.param(7.7, "pay the lowest fee, but not", False, id="just over the lowest fee"),
        pytest.param(12.8, "pay the lowest fee, but not", False, id="just under the highest fee"),
        pytest.param(12.9, "pay even the highest fee", False, id="just over the highest fee"),
    ],
)
def test_the_cost_is_set_against_the_fee(hours, beside, against):
    found = cost_of_hours([row(hours)], Decimal(90))
    stated, fee = found.lines
    assert "at $90 an hour (as you say)" in stated
    assert "fractional AI officer costs $3,000 to $5,000 a month" in fee
    assert f"would {beside}" in fee
    assert found.would_not_pay is against
    assert bool(found.against) is against


def test_hours_that_pay_exactly_the_lowest_fee_pay_it():
    found = cost_of_hours([row(9.0)], Decimal(39))
    assert found.usd_per_month == 1521
    exact = replace(found, fee_low_usd_per_month=Decimal(1521))
    assert (exact.would_not_pay, exact.against) == (False, "")
    assert replace(exact, fee_low_usd_per_month=Decimal(1522)).would_not_pay


def test_a_problem_that_states_no_hours_leaves_open_whether_it_pays():
    assert cost_of_hours([row(1.0)]).would_not_pay
    assert not cost_of_hours([row(1.0), row(None)]).would_not_pay
    assert cost_of_hours([row(1.0), row(None, Label.BUILD), row(None, None)]).would_not_pay


def test_the_sentence_against_it_holds_the_sum():
    against = cost_of_hours([row(1.0), row(1.5)]).against
    for figure in ("2.5 hours a week", "$35 an hour, assumed", "$379 a month", "$3,000"):
        assert figure in against


def test_a_cost_can_be_set_against_the_cto_and_refuses_a_negative_cost_of_an_hour():
    assert cost_of_hours([row(1.0)], role=Role.FRACTIONAL_CTO).fee_high_usd_per_month == 15_000
    assert "state 1 hour a week" in cost_of_hours([row(1.0)]).lines[0]
    with pytest.raises(InputError, match="hourly cost: '-1' must not be negative"):
        cost_of_hours([row(1.0)], Decimal(-1))
