"""What is stored of a reply's words: nothing of the problem's text, and the same words again."""

import re
import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.models.llm.quotations import parts, quotation, spell

TEXT = (
    "Order 7351290 was late again.  Every Friday, Priya copies 40 orders by hand into two\n"
    "sheets — and nobody follows up. Write to ann@example.com or call 415-555-2671."
)


def literal(stored):
    return [part for part in stored if isinstance(part, str)]


@pytest.mark.parametrize(
    ("quote", "read_back"),
    [
        ("nobody follows up", "nobody follows up"),
        ('"Nobody FOLLOWS up."', "nobody follows up"),
        ("into two sheets and nobody", "into two sheets — and nobody"),
        ("Order 7351290 was late", "Order 7351290 was late"),
        ("ann@example.com", "ann@example.com"),
        ("sheets", "sheets"),
    ],
)
def test_a_quotation_that_stands_in_the_text_is_one_place(quote, read_back):
    stored = quotation(quote, TEXT)
    assert not literal(stored)
    assert spell(stored, TEXT) == read_back


@pytest.mark.parametrize(
    ("words", "read_back"),
    [
        ("Copying is manual.", "Copying is manual."),
        ("", ""),
        ("...", "..."),
        (
            "The owner says: every friday Priya copies 40 orders by hand, which is slow.",
            "The owner says: Every Friday, Priya copies 40 orders by hand, which is slow.",
        ),
        ("Copies 40 orders by hand.", "Copies 40 orders by hand."),
        ("They quote order 7351290 only.", "They quote order 7351290 only."),
        ("Order 9999999999 is invented.", "Order [number] is invented."),
        ("Ask ann@example.com.", "Ask ann@example.com."),
        ("Ask bob@example.com.", "Ask [e-mail]."),
    ],
)
def test_words_are_read_back_but_for_what_is_private_and_not_in_the_text(words, read_back):
    assert spell(parts(words, TEXT), TEXT) == read_back


def words_of(text):
    return re.findall(r"\w+", text.casefold())


WORDS = st.sampled_from(["leads", "get", "lost", "every", "week", "Ann", "types", "40", "a", "—"])
SENTENCES = st.lists(WORDS, max_size=25).map(" ".join)


@given(SENTENCES, SENTENCES, SENTENCES, st.integers(0, 25), st.integers(0, 25))
def test_no_five_words_of_the_text_are_left_and_the_words_stay(text, before, after, start, length):
    taken = " ".join(text.split()[start : start + length])
    words = f"{before} {taken}. {after}"
    for stored in (parts(words, text), quotation(words, text)):
        runs = [words_of(text)[at : at + 5] for at in range(len(words_of(text)) - 4)]
        for part in literal(stored):
            own = words_of(part)
            assert not [run for run in runs if any(own[at : at + 5] == run for at in range(25))]
        assert words_of(spell(stored, text)) == words_of(words)


@given(st.text(), st.text())
def test_any_text_can_be_read_back(words, text):
    assert isinstance(spell(parts(words, text), text), str)
    assert isinstance(spell(quotation(words, text), text), str)


@given(st.text(string.ascii_letters + " ,.", max_size=200))
def test_words_of_another_text_are_left_alone(words):
    assert spell(parts(words, "注文は毎週手で写しています"), "") == words


def test_a_script_without_spaces_has_a_word_a_letter():
    text = "注文は毎週手で写していますので遅れます。"
    assert not literal(quotation("毎週手で写しています", text))
    assert "毎週手で写して" not in "".join(literal(parts("理由:毎週手で写しています", text)))
