"""The model that ships in the package: reads a problem on this machine, without a network.

The text is tidied, sentences that give orders to their reader are set aside, and what is left is
scored: by a small encoder and n-grams, with one linear head per question (see `weights`). So the
label's log-odds can be taken apart by sentence, and the evidence is what moved them most.
`training` makes the weights.
"""

import asyncio
import math
from typing import Any

import numpy as np

from triage_agent.errors import SettingsError
from triage_agent.models.embedded.injection import screen
from triage_agent.models.embedded.text import MAX_PART, Clean, Span, is_english, tidy
from triage_agent.models.embedded.weights import (
    ABSTENTIONS,
    IN_SCOPE,
    WEIGHTS,
    Encoded,
    Encoder,
    Heads,
    NGrams,
    discounted,
    load_heads,
    load_words,
    unit,
)
from triage_agent.models.protocols import Model
from triage_agent.settings import DEFAULT_THRESHOLD
from triage_agent.types import Function, Label, Prediction, Problem, Signals

MAX_QUOTES = 3
WORTH_QUOTING = 0.25  # of the strongest sentence's effect
CLEAR = math.log(DEFAULT_THRESHOLD / (1 - DEFAULT_THRESHOLD))  # log-odds that are not torn
ALMOST_SURE = 13.8  # log-odds of one in a million; a small model cannot be more certain


class EmbeddedModel(Model):
    """Classifies problems with the weights in the package.

    `prior` is the share of build-software problems that the caller expects, between 0 and 1; the
    model was calibrated for 0.5. Raises `SettingsError` if it is out of range, or if the weights
    are missing or damaged.
    """

    backend = "embedded"
    prompt: str | None = None

    def __init__(self, prior: float = 0.5) -> None:
        if not 0 < prior < 1:
            raise SettingsError(f"The prior is {prior:g}; it must lie between 0 and 1, like 0.3.")
        self._prior = math.log(prior / (1 - prior))
        self._heads, self._words = load_heads(WEIGHTS), load_words(WEIGHTS)
        self._encoder = Encoder(WEIGHTS)

    @property
    def name(self) -> str:
        """The version of the weights, with six digits of their SHA-256."""
        return self._heads.name

    async def predict(self, problem: Problem) -> Prediction:
        """Return label, calibrated `p_build`, signals, and the parts of the text that decided.

        At most `WINDOWS` times `WINDOW` word pieces (512) are read; `truncated` says whether the
        text had more.
        """
        return await asyncio.to_thread(self.read, problem.text)

    async def aclose(self) -> None:
        """Do nothing; there is nothing to let go of."""

    def read(self, text: str) -> Prediction:
        """Return what `predict` returns, for a bare text."""
        heads, clean = self._heads, tidy(text)
        reading = screen(clean.text, self._encoder.encode, heads, self._words)
        ngrams, encoded = reading.ngrams, reading.encoded
        vector = encoded.mean
        raw = heads.score("label", vector, ngrams)
        log_odds = heads.scale * raw + heads.shift + self._prior
        label = Label.BUILD if log_odds >= 0 else Label.AUTOMATE
        names = (*IN_SCOPE, *ABSTENTIONS, "mixed")
        scores = {"label": raw} | {name: heads.score(name, vector, ngrams) for name in names}
        weighed = discounted(scores)
        noticed = {name: bool(weighed[name] >= heads.thresholds[name]) for name in names}
        noticed["too_vague"] |= not len(ngrams.spans)
        # No label is better than one that somebody may have talked the model into. (What is mixed
        # still goes to the tie rules, as it would without the order.)
        noticed["too_vague"] |= reading.instructs and abs(log_odds) < CLEAR
        signals = Signals(**noticed, instructs_reader=reading.instructs)
        effects = [leave_out(part, encoded, ngrams, heads) for part in reading.parts]
        functions = heads.dense["function"] @ vector + heads.bias["function"]
        return Prediction(
            label=label,
            signals=signals,
            p_build=1 / (1 + math.exp(-max(-ALMOST_SURE, min(ALMOST_SURE, log_odds)))),
            probability_from=self.backend,
            function=list(Function)[int(np.argmax(functions))],
            evidence=strongest_passages(
                text, clean, reading.parts, effects, 1 if label is Label.BUILD else -1
            ),
            rationale=rationale(label, signals, self._words.rationale),
            known_language=is_english(reading.text, self._words),
            truncated=clean.cut or encoded.cut,
        )


def leave_out(part: Span, encoded: Encoded, ngrams: NGrams, heads: Heads) -> float:
    """Return how much higher the label's log-odds are with a part of the text than without it.

    The vectors of the other word pieces are taken as they are; encoding the shorter text anew
    would change them a little (a test compares the two).
    """
    start, end = part
    inside = encoded.inside(part)
    here = ((ngrams.spans[:, 0] >= start) & (ngrams.spans[:, 0] < end))[ngrams.word]
    vectors, dense = encoded.vectors, heads.dense["label"]
    others = vectors.sum(axis=0) - vectors[inside].sum(axis=0)
    moved = float(dense @ encoded.mean - dense @ unit(others))
    shares = heads.sparse["label"][ngrams.buckets] * ngrams.weights
    left = float((~here).mean()) if len(here) else 1.0
    return moved + float(shares.sum()) - float(shares[~here].sum()) / math.sqrt(left or 1.0)


def strongest_passages(
    original: str, clean: Clean, parts: list[Span], effects: list[float], sign: int
) -> tuple[str, ...]:
    """Return up to three parts, as the original spells them, that pushed most to the label."""
    ranked = sorted(zip(effects, parts, strict=True), key=lambda pair: -sign * pair[0])
    found: list[str] = []
    for effect, (start, end) in ranked[:MAX_QUOTES]:
        if found and sign * effect < WORTH_QUOTING * sign * ranked[0][0]:
            break
        quote = original[clean.origin[start] : clean.origin[end - 1] + 1]
        if len(quote) > MAX_PART:
            quote = quote[:MAX_PART].rpartition(" ")[0]
        if quote and quote not in found:
            found.append(quote)
    return tuple(found)


def rationale(label: Label, signals: Signals, reasons: dict[str, Any]) -> str:
    """Return one or two plain sentences that say what the model noticed, and no more."""
    for reason in reasons["abstain"]:
        if getattr(signals, reason["signal"]):
            return str(reason["text"])
    other = Label.AUTOMATE if label is Label.BUILD else Label.BUILD
    own = [r["text"] for r in reasons[label.value] if getattr(signals, r["signal"])]
    against = [r["but"] for r in reasons[other.value] if getattr(signals, r["signal"])]
    return " ".join((own or [reasons["only_label"][label.value]])[:1] + against[:1])
