"""The unit of a revenue: the period, the scale and the currency that a column's name states."""

import re
from dataclasses import dataclass

from triage_agent.errors import InputError
from triage_agent.intake.currencies import Found, foreign_currency
from triage_agent.intake.numerals import MILLION, quoted

PER = r"(?:/|\b(?:a|per|each|every|in a)\b)\s*"
# How often a year; `a quarter` of a million is no period, number words are read before.
PERIODS = {
    52: re.compile(rf"\s*{PER}(?:week|wk)\b\.?|\s*\bweekly\b", re.I),
    12: re.compile(
        rf"\s*{PER}(?:month|mo|mth)\b\.?|\s*\bmonthly\b|\bmrr\b|\b(?:last|this) month\b", re.I
    ),
    4: re.compile(
        rf"\s*{PER}(?:quarter|qtr|q)\b\.?|\s*\bquarterly\b|\b(?:last|this) quarter\b|\bq[1-4]\b",
        re.I,
    ),
    1: re.compile(
        r"\s*(?:/|\b(?:a|per|each|every|in)\b)\s*(?:year|yr|annum)\b\.?"
        r"|\s*\b(?:yearly|annually|annual|p\.?\s?a\.?(?=\W|$)|arr|(?:last|this) year|ttm|ltm)\b\.?"
        r"|\b(?:fy|fiscal year)\s*'?(?:\d\d){0,2}\b",
        re.I,
    ),
}
DAILY = re.compile(rf"{PER}day\b|\bdaily\b|\bhourly\b", re.I)
MONTHS = re.compile(
    r"\b(?:last|past|trailing|previous)\s+(\d{1,2}|twelve|six|three) months?\b", re.I
)
MONTH_WORDS = {"twelve": 12, "six": 6, "three": 3}
NAMES = {
    52: "a weekly amount, times 52",
    12: "a monthly amount, times 12",
    4: "a quarterly amount, times 4",
}
ALONE = r"(?<![\d.,])(?<![\d.,] )"  # "e.g. 3 million" in a name is an example, no unit
UNIT_SIGN = r"(?:\$|€|£|usd|eur|gbp|chf|inr|cad|aud)"
THOUSANDS = re.compile(
    rf"{ALONE}\bthousands?\b|['’]?\b000['’]?s?\b(?<![\d,]000)|{ALONE}\btsd\b|\bT€"
    rf"|\(\s*{UNIT_SIGN}?\s*k\s*\)|{UNIT_SIGN}\s*k\b|\bk\s*{UNIT_SIGN}|\bin k\b|[_ ,]k\s*$",
    re.I,
)
MILLIONS = re.compile(
    rf"{ALONE}\b(?:millions?|mio|mln)\b"
    rf"|\(\s*{UNIT_SIGN}?\s*(?:mm?|mn)\s*\)|{UNIT_SIGN}\s*(?:mm?|mn)\b|\b(?:mm?|mn)\s*{UNIT_SIGN}"
    r"|\bin (?:mm?|mn)\b|[_ ,](?:mm?|mn)\s*$",
    re.I,
)
OTHERS = {
    100_000: re.compile(rf"{ALONE}\b(?:lakhs?|lacs?)\b", re.I),
    10 * MILLION: re.compile(rf"{ALONE}\b(?:crores?)\b", re.I),
}


@dataclass(frozen=True, slots=True)
class Unit:
    """What a column's name says about its amounts; None where it says nothing."""

    times_a_year: float | None = None
    scale: int | None = None
    currency: Found | None = None


def period_of(text: str) -> tuple[float | None, str]:
    """Return how often a year the amount comes (None: not said), and the text without the words.

    Raises `InputError` for days, of which a business has no fixed number, and for two periods.
    """
    if DAILY.search(text):
        raise InputError(
            f"{quoted(text)} is an amount per day, and how many days a year count is not known. "
            "Give the revenue of a year or a month."
        )
    found: set[float] = set()
    if months := MONTHS.search(text):
        word = months.group(1).casefold()
        number = MONTH_WORDS.get(word) or int(word)
        found |= {12 / number} if number else set()
        text = MONTHS.sub(" ", text)
    for times, pattern in PERIODS.items():
        if pattern.search(text):
            found.add(times)
            text = pattern.sub(" ", text)
    if len(found) > 1:
        raise InputError(
            f"{quoted(text)} names two periods. Give the revenue of a year, like 3M a year."
        )
    return (found.pop() if found else None), text


def unit_of(header: str) -> Unit:
    """Return the unit that a column's name states.

    >>> unit_of("Monthly revenue (USD thousands)")
    Unit(times_a_year=12, scale=1000, currency=None)
    """
    name = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", header).replace("_", " ")
    times, _ = period_of(name)
    scales = {
        scale
        for scale, pattern in {1_000: THOUSANDS, MILLION: MILLIONS, **OTHERS}.items()
        if pattern.search(name)
    }
    if len(scales) > 1:
        raise InputError(f"The column's name {quoted(header)} states two units.")
    return Unit(times, scales.pop() if scales else None, foreign_currency(name))


def period_note(times: float) -> str:
    """Return what was done to an amount of a part of a year."""
    return NAMES.get(int(times), f"an amount of {12 / times:g} months, times {times:g}")
