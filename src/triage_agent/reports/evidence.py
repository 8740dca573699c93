"""The words of a text that an answer rests on, where showing them tells the reader something."""

from collections.abc import Sequence

from triage_agent.types import Classification


def shown_evidence(row: Classification) -> tuple[str, ...]:
    """Return the quotes that single out a part of the text; none if they are all of its words.

    The backends quote the whole of a short sentence, and a page on which every sentence is marked
    marks nothing.
    """
    pieces = passages(row.text, row.evidence)
    rest = "".join(piece for piece, marked in pieces if not marked)
    return row.evidence if any(letter.isalnum() for letter in rest) else ()


def passages(text: str, evidence: Sequence[str]) -> list[tuple[str, bool]]:
    """Return the text in pieces, each with whether it is evidence; quotes may overlap.

    >>> passages("Leads get lost daily.", ["get lost", "lost daily"])
    [('Leads ', False), ('get lost daily', True), ('.', False)]
    """
    marked = [False] * len(text)
    for quote in evidence:
        start = text.find(quote)
        if quote and start >= 0:
            marked[start : start + len(quote)] = [True] * len(quote)
    pieces: list[tuple[str, bool]] = []
    start = 0
    for place in range(1, len(text) + 1):
        if place == len(text) or marked[place] != marked[start]:
            pieces.append((text[start:place], marked[start]))
            start = place
    return pieces
