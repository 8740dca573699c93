"""One problem and one model in, one classification out: the order of checks, and its reasons."""

import asyncio
from dataclasses import replace
from itertools import count, product

import pytest

from triage_agent.classify.classifier import Policy, apply_policy, classify
from triage_agent.errors import InputError, ReplyError, ServiceError, SettingsError, StopError
from triage_agent.intake import SplitText
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Function,
    Label,
    Outcome,
    Prediction,
    Problem,
    ReviewReason,
    Signals,
    Source,
    Usage,
)

B, A = Label.BUILD, Label.AUTOMATE
NAMES = tuple(Signals.__dataclass_fields__)
TEXT = "We spend 12 hours a week copying orders from e-mails into a spreadsheet."
PROBLEM = Problem("p1", TEXT)
SURE = Prediction(
    label=A,
    signals=Signals(existing_process=True),
    p_build=0.1,
    probability_from="a test",
    function=Function.SALES,
    evidence=("copying orders",),
    rationale="People copy orders by hand. It takes 12 hours a week.",
    usage=Usage(1, 20, 30),
)


class Says:
    """A model that always says the same, and remembers what it was asked."""

    backend = "fake"
    name = "fake-1"
    prompt = "guide@abc"

    def __init__(self, says):
        self.says = says
        self.asked = []

    async def predict(self, problem):
        self.asked.append(problem)
        if isinstance(self.says, BaseException):
            raise self.says
        return self.says

    async def aclose(self):
        pass


def run(says, problem=PROBLEM, policy=None, clock=lambda: 0.0):
    return asyncio.run(classify(problem, Says(says), policy, clock))


def changed(**changes):
    return replace(SURE, **changes)


def with_signals(*names, **changes):
    return changed(signals=Signals(**dict.fromkeys(names, True)), **changes)


def by_the_book(prediction):
    """Return (outcome, label, decided by, because) by PRODUCT.md's order of checks."""
    noticed = {name for name in NAMES if getattr(prediction.signals, name)}
    reasons = [
        ("unknown_language", not prediction.known_language),
        ("neither", "neither" in noticed),
        ("too_vague", "too_vague" in noticed),
    ]
    for reason, holds in reasons:
        if holds:
            return "abstained", None, None, reason
    p = prediction.p_build
    builds = sum(vote is B for vote in prediction.votes)
    torn = [
        p is not None and 0.35 < p < 0.65,
        len(prediction.votes) > 0 and builds == len(prediction.votes) - builds,
        "mixed" in noticed,
    ]
    if not any(torn):
        return "classified", prediction.label.value, "model", None
    for rule, sufficient, label in [
        ("TB1", {"customer_facing_software"}, "build-software"),
        ("TB2", {"engineering_leadership", "custom_system"}, "build-software"),
        ("TB3", {"existing_process"}, "automate-process"),
    ]:
        if sufficient & noticed:
            return "classified", label, rule, None
    return "classified", "automate-process", "TB4", None


def test_every_combination_of_signals_torn_or_not_follows_the_order_of_checks():
    model, policy = Says(None), Policy()
    evidence = [(None, ()), (0.9, ()), (0.5, ()), (0.9, (B, A)), (0.36, (A, A, B))]
    for values in product([False, True], repeat=8):
        signals = Signals(*values)
        for (p_build, votes), label, known in product(evidence, Label, (True, False)):
            prediction = changed(
                signals=signals, p_build=p_build, votes=votes, label=label, known_language=known
            )
            row = apply_policy(PROBLEM, prediction, model, policy)
            got = (
                row.outcome.value,
                row.label and row.label.value,
                row.decided_by and row.decided_by.value,
                row.abstained_because and row.abstained_because.value,
            )
            assert got == by_the_book(prediction), prediction
            expected_review = {"TB4"} if got[2] == "TB4" else set()
            if got[1] and signals.instructs_reader:
                expected_review.add("instructs_reader")
            assert {reason.value for reason in row.review_reasons} == expected_review, prediction


def test_a_sure_prediction_keeps_the_models_label_and_says_everything_about_it():
    ticks = count(100, 7)
    row = run(SURE, clock=lambda: next(ticks))
    assert row == Classification(
        id="p1",
        text=TEXT,
        outcome=Outcome.CLASSIFIED,
        backend="fake",
        model="fake-1",
        label=A,
        p_build=0.1,
        probability=0.9,
        probability_from="a test",
        decided_by=DecidedBy.MODEL,
        signals=Signals(existing_process=True),
        function=Function.SALES,
        hours_per_week=12.0,
        evidence=("copying orders",),
        rationale="People copy orders by hand. It takes 12 hours a week.",
        prompt="guide@abc",
        usage=Usage(1, 20, 30),
        duration_s=7.0,
        holds_several=False,
    )
    assert not row.needs_review


@pytest.mark.parametrize("prediction", [SURE, ReplyError("No.", "empty")], ids=["label", "error"])
@pytest.mark.parametrize(
    ("problem", "several"),
    [
        pytest.param(Problem("1", "1. Orders are typed\n2. Stock is wrong"), True, id="a list"),
        pytest.param(Problem("1", "Orders are typed"), False, id="one problem"),
        pytest.param(Problem("1", "a\n\nb", None, False), False, id="somebody said it is one"),
        pytest.param(Problem("1", "a", Source(7, "P"), True), True, id="it was flagged before"),
    ],
)
def test_a_text_that_holds_several_problems_gets_one_answer_which_needs_review(
    problem, several, prediction
):
    row = asyncio.run(classify(problem, Says(prediction)))
    assert (row.text, row.source, row.holds_several) == (problem.text, problem.source, several)
    flagged = several and row.label is not None
    assert (ReviewReason.HOLDS_SEVERAL in row.review_reasons) is flagged


def test_who_splits_may_be_another():
    row = asyncio.run(
        classify(PROBLEM, Says(SURE), split=lambda text: SplitText((), holds_several=True))
    )
    assert row.review_reasons == (ReviewReason.HOLDS_SEVERAL,)


@pytest.mark.parametrize(
    "signals", [Signals(), Signals(neither=True), Signals(mixed=True)], ids=["sure", "none", "torn"]
)
def test_the_chance_of_being_in_scope_is_carried_whatever_the_outcome(signals):
    assert run(changed(signals=signals, p_in_scope=0.25)).p_in_scope == 0.25
    assert run(changed(signals=signals)).p_in_scope is None


@pytest.mark.parametrize(
    ("label", "p_build", "probability"),
    [
        pytest.param(B, 0.9, 0.9, id="build is as likely as p_build says"),
        pytest.param(A, 0.2, 0.8, id="automation is as likely as the rest"),
        pytest.param(A, 0.9, 0.1, id="a label against the probability is shown as unlikely"),
        pytest.param(B, None, None, id="no probability, no claim"),
    ],
)
def test_probability_is_the_chance_that_the_label_is_right(label, p_build, probability):
    row = run(changed(label=label, p_build=p_build))
    assert row.probability == (None if probability is None else pytest.approx(probability))
    assert row.p_build == p_build


def test_a_tie_decided_row_keeps_p_build_and_claims_no_probability():
    row = run(changed(p_build=0.5))
    assert row.decided_by is DecidedBy.TB3
    assert (row.p_build, row.probability, row.probability_from) == (0.5, None, None)


@pytest.mark.parametrize(
    ("threshold", "decided_by"),
    [(0.6, DecidedBy.MODEL), (0.75, DecidedBy.TB3)],
    ids=["a low threshold leaves it to the model", "a high one to the tie rules"],
)
def test_the_threshold_is_an_option(threshold, decided_by):
    assert run(changed(p_build=0.3), policy=Policy(threshold)).decided_by is decided_by


@pytest.mark.parametrize(
    ("error", "kind", "retryable"),
    [
        pytest.param(
            ReplyError("No JSON.", "not_json", "raw"), "reply_not_json", False, id="a bad reply"
        ),
        pytest.param(
            ServiceError("Too slow.", "timeout"), "service_timeout", True, id="a service that fails"
        ),
        pytest.param(
            ServiceError("No.", "bad_request", retryable=False),
            "service_bad_request",
            False,
            id="a service that will fail again",
        ),
    ],
)
def test_a_failed_call_is_a_row_with_an_error_and_without_a_label(error, kind, retryable):
    row = run(error)
    assert row.outcome is Outcome.ERROR
    assert row.error == Failure(kind, error.message, retryable)
    claims = (row.label, row.p_build, row.probability, row.decided_by, row.abstained_because)
    assert claims == (None,) * 5
    assert (row.signals, row.evidence, row.rationale, row.review_reasons) == (None, (), "", ())
    assert (row.id, row.text, row.model, row.prompt) == ("p1", TEXT, "fake-1", "guide@abc")


@pytest.mark.parametrize(
    "error",
    [
        StopError("The key is not accepted.", "key"),
        SettingsError("No such model."),
        InputError("Unreadable."),
        RuntimeError("a bug"),
        KeyboardInterrupt(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_what_concerns_every_row_is_raised_through(error):
    with pytest.raises(type(error)) as caught:
        run(error)
    assert caught.value is error


@pytest.mark.parametrize(
    ("prediction", "because"),
    [
        pytest.param(with_signals("neither"), Abstention.NEITHER, id="about neither kind"),
        pytest.param(with_signals("too_vague"), Abstention.TOO_VAGUE, id="too vague"),
        pytest.param(
            changed(known_language=False), Abstention.UNKNOWN_LANGUAGE, id="an unknown language"
        ),
        pytest.param(
            with_signals("neither", "mixed", p_build=0.5), Abstention.NEITHER, id="before torn"
        ),
    ],
)
def test_an_abstained_row_has_a_reason_and_no_label(prediction, because):
    row = run(prediction)
    assert (row.outcome, row.abstained_because) == (Outcome.ABSTAINED, because)
    assert (row.label, row.probability, row.decided_by, row.error) == (None,) * 4
    assert row.review_reasons == ()
    assert row.usage == Usage(1, 20, 30)


@pytest.mark.parametrize("text", ["", "  \n", "🙂 !!!", "42", "a"])
def test_a_text_without_words_abstains_and_no_model_is_asked(text):
    model = Says(SURE)
    row = asyncio.run(classify(Problem("x", text), model))
    assert (row.outcome, row.abstained_because) == (Outcome.ABSTAINED, Abstention.TOO_VAGUE)
    assert row.label is None
    assert row.rationale
    assert model.asked == []
    assert row.usage == Usage()


def test_a_model_is_asked_once_with_the_problem_as_it_came():
    model = Says(SURE)
    asyncio.run(classify(PROBLEM, model))
    assert model.asked == [PROBLEM]


@pytest.mark.parametrize(
    ("prediction", "reasons"),
    [
        pytest.param(SURE, [], id="nothing to review"),
        pytest.param(with_signals(p_build=0.5), ["TB4"], id="TB4 decided"),
        pytest.param(changed(p_build=0.5), [], id="another tie rule decided"),
        pytest.param(changed(evidence=()), ["no_evidence"], id="no quote at all"),
        pytest.param(changed(evidence=(), quotes=False), [], id="no quote was asked for"),
        pytest.param(
            changed(evidence=("lost leads", "12 hours a day")), ["no_evidence"], id="none stands"
        ),
        pytest.param(changed(evidence=("lost leads", "12 hours")), [], id="one quote stands"),
        pytest.param(
            with_signals("instructs_reader"), ["instructs_reader"], id="the text gives orders"
        ),
        pytest.param(changed(truncated=True), ["truncated"], id="the text was cut"),
        pytest.param(
            with_signals("instructs_reader", p_build=0.5, evidence=(), truncated=True),
            ["TB4", "no_evidence", "instructs_reader", "truncated"],
            id="all of it at once",
        ),
    ],
)
def test_a_row_needs_review_for_each_reason_and_keeps_its_label(prediction, reasons):
    row = run(prediction)
    assert [reason.value for reason in row.review_reasons] == reasons
    assert row.needs_review is bool(reasons)
    assert row.label is A


def test_quotes_and_numbers_that_do_not_stand_in_the_text_never_reach_the_row():
    row = run(
        changed(
            evidence=("COPYING  orders", "it costs $9,000", "a spreadsheet"),
            rationale="It costs $9,000. Orders are copied. It takes 12 hours, or 600 a year.",
        )
    )
    assert row.evidence == ("copying orders", "a spreadsheet")
    assert row.rationale == "Orders are copied."


def test_hours_a_week_come_from_the_text_for_every_outcome():
    assert run(SURE).hours_per_week == 12
    assert run(with_signals("neither")).hours_per_week == 12
    assert run(ServiceError("m", "server")).hours_per_week == 12
    assert run(SURE, Problem("p", "Orders are copied.")).hours_per_week is None


def test_a_cut_text_is_said_whatever_the_outcome():
    assert run(changed(truncated=True)).truncated
    assert run(with_signals("neither", truncated=True)).truncated
    assert not run(SURE).truncated
