"""A calibration: what it makes of a probability, what it is applied to, where it is found."""

import asyncio
import math
from dataclasses import replace
from datetime import date

import pytest
from pydantic import ValidationError

from triage_agent.classify.classifier import Policy, apply_policy
from triage_agent.errors import SettingsError
from triage_agent.models.calibration import (
    Calibration,
    FittedOn,
    Identity,
    Isotonic,
    Platt,
    TieRate,
    Unchanged,
    find_calibration,
    load_calibration,
    log_odds,
)
from triage_agent.models.cascade import Cascade
from triage_agent.models.embedded.encoder import WEIGHTS
from triage_agent.models.embedded.model import EmbeddedModel
from triage_agent.models.factory import calibration_folder, open_backend
from triage_agent.settings import Backend, Options
from triage_agent.types import DecidedBy, Label, Prediction, Problem, Signals

B, A = Label.BUILD, Label.AUTOMATE
PROBLEM = Problem("p", "Our customers want an app to follow their deliveries.")
# Its claims are worth half their log-odds, and it says build-software twice too often.
HALF = Platt(scale=0.5, shift=math.log(0.5))
MADE = Calibration(
    backend="llm",
    model="m",
    prompt="guide@1",
    probability_from="logprobs",
    votes=1,
    threshold=0.65,
    map=HALF,
    prior=0.5,
    cases=298,
    tie_rates={
        "TB1": TieRate(right=32, total=40),
        "TB2": TieRate(right=3, total=3),
        "TB3": TieRate(right=0, total=2),
    },
    fitted_on=FittedOn(file="cases.csv", sha256="0" * 64),
    made=date(2026, 1, 2),
    triage_agent="0.1.0",
)
SAYS = Prediction(
    label=B,
    signals=Signals(customer_facing_software=True),
    p_build=0.99,
    probability_from="logprobs-uncalibrated",
    evidence=("want an app",),
)


class Reader:
    """A model of which only the names matter."""

    backend, name, prompt = "llm", "m", "guide@1"


def made(**changes):
    return Calibration.model_validate(MADE.model_dump() | changes)


def row_of(prediction=SAYS, calibration=MADE, threshold=0.65):
    return apply_policy(PROBLEM, prediction, Reader(), Policy(threshold, calibration))


def odds(p):
    return p / (1 - p)


@pytest.mark.parametrize(
    ("claimed", "true"),
    [
        pytest.param(0.9, 1.5, id="odds of 9: their root is 3, and half of that 1.5"),
        pytest.param(0.5, 0.5, id="even odds are halved by the shift alone"),
        pytest.param(0.2, 0.25, id="odds of a quarter: half, and half of that"),
    ],
)
def test_platt_is_a_line_over_the_log_odds(claimed, true):
    assert odds(MADE.apply(claimed)) == pytest.approx(true)


@pytest.mark.parametrize(
    ("claimed", "true"),
    [
        pytest.param(0.0, 0.1, id="below the first point it is level"),
        pytest.param(0.2, 0.1, id="at the first point"),
        pytest.param(0.3, 0.15, id="halfway to the next"),
        pytest.param(0.4, 0.2, id="at the next"),
        pytest.param(0.7, 0.55, id="halfway on the steeper part"),
        pytest.param(1.0, 0.9, id="at the last point"),
    ],
)
def test_isotonic_draws_straight_lines_between_its_points(claimed, true):
    points = {"method": "isotonic", "x": [0.2, 0.4, 1.0], "y": [0.1, 0.2, 0.9]}
    assert made(map=points).apply(claimed) == pytest.approx(true)


def test_isotonic_takes_the_later_of_two_points_at_one_place():
    points = Isotonic(x=(0.5, 0.5, 0.8), y=(0.2, 0.6, 0.8))
    assert (points.at(0.49), points.at(0.5)) == (0.2, 0.6)


@pytest.mark.parametrize("claimed", [0.0, 1.0])
@pytest.mark.parametrize(
    "steep",
    [
        pytest.param(Platt(scale=1e6, shift=0), id="platt"),
        pytest.param(Isotonic(x=(0, 1), y=(0, 1)), id="isotonic"),
    ],
)
def test_no_map_is_surer_than_its_cases_allow(claimed, steep):
    found = made(map=steep.model_dump()).apply(claimed)
    assert found == pytest.approx(299 / 300 if claimed else 1 / 300)


@pytest.mark.parametrize("claimed", [0.0, 0.3, 0.999999, 1.0])
def test_without_a_map_the_probability_stays_as_it_is(claimed):
    assert made(map=Unchanged().model_dump()).apply(claimed) == claimed


def test_a_share_of_votes_is_never_certain():
    assert odds(made(votes=5, map=Platt(scale=1, shift=0).model_dump()).apply(1.0)) == (
        pytest.approx(11)
    )
    assert log_odds(0.4, votes=5) == pytest.approx(math.log(2.5 / 3.5))


@pytest.mark.parametrize(
    "broken",
    [
        pytest.param({"map": {"method": "platt", "scale": -1, "shift": 0}}, id="a falling line"),
        pytest.param({"map": {"method": "platt", "scale": "NaN", "shift": 0}}, id="no number"),
        pytest.param({"map": {"method": "magic"}}, id="an unknown method"),
        pytest.param(
            {"map": {"method": "isotonic", "x": [0.5, 0.1], "y": [0, 1]}}, id="x goes back"
        ),
        pytest.param({"map": {"method": "isotonic", "x": [0, 1], "y": [1, 0]}}, id="y falls"),
        pytest.param({"map": {"method": "isotonic", "x": [0, 1], "y": [1]}}, id="y is shorter"),
        pytest.param({"map": {"method": "isotonic", "x": [], "y": []}}, id="no points"),
        pytest.param({"tie_rates": {"TB1": {"right": 2, "total": 1}}}, id="more right than asked"),
        pytest.param({"tie_rates": {"TB9": {"right": 1, "total": 1}}}, id="a rule there is not"),
        pytest.param({"prior": 1.5}, id="a prior that is no share"),
        pytest.param({"surprise": 1}, id="an unknown key"),
    ],
)
def test_a_calibration_that_cannot_be_is_refused(broken):
    with pytest.raises(ValidationError):
        made(**broken)


class TestAppliedToARow:
    """What `apply_policy` makes of a prediction when there is a calibration."""

    def test_the_row_has_the_calibrated_probability_and_no_longer_says_uncalibrated(self):
        row = row_of()
        assert odds(row.p_build) == pytest.approx(math.sqrt(99) / 2)
        assert row.probability == row.p_build
        assert (row.label, row.decided_by, row.probability_from) == (B, DecidedBy.MODEL, "logprobs")

    def test_of_an_automate_answer_the_probability_is_the_other_side(self):
        row = row_of(replace(SAYS, label=A, p_build=0.01))
        assert row.probability == pytest.approx(1 - row.p_build)
        assert row.probability > 0.95

    @pytest.mark.parametrize(
        ("claimed", "decided_by"),
        [
            # 0.65 has odds of 13/7; this map claims it at odds of (2 · 13/7)², that is 0.93242.
            pytest.param(0.9325, DecidedBy.MODEL, id="calibrated just over the threshold"),
            pytest.param(0.9324, DecidedBy.TB1, id="calibrated just under it"),
        ],
    )
    def test_torn_is_judged_by_the_calibrated_probability(self, claimed, decided_by):
        assert row_of(replace(SAYS, p_build=claimed)).decided_by is decided_by
        uncalibrated = row_of(replace(SAYS, p_build=claimed), calibration=None)
        assert uncalibrated.decided_by is DecidedBy.MODEL

    def test_a_label_that_its_calibrated_probability_speaks_against_is_torn(self):
        wary = made(map=Platt(scale=1, shift=-3).model_dump())
        signals = Signals(existing_process=True)
        row = row_of(replace(SAYS, p_build=0.8, signals=signals), wary)
        assert 1 - row.p_build > 0.65
        assert (row.label, row.decided_by) == (A, DecidedBy.TB3)

    @pytest.mark.parametrize(
        ("signal", "rule", "rate"),
        [
            # Ten cases at the threshold of 0.65 are added to each rule's own.
            pytest.param("customer_facing_software", DecidedBy.TB1, 38.5 / 50, id="forty cases"),
            pytest.param("custom_system", DecidedBy.TB2, 9.5 / 13, id="few cases, all right"),
            pytest.param("existing_process", DecidedBy.TB3, 6.5 / 12, id="few cases, all wrong"),
            pytest.param("instructs_reader", DecidedBy.TB4, None, id="no case at all"),
        ],
    )
    def test_a_row_that_a_tie_rule_decided_has_the_rules_rate(self, signal, rule, rate):
        row = row_of(replace(SAYS, p_build=0.6, signals=Signals(**{signal: True})))
        assert row.decided_by is rule
        assert row.probability == (rate and pytest.approx(rate))
        assert row.probability_from == ("tie-rule" if rate else None)
        assert row.p_build == pytest.approx(MADE.apply(0.6))

    def test_a_rate_holds_only_at_the_threshold_that_it_was_found_at(self):
        row = row_of(replace(SAYS, p_build=0.6), threshold=0.7)
        assert (row.decided_by, row.probability) == (DecidedBy.TB1, None)
        assert row.probability_from is None

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param({"probability_from": "stated-uncalibrated"}, id="another kind"),
            pytest.param({"probability_from": "embedded"}, id="one that was calibrated before"),
            pytest.param({"votes": (B, B, A)}, id="votes"),
            pytest.param({"p_build": None, "probability_from": None}, id="none at all"),
        ],
    )
    def test_it_is_not_applied_to_another_kind_of_probability(self, other):
        said = replace(SAYS, **other)
        assert row_of(said) == row_of(said, calibration=None)
        torn = replace(said, signals=replace(said.signals, mixed=True))
        assert row_of(torn).decided_by is DecidedBy.TB1
        assert row_of(torn).probability is None

    def test_it_is_applied_to_as_many_votes_as_it_was_fitted_to(self):
        three = made(votes=3, probability_from="votes", map=Platt(scale=1, shift=0).model_dump())
        said = replace(SAYS, p_build=2 / 3, probability_from="votes-uncalibrated", votes=(B, B, A))
        assert row_of(said, three).p_build == pytest.approx(2.5 / 4)
        assert row_of(replace(said, votes=(B, B)), three).p_build == 2 / 3

    def test_an_abstention_has_no_probability(self):
        row = row_of(replace(SAYS, signals=Signals(neither=True)))
        assert (row.p_build, row.probability, row.probability_from) == (None, None, None)


def write(path, calibration=MADE):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(calibration.model_dump_json(), encoding="utf-8")
    return path


class TestFinding:
    """Which file is used."""

    def test_what_was_written_is_what_is_read(self, tmp_path):
        assert load_calibration(write(tmp_path / "x.json")) == MADE

    def test_the_first_file_about_the_same_model_is_taken(self, tmp_path):
        paths = [
            tmp_path / "missing.json",
            write(tmp_path / "file" / "other.json", made(model="m2")) / "below a file",
            write(tmp_path / "other.json", made(model="m2")),
            write(tmp_path / "mine.json", made(cases=1)),
            write(tmp_path / "shipped.json"),
        ]
        assert find_calibration(MADE.identity, paths).cases == 1
        assert find_calibration(MADE.identity, paths[:3]) is None

    @pytest.mark.parametrize(
        "other",
        [
            pytest.param({"backend": "cascade"}, id="backend"),
            pytest.param({"model": "m-2"}, id="model"),
            pytest.param({"prompt": "guide@2"}, id="prompt"),
            pytest.param({"prompt": None}, id="no prompt"),
        ],
    )
    def test_another_identity_has_another_file_and_does_not_take_this_one(self, tmp_path, other):
        changed = made(**other).identity
        assert changed.file_name != MADE.identity.file_name
        assert find_calibration(changed, [write(tmp_path / "x.json")]) is None

    @pytest.mark.parametrize(
        ("one", "other"),
        [
            pytest.param(Identity("llm", "a/b", None), Identity("llm", "a:b", None), id="signs"),
            pytest.param(Identity("llm", "a", "b-c"), Identity("llm", "a-b", "c"), id="borders"),
            pytest.param(
                Identity("llm", "m" * 300, "x"), Identity("llm", "m" * 300, "y"), id="long names"
            ),
        ],
    )
    def test_names_that_look_alike_in_a_file_name_are_told_apart(self, one, other):
        assert one.file_name != other.file_name
        assert all(len(name.file_name) < 120 for name in (one, other))
        assert not set("/\\: ") & set(one.file_name)

    @pytest.mark.parametrize(
        ("content", "says"),
        [
            pytest.param(b"", "JSON", id="empty"),
            pytest.param(b'{"backend": "llm"', "JSON", id="cut off"),
            pytest.param(b"[]", "object", id="another shape"),
            pytest.param(b"{}", "backend", id="nothing in it"),
            pytest.param(b"\xff\xfe", "JSON", id="no text"),
        ],
    )
    def test_a_damaged_file_is_an_error_that_names_it_and_the_cure(self, tmp_path, content, says):
        path = tmp_path / "damaged.json"
        path.write_bytes(content)
        with pytest.raises(SettingsError, match=r"damaged\.json.*eval calibrate") as caught:
            find_calibration(MADE.identity, [path])
        assert says in caught.value.message

    def test_a_folder_in_its_place_is_an_error_too(self, tmp_path):
        (tmp_path / "x.json").mkdir()
        with pytest.raises(SettingsError, match=r"x\.json"):
            load_calibration(tmp_path / "x.json")


def opened(backend, tmp_path, **options):
    given = {"cache": tmp_path / "ledger.sqlite3", **options}
    opened = open_backend(Options(backend, "test-model", "http://127.0.0.1:9/v1", **given))
    asyncio.run(opened.aclose())
    return opened


def mine(tmp_path, identity, **changes):
    """Put a calibration about `identity` where the user's own are looked for."""
    names = {"backend": identity.backend, "model": identity.model, "prompt": identity.prompt}
    folder = calibration_folder(Options(cache=tmp_path / "ledger.sqlite3"))
    return write(folder / identity.file_name, made(**names, **changes))


class TestOpeningABackend:
    """A backend comes with its calibration, if there is one."""

    def test_an_llm_has_none_until_one_was_fitted(self, tmp_path):
        found = opened(Backend.LLM, tmp_path)
        assert found.calibration is None
        mine(tmp_path, found.model.identity)
        assert opened(Backend.LLM, tmp_path).calibration.map == HALF
        assert opened(Backend.LLM, tmp_path, prompt="definition").calibration is None

    def test_a_cascade_has_its_own_at_its_own_threshold(self, tmp_path):
        found = opened(Backend.CASCADE, tmp_path, cascade_threshold=0.8)
        assert isinstance(found.model, Cascade)
        mine(tmp_path, found.model.identity)
        mine(tmp_path, opened(Backend.LLM, tmp_path).model.identity)
        assert found.calibration is None
        again = opened(Backend.CASCADE, tmp_path, cascade_threshold=0.8)
        assert again.calibration.backend == "cascade"
        assert opened(Backend.CASCADE, tmp_path, cascade_threshold=0.9).calibration is None

    def test_the_embedded_model_has_the_shipped_one_unless_the_user_fitted_another(self, tmp_path):
        shipped = opened(Backend.EMBEDDED, tmp_path)
        assert shipped.calibration is not None
        assert shipped.calibration == load_calibration(WEIGHTS / "calibration.json")
        mine(tmp_path, shipped.model.identity, probability_from="embedded")
        assert opened(Backend.EMBEDDED, tmp_path).calibration.map == HALF

    def test_at_another_prior_nothing_that_was_fitted_holds(self, tmp_path):
        mine(tmp_path, opened(Backend.EMBEDDED, tmp_path).model.identity)
        assert opened(Backend.EMBEDDED, tmp_path, prior=0.3).calibration is None

    def test_a_damaged_file_stops_it(self, tmp_path):
        path = mine(tmp_path, opened(Backend.LLM, tmp_path).model.identity)
        path.write_text("{", encoding="utf-8")
        with pytest.raises(SettingsError, match=path.name):
            opened(Backend.LLM, tmp_path)
        assert opened(Backend.LLM, tmp_path, prompt="definition").calibration is None


class TestShippedWithTheEmbeddedModel:
    """models/embedded/data/calibration.json, which the training command writes."""

    shipped = load_calibration(WEIGHTS / "calibration.json")

    def test_it_was_made_with_the_weights_that_ship(self):
        assert self.shipped.identity == EmbeddedModel().identity
        assert self.shipped.fitted_on.file == "real texts that are not published"
        assert (self.shipped.map.method, self.shipped.prior) == ("none", 0.5)

    def test_a_row_is_as_likely_right_as_its_label_and_its_scope_together(self):
        model = EmbeddedModel()
        sure = Problem("1", "We copy every order by hand into QuickBooks")
        said = model.read(sure.text)
        row = apply_policy(sure, said, model, Policy(calibration=self.shipped))
        assert row.probability == (1 - said.p_build) * said.p_in_scope
        assert (row.probability_from, row.decided_by) == ("embedded", DecidedBy.MODEL)

    def test_a_rule_that_decided_few_real_texts_makes_no_label_sure(self):
        model = EmbeddedModel()
        problem = Problem("1", "We copy every order by hand into QuickBooks")
        torn = replace(model.read(problem.text), p_build=0.6)
        row = apply_policy(problem, torn, model, Policy(calibration=self.shipped))
        assert (row.decided_by, row.probability_from) == (DecidedBy.TB3, "tie-rule")
        assert 0.65 < row.probability < 0.8

    @pytest.mark.parametrize("prior", [0.5, 0.3])
    def test_labels_that_are_not_sure_enough_need_review_at_every_prior(self, prior, tmp_path):
        opened = open_backend(Options(Backend.EMBEDDED, prior=prior, cache=tmp_path / "cache"))
        assert opened.review_below(None) == self.shipped.review_below > 0.8
        assert opened.review_below(0.5) == 0.5

    def test_a_calibration_of_ones_own_keeps_the_review_threshold(self, tmp_path):
        options = Options(Backend.EMBEDDED, cache=tmp_path / "cache")
        own = self.shipped.model_copy(update={"review_below": None, "flagged": None})
        path = calibration_folder(options) / own.identity.file_name
        path.parent.mkdir(parents=True)
        path.write_text(own.model_dump_json(), encoding="utf-8")
        opened = open_backend(options)
        assert opened.calibration == own
        assert opened.review_below(None) == self.shipped.review_below

    def test_without_it_nothing_is_answered(self, tmp_path, monkeypatch):
        monkeypatch.setattr("triage_agent.models.embedded.WEIGHTS", tmp_path)
        with pytest.raises(SettingsError, match="Reinstall"):
            open_backend(Options(Backend.EMBEDDED, cache=tmp_path / "cache"))
