"""The labelled examples nearest to a text, for a prompt that asks for `{examples}`."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer

from triage_agent.files import folder
from triage_agent.models.embedded.encoder import weight_file
from triage_agent.models.embedded.text import tidy
from triage_agent.types import Label

FILES = ("examples.jsonl", "matched_examples.jsonl")  # in prompts/training/
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
    """Finds the nearest examples by the words that they share, rare ones counting more (TF-IDF).

    Not by the encoder: its vectors were trained to tell the labels apart, so the nearest examples
    would be those of the label that it believes in.
    """

    def __init__(self, files: Sequence[Path] = ()) -> None:
        paths = files or [folder("prompts") / "training" / name for name in FILES]
        self._examples: list[PromptExample] = []
        for path in paths:
            with weight_file(path) as raw:
                rows = [json.loads(line) for line in raw.decode("utf-8").split("\n") if line]
                self._examples += [_example(row) for row in rows if fits_in_prompt(row)]
        self._words = TfidfVectorizer(sublinear_tf=True, stop_words="english", ngram_range=(1, 2))
        self._vectors = self._words.fit_transform([example.text for example in self._examples])

    def near(self, text: str, each: int = EACH) -> list[PromptExample]:
        """Return `each` examples of each label, the nearest of all last.

        Not the labels in turn: then the last one, to which a small model leans, would be of the
        same label every time.
        """
        own = self._words.transform([tidy(text).text])
        order = np.argsort(-(self._vectors @ own.T).toarray().ravel(), kind="stable")
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
        and not row.get("instructs_reader")
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
