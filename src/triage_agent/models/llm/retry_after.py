"""How long a server asks to wait: in a header, in a field of its error, or in words."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")
UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3_600.0, "d": 86_400.0}
PART = re.compile(
    r"([0-9]+(?:\.[0-9]+)?)\s*"
    r"(?:(?P<ms>ms\b|milliseconds?)|(?P<s>s(?:ec(?:ond)?s?)?(?![a-z]))"
    r"|(?P<m>m(?:in(?:ute)?s?)?(?![a-z]))|(?P<h>h(?:(?:ou)?rs?)?(?![a-z]))"
    r"|(?P<d>d(?:ays?)?(?![a-z])))",
    re.IGNORECASE,
)
LENGTH = re.compile(rf"(?:{re.sub(r'[?]P<[a-z]+>', '?:', PART.pattern)}[\s,]*)+", re.IGNORECASE)
WORDS = re.compile(
    r"\b(?:try|tried|retry|wait|again|resets?|available)\b[^.;:\n]{0,40}?(?=[0-9])", re.IGNORECASE
)
PER_DAY = re.compile(r"per[ _-]?day|\bdaily\b|\b[RT]PD\b", re.IGNORECASE)
PER_MINUTE = re.compile(r"per[ _-]?min|\b[RT]PM\b", re.IGNORECASE)
LATEST_EPOCH_S = 4e9  # a number above it counts milliseconds


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return how many seconds the server asks to wait (`Retry-After`); None: it does not say.

    >>> retry_after_s({"retry-after": "7"}), retry_after_s({"retry-after-ms": "1500"})
    (7.0, 1.5)
    """
    milliseconds, value = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    if SECONDS.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    if SECONDS.fullmatch(value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, OverflowError):  # not a date, or one that no calendar has
        return None


def length_s(text: str) -> float | None:
    """Return a length of time in seconds; None if the text is none.

    >>> length_s("6m12s"), length_s("37s"), length_s("1 hour, 2 minutes"), length_s("soon")
    (372.0, 37.0, 3720.0, None)
    """
    if not LENGTH.fullmatch(text.strip()):
        return None
    return sum(float(part[1]) * UNIT_S[part.lastgroup or "s"] for part in PART.finditer(text))


def wait_in_words(message: str) -> float | None:
    """Return the seconds that a message asks to wait; None if it names no time.

    >>> wait_in_words("Limit 30, Used 30. Please try again in 6m12s. Need more?")
    372.0
    >>> wait_in_words("Please retry after 6 seconds.")
    6.0
    """
    for words in WORDS.finditer(message):
        if length := LENGTH.match(message, words.end()):
            return length_s(length[0].rstrip(" ,"))
    return None


def until_s(epoch: str, now: datetime | None = None) -> float | None:
    """Return the seconds until a moment in seconds or milliseconds since 1970; None: it is none.

    >>> until_s("1744070400000", datetime(2025, 4, 7, 23, 59, tzinfo=UTC))
    60.0
    """
    if not re.fullmatch(r"[0-9]{10,13}", epoch):
        return None
    at = float(epoch)
    seconds = at / 1000 if at > LATEST_EPOCH_S else at
    return max(0.0, seconds - (now or datetime.now(UTC)).timestamp())


def is_daily(message: str) -> bool:
    """Return whether a limit that was reached is one for the day.

    >>> is_daily("Rate limit exceeded: free-models-per-day."), is_daily("Limit: 30 per minute")
    (True, False)
    """
    return bool(PER_DAY.search(message)) and not PER_MINUTE.search(message)
