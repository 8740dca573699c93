"""What a text about problems says, beside them, of the yearly revenue of the business."""

import math
import re
from collections.abc import Iterable

from triage_agent.errors import InputError
from triage_agent.intake.numerals import NUMBER
from triage_agent.intake.revenue_words import OTHERWISE
from triage_agent.intake.stated_revenue import parse_revenue

QUOTED_LINE = re.compile(r"^\s*>.*$", re.MULTILINE)  # what somebody else wrote, in a mail
HEDGE = r"(?:(?:about|around|roughly|approximately|nearly|almost|just (?:over|under)|some)\s+)?"
SCALED = r"(?:k|thousand|m|mm|mn|mill?|millions?|bn?|billion)\b"
MONEY = rf"{HEDGE}(?:[$€£]\s*{NUMBER}(?:\s*{SCALED})?|{NUMBER}\s*{SCALED})"
YEARLY = (
    r"(?:\s*(?:(?:a|per|every|each)\s+(?:year|month)|/\s*(?:yr|year|month|mo)|annually|yearly))"
)
TAKINGS = r"(?:(?:annual|yearly|gross|total)\s+)?(?:revenues?|sales|turnover)"
EARNS = (
    r"\b(?:we|i|our (?:business|company|firm|shop)|the (?:business|company|firm|shop))\s+"
    r"(?:(?:now|currently|usually)\s+)?(?:are\s+(?:doing|making|at)|do|does|did|make|makes|made"
    r"|turn over|turns over|turned over|gross|grosses|grossed|bring in|brings in|brought in"
    r"|take in|takes in|took in|generate|generates|generated|bill|bills|billed|earn|earns|earned)"
)
IN_TAKINGS = rf"(?:\s+(?:in|of)\s+{TAKINGS})"
# "We lose $8M a year" and "we make 3M widgets" say nothing about revenue, so that neither a verb
# nor an amount alone is enough.
SAYS = (
    re.compile(rf"{EARNS}\s+({MONEY}(?:{YEARLY}{IN_TAKINGS}?|{IN_TAKINGS}{YEARLY}?))", re.I),
    re.compile(rf"\b{TAKINGS}\s*(?:is|are|was|were|of|:|=|at)\s*({MONEY}{YEARLY}?)", re.I),
    re.compile(rf"({MONEY}{IN_TAKINGS}{YEARLY}?)", re.I),
)


def revenue_said(texts: Iterable[str]) -> str:
    """Return the revenue that texts state, in their words; empty: none, or more than one.

    It is to be confirmed by a person: a text may speak of another business.

    >>> revenue_said(["Orders are typed by hand. We do about $8M a year, 34 people."])
    'about $8M a year'
    >>> revenue_said(["We lose $8M a year. We do about 60 a day."])
    ''
    """
    said = dict[str, str]()
    for text in texts:
        own = QUOTED_LINE.sub("", text)
        for pattern in SAYS:
            for found in pattern.finditer(own):
                words = " ".join(found[1].split())
                if OTHERWISE.search(_sentence(own, found.start(), found.end())):
                    continue  # a goal, a forecast, a profit
                try:
                    revenue = parse_revenue(words)
                except InputError:
                    continue  # it is no amount that could be confirmed
                if revenue.low_usd or revenue.high_usd < math.inf:
                    said.setdefault(str(revenue), words)
    return next(iter(said.values())) if len(said) == 1 else ""


def _sentence(text: str, start: int, end: int) -> str:
    """Return the sentence around a place of a text."""
    begins = max(text.rfind(mark, 0, start) for mark in (". ", "! ", "? ", "\n"))
    return text[begins + 1 : end] + re.split(r"[.!?]\s|\n", text[end:], maxsplit=1)[0]
