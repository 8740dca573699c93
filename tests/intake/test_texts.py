"""What was given becomes problems: texts are taken apart, problems stay as they are."""

import pytest

from triage_agent.errors import InputError
from triage_agent.intake import Passage, ReadText, Rejected, SplitText, holds_several, read_texts
from triage_agent.types import Problem, Source

GREETING = Passage("Hi", 0, 2)
OWN = Problem("a7", "1. one\n2. two")
BAD = Rejected("9", "", InputError("No."))


def split(text):
    """Split at semicolons; what begins with "Hi" is a greeting, "I sell" is context."""
    problems, aside, context, at = [], [], [], 0
    for part in text.split(";"):
        place = Passage(part, at, at + len(part))
        at += len(part) + 1
        kind = aside if part.startswith("Hi") else context if "I sell" in part else problems
        kind.append(place)
    problems = [one for one in problems if one.text]
    return SplitText(tuple(problems), tuple(context), tuple(aside), "and" in text)


def read(given):
    return list(read_texts(given, split))


def test_a_text_is_taken_apart_and_every_problem_knows_its_place():
    (found,) = read("I sell;one;Hi;two")
    assert found.problems == (
        Problem("1", "one", Source(None, None, 7, 10), holds_several=False),
        Problem("2", "two", Source(None, None, 14, 17), holds_several=False),
    )
    assert found.text == "I sell;one;Hi;two"
    assert [found.text[one.start : one.end] for one in found.set_aside] == ["I sell", "Hi"]


def test_the_problems_of_several_texts_are_numbered_through_and_name_their_text():
    found = [one for text in read(["one;two", "three"]) for one in text.problems]
    assert [(one.id, one.text, one.source.row) for one in found] == [
        ("1", "one", 1),
        ("2", "two", 1),
        ("3", "three", 2),
    ]


def test_a_text_that_is_not_surely_split_is_flagged():
    assert read("one and two")[0].problems[0].holds_several is True


def test_problems_with_ids_of_their_own_are_never_split():
    assert read([OWN, BAD, "x;y"])[:2] == [ReadText((OWN,)), ReadText((BAD,))]
    assert [one.id for one in read([OWN, "x;y"])[1].problems] == ["2", "3"]


def test_texts_are_taken_one_at_a_time():
    def endless():
        while True:
            yield OWN

    assert next(read_texts(endless(), split)).problems == (OWN,)


@pytest.mark.parametrize("given", ["", "Hi", ["Hi Mark", "Hi Ann"], [], [""]], ids=repr)
def test_what_holds_no_problem_is_an_input_error_that_shows_how_to_give_one(given):
    with pytest.raises(InputError, match="There is no problem to read"):
        read(given)


def test_half_a_character_is_replaced():
    assert read("a\ud83d")[0].problems[0].text == "a\ufffd"


@pytest.mark.parametrize(
    ("text", "several"),
    [("one", False), ("one;two", True), ("one and two", True), ("Hi;one", False), ("Hi", False)],
)
def test_a_text_holds_several_if_it_is_split_or_seems_to(text, several):
    assert holds_several(text, split) is several
