"""Currencies as people write them, and about how many US dollars they buy."""

import math
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from triage_agent.errors import InputError
from triage_agent.files import Strict, load_toml

RATES = Path(__file__).with_name("currencies.toml")
US_DOLLARS = re.compile(r"\bus\s*\$|\busd(?![a-z])|\b(?:us|u\.s\.) dollars?\b", re.I)
ANY_DOLLARS = re.compile(r"\$|\bdollars?\b", re.I)
ALSO_DOLLARS = {"CAD", "AUD", "NZD", "SGD", "HKD"}  # a bare $ in such a column is theirs
WIDTH = 2.0  # times and divided by: how far a rate may have moved since the file's date


class Currency(Strict):
    """One currency: US dollars per unit, and the words and signs for it."""

    usd: float
    words: tuple[str, ...]


class Currencies(Strict):
    """The data file of rates, and the month that they are from."""

    date: str
    source: str
    currencies: dict[str, Currency]


@dataclass(frozen=True, slots=True)
class Found:
    """The currency that a text names; a sign of several currencies has several codes."""

    words: str
    codes: tuple[str, ...]


@cache
def load_currencies() -> Currencies:
    """Return the shipped rates."""
    return load_toml(RATES, Currencies)


@cache
def _pattern() -> re.Pattern[str]:
    words = {word for one in load_currencies().currencies.values() for word in one.words}
    each = [
        (r"(?<![a-z])" if word[0].isalpha() else "")
        + re.escape(word)
        + (r"(?![a-z])" if word[-1].isalpha() else "")
        for word in sorted(words, key=len, reverse=True)
    ]
    return re.compile("|".join(each), re.I)


@cache
def currency_pattern() -> str:
    """Return a pattern for any word or sign of a currency, US dollars included; case is ignored."""
    return f"(?:{US_DOLLARS.pattern}|{_pattern().pattern}|{ANY_DOLLARS.pattern})"


def foreign_currency(text: str) -> Found | None:
    """Return the currency other than US dollars that a text names first.

    >>> foreign_currency("Umsatz (EUR)").codes, foreign_currency("US$3M")
    (('EUR',), None)
    """
    found = _pattern().search(US_DOLLARS.sub(" ", text))
    if not found:
        return None
    word = found.group().casefold()
    known = load_currencies().currencies.items()
    return Found(found.group(), tuple(code for code, one in known if word in one.words))


def without_currency(text: str) -> str:
    """Return a text without the words and signs of any currency."""
    text = _pattern().sub(" ", US_DOLLARS.sub(" ", text))
    return ANY_DOLLARS.sub(" ", re.sub(r"\brs\.", " ", text, flags=re.I))


def rates_of(found: Found) -> tuple[float, float]:
    """Return the lowest and the highest rate that the currency may have by now."""
    known = [load_currencies().currencies[code].usd for code in found.codes]
    return min(known) / WIDTH, max(known) * WIDTH


def check_usd_rate(rate: float | None) -> None:
    """Raise `InputError` unless the rate is absent or a positive, finite number."""
    if rate is not None and not (math.isfinite(rate) and rate > 0):
        raise InputError(
            f"The rate {rate} must be a positive number of US dollars per unit of the other "
            "currency, like --usd-rate 1.15."
        )
