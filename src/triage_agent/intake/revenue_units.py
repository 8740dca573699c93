"""The unit of a revenue: the period, the scale and the currency that a column's name states.

A name is taken apart until nothing is left: each word is the unit's, or one that a question about
revenue may hold, or it is `rest`. What is left where a unit stands is a unit that cannot be
applied, and is refused.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache

from triage_agent.errors import InputError
from triage_agent.intake.code_lists import code_list
from triage_agent.intake.currencies import (
    Found,
    currency_pattern,
    foreign_currency,
    load_currencies,
)
from triage_agent.intake.headers import header_words
from triage_agent.intake.numerals import MILLION, quoted
from triage_agent.intake.periods import period_of
from triage_agent.intake.revenue_words import EXPLAINED

CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
NUMBERED = re.compile(r"^\s*(?:q(?:uestion)?\s?)?\d{1,3}[a-z]?\s*[.:)–-]+\s*(?=\D)", re.I)
EXAMPLE = re.compile(
    r"[(\[]?(?:\be\.?\s?g\b\.?|\bfor (?:example|instance)\b|\bexamples?\b|\bsuch as\b|\blike\b)"
    r"[^)\]]*[)\]]?",
    re.I,
)
TURN_OVER = re.compile(r"\bturn(?:s|ed)? over\b", re.I)
YEAR = re.compile(r"['’]?\b(?:19|20)\d\d(?:\s?[/–-]\s?\d{2,4})?\b")
SCALES = {
    "hundred": 100, "hundreds": 100, "k": 1_000, "t": 1_000, "tsd": 1_000, "thousand": 1_000,
    "thousands": 1_000, "tausend": 1_000, "m": MILLION, "mm": MILLION, "mn": MILLION,
    "mio": MILLION, "mln": MILLION, "million": MILLION, "millions": MILLION,
    "millionen": MILLION, "b": 1_000 * MILLION, "bn": 1_000 * MILLION, "mrd": 1_000 * MILLION,
    "billion": 1_000 * MILLION, "billions": 1_000 * MILLION, "lakh": 100_000, "lakhs": 100_000,
    "lac": 100_000, "lacs": 100_000, "cr": 10 * MILLION, "crore": 10 * MILLION,
    "crores": 10 * MILLION,
}  # fmt: skip
LETTERS = {"k", "t", "m", "mm", "mn", "b", "cr"}  # a scale only where nothing else can be meant
WORDS = "|".join(sorted(SCALES.keys() - LETTERS, key=len, reverse=True))
SCALE_WORD = re.compile(rf"(?<![A-Za-z])(?:in )?({WORDS})(?![A-Za-z])\.?", re.I)
LETTER = re.compile(
    r"(?:(?<=[(\[,/|])\s*|\bin\s+|(?<=\s)(?=\w+\W*$))(k|mm?|mn|bn?|cr)(?:['’]?s)?\b\.?"
    r"(?=\s*(?:[)\],/|]|$))",
    re.I,
)
ZEROS = re.compile(r"[x×*]?\s*(?<![\d.,])['’]?(1?0*(?:[.,’' ]?000)*)['’]?s?\b(?![.,]?\d)", re.I)
RUPEES = Found("rupees", ("INR",))
MARK = "¤"  # stands for a currency that was found
LEFT = re.compile(
    rf"[^\W\d_]+(?:['’][^\W\d_]+)?|\d[\d.,]*|[^\w\s()\[\]{{}}.,;:!?/&+<>=_'’\"“”*#|$–—{MARK}-]"
)
SHORT = "k|t|mm?|mn|mio|mln|bn?|tsd|cr"  # scales as they stand beside a currency
BRACKET = re.compile(r"[(\[][^()\[\]]*[)\]]?")
SENTENCE = 4  # words that are left in a bracket from which on it is no unit
CAPITALS = re.compile(r"[A-Z]{3}")


@dataclass(frozen=True, slots=True)
class Unit:
    """What a column's name says about its amounts; None where it says nothing."""

    times_a_year: float | None = None
    scale: int | None = None
    currency: Found | None = None
    codes: Mapping[str, str] = field(default_factory=dict)  # what "1", "2" of the cells stand for


@dataclass(frozen=True, slots=True)
class Name:
    """A column's name taken apart: its unit, and the words that neither it nor revenue explains."""

    unit: Unit
    rest: tuple[str, ...] = ()
    unknown_unit: tuple[str, ...] = ()  # those of `rest` that stand where a unit stands


def unit_of(header: str, *, has_rate: bool = False) -> Unit:
    """Return the unit that a column's name states, or raise `InputError` if one cannot be applied.

    `has_rate`: a currency whose code is not known can be applied, as its rate is given.

    >>> unit_of("Monthly revenue (USD thousands)").times_a_year, unit_of("Umsatz in TEUR").scale
    (12, 1000)
    """
    name = name_of(header)
    if has_rate and not name.unit.currency and _is_code(name.unknown_unit):
        return replace(name.unit, currency=Found(name.unknown_unit[0], ()))
    if name.unknown_unit:
        way_out = '--revenue-unit says what the amounts are, like --revenue-unit "USD thousands"'
        if _is_code(name.unknown_unit):
            way_out = f"--usd-rate says how many US dollars one {name.unknown_unit[0]} is"
        raise InputError(
            f"The column's name {quoted(header)} states a unit that is not known: "
            f"{quoted(' '.join(name.unknown_unit))}. {way_out}."
        )
    return name.unit


def name_of(header: str) -> Name:
    """Return a column's name taken apart; raises `InputError` for a unit that is two, or none.

    >>> name_of("Revenue per year (VND)").unknown_unit, name_of("Revenue goal").rest
    (('VND',), ('goal',))
    """
    spaced = CAMEL.sub(" ", header_words(header)).replace("_", " ")
    text = NUMBERED.sub("", apart(spaced))
    codes, text = code_list(text)
    text = TURN_OVER.sub(_blanks, EXAMPLE.sub(_blanks, text))
    spans = [found.span() for found in BRACKET.finditer(text)]
    times, text = period_of(text)
    text = YEAR.sub(_blanks, text)
    currency, scales, text = _scaled_currency(text)
    for pattern in (SCALE_WORD, LETTER):
        scales |= {SCALES[found[1].casefold()] for found in pattern.finditer(text)}
        text = pattern.sub(_blanks, text)
    for found in ZEROS.finditer(text):
        if found[1].count("0") > 1:
            scales.add(int(10 ** found[1].count("0")))
            text = text[: found.start()] + " " * len(found[0]) + text[found.end() :]
    if scales & {SCALES["lakh"], SCALES["crore"]} and MARK not in text:
        currency = RUPEES
    if len(scales) > 1:
        raise InputError(f"The column's name {quoted(header)} states two units.")
    left = [found for found in LEFT.finditer(text) if not _explained(found[0])]
    return Name(
        Unit(times, scales.pop() if scales else None, currency, codes),
        tuple(found[0] for found in left),
        tuple(found[0] for found in left if _is_unit(found, text, left, spans)),
    )


def _scaled_currency(text: str) -> tuple[Found | None, set[int], str]:
    """Return the currency (None: US dollars, or none), the scales beside it, and what is left."""
    money = currency_pattern()
    before = re.compile(rf"(?<![^\W_])({SHORT})\.?\s?(?={money})", re.I)
    behind = re.compile(rf"(?<={MARK})\s?[,/]?\s?({SHORT})(?![^\W_])\.?(?!\s*\d)", re.I)
    found = {SCALES[one[1].casefold()] for one in before.finditer(text)}
    text = before.sub(_blanks, text)
    currency = foreign_currency(text)
    others = foreign_currency(text.replace(currency.words, " ")) if currency else None
    names_dollars = re.search(r"\busd\b|\bus\s*\$", text, re.I)
    if currency and (names_dollars or (others and not {*others.codes} & {*currency.codes})):
        raise InputError(f"{quoted(' '.join(text.split()))} names two currencies.")
    text = re.sub(money, lambda one: MARK + " " * (len(one[0]) - 1), text, flags=re.I)
    text = re.sub(rf"{MARK}( +)", lambda one: one[1] + MARK, text)  # the mark stands at its end
    found |= {SCALES[one[1].casefold()] for one in behind.finditer(text)}
    return currency, found, behind.sub(_blanks, text)


@cache
def _compact() -> re.Pattern[str]:
    """Return the pattern of a scale and a currency's code in one word: TEUR, GBPm."""
    codes = "|".join({*load_currencies().currencies, "USD"})
    return re.compile(rf"\b(?:({SHORT})({codes})|({codes})({SHORT}))\b", re.I)


def apart(text: str) -> str:
    """Return a text with a blank between a scale and the currency that stands in one word with it.

    >>> apart("3 MEUR"), apart("Umsatz in TEUR")
    ('3 M EUR', 'Umsatz in T EUR')
    """
    return _compact().sub(lambda found: " ".join(filter(None, found.groups())), text)


def _explained(word: str) -> bool:
    """Return whether a question about the revenue of a business may hold a word."""
    word = word.casefold().replace("’", "'")
    return word in EXPLAINED or word.removesuffix("'s") in EXPLAINED


def _is_unit(
    word: re.Match[str],
    text: str,
    left: list[re.Match[str]],
    brackets: list[tuple[int, int]],
) -> bool:
    """Return whether a word that is left stands where a unit does."""
    for start, end in brackets:
        if start <= word.start() < end:
            inside = [one for one in left if start <= one.start() < end]
            return len(inside) < SENTENCE
    before, after = text[: word.start()], text[word.end() :]
    return bool(
        not (word[0][0].isalnum())
        or re.search(r"\bin\s+$", before)
        or (CAPITALS.fullmatch(word[0]) and not text.isupper())
        or (re.search(r"[,|/–-]\s*$", before) and not after.strip(" ?:.*"))
    )


def _is_code(words: tuple[str, ...]) -> bool:
    """Return whether words are a single code like that of a currency."""
    return len(words) == 1 and CAPITALS.fullmatch(words[0]) is not None


def _blanks(found: re.Match[str]) -> str:
    """Return blanks in the place of what was found."""
    return " " * len(found[0])
