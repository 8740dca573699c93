from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from triage_agent.models.llm.rate_headers import (
    LONGEST_RESET_S,
    REQUESTS,
    TOKENS,
    Allowance,
    Allowances,
    read_allowances,
    reset_s,
)

NOW = datetime(2026, 11, 23, 12, 0, 0, tzinfo=UTC)
NAMES = [name for pair in (*REQUESTS, *TOKENS) for name in pair] + ["ratelimit"]


def requests(left, seconds):
    return Allowances(requests=Allowance(left, seconds))


def tokens(left, seconds):
    return Allowances(tokens=Allowance(left, seconds))


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        pytest.param("1s", 1.0, id="a second"),
        pytest.param("6m0s", 360.0, id="minutes and seconds"),
        pytest.param("20ms", 0.02, id="milliseconds are not minutes"),
        pytest.param("1m30.5s", 90.5, id="a fraction in the last part"),
        pytest.param("2m59.56s", 179.56, id="as Groq writes it"),
        pytest.param("0h0m1s", 1.0, id="hours of nothing"),
        pytest.param("120µs", 0.00012, id="microseconds with the micro sign"),
        pytest.param("120μs", 0.00012, id="microseconds with the Greek letter"),
        pytest.param("120us", 0.00012, id="microseconds in ASCII"),
        pytest.param("0s", 0.0, id="at once"),
        pytest.param("42", 42.0, id="bare seconds"),
        pytest.param("0.25", 0.25, id="a fraction of a second"),
        pytest.param("600", 600.0, id="ten minutes are believed"),
        pytest.param("601", None, id="more than ten minutes are not"),
        pytest.param("10m1s", None, id="nor as a duration"),
        pytest.param("23h59m", None, id="a quota of a day is not waited for"),
        pytest.param("2026-11-23T12:00:30Z", 30.0, id="a moment in RFC 3339"),
        pytest.param("2026-11-23T13:00:30+01:00", 30.0, id="a moment elsewhere"),
        pytest.param("2026-11-23T12:00:30", 30.0, id="a moment without a zone is UTC"),
        pytest.param("2026-11-23T11:59:59Z", None, id="a moment that is past"),
        pytest.param("2026-11-24T12:00:00Z", None, id="a moment tomorrow"),
        pytest.param("0001-01-01T00:00:00+23:59", None, id="the first moment there is"),
        pytest.param("9999-12-31T23:59:59-23:59", None, id="the last moment there is"),
        pytest.param(str(int(NOW.timestamp()) + 30), 30.0, id="a moment in Unix seconds"),
        pytest.param(str(int(NOW.timestamp() + 30) * 1000), 30.0, id="in Unix milliseconds"),
        pytest.param("-5", None, id="a negative number"),
        pytest.param("-5s", None, id="a negative duration"),
        pytest.param("", None, id="nothing"),
        pytest.param("soon", None, id="a word"),
        pytest.param("5 s", None, id="a duration with a gap"),
        pytest.param("5s5", None, id="a duration that breaks off"),
        pytest.param("s", None, id="a unit without a number"),
        pytest.param("nan", None, id="not a number"),
        pytest.param("inf", None, id="infinity"),
        pytest.param("1e3", None, id="an exponent"),
        pytest.param("²", None, id="a digit that is none"),
        pytest.param("٣s", None, id="digits of another script"),
        pytest.param("9" * 5000, None, id="more digits than int() takes"),
        pytest.param("9" * 5000 + "s", None, id="the same as a duration"),
    ],
)
def test_a_reset_is_read_in_every_spelling_or_not_at_all(text, seconds):
    assert reset_s(text, NOW) == pytest.approx(seconds, abs=1e-6)


@pytest.mark.parametrize(
    ("headers", "allowed"),
    [
        pytest.param({}, Allowances(), id="no headers"),
        pytest.param({"content-type": "text/html"}, Allowances(), id="none of these headers"),
        pytest.param(
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1m30.5s"},
            requests(0, 90.5),
            id="OpenAI's requests",
        ),
        pytest.param(
            {"x-ratelimit-remaining-tokens": "149984", "x-ratelimit-reset-tokens": "6ms"},
            tokens(149984, 0.006),
            id="OpenAI's tokens",
        ),
        pytest.param(
            {"X-RateLimit-Remaining-Requests": " 3 ", "X-RateLimit-Reset-Requests": " 2s "},
            requests(3, 2),
            id="capitals and blanks",
        ),
        pytest.param(
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": "1795435230000"},
            requests(0, 30),
            id="OpenRouter's moment in milliseconds",
        ),
        pytest.param(
            {"ratelimit-remaining": "0", "ratelimit-reset": "7"}, requests(0, 7), id="IETF, three"
        ),
        pytest.param(
            {"ratelimit": "limit=100, remaining=0, reset=5"}, requests(0, 5), id="IETF, one"
        ),
        pytest.param({"ratelimit": '"default";r=50;t=30'}, requests(50, 30), id="IETF, newest"),
        pytest.param(
            {"ratelimit": '"second";r=9;t=1, "minute"; r=0; t=40'},
            requests(0, 40),
            id="the tightest of several policies",
        ),
        pytest.param(
            {"ratelimit": '"year";r=0;t=99999, "second";r=2;t=1'},
            requests(2, 1),
            id="a policy that is not believed leaves the others",
        ),
        pytest.param(
            {"ratelimit-policy": '"default";q=100;w=10'}, Allowances(), id="a policy is no state"
        ),
        pytest.param(
            {
                "anthropic-ratelimit-requests-remaining": "0",
                "anthropic-ratelimit-requests-reset": "2026-11-23T12:00:02Z",
                "anthropic-ratelimit-tokens-remaining": "12000",
                "anthropic-ratelimit-tokens-reset": "2026-11-23T12:00:10Z",
            },
            Allowances(Allowance(0, 2), Allowance(12000, 10)),
            id="Anthropic's",
        ),
        pytest.param(
            {
                "ratelimit-remaining": "0",
                "ratelimit-reset": "3",
                "x-ratelimit-remaining-requests": "50",
                "x-ratelimit-reset-requests": "1s",
            },
            requests(0, 3),
            id="a proxy that allows less than the service behind it",
        ),
        pytest.param({"x-ratelimit-remaining-requests": "0"}, Allowances(), id="no reset"),
        pytest.param({"x-ratelimit-reset-requests": "1s"}, Allowances(), id="nothing but a reset"),
        pytest.param(
            {"x-ratelimit-remaining-requests": "-1", "x-ratelimit-reset-requests": "1s"},
            Allowances(),
            id="-1 for no limit, as gateways send it",
        ),
        pytest.param(
            {"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "24h"},
            Allowances(),
            id="a reset tomorrow is not believed",
        ),
        pytest.param({"ratelimit": "remaining=.., reset=5"}, Allowances(), id="dots for a number"),
    ],
)
def test_what_is_left_is_read_from_every_family_of_headers(headers, allowed):
    assert read_allowances(headers, NOW) == allowed


PIECES = st.lists(
    st.one_of(
        st.sampled_from(["r=", "t=", "remaining=", "reset=", ";", ",", '"', "s", "ms", "m", "h"]),
        st.sampled_from(["0", "1", "9" * 400, "-", ".", "e9", "T", ":", "Z", "+", "²", "\x00"]),
        st.integers().map(str),
        st.floats().map(str),
        st.datetimes().map(datetime.isoformat),
    ),
    max_size=12,
).map("".join)


@given(st.dictionaries(st.sampled_from(NAMES) | st.text(), PIECES | st.text(), max_size=8))
def test_no_header_text_raises_or_makes_anybody_wait_for_long(headers):
    allowed = read_allowances(headers, NOW)
    for allowance in (allowed.requests, allowed.tokens):
        if allowance is not None:
            assert allowance.left >= 0
            assert 0 <= allowance.reset_s <= LONGEST_RESET_S
