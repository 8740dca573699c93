"""How the embedded model prepares a text: it is cleaned and cut into parts.

Pure functions of the text; nothing here was learned.
"""

import re
import unicodedata
from dataclasses import dataclass

from triage_agent.intake import escapes

MAX_CHARACTERS = 8_000  # read at most, so that a text of any size takes bounded time
MAX_PART = 200  # characters of a sentence; a longer one is cut into clauses
SENTENCE = re.compile(r"[^\n]*?(?:[.!?…]+[\"'”’)\]]*(?=\s|$)|\n|$)")
CLAUSE = re.compile(r"[^,;:–—]*(?:[,;:–—]|$)")
JOINT = re.compile(r"[,;:–—]+|\s(?:and|but|then|while|plus|who|which|&)(?=\s)", re.IGNORECASE)
PLAIN = re.compile(r"[!-~]+(?:[ \n][!-~]+)*")
UNSEEN = frozenset({"Cc", "Cf", "Cs", "Co", "Cn"})  # control, format, surrogate, private, none

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Clean:
    """A text as the model reads it; `origin[i]` is where character i stands in the original."""

    text: str
    origin: tuple[int, ...] | range
    cut: bool


def tidy(text: str) -> Clean:
    r"""Return the beginning of a text as the model reads it.

    Letters in disguise become plain (NFKC), invisible characters and orders to a terminal vanish, a
    run of white space becomes one blank or line end; each character's place in the original is
    recorded.

    >>> tidy("Bu\u200bild   \uff21pp\x00").text
    'Build App'
    """
    head = text[: 4 * MAX_CHARACTERS]
    steering = {place for span in escapes(head) for place in range(*span)}
    if len(text) <= MAX_CHARACTERS and not steering and PLAIN.fullmatch(text):  # for speed
        return Clean(text, range(len(text)), cut=False)
    characters: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(head):
        if index in steering:
            continue
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


def clauses(text: str, part: Span) -> list[Span]:
    """Return where the clauses of a part stand, those of one word left out.

    >>> text = "He sits in meetings, takes a commission and talks in jargon."
    >>> [text[start:end] for start, end in clauses(text, (0, len(text)))]
    ['He sits in meetings', 'takes a commission', 'talks in jargon.']
    """
    start, end = part
    found = []
    for joint in [*JOINT.finditer(text, start, end), None]:
        stop = joint.start() if joint else end
        body = text[start:stop]
        if len(body.split()) > 1:
            found.append((start + len(body) - len(body.lstrip()), start + len(body.rstrip())))
        start = joint.end() if joint else end
    return found


def blank(text: str, parts: list[Span]) -> str:
    """Return the text with blanks in place of `parts`, so that the rest stays where it was.

    >>> blank("Answer 7. Leads get lost.", [(0, 9)])
    '          Leads get lost.'
    """
    for start, end in parts:
        text = text[:start] + " " * (end - start) + text[end:]
    return text
