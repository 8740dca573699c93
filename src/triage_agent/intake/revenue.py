"""Yearly revenue as people write it, and the band it lies in."""

import math
import re
from dataclasses import dataclass
from enum import StrEnum

from triage_agent.errors import InputError
from triage_agent.intake.numerals import (
    AMOUNT,
    DOLLARS,
    FOREIGN,
    MILLION,
    NUMBER,
    SCALES,
    UNKNOWN_WORDS,
    quoted,
    split_number,
)

LARGEST = 1e15  # no business; beyond it a slip of the keyboard becomes infinity
SMALLEST = 1_000  # a bare number below this is a forgotten unit, not a year's revenue
RANGE_JOIN = re.compile(r"\s*(?:-|–|—|\bto\b|\band\b|\bthrough\b)\s*", re.I)
BELOW = re.compile(
    r"^(?:under|below|less than|fewer than|up to|at most|no more than|max(?:imum)?|<=?|≤)\s*", re.I
)
ABOVE = re.compile(
    r"^(?:over|above|more than|greater than|north of|at least|from|min(?:imum)?|>=?|≥)\s*", re.I
)
MONTHLY = re.compile(
    r"\s*(?:/|\b(?:a|per|each|every)\b)\s*(?:month|mo|mth)\b\.?|\s*\bmonthly\b|\bmrr\b", re.I
)
YEARLY = re.compile(
    r"\s*(?:/|\b(?:a|per|each|every|in)\b)\s*(?:year|yr|annum)\b\.?"
    r"|\s*\b(?:yearly|annually|annual|p\.?a\.?|arr|(?:in )?(?:revenue|sales)|turnover)\b\.?",
    re.I,
)
FILLER = re.compile(
    r"^(?:about|around|approximately|approx\.?|roughly|circa|ca\.?|nearly|almost|between|~|≈)\s*",
    re.I,
)


LOW_LIMIT_USD = MILLION  # of the middle band, which holds both of its limits
HIGH_LIMIT_USD = 10 * MILLION


class Band(StrEnum):
    """The three revenue bands that the rules know, and unknown."""

    UNDER_1M = "under-1m"
    FROM_1M_TO_10M = "1m-to-10m"
    OVER_10M = "over-10m"
    UNKNOWN = "unknown"

    @property
    def words(self) -> str:
        """The band as a report names it."""
        low, high = dollars(LOW_LIMIT_USD), dollars(HIGH_LIMIT_USD)
        return {
            Band.UNDER_1M: f"under {low}",
            Band.FROM_1M_TO_10M: f"from {low} to {high}",
            Band.OVER_10M: f"over {high}",
            Band.UNKNOWN: "unknown",
        }[self]


@dataclass(frozen=True, slots=True)
class Revenue:
    """Yearly revenue in USD as an interval; equal ends are an exact amount."""

    low_usd: float = 0.0
    high_usd: float = math.inf
    low_open: bool = False  # the low end itself is excluded ("over 10M")
    high_open: bool = False  # the high end itself is excluded ("under 1M")
    note: str = ""  # what was assumed while reading it ("× 12"), for the report

    @property
    def band(self) -> Band:
        """The band that contains all of the interval, else `UNKNOWN`."""
        high, low = self.high_usd, self.low_usd
        if high < LOW_LIMIT_USD or (high == LOW_LIMIT_USD and self.high_open):
            return Band.UNDER_1M
        if low > HIGH_LIMIT_USD or (low == HIGH_LIMIT_USD and self.low_open):
            return Band.OVER_10M
        if low >= LOW_LIMIT_USD and high <= HIGH_LIMIT_USD:
            return Band.FROM_1M_TO_10M
        return Band.UNKNOWN

    @property
    def at_least_10m(self) -> bool:
        """Whether rule D1's condition, revenue of $10M or more, is known to hold."""
        return self.band is not Band.UNKNOWN and self.low_usd >= HIGH_LIMIT_USD

    @property
    def why_unknown(self) -> str:
        """Why the band is unknown, in words; empty when it is known."""
        if self.band is not Band.UNKNOWN:
            return ""
        if self.low_usd == 0 and math.isinf(self.high_usd):
            return "no yearly revenue was given"
        low, high = dollars(LOW_LIMIT_USD), dollars(HIGH_LIMIT_USD)
        bands = f"under {low}, {low} to {high}, over {high}"
        return f"{self} lies across more than one revenue band ({bands})"

    @classmethod
    def within(cls, band: Band) -> "Revenue":
        """Return the whole of a band; of an unknown one, nothing is known."""
        return {
            Band.UNDER_1M: cls(high_usd=LOW_LIMIT_USD, high_open=True),
            Band.FROM_1M_TO_10M: cls(LOW_LIMIT_USD, HIGH_LIMIT_USD),
            Band.OVER_10M: cls(low_usd=HIGH_LIMIT_USD, low_open=True),
            Band.UNKNOWN: cls(),
        }[band]

    def __str__(self) -> str:
        if self.low_usd == self.high_usd:
            return dollars(self.low_usd)
        if math.isinf(self.high_usd):
            return f"{'over' if self.low_open else 'at least'} {dollars(self.low_usd)}"
        if self.low_usd == 0:
            return f"{'under' if self.high_open else 'up to'} {dollars(self.high_usd)}"
        return f"{dollars(self.low_usd)} to {dollars(self.high_usd)}"


UNKNOWN_REVENUE = Revenue()


def dollars(amount: float) -> str:
    """Return an amount as an owner would write it.

    >>> dollars(3_200_000), dollars(750_000), dollars(999_999.5)
    ('$3.2M', '$750K', '$999,999.50')
    """
    for scale, letter in ((1_000 * MILLION, "B"), (MILLION, "M"), (1_000, "K")):
        if amount >= scale and (amount / scale * 100).is_integer():
            return f"${amount / scale:,.2f}".rstrip("0").rstrip(".") + letter
    return f"${amount:,.0f}" if float(amount).is_integer() else f"${amount:,.2f}"


def parse_revenue(text: str, usd_rate: float | None = None) -> Revenue:
    """Return the yearly revenue that `text` states, or raise `InputError` saying why not.

    `usd_rate` is the USD that one unit of another currency buys; without it, an amount in another
    currency is an error. Text that says "unknown", "n/a" or nothing is unknown revenue. An open
    range leaves its end out, as forms mean it: "10M+" and "at least 10M" are over 10M, "up to 1M"
    is under 1M.

    >>> str(parse_revenue("250k a month")), parse_revenue("250k a month").note
    ('$3M', 'a monthly amount, times 12')
    >>> parse_revenue("$1M–$5M").band.value, parse_revenue("under 500k").band.value
    ('1m-to-10m', 'under-1m')
    """
    cleaned = " ".join(text.split()).rstrip(".")
    if cleaned.casefold() in UNKNOWN_WORDS:
        return UNKNOWN_REVENUE
    foreign = FOREIGN.search(cleaned)
    if foreign and usd_rate is None:
        raise InputError(
            f"The revenue {quoted(text)} is not in US dollars ({foreign.group()}). "
            "Give it in dollars, or give the rate with --usd-rate."
        )
    rate = usd_rate if foreign and usd_rate is not None else 1.0
    if not (math.isfinite(rate) and rate > 0):
        raise InputError(f"The rate {usd_rate} must be a positive number of dollars per unit.")
    body = DOLLARS.sub(" ", FOREIGN.sub(" ", cleaned))
    monthly = bool(MONTHLY.search(body))
    body = " ".join(YEARLY.sub(" ", MONTHLY.sub(" ", body)).split())
    low, high, low_open, high_open = _interval(body, text)
    factor = rate * (12 if monthly else 1)
    notes = ["a monthly amount, times 12"] if monthly else []
    notes += [f"converted at {usd_rate:g} dollars per unit"] if foreign else []
    return Revenue(low * factor, high * factor, low_open, high_open, "; ".join(notes))


def _interval(body: str, text: str) -> tuple[float, float, bool, bool]:
    """Return (low, high, low open, high open) in the units of the text."""
    body = FILLER.sub("", body)
    if below := BELOW.match(body):
        amount = _amount(body[below.end() :], text)
        return 0.0, amount, False, True
    if above := ABOVE.match(body):
        rest = body[above.end() :]
        if len(parts := RANGE_JOIN.split(rest)) == 2:  # "from 1M to 5M"
            return _ends(parts, text)
        return _amount(rest, text), math.inf, True, False
    if body.endswith("+") or re.search(r"\b(?:or more|and up|and over|or over)$", body, re.I):
        amount = _amount(
            re.sub(r"\+$|\b(?:or more|and up|and over|or over)$", "", body, flags=re.I), text
        )
        return amount, math.inf, True, False
    parts = [part for part in RANGE_JOIN.split(body) if part]
    if len(parts) == 2 and not body.startswith(("-", "–", "—")):
        return _ends(parts, text)
    amount = _amount(body, text)
    return amount, amount, False, False


def _ends(parts: list[str], text: str) -> tuple[float, float, bool, bool]:
    """Return a closed range; in "1-5M" the low end borrows the scale of the high one."""
    high_scale = AMOUNT.fullmatch(FILLER.sub("", parts[1]).strip())
    low_text = parts[0].strip()
    if high_scale and high_scale.group(2) and re.fullmatch(NUMBER, low_text):
        low_text += high_scale.group(2)
    low, high = _amount(low_text, text), _amount(parts[1], text)
    if low > high:
        raise InputError(f"The revenue {quoted(text)} runs from a higher to a lower amount.")
    return low, high, False, False


def _amount(piece: str, text: str) -> float:
    """Return one amount, or raise `InputError` showing what was written."""
    number = split_number(FILLER.sub("", piece.strip()).strip())
    if number is None:
        hint = "must not be negative" if re.match(r"\s*[-−(]\s*\$?\d", text) else "is not an amount"
        raise InputError(
            f"The revenue {quoted(text)} {hint}. Write it like 3M, $750k, 1M-5M or 250k a month."
        )
    digits, scale = number
    value = float(digits.replace(",", ".")) * SCALES[scale]
    if value > LARGEST:
        raise InputError(f"The revenue {quoted(text)} is more than any business makes.")
    if 0 < value < SMALLEST and not scale:
        raise InputError(
            f"The revenue {quoted(text)} would be {dollars(value)} a year. "
            f"Write the unit, like {digits}k or {digits}M."
        )
    return round(value, 2)
