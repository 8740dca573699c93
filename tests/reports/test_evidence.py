"""The words that an answer rests on: where they stand, and when they are worth showing."""

from dataclasses import replace

import pytest

from support.businesses import TYPED
from triage_agent.reports.evidence import passages, shown_evidence


@pytest.mark.parametrize(
    ("text", "evidence", "pieces"),
    [
        pytest.param("Leads get lost", (), [("Leads get lost", False)], id="none"),
        pytest.param("Leads", ("Leads",), [("Leads", True)], id="all of it"),
        pytest.param("a b c", ("c", "a"), [("a", True), (" b ", False), ("c", True)], id="two"),
        pytest.param("a b c", ("a b", "b c"), [("a b c", True)], id="overlapping"),
        pytest.param("a b c", ("a ", "b"), [("a b", True), (" c", False)], id="touching"),
        pytest.param("a b a", ("a",), [("a", True), (" b a", False)], id="the first of two"),
        pytest.param("a b", ("x", ""), [("a b", False)], id="what does not stand there"),
        pytest.param("", ("x",), [], id="no text"),
    ],
)
def test_evidence_is_marked_where_it_stands(text, evidence, pieces):
    assert passages(text, evidence) == pieces


@pytest.mark.parametrize(
    ("text", "evidence", "tells"),
    [
        pytest.param(
            "Hello. Leads get lost.", ("Leads get lost",), True, id="one of two sentences"
        ),
        pytest.param("Leads get lost", ("get lost",), True, id="some of the words"),
        pytest.param("Leads get lost.", ("Leads get lost",), False, id="all but the full stop"),
        pytest.param("Leads get lost", ("Leads", "get lost"), False, id="all words, by two quotes"),
        pytest.param("大きい 在庫", ("大きい",), True, id="words of another language"),
        pytest.param("Leads get lost", (), False, id="no quote"),
    ],
)
def test_evidence_is_shown_where_it_singles_out_a_part_of_the_text(text, evidence, tells):
    row = replace(TYPED, text=text, evidence=evidence)
    assert shown_evidence(row) == (evidence if tells else ())
