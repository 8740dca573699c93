"""Trains the judge of `split_problems`, and measures it on texts that were left out."""

import json
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import product
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import onnx
import torch

from triage_agent.intake import SplitText, Unit, Verdict, split_problems
from triage_agent.models import EmbeddedJudge, Limits, UnitReading, features, list_of
from triage_agent.training.examples import POOL, load_texts
from triage_agent.training.export import OPSET, in_eight_bits
from triage_agent.training.split_network import (
    SplitNetwork,
    SplitSeen,
    Together,
    chain_of,
    fit,
    scores_of,
    tensors,
)
from triage_agent.training.splitting_examples import SplitExample, made, roles_in, written

NETWORKS = 2  # whose scores are added up
ROUNDS, DROPOUT = 10, 0.25
MADE = 0.4  # the weight of a text that was made, beside one that was written
LEFT_OUT = 0.25  # of the texts, on which the limits are chosen
SEED = 1
# From a lower limit on, fewer than 40 % of strangers' texts are left without a flag.
PROSE = (0.85, 0.9)
LISTS = (0.3, 0.5, 0.7, 0.8, 0.9)
CUT = (0.2, 0.35, 0.5, 0.65, 0.8)
DOUBT_LIST = 0.1
FALSE_ALARMS = (
    0.05  # of texts with one problem, the share that may be doubted; half of it may be cut
)


@dataclass(frozen=True, slots=True)
class Known:
    """A text with its units, and what is known of them as the network takes it."""

    example: SplitExample
    units: Sequence[Unit]
    seen: SplitSeen


def train(examples: Path, weights: Path) -> None:
    """Write splitter.onnx and splitter.json into `weights`, and print what was measured."""
    judge = EmbeddedJudge(folder=weights)
    pool = [text.text for text in load_texts(examples, (POOL,))]
    texts = [*_known(written(examples), judge), *_known(made(pool), judge)]
    limits, report = _limits(*_left_out(texts))
    network = Together([_fit(texts, seed) for seed in range(NETWORKS)])
    _export(network, texts[0], weights / "splitter.onnx")
    chain = chain_of(network)
    found = {
        "limits": limits.model_dump(),
        "steps": np.round(chain.steps, 4).tolist(),
        "first": np.round(chain.first, 4).tolist(),
        "left_out": report,
    }
    (weights / "splitter.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(json.dumps(report, indent=1))  # noqa: T201  (a command)


def _known(examples: Iterable[SplitExample], judge: EmbeddedJudge) -> list[Known]:
    found = []
    for example in examples:
        units, roles = roles_in(example)
        several = example.holds_several or (roles is None and len(example.problems) > 1)
        if units and (roles is not None or several):
            known = None if several or roles is None else tuple(roles)
            seen = SplitSeen(
                *judge.pieces(example.text, units),
                features(example.text, units),
                known,
                MADE if example.kind == "made" else 1.0,
            )
            found.append(Known(example, units, seen))
    return found


def _fit(texts: Sequence[Known], seed: int) -> SplitNetwork:
    print(f"network {seed + 1} of {NETWORKS}")  # noqa: T201  (a command)
    return fit([text.seen for text in texts], ROUNDS, DROPOUT, seed)


def _left_out(texts: Sequence[Known]) -> tuple[list[Known], list[UnitReading]]:
    """Return some texts, as networks read them that were fitted to the others.

    Of the texts that were made, those with one problem.
    """
    aside = np.random.default_rng(SEED).random(len(texts)) < LEFT_OUT
    rest = [text for text, out in zip(texts, aside, strict=True) if not out]
    network = Together([_fit(rest, seed) for seed in range(NETWORKS)])
    chain = chain_of(network)
    asked = [
        text
        for text, out in zip(texts, aside, strict=True)
        if out and (text.seen.weight == 1.0 or len(text.example.problems) == 1)
    ]
    scores = (scores_of(network, text.seen) for text in asked)
    readings = [
        chain.read(one, *list_of(text.example.text, text.units))
        for one, text in zip(scores, asked, strict=True)
    ]
    return asked, readings


def _export(network: Together, sample: Known, path: Path) -> None:
    """Write the network as an ONNX model in 8 bits; texts may have any number of units."""
    with TemporaryDirectory() as scratch:
        exact = Path(scratch) / "exact.onnx"
        torch.onnx.export(
            network,
            tensors([sample.seen]),
            exact,
            input_names=["pieces", "unit_of", "seen"],
            output_names=["scores"],
            dynamic_axes={
                "pieces": {1: "pieces"},
                "unit_of": {1: "pieces"},
                "seen": {1: "units"},
                "scores": {1: "units"},
            },
            opset_version=OPSET,
            dynamo=False,
        )
        onnx.save(in_eight_bits(onnx.load(exact)), path)


def _limits(
    texts: Sequence[Known], readings: Sequence[UnitReading]
) -> tuple[Limits, dict[str, Any]]:
    """Return the limits under which most written texts are right, few single ones touched."""
    split = cache(lambda n, verdict: split_problems(texts[n].example.text, Given(verdict)))
    best: tuple[float, Limits, dict[str, Any]] | None = None
    for several, listed, cut, cut_list in product(PROSE, LISTS, CUT, CUT):
        limits = Limits(
            several=several,
            several_list=listed,
            doubt_list=DOUBT_LIST,
            cut=cut,
            cut_list=cut_list,
        )
        report = _measured(texts, readings, limits, split)
        worth = report["written"]["worth"]
        alarms = max(report["single"]["cut"] * 2, report["single"]["doubted"], FALSE_ALARMS)
        worth -= 20 * (alarms - FALSE_ALARMS)
        if best is None or worth > best[0]:
            best = (worth, limits, report)
    if best is None:
        raise ValueError("no limits leave the texts with one problem alone")
    return best[1], best[2]


def _measured(
    texts: Sequence[Known],
    readings: Sequence[UnitReading],
    limits: Limits,
    split: Callable[[int, Verdict], SplitText],
) -> dict[str, dict[str, float]]:
    """Return the shares of what went right and wrong; `split` takes a text's place."""
    rows = []
    for n, (text, reading) in enumerate(zip(texts, readings, strict=True)):
        verdict = limits.verdict(text.example.text, text.units, reading)
        rows.append((text.example, split(n, verdict)))
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
