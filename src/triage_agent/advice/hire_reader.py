"""The model that ships for red flags: it reads an owner's words about a person they hired.

It proposes flags; the user confirms them (see `hire_check`). There is one linear head per flag; it
reads the text's mean vector (the encoder of `models.embedded`), how long the person has been there
by the text, and the text's n-grams. `training flags` makes the weights from
prompts/training/red_flag_examples.jsonl.
"""

import asyncio
import hashlib
import io
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from text_to_num import alpha2digit

from triage_agent.advice.hire_check import FlagReading, Proposal
from triage_agent.advice.red_flags import flags_about
from triage_agent.advice.roles import Role
from triage_agent.models import (
    BUCKETS,
    WEIGHTS,
    Encoded,
    Encoder,
    NGrams,
    Span,
    Vector,
    count_ngrams,
    is_english,
    load_words,
    of_part,
    split,
    strongest_passages,
    tidy,
    weight_file,
)

NAME = "flags.npz"
TIME_WEIGHT = 0.5  # of a stated time beside a vector of length 1
RESULTS_DAYS = 60  # after which a result must be there (docs/how-to/check-hire.md)
LONGEST_DAYS = 800  # "thirty years in the trade" is not how long somebody has been there
UNIT_DAYS = {"day": 1, "week": 7, "wk": 7, "month": 30, "quarter": 91}
WORDS = {"one": 1, "two": 2, "three": 3, "first": 1, "second": 2, "third": 3}
COUNT = rf"(?P<count>\d+(?:\.\d+)?|{'|'.join(WORDS)})"
UNIT = rf"(?P<unit>{'|'.join(UNIT_DAYS)})"
TIMES = (
    re.compile(rf"\b{COUNT}(?:st|nd|rd|th)?[ -]?(?:and a half )?{UNIT}s?\b"),  # 11 weeks, 3rd month
    re.compile(rf"\b{UNIT} {COUNT}\b"),  # week 11
    re.compile(r"\b(?:a|full|whole) (?P<unit>quarter)\b(?! (?:to|past)\b| of (?!a year\b))"),
)
HALF_YEAR = re.compile(r"\bhalf (?:a|the) year\b")
HALF_YEAR_DAYS = 182


@dataclass(frozen=True, slots=True)
class FlagHeads:
    """The linear heads, one per flag, and how they are read."""

    name: str
    flags: tuple[str, ...]
    dense: Vector  # flags × (384 of the mean vector, 2 of the stated time)
    sparse: Vector  # flags × buckets
    bias: Vector
    thresholds: Vector  # a flag is proposed from this log-odds upwards
    rarity: Vector  # of each bucket; 0 for what the examples do not hold

    def scores(self, dense: Vector, ngrams: NGrams) -> Vector:
        """Return the log-odds of every flag."""
        scores: Vector = (
            self.dense @ dense + self.sparse[:, ngrams.buckets] @ ngrams.weights + self.bias
        )
        return scores


class EmbeddedFlagModel:
    """Proposes red flags with the weights in the package.

    Raises `SettingsError` if they are missing or damaged.
    """

    backend = "embedded"

    def __init__(self, folder: Path = WEIGHTS) -> None:
        self._heads, self._words = load_flag_heads(folder), load_words(folder)
        self._encoder = Encoder(folder)
        self.name = self._heads.name

    async def propose(self, text: str, role: Role) -> FlagReading:
        """Return the flags that a text about a person in this role seems to describe."""
        return await asyncio.to_thread(self.read, text, role)

    def read(self, text: str, role: Role) -> FlagReading:
        """Return what `propose` returns; the most certain flag first, each with its evidence."""
        heads, clean = self._heads, tidy(text)
        if not is_english(clean.text, self._words):
            return FlagReading((), known_language=False)
        encoded, ngrams = self._encoder.encode(clean.text), count_ngrams(clean.text, heads.rarity)
        margins = heads.scores(dense_features(clean.text, encoded.mean), ngrams) - heads.thresholds
        own = {flag.id for flag in flags_about(role)}
        raised = [
            (float(margin), index)
            for index, (flag, margin) in enumerate(zip(heads.flags, margins, strict=True))
            if margin >= 0 and flag in own
        ]
        parts = split(clean.text)
        alone = [self._alone(part, clean.text, encoded, ngrams) for part in parts]
        proposals = []
        for _, index in sorted(raised, reverse=True):
            effects = [float(scores[index]) for scores in alone]
            quoted = strongest_passages(text, clean, parts, effects, 1)
            proposals.append(Proposal(heads.flags[index], quoted[0] if quoted else ""))
        return FlagReading(tuple(proposals), truncated=clean.cut or encoded.cut)

    def _alone(self, part: Span, text: str, encoded: Encoded, ngrams: NGrams) -> Vector:
        """Return how much each flag's log-odds a part of the text would give on its own."""
        start, end = part
        vector = encoded.of(part)
        buckets, weights, _ = of_part(part, ngrams, self._heads.rarity)
        dense = self._heads.dense @ dense_features(text[start:end], vector)
        effects: Vector = dense + self._heads.sparse[:, buckets] @ weights
        return effects


def dense_features(text: str, vector: Vector) -> Vector:
    """Return a text's vector, and after it whether a long or a short time is stated."""
    days = stated_days(text)
    stated = [days is not None and days >= RESULTS_DAYS, days is not None and days < RESULTS_DAYS]
    return np.append(vector, TIME_WEIGHT * np.array(stated, np.float32)).astype(np.float32)


def stated_days(text: str) -> float | None:
    """Return the longest time that a text names, in days; None if it names none.

    >>> stated_days("It's month three, and in week two he said thirty days.")
    90.0
    >>> stated_days("Thirty years in the trade") is None
    True
    """
    digits = alpha2digit(text.casefold(), "en")
    days = [float(HALF_YEAR_DAYS)] if HALF_YEAR.search(digits) else []
    for pattern in TIMES:
        for match in pattern.finditer(digits):
            count = match.groupdict().get("count") or "1"
            days.append(float(WORDS.get(count, count)) * UNIT_DAYS[match.group("unit")])
    return max((one for one in days if one < LONGEST_DAYS), default=None)


@cache
def load_flag_heads(folder: Path) -> FlagHeads:
    """Return the heads in `folder`, or raise `SettingsError`."""
    with weight_file(folder / NAME) as raw:
        stored = np.load(io.BytesIO(raw), allow_pickle=False)
        flags = tuple(str(flag) for flag in stored["flags"])
        sparse = np.zeros((len(flags), BUCKETS), np.float32)
        rarity = np.zeros(BUCKETS, np.float32)
        sparse[:, stored["buckets"]], rarity[stored["buckets"]] = stored["sparse"], stored["rarity"]
        return FlagHeads(
            name=f"flags-1-{hashlib.sha256(raw).hexdigest()[:6]}",
            flags=flags,
            dense=stored["dense"],
            sparse=sparse,
            bias=stored["bias"],
            thresholds=stored["thresholds"],
            rarity=rarity,
        )
