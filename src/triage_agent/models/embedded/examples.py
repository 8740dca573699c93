"""The labelled examples nearest to a text, for a prompt that asks for `{examples}`."""

import hashlib
import io
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from triage_agent.errors import SettingsError
from triage_agent.files import folder
from triage_agent.models.embedded.text import tidy
from triage_agent.models.embedded.weights import WEIGHTS, Encoder, weight_file
from triage_agent.types import Label

EACH = 3  # examples of each label
LONGEST = 600  # characters; a longer example is passed over for the next one
NAMES = ("customer_facing_software", "custom_system", "engineering_leadership", "existing_process")


@dataclass(frozen=True, slots=True)
class PromptExample:
    """One labelled text, and the signals that are true of it."""

    text: str
    label: Label
    signals: tuple[str, ...]


class Neighbours:
    """Finds the nearest examples by the cosine of the encoder's vectors.

    `SettingsError` if the vectors were not made from the examples that are there.
    """

    def __init__(self, examples: Path | None = None, weights: Path = WEIGHTS) -> None:
        path = examples or folder("prompts") / "training" / "examples.jsonl"
        file = weights / "neighbours.npz"
        with weight_file(path) as raw:
            rows = [json.loads(line) for line in raw.decode("utf-8").split("\n") if line]
        with weight_file(file) as packed, np.load(io.BytesIO(packed), allow_pickle=False) as arrays:
            if str(arrays["examples_sha256"]) != hashlib.sha256(raw).hexdigest():
                raise SettingsError(
                    f"The vectors in {file} were made from other examples than {path}. "
                    "Make them anew: python -m triage_agent.training neighbours"
                )
            self._examples = [_example(rows[index]) for index in arrays["rows"]]
            self._vectors: NDArray[np.float32] = arrays["vectors"].astype(np.float32)
        self._vectors /= np.linalg.norm(self._vectors, axis=1, keepdims=True)
        self._encoder = Encoder(weights)

    def near(self, text: str, each: int = EACH) -> list[PromptExample]:
        """Return `each` examples of each label, the nearest of all last.

        Not the labels in turn: then the last one, to which a small model leans, would be of the
        same label every time.
        """
        order = np.argsort(-(self._vectors @ self._encoder.encode(tidy(text).text).mean))
        counts = dict.fromkeys(Label, 0)
        found: list[PromptExample] = []
        for index in order:
            example = self._examples[index]
            if counts[example.label] < each:
                counts[example.label] += 1
                found.append(example)
            if len(found) == each * len(Label):
                break
        return found[::-1]

    def as_text(self, text: str) -> str:
        """Return what stands for `{examples}` in a prompt that asks about `text`."""
        return "\n\n".join(shown(example) for example in self.near(text))


def fits_in_prompt(row: dict[str, Any]) -> bool:
    """Return whether an example may stand in a prompt: short, clear, and no attack."""
    return (
        row["label"] is not None
        and not row["mixed"]
        and not row["instructs_reader"]
        and len(row["text"]) <= LONGEST
    )


def shown(example: PromptExample) -> str:
    """Return one example as the prompt shows it.

    >>> print(shown(PromptExample("We type invoices.", Label.AUTOMATE, ("existing_process",))))
    Text: We type invoices.
    label: automate-process; true: existing_process
    """
    true = ", ".join(example.signals) or "none"
    return f"Text: {' '.join(example.text.split())}\nlabel: {example.label.value}; true: {true}"


def _example(row: dict[str, Any]) -> PromptExample:
    """Return an example from its line in the file."""
    return PromptExample(
        row["text"], Label(row["label"]), tuple(name for name in NAMES if row[name])
    )
