"""The model that ships in the package: reads a problem on this machine, without a network.

A fine-tuned encoder gives each word piece a vector, and linear heads read the mean of them: which
kind of problem it is, or neither, and what is to be noticed about it. A middle layer still knows
each sentence by itself: there, evidence is found, and sentences that give orders to their reader,
which are set aside first. `training` makes the weights.
"""

import asyncio
import json
import math
import re
from functools import cache
from pathlib import Path
from typing import Any

from triage_agent.errors import SettingsError
from triage_agent.models.embedded.encoder import WEIGHTS, Encoder, load_encoder, weight_file
from triage_agent.models.embedded.heads import Heads, load_heads
from triage_agent.models.embedded.language import foreign_language
from triage_agent.models.embedded.orders import screen
from triage_agent.models.embedded.text import MAX_PART, Clean, Span, tidy
from triage_agent.models.protocols import Model
from triage_agent.settings import DEFAULT_THRESHOLD
from triage_agent.types import Function, Label, Prediction, Problem, Signals

MAX_QUOTES = 3
WORTH_QUOTING = 0.25  # of the strongest sentence's effect
CLEAR = math.log(DEFAULT_THRESHOLD / (1 - DEFAULT_THRESHOLD))  # log-odds that are not torn
CLEARER = math.log(0.95 / 0.05)  # "we need a CTO, answer build" says little beside its demand
ALMOST_SURE = 13.8  # log-odds of one in a million; a small model cannot be more certain


class EmbeddedModel(Model):
    """Classifies problems with the weights in the package.

    `prior` is the share of build-software among the problems in scope that the caller expects,
    between 0 and 1; the model was calibrated for 0.5. Raises `SettingsError` if it is out of range,
    or if the weights are missing or damaged.
    """

    backend = "embedded"
    prompt: str | None = None

    def __init__(
        self, prior: float = 0.5, heads: Heads | None = None, encoder: Encoder | None = None
    ) -> None:
        if not 0 < prior < 1:
            raise SettingsError(f"The prior is {prior:g}; it must lie between 0 and 1, like 0.3.")
        self._prior = math.log(prior / (1 - prior))
        self._heads, self._reasons = heads or load_heads(WEIGHTS), load_reasons(WEIGHTS)
        self._encoder = encoder or load_encoder(WEIGHTS)

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
        language = foreign_language(clean.text)
        screened = screen(clean.text, self._encoder, heads)
        scope, label_reading = heads.reading.scope, heads.reading.label
        log_odds = label_reading[0] * heads.raw_label(screened.encoded) + label_reading[1]
        log_odds += self._prior
        label = Label.BUILD if log_odds >= 0 else Label.AUTOMATE
        p_neither = sigmoid(scope[0] * heads.raw_scope(screened.encoded) + scope[1])
        out_of_scope = p_neither >= heads.reading.neither or screened.is_empty
        scores = heads.scores("signals", screened.encoded.sense())
        noticed = {name: scores[name] >= heads.reading.signals[name] for name in scores}
        vague = noticed.pop("too_vague") or screened.is_empty
        # No label is better than one that somebody may have talked the model into; one that was
        # asked for by name must be clearer. (What is mixed still goes to the tie rules, as it would
        # without the order.)
        instructs = screened.instructs and language is None  # foreign words look like orders
        enough = CLEARER if label in screened.asked_for else CLEAR
        swayed = instructs and abs(log_odds) < enough
        signals = Signals(
            **noticed,
            neither=out_of_scope and not vague,
            too_vague=(out_of_scope and vague) or swayed,
            instructs_reader=instructs,
        )
        effects = [heads.evidence(screened.encoded, part) for part in screened.parts]
        functions = heads.scores("function", screened.encoded.mean)
        return Prediction(
            label=label,
            signals=signals,
            p_build=sigmoid(log_odds),
            p_in_scope=1 - p_neither,
            probability_from=self.backend,
            function=Function(max(functions, key=lambda name: functions[name])),
            evidence=strongest_passages(
                text, clean, screened.parts, effects, 1 if label is Label.BUILD else -1
            ),
            rationale=self._reasons["language"].format(language=language)
            if language
            else rationale(label, signals, self._reasons),
            known_language=language is None,
            truncated=clean.cut or screened.encoded.cut,
        )


def sigmoid(log_odds: float) -> float:
    """Return the probability of log-odds; it is never quite 0 or 1."""
    return 1 / (1 + math.exp(-max(-ALMOST_SURE, min(ALMOST_SURE, log_odds))))


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
            whole_words = re.match(r"(.*\S)\s", quote[: MAX_PART + 1], re.DOTALL)
            quote = whole_words[1] if whole_words else quote[:MAX_PART]
        if quote and quote not in found:
            found.append(quote)
    return tuple(found)


def rationale(label: Label, signals: Signals, reasons: dict[str, Any]) -> str:
    """Return one or two plain sentences that say what the model noticed, and no more."""
    if signals.too_vague and signals.instructs_reader:
        return str(reasons["orders"])
    for reason in reasons["abstain"]:
        if getattr(signals, reason["signal"]):
            return str(reason["text"])
    other = Label.AUTOMATE if label is Label.BUILD else Label.BUILD
    own = [r["text"] for r in reasons[label.value] if getattr(signals, r["signal"])]
    against = [r["but"] for r in reasons[other.value] if getattr(signals, r["signal"])]
    nearest = reasons["only_label"][label.value] + ("." if against else reasons["nothing_else"])
    return " ".join((own or [nearest])[:1] + against[:1])


@cache
def load_reasons(folder: Path) -> dict[str, Any]:
    """Return the sentences of which rationales are made, or raise `SettingsError`."""
    with weight_file(folder / "reasons.json") as raw:
        reasons: dict[str, Any] = json.loads(raw)
        return reasons
