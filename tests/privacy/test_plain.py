"""What steers a terminal or is not seen goes; what people write stays."""

import json
import time
import unicodedata

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.hostile import DIRECTIONS, HOSTILE, UNSEEN, steering
from triage_agent.errors import InputError
from triage_agent.privacy import clean, escape_json, one_line

# Random text seldom holds what matters, so half of the characters are drawn from it.
SPECIAL = (
    "".join(map(chr, range(0xA1)))
    + "".join(DIRECTIONS | UNSEEN)
    + (
        "\u200c\u200d\ufe0f\ufe0e\u20e3\U000e0101\U0001f3f4\U000e0067\U000e0062\U000e007f\U0001f469❤नé1#a"
    )
)
TEXTS = st.text(st.one_of(st.sampled_from(SPECIAL), st.characters(codec=None)))


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("", id="nothing"),
        pytest.param("plain text, on\ntwo lines,\twith a tab", id="lines and a tab"),
        pytest.param("Größe, naïve, Ærø, jose\u0301", id="accents, also combining ones"),
        pytest.param("👩\u200d💻 👨\u200d👩\u200d👧 ❤\ufe0f\u200d🔥", id="joined emoji"),
        pytest.param("1\ufe0f\u20e3 #\ufe0f\u20e3 ©\ufe0f ‼\ufe0f 👍🏽 🇩🇪", id="selectors"),
        pytest.param("🏴\U000e0067\U000e0062\U000e0065\U000e006e\U000e0067\U000e007f", id="a flag"),
        pytest.param("שלום، مرحبا بالعالم", id="letters from right to left"),
        pytest.param("می\u200cخواهم", id="a Persian word with a non-joiner"),
        pytest.param("क\u094d\u200dष র\u200d\u09cdয", id="Indic conjuncts"),
        pytest.param("大きい 葛\U000e0100飾 하나", id="Asian scripts"),
        pytest.param("\u00a0\u202f\u3000— “x” … ½ €", id="spaces and punctuation"),
    ],
)
def test_what_people_write_stays(text):
    assert clean(text) == text


@pytest.mark.parametrize(
    ("text", "left"),
    [
        pytest.param("\x1b[2J\x1b[31mred", "[2J[31mred", id="CSI"),
        pytest.param("\x9b2Jx", "2Jx", id="CSI as one C1 control"),
        pytest.param("\x1b]8;;http://e\x1b\\x\x1b]8;;\x07", "]8;;http://e\\x]8;;", id="a link"),
        pytest.param("\x1b]52;c;cm0=\x07", "]52;c;cm0=", id="the clipboard"),
        pytest.param("\x9d0;t\x9c", "0;t", id="a title, in C1 controls"),
        pytest.param("ok\x08\x08no\x7f\0\a", "okno", id="backspaces, DEL, NUL and a bell"),
        pytest.param("\x0e\x0fx", "x", id="shifts of the character set"),
        pytest.param("100%\rdone", "100%\ndone", id="a carriage return"),
        pytest.param("a\r\nb\vc\fd\x85e\u2028f\u2029g", "a\nb\nc\nd\ne\nf\ng", id="line ends"),
        pytest.param("\u202egnp.exe", "gnp.exe", id="an override"),
        pytest.param("\u2066a\u2069\u2067b\u2068c", "abc", id="isolates"),
        pytest.param("a\u200e\u200f\u061cb", "ab", id="marks of direction"),
        pytest.param("ad\u200bm\u2060i\ufeffn\xad\u034f", "admin", id="zero width"),
        pytest.param("ad\u200dm\u200cin", "admin", id="joiners between Latin letters"),
        pytest.param("a\ufe0fb\U000e0101", "ab", id="selectors after Latin letters"),
        pytest.param("नन\u200d\u200d\u200d", "नन\u200d", id="several joiners"),
        pytest.param("a\U000e0061\U000e0062", "a", id="tags that spell a hidden text"),
        pytest.param("🏴\U000e0067", "🏴", id="a flag that does not end"),
        pytest.param("\u3164\uffa0\u115f", "", id="fillers, which look like nothing"),
    ],
)
def test_what_steers_or_is_not_seen_goes(text, left):
    assert clean(text) == left


def test_of_all_control_characters_only_tab_and_line_feed_stay():
    everything = map(chr, range(0x110000))
    left = {
        c for c in everything if unicodedata.category(c) == "Cc" and clean(f"a{c}b") == f"a{c}b"
    }
    assert left == {"\t", "\n"}


@given(TEXTS)
@example(HOSTILE)
@example("\x9b\r\n")
def test_a_clean_text_steers_nothing_and_stays_as_it_is(text):
    cleaned = clean(text)
    assert steering(cleaned) == set()
    assert clean(cleaned) == cleaned
    # Nothing is added but the line feeds that stand for other line ends, and the order stays.
    rest = iter(text)
    assert all(c == "\n" or c in rest for c in cleaned)


@given(TEXTS)
@example(HOSTILE)
def test_one_line_is_one_line_for_everybody_who_splits_lines(text):
    line = one_line(text)
    assert len(f"a{line}b".splitlines()) == 1
    assert "\t" not in line
    assert one_line(line) == line


@given(
    st.recursive(TEXTS | st.none(), lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner))
)
@example({HOSTILE: [HOSTILE]})
def test_escaped_json_is_exact_and_steers_nothing(value):
    plain = json.dumps(value, ensure_ascii=False)
    escaped = escape_json(plain)
    assert json.loads(escaped) == json.loads(plain) == value
    assert steering(escaped) == set()
    assert len(escaped.splitlines()) == 1


def test_accents_and_emoji_stay_readable_in_json():
    assert escape_json('"é 👩\u200d💻 שלום"') == '"é 👩\u200d💻 שלום"'


def test_a_message_of_ours_is_masked_and_on_one_line_whatever_it_quotes():
    error = InputError("No file 'x\nerror: forged \x1b[31m', key sk-\u200babc12345")
    assert error.message == str(error) == "No file 'x error: forged [31m', key [key]"


UNITS = ["\x1b", "\r\n", "न\u200d", "🏴\U000e0067", "\U000e0067", "1\ufe0f", "é"]


@pytest.mark.parametrize("unit", UNITS, ids=ascii)
def test_a_long_text_made_to_be_slow_is_cleaned_soon(unit):
    started = time.process_time()
    clean(unit * 200_000)
    assert time.process_time() - started < 2  # one quadratic pattern would take minutes
