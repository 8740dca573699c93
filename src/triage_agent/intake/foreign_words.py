"""Headers and amounts in other languages, in the English words that the rules know."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache, lru_cache
from pathlib import Path

from triage_agent.files import Strict, load_toml

WORDS = Path(__file__).with_name("foreign_words.toml")
# "Löst" is no "lost": umlauts keep a letter of their own, as people write them without the sign.
UMLAUTS = str.maketrans(
    {"ä": "ae", "ö": "oe", "ü": "ue", "Ä": "Ae", "Ö": "Oe", "Ü": "Ue", "ß": "ss"}
)
LETTER = r"[^\W\d_]"
WORD = re.compile(rf"{LETTER}{{2}}")


class Words(Strict):
    """The words of one language, as the data file explains them."""

    stops: bool
    words: dict[str, str]
    small: dict[str, str]


class Languages(Strict):
    """The data file, by language."""

    languages: dict[str, Words]


@dataclass(frozen=True, slots=True)
class Language:
    """How the words of one language are found in a text without signs over its letters."""

    stops: bool  # whether a stop groups thousands
    own: re.Pattern[str]  # what shows the language
    every: re.Pattern[str]
    english: dict[str, str]


def in_english(text: str, language: str | None = None) -> str:
    """Return a text with the words that are known of its language in English, else as it is.

    `language`: the one to be taken if the text itself does not show any, such as that of the
    column of a cell.

    >>> in_english("Wie hoch ist Ihr Umsatz pro Jahr (T€)?")
    'how much is your revenue per year (T€)?'
    >>> in_english("Was the problem fixed?"), in_english("bis 500 K", "de")
    ('Was the problem fixed?', 'to 500 K')
    """
    known = _languages().get(language_of(text) or language or "")
    if known is None:
        return text
    return known.every.sub(lambda found: known.english[_key(found[0])], _folded(text))


def groups_with_stops(language: str | None) -> bool | None:
    """Return whether 950.000 surely is 950 thousand in a language; None of English."""
    return None if language is None else _languages()[language].stops


@lru_cache(maxsize=4096)
def language_of(text: str) -> str | None:
    """Return the language of a header or an amount, if words of it show one; None: English.

    >>> language_of("Chiffre d'affaires"), language_of("Facturación"), language_of("Turnover")
    ('fr', 'es', None)
    """
    if not WORD.search(text):
        return None  # an amount in figures
    folded = _folded(text)
    shown = {
        name: (sum(map(len, known.own.findall(folded))), len("".join(known.every.findall(folded))))
        for name, known in _languages().items()
    }
    best = max(shown, key=lambda name: shown[name])
    return best if shown[best][0] else None


@cache
def _languages() -> dict[str, Language]:
    """Return the languages of the data file, ready for use."""
    found: dict[str, Language] = {}
    for name, one in load_toml(WORDS, Languages).languages.items():
        own = {_key(word): value for word, value in one.words.items()}
        every = {_key(word): value for word, value in one.small.items()} | own
        found[name] = Language(one.stops, _pattern(own), _pattern(every), every)
    return found


def _pattern(keys: Iterable[str]) -> re.Pattern[str]:
    """Return a pattern for any of some words; the longer go first, as a phrase has single words."""
    ordered = sorted(keys, key=len, reverse=True)
    each = "|".join(r"[\W_]+".join(map(re.escape, key.split())) for key in ordered)
    return re.compile(rf"(?<!{LETTER})(?:{each})(?!{LETTER})", re.IGNORECASE)


def _key(text: str) -> str:
    """Return words in one way to write them."""
    return " ".join(re.sub(r"[\W_]+", " ", _folded(text)).casefold().split())


@lru_cache(maxsize=4096)
def _folded(text: str) -> str:
    """Return a text without signs over its letters."""
    if text.isascii():
        return text
    spelled = unicodedata.normalize("NFC", text).translate(UMLAUTS)
    parts = unicodedata.normalize("NFKD", spelled)
    return "".join(sign for sign in parts if not unicodedata.combining(sign))
