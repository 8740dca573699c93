"""Fitting a calibration: the map, the choice of it, and how much it helps."""

import asyncio
import math
from datetime import date

import numpy as np
import pytest

from triage_agent.classify.classifier import Policy
from triage_agent.errors import InputError, ReplyError
from triage_agent.evals.cases import Case
from triage_agent.evals.fitting import (
    MIN_ISOTONIC,
    RecordingModel,
    cross_validated,
    fit_calibration,
    fit_isotonic,
    fit_platt,
)
from triage_agent.evals.reliability import reliability
from triage_agent.evals.run import run_cases
from triage_agent.evals.split import Split
from triage_agent.models.calibration import (
    EDGE,
    FittedOn,
    Identity,
    Isotonic,
    Platt,
    Unchanged,
)
from triage_agent.types import Label, Outcome, Prediction, Signals

B, A = Label.BUILD, Label.AUTOMATE
TODAY = date(2026, 1, 2)
IDENTITY = Identity("llm", "m", "guide@1")


def flags(*parts):
    """Return an array of outcomes from (right, total) of each part, the right ones first."""
    return np.array([place < right for right, total in parts for place in range(total)])


class TestPlatt:
    """The straight line over the log-odds."""

    def test_two_claims_give_the_line_through_what_came_true_of_them(self):
        # Ten cases claim 0.8 (odds 4), eight of them are build; ten claim 0.2, three are build.
        # Platt's targets for 11 and 9: 12/13 and 1/11. So the line must go through
        # (8 · 12/13 + 2 · 1/11) / 10 at log 4 and (3 · 12/13 + 7 · 1/11) / 10 at −log 4.
        high = (8 * 12 / 13 + 2 / 11) / 10
        low = (3 * 12 / 13 + 7 / 11) / 10
        upper, lower = math.log(high / (1 - high)), math.log(low / (1 - low))
        found = fit_platt(np.array([0.8] * 10 + [0.2] * 10), flags((8, 10), (3, 10)))
        assert found.scale == pytest.approx((upper - lower) / (2 * math.log(4)), abs=1e-4)
        assert found.shift == pytest.approx((upper + lower) / 2, abs=1e-4)
        assert found.at(0.8) == pytest.approx(high, abs=1e-4)

    def test_a_model_that_was_never_wrong_does_not_become_certain(self):
        found = fit_platt(np.array([0.8] * 30 + [0.2] * 30), flags((30, 30), (0, 30)))
        assert found.at(0.8) == pytest.approx(31 / 32, abs=1e-3)

    def test_a_model_that_is_the_wrong_way_round_says_nothing(self):
        found = fit_platt(np.array([0.8] * 30 + [0.2] * 30), flags((5, 30), (25, 30)))
        assert found.scale == 0
        assert found.at(0.99) == pytest.approx(0.5)

    def test_votes_are_counted_with_half_a_vote_more_for_each_side(self):
        p = np.array([1.0] * 10 + [0.0] * 10)
        found = fit_platt(p, flags((8, 10), (2, 10)), 3)
        assert found.at(1.0, 3) == pytest.approx(fit_platt(p, flags((8, 10), (2, 10))).at(1 - EDGE))


def test_isotonic_pools_what_would_fall():
    found = fit_isotonic(np.array([0.1, 0.2, 0.3, 0.9]), np.array([False, True, False, True]))
    assert [found.at(p) for p in (0.1, 0.2, 0.3, 0.9)] == [0, 0.5, 0.5, 1]


def test_a_case_is_mapped_by_what_was_learned_from_the_others():
    fitted_to = []

    def method(p, truth, votes):
        fitted_to.append((set(p), int(truth.sum()), votes))
        return Platt(scale=1, shift=0)

    p = np.linspace(0.01, 0.99, 50)
    found = cross_validated(method, p, p > 0.5, 1)
    assert found == pytest.approx(np.clip(p, 1 / 42, 41 / 42))
    assert [(len(known), build, votes) for known, build, votes in fitted_to] == [(40, 20, 1)] * 5
    assert set().union(*({*p} - known for known, _, _ in fitted_to)) == set(p)


class Boaster:
    """A model that knows something and claims three times the log-odds, leaning to build."""

    backend, name, prompt = "llm", "m", "guide@1"

    def __init__(self, kind="logprobs-uncalibrated"):
        self.kind = kind

    async def predict(self, problem):
        z = float(problem.text.rpartition(" ")[2])
        if problem.id.startswith("fails"):
            raise ReplyError("no", "not_json")
        p = 1 / (1 + math.exp(-(3 * z + 1)))
        return Prediction(
            label=B if p >= 0.5 else A,
            signals=Signals(
                customer_facing_software=z > 0.1,
                existing_process=z <= 0.1,
                neither=problem.id.startswith("neither"),
            ),
            p_build=p,
            probability_from=self.kind,
        )

    async def aclose(self):
        pass


def cases_of(count, seed, name="c"):
    draw = np.random.default_rng(seed)
    cases = []
    for number, z in enumerate(draw.normal(0, 1.5, count)):
        label = B if draw.random() < 1 / (1 + math.exp(-z)) else A
        cases.append(Case(id=f"{name}{number}", text=f"log-odds {z:.9f}", label=label))
    return cases


def fitted_to(cases, model=None, threshold=0.65):
    recording = RecordingModel(model or Boaster())
    rows, _ = asyncio.run(run_cases(cases, recording, Policy(threshold)))
    split = Split(cases, FittedOn(file="f.csv", sha256="0" * 64))
    return fit_calibration(IDENTITY, split, rows, recording, threshold, TODAY)


def honesty(found):
    """Return how honest the boaster is on new cases."""
    rows, _ = asyncio.run(run_cases(cases_of(600, seed=2), Boaster(), Policy(calibration=found)))
    return reliability(rows)


@pytest.fixture(scope="module")
def fitted():
    return fitted_to(cases_of(400, seed=1))


class TestOverconfidentModel:
    """A model that boasts, before and after, on cases that the map has never met."""

    def test_becomes_honest(self, fitted):
        before, after = honesty(None), honesty(fitted.calibration)
        assert before.ece > 2 * before.p95
        assert after.ece < after.p95
        assert after.rows == 600  # rows that a tie rule decided have a probability now too

    def test_what_the_command_reports_tells_the_same(self, fitted):
        assert fitted.before.ece > 2 * fitted.before.p95
        assert fitted.after.ece < fitted.after.p95
        assert fitted.log_losses["platt"] < fitted.log_losses["none"]

    def test_its_map_is_near_the_true_one(self, fitted):
        found = fitted.calibration
        assert found.map.method == "platt"
        assert found.map.scale == pytest.approx(1 / 3, abs=0.06)
        assert found.map.shift == pytest.approx(-1 / 3, abs=0.25)

    def test_the_calibration_says_what_it_rests_on(self, fitted):
        found = fitted.calibration
        build = sum(case.label is B for case in cases_of(400, seed=1))
        assert (found.identity, found.made, found.threshold) == (IDENTITY, TODAY, 0.65)
        assert (found.probability_from, found.votes) == ("logprobs", 1)
        assert (found.cases, found.prior) == (400, build / 400)

    def test_the_rules_rates_are_those_of_the_rows_that_are_torn_with_the_map(self, fitted):
        found = fitted.calibration
        rows, _ = asyncio.run(run_cases(cases_of(400, 1), Boaster(), Policy(calibration=found)))
        assert set(found.tie_rates) == {"TB1", "TB3"}
        for rule, rate in found.tie_rates.items():
            own = [row for row in rows if row.decided_by == rule]
            assert (rate.right, rate.total) == (sum(row.right for row in own), len(own))
            (probability,) = {row.probability for row in own}
            assert probability == pytest.approx((rate.right + 6.5) / (rate.total + 10))


def test_a_line_that_is_not_straight_over_the_log_odds_is_fitted_with_steps():
    cases = []
    for number in range(400):  # right in 60 % whatever it claims, but for the surest: always
        z = -3 + 6 * number / 400
        sure = abs(z) > 2
        true = (z > 0) if sure or number % 5 < 3 else z <= 0
        cases.append(Case(id=str(number), text=f"log-odds {z:.6f}", label=B if true else A))
    fitted = fitted_to(cases)
    assert fitted.log_losses["isotonic"] < fitted.log_losses["platt"]
    assert isinstance(fitted.calibration.map, Isotonic)


def test_a_model_that_is_honest_already_is_left_as_it_is():
    class Modest(Boaster):
        async def predict(self, problem):
            p = float(problem.text.rpartition(" ")[2])
            return Prediction(B if p >= 0.5 else A, Signals(), p, self.kind)

    cases = [  # four of five come true, as claimed
        Case(id=f"{p} {n}", text=f"probability {p}", label=B if n / 100 < p else A)
        for p in (0.2, 0.8)
        for n in range(100)
    ]
    fitted = fitted_to(cases, Modest())
    assert fitted.calibration.map == Unchanged()
    assert fitted.after == fitted.before
    assert fitted.calibration.apply(0.9999) == 0.9999


@pytest.mark.parametrize(
    ("count", "tried"),
    [
        pytest.param(MIN_ISOTONIC - 1, ["none", "platt"], id="too few for it"),
        pytest.param(MIN_ISOTONIC, ["none", "platt", "isotonic"], id="just enough"),
    ],
)
def test_isotonic_is_tried_only_where_there_are_cases_enough(count, tried):
    assert list(fitted_to(cases_of(count, seed=3)).log_losses) == tried


def test_errors_abstentions_and_other_kinds_are_counted_and_left_out():
    class Changing(Boaster):
        async def predict(self, problem):
            self.kind = "stated-uncalibrated" if problem.id.startswith("odd") else "logprobs"
            return await super().predict(problem)

    parts = {"c": 60, "fails": 7, "neither": 5, "odd": 4}
    cases = [case for name, count in parts.items() for case in cases_of(count, 4, name)]
    fitted = fitted_to(cases, Changing())
    assert (fitted.asked, fitted.calibration.cases) == (76, 60)
    assert (fitted.errors, fitted.abstained, fitted.other_kind) == (7, 5, 4)
    assert fitted.before.rows == fitted.after.rows == 60


def test_of_a_cascade_only_what_the_llm_answered_is_used():
    class Both(Boaster):
        backend = "cascade"

        async def predict(self, problem):
            self.kind = "embedded" if problem.id.startswith("e") else "logprobs-uncalibrated"
            return await super().predict(problem)

    fitted = fitted_to(cases_of(100, 5, "e") + cases_of(60, 6, "l"), Both())
    assert (fitted.calibration.probability_from, fitted.calibration.cases) == ("logprobs", 60)
    assert fitted.other_kind == 100


@pytest.mark.parametrize(
    ("cases", "says"),
    [
        pytest.param(cases_of(49, 7), "49 were answered", id="one too few"),
        pytest.param(
            cases_of(49, 7) + cases_of(20, 8, "fails"), "20 ended in errors", id="too many errors"
        ),
        pytest.param(
            [
                Case(id=str(n), text=f"log-odds {n / 60}", label=B if n < 9 else A)
                for n in range(60)
            ],
            "9 build-software, 51 automate-process",
            id="hardly any of one label",
        ),
    ],
)
def test_too_few_answers_are_refused(cases, says):
    with pytest.raises(InputError, match=says):
        fitted_to(cases)


def test_a_model_that_gives_no_probability_is_refused():
    class Silent(Boaster):
        async def predict(self, problem):
            return Prediction(A, Signals())

    with pytest.raises(InputError, match="0 were answered with a probability"):
        fitted_to(cases_of(60, 9), Silent())


def test_recording_changes_nothing_and_keeps_every_prediction():
    recording = RecordingModel(Boaster())
    cases = cases_of(5, 10)
    rows, _ = asyncio.run(run_cases(cases, recording, Policy()))
    other, _ = asyncio.run(run_cases(cases, Boaster(), Policy()))
    assert [(row.label, row.p_build) for row in rows] == [(r.label, r.p_build) for r in other]
    predicted = {id_: one.p_build for id_, one in recording.predictions.items()}
    assert predicted == {r.id: r.p_build for r in rows}
    assert {row.outcome for row in rows} == {Outcome.CLASSIFIED}
