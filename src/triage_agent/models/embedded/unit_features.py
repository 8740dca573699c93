"""What the splitter sees of a text's units: how they are marked, and how they begin."""

import re
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from triage_agent.intake import FAILINGS, MARKED_EDGES, WISHES, Edge, Unit

EDGES = tuple(Edge)
OPENINGS = tuple(
    re.compile(rf"(?:{words})(?![\w'’])", re.IGNORECASE)
    for words in (
        r"and|&",
        r"and then|then|next|oh",
        (
            r"also|and also|plus|another|besides|additionally|in addition|on top of that"
            r"|separately|apart from|quite apart|as well|and another|other than that|moreover"
            r"|furthermore|what else|we also|i also"
            r"|there(?:'s| is) also|meanwhile"
        ),
        (
            r"(?:and |so |then |but )?(?:the )?(?:first|second|third|fourth|last|lastly|finally"
            r"|main|biggest|other"
            r"|next|number (?:one|two|three)|secondly|thirdly|firstly|one|two|three)"
        ),
        r"but|however|although|though|yet|or|nor",
        (
            r"so|so that|which|because|that's why|therefore|hence|by then|as a result|since|as|with"
            r"|until|while"
        ),
        (
            r"it|it's|its|they|they're|them|their|that|that's|this|these|those|he|she|his|her|there"
            r"|here|same"
        ),
        r"we|we're|we've|we'd|i|i'm|i've|i'd|i'll|we'll",
        r"our|my|your",
        r"the|a|an|some|each|every|all|any",
        r"no|not|nobody|nothing|none|never|can't|cannot|cant|don't|won't|too|no one",
        r"what|which|how|why|who|when|where|can|could|should|is|are|do|does|would",
        r"want|need|would like|wish|like to|looking for|someone|somebody|build|make|get",
        r"customers?|clients?|people|patients?|members?|staff|users?|parents?|drivers?|guests?",
        r"hi|hello|hey|dear|thanks|thank you|as|you asked|i am|we are|we run|this is|i run|i own",
        r"\w+ing|\w+ed",
        r"\d[\d:.,]*",
        r"last|on|in|at|yesterday|once|when|if|after|before|for|from|to|of",
    )
)
WITHIN = tuple(
    re.compile(words, re.IGNORECASE)
    for words in (
        (
            r"\b(?:problems?|issues?|pains?|pain ?points?|headaches?|challenges?|things|priorities"
            r"|wishes|topics"
            r"|bottlenecks?|struggles?|hurts?|annoy\w*)\b"
        ),
        r"\b(?:two|three|four|five|several|some|these|following|couple of|few|biggest|main|top)\b",
        (
            r"\b(?:where (?:they|you|we|\w+) can|able to|has to|have to|should|must|steps?|process"
            r"|each time"
            r"|every time|goes like|works like|which one|between|decide|so that|in order)\b"
        ),
        r"\b(?:portal|app|website|site|bot|platform|program|software|tool|system|dashboard)\b",
        rf"\b(?:{WISHES})\b",
        (
            r"\b(?:is|are|was|were|has|have|had|gets?|takes?|can't|cannot|don't|doesn't|isn't|aren't"
            r"|keeps?"
            r"|goes|comes?|\w+s)\b"
        ),
        rf"\b(?:{FAILINGS})\b",
        r"\b(?:also|another|separately|besides|other (?:thing|problem|one)|as well|on top|too)\b",
        (
            r"\b(?:same|all of (?:this|that|it)|everything|the whole|in short|basically"
            r"|that's (?:it|all)|anyway)\b"
        ),
        r"\b(?:we are|we're|we run|i run|i own|my name|this is|here are|here is|see below|asked)\b",
    )
)
LINES = frozenset({Edge.PARAGRAPH, Edge.LINE, Edge.HEADING})
MOST = 6  # items of a list that are counted

Matrix = NDArray[np.float64]


def features(text: str, units: Sequence[Unit]) -> Matrix:
    """Return what is seen of each unit beside its words (units × features)."""
    count = len(units)
    listed = any(unit.edge in MARKED_EDGES for unit in units)
    lines = sum(unit.edge in LINES for unit in units)
    return np.array(
        [
            np.concatenate(
                [
                    _form(text, unit),
                    [unit.edge is edge for edge in EDGES],
                    [n < count - 1 and units[n + 1].edge is edge for edge in EDGES],
                    [
                        unit.inline,
                        unit.nested,
                        unit.inside,
                        min(unit.items, MOST) / MOST,
                        unit.items == 1,
                        unit.items == 2,
                        np.log1p(n) / 3,
                        np.log1p(count) / 3,
                        n == count - 1,
                        count == 2,
                        listed,
                        lines / 5,
                    ],
                ]
            )
            for n, unit in enumerate(units)
        ],
        dtype=np.float64,
    )


def units_of_pieces(spans: NDArray[np.int64], places: Sequence[int]) -> NDArray[np.int64]:
    """Return the unit that each word piece stands in; -1: none.

    `places[2 * n]` and the next say where unit n begins and ends in the text that was encoded.
    """
    found = np.full(len(spans), -1)
    for n in range(len(places) // 2):
        inside = (spans[:, 0] < places[2 * n + 1]) & (spans[:, 1] > places[2 * n])
        found[inside] = n
    return found


def _form(text: str, unit: Unit) -> Matrix:
    """Return how a unit is written."""
    body = text[unit.start : min(unit.end, unit.start + 1_000)]
    words = len(body.split())
    end = text[unit.end - 1]
    return np.array(
        [
            np.log1p(words),
            words == 1,
            words <= 3,
            words <= 6,
            words >= 25,
            end == ":",
            end == "?",
            end in ".!",
            body[:1].isupper(),
            "," in body,
            ":" in body[:40],
            *(pattern.match(body) is not None for pattern in OPENINGS),
            *(pattern.search(body) is not None for pattern in WITHIN),
        ],
        dtype=np.float64,
    )
