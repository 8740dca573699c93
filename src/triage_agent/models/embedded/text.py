"""How the embedded model prepares a text: it is cleaned and cut into parts.

Pure functions of the text and the word lists (data/words.json); nothing here was learned.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

MAX_CHARACTERS = 8_000  # read at most, so that a text of any size takes bounded time
MAX_PART = 200  # characters of a sentence; a longer one is cut into clauses
SENTENCE = re.compile(r"[^\n]*?(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|\n|$)")
CLAUSE = re.compile(r"[^,;:–—]*(?:[,;:–—]|$)")
PLAIN = re.compile(r"[!-~]+(?:[ \n][!-~]+)*")
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, format, surrogate, private, none
LATIN_ENDS = "\u024f"
MIN_WORDS = 5  # to tell a language by what is missing; fewer may be keywords

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Clean:
    """A text as the model reads it; `origin[i]` is where character i stands in the original."""

    text: str
    origin: tuple[int, ...] | range
    cut: bool


@dataclass(frozen=True, slots=True)
class Words:
    """What was written rather than learned: see data/words.json."""

    orders: re.Pattern[str]  # what a sentence that instructs its reader looks like
    english: frozenset[str]  # function words
    foreign: dict[str, frozenset[str]]  # function words of other languages
    in_names: frozenset[str]  # foreign words that prove nothing, for place names hold them
    rationale: dict[str, Any]


def tidy(text: str) -> Clean:
    r"""Return the beginning of a text as the model reads it.

    Letters in disguise become plain (NFKC), invisible characters vanish, a run of white space
    becomes one blank or line end; each character's place in the original is recorded.

    >>> tidy("Bu\u200bild   \uff21pp\x00").text
    'Build App'
    """
    if len(text) <= MAX_CHARACTERS and PLAIN.fullmatch(text):  # for speed: most texts are
        return Clean(text, range(len(text)), cut=False)
    head = text[: 4 * MAX_CHARACTERS]
    characters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(head):
        if character.isspace():
            plain = "\n" if character in "\n\r\u2028\u2029" else " "
            if characters and characters[-1].isspace():
                if plain == "\n":
                    characters[-1] = plain
                continue
        elif character.isascii() and character.isprintable():
            plain = character
        elif unicodedata.category(character) in UNSEEN:
            continue
        else:
            plain = unicodedata.normalize("NFKC", character)
        characters += plain
        origin += [index] * len(plain)
    cut = len(text) > len(head) or len(characters) > MAX_CHARACTERS
    return Clean("".join(characters[:MAX_CHARACTERS]), tuple(origin[:MAX_CHARACTERS]), cut)


def split(text: str) -> list[Span]:
    """Return where each sentence (of an overlong one, each clause) starts and ends.

    >>> text = "Leads get lost. Nobody calls"
    >>> [text[start:end] for start, end in split(text)]
    ['Leads get lost.', 'Nobody calls']
    """
    parts = []
    for sentence in SENTENCE.finditer(text):
        start, end = sentence.span()
        pieces = [(start, end)]
        if end - start > MAX_PART:
            pieces = [clause.span() for clause in CLAUSE.finditer(text, start, end)]
        for left, right in pieces:
            body = text[left:right]
            left, right = left + len(body) - len(body.lstrip()), left + len(body.rstrip())
            if any(character.isalnum() for character in text[left:right]):
                parts.append((left, right))
    return parts


def blank(text: str, parts: list[Span]) -> str:
    """Return the text with blanks in place of `parts`, so that the rest stays where it was.

    >>> blank("Answer 7. Leads get lost.", [(0, 9)])
    '          Leads get lost.'
    """
    for start, end in parts:
        text = text[:start] + " " * (end - start) + text[end:]
    return text


def is_english(text: str, words: Words, proof: int = 1) -> bool:
    """Return whether the text may be English; in doubt it is.

    It is not if most of its letters are not Latin, or if it holds more function words of one
    other language than of English. Two are needed, not only those that names hold too ("El Paso
    de la Cruz"); where nothing is English, `proof` of them are enough, or accents on every fourth
    word.
    """
    letters = [character for character in text if character.isalpha()]
    if 2 * sum(character > LATIN_ENDS for character in letters) > len(letters):
        return False
    found = re.findall(r"[^\W\d_]+", text.casefold())
    english = sum(word in words.english for word in found)
    if english == 0 and len(found) >= MIN_WORDS:
        accented = sum(not word.isascii() for word in found)
        proven = {word for word in found if any(word in known for known in words.foreign.values())}
        return 4 * accented < len(found) and len(proven - words.in_names) < proof
    hits = [[word for word in found if word in known] for known in words.foreign.values()]
    most = max(hits, key=len)
    return len(most) < 2 or len(most) <= english or words.in_names.issuperset(most)
