"""`compare` and `significance`: constructed runs, published figures, and every refusal."""

from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import binomtest

from triage_agent.errors import InputError, SettingsError
from triage_agent.evals.comparison import (
    ComparisonVerdict,
    compare,
    compare_many,
    comparison_exit_code,
)
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.significance import (
    detectable_difference,
    holm,
    mcnemar,
    paired_interval,
)
from triage_agent.types import Label, Outcome

BUILD, AUTOMATE = Label.BUILD, Label.AUTOMATE


def row(case, got=BUILD, expected=BUILD, repeat=0):
    """Return a row; `got` is a label, or the outcome of a row that has none."""
    label = got if isinstance(got, Label) else None
    outcome = Outcome.CLASSIFIED if label else Outcome(got)
    return EvalRow(str(case), expected, outcome, label, repeat=repeat)


def run(right, wrong=0, first=0):
    """Return a run of which the first rows are right and the rest are wrong."""
    got = [BUILD] * right + [AUTOMATE] * wrong
    return [row(first + number, label) for number, label in enumerate(got)]


def test_identical_runs_show_no_difference_when_the_set_is_large():
    found = compare(run(320, 80), run(320, 80))
    assert (found.n, found.right_a, found.right_b) == (400, 320, 320)
    assert (found.only_a, found.only_b, found.difference, found.changed) == (0, 0, 0, ())
    assert (found.p, found.p_holm) == (1, 1)
    assert -0.03 < found.low < 0 < found.high < 0.03
    assert found.verdict is ComparisonVerdict.NO_DIFFERENCE


def test_identical_runs_on_a_small_set_are_underpowered():
    found = compare(run(80, 20), run(80, 20))
    assert found.verdict is ComparisonVerdict.UNDERPOWERED
    assert found.high > 0.03
    assert 0.03 < found.detectable < 0.1


@pytest.mark.parametrize(
    ("n", "verdict"),
    [
        # With no discordant case Tango's interval ends at z² / (n + z²).
        pytest.param(124, ComparisonVerdict.UNDERPOWERED, id="one case too few for three points"),
        pytest.param(125, ComparisonVerdict.NO_DIFFERENCE, id="just enough"),
    ],
)
def test_the_interval_has_to_lie_within_the_margin(n, verdict):
    assert compare(run(n), run(n)).verdict is verdict


def test_the_margin_is_the_user_s():
    assert compare(run(400), run(400), margin=0.009).verdict is ComparisonVerdict.UNDERPOWERED
    assert compare(run(100), run(100), margin=0.05).verdict is ComparisonVerdict.NO_DIFFERENCE


def test_one_better_row_is_no_evidence():
    found = compare(run(320, 80), run(321, 79))
    assert (found.only_a, found.only_b, found.p) == (0, 1, 1)
    assert found.difference == pytest.approx(1 / 400)
    assert found.verdict is ComparisonVerdict.NO_DIFFERENCE
    assert found.changed == (("320", "automate-process", "build-software", "right"),)


def test_thirty_better_rows_are_better():
    found = compare(run(320, 80), run(350, 50))
    assert (found.only_a, found.only_b) == (0, 30)
    assert found.p == pytest.approx(2 * 0.5**30)
    assert (found.low, found.high) == (
        pytest.approx(0.0530, abs=1e-4),
        pytest.approx(0.1050, abs=1e-4),
    )
    assert found.verdict is ComparisonVerdict.BETTER
    assert len(found.changed) == 30


def test_thirty_worse_rows_are_worse_and_the_figures_mirror():
    better, worse = compare(run(320, 80), run(350, 50)), compare(run(350, 50), run(320, 80))
    assert worse.verdict is ComparisonVerdict.WORSE
    assert worse.difference == -better.difference
    assert (worse.low, worse.high) == (pytest.approx(-better.high), pytest.approx(-better.low))
    assert (worse.p, worse.detectable) == (better.p, better.detectable)
    assert {change.became for change in worse.changed} == {"wrong"}


@pytest.mark.parametrize(
    ("only_b", "verdict"),
    [
        pytest.param(5, ComparisonVerdict.UNDERPOWERED, id="p = 0.0625"),
        pytest.param(6, ComparisonVerdict.BETTER, id="p = 0.03125"),
    ],
)
def test_six_wins_without_a_loss_are_the_fewest_that_show_something(only_b, verdict):
    assert compare(run(50, 50), run(50 + only_b, 50 - only_b)).verdict is verdict


def test_errors_and_abstentions_count_as_wrong_and_are_named():
    a = [row(1, "error"), row(2, "abstained"), row(3, AUTOMATE), row(4), row(5, "error")]
    b = [row(1), row(2, "error"), row(3, "abstained"), row(4, "abstained"), row(5, "error")]
    found = compare(a, b)
    assert (found.right_a, found.right_b) == (1, 1)
    assert found.changed == (
        ("1", "error", "build-software", "right"),
        ("4", "build-software", "abstained", "wrong"),
    )


def test_rows_that_have_no_true_label_are_left_out():
    a = [row(1), row(2, "abstained", expected=None)]
    b = [row(1), row(2, BUILD, expected=None)]
    found = compare(a, b)
    assert (found.n, found.changed) == (1, ())


def sliced(count, right, first=0, **slices):
    """Return rows of one slice, of which the first are right."""
    rows = [row(first + n, BUILD if n < right else AUTOMATE) for n in range(count)]
    return [replace(one, slices=slices) for one in rows]


def test_each_slice_has_its_own_difference_with_its_interval():
    a = [*sliced(20, 10, difficulty="hard"), *sliced(40, 40, 20, difficulty="easy")]
    b = [*sliced(20, 16, difficulty="hard"), *sliced(40, 39, 20, difficulty="easy")]
    easy, hard = compare(a, b).slices
    assert (easy.name, easy.value, easy.n) == ("difficulty", "easy", 40)
    assert (easy.right_a, easy.right_b, easy.difference) == (40, 39, -1 / 40)
    assert (easy.low, easy.high) == paired_interval(1, 0, 40)
    assert (hard.value, hard.right_a, hard.right_b, hard.difference) == ("hard", 10, 16, 0.3)
    assert (hard.low, hard.high) == paired_interval(0, 6, 20)


def test_a_slice_of_fewer_than_twenty_cases_says_that_it_is_small():
    a = [*sliced(19, 9, voice="ticket"), *sliced(20, 9, 30, voice="owner")]
    owner, ticket = compare(a, a).slices
    assert (owner.few, ticket.few) == (False, True)
    assert owner.words == "voice owner: +0.000 [-0.161, +0.161], 9 against 9 of 20"
    assert ticket.words.endswith(", 9 against 9 of 19, few")
    lines = compare(a, a).lines("a", "b")
    assert lines[-2:] == [f"    {owner.words}", f"    {ticket.words}"]
    assert "slices" in compare(a, a).values("a", "b")


def test_of_very_many_slices_the_first_are_shown():
    rows = [replace(row(n), slices={"function": f"f{n:02}"}) for n in range(50)]
    lines = compare(rows, rows).lines("a", "b")
    assert len([line for line in lines if line.startswith("    function")]) == 40
    assert lines[-1] == "    and 10 more (--json lists all)"


def test_a_slice_with_one_value_and_rows_out_of_scope_are_left_out():
    outside = replace(row(99, "abstained", expected=None), slices={"voice": "ticket"})
    a = [*sliced(5, 5, voice="owner", language="en"), outside]
    assert compare(a, a).slices == ()
    assert not [line for line in compare(a, a).lines("a", "b") if "by slice" in line]


def test_the_order_of_the_rows_does_not_matter():
    assert compare(run(320, 80), run(340, 60)[::-1]) == compare(run(320, 80), run(340, 60))


@pytest.mark.parametrize(
    ("got", "right"),
    [
        pytest.param([BUILD, AUTOMATE, BUILD], True, id="two of three"),
        pytest.param([BUILD, "error", AUTOMATE], False, id="one of three"),
        pytest.param([BUILD, AUTOMATE], True, id="even, the first is right"),
        pytest.param([AUTOMATE, BUILD], False, id="even, the first is wrong"),
    ],
)
def test_a_case_with_repeats_counts_once_as_most_of_them_ended(got, right):
    rows = [row(1, one, repeat=repeat) for repeat, one in enumerate(got)]
    found = compare([row(1)], rows[::-1])
    assert (found.n, found.right_b) == (1, right)


def test_a_run_is_not_better_for_having_been_repeated():
    chance = np.random.default_rng(2)

    def tossed(repeats):
        return [
            row(case, BUILD if chance.random() < 0.5 else AUTOMATE, repeat=repeat)
            for case in range(400)
            for repeat in range(repeats)
        ]

    # Were an even vote right, the second run would be right on three quarters.
    found = compare(tossed(1), tossed(2))
    assert abs(found.difference) < 0.1
    assert found.verdict is ComparisonVerdict.UNDERPOWERED


def test_a_changed_case_shows_what_most_of_its_repeats_got():
    b = [row(1), row(1, "error", repeat=1), row(1, AUTOMATE, repeat=2)]
    assert compare([row(1)], b).changed == (("1", "build-software", "error", "wrong"),)


@pytest.mark.parametrize(
    ("a", "b", "says"),
    [
        pytest.param(
            run(3), run(3, first=10), ["no case in common", "'0'", "'10'"], id="disjoint sets"
        ),
        pytest.param(
            [row("x")],
            [row("x", expected=AUTOMATE)],
            ["'x'", "A expects build-software", "B expects automate-process"],
            id="another label",
        ),
        pytest.param(
            [row("x")],
            [row("x", expected=None)],
            ["'x'", "B expects an abstention"],
            id="a label and none",
        ),
        pytest.param(run(5), run(3), ["A has case '3'", "B does not", "2 such"], id="B is short"),
        pytest.param(run(3), run(4), ["B has case '3'", "A does not", "1 such"], id="A is short"),
        pytest.param(run(3), [], ["A has case '0'", "3 such"], id="B is empty"),
        pytest.param([], [], ["nothing to compare"], id="both are empty"),
        pytest.param(
            [row(1, expected=None)],
            [row(1, expected=None)],
            ["nothing to compare"],
            id="nothing in scope",
        ),
        pytest.param(run(2), [*run(2), row(1)], ["B has case '1' twice"], id="a doubled row"),
        pytest.param(
            [row(1), row(1, expected=AUTOMATE, repeat=1)],
            run(2),
            ["A expects different labels of case '1'"],
            id="repeats that disagree on the label",
        ),
    ],
)
def test_runs_of_different_sets_are_refused_by_name(a, b, says):
    with pytest.raises(InputError) as caught:
        compare(a, b)
    assert [words for words in says if words not in caught.value.message] == []


def test_partial_runs_are_compared_on_what_both_have_if_that_is_allowed():
    found = compare(run(5), run(4, first=2), allow_partial=True)
    assert (found.n, found.missing_a, found.missing_b) == (3, 1, 2)
    assert compare(run(5), run(5), allow_partial=True).missing_b == 0


@pytest.mark.parametrize(
    ("a", "b"),
    [
        pytest.param(run(3), run(3, first=10), id="disjoint sets"),
        pytest.param([row(1), row(2)], [row(1, expected=AUTOMATE)], id="another label"),
        pytest.param(run(3), [], id="nothing at all"),
    ],
)
def test_what_cannot_be_compared_stays_refused_when_partial_runs_are_allowed(a, b):
    with pytest.raises(InputError):
        compare(a, b, allow_partial=True)


def test_a_run_that_lacks_cases_is_refused_with_advice_that_can_be_followed():
    with pytest.raises(
        InputError, match="Run both on the same set with the same --limit"
    ) as caught:
        compare(run(5), run(4))
    assert "partial" not in caught.value.message


@pytest.mark.parametrize("margin", [-0.01, 1, 3, float("nan")])
def test_a_margin_that_is_no_share_is_refused(margin):
    with pytest.raises(
        SettingsError, match=r"--margin must be between 0 and 1.*0\.03 for three points"
    ):
        compare(run(3), run(3), margin=margin)


@pytest.mark.parametrize(
    ("p_values", "corrected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([0.04], [0.04], id="one stays as it is"),
        # Holm's steps: 4 × 0.005, 3 × 0.01, 2 × 0.03, then 0.04, which may not fall below 0.06.
        pytest.param([0.01, 0.04, 0.03, 0.005], [0.03, 0.06, 0.06, 0.02], id="four in any order"),
        pytest.param([0.6, 0.7], [1, 1], id="never over one"),
        pytest.param([0.02, 0.02], [0.04, 0.04], id="equal ones stay equal"),
    ],
)
def test_holm_corrects_as_computed_by_hand(p_values, corrected):
    assert holm(p_values) == pytest.approx(corrected)


def test_several_runs_are_corrected_and_one_that_was_better_alone_may_not_be():
    baseline, six, ten = run(50, 50), run(56, 44), run(60, 40)
    assert compare(baseline, six).verdict is ComparisonVerdict.BETTER
    found = compare_many(baseline, {"six": six, "same": baseline, "ten": ten})
    assert list(found) == ["six", "same", "ten"]
    assert found["ten"].p_holm == pytest.approx(3 * found["ten"].p)
    assert found["ten"].verdict is ComparisonVerdict.BETTER
    assert (found["six"].p, found["six"].p_holm) == (0.03125, 0.0625)
    assert found["six"].verdict is ComparisonVerdict.UNDERPOWERED
    assert found["same"].p_holm == 1
    assert found["six"].detectable > compare(baseline, six).detectable


def test_one_comparison_needs_no_correction():
    baseline, other = run(50, 50), run(56, 44)
    assert compare_many(baseline, {"B": other}) == {"B": compare(baseline, other)}


def test_messages_call_the_runs_by_name():
    with pytest.raises(InputError, match="plain and guide have no case in common"):
        compare_many(run(3), {"guide": run(3, first=5)}, name="plain")


@pytest.mark.parametrize(
    ("verdicts", "code"),
    [
        pytest.param([], 0, id="nothing"),
        pytest.param(["better", "no difference"], 0, id="nothing is wrong"),
        pytest.param(["better", "underpowered"], 8, id="one is underpowered"),
        pytest.param(["underpowered", "worse", "better"], 7, id="worse goes before underpowered"),
    ],
)
def test_the_exit_code_is_that_of_the_gravest_verdict(verdicts, code):
    one = compare(run(3), run(3))
    found = {
        str(n): replace(one, verdict=ComparisonVerdict(name)) for n, name in enumerate(verdicts)
    }
    assert comparison_exit_code(found) == code


@pytest.mark.parametrize(
    ("only_a", "only_b", "p"),
    [(0, 0, 1), (0, 1, 1), (3, 3, 1), (1, 9, 22 / 1024), (9, 1, 22 / 1024), (0, 8, 2 / 256)],
)
def test_the_exact_test_is_as_computed_by_hand(only_a, only_b, p):
    assert mcnemar(only_a, only_b) == pytest.approx(p)


@pytest.mark.parametrize(
    ("only_a", "only_b", "n", "low", "high"),
    [
        # Fagerland, Lydersen, Laake, Statistics in Medicine 33, 2014 (data of Bentur et al.).
        pytest.param(7, 1, 21, -0.517, -0.026, id="published"),
        pytest.param(1, 7, 21, 0.026, 0.517, id="and turned round"),
        pytest.param(0, 0, 400, -0.0095, 0.0095, id="no discordant case"),
        pytest.param(0, 400, 400, 0.981, 1, id="every case was won"),
        pytest.param(400, 0, 400, -1, -0.981, id="every case was lost"),
        pytest.param(0, 1, 1, -0.587, 1, id="one case, won"),
        pytest.param(0, 0, 1, -0.793, 0.793, id="one case, even"),
    ],
)
def test_the_interval_of_the_difference_is_tango_s(only_a, only_b, n, low, high):
    found = paired_interval(only_a, only_b, n)
    assert found == (pytest.approx(low, abs=5e-4), pytest.approx(high, abs=5e-4))


def test_the_interval_holds_the_true_difference_about_95_times_of_100():
    chance = np.random.default_rng(3)
    held = 0
    for only_a, only_b, _ in chance.multinomial(400, [0.04, 0.08, 0.88], size=1000):
        low, high = paired_interval(int(only_a), int(only_b), 400)
        held += low <= 0.04 <= high
    assert 930 <= held <= 970  # 950 expected, standard deviation 7


@pytest.mark.parametrize(("n", "discordant"), [(100, 0), (400, 20), (400, 80), (30, 30)])
def test_the_detectable_difference_is_found_four_times_of_five(n, discordant):
    difference = detectable_difference(n, discordant)
    rate = max(discordant / n, difference)
    shares = [(rate - difference) / 2, (rate + difference) / 2, 1 - rate]
    drawn = np.random.default_rng(4).multinomial(n, shares, size=2000)
    p_values = {
        (a, b): binomtest(b, a + b).pvalue if a + b else 1
        for a, b in {(int(a), int(b)) for a, b, _ in drawn}
    }
    found = sum(b > a and p_values[int(a), int(b)] < 0.05 for a, b, _ in drawn)
    assert found / 2000 == pytest.approx(0.8, abs=0.03)


def test_more_cases_detect_less_and_more_discordances_or_comparisons_need_more():
    assert detectable_difference(400, 40) < detectable_difference(200, 20)
    assert detectable_difference(400, 40) < detectable_difference(400, 80)
    assert detectable_difference(400, 40) < detectable_difference(400, 40, comparisons=3)


@pytest.mark.parametrize("n", [1, 5])
def test_fewer_than_six_cases_can_show_nothing(n):
    assert detectable_difference(n, 0) is None
    assert detectable_difference(6, 0) is not None
