"""What a text really says: its quotes, its numbers, its hours a week."""

import re
import time
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from triage_agent.classify.grounding import (
    drop_invented_numbers,
    has_words,
    hours_per_week,
    numbers_in,
    standing_quotes,
)

TEXT = "Nobody follows up  on leads.\nWe lose 12 of them, every week, to “faster” competitors!"


@pytest.mark.parametrize(
    ("quote", "standing"),
    [
        pytest.param("follows up", ("follows up",), id="words of the text stand"),
        pytest.param(
            "NOBODY Follows", ("Nobody follows",), id="case is the text's, not the quote's"
        ),
        pytest.param("up on leads", ("up  on leads",), id="white space is the text's"),
        pytest.param(
            "leads. We lose", ("leads.\nWe lose",), id="a quote may run over a line's end"
        ),
        pytest.param('"nobody follows up"', ("Nobody follows up",), id="quotation marks fall off"),
        pytest.param("«nobody»", ("Nobody",), id="so do French ones"),
        pytest.param("faster", ("faster",), id="a word inside quotation marks stands"),
        pytest.param("nobody follows up...", ("Nobody follows up",), id="so do dots at the end"),
        pytest.param("follow", (), id="a part of a word does not stand"),
        pytest.param("eads", (), id="the end of a word does not stand"),
        pytest.param("we lose leads", (), id="words put together anew do not stand"),
        pytest.param("we lose 12.", ("We lose 12",), id="a number may stand"),
        pytest.param("we lose 1", (), id="a part of a number does not stand"),
        pytest.param("", (), id="an empty quote does not stand"),
        pytest.param(' "…" ', (), id="punctuation alone does not stand"),
        pytest.param(".*", (), id="a pattern is not a quote"),
    ],
)
def test_a_quote_is_kept_only_if_it_stands_in_the_text(quote, standing):
    assert standing_quotes([quote], TEXT) == standing


TYPOGRAPHY = {
    "an apostrophe": ("it's late", "So it’s late.", "it’s late"),
    "an apostrophe of the keyboard": ("it’s late", "So it's late.", "it's late"),
    "quotation marks within": ('the "best" one', "Not the “best” one", "the “best” one"),
    "French ones": ("the “best” one", "Not the «best» one", "the «best» one"),
    "a hyphen": ("follow-ups are late", "Our follow‑ups are late", "follow‑ups are late"),
    "a dash": ("late - always", "It is late – always", "late – always"),
    "a dash without blanks": ("late — always", "It is late—always", "late—always"),
    "two hyphens": ("late -- always", "It is late—always", "late—always"),
    "a dash as two hyphens": ("late—always", "It is late -- always", "late -- always"),
    "a range": ("5-6 hours", "It takes 5–6 hours", "5–6 hours"),
    "an ellipsis": ("late... and lost", "It is late… and lost", "late… and lost"),
    "an ellipsis as dots": ("late… and lost", "It is late . . . and lost", None),
    "dots": ("late… and lost", "It is late... and lost", "late... and lost"),
    "a blank that does not break": ("12 orders", "We lose 12\u00a0orders", "12\u00a0orders"),
    "a thin blank": ("12 orders", "We lose 12\u2009orders", "12\u2009orders"),
    "a blank of no width": ("lose orders", "We lose\u200b orders", "lose\u200b orders"),
    "a dash that begins it": ("- late", "One:\n– late", "– late"),
    "another sign": ("late: always", "It is late; always", None),
    "a dash where there is a word": ("late - always", "It is late and always", None),
    "a hyphen where there is none": ("follow-ups", "Our follow ups", None),
}


@pytest.mark.parametrize(("quote", "text", "standing"), TYPOGRAPHY.values(), ids=TYPOGRAPHY.keys())
def test_typography_does_not_matter_and_what_is_shown_is_the_texts(quote, text, standing):
    assert standing_quotes([quote], text) == ((standing,) if standing else ())


def test_at_most_three_quotes_are_kept_in_their_order_and_none_twice():
    quotes = ["every week", "missing", "leads", "LEADS", "nobody", "competitors"]
    assert standing_quotes(quotes, TEXT) == ("every week", "leads", "Nobody")


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        pytest.param("", set(), id="none"),
        pytest.param("12 orders and 3 people", {"12", "3"}, id="digits"),
        pytest.param("3,000 or 3000", {"3000"}, id="separators of thousands do not matter"),
        pytest.param("1,234,567.50", {"1234567.5"}, id="separators and a decimal"),
        pytest.param("4.50 and 4.5", {"4.5"}, id="zeros at the end do not matter"),
        pytest.param("4,5", {"4.5"}, id="a decimal comma"),
        pytest.param("007", {"7"}, id="zeros in front do not matter"),
        pytest.param("2.0", {"2"}, id="a decimal zero is no decimal"),
        pytest.param("forty hours", {"40"}, id="a number in words"),
        pytest.param("forty-two people", {"42"}, id="a compound in words"),
        pytest.param("two hundred orders", {"200"}, id="hundreds in words"),
        pytest.param("one, Two and three", {"1", "2", "3"}, id="the small numbers in words"),
        pytest.param("5-6 days", {"5", "6"}, id="a range is two numbers"),
        pytest.param("$12k, 30%", {"12", "30"}, id="units do not hide a number"),
        pytest.param("someone stone", set(), id="a number inside a word is none"),
    ],
)
def test_the_numbers_of_a_text_are_found_as_digits(text, numbers):
    assert numbers_in(text) == numbers


def test_a_number_of_5000_digits_is_a_number_like_any_other():
    assert numbers_in("0" + "9" * 5_000) == {"9" * 5_000}


@pytest.mark.parametrize(
    ("rationale", "text", "kept"),
    [
        pytest.param(
            "It is manual. It costs 12 hours.",
            "We copy by hand.",
            "It is manual.",
            id="a sentence with an invented number goes, the others stay",
        ),
        pytest.param(
            "It costs 12 hours.", "12 hours!", "It costs 12 hours.", id="a true one stays"
        ),
        pytest.param("It costs 12 hours.", "twelve hours", "It costs 12 hours.", id="in words too"),
        pytest.param("It costs twelve.", "12 hours", "It costs twelve.", id="the other way round"),
        pytest.param("It costs twelve.", "by hand", "", id="an invented number in words goes"),
        pytest.param("Two people copy.", "by hand", "", id="an invented two goes"),
        pytest.param("3000 orders.", "3,000 orders", "3000 orders.", id="written differently"),
        pytest.param("12 of 30.", "12 orders", "", id="one of two numbers is invented"),
        pytest.param("Costs $3,500!", "by hand", "", id="an invented price goes"),
        pytest.param("Saves 30%? Yes.", "by hand", "Yes.", id="an invented share goes"),
        pytest.param(
            "One of the tools is slow.", "", "One of the tools is slow.", id="grammar stays"
        ),
        pytest.param("It takes 1 hour a week.", "by hand", "", id="an invented 1 in digits goes"),
        pytest.param("A dozen people copy.", "by hand", "", id="an invented dozen goes"),
        pytest.param("It takes ½ of the day.", "by hand", "", id="an invented fraction goes"),
        pytest.param("There are zero checks.", "by hand", "", id="an invented zero goes"),
        pytest.param("2.5 hours.", "2 people, 5 days", "", id="the parts of a decimal are not it"),
        pytest.param("", "12", "", id="nothing stays nothing"),
    ],
)
def test_a_number_that_does_not_stand_in_the_text_never_appears(rationale, text, kept):
    assert drop_invented_numbers(rationale, text) == kept


@pytest.mark.parametrize(
    ("text", "hours"),
    [
        ("We spend 40 hours a week on reporting.", 40),
        ("40 hours per week", 40),
        ("40 hours each week", 40),
        ("40 hours every week", 40),
        ("40 hours weekly", 40),
        ("40 hours/week", 40),
        ("40h/week", 40),
        ("40 hrs / wk", 40),
        ("40 hrs. a week", 40),
        ("40 staff hours a week", 40),
        ("40 man-hours a week", 40),
        ("Forty hours a week go into it", 40),
        ("forty-two hours a week", 42),
        ("two hundred hours a week", 200),
        ("one hour a week", 1),
        ("three hours a week", 3),
        ("2.5 hours a week", 2.5),
        ("2,5 hours a week", 2.5),
        ("1,000 hours a week", 1000),
        ("40+ hours a week", 40),
        ("5-6 hours a week", 5),
        ("5 to 6 hours a week", 5),
        ("twenty or thirty hours a week", 20),
        ("40 hours of typing a week", 40),
        ("Every week we lose 12 hours", 12),
        ("Each week, Ana and Bo spend about 12 hours on it", 12),
        ("10 hours a week on A and 4 hours a week on B", 10),
        ("4 hours a week on A.\n10 hours a week on B.", 10),
    ],
)
def test_hours_a_week_are_found_as_they_are_written(text, hours):
    assert hours_per_week(text) == hours


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("We are slow every week.", id="no hours"),
        pytest.param("It takes 40 hours.", id="hours of no week"),
        pytest.param("40 hours a month", id="hours a month"),
        pytest.param("2 hours a day", id="hours a day"),
        pytest.param("45 minutes a week", id="minutes a week"),
        pytest.param("40 orders a week", id="other things a week"),
        pytest.param("0 hours a week", id="no hours at all"),
        pytest.param("It takes 40 hours. We do it every week.", id="another sentence's week"),
        pytest.param("a part-time job of 20 hours a week", id="an offer of working time"),
        pytest.param("9" * 400 + " hours a week", id="more hours than any business has"),
        pytest.param("2 hours a day five days a week", id="hours a day, days a week"),
        pytest.param("24 hours a day 7 days a week", id="always open"),
    ],
)
def test_what_is_not_hours_a_week_is_none(text):
    assert hours_per_week(text) is None


@pytest.mark.parametrize(
    ("text", "not_hours"),
    [
        pytest.param("1/2 hour a week", 2, id="a half is not two"),
        pytest.param("3:30 hours a week", 30, id="the minutes are not hours"),
    ],
)
def test_a_part_of_a_number_is_not_taken_for_it(text, not_hours):
    assert hours_per_week(text) != not_hours


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("leads", True),
        ("ab", True),
        ("a b c", False),
        ("42 + 17 = 59", False),
        ("🙂 !!! 42", False),
        ("", False),
        (" \n\t ", False),
        ("ça", True),
        ("顧客", True),
        ("客", True),
        ("שלום", True),
        ("__", False),
    ],
)
def test_text_has_words_if_two_letters_stand_together_or_a_sign_is_a_word(text, has):
    assert has_words(text) is has


anything = st.text(max_size=200) | st.text(
    st.sampled_from("0123456789.,½²٣ \n-–:/'aAzZßİıſ hoursweek one two"), max_size=80
)


@given(st.lists(anything, max_size=6), anything)
@example(["ſtand"], "STAND ſtand")
@example(["İstanbul"], "i̇stanbul")
def test_what_is_returned_as_a_quote_always_stands_in_the_text(quotes, text):
    kept = standing_quotes(quotes, text)
    assert len(kept) <= 3
    assert len(set(kept)) == len(kept)
    assert all(quote and quote in text for quote in kept)


@given(anything, st.data())
def test_any_run_of_whole_words_of_a_text_stands_in_it(text, data):
    words = re.findall(r"[a-z]+", text) or ["none"]
    text = " ".join(words)
    start = data.draw(st.integers(0, len(words) - 1))
    end = data.draw(st.integers(start + 1, len(words)))
    quote = "  ".join(words[start:end]).upper()
    assert standing_quotes([quote], text) == (" ".join(words[start:end]),)


def digits_written(text):
    """Return the values of the numbers written in digits, found without any code of ours."""
    found = re.findall(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?|\d+(?:\.\d+)?", text)
    return {Fraction(number.replace(",", "")) for number in found}


number = st.one_of(
    st.integers(0, 10**7).map(str),
    st.integers(1_000, 10**7).map(lambda n: f"{n:,}"),
    st.decimals(0, 9_999, places=2).map(str),
)
phrase = st.lists(
    st.one_of(st.sampled_from(["hours", "a", "week", "costs", "$", "orders"]), number), max_size=6
).map(" ".join)
sentences = st.lists(phrase, max_size=4).map(lambda parts: " ".join(f"{p}." for p in parts))


@given(sentences, sentences)
def test_no_number_of_the_rationale_is_missing_in_the_text(rationale, text):
    kept = drop_invented_numbers(rationale, text)
    assert digits_written(kept) <= digits_written(text) | {Fraction(1)}
    # 1 has a test of its own above


@given(sentences)
def test_a_rationale_made_of_the_texts_own_sentences_is_kept_whole(text):
    assert drop_invented_numbers(text, text).split() == text.split()


@given(anything, anything)
def test_no_text_makes_these_functions_fail(one, other):
    kept = drop_invented_numbers(one, other)
    assert set(kept.split()) <= set(one.split())
    assert all(number for number in numbers_in(one))
    hours = hours_per_week(one)
    assert hours is None or hours > 0
    assert has_words(one) in {True, False}


@given(st.integers(2, 168), anything)
def test_the_hours_found_are_a_number_of_the_text(hours, rest):
    found = hours_per_week(f"{rest}\nWe spend {hours} hours a week on it.")
    assert found is not None
    assert found >= hours


@pytest.mark.parametrize(
    "text",
    [
        "1 " * 20_000,
        "9" * 50_000,
        "hours a week " * 5_000,
        "1 hour " * 8_000,
        "every week " * 8_000,
    ],
    ids=lambda text: text[:12],
)
def test_long_text_made_to_be_slow_is_read_soon(text):
    started = time.process_time()
    hours_per_week(text)
    numbers_in(text)
    standing_quotes([text[:100]], text)
    assert time.process_time() - started < 5
