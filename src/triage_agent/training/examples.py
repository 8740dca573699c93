"""The labelled texts that the embedded model is trained on (prompts/training/)."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from triage_agent.advice import load_red_flags
from triage_agent.types import Function, Label

POOL = "examples.jsonl"  # each text by itself, in 40 voices
MATCHED = "matched_examples.jsonl"  # groups that differ in what is wanted, and in little else
RED_FLAGS = "red_flag_examples.jsonl"  # about somebody who was hired
ATTACKS = "attack_examples.jsonl"

KINDS = (Label.BUILD.value, Label.AUTOMATE.value, "neither")
SIGNALS = (
    "customer_facing_software",
    "custom_system",
    "engineering_leadership",
    "existing_process",
    "mixed",
    "too_vague",
)
FUNCTIONS = tuple(function.value for function in Function)
FLAGS = {flag.id: tuple(role.value for role in flag.roles) for flag in load_red_flags()}


@dataclass(frozen=True, slots=True)
class TrainingText:
    """One text, with what is known about it; None: nobody has said."""

    text: str
    kind: str | None
    signals: frozenset[str] = frozenset()
    function: str | None = None
    flags: frozenset[str] | None = None
    role: str | None = None  # that the flags are about
    orders_known: bool = True  # False: somewhere in it its reader is given orders


@dataclass(frozen=True, slots=True)
class AttackExample:
    """Words around a problem that instruct its reader: every part but `{problem}`."""

    before: str
    after: str


def load_texts(folder: Path, names: tuple[str, ...] = (POOL, MATCHED)) -> list[TrainingText]:
    """Return the labelled problems of some files in `folder`."""
    return [
        TrainingText(
            text=row["text"],
            kind=row["label"] or KINDS[2],
            signals=frozenset(name for name in SIGNALS if row[name]),
            function=row.get("function"),
            orders_known=not row.get("instructs_reader"),
        )
        for name in names
        for row in _rows(folder / name)
    ]


def load_flag_texts(folder: Path) -> list[TrainingText]:
    """Return the texts about somebody who was hired."""
    return [
        TrainingText(text=row["text"], kind=None, flags=frozenset(row["flags"]), role=row["role"])
        for row in _rows(folder / RED_FLAGS)
    ]


def load_attacks(folder: Path) -> list[AttackExample]:
    """Return the attacks."""
    return [AttackExample(*row["text"].split("{problem}")) for row in _rows(folder / ATTACKS)]


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").split("\n") if line]
