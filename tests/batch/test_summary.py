"""A batch in numbers, and its review queue: most valuable first, in little memory."""

from dataclasses import replace
from itertools import permutations

import pytest

from triage_agent.advice.decision import decide
from triage_agent.advice.rules import Profile
from triage_agent.batch.reviews import needs_person
from triage_agent.batch.summary import MOST_SHOWN, BatchSummary, shortened_text
from triage_agent.intake.stated_revenue import parse_revenue
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Failure,
    Function,
    Label,
    Outcome,
    ReviewReason,
    Source,
)

B, A = Label.BUILD, Label.AUTOMATE
SURE = Classification(
    "2.1", "Stock is wrong", Outcome.CLASSIFIED, "b", "m", label=A, probability=0.9
)
SHAKY = replace(SURE, review_reasons=(ReviewReason.TB4,), probability=None)
CUT = replace(SURE, review_reasons=(ReviewReason.TRUNCATED,), probability=0.7)
NO_QUOTE = replace(SURE, review_reasons=(ReviewReason.NO_EVIDENCE,), probability=0.95)
VAGUE = replace(
    SURE,
    outcome=Outcome.ABSTAINED,
    label=None,
    abstained_because=Abstention.TOO_VAGUE,
    probability=None,
)
FAILED = replace(
    SURE,
    outcome=Outcome.ERROR,
    label=None,
    probability=None,
    error=Failure("service_timeout", "Slow.", retryable=True),
)
BY_PERSON = replace(VAGUE, decided_by=DecidedBy.PERSON)


def business(*rows):
    """Return the rows with their ids, and the decision."""
    rows = [replace(row, id=f"2.{n}") for n, row in enumerate(rows, start=1)]
    return rows, decide(rows, Profile(parse_revenue("3M"), sells_software=False))


def summary_of(*businesses):
    summary = BatchSummary()
    for number, rows in enumerate(businesses, start=2):
        summary.add(number, f"b{number}", *business(*rows))
    return summary


def test_everything_is_counted():
    summary = summary_of(
        [SURE, SURE, replace(SURE, label=B, function=Function.SALES)],
        [replace(SURE, function=Function.SALES), VAGUE, FAILED],
        [],
    )
    assert (summary.businesses, summary.problems, summary.provisional) == (3, 6, 2)
    assert summary.labels == {
        "automate-process": 3,
        "build-software": 1,
        "abstained": 1,
        "error": 1,
    }
    assert summary.recommendations == {"fractional-ai-officer": 2, "no-decision": 1}
    assert summary.functions == {"sales": 2}
    assert summary.errors == {"service_timeout": 1}
    assert summary.messages == {"service_timeout": "Slow."}


@pytest.mark.parametrize(
    ("row", "waits"),
    [
        pytest.param(SURE, False, id="a label"),
        pytest.param(SHAKY, True, id="a label that needs review"),
        pytest.param(VAGUE, True, id="no label"),
        pytest.param(FAILED, True, id="an error"),
        pytest.param(BY_PERSON, False, id="a person has said that there is none"),
    ],
)
def test_a_person_looks_at_what_needs_review_or_has_no_label(row, waits):
    assert needs_person(row) is waits
    assert summary_of([row]).waiting == waits


def test_what_could_change_a_recommendation_comes_first_then_the_least_sure_then_errors():
    # Two sure problems of one kind: nothing about a third can change what they lead to.
    settled = [[SURE, SURE, SURE, row] for row in (NO_QUOTE, FAILED, CUT, VAGUE, SHAKY)]
    open_ = [[SURE, VAGUE], [CUT]]
    queue = summary_of(*settled, *open_).queue
    assert [(doubt.place, doubt.provisional) for doubt in queue] == [
        ("row 7, problem 2", True),
        ("row 8, problem 1", True),
        ("row 5, problem 4", False),
        ("row 6, problem 4", False),
        ("row 4, problem 4", False),
        ("row 2, problem 4", False),
        ("row 3, problem 4", False),
    ]
    assert queue[0].recommendation.value == "fractional-ai-officer"


def test_the_queue_does_not_depend_on_the_order_in_which_rows_are_added():
    given = [(number, [row]) for number, row in enumerate((CUT, NO_QUOTE, VAGUE, FAILED), start=2)]
    queues = set()
    for order in permutations(given):
        summary = BatchSummary()
        for number, rows in order:
            summary.add(number, "", *business(*rows))
        queues.add(summary.queue)
    assert len(queues) == 1


@pytest.mark.parametrize(("more", "left_out"), [(-1, 0), (0, 0), (1, 1), (50, 50)])
def test_a_long_queue_keeps_its_best_and_counts_the_others(more, left_out):
    summary = BatchSummary()
    for number in range(1, MOST_SHOWN + more + 1):
        probability = 0.5 + (number * 37 % 1000) / 10_000
        row = replace(NO_QUOTE, probability=probability)
        summary.add(number, "", [SURE, SURE, SURE, row], None)
    shown = [doubt.row.probability for doubt in summary.queue]
    everything = sorted(0.5 + (n * 37 % 1000) / 10_000 for n in range(1, MOST_SHOWN + more + 1))
    assert shown == everything[:MOST_SHOWN]
    assert summary.left_out == left_out
    assert summary.waiting == MOST_SHOWN + more


def test_the_queue_holds_the_beginning_of_a_text_and_no_more():
    (doubt,) = summary_of([replace(CUT, text="word " * 500, rationale="x" * 500)]).queue
    assert len(doubt.row.text) <= 200
    assert doubt.row.text.endswith("word…")
    assert (doubt.row.evidence, doubt.row.rationale) == ((), "")
    assert shortened_text(doubt.row) == doubt.row


def test_labels_alone_are_counted_without_recommendations():
    summary = BatchSummary()
    summary.add(2, "b", [VAGUE], None)
    assert (summary.recommendations, summary.provisional) == ({}, 0)
    assert [(doubt.recommendation, doubt.provisional) for doubt in summary.queue] == [(None, False)]


def test_the_problems_of_a_group_name_their_own_rows():
    rows = [replace(VAGUE, id=f"{n}.1", source=Source(n, "Problem")) for n in (2, 9)]
    summary = BatchSummary()
    summary.add(2, "Acme", rows, decide(rows))
    assert [doubt.place for doubt in summary.queue] == ["row 2, problem 1", "row 9, problem 1"]
    assert {doubt.provisional for doubt in summary.queue} == {True}
