"""The labelled example texts, and how they are dealt into folds."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage_agent.types import Function, Label

# A voice with both labels is left out entirely: the model must do well on a stranger's style.
# The number is the fold that leaves it out; voices that share one are strangers together, and
# those that are alike ("letters" and "email") do share one.
VOICES = {
    "contrast": 0,
    "email": 0,
    "letters": 0,
    "forms": 1,
    "transcript": 1,
    "phone": 1,
    "ideas": 2,
    "minutes": 2,
    "standup": 2,
    "market": 2,
    "jobs": 3,
    "office": 3,
    "manager": 3,
    "marginal": 4,
    "intake": 4,
    "applied": 4,
    "owner": 5,
    "desk": 5,
    "helpdesk": 5,
    "posts": 6,
    "plain": 6,
    "gigs": 6,
    "board": 6,
    "tickets": 7,
    "lookalike": 7,
}
FOLDS = 8
SIGNALS = (
    "customer_facing_software",
    "custom_system",
    "engineering_leadership",
    "existing_process",
    "mixed",
    "neither",
    "too_vague",
    "instructs_reader",
)


@dataclass(frozen=True, slots=True)
class TrainingExample:
    """One labelled text of the pool."""

    id: str
    voice: str
    text: str
    label: Label | None  # None: out of scope, or too vague to tell
    signals: frozenset[str]
    function: Function

    @property
    def fold(self) -> int:
        """The number of the fold in which this text is left out, 0 to 7.

        The voices that hold one kind of text only (out of scope, vague, …) cannot be left
        out entirely, or nothing would teach that kind; they are dealt out by their ids.
        """
        return VOICES[self.voice] if self.voice in VOICES else dealt(self.id)


@dataclass(frozen=True, slots=True)
class AttackExample:
    """Words around a problem that instruct its reader: every part but `{problem}`."""

    id: str
    before: str
    after: str


def dealt(id_: str, among: int = FOLDS) -> int:
    """Return a number from 0 to under `among` that only the id decides.

    >>> dealt("owner-001"), dealt("owner-002")
    (5, 3)
    """
    return int.from_bytes(hashlib.sha256(id_.encode()).digest()[:4]) % among


def load_attacks(path: Path) -> list[AttackExample]:
    """Return the attacks of a JSON Lines file (see prompts/training/attack_examples.jsonl)."""
    return [AttackExample(row["id"], *row["text"].split("{problem}")) for row in _rows(path)]


def load_examples(path: Path) -> list[TrainingExample]:
    """Return the examples of a JSON Lines file (see prompts/training/examples.jsonl)."""
    return [
        TrainingExample(
            id=row["id"],
            voice=row["voice"],
            text=row["text"],
            label=Label(row["label"]) if row["label"] else None,
            signals=frozenset(name for name in SIGNALS if row[name]),
            function=Function(row["function"]),
        )
        for row in _rows(path)
    ]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
