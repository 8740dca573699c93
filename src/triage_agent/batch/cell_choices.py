"""Which cells hold what a form offered: to tick, or to choose several of."""

import re
from collections import Counter
from collections.abc import Sequence

from triage_agent.batch.column_words import plain

LISTED = re.compile(r"\s*[,;|\n]\s*")
PIECE_WORDS = 6  # at most, on average, of what is chosen


def is_tick(text: str, column: str) -> bool:
    """Return whether a cell repeats the name of its own column, or the end of it.

    So a form exports a choice of several, with a column for each option.

    >>> is_tick("Late goods", "What applies?: Late goods"), is_tick("Late goods", "What is late?")
    (True, False)
    """
    if len(text) > len(column) + 1:
        return False
    name, said = plain(column), plain(text)
    return name == said or name.endswith(f" {said}")


def are_lists(said: Sequence[str]) -> bool:
    """Return whether most cells hold several pieces that stand in other cells too.

    >>> are_lists(["late; dear", "dear; rude; late", "rude; late"])
    True
    >>> are_lists(["Goods come late, and dear", "Staff is rude, and slow", "No stock, no staff"])
    False
    """
    cells = [{piece.casefold() for piece in LISTED.split(text) if piece} for text in said]
    several = sum(len(pieces) > 1 for pieces in cells)
    if not several or 2 * several < len(cells):
        return False
    times = Counter(piece for pieces in cells for piece in pieces)
    words = sum(len(piece.split()) for piece in times) / len(times)
    again = sum(count for count in times.values() if count > 1)
    return words <= PIECE_WORDS and 2 * again >= sum(times.values())
