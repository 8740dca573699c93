"""How often one address may do something."""

import time

import pytest

from triage_agent.web import rates as module
from triage_agent.web.rates import Rate, Rates


class Clock:
    now = 1_000.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


@pytest.mark.parametrize("count", [1, 2, 3, 7, 30, 1200])
def test_so_many_at_once_and_no_more(clock, count):
    rates, rate = Rates(clock), Rate(count, seconds=3600)
    allowed = [rates.allow(rate, "start", "a") for _ in range(count + 3)]
    assert allowed == [True] * count + [False] * 3


def test_one_comes_free_after_its_share_of_the_time(clock):
    rates, rate = Rates(clock), Rate(30, seconds=3600)
    for _ in range(30):
        assert rates.allow(rate, "start", "a")
    clock.now += 50
    assert not rates.allow(rate, "start", "a")
    clock.now += 70
    assert rates.allow(rate, "start", "a")
    assert not rates.allow(rate, "start", "a")
    clock.now += 3600
    assert sum(rates.allow(rate, "start", "a") for _ in range(40)) == 30


def test_what_is_refused_is_not_counted(clock):
    rates, rate = Rates(clock), Rate(2, seconds=60)
    for _ in range(100):
        rates.allow(rate, "start", "a")
    clock.now += 31
    assert rates.allow(rate, "start", "a")


def test_each_counts_for_itself(clock):
    rates, rate = Rates(clock), Rate(1, seconds=60)
    assert rates.allow(rate, "start", "a")
    assert rates.allow(rate, "start", "b")
    assert rates.allow(rate, "step", "a")
    assert not rates.allow(rate, "start", "a")


def test_what_is_paid_off_is_forgotten(clock):
    rates, rate = Rates(clock), Rate(30, seconds=3600)
    for number in range(1000):
        rates.allow(rate, "start", str(number))
    clock.now += 121
    for number in range(500):
        rates.allow(rate, "start", f"later {number}")
    assert len(rates) <= 500


def test_more_addresses_than_are_remembered_take_no_more_memory(clock, monkeypatch):
    monkeypatch.setattr(module, "MOST_KNOWN", 100)
    rates, rate = Rates(clock), Rate(1, seconds=3600)
    for number in range(1000):
        assert rates.allow(rate, "start", str(number))
    assert len(rates) == 100
    assert not rates.allow(rate, "start", "999")


def test_a_count_takes_no_longer_where_many_are_remembered(clock):
    rates, rate = Rates(clock), Rate(30, seconds=3600)
    for number in range(50_000):
        rates.allow(rate, "start", str(number))
    began = time.perf_counter()
    for _ in range(1000):
        rates.allow(rate, "step", "a")
    assert time.perf_counter() - began < 1  # walking over all of them takes a second each time
