"""What nobody reads in a text changes neither its words nor its problems."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.intake import read_text
from triage_agent.intake.unseen import places_in, readable
from triage_agent.models.embedded.splitter import split_text
from triage_agent.models.embedded.text import tidy

CLEAN = "Our bookkeeper copies every supplier bill into two ledgers by hand"


@pytest.mark.parametrize(
    "dirty",
    [
        pytest.param(CLEAN.replace("copies", "\x1b[1;32mcopies\x1b[0m"), id="colours"),
        pytest.param(CLEAN.replace("copies", "[1;32mcopies[0m"), id="remnants of colours"),
        pytest.param("\x1b]0;a title\x07" + CLEAN, id="a title"),
        pytest.param("]0;a title\x07" + CLEAN, id="what is left of a title"),
        pytest.param(CLEAN.replace("copies", "\x9b31mcopies"), id="a colour in one control"),
        pytest.param(CLEAN.replace("copies", "\udc9b31mcopies"), id="an undecodable byte"),
        pytest.param(CLEAN.replace(" every", "\x07 every\x00"), id="a bell and a zero"),
        pytest.param(CLEAN.replace("supplier", "sup\u200bpl\u2060ier\u202e"), id="unseen marks"),
        pytest.param(CLEAN.replace("supplier", "sup\xadplier"), id="a soft hyphen"),
        pytest.param("\x1b[2J\x1b[H" + CLEAN + "\x1b(B", id="a screen that is repainted"),
    ],
)
def test_what_is_not_seen_changes_neither_words_nor_problems(dirty):
    assert readable(dirty) == CLEAN
    assert tidy(dirty).text == CLEAN
    (found,) = read_text(dirty, split_text).problems
    assert readable(found.text) == CLEAN
    assert dirty[found.source.start : found.source.end] == found.text.replace("\ufffd", "\udc9b")


@pytest.mark.parametrize(
    "text",
    [
        "we lay pipes [20m long] and write the list twice",
        "see [1] and [2]\r\nthen\u2028next",
        "नमस्ते, می‌خواهم 👩‍💻 1️⃣",
        "prices ]0 to 5[ are wrong",
    ],
)
def test_what_is_seen_stays(text):
    assert readable(text) == text


@given(st.text(st.sampled_from("ab. \n\x1b[31m]\x07\u200b\ud800\udc9b;1\r\u202e"), max_size=60))
def test_each_readable_character_has_its_place(text):
    seen = readable(text)
    places = places_in(text, seen)
    assert places == sorted(set(places))
    assert all(one in {text[n], "\ufffd"} for one, n in zip(seen, places, strict=True))


def test_places_in_the_original_skip_what_is_not_seen():
    found = tidy("a \x1b[31mbad day")
    assert found.text == "a bad day"
    assert [found.origin[place] for place in (0, 2)] == [0, 7]
