"""What a reply takes from the problem's text, as positions in that text.

So that what is stored of a reply holds none of it: a quotation is stored as where it stands, and
read back with the text at hand, which whoever asks the same question has.
"""

import re
from collections.abc import Iterator, Sequence
from unicodedata import normalize

from triage_agent.privacy import masked_spans

# Where it starts and ends in the text, and whether its first letter is to be a capital.
Place = tuple[int, int, bool]
Part = str | Place

# A letter of a script without spaces counts as a word.
WORD = re.compile(
    r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]"
    r"|(?:[^\W\u3040-\u30ff\u3400-\u9fff]|[\u0300-\u036f])+"  # with combining accents
)
RUN = 4  # words in a row that are a quotation; five with a dash among them may be four
MOST_STARTS = 50  # places of the text at which one run is tried


def quotation(words: str, text: str) -> list[Part]:
    """Return a quotation as the one place where it stands in the text, else as `parts`.

    Case, white space and punctuation do not matter: what stands in the text is what is read back.

    >>> quotation('"nobody  FOLLOWS up"', "Leads: nobody follows up on them.")
    [(7, 24, False)]
    """
    if words and (start := text.find(words)) >= 0:
        return [(start, start + len(words), False)]
    wanted, there = words_of(words), words_of(text)
    for first in range(len(there) - len(wanted) + 1) if wanted else ():
        if all(one[2] == there[first + n][2] for n, one in enumerate(wanted)):
            return [(there[first][0], there[first + len(wanted) - 1][1], False)]
    return parts(words, text)


def parts(words: str, text: str) -> list[Part]:
    """Return words as runs that stand in the text, by place, and what lies between them, masked.

    Read back with `spell`, they are the words again but for what was masked, and for the spelling
    and punctuation inside a run, which are the text's.

    >>> parts("So leads get lost every week, ask ann@example.com", "Leads get lost every week.")
    ['So ', (0, 25, False), ', ask ', '[e-mail]']
    """
    found: list[Part] = []
    for part in _runs(words, text):
        found += _masked(part, text) if isinstance(part, str) else [part]
    return found


def _masked(words: str, text: str) -> Iterator[Part]:
    """Yield words with what is private in them by its place in the text, else masked."""
    done = 0
    for start, end, masked in masked_spans(words):
        if words[done:start]:
            yield words[done:start]
        at = text.find(words[start:end])
        yield (at, at + end - start, False) if at >= 0 else masked
        done = end
    if words[done:]:
        yield words[done:]


def spell(stored: Sequence[Part], text: str) -> str:
    """Return the words that `quotation` or `parts` made into parts of this text.

    >>> spell(["So ", (0, 5, False), "."], "leads get lost")
    'So leads.'
    """
    return "".join(part if isinstance(part, str) else _spelled(*part, text) for part in stored)


def _spelled(start: int, end: int, capital: bool, text: str) -> str:
    run = re.sub(r"\s+", " ", text[start:end])
    return run[:1].upper() + run[1:] if capital else run


def words_of(text: str) -> list[tuple[int, int, str]]:
    """Return the words of a text: where each starts and ends, and the word in its plain form."""
    return [(m.start(), m.end(), _plain(m[0])) for m in WORD.finditer(text)]


def _plain(word: str) -> str:
    """Return a word without its case, however its accents are written."""
    return word.casefold() if word.isascii() else normalize("NFKC", word).casefold()


def _grams(words: list[tuple[int, int, str]]) -> Iterator[tuple[str, ...]]:
    """Return every run of `RUN` words, by its first."""
    bare = [word for *_, word in words]
    return zip(*(bare[first:] for first in range(RUN)), strict=False)


def _runs(words: str, text: str) -> Iterator[Part]:
    """Yield the runs of words that stand in the text by their place, and what is between them."""
    own = words_of(words)
    if len(own) < RUN:
        if words:
            yield words
        return
    there = words_of(text)
    wanted = set(_grams(own))
    starts: dict[tuple[str, ...], list[int]] = {}
    for first, gram in enumerate(_grams(there)):
        if gram in wanted:
            starts.setdefault(gram, []).append(first)
    if not starts:  # as for nearly every rationale
        yield words
        return
    done = at = 0
    while at <= len(own) - RUN:
        first, length = _longest(own, at, there, starts)
        if not length:
            at += 1
            continue
        if words[done : own[at][0]]:
            yield words[done : own[at][0]]
        start, end = there[first][0], there[first + length - 1][1]
        yield start, end, words[own[at][0]].isupper() and not text[start].isupper()
        at += length
        done = own[at - 1][1]
    if words[done:]:
        yield words[done:]


def _longest(
    own: list[tuple[int, int, str]],
    at: int,
    there: list[tuple[int, int, str]],
    starts: dict[tuple[str, ...], list[int]],
) -> tuple[int, int]:
    """Return the first word and the number of words of the longest run that begins at one word."""
    best = (0, 0)
    for first in starts.get(tuple(word for *_, word in own[at : at + RUN]), [])[:MOST_STARTS]:
        length = RUN
        while (
            at + length < len(own)
            and first + length < len(there)
            and own[at + length][2] == there[first + length][2]
        ):
            length += 1
        best = max(best, (first, length), key=lambda run: run[1])
    return best
