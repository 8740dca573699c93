"""How much of what is private `redact` hides, and how much of what is not."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from triage_agent.evals.cases import read_lines
from triage_agent.evals.rates import Rate, rate
from triage_agent.evals.run import ProgressBar, counted
from triage_agent.files import Strict
from triage_agent.privacy import redact

Kind = Literal["email", "phone", "card", "account", "key", "password"]
Half = Literal["open", "held-out"]

SHOWN = 4  # letters or digits in a row that give a private value away


class Private(Strict):
    """A value that must be hidden wherever it stands in the text."""

    kind: Kind
    value: str = Field(min_length=1)


class RedactionCase(Strict):
    """A text, what in it is private, and what must stay; rules are made from the open half only."""

    id: str
    text: str = Field(min_length=1)
    hide: tuple[Private, ...]
    keep: tuple[str, ...]
    half: Half


@dataclass(frozen=True, slots=True)
class HidingFigures:
    """The figures over some cases."""

    cases: int
    recall: Rate  # of the private values: those of which no four letters or digits in a row stay
    wrongly_hidden: Rate  # of what must stay: what does not stand in the text any more
    kinds: dict[str, Rate]  # the recall by kind


@dataclass(frozen=True, slots=True)
class RedactionFigures:
    """The figures over all cases, and over each half."""

    recall: Rate
    wrongly_hidden: Rate
    open: HidingFigures
    held_out: HidingFigures


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one case: by kind whether a value was hidden, and whether something stayed."""

    half: Half
    hidden: tuple[tuple[Kind, bool], ...]
    kept: tuple[bool, ...]


def evaluate_redaction(path: Path, progress: ProgressBar | None = None) -> RedactionFigures:
    """Return how well `redact` does on the cases of a JSON Lines file.

    Raises `InputError`, naming the line, if a case is not one.
    """
    cases = counted((case for _, case in read_lines(path, RedactionCase)), "redaction", progress)
    outcomes = [outcome_of(case) for case in cases]
    whole = score_hiding(outcomes)
    return RedactionFigures(
        recall=whole.recall,
        wrongly_hidden=whole.wrongly_hidden,
        open=score_hiding([one for one in outcomes if one.half == "open"]),
        held_out=score_hiding([one for one in outcomes if one.half == "held-out"]),
    )


def outcome_of(case: RedactionCase) -> Outcome:
    """Return what `redact` hides of a case."""
    redacted = redact(case.text)
    visible = _visible(redacted.text, redacted.originals)
    return Outcome(
        case.half,
        tuple((one.kind, is_hidden(one.value, case.text, visible)) for one in case.hide),
        tuple(words in redacted.text for words in case.keep),
    )


def score_hiding(outcomes: Sequence[Outcome]) -> HidingFigures:
    """Return the figures of some outcomes."""
    hidden = [one for outcome in outcomes for one in outcome.hidden]
    kept = [one for outcome in outcomes for one in outcome.kept]
    return HidingFigures(
        cases=len(outcomes),
        recall=rate(sum(done for _, done in hidden), len(hidden)),
        wrongly_hidden=rate(kept.count(False), len(kept)),
        kinds={kind: _recall(kind, hidden) for kind in sorted({kind for kind, _ in hidden})},
    )


def is_hidden(value: str, text: str, visible: Sequence[bool]) -> bool:
    """Return whether a value is hidden wherever it stands in the text.

    `visible` says of each character of the text whether it can still be read. A value shorter
    than four letters and digits must be gone altogether; what is neither does not count.

    >>> is_hidden("415-555", "call 415-555", [True] * 8 + [False] * 4)
    True
    >>> is_hidden("415-555", "call 415-555", [True] * 10 + [False] * 2)
    False
    """
    most = min(SHOWN, sum(map(str.isalnum, value)))
    places = [match.start() for match in re.finditer(f"(?={re.escape(value)})", text)]
    if not places:
        raise ValueError(f"a value does not stand in its text ({len(value)} characters)")
    for start in places:
        run = 0
        for at in range(start, start + len(value)):
            if text[at].isalnum():
                run = run + 1 if visible[at] else 0
            if run >= most:
                return False
    return True


def hiding_rates(figures: RedactionFigures) -> list[tuple[str, Rate]]:
    """Return the rates with their names in tables: in all, and by kind on each half."""
    halves = (("open half", figures.open), ("held-out half", figures.held_out))
    return [
        ("private values hidden", figures.recall),
        ("honest words hidden", figures.wrongly_hidden),
        *(
            (f"{half}, hidden: {kind}", one)
            for half, of in halves
            for kind, one in of.kinds.items()
        ),
    ]


def _visible(redacted: str, originals: Mapping[str, str]) -> list[bool]:
    """Return of each character of the original text whether it is in the redacted one."""
    visible: list[bool] = []
    pattern = "|".join(map(re.escape, originals))
    for part in re.split(f"({pattern})", redacted) if originals else [redacted]:
        hidden = part in originals
        visible += [not hidden] * len(originals[part] if hidden else part)
    return visible


def _recall(kind: Kind, hidden: Sequence[tuple[Kind, bool]]) -> Rate:
    of_kind = [done for own, done in hidden if own == kind]
    return rate(sum(of_kind), len(of_kind))
