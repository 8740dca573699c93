"""What a recogniser is, and the one loop that all of them search with."""

import re
from collections.abc import Callable, Iterator

Span = tuple[int, int]  # where it starts and ends
Recogniser = Callable[[str], Iterator[Span]]
Recognisers = tuple[tuple[str, Recogniser], ...]  # each with the kind of what it finds
SpanOf = Callable[[re.Match[str]], Span | None]

# What shows that the number before it counts something: "120000 rows", "1200 mm", "30 a week".
COUNTED = r"""(?x)[ ](?:a|per|of|mm|cm|m|km|g|kg|ml|l|pcs)\b
    | [ ](?!(?:does|goes|gets|says|works|owes|shows|holds|pays|opens|always|rings|answers|picks
    |unless
      |lets|unlocks|stops|expires|changes|belongs|needs|this|thanks|regards|plus|yes|keeps
    |starts)\b)
      [a-z]{3,}s\b"""


def shown(match: re.Match[str]) -> Span | None:
    """Return the group that matched last, or the whole match if there is none."""
    return match.span(match.lastindex or 0)


def scan(pattern: str, text: str, span_of: SpanOf = shown) -> Iterator[Span]:
    """Yield what `span_of` makes of each match; after a None, look on from the next character."""
    search = re.compile(pattern).search
    at = 0
    while match := search(text, at):
        span = span_of(match)
        if span:
            yield span
        at = span[1] if span else match.start() + 1
