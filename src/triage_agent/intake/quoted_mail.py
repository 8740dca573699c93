"""Mail that is quoted or forwarded within a text."""

import re
from collections.abc import Sequence

STATEMENT = 4  # words of a line that says something and ends as a sentence
WROTE = re.compile(
    r"(?:on|am|le|el)\b.{5,200}\b(?:wrote|schrieb.{0,80}|a écrit|escribió)\s?:", re.IGNORECASE
)
ORIGINAL = re.compile(
    r"[-_\s>]*\b(?:original message|forwarded message|ursprüngliche nachricht)\b[-_\s:]*|_{20,}",
    re.IGNORECASE,
)
HEADER = re.compile(
    r"\*?(?:from|sent|date|to|cc|subject|von|gesendet|an|betreff)\*?:\s", re.IGNORECASE
)


def quoted_lines(shown: Sequence[str]) -> set[int]:
    """Return the lines of quoted mail; of one that stands alone, as a memo does, only its head."""
    taken = _quotations(shown)
    own = [line for place, line in enumerate(shown) if place not in taken]
    if any(map(says_something, own)):
        return taken
    return {place for place in taken if _is_head(shown, place)}


def _is_head(shown: Sequence[str], place: int) -> bool:
    """Return whether a line of quoted mail says only who wrote to whom."""
    line = shown[place]
    return bool(HEADER.match(line) or ORIGINAL.fullmatch(line) or WROTE.fullmatch(line))


def says_something(line: str) -> bool:
    """Return whether a line makes a statement, unlike a name, an address or a slogan."""
    words = [word for word in line.split() if word[0].isalpha()]
    low = sum(word[0].islower() for word in words)
    ended = line.endswith((".", "!", "?"))
    return low > len(words) / 2 and len(words) >= (STATEMENT if ended else 2 * STATEMENT)


def _quotations(shown: Sequence[str]) -> set[int]:
    """Return the lines of quoted mail."""
    taken: set[int] = set()
    quoting = [line.startswith(">") for line in shown]
    if all(quoting):
        return taken
    for place, line in enumerate(shown):
        if place in taken:
            continue
        two = f"{line} {shown[place + 1]}" if place + 1 < len(shown) else line
        wrote = 1 if WROTE.fullmatch(line) else 2 if len(two) < 240 and WROTE.fullmatch(two) else 0
        head = HEADER.match(line) and any(HEADER.match(one) for one in shown[place + 1 : place + 3])
        if wrote or head or ORIGINAL.fullmatch(line):
            stop = place + (wrote or 1)
            while stop < len(shown) and (quoting[stop] or HEADER.match(shown[stop])):
                stop += 1
            answered_below = wrote and stop > place + wrote
            if place and not answered_below:
                stop = len(shown)
            taken.update(range(place, stop))
        elif quoting[place]:
            stop = place
            while stop < len(shown) and quoting[stop]:
                stop += 1
            # Else it is a list, or a quotation in the text.
            if place == 0 or place - 1 in taken or shown[stop - 1].endswith("?"):
                taken.update(range(place, stop))
    return taken
