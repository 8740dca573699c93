"""Reads the rate-limit headers of an answer: how much is left, and when it is renewed.

    headers                                                               sent by
    x-ratelimit-{remaining,reset}-{requests,tokens}                       OpenAI, Groq, Azure
    x-ratelimit-{remaining,reset}                                         OpenRouter, Together
    ratelimit-{remaining,reset}                                           IETF draft, up to 06
    ratelimit: limit=…, remaining=…, reset=…                              IETF draft 07
    ratelimit: "policy";r=…;t=…                                           IETF draft 08 and later
    anthropic-ratelimit-{requests,tokens}-{remaining,reset}               Anthropic and gateways

A reset is a Go duration ("6m0s"), a number of seconds, or a moment (Unix time or RFC 3339).
Whatever cannot be read is ignored: a header must never cost a row.
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

LONGEST_RESET_S = 600.0  # a longer wait is a day's quota or nonsense, and no reason to stand still
SECONDS_OF = {
    "ns": 1e-9,
    "us": 1e-6,
    "µs": 1e-6,  # the micro sign, as Go prints it
    "μs": 1e-6,  # the Greek letter, which Go reads too
    "ms": 1e-3,
    "s": 1.0,
    "m": 60.0,
    "h": 3600.0,
}
NUMBER = re.compile(r"[0-9]{1,15}(?:\.[0-9]{0,12})?")
PART = re.compile(r"([0-9]{1,9}(?:\.[0-9]{0,12})?)(ns|us|µs|μs|ms|s|m|h)")
DURATION = re.compile(f"(?:{PART.pattern})+")
LEFT_IN_ITEM = re.compile(r"(?:^|[\s;,])(?:remaining|r)\s*=\s*([0-9.]+)")
RESET_IN_ITEM = re.compile(r"(?:^|[\s;,])(?:reset|t)\s*=\s*([0-9.]+)")
Pair = tuple[str | None, str | None]  # the texts of what is left and of its reset; None: not sent
REQUESTS = (
    ("x-ratelimit-remaining-requests", "x-ratelimit-reset-requests"),
    ("x-ratelimit-remaining", "x-ratelimit-reset"),
    ("ratelimit-remaining", "ratelimit-reset"),
    ("anthropic-ratelimit-requests-remaining", "anthropic-ratelimit-requests-reset"),
)
TOKENS = (
    ("x-ratelimit-remaining-tokens", "x-ratelimit-reset-tokens"),
    ("anthropic-ratelimit-tokens-remaining", "anthropic-ratelimit-tokens-reset"),
)


@dataclass(frozen=True, slots=True)
class Allowance:
    """How much a server still allows of one thing."""

    left: float  # requests or tokens
    reset_s: float  # seconds until there is more, 0 to `LONGEST_RESET_S`


@dataclass(frozen=True, slots=True)
class Allowances:
    """What the headers of one answer allow; None: nothing plausible was sent."""

    requests: Allowance | None = None
    tokens: Allowance | None = None


NOTHING = Allowances()


def read_allowances(headers: Mapping[str, str], now: datetime | None = None) -> Allowances:
    """Return what an answer's headers allow; `now` is the wall clock's time, for moments.

    >>> read_allowances({"x-ratelimit-remaining-requests": "0", "x-ratelimit-reset-requests": "1s"})
    Allowances(requests=Allowance(left=0.0, reset_s=1.0), tokens=None)
    """
    # One pass instead of a dozen look-ups: an HTTP client's mapping normalises the name each time.
    sent = {
        lower: value.strip()
        for name, value in headers.items()
        if "ratelimit" in (lower := name.lower())
    }
    if not sent:
        return NOTHING
    policies = _items(sent["ratelimit"]) if "ratelimit" in sent else ()
    return Allowances(
        _tightest([*_pairs(sent, REQUESTS), *policies], now), _tightest(_pairs(sent, TOKENS), now)
    )


def reset_s(text: str, now: datetime | None = None) -> float | None:
    """Return the seconds until a reset; None: it cannot be read, is past or is too far away.

    >>> reset_s("1m30.5s"), reset_s("20ms"), reset_s("7"), reset_s("soon"), reset_s("24h0m0s")
    (90.5, 0.02, 7.0, None, None)
    """
    if DURATION.fullmatch(text):
        return _plausible(sum(float(n) * SECONDS_OF[unit] for n, unit in PART.findall(text)))
    now = now or datetime.now(UTC)
    if NUMBER.fullmatch(text):
        number = float(text)
        moments = (number / 1000 - now.timestamp(), number - now.timestamp())
        return next((s for s in map(_plausible, (number, *moments)) if s is not None), None)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    return _plausible((moment.replace(tzinfo=moment.tzinfo or UTC) - now).total_seconds())


def _plausible(seconds: float) -> float | None:
    """Return a wait if it is one that a limit by the minute can cause."""
    return seconds if 0 <= seconds <= LONGEST_RESET_S else None


def _allowance(left: str | None, reset: str | None, now: datetime | None) -> Allowance | None:
    """Return the allowance in a pair of headers; None if it cannot be read."""
    # -1 is what some gateways send for "no limit", so a sign is not read.
    if left is None or reset is None or not NUMBER.fullmatch(left):
        return None
    seconds = reset_s(reset, now)
    return None if seconds is None else Allowance(float(left), seconds)


def _pairs(sent: Mapping[str, str], names: Iterable[tuple[str, str]]) -> list[Pair]:
    """Return what is left and the reset in those of the pairs of headers that are there."""
    return [(sent[left], sent.get(reset)) for left, reset in names if left in sent]


def _items(field: str) -> Iterator[Pair]:
    """Yield what is left and the reset of each policy in an IETF `RateLimit` field."""
    # A comma separates the parameters of the one policy in draft 07, and policies since then.
    for item in [field] if "remaining" in field else field.split(","):
        left, reset = LEFT_IN_ITEM.search(item), RESET_IN_ITEM.search(item)
        yield left and left[1], reset and reset[1]


def _tightest(pairs: Iterable[Pair], now: datetime | None) -> Allowance | None:
    """Return the allowance with the least left, among those the one renewed last."""
    found = None
    for left, reset in pairs:
        one = _allowance(left, reset, now)
        if one and (not found or (one.left, -one.reset_s) < (found.left, -found.reset_s)):
            found = one
    return found
