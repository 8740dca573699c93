"""Where the passages stand that a model copied out of a text."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.errors import ReplyError
from triage_agent.intake import SplitText, apart_by
from triage_agent.models import split_text
from triage_agent.models.llm.passages import PASSAGES, Misfit, Passages, passages_schema, places_of
from triage_agent.models.protocols import ChatReply, ChatRequest, Message
from triage_agent.types import Usage

TEXT = 'Two things: (1) our "till" is slow – always. (2)the café’s menu is wrong; ask [EMAIL_1]'


def reply(content, **options):
    return ChatReply(content, Usage(1, 10, 5), **options)


def read(content, text=TEXT, **options):
    """Return what is read in a reply about a text."""
    asked = ChatRequest((Message("user", text),), "passages", passages_schema(), 100, text=text)
    return PASSAGES.read(reply(content, **options), asked)


@pytest.mark.parametrize(
    ("passages", "standing"),
    [
        pytest.param(['our "till" is slow'], ['our "till" is slow'], id="to the letter"),
        pytest.param(["Our  till\nis SLOW"], ['our "till" is slow'], id="case, blanks, quotes"),
        pytest.param(["slow - always"], ["slow – always."], id="another dash, and the full stop"),
        pytest.param(["the café's menu is wrong;"], ["the café’s menu is wrong"], id="apostrophe"),
        pytest.param(["the cafe\u0301’s menu"], ["the café’s menu"], id="accents by themselves"),
        pytest.param(["ask EMAIL_1"], ["ask [EMAIL_1]"], id="a placeholder is whole"),
        pytest.param(["slow", "--", "wrong"], ["slow", "wrong"], id="one without a word"),
    ],
)
def test_a_passage_is_found_whatever_its_typography(passages, standing):
    assert [TEXT[slice(*place)] for place in places_of(passages, TEXT)] == standing


@pytest.mark.parametrize(
    ("passages", "misfit"),
    [
        pytest.param(["our till is fast"], Misfit.INVENTED, id="another word"),
        pytest.param(["our till slow"], Misfit.INVENTED, id="a word less"),
        pytest.param(["our tills"], Misfit.INVENTED, id="part of a word"),
        pytest.param(["menu is wrong", "our till"], Misfit.DISORDERED, id="another order"),
        pytest.param(["our till is", "is slow"], Misfit.DISORDERED, id="a word twice"),
    ],
)
def test_what_does_not_stand_there_is_no_passage(passages, misfit):
    assert places_of(passages, TEXT) is misfit


@pytest.mark.parametrize(
    "content",
    [
        pytest.param('{"problems": ["our till"]}', id="plain"),
        pytest.param('Here:\n```json\n{"problems": ["our till"]}\n```', id="in words and a fence"),
        pytest.param('{"Problems": ["our till",]}', id="with slips"),
        pytest.param('{"problems": ["draft"]} {"problems": ["our till"]}', id="after a draft"),
    ],
)
def test_the_last_object_that_fits_is_the_reply(content):
    found = read(content)
    assert [TEXT[slice(*place)] for place in found.places] == ['our "till"']
    assert found.usage == Usage(1, 10, 5)


@pytest.mark.parametrize(
    ("content", "options", "kind"),
    [
        ("No.", {}, "not_json"),
        ('{"problems": "our till"}', {}, "bad_schema"),
        ('{"problems": [1]}', {}, "bad_schema"),
        ('{"problems": ["our till"]}', {"cut_off": True}, "truncated"),
        ('{"problems": ["our till"', {"cut_off": True}, "truncated"),
    ],
)
def test_what_is_no_list_of_passages_is_an_error(content, options, kind):
    with pytest.raises(ReplyError) as error:
        read(content, **options)
    assert error.value.kind == kind


@pytest.mark.parametrize(
    "places", [[[0, 10_000]], [[5, 2]], [[3, 3]], [[4, 9], [6, 12]], [[-1, 4]], ["ab"], "ab"]
)
def test_places_that_a_damaged_cache_holds_are_not_used(places):
    packed = json.dumps(
        {"places": places, "misfit": None, "usage": [1, 2, 3], "output_mode": "plain"}
    )
    with pytest.raises((ValueError, TypeError)):
        PASSAGES.unpack(packed, TEXT)


def test_what_is_packed_is_read_back():
    found = Passages(((0, 3), (5, 9)), None, Usage(1, 2, 3), "json_schema")
    assert PASSAGES.unpack(PASSAGES.pack(found, TEXT), TEXT) == found
    misfit = Passages((), Misfit.INVENTED, Usage(1, 2, 3), "json_schema")
    assert PASSAGES.unpack(PASSAGES.pack(misfit, TEXT), TEXT) == misfit


DOUBTFUL = [
    "our till is slow and the website has no prices and staff forget to log hours",
    "Leads get lost and invoices are late",
]
WORDS = sorted({word for text in DOUBTFUL for word in text.split()} | {"invented", "(1)", "…"})


@given(
    st.sampled_from(DOUBTFUL),
    st.lists(st.lists(st.sampled_from(WORDS), max_size=8).map(" ".join), max_size=5)
    | st.lists(st.text(max_size=40), max_size=3),
)
def test_any_reply_gives_nothing_or_passages_of_the_text_in_order(text, passages):
    found = read(json.dumps({"problems": passages}), text)
    ends = [place for one in found.places for place in one]
    assert ends == sorted(ends)
    assert all(text[start:end].strip() for start, end in found.places)
    apart = apart_by(text, found.places, split_text(text))
    if apart is not None:
        assert isinstance(apart, SplitText)
        assert all(text[one.start : one.end] == one.text for one in apart.problems)
