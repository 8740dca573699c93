"""What the embedded model sets aside of a text before it reads the rest.

Orders to the reader: written patterns, and a head that judges each part by its words and by its
vector. Such parts come in runs, so the log-odds of each are weighed with those of its neighbours
(a chain of two states, whose posterior is exact). In an English text also parts in another
language, which the model cannot read, and words that are no words (encoded text, keys, serial
numbers).
"""

import math
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage_agent.models.embedded.text import Span, Words, blank, is_english, split
from triage_agent.models.embedded.weights import (
    Encoded,
    Heads,
    NGrams,
    Vector,
    count_ngrams,
    of_part,
)

FEW_WORDS = 4  # of fewer the head's log-odds are halved: "Output:" is a heading
STAYS = 0.9  # the chance that the part after an order is one too, and after none none
CERTAIN = 15.0  # log-odds; a part on its own never counts as more certain
PROOF = 2  # foreign function words that a part in another language has: "w/ AI" has one
NO_WORD = re.compile(r"[A-Za-z0-9+=%_]{32,}")  # "invoices/quotes/orders" are words

Encode = Callable[[str], Encoded]


@dataclass(frozen=True, slots=True)
class ScreenedText:
    """A tidy text as far as it is read, and both views of that."""

    text: str  # blanks in place of what was set aside
    parts: list[Span]
    encoded: Encoded
    ngrams: NGrams
    instructs: bool  # whether an order to the reader is surely among what was set aside


def screen(text: str, encode: Encode, heads: Heads, words: Words) -> ScreenedText:
    """Return what is to be read of a tidy text.

    What the head finds suspicious, but not sure, is set aside too and not called an order. It is
    scored again where the sure orders are gone, for their neighbourhood makes an honest sentence
    suspect; and it stays if nothing else would be left.
    """
    parts = split(text)
    reading = _read(text, parts, encode, heads, instructs=False)
    found = [words.orders.search(text[slice(*part)]) is not None for part in parts]
    matched = np.array(found, dtype=bool)
    scores = np.where(matched, CERTAIN, order_scores(parts, reading.ngrams, reading.encoded, heads))
    sure = matched | (smoothed(scores) >= heads.thresholds["instructs_reader"])
    if sure.any():
        orders = [part for part, is_order in zip(parts, sure, strict=True) if is_order]
        reading = _without(orders, reading, encode, heads, instructs=True)
        again = order_scores(parts, reading.ngrams, reading.encoded, heads)
        scores = np.where(sure, CERTAIN, again)
    suspect = ~sure & (smoothed(scores) >= heads.thresholds["set_aside"])
    more = [part for part, is_suspect in zip(parts, suspect, strict=True) if is_suspect]
    unread: list[Span] = []
    rest = blank(reading.text, more)
    if is_english(rest, words):
        unread += [p for p in split(rest) if not is_english(rest[slice(*p)], words, PROOF)]
        unread += [match.span() for match in NO_WORD.finditer(rest)]
    if not _has_words(blank(rest, unread)):
        more = []
    if more or unread:
        reading = _without(more + unread, reading, encode, heads, instructs=reading.instructs)
    return reading


def order_scores(parts: list[Span], ngrams: NGrams, encoded: Encoded, heads: Heads) -> Vector:
    """Return the log-odds that each part on its own is an order to the reader."""
    scores = np.zeros(len(parts), np.float32)
    for index, part in enumerate(parts):
        buckets, weights, words = of_part(part, ngrams, heads.rarity)
        score = heads.bias["order"] + heads.dense["order"] @ encoded.of(part)
        score += heads.sparse["order"][buckets] @ weights
        scores[index] = halved_if_short(score, words)
    return scores


def halved_if_short(log_odds: Any, words: Any) -> Any:
    """Return the log-odds of parts with these numbers of words, halved where they are few."""
    return np.where(np.asarray(words) < FEW_WORDS, log_odds / 2, log_odds)


def smoothed(scores: NDArray[Any]) -> NDArray[Any]:
    """Return the log-odds of each part in the light of all parts of its text, in their order.

    >>> smoothed(np.array([4.0, 0.0, 0.0, -4.0])).round(1)
    array([ 2.9,  0.6, -0.6, -2.9])
    """
    scores = np.clip(scores, -CERTAIN, CERTAIN)
    forward, backward = np.zeros(len(scores)), np.zeros(len(scores))
    for index in range(1, len(scores)):
        forward[index] = _carried(forward[index - 1] + scores[index - 1])
        backward[-1 - index] = _carried(backward[-index] + scores[-index])
    summed: NDArray[Any] = forward + scores + backward
    return summed


def _carried(log_odds: float) -> float:
    """Return what a part's log-odds say about the part beside it."""
    stays, leaves = math.log(STAYS), math.log(1 - STAYS)
    return float(np.logaddexp(log_odds + stays, leaves) - np.logaddexp(log_odds + leaves, stays))


def _without(
    spans: list[Span], reading: ScreenedText, encode: Encode, heads: Heads, *, instructs: bool
) -> ScreenedText:
    """Return the reading without some spans, and without the parts of which nothing is left."""
    text = blank(reading.text, spans)
    parts = [part for part in reading.parts if _has_words(text[slice(*part)])]
    return _read(text, parts, encode, heads, instructs=instructs)


def _has_words(text: str) -> bool:
    return any(character.isalnum() for character in text)


def _read(
    text: str, parts: list[Span], encode: Encode, heads: Heads, *, instructs: bool
) -> ScreenedText:
    return ScreenedText(text, parts, encode(text), count_ngrams(text, heads.rarity), instructs)
