"""The tie-breaker, over its whole space."""

from itertools import product

import pytest

from triage_agent.classify.tiebreak import break_tie, is_torn
from triage_agent.settings import DEFAULT_THRESHOLD
from triage_agent.types import DecidedBy, Label, Signals

NAMES = tuple(Signals.__dataclass_fields__)
EVERY_SIGNALS = [
    Signals(**dict(zip(NAMES, values, strict=True)))
    for values in product([False, True], repeat=len(NAMES))
]
B, A = Label.BUILD, Label.AUTOMATE

# PRODUCT.md, "the tie-breaker": each rule's sentence as (id, signals one of which suffices, label).
RULES = [
    ("TB1", {"customer_facing_software"}, "build-software"),
    ("TB2", {"engineering_leadership", "custom_system"}, "build-software"),
    ("TB3", {"existing_process"}, "automate-process"),
]


def by_the_book(signals):
    noticed = {name for name in NAMES if getattr(signals, name)}
    for rule, needed, label in RULES:
        if needed & noticed:
            return label, rule
    return "automate-process", "TB4"


def test_there_are_eight_signals_and_256_combinations_of_them():
    assert len(NAMES) == 8
    assert len(set(EVERY_SIGNALS)) == 256


def test_every_combination_of_signals_gets_the_label_and_the_rule_of_the_book():
    wrong = [
        signals
        for signals in EVERY_SIGNALS
        if tuple(value.value for value in break_tie(signals)) != by_the_book(signals)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("signals", "label", "rule"),
    [
        pytest.param({}, A, "TB4", id="nothing noticed is automation and TB4"),
        pytest.param({"customer_facing_software"}, B, "TB1", id="software for customers is TB1"),
        pytest.param({"engineering_leadership"}, B, "TB2", id="engineers to lead is TB2"),
        pytest.param({"custom_system"}, B, "TB2", id="a system to be coded is TB2"),
        pytest.param({"existing_process"}, A, "TB3", id="work that staff do is TB3"),
        pytest.param(
            {"customer_facing_software", "engineering_leadership"}, B, "TB1", id="TB1 is before TB2"
        ),
        pytest.param({"custom_system", "existing_process"}, B, "TB2", id="TB2 is before TB3"),
        pytest.param(set(NAMES), B, "TB1", id="with every signal at once TB1 wins"),
        pytest.param({"mixed"}, A, "TB4", id="being mixed decides nothing"),
        pytest.param({"instructs_reader"}, A, "TB4", id="an instruction to the reader is no vote"),
    ],
)
def test_the_first_rule_that_applies_wins(signals, label, rule):
    assert break_tie(Signals(**dict.fromkeys(signals, True))) == (label, DecidedBy(rule))


@pytest.mark.parametrize("irrelevant", ["mixed", "neither", "too_vague", "instructs_reader"])
def test_a_signal_that_no_rule_names_changes_nothing(irrelevant):
    for signals in EVERY_SIGNALS:
        values = {name: getattr(signals, name) for name in NAMES}
        other = Signals(**{**values, irrelevant: not values[irrelevant]})
        assert break_tie(signals) == break_tie(other)


def test_torn_is_unsure_or_evenly_split_or_mixed_whatever_else_was_noticed():
    unsure = {None: False, 0.0: False, 0.3: False, 0.4: True, 0.5: True, 0.6: True, 0.7: False}
    split = {(): False, (B,): False, (B, A): True, (A, A, B): False, (A, B, B, A): True}
    for signals, (p_build, is_unsure), (votes, is_split) in product(
        EVERY_SIGNALS, unsure.items(), split.items()
    ):
        expected = is_unsure or is_split or signals.mixed
        assert is_torn(p_build, signals, votes) is expected, (signals, p_build, votes)


@pytest.mark.parametrize(
    ("p_build", "threshold", "torn"),
    [
        pytest.param(0.65, 0.65, False, id="build exactly at the threshold is sure enough"),
        pytest.param(0.35, 0.65, False, id="automation exactly at the threshold is sure enough"),
        pytest.param(0.6499, 0.65, True, id="build just under the threshold is torn"),
        pytest.param(0.3501, 0.65, True, id="automation just under the threshold is torn"),
        pytest.param(0.5, 0.5, False, id="a threshold of one half never finds anything torn"),
        pytest.param(0.99, 1.0, True, id="a threshold of one finds all but certainty torn"),
        pytest.param(1.0, 1.0, False, id="a certain build is never torn"),
        pytest.param(0.0, 1.0, False, id="a certain automation is never torn"),
    ],
)
def test_the_threshold_is_an_option_and_itself_not_torn(p_build, threshold, torn):
    assert is_torn(p_build, Signals(), threshold=threshold) is torn


def test_the_default_threshold_is_065():
    assert DEFAULT_THRESHOLD == 0.65
    assert is_torn(0.64, Signals())
    assert not is_torn(0.66, Signals())


@pytest.mark.parametrize(
    ("votes", "torn"),
    [
        pytest.param([], False, id="no repeated votes are no split"),
        pytest.param([B], False, id="one vote is no split"),
        pytest.param([B, B], False, id="two equal votes are no split"),
        pytest.param([A, B], True, id="one against one is a split"),
        pytest.param([A, B, A], False, id="two against one is no split"),
        pytest.param([A, B, B, A], True, id="two against two is a split"),
        pytest.param([A, B, B, B], False, id="three against one is no split"),
    ],
)
def test_votes_that_split_evenly_are_torn_however_sure_the_model_is(votes, torn):
    assert is_torn(0.99, Signals(), votes) is torn
    assert is_torn(None, Signals(), votes) is torn
