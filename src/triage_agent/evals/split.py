"""The calibration split: labelled cases that the model has not seen and no reported figure uses."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from triage_agent.errors import InputError, SettingsError
from triage_agent.evals.cases import Case, load_problems, read_cases, stratified
from triage_agent.evals.manifest import digest
from triage_agent.files import folder, is_file
from triage_agent.models import FittedOn, Prompt, Questions
from triage_agent.settings import Backend
from triage_agent.types import Label

MIN_CASES = 50
RUN = 5  # words in a row that two texts hardly share by chance
SEEN_SHARE = 0.3  # of a text's runs: a prompt that holds as many shows the text to the model
OWN = "Give labelled cases of your own with --cases FILE."


@dataclass(frozen=True, slots=True)
class Split:
    """The cases to fit to, the file they come from, and what was left out of it."""

    cases: list[Case]
    fitted_on: FittedOn
    unlabelled: int = 0
    seen: int = 0  # by the model: in its prompt, or among the examples that it learned from


def choose_split(
    path: Path | None,
    limit: int,
    backend: Backend,
    prompt: Prompt | Questions | None = None,
    labels: Mapping[str, Label | None] | None = None,
) -> Split:
    """Return at most `limit` labelled cases of a file, always the same ones.

    Without a file they come from prompts/training/examples.jsonl, unless the model learned from
    those. `labels` says what the labels in the file stand for (see `read_cases`). Raises
    `SettingsError` if it did, and `InputError` if the file cannot be used.
    """
    learned = _learned_from_examples(backend, prompt)
    examples = folder("prompts") / "training" / "examples.jsonl"
    if path is None and learned:
        raise SettingsError(f"{learned}, so what it says about them would look too good. {OWN}")
    source = path or examples
    cases = read_cases(source, labels)
    labelled = [case for case in cases if case.label]
    if path is not None:
        _refuse_fixed(path, labelled)
    known = _texts(read_cases(examples)) if learned else set()
    in_prompt = _runs(_words(prompt.words)) if prompt else set()
    unseen = [
        case
        for case in labelled
        if (words := _words(case.text)) not in known and _repeated(words, in_prompt) < SEEN_SHARE
    ]
    split = Split(
        stratified(unseen, limit),
        FittedOn(file=source.name, sha256=digest(source) if is_file(source) else ""),
        unlabelled=len(cases) - len(labelled),
        seen=len(labelled) - len(unseen),
    )
    if len(split.cases) < MIN_CASES:
        raise InputError(
            f"A calibration needs at least {MIN_CASES} labelled cases, and {source} gives "
            f"{len(split.cases)} (of {len(cases)}; without a label {split.unlabelled}, known to "
            f"the model {split.seen}, --limit {limit}). Add cases, or raise --limit."
        )
    return split


def _learned_from_examples(backend: Backend, prompt: Prompt | Questions | None) -> str:
    """Return why the model knows the examples, as the start of a sentence; empty: it does not."""
    if backend is Backend.EMBEDDED:
        return "The embedded model was trained on prompts/training/examples.jsonl"
    if backend is Backend.CASCADE:
        return "The embedded model of the cascade was trained on prompts/training/examples.jsonl"
    if prompt and prompt.wants_examples:
        return f"The prompt {prompt.name} shows texts of prompts/training/examples.jsonl"
    return ""


def _refuse_fixed(path: Path, cases: Iterable[Case]) -> None:
    """Raise `InputError` if a case stands in the fixed set that reported figures rest on."""
    fixed = _texts(load_problems())
    if shared := [case.id for case in cases if _words(case.text) in fixed]:
        raise InputError(
            f"{path}: {len(shared)} of its cases (the first is {shared[0]!r}) stand in the fixed "
            "set evals/problems.jsonl, whose figures would then look too good. Take them out."
        )


def _repeated(words: str, in_prompt: set[str]) -> float:
    """Return the share of a text's runs of words that a prompt holds; it may have shortened it."""
    runs = _runs(words)
    return len(runs & in_prompt) / len(runs) if runs else 0.0


def _runs(words: str) -> set[str]:
    """Return every five words in a row; those of a shorter text are none."""
    parts = words.split()
    return {" ".join(parts[start : start + RUN]) for start in range(len(parts) - RUN + 1)}


def _texts(cases: Iterable[Case]) -> set[str]:
    return {_words(case.text) for case in cases}


def _words(text: str) -> str:
    r"""Return a text's words alone: a prompt breaks lines and sets points where the text did not.

    >>> _words("Low-stock alerts\nSix kitchens!")
    'low stock alerts six kitchens'
    """
    return " ".join(re.findall(r"\w+", text.casefold()))
