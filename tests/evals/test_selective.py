"""`selective`: accuracy by coverage and what follows from it, on rows computed by hand."""

from itertools import permutations

import pytest

from support.eval_rows import random_rows, row
from triage_agent.errors import SettingsError
from triage_agent.evals.selective import aurc, risk_coverage, surest, threshold_for
from triage_agent.types import Label

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE
CURVE = [
    row(1, BUILD, BUILD, probability=0.9),
    row(2, BUILD, AUTOMATE, probability=0.8),
    row(3, AUTOMATE, AUTOMATE, probability=0.8),
    row(4, AUTOMATE, AUTOMATE, probability=0.7),
    row(5, BUILD, BUILD, probability=0.7),
    row(6, BUILD, BUILD),  # no probability: the last
    row(7, AUTOMATE, "abstained"),
    row(8, AUTOMATE, "error"),
    row(9, None, BUILD, probability=0.7),  # out of scope: wrong
    row(10, None, "abstained"),
]


def test_the_curve_has_a_point_for_each_threshold_over_all_rows():
    assert risk_coverage(CURVE) == (
        (1 / 10, 1.0, 0.9),
        (3 / 10, 2 / 3, 0.8),
        (6 / 10, 4 / 6, 0.7),
        (7 / 10, 5 / 7, None),
    )


@pytest.mark.parametrize(
    ("wanted", "cut"),
    [
        pytest.param(1, (0.9, 0.9, 1.0), id="only the surest is always right"),
        pytest.param(0.67, (0.9, 0.9, 1.0), id="a little more than the lowest gives"),
        pytest.param(2 / 3, (0.7, 0.4, 2 / 3), id="reached exactly"),
        pytest.param(0, (0.7, 0.4, 2 / 3), id="whatever is answered with a probability"),
    ],
)
def test_the_cut_sends_as_few_as_possible_to_a_person(wanted, cut):
    assert threshold_for(CURVE, wanted) == pytest.approx(cut)


def test_an_accuracy_that_no_threshold_reaches_has_no_cut():
    assert threshold_for([row(1, BUILD, AUTOMATE, probability=0.9)], 0.5) is None
    assert threshold_for([row(n) for n in range(3)], 0.5) is None


@pytest.mark.parametrize("wanted", [-0.01, 1.01, 97, float("nan")])
def test_a_wanted_accuracy_that_is_no_share_is_refused(wanted):
    with pytest.raises(SettingsError, match=r"0\.97 for 97 %"):
        threshold_for(CURVE, wanted)


def test_the_area_is_the_mean_share_wrong_over_all_numbers_of_answers():
    rows = [
        row(1, BUILD, BUILD, probability=0.9),
        row(2, BUILD, AUTOMATE, probability=0.8),
        row(3, None, BUILD, probability=0.7),
        row(4, None, "abstained"),
    ]
    assert aurc(rows) == pytest.approx((0 + 1 / 2 + 2 / 3) / 3)


def test_rows_of_equal_probability_count_as_the_mean_of_all_their_orders():
    def area(order):
        wrong = [0, *(0 if one.right else 1 for one in order)]
        return sum(sum(wrong[: n + 1]) / n for n in range(1, len(wrong))) / len(order)

    tied = [one for one in CURVE if one.probability == 0.7]
    orders = [area(order) for order in permutations(tied)]
    assert aurc(tied) == pytest.approx(sum(orders) / len(orders))


def test_a_ranking_that_puts_the_wrong_ones_last_has_the_smaller_area():
    good = [row(n, BUILD, BUILD if n < 8 else AUTOMATE, probability=1 - n / 20) for n in range(10)]
    bad = [row(n, BUILD, BUILD if n > 1 else AUTOMATE, probability=1 - n / 20) for n in range(10)]
    assert aurc(good) < 0.2 < aurc(bad)


@pytest.mark.parametrize("seed", range(3))
def test_nothing_depends_on_the_order_of_the_rows(seed):
    rows = random_rows(seed)
    assert aurc(rows) == pytest.approx(aurc(rows[::-1]))
    assert risk_coverage(rows) == risk_coverage(rows[::-1])
    assert surest(rows) == surest(rows[::-1])


def test_the_surest_answers_are_shares_of_the_answered_and_ties_go_together():
    found = [(one.wanted, one.coverage, one.right.right, one.right.total) for one in surest(CURVE)]
    assert found == [
        (0.3, 0.3, 2, 3),
        (0.5, 0.6, 4, 6),
        (0.7, 0.6, 4, 6),
        (1.0, 0.7, 5, 7),
    ]
    assert surest([row(1, BUILD, "abstained")]) == ()
