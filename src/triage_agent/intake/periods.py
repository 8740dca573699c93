"""The period of an amount: how often a year it comes, as a cell or a column's name says it."""

import re

from triage_agent.errors import InputError
from triage_agent.intake.numerals import quoted

PER = r"(?:/|\b(?:a|per|each|every|in a)\b)\s*(?:calendar |business |financial )?"
WHICH = (
    r"(?:last|this|past|previous|prior|current|latest|most recent|recent|calendar|full|whole|one|"
    r"each|every|single|typical|average)"
)
KIND = r"(?:full |complete |completed |closed |fiscal |financial |calendar |business |trading )*"
# How often a year; `a quarter` of a million is no period, number words are read before.
PERIODS = {
    26: re.compile(rf"\s*{PER}fortnight\b|\s*\bfortnightly\b", re.I),
    2: re.compile(
        rf"\s*{PER}half[\s-]?year\b|\s*\b(?:half|semi)[\s-]?(?:year(?:ly)?|annual(?:ly)?)\b"
        r"|\b(?:last|this) half[\s-]?year\b|\bh[12]\b",
        re.I,
    ),
    52: re.compile(rf"\s*{PER}(?:week|wk)\b\.?|\s*\bweekly\b", re.I),
    12: re.compile(
        rf"\s*{PER}(?:month|mo|mth)\b\.?|\s*\bmonthly\b|\bmrr\b|\b{WHICH} {KIND}month\b"
        r"|\s*\bp\.?\s?c?\.?\s?m\b\.?",
        re.I,
    ),
    4: re.compile(
        rf"\s*{PER}(?:quarter|qtr|q)\b\.?|\s*\bquarterly\b|\b{WHICH} {KIND}quarter\b|\bq[1-4]\b",
        re.I,
    ),
    1: re.compile(
        rf"\s*(?:/|\b(?:a|per|each|every|in)\b)\s*{KIND}(?:year|yr|annum)\b\.?"
        r"|\s*\b(?:yearly|annually|annual|annualized|annualised|p\.?\s?a\.?(?=\W|$)|arr|ttm|ltm)\b\.?"
        rf"|\b{WHICH} {KIND}year\b"
        r"|\b(?:fy|(?:fiscal|financial) year)\s*'?(?:\d\d){0,2}\b(?:\s?[/–-]\s?\d{2,4}\b)?",
        re.I,
    ),
}
DAILY = re.compile(rf"{PER}(?:day|hour)\b|\bdaily\b|\bhourly\b", re.I)
TWOFOLD = re.compile(
    r"\bbi[\s-]?(?:weekly|monthly|annual(?:ly)?|yearly)\b"
    r"|\bevery (?:other|second|two|2|few) (?:weeks?|months?|quarters?|years?)\b",
    re.I,
)
MONTH_NAMES = (
    r"jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|june?|july?|aug(?:ust)?|sept?(?:ember)?"
    r"|oct(?:ober)?|nov(?:ember)?|dec(?:ember)?"
)
# "may" is a verb as well; the other month of a range is found in any case.
PART = re.compile(
    rf"\bytd\b|\byear[\s-]to[\s-]date\b|\bto date\b|\bso far\b|\bsince\b|\blife[\s-]?time\b"
    rf"|\ball[\s-]time\b|\bcumulative\b|\b(?:{MONTH_NAMES})\b|\bmay (?:19|20)\d\d\b",
    re.I,
)
PER_OTHER = re.compile(
    r"(?:\bper\b|\bfor (?:each|every)\b|\b(?:a|each|every)(?=\s+(?:head|customers?|clients?|users?"
    r"|employees?|persons?|seats?|units?|orders?|visits?|sales?|projects?|shops?|stores?)\b))"
    r"\s*([^\W\d_]+)",
    re.I,
)
MONTHS = re.compile(
    r"\b(?:last|past|trailing|previous)\s+(\d{1,2}|twelve|six|three) months?\b", re.I
)
MONTH_WORDS = {"twelve": 12, "six": 6, "three": 3}
NAMES = {
    52: "a weekly amount, times 52",
    26: "a fortnightly amount, times 26",
    12: "a monthly amount, times 12",
    4: "a quarterly amount, times 4",
    2: "a half-yearly amount, times 2",
}


def period_of(text: str) -> tuple[float | None, str]:
    """Return how often a year the amount comes (None: not said), and the text without the words.

    Blanks stand in their place. Raises `InputError` for a period that is not known to be a certain
    part of a year, for an amount per something else, and for two periods.
    """
    if DAILY.search(text):
        raise InputError(
            f"{quoted(text)} is an amount per day, and how many days a year count is not known. "
            "Give the revenue of a year or a month."
        )
    if twofold := TWOFOLD.search(text):
        raise InputError(
            f"{quoted(twofold[0])} may be twice in it or every second one. "
            "Give the revenue of a year or a month."
        )
    found: set[float] = set()
    if months := MONTHS.search(text):
        word = months.group(1).casefold()
        number = MONTH_WORDS.get(word) or int(word)
        found |= {12 / number} if number else set()
        text = MONTHS.sub(_blanks, text)
    for times, pattern in PERIODS.items():
        if pattern.search(text):
            found.add(times)
            text = pattern.sub(_blanks, text)
    if len(found) > 1:
        raise InputError(
            f"{quoted(text)} names two periods. Give the revenue of a year, like 3M a year."
        )
    if part := PART.search(text):
        raise InputError(
            f"{quoted(part[0])} says that the amount is not that of a whole year. "
            "Give the revenue of a year or a month."
        )
    if per := PER_OTHER.search(text):
        raise InputError(f"It is an amount per {per[1].casefold()}, and not that of the business.")
    return (found.pop() if found else None), text


def period_note(times: float) -> str:
    """Return what was done to an amount of a part of a year."""
    return NAMES.get(int(times), f"an amount of {12 / times:g} months, times {times:g}")


def _blanks(found: re.Match[str]) -> str:
    """Return blanks in the place of what was found."""
    return " " * len(found[0])
