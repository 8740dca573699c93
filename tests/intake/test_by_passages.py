"""A text is taken apart by passages that somebody else chose, or not at all."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.intake import MOST_PASSAGES, Passage, SplitText, apart_by, read_text
from triage_agent.models import split_text

TILL = "our till is slow and the website has no prices and staff forget to log hours"
MAIL = (
    "Hi team,\n\nwe lose leads and nobody answers the phone on Mondays and the stock list is "
    "wrong\n\nBest regards\nAnn Smith\nann@example.com"
)


def places(text, parts):
    """Return where parts stand in a text, each behind the one before it."""
    found, at = [], 0
    for part in parts:
        start = text.index(part, at)
        at = start + len(part)
        found.append((start, at))
    return found


def apart(text, *parts):
    """Return the text taken apart by these parts of it."""
    return apart_by(text, places(text, parts), split_text(text))


def texts(passages):
    return [one.text for one in passages]


def test_the_passages_are_the_problems_and_a_joint_is_nothing():
    found = apart(
        TILL, "our till is slow", "the website has no prices", "staff forget to log hours"
    )
    assert texts(found.problems) == [
        "our till is slow",
        "the website has no prices",
        "staff forget to log hours",
    ]
    assert (found.context, found.furniture, found.holds_several) == ((), (), False)


@pytest.mark.parametrize(
    "parts",
    [
        pytest.param(["our till is slow", "the website has no prices"], id="the last one"),
        pytest.param(["our till is slow", "staff forget to log hours"], id="one in the middle"),
        pytest.param(["the website has no prices", "staff forget to log hours"], id="the first"),
        pytest.param(
            ["our till is slow", "the website", "staff forget to log hours"], id="what is wrong"
        ),
        pytest.param([], id="all of them"),
    ],
)
def test_passages_that_leave_out_a_problem_are_no_reading(parts):
    assert apart(TILL, *parts) is None


def test_a_passage_that_joins_what_was_proposed_as_two_is_not_sure():
    joined = "our till is slow and the website has no prices"
    found = apart(TILL, joined, "staff forget to log hours")
    assert (texts(found.problems)[0], found.unsure, found.holds_several) == (joined, (0,), False)
    read = read_text(TILL, lambda _: found)
    assert [one.holds_several for one in read.problems] == [True, False]


def test_a_reason_is_not_parted_from_what_it_is_of():
    """A small model left out "since", and made two problems of one."""
    text = "our takings have fallen by half and we cannot tell anybody since we have no addresses"
    assert split_text(text).holds_several
    parts = ["our takings have fallen by half", "we cannot tell anybody"]
    assert apart(text, *parts, "we have no addresses") is None
    assert apart(text, parts[0], "we cannot tell anybody since we have no addresses") is not None


def test_a_bare_name_is_no_problem():
    """Two subjects of one verb would be two problems, of which the first says nothing."""
    text = "Sales and marketing don't talk and the website has no prices"
    parts = ["Sales", "marketing don't talk", "the website has no prices"]
    assert split_text(text).holds_several
    assert apart(text, *parts) is None
    assert apart(text, "Sales and marketing don't talk", parts[2]) is not None


def test_a_passage_of_furniture_alone_is_none_and_stays_furniture():
    problems = ["nobody answers the phone on Mondays", "the stock list is wrong"]
    found = apart(MAIL, "Hi team,", "we lose leads", *problems, "Best regards\nAnn Smith")
    assert texts(found.problems) == ["we lose leads", *problems]
    assert texts(found.furniture) == texts(split_text(MAIL).furniture)


def test_furniture_at_the_end_of_a_passage_is_left_out_of_it():
    problems = ["nobody answers the phone on Mondays", "the stock list is wrong\n\nBest regards"]
    found = apart(MAIL, "Hi team,\n\nwe lose leads", *problems)
    assert texts(found.problems) == [
        "we lose leads",
        "nobody answers the phone on Mondays",
        "the stock list is wrong",
    ]


def test_what_the_judge_takes_for_context_may_be_left_out_and_is_shown():
    text = "We are a bakery with nine people. our till is slow and the website has no prices"
    doubtful = split_text(text)
    parts = places(text, ["our till is slow", "the website has no prices"])
    kept = [one for one in doubtful.proposed if "bakery" not in one.text]
    found = apart_by(text, parts, SplitText(doubtful.problems, (), (), True, tuple(kept)))
    assert texts(found.context) == ["We are a bakery with nine people."]


def test_more_passages_than_any_text_holds_are_no_reading():
    parts = [f"machine number {n} is broken" for n in range(MOST_PASSAGES + 1)]
    text = ". ".join(parts)
    doubtful = SplitText((Passage(text, 0, len(text)),), holds_several=True)
    assert apart_by(text, places(text, parts), doubtful) is None
    assert len(apart_by(text, places(text, parts[1:]), doubtful).problems) == MOST_PASSAGES


LISTED = "1. a, b and c\n2. Leads get lost and so on"
INSIDE_WORDS = {
    text: {one.start() + 1 for one in re.finditer(r"\w(?=\w)", text)}
    for text in (TILL, MAIL, LISTED)
}


@given(st.data())
def test_any_places_give_none_or_passages_of_the_text_in_order(data):
    text = data.draw(st.sampled_from([TILL, MAIL, LISTED]))
    cuts = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=8)))
    chosen = list(zip(cuts[::2], cuts[1::2], strict=False))
    doubtful = split_text(text)
    found = apart_by(text, chosen, doubtful)
    if found is None:
        return
    every = sorted((*found.problems, *found.context, *found.furniture), key=lambda one: one.start)
    assert found.problems
    assert all(text[one.start : one.end] == one.text for one in every)
    ends = [place for one in found.problems for place in (one.start, one.end)]
    assert ends == sorted(ends)
    held = " ".join(one.text for one in every)
    if not set(cuts) & INSIDE_WORDS[text]:
        for proposed in doubtful.proposed:
            assert set(re.findall(r"\w{5,}", proposed.text)) <= set(re.findall(r"\w+", held))
