r"""A text without what nobody reads: orders to a terminal, controls, marks that are not seen.

A paste from a terminal or a log carries them, and a word with one in it is another word to a model.
"""

import re
from collections.abc import Iterator

from triage_agent.files import replace_surrogates
from triage_agent.privacy import clean

# What begins a sequence: two characters, one of C1, or that one as an undecodable byte.
# What is left of a colour when its first character was lost counts too, if it stands in no
# brackets: "pipes [20m long]".
ESCAPE = re.compile(
    r"(?:\x1b\[|\x9b|\udc9b)[0-?]{0,40}[ -/]{0,4}[@-~]?"
    r"|(?:(?:\x1b\]|\x9d|\udc9d)|\](?=\d{1,3};))[^\x07\x1b\x9c\r\n]{0,999}(?:\x07|\x1b\\|\x9c)"
    r"|(?:\x1b\]|\x9d|\udc9d)(?:\d{1,3};?)?"
    r"|\x1b[ -/]{0,2}[0-Z\\-~]"
    r"|\ufffd\d{1,3}(?:;\d{1,3}){0,9}m"
    r"|\[(?:[0-9]|[2-4][0-9]|9[0-7]|10[0-7])(?:;\d{1,3}){0,9}m(?![^\[\]\r\n]{0,60}\])"
)
LINE_BREAK = re.compile(r"(\r\n?|[\x0b\x0c\x85\u2028\u2029])")


def readable(text: str) -> str:
    r"""Return the text as people read it; its line ends stay as they are.

    >>> readable("our \x1b[31mreception\x1b[0mist\x07 re\u200btypes [1mevery[0m booking\r\n")
    'our receptionist retypes every booking\r\n'
    """
    if text.isascii() and text.isprintable() and "[" not in text and "]" not in text:
        return text
    pieces = LINE_BREAK.split(replace_surrogates(ESCAPE.sub("", text)))
    return "".join(one if place % 2 else clean(one) for place, one in enumerate(pieces))


def places_in(text: str, seen: str) -> list[int]:
    """Return where each character of a readable text stands in the text that it was made of."""
    steering = {place for span in escapes(text) for place in range(*span)}
    left = (place for place in range(len(text)) if place not in steering)
    return [
        next(place for place in left if text[place] == one or "\ud800" <= text[place] <= "\udfff")
        for one in seen
    ]


def escapes(text: str) -> Iterator[tuple[int, int]]:
    """Yield where the orders to a terminal stand in a text."""
    return (found.span() for found in ESCAPE.finditer(text))
