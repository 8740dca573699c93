"""A sentence is cut only where its pieces can stand alone; in doubt it stays whole and says so."""

import json
from pathlib import Path

import pytest

from triage_agent.intake import Role, Verdict, split_problems
from triage_agent.intake.clauses import has_verb
from triage_agent.models.embedded.splitter import split_text

SENTENCES = [
    json.loads(line)
    for line in (Path(__file__).parent / "sentences.jsonl").read_text("utf-8").splitlines()
]


class Cutter:
    """A judge that cuts wherever a problem may begin."""

    def roles(self, text, units):
        return Verdict((Role.BEGIN,) * len(units), several=True, sure=True)


@pytest.mark.parametrize(
    "text",
    [
        "Our printers and our scanners don't talk to the same network",
        "Buying and shipping both enter the same order",
        "Because the gate is broken, trucks queue on the road, and neighbours ring the police",
        "When a nurse is off, the ward phones round, and visits are skipped",
        "Each week we add up the tills by hand, and because the rolls fade, my wife guesses half",
        "We keep prices in a book and it gets lost",
        "The form is too long, so people give up before the end",
        "Late, incomplete and hand-written delivery notes",
        "Time-poor, running several boards",
    ],
)
def test_pieces_of_one_clause_are_never_parted(text):
    found = split_problems(text, Cutter())
    assert [one.text for one in found.problems] == [text]
    assert not found.holds_several


@pytest.mark.parametrize(
    ("text", "proposed"),
    [
        (
            "Permits are filed late and the museum has no ticket shop",
            ["Permits are filed late", "the museum has no ticket shop"],
        ),
        (
            "We mislay the keys of tenants and forget to bill the repairs",
            ["We mislay the keys of tenants", "forget to bill the repairs"],
        ),
        (
            "The people of the night shift and the cleaners use different lists",
            ["The people of the night shift", "the cleaners use different lists"],
        ),
        ("permits, keys, lost badges", ["permits", "keys", "lost badges"]),
    ],
)
def test_pieces_that_may_be_one_problem_are_doubted(text, proposed):
    found = split_problems(text, Cutter())
    assert [one.text for one in found.problems] == [text]
    assert found.holds_several
    assert [one.text for one in found.proposed] == proposed


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        (
            "Permits are filed late, the depot has no plan, and visitors can't buy tickets",
            ["Permits are filed late", "the depot has no plan", "visitors can't buy tickets"],
        ),
        (
            "Permits are filed late, also visitors can't buy tickets",
            ["Permits are filed late", "also visitors can't buy tickets"],
        ),
        ("Permits, Depots, Tickets", ["Permits", "Depots", "Tickets"]),
        ("late permits, empty depots, lost keys", ["late permits", "empty depots", "lost keys"]),
        (
            "Permits are filed late. Visitors can't buy tickets.",
            ["Permits are filed late.", "Visitors can't buy tickets."],
        ),
    ],
)
def test_lists_and_what_says_also_are_cut(text, problems):
    found = split_problems(text, Cutter())
    assert [one.text for one in found.problems] == problems
    assert not found.holds_several


@pytest.mark.parametrize(
    ("piece", "found"),
    [
        ("Our online shop", False),
        ("holiday requests", False),
        ("the till doesn't balance", True),
        ("drivers phone the office", True),
        ("she types every letter", True),
        ("reports eat our Fridays", True),
        ("trouble with the lease", False),
        ("half the keys", False),
    ],
)
def test_a_finite_verb_is_known_by_its_form_or_its_neighbours(piece, found):
    assert has_verb(piece) is found


def test_no_sentence_that_says_one_thing_becomes_several():
    """Of sixty, written before the rules were; the judge alone cut fourteen."""
    ones = [case["text"] for case in SENTENCES if case["kind"] == "one"]
    assert len(ones) == 60
    assert [text for text in ones if len(split_text(text).problems) > 1] == []
    assert sum(split_text(text).holds_several for text in ones) <= 5


def test_few_sentences_that_hold_several_problems_pass_as_one():
    texts = [case["text"] for case in SENTENCES if case["kind"] == "several"]
    assert len(texts) == 30
    found = [split_text(text) for text in texts]
    assert sum(len(one.problems) == 1 and not one.holds_several for one in found) <= 2
