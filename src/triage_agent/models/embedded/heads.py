"""The linear heads over the encoder's vectors, and how their log-odds are read."""

import hashlib
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from triage_agent.files import Strict
from triage_agent.models.embedded.encoder import Encoded, Vector, weight_file
from triage_agent.models.embedded.text import Span

BUILD, AUTOMATE, NEITHER = range(3)  # the outputs of the head "kind"


class Reading(Strict):
    """How log-odds become answers: a few numbers, fitted on real texts that are not published."""

    scope: tuple[float, float] = (1.0, 0.0)  # scale and shift of the log-odds of "neither"
    label: tuple[float, float] = (1.0, 0.0)  # and of those of build-software
    neither: float = 0.5  # from this probability upwards the text is out of scope
    order: float = 0.0  # from these log-odds upwards a sentence gives orders to its reader
    signals: dict[str, float]  # from these log-odds upwards a signal is on
    flags: dict[str, float]  # and a red flag


@dataclass(frozen=True, slots=True)
class Heads:
    """What was learned: for each question the weights and biases of its outputs."""

    name: str
    weights: dict[str, Vector]
    bias: dict[str, Vector]
    outputs: dict[str, tuple[str, ...]]  # the names of a question's outputs
    reading: Reading

    def scores(self, question: str, vector: Vector) -> dict[str, float]:
        """Return the log-odds of a question's outputs, from the vector of a text.

        Of what it reads: "function" `Encoded.mean`, "kind" `Encoded.gist()`, "label"
        `Encoded.both()`, the others `Encoded.sense()`.
        """
        raw = self.weights[question] @ vector + self.bias[question]
        return dict(zip(self.outputs[question], map(float, raw), strict=True))

    def raw_scope(self, encoded: Encoded) -> float:
        """Return the log-odds that a text is about neither kind, by the last layer."""
        kinds = self.weights["kind"] @ encoded.gist() + self.bias["kind"]
        return float(kinds[NEITHER] - np.logaddexp(kinds[BUILD], kinds[AUTOMATE]))

    def raw_label(self, encoded: Encoded) -> float:
        """Return the log-odds of build-software against automate-process, by both layers.

        The middle one knows strangers' wording; the last one, which was fine-tuned for it, hears
        one short wish in a long account of manual work.
        """
        return self.scores("label", encoded.both())["build"]

    def flags(self, encoded: Encoded, parts: Sequence[Span]) -> tuple[dict[str, float], Vector]:
        """Return the log-odds of each red flag, and those of each part (parts × flags).

        A flag may be one sentence of a long text, so the best part counts as much as the whole.
        """
        rows = [encoded.sense(), *(encoded.sense(encoded.inside(part)) for part in parts)]
        raw = np.array(rows) @ self.weights["flags"].T + self.bias["flags"]
        mean = (raw[0] + raw[1:].max(axis=0, initial=-np.inf)) / 2
        return dict(zip(self.outputs["flags"], map(float, mean), strict=True)), raw[1:]

    def order(self, encoded: Encoded, part: Span) -> float:
        """Return the log-odds that a part of a text gives orders to its reader."""
        inside = encoded.inside(part)
        if not inside.any():  # the encoder did not read that far
            return -np.inf
        return self.scores("order", encoded.sense(inside))["order"]

    def evidence(self, encoded: Encoded, part: Span) -> float:
        """Return what a part of a text adds to the log-odds of `raw_label`."""
        return float(self.weights["label"][0] @ encoded.share(encoded.inside(part)))


@cache
def load_heads(folder: Path) -> Heads:
    """Return the heads in `folder`, or raise `SettingsError`."""
    with weight_file(folder / "heads.npz") as packed, weight_file(folder / "model.json") as raw:
        data = json.loads(raw)
        if hashlib.sha256(packed).hexdigest() != data["heads_sha256"]:
            raise ValueError("heads.npz is not the file that model.json was made with")
        arrays = np.load(io.BytesIO(packed), allow_pickle=False)
        outputs = {name: tuple(names) for name, names in data["outputs"].items()}
        return Heads(
            name=f"embedded-2-{hashlib.sha256(raw).hexdigest()[:6]}",
            weights={name: arrays[f"{name}_weights"] for name in outputs},
            bias={name: arrays[f"{name}_bias"] for name in outputs},
            outputs=outputs,
            reading=Reading.model_validate(data["reading"]),
        )
