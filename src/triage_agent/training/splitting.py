"""Trains the judge of `split_problems`, and measures it on texts that were left out."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np

from triage_agent.intake import Role, SplitText, Unit, Verdict, split_problems
from triage_agent.models import (
    MEANING,
    EmbeddedJudge,
    Limits,
    Projection,
    UnitReading,
    Vector,
    features,
    list_of,
)
from triage_agent.training.chain_fitting import UnitSequence, fit
from triage_agent.training.examples import POOL, load_texts
from triage_agent.training.splitting_examples import SplitExample, made, roles_in, written

PENALTY = 30.0
MADE = 0.4  # the weight of a text that was made, beside one that was written
FOLDS = 4
SEED = 1
LONGEST = 60  # units of a text that is trained on
AXES_FROM = 8_000  # units whose principal axes are taken
# The joined texts hold some of those that stand alone, so a text that was left out is read too
# surely: at 0.6 a quarter of the single problems of the open half of evals/splits.jsonl were
# taken for several, at 0.9 a tenth.
SEVERAL = {"several": 0.9, "several_list": 0.5, "doubt_list": 0.1}
FALSE_ALARMS = (
    0.05  # of texts with one problem, the share that may be doubted; half of it may be cut
)


@dataclass(frozen=True, slots=True)
class Known:
    """A text with its units, what is known of them, and their meanings."""

    example: SplitExample
    units: Sequence[Unit]
    roles: tuple[Role, ...] | None
    rows: Vector


def train(examples: Path, weights: Path) -> None:
    """Write splitter.npz and splitter.json into `weights`, and print what was measured."""
    judge = EmbeddedJudge(folder=weights)
    pool = [text.text for text in load_texts(examples, (POOL,))]
    texts = [*_known(written(examples), judge), *_known(made(pool), judge)]
    projection = _project(texts)
    sequences = [_sequence(text, projection) for text in texts]
    readings = _left_out(texts, sequences)
    limits, report = _limits(texts, readings)
    chain = fit([one for one in sequences if len(one.seen) <= LONGEST], PENALTY)
    np.savez_compressed(
        weights / "splitter.npz",
        roles=chain.roles.astype(np.float32),
        steps=chain.steps.astype(np.float32),
        first=chain.first.astype(np.float32),
        mean=projection.mean.astype(np.float16),
        axes=projection.axes.astype(np.float16),
    )
    found = {"limits": limits.model_dump(), "left_out": report}
    (weights / "splitter.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(found, indent=1))  # noqa: T201  (a command)


def _known(examples: Iterable[SplitExample], judge: EmbeddedJudge) -> list[Known]:
    found = []
    for example in examples:
        units, roles = roles_in(example)
        several = example.holds_several or (roles is None and len(example.problems) > 1)
        if units and (roles is not None or several):
            known = None if several or roles is None else tuple(roles)
            found.append(Known(example, units, known, judge.rows(example.text, units)))
    return found


def _project(texts: Sequence[Known]) -> Projection:
    """Return the principal axes of the meanings of units."""
    rows = np.concatenate([text.rows for text in texts])
    mean = rows.mean(axis=0)
    chosen = np.random.default_rng(SEED).permutation(len(rows))[:AXES_FROM]
    _, _, axes = np.linalg.svd(rows[chosen] - mean, full_matrices=False)
    # As they are stored, so that what is fitted is what is read.
    return Projection(_stored(mean), _stored(axes[:MEANING]))


def _stored(array: Vector) -> Vector:
    return array.astype(np.float16).astype(np.float32)


def _sequence(text: Known, projection: Projection) -> UnitSequence:
    seen = features(text.example.text, text.units, text.rows, projection)
    return UnitSequence(seen, text.roles, MADE if text.example.kind == "made" else 1.0)


def _left_out(texts: Sequence[Known], sequences: Sequence[UnitSequence]) -> list[UnitReading]:
    """Return what is read of each text by a chain that was fitted without it."""
    fold = np.random.default_rng(SEED).permutation(len(texts)) % FOLDS
    readings: dict[int, UnitReading] = {}
    for number in range(FOLDS):
        chosen = [
            one for n, one in enumerate(sequences) if fold[n] != number and len(one.seen) <= LONGEST
        ]
        chain = fit(chosen, PENALTY)
        for n in map(int, np.flatnonzero(fold == number)):
            readings[n] = chain.read(sequences[n].seen, *list_of(texts[n].units))
    return [readings[n] for n in range(len(texts))]


def _limits(
    texts: Sequence[Known], readings: Sequence[UnitReading]
) -> tuple[Limits, dict[str, Any]]:
    """Return the limits under which most written texts are right, few single ones touched."""
    best: tuple[float, Limits, dict[str, Any]] | None = None
    for cut, listed in product((0.5, 0.6, 0.7, 0.8), (0.35, 0.5, 0.65, 0.8)):
        limits = Limits(**SEVERAL, cut=cut, cut_list=listed)
        report = _measured(texts, readings, limits)
        worth = report["written"]["worth"]
        alarms = max(report["single"]["cut"] * 2, report["single"]["doubted"], FALSE_ALARMS)
        worth -= 20 * (alarms - FALSE_ALARMS)
        if best is None or worth > best[0]:
            best = (worth, limits, report)
    if best is None:
        raise ValueError("no limits leave the texts with one problem alone")
    return best[1], best[2]


def _measured(
    texts: Sequence[Known], readings: Sequence[UnitReading], limits: Limits
) -> dict[str, dict[str, float]]:
    """Return the shares of what went right and wrong."""
    rows = []
    for text, reading in zip(texts, readings, strict=True):
        verdict = limits.verdict(text.example.text, text.units, reading)
        found = split_problems(text.example.text, Given(verdict))
        rows.append((text.example, found))
    hand = [(example, found) for example, found in rows if example.kind != "made"]
    single = [
        (example, found)
        for example, found in rows
        if example.kind == "made" and len(example.problems) == 1
    ]
    several = [one for one in hand if len(one[0].problems) > 1 or one[0].holds_several]
    lone = [one for one in hand if one not in several]
    return {
        "written": {
            "texts": len(hand),
            "worth": sum(worth(*one) for one in hand) / len(hand),
            "same": sum(same(*one) for one in hand) / len(hand),
            "taken_as_one": _share(
                len(found.problems) < 2 and not found.holds_several for _, found in several
            ),
            "flagged": _share(found.holds_several for _, found in several),
            "cut": _share(len(found.problems) > 1 for _, found in lone),
            "doubted": _share(found.holds_several for _, found in lone),
        },
        "single": {
            "texts": len(single),
            "cut": _share(len(found.problems) > 1 for _, found in single),
            "doubted": _share(found.holds_several for _, found in single),
        },
    }


@dataclass(frozen=True, slots=True)
class Given:
    """A judge that has judged already."""

    verdict: Verdict

    def roles(self, text: str, units: Sequence[Unit]) -> Verdict:  # noqa: ARG002
        """Return the verdict."""
        return self.verdict


def same(example: SplitExample, found: SplitText) -> bool:
    """Return whether the same problems were found; a full stop at the end does not matter."""
    return found.holds_several == example.holds_several and [
        *map(_plain, (one.text for one in found.problems))
    ] == [*map(_plain, example.problems)]


def worth(example: SplitExample, found: SplitText) -> float:
    """Return what a result is worth to the reader: a doubt is better than a wrong answer."""
    if same(example, found):
        return 1.0
    several = len(example.problems) > 1 or example.holds_several
    if found.holds_several:
        return 0.5 if several else 0.0
    if not several:
        return 0.8 if len(found.problems) == 1 else -1.0
    return (
        -1.0
        if len(found.problems) < 2
        else 0.5
        if len(found.problems) == len(example.problems)
        else 0.0
    )


def _plain(text: str) -> str:
    return " ".join(text.split()).rstrip(".,;").removeprefix("and ")


def _share(these: Iterable[bool]) -> float:
    rows = [*these]
    return sum(rows) / len(rows) if rows else 0.0
