"""Money: bounds, costs, quotes, and a budget that holds."""

import random
from contextlib import closing
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.errors import SettingsError, TriageError
from triage_agent.models.llm.budget import (
    Budget,
    CostCapError,
    Price,
    Quote,
    cost,
    estimate_cost,
    in_usd,
    upper_bound,
)
from triage_agent.models.llm.cache import Cache
from triage_agent.types import Usage

CHEAP = Price(Decimal("0.25"), Decimal("2.00"))
OUT = "/home/ann/out.csv"
tokens = st.integers(0, 10**7)
prices = st.builds(Price, *2 * [st.decimals("0", "1000", places=9)])


@pytest.fixture
def cache(tmp_path):
    with closing(Cache(tmp_path / "ledger.sqlite3")) as one:
        yield one


def spent(cache):
    return cache.spent(OUT)


@pytest.mark.parametrize(
    ("usage", "price", "micro_usd"),
    [
        pytest.param(Usage(1, 1_000_000, 0), CHEAP, 250_000, id="a million tokens in"),
        pytest.param(Usage(1, 0, 1_000_000), CHEAP, 2_000_000, id="a million tokens out"),
        pytest.param(Usage(1, 1200, 150), CHEAP, 600, id="a usual call"),
        pytest.param(Usage(1, 1, 0), CHEAP, 1, id="a quarter of a micro-dollar is one"),
        pytest.param(Usage(1, 4, 0), CHEAP, 1, id="a whole one stays one"),
        pytest.param(Usage(), CHEAP, 0, id="nothing"),
        pytest.param(Usage(1, 5, 5), Price(Decimal(0), Decimal(0)), 0, id="a free model"),
        pytest.param(
            Usage(1, 10**7, 0),
            Price(Decimal("0.00000010000000000000000000000000001"), Decimal(0)),
            2,
            id="a price with more digits than a decimal calculation keeps",
        ),
    ],
)
def test_a_cost_is_rounded_up_to_whole_micro_dollars(usage, price, micro_usd):
    assert cost(usage, price) == micro_usd


@given(tokens, tokens, prices)
def test_a_cost_is_never_less_than_it_is_and_never_a_micro_dollar_more(given_, made, price):
    exact = given_ * price.input_usd_per_million + made * price.output_usd_per_million
    assert exact <= cost(Usage(1, given_, made), price) < exact + 1


@given(st.text(min_size=1), tokens, prices, st.randoms())
def test_a_request_costs_no_more_than_its_bound(text, limit, price, chance):
    size = len(text.encode("utf-8", "surrogatepass"))
    usage = Usage(1, chance.randint(0, size), chance.randint(0, limit))
    assert cost(usage, price) <= upper_bound(size, limit, price)


@pytest.mark.parametrize(
    ("micro_usd", "words"),
    [
        (0, "$0.00"),
        (10_000, "$0.01"),
        (10_001, "$0.0101"),
        (12_345_600, "$12.3456"),
        (1, "$0.0001"),
    ],
)
def test_an_amount_is_said_in_cents_or_finer_and_rounded_up(micro_usd, words):
    assert in_usd(micro_usd) == words


def test_a_reservation_counts_in_full_until_it_is_settled(cache):
    budget = Budget(cache, OUT, CHEAP, None)
    reservation = budget.reserve(4000, 500)
    assert budget.spent_usd == Decimal("0.002")
    reservation.settle(Usage(1, 1000, 100))
    assert budget.spent_usd == Decimal("0.00045")


@pytest.mark.parametrize(
    ("usage", "micro_usd"),
    [
        pytest.param(None, 2000, id="nothing is known: all of it"),
        pytest.param(Usage(1, 0, 0), 2000, id="a call that reports no tokens: all of it"),
        pytest.param(Usage(1, 1000, 0), 2000, id="a call that reports half: all of it"),
        pytest.param(Usage(1, 0, 100), 2000, id="a call that reports the other half: all of it"),
        pytest.param(Usage(), 0, id="no call was made: nothing"),
        pytest.param(Usage(1, 8000, 500), 3000, id="more than the bound: what it says"),
    ],
)
def test_what_is_settled(cache, usage, micro_usd):
    Budget(cache, OUT, CHEAP, None).reserve(4000, 500).settle(usage)
    assert spent(cache) == micro_usd


def test_a_reservation_is_settled_once(cache):
    reservation = Budget(cache, OUT, CHEAP, None).reserve(4000, 500)
    reservation.settle(Usage(1, 1000, 100))
    with pytest.raises(RuntimeError, match="twice"):
        reservation.settle(None)
    assert spent(cache) == 450


def test_a_request_that_fits_the_cap_to_the_micro_dollar_is_made_and_the_next_is_not(cache):
    budget = Budget(cache, OUT, CHEAP, Decimal("0.004"))
    budget._billed = True  # the first request went alone
    first, second = budget.reserve(4000, 500), budget.reserve(4000, 500)
    with pytest.raises(CostCapError) as caught:
        budget.reserve(1, 0)
    assert caught.value.may_pass
    first.settle(Usage(1, 100, 100))
    second.settle(None)
    with pytest.raises(CostCapError) as caught:
        budget.reserve(8000, 500)
    assert not caught.value.may_pass
    budget.reserve(4000, 300)


def test_the_error_says_the_cap_what_is_spent_and_how_to_go_on(cache):
    budget = Budget(cache, OUT, CHEAP, Decimal("0.004"))
    budget.reserve(4000, 500).settle(None)
    with pytest.raises(TriageError) as caught:
        budget.reserve(8000, 1000)
    assert caught.value.exit_code == 6
    assert not caught.value.retryable
    assert caught.value.type == "CostCapError"
    assert caught.value.message == (
        "The cost cap of $0.0040 is reached: $0.0020 is spent or reserved, and the next request "
        "may cost up to $0.0040. Answers received so far are cached: run the same command with a "
        "higher --max-cost to continue."
    )


def test_a_later_run_continues_where_the_earlier_one_stopped(cache, tmp_path):
    Budget(cache, OUT, CHEAP, Decimal("0.003")).reserve(4000, 500)  # killed: never settled
    with closing(Cache(tmp_path / "ledger.sqlite3")) as again:
        with pytest.raises(CostCapError) as caught:
            Budget(again, OUT, CHEAP, Decimal("0.003")).reserve(4000, 500)
        assert not caught.value.may_pass
        Budget(again, OUT, CHEAP, Decimal("0.004")).reserve(4000, 500)
        Budget(again, "/home/ann/other.csv", CHEAP, Decimal("0.003")).reserve(4000, 500)


def test_a_cap_of_nothing_lets_nothing_out(cache):
    with pytest.raises(CostCapError):
        Budget(cache, OUT, CHEAP, Decimal(0)).reserve(1, 1)


def test_a_cap_without_a_price_is_a_settings_error_that_names_the_option(cache):
    with pytest.raises(SettingsError, match=r"--price INPUT/OUTPUT"):
        Budget(cache, OUT, None, Decimal(5))


@pytest.mark.parametrize("cap", ["nan", "inf", "-1"])
def test_a_cap_that_is_no_amount_is_a_settings_error(cache, cap):
    with pytest.raises(SettingsError, match="--max-cost"):
        Budget(cache, OUT, CHEAP, Decimal(cap))


def test_without_a_price_and_a_cap_nothing_is_refused(cache):
    Budget(cache, OUT, None, None).reserve(10**9, 10**9).settle(Usage(1, 10, 10))
    assert spent(cache) == 0


@pytest.mark.parametrize("seed", range(10))
def test_reservations_and_settlements_in_any_order_never_pass_the_cap(cache, seed):
    chance, cap = random.Random(seed), 20_000
    budget = Budget(cache, OUT, CHEAP, Decimal(cap).scaleb(-6))
    under_way, charged, refused = [], 0, 0
    for _ in range(300):
        if under_way and chance.random() < 0.5:
            reservation, size, limit = under_way.pop(chance.randrange(len(under_way)))
            usage = Usage(1, chance.randint(1, size), chance.randint(1, limit))
            charged += cost(usage, CHEAP)
            reservation.settle(chance.choice([usage, usage, None]))
        else:
            size, limit = chance.randint(1, 4000), chance.randint(1, 500)
            try:
                under_way.append((budget.reserve(size, limit), size, limit))
            except CostCapError:
                refused += 1
        most = charged + sum(upper_bound(size, limit, CHEAP) for _, size, limit in under_way)
        assert charged <= most <= spent(cache) <= cap
    assert refused


@pytest.mark.parametrize(
    ("samples", "rows", "expected"),
    [
        pytest.param([4000], 1, Quote(Decimal("0.00045"), Decimal("0.002"), 1000, 100), id="one"),
        pytest.param(
            [4000, 8000], 10, Quote(Decimal("0.00575"), Decimal("0.025"), 15_000, 1000), id="ten"
        ),
        pytest.param([], 0, Quote(Decimal(0), Decimal(0), 0, 0), id="none"),
        pytest.param(
            [1, 1, 2], 1, Quote(Decimal("0.000201"), Decimal("0.001001"), 1, 100), id="rounded up"
        ),
    ],
)
def test_a_quote_scales_the_sampled_rows_up(samples, rows, expected):
    assert estimate_cost(samples, rows, 500, 100, CHEAP) == expected


@given(st.lists(st.integers(1, 10**5), min_size=1), st.integers(0, 10**6), prices)
def test_a_quotes_low_end_is_not_above_its_high_end(samples, rows, price):
    result = estimate_cost(samples, rows, 500, 10_000, price)
    assert 0 <= result.low_usd <= result.high_usd


@given(st.lists(st.integers(1, 10**5), min_size=1), prices)
def test_a_quote_of_all_rows_bounds_what_they_reserve(samples, price):
    reserved = sum(upper_bound(size, 500, price) for size in samples)
    assert estimate_cost(samples, len(samples), 500, 100, price).high_usd * 10**6 >= reserved


def test_a_quote_needs_a_sample():
    with pytest.raises(ValueError, match="at least one"):
        estimate_cost([], 5, 500, 100, CHEAP)


@pytest.mark.parametrize(
    ("writes", "usage", "micro_usd"),
    [
        pytest.param(False, Usage(1, 400, 0), 100, id="a decision model: the input alone"),
        pytest.param(False, Usage(1, 400, 9), 118, id="a decision model that counts output"),
        pytest.param(True, Usage(1, 400, 0), 2_250, id="an LLM: such a report does not count"),
        pytest.param(False, Usage(1, 0, 0), 2_250, id="no report at all"),
    ],
)
def test_an_answer_without_output_tokens_is_believed_of_a_decision_model_only(
    writes, usage, micro_usd, cache
):
    budget = Budget(cache, OUT, CHEAP, Decimal(1), writes=writes)
    budget.reserve(1_000, 1_000).settle(usage)
    assert spent(cache) == micro_usd
