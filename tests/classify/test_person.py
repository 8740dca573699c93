"""What a person says about a problem decides it, whatever the model said."""

from dataclasses import replace

import pytest

from support.businesses import FAILED, PORTAL, TYPED, UNSURE, VAGUE
from triage_agent.classify import decided_by_person
from triage_agent.types import Abstention, DecidedBy, Label, Outcome

ROWS = {"sure": TYPED, "by a rule": PORTAL, "doubtful": UNSURE, "vague": VAGUE, "failed": FAILED}


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
@pytest.mark.parametrize("label", [*Label, None])
def test_any_answer_decides_any_row_and_settles_what_was_doubtful(row, label):
    answered = decided_by_person(replace(row, holds_several=True), label)
    outcome = Outcome.CLASSIFIED if label else Outcome.ABSTAINED
    assert (answered.outcome, answered.label) == (outcome, label)
    assert answered.decided_by is DecidedBy.PERSON
    assert (answered.abstained_because is None) is bool(label)
    assert (answered.review_reasons, answered.needs_review) == ((), False)
    assert (answered.probability, answered.probability_from) == (None, None)
    assert (answered.error, answered.holds_several) == (None, False)
    assert answered.text == row.text


@pytest.mark.parametrize(
    ("row", "because"), [(TYPED, Abstention.NEITHER), (VAGUE, Abstention.TOO_VAGUE)]
)
def test_what_is_of_neither_kind_keeps_an_earlier_reason(row, because):
    assert decided_by_person(row, None).abstained_because is because


@pytest.mark.parametrize(
    ("label", "rationale"),
    [(TYPED.label, TYPED.rationale), (Label.BUILD, "Customers pay for it.")],
    ids=["the model's label", "another label"],
)
def test_the_models_reason_stays_only_with_its_label(label, rationale):
    assert decided_by_person(TYPED, label, "Customers pay for it.").rationale == rationale
