"""`metrics`, `reliability` and `slices`: hand-computed figures, scikit-learn's, and the edges."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import norm
from sklearn import metrics as sklearn

from support.eval_rows import random_rows, row
from triage_agent.errors import SettingsError
from triage_agent.evals.metrics import spread, summarise
from triage_agent.evals.rates import Rate, auc_estimate, clustered_rate, rate
from triage_agent.evals.reliability import (
    out_of_scope_score,
    ranking,
    reliability,
    scope_ranking,
)
from triage_agent.evals.slices import by_slice, floors, reweighted
from triage_agent.types import Abstention, DecidedBy, Label, Usage

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE


def rows_of(*counts):
    """Return rows from (how many, expected, got), with ids in order."""
    kinds = [(expected, got) for count, expected, got in counts for _ in range(count)]
    return [row(number, *kind) for number, kind in enumerate(kinds)]


# 10 to build (6 right, 2 wrong, 1 abstained, 1 error), 8 to automate (6, 1, 1, 0), 4 for nobody.
BY_HAND = rows_of(
    (6, BUILD, BUILD),
    (2, BUILD, AUTOMATE),
    (1, BUILD, "abstained"),
    (1, BUILD, "error"),
    (6, AUTOMATE, AUTOMATE),
    (1, AUTOMATE, BUILD),
    (1, AUTOMATE, "abstained"),
    (2, None, "abstained"),
    (1, None, BUILD),
    (1, None, "error"),
)


def counts(found):
    return found.right, found.total


@pytest.mark.parametrize(
    ("name", "right", "total"),
    [
        pytest.param("accuracy", 12, 18, id="errors and abstentions are wrong"),
        pytest.param("coverage", 15, 18, id="coverage counts labels of in-scope rows"),
        pytest.param("answered_accuracy", 12, 16, id="a label out of scope is a wrong answer"),
        pytest.param("abstention", 4, 22, id="abstentions of all rows"),
        pytest.param("abstention_recall", 2, 4, id="a label or an error is no abstention"),
        pytest.param("false_abstentions", 2, 18, id="abstentions on rows with a true label"),
    ],
)
def test_a_rate_is_as_counted_by_hand(name, right, total):
    assert counts(getattr(summarise(BY_HAND), name)) == (right, total)


def test_the_counts_of_outcomes_are_over_all_rows_and_add_up():
    found = summarise(BY_HAND)
    assert (found.rows, found.in_scope) == (22, 18)
    assert (found.answered, found.abstained, found.errors) == (16, 4, 2)


def test_precision_recall_f1_and_balanced_accuracy_are_as_computed_by_hand():
    found = summarise(BY_HAND)
    build, automate = found.by_label.values()
    assert list(found.by_label) == ["build-software", "automate-process"]
    assert (counts(build.precision), counts(build.recall)) == ((6, 8), (6, 10))
    assert (counts(automate.precision), counts(automate.recall)) == ((6, 8), (6, 8))
    assert build.f1 == pytest.approx(2 * 6 / (8 + 10))
    assert automate.f1 == pytest.approx(0.75)
    assert found.balanced_accuracy == pytest.approx((0.6 + 0.75) / 2)


def test_the_confusion_matrix_has_every_cell_and_every_row():
    assert summarise(BY_HAND).confusion == {
        "build-software": {
            "build-software": 6,
            "automate-process": 2,
            "abstained": 1,
            "error": 1,
        },
        "automate-process": {
            "build-software": 1,
            "automate-process": 6,
            "abstained": 1,
            "error": 0,
        },
        "none": {"build-software": 1, "automate-process": 0, "abstained": 2, "error": 1},
    }


@pytest.mark.parametrize("seed", range(5))
def test_the_figures_agree_with_scikit_learn_on_random_rows(seed):
    rows = random_rows(seed)
    scope = [one for one in rows if one.in_scope]
    truth = [one.expected.value for one in scope]
    got = [(one.label or one.outcome).value for one in scope]
    labels = [label.value for label in Label]
    found = summarise(rows)
    precision, recall, f1, _ = sklearn.precision_recall_fscore_support(
        [(one.expected or "none") for one in rows],
        [(one.label or one.outcome).value for one in rows],
        labels=labels,
    )
    scores = found.by_label.values()
    assert found.accuracy.value == pytest.approx(sklearn.accuracy_score(truth, got))
    assert [one.precision.value for one in scores] == pytest.approx(precision)
    assert [one.recall.value for one in scores] == pytest.approx(recall)
    assert [one.f1 for one in scores] == pytest.approx(f1)
    assert found.balanced_accuracy == pytest.approx(
        sklearn.recall_score(truth, got, labels=labels, average="macro")
    )
    columns = [*labels, "abstained", "error"]
    matrix = sklearn.confusion_matrix(truth, got, labels=columns)[:2]
    assert [list(found.confusion[name].values()) for name in labels] == matrix.tolist()
    known = [one for one in scope if one.p_build is not None]
    is_build = [one.expected is BUILD for one in known]
    p_build = [one.p_build for one in known]
    assert found.auc == pytest.approx(sklearn.roc_auc_score(is_build, p_build))
    assert found.brier == pytest.approx(sklearn.brier_score_loss(is_build, p_build))
    assert found.auc_rows == len(known) < len(scope)


def test_a_run_of_which_30_percent_failed_is_less_accurate():
    whole = rows_of((45, BUILD, BUILD), (5, BUILD, AUTOMATE), (50, AUTOMATE, AUTOMATE))
    failed = [
        row(one.id, one.expected, "error") if number % 10 < 3 else one
        for number, one in enumerate(whole)
    ]
    before, after = summarise(whole), summarise(failed)
    assert (before.accuracy.value, after.accuracy.value) == (0.95, 0.65)
    assert after.accuracy.high < before.accuracy.low
    assert after.errors == 30
    assert after.coverage.value == 0.7
    assert after.answered_accuracy.value == pytest.approx(65 / 70)
    assert after.by_label["build-software"].recall.value < 0.7
    assert after.balanced_accuracy < before.balanced_accuracy


def test_a_backend_that_always_abstains_has_no_accuracy_and_full_abstention_recall():
    found = summarise([row(n, one.expected, "abstained") for n, one in enumerate(BY_HAND)])
    assert (found.accuracy.value, found.coverage.value) == (0, 0)
    assert (found.abstention_recall.value, found.false_abstentions.value) == (1, 1)
    assert found.balanced_accuracy == 0
    assert found.answered_accuracy == Rate(0, 0, None, None, None)
    assert (found.auc, found.brier, found.ece, found.aurc) == (None, None, None, None)
    assert (found.risk_coverage, found.surest) == ((), ())


def test_nothing_in_scope_leaves_the_figures_open_and_not_zero():
    found = summarise(rows_of((3, None, "abstained"), (1, None, BUILD)))
    assert found.accuracy.value is None
    assert found.balanced_accuracy is None
    assert [scores.f1 for scores in found.by_label.values()] == [0, None]
    assert counts(found.by_label["build-software"].precision) == (0, 1)
    assert found.abstention_recall.value == 0.75


def test_a_label_that_never_came_up_has_no_f1_and_leaves_no_balanced_accuracy():
    found = summarise(rows_of((3, BUILD, BUILD)))
    assert found.by_label["build-software"].f1 == 1
    assert found.by_label["automate-process"].f1 is None
    assert found.balanced_accuracy is None


def test_a_label_that_was_expected_and_never_given_has_an_f1_of_zero():
    found = summarise(rows_of((3, BUILD, BUILD), (1, AUTOMATE, "error")))
    assert found.by_label["automate-process"].f1 == 0
    assert found.balanced_accuracy == 0.5


def test_no_row_is_an_error():
    with pytest.raises(ValueError, match="no row"):
        summarise([])


@pytest.mark.parametrize(
    ("right", "total", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17, 1998, table I, method 3.
        pytest.param(81, 263, 0.2553, 0.3662, id="in the middle"),
        pytest.param(15, 148, 0.0624, 0.1605, id="small"),
        pytest.param(0, 20, 0, 0.1611, id="none"),
        pytest.param(1, 29, 0.0061, 0.1718, id="one"),
        pytest.param(20, 20, 0.8389, 1, id="all"),
    ],
)
def test_a_rate_has_the_published_wilson_interval(right, total, low, high):
    found = rate(right, total)
    assert found.value == right / total
    assert (found.low, found.high) == (pytest.approx(low, abs=5e-5), pytest.approx(high, abs=5e-5))


def test_outcomes_that_go_together_have_a_wider_interval_than_independent_ones():
    clusters = [str(number // 50) for number in range(2000)]
    together = [number // 50 % 4 == 0 for number in range(2000)]
    alone = [number % 4 == 0 for number in range(2000)]
    plain, wide = rate(500, 2000), clustered_rate(together, clusters)
    assert (wide.right, wide.total, wide.value) == (500, 2000, 0.25)
    # Forty clusters that are all or nothing are worth forty outcomes.
    assert (wide.low, wide.high) == (pytest.approx(0.125, abs=0.03), pytest.approx(0.4, abs=0.03))
    assert clustered_rate(alone, clusters) == plain


@pytest.mark.parametrize("hit", [False, True])
def test_no_hit_or_nothing_but_hits_counts_as_many_outcomes_as_clusters(hit):
    found = clustered_rate([hit] * 2000, [str(number % 40) for number in range(2000)])
    ends = rate(40 if hit else 0, 40)
    assert counts(found) == (2000 if hit else 0, 2000)
    assert (found.low, found.high) == (ends.low, ends.high)


@pytest.mark.parametrize("hits", [0, 3, 10])
def test_one_cluster_says_nothing_about_others(hits):
    found = clustered_rate([n < hits for n in range(10)], ["a"] * 10)
    assert (found.value, found.low, found.high) == (hits / 10, 0, 1)


def test_a_clustered_rate_is_the_same_each_time_and_empty_without_outcomes():
    outcomes, clusters = [n % 3 == 0 for n in range(60)], [str(n % 7) for n in range(60)]
    assert clustered_rate(outcomes, clusters) == clustered_rate(outcomes, clusters)
    assert clustered_rate([], []) == rate(0, 0)
    with pytest.raises(ValueError, match="longer"):
        clustered_rate([True, False], ["a"])


def test_repeats_of_one_case_do_not_make_the_interval_narrower():
    once = [row(n, BUILD, BUILD if n % 5 else AUTOMATE) for n in range(100)]
    often = [replace(one, repeat=repeat) for repeat in range(5) for one in once]
    single, several = summarise(once).accuracy, summarise(often).accuracy
    assert counts(several) == (400, 500)
    width = single.high - single.low
    assert several.high - several.low == pytest.approx(width, rel=0.1)
    naive = rate(400, 500)
    assert naive.high - naive.low < 0.5 * width


def test_probabilities_are_scored_before_the_tie_rule_and_only_where_there_are_some():
    rows = [
        row(1, BUILD, BUILD, p_build=0.9),
        row(2, BUILD, AUTOMATE, p_build=0.6),
        row(3, AUTOMATE, "abstained", p_build=0.7),
        row(4, AUTOMATE, AUTOMATE, p_build=0.2),
        row(5, AUTOMATE, AUTOMATE),
        row(6, None, BUILD, p_build=1.0),
    ]
    found = ranking(rows)
    assert found.auc == 0.75  # of four pairs, only 0.6 against 0.7 is in the wrong order
    assert found.brier == pytest.approx((0.01 + 0.16 + 0.49 + 0.04) / 4)
    assert found.rows == 4


def test_one_expected_label_leaves_no_auc_but_a_brier_score():
    found = ranking([row(1, BUILD, BUILD, p_build=0.8), row(2, BUILD, BUILD, p_build=0.6)])
    assert (found.auc, found.rows) == (None, 2)
    assert found.brier == pytest.approx(0.1)


def test_the_calibration_error_is_as_computed_by_hand():
    # Twenty rows make ten bins of two. All claim 0.75; right and wrong alternate by id, so each
    # bin is half right and every gap is 0.25.
    rows = [
        row(f"{n:02}", BUILD, BUILD if n % 2 else AUTOMATE, probability=0.75) for n in range(20)
    ]
    found = reliability(rows)
    assert found.ece == pytest.approx(0.25)
    assert found.bins == ((0.75, 0.5, 2),) * 10
    assert found.rows == 20


def test_fewer_than_ten_rows_make_as_many_bins():
    rows = [row(1, BUILD, BUILD, probability=0.9), row(2, BUILD, AUTOMATE, probability=0.6)]
    found = reliability(rows)
    assert found.ece == pytest.approx((0.6 + 0.1) / 2)
    assert found.bins == ((0.6, 0.0, 1), (0.9, 1.0, 1))


def test_eleven_rows_make_ten_bins_and_the_first_has_two():
    found = reliability([row(n, BUILD, BUILD, probability=0.5 + n / 100) for n in range(11)])
    assert [one.rows for one in found.bins] == [2] + [1] * 9


def test_the_calibration_error_does_not_depend_on_the_order_of_the_rows():
    rows = random_rows(3)
    assert reliability(rows) == reliability(rows[::-1])


def test_a_label_out_of_scope_is_wrong_in_the_calibration_error():
    outside = row(2, None, BUILD, probability=0.9)
    found = reliability([row(1, BUILD, BUILD, probability=0.8), outside])
    assert found.bins == ((0.8, 1.0, 1), (0.9, 0.0, 1))
    assert found.ece == pytest.approx((0.2 + 0.9) / 2)


def test_calibration_looks_at_answered_rows_with_a_probability_only():
    counted = row(1, BUILD, BUILD, probability=0.8)
    others = [
        row(3, BUILD, "abstained", probability=0.9),
        row(4, BUILD, "error"),
        row(5, BUILD, AUTOMATE),
    ]
    assert reliability([counted, *others]) == reliability([counted])
    assert reliability(others).ece is None


def simulated(seed, honest, count=200):
    """Return rows that claim 0.5 to 1; `honest` says how often a claim comes true."""
    chance = np.random.default_rng(seed)
    claimed = chance.uniform(0.5, 1, count)
    right = chance.random(count) < honest(claimed)
    return [
        row(n, BUILD, BUILD if hit else AUTOMATE, probability=float(p))
        for n, (p, hit) in enumerate(zip(claimed, right, strict=True))
    ]


def test_a_perfectly_calibrated_model_stays_under_its_p95_about_95_times_of_100():
    found = [reliability(simulated(seed, lambda p: p)) for seed in range(200)]
    under = sum(one.ece <= one.p95 for one in found)
    assert 180 <= under <= 198  # 190 expected, standard deviation 3


@pytest.mark.parametrize(
    ("claimed", "p95"),
    [
        pytest.param(0.97, 0.03, id="wrong 3 times of 100: less often than 5"),
        pytest.param(0.93, 0.93, id="wrong 7 times of 100: more often than 5"),
    ],
)
def test_what_chance_gives_is_its_95th_percentile(claimed, p95):
    assert reliability([row(1, probability=claimed)]).p95 == pytest.approx(p95)


def test_an_overconfident_model_is_above_what_chance_gives():
    found = [reliability(simulated(seed, lambda p: p - 0.2)) for seed in range(20)]
    assert all(one.ece > one.p95 for one in found)


def test_repeats_of_one_case_are_one_draw_of_chance():
    once = simulated(1, lambda p: p)
    often = [replace(one, repeat=repeat) for repeat in range(5) for one in once]
    single, several = reliability(once), reliability(often)
    assert several.ece == pytest.approx(single.ece)
    assert several.p95 == pytest.approx(single.p95, rel=0.1)


@pytest.mark.parametrize(
    ("one", "score"),
    [
        pytest.param(row(1, p_in_scope=0.75), 0.25, id="the probability of the backend"),
        pytest.param(row(1, BUILD, "abstained", p_in_scope=0.25), 0.75, id="of an abstention too"),
        pytest.param(row(1), 0, id="a label says that it is in scope"),
        pytest.param(
            row(1, BUILD, "abstained", abstained_because=Abstention.NEITHER.value), 1, id="neither"
        ),
        pytest.param(
            row(1, BUILD, "abstained", abstained_because=Abstention.TOO_VAGUE.value), 1, id="vague"
        ),
        pytest.param(
            row(1, BUILD, "abstained", abstained_because=Abstention.UNKNOWN_LANGUAGE.value),
            None,
            id="a language says nothing of the scope",
        ),
        pytest.param(row(1, BUILD, "error", p_in_scope=0.5), None, id="an error is left out"),
    ],
)
def test_how_likely_a_row_is_taken_to_be_out_of_scope(one, score):
    assert out_of_scope_score(one) == score


def test_out_of_scope_detection_ranks_all_rows_but_errors():
    rows = [
        row(1, BUILD, BUILD, p_in_scope=0.9),
        row(2, AUTOMATE, BUILD, p_in_scope=0.4),
        row(3, None, BUILD, p_in_scope=0.5),
        row(4, None, "abstained", p_in_scope=0.1),
        row(5, None, "error"),
    ]
    found = scope_ranking(rows)
    # Of four pairs, only 0.4 against 0.5 is in the wrong order.
    assert (found.auc.value, found.rows) == (0.75, 4)
    assert (summarise(rows).scope_auc, summarise(rows).scope_auc_rows) == (found.auc, 4)


def test_without_a_probability_out_of_scope_detection_is_the_mean_of_both_recalls():
    found = scope_ranking(BY_HAND)
    assert found.rows == 20
    assert found.auc.value == pytest.approx((2 / 3 + 15 / 17) / 2)


def test_rows_of_one_kind_have_no_auc_of_out_of_scope_detection():
    assert scope_ranking(rows_of((3, BUILD, BUILD))).auc is None
    assert scope_ranking([row(1, None, "error")]).auc is None


@pytest.mark.parametrize("shift", [0.5, 1.5, 2.5])
def test_the_interval_of_an_auc_holds_the_truth_about_95_times_of_100(shift):
    chance = np.random.default_rng(6)
    truth = norm.cdf(shift / np.sqrt(2))
    held = 0
    for _ in range(400):
        pairs = chance.normal(shift, 1, 44)[:, None] > chance.normal(0, 1, 400)
        found = auc_estimate(float(pairs.mean()), 44, 400)
        held += found.low <= truth <= found.high
    assert 366 <= held <= 396  # 380 expected, standard deviation 4


@pytest.mark.parametrize("auc", [0.0, 0.5, 0.9, 1.0])
def test_the_interval_of_an_auc_has_a_width_and_mirrors(auc):
    found, mirrored = auc_estimate(auc, 5, 50), auc_estimate(1 - auc, 5, 50)
    assert 0 <= found.low < found.high <= 1
    assert found.low <= auc <= found.high
    assert (found.low, found.high) == pytest.approx((1 - mirrored.high, 1 - mirrored.low))


def test_repeats_do_not_make_the_interval_of_out_of_scope_detection_narrower():
    once = [row(n, None if n < 5 else BUILD, p_in_scope=n / 20) for n in range(20)]
    often = [replace(one, repeat=repeat) for repeat in range(3) for one in once]
    assert scope_ranking(often).auc == scope_ranking(once).auc


def test_rows_that_need_review_are_flagged_and_abstentions_are_not():
    rows = [row(1, needs_review=True), row(2), row(3, BUILD, "abstained", needs_review=True)]
    assert counts(summarise(rows).flagged) == (1, 3)


def test_accuracy_by_rule_is_over_answered_rows_and_out_of_scope_is_wrong():
    rows = [
        row(1, BUILD, BUILD, decided_by=DecidedBy.TB1),
        row(2, AUTOMATE, BUILD, decided_by=DecidedBy.TB1),
        row(3, BUILD, BUILD, decided_by=DecidedBy.MODEL),
        row(4, None, BUILD, decided_by=DecidedBy.TB2),
        row(5, BUILD, "error"),
        row(6, AUTOMATE, AUTOMATE),
    ]
    found = summarise(rows).by_rule
    assert {name: counts(one) for name, one in found.items()} == {
        "model": (1, 1),
        "TB1": (1, 2),
        "TB2": (0, 1),
        "unknown": (1, 1),
    }
    assert list(found) == ["model", "TB1", "TB2", "unknown"]


def test_accuracy_without_the_tie_breaker_takes_the_model_s_own_label():
    rows = [
        row(1, BUILD, BUILD, p_build=0.45),  # the rule put it right
        row(2, BUILD, BUILD, p_build=0.5),
        row(3, AUTOMATE, BUILD, p_build=0.4),  # the rule spoilt it
        row(4, AUTOMATE, AUTOMATE, p_build=0.3),
        row(5, AUTOMATE, BUILD, p_build=0.35),  # and again
        row(6, BUILD, "abstained", p_build=0.9),  # no label to replace
    ]
    found = summarise(rows)
    assert counts(found.accuracy) == (3, 6)
    assert counts(found.tie_breaker_off) == (4, 6)


def test_the_spread_over_repeats_is_as_computed_by_hand():
    rows = [
        *[row(n, BUILD, BUILD, repeat=0) for n in range(4)],
        *[row(n, BUILD, BUILD if n else AUTOMATE, repeat=1) for n in range(4)],
        *[row(n, BUILD, BUILD if n > 1 else "error", repeat=2) for n in range(4)],
    ]
    found = spread(rows)
    assert (found.repeats, found.low, found.high) == (3, 0.5, 1.0)
    assert found.sd == pytest.approx(0.25)
    assert counts(found.unstable) == (2, 4)


def test_a_change_between_wrong_outcomes_is_unstable_too():
    rows = [row(1, BUILD, AUTOMATE), row(1, BUILD, "abstained", repeat=1)]
    found = spread(rows)
    assert (found.low, found.high, found.sd) == (0, 0, 0)
    assert counts(found.unstable) == (1, 1)


def test_a_case_without_a_second_row_does_not_count_as_stable():
    found = spread([row(1), row(1, repeat=1), row(2)])
    assert counts(found.unstable) == (0, 1)


def test_repeats_with_nothing_in_scope_have_no_accuracy_to_spread():
    found = spread([row(1, None, BUILD), row(1, None, "abstained", repeat=1)])
    assert (found.low, found.high, found.sd) == (None, None, None)
    assert counts(found.unstable) == (1, 1)


def test_one_repeat_has_no_spread():
    assert summarise(BY_HAND).spread is None


def test_usage_is_summed_and_latency_is_that_of_live_calls():
    rows = [
        row(1, usage=Usage(1, 100, 10), duration_s=1.0),
        row(2, usage=Usage(2, 200, 20), duration_s=3.0),
        row(3, usage=Usage(1, 50, 5), duration_s=60.0, cached=True),
        row(4, duration_s=90.0),  # called nobody
    ]
    found = summarise(rows)
    assert found.usage == Usage(4, 350, 35)
    assert (found.live, found.latency_p50) == (2, 2.0)
    assert found.seconds_per_row == pytest.approx((1.0 + 3.0 + 90.0) / 3)
    assert found.latency_p95 == pytest.approx(2.9)
    assert counts(found.cached) == (1, 4)


def test_no_live_call_has_no_latency():
    found = summarise([row(1, cached=True, usage=Usage(1, 1, 1), duration_s=2.0)])
    assert (found.live, found.latency_p50, found.latency_p95) == (0, None, None)
    assert found.seconds_per_row is None


def test_each_value_of_a_slice_is_summarised_and_rows_without_it_are_left_out():
    rows = [
        row(1, BUILD, BUILD, slices={"voice": "ticket"}),
        row(2, BUILD, AUTOMATE, slices={"voice": "e-mail", "difficulty": "hard"}),
        row(3, BUILD, BUILD, slices={"voice": "ticket"}),
        row(4, BUILD, BUILD),
    ]
    found = by_slice(rows, "voice")
    assert list(found) == ["e-mail", "ticket"]
    assert found["ticket"] == summarise([rows[0], rows[2]])
    assert counts(found["e-mail"].accuracy) == (0, 1)
    assert by_slice(rows, "trade") == {}


def test_another_prior_weighs_the_two_recalls():
    # Recall 0.9 of build-software and 0.6 of automate-process; coverage 1 and 0.8. For each row
    # in scope there is a quarter of one that is not, all of them build-software.
    rows = rows_of(
        (90, BUILD, BUILD),
        (10, BUILD, AUTOMATE),
        (60, AUTOMATE, AUTOMATE),
        (20, AUTOMATE, BUILD),
        (20, AUTOMATE, "error"),
        (50, None, BUILD),
    )
    found = reweighted(rows, 0.3)
    assert (found.prior_build, found.observed_build) == (0.3, 0.5)
    assert found.accuracy.value == pytest.approx(0.3 * 0.9 + 0.7 * 0.6)
    assert found.coverage.value == pytest.approx(0.3 + 0.7 * 0.8)
    assert found.precision == {
        "build-software": pytest.approx(0.3 * 0.9 / (0.3 * 0.9 + 0.7 * 0.2 + 0.25)),
        "automate-process": pytest.approx(0.7 * 0.6 / (0.7 * 0.6 + 0.3 * 0.1)),
    }


def test_the_observed_prior_changes_nothing():
    rows = random_rows(7)
    plain = summarise(rows)
    observed = sum(one.expected is BUILD for one in rows) / plain.in_scope
    found = reweighted(rows, observed)
    assert found.accuracy.value == pytest.approx(plain.accuracy.value)
    assert found.coverage.value == pytest.approx(plain.coverage.value)
    assert found.ece == pytest.approx(plain.ece)
    assert found.ece_p95 == pytest.approx(plain.ece_p95)
    for name, scores in plain.by_label.items():
        assert found.precision[name] == pytest.approx(scores.precision.value)


def test_the_interval_at_another_prior_holds_the_truth_about_95_times_of_100():
    chance = np.random.default_rng(5)
    truth = 0.3 * 0.97 + 0.7 * 0.8
    held = 0
    for build, automate in zip(
        chance.binomial(60, 0.97, 300), chance.binomial(60, 0.8, 300), strict=True
    ):
        rows = rows_of(
            (build, BUILD, BUILD),
            (60 - build, BUILD, AUTOMATE),
            (automate, AUTOMATE, AUTOMATE),
            (60 - automate, AUTOMATE, BUILD),
        )
        found = reweighted(rows, 0.3).accuracy
        held += found.low <= truth <= found.high
    assert 274 <= held <= 296  # 285 expected, standard deviation 4


def test_the_interval_at_another_prior_does_not_shrink_to_a_point_without_an_error():
    found = reweighted(rows_of((20, BUILD, BUILD), (20, AUTOMATE, AUTOMATE)), 0.3).accuracy
    assert (found.value, found.high) == (1, pytest.approx(1))
    assert 0.8 < found.low < 0.95


@pytest.mark.parametrize(("prior", "recall"), [(0, 0.75), (1, 0.6)])
def test_a_prior_of_one_label_only_is_that_label_s_recall(prior, recall):
    assert reweighted(BY_HAND, prior).accuracy.value == pytest.approx(recall)


def test_calibration_is_weighted_by_the_prior():
    # Build-software rows claim 0.9 and are right; automate-process rows claim 0.9 and are not.
    rows = [row(n, BUILD, BUILD, probability=0.9) for n in range(10)]
    rows += [row(n + 10, AUTOMATE, BUILD, probability=0.9) for n in range(10)]
    assert reweighted(rows, 1).ece == pytest.approx(0.1)
    assert reweighted(rows, 0).ece == pytest.approx(0.9)
    claims = [replace(one, probability=0.8 if one.right else 0.9) for one in rows]
    assert reweighted(claims, 0.25).ece == pytest.approx(0.25 * 0.2 + 0.75 * 0.9)


def test_a_label_without_a_row_leaves_another_prior_open():
    found = reweighted(rows_of((3, BUILD, BUILD)), 0.3)
    assert (found.accuracy, found.coverage, found.ece) == (None, None, None)
    assert set(found.precision.values()) == {None}
    assert reweighted(rows_of((3, BUILD, BUILD)), 1).accuracy.value == 1
    assert reweighted(rows_of((3, None, BUILD)), 0.3).observed_build is None


@pytest.mark.parametrize("prior", [-0.1, 1.1, 30, float("nan")])
def test_a_prior_that_is_no_share_is_refused(prior):
    with pytest.raises(SettingsError, match=r"build=0\.3"):
        reweighted(BY_HAND, prior)


@pytest.mark.parametrize(
    ("text", "label"),
    [
        pytest.param("We need an APP for this", BUILD, id="a keyword in any case"),
        pytest.param("Two developers to hire", BUILD, id="a plural"),
        pytest.param("It happens every week", AUTOMATE, id="a keyword inside a word is none"),
        pytest.param("", AUTOMATE, id="nothing"),
    ],
)
def test_the_keyword_floor_reads_whole_words(text, label):
    assert floors([(text, label)])["keyword"].value == 1
    assert floors([(text, AUTOMATE if label is BUILD else BUILD)])["keyword"].value == 0


def test_the_majority_floor_is_the_share_of_the_commonest_label():
    found = floors([("app", BUILD), ("late", AUTOMATE), ("typing", AUTOMATE)])
    assert counts(found["majority"]) == (2, 3)
    assert counts(found["keyword"]) == (3, 3)
    assert floors([])["majority"].value is None
