"""The learned judge of `split_problems`: a chain over the units, seen through the encoder."""

import io
import json
from bisect import bisect_left
from collections.abc import Sequence
from functools import cache, cached_property
from pathlib import Path

import numpy as np

from triage_agent.files import Strict
from triage_agent.intake import (
    MARKED_EDGES,
    Edge,
    Judge,
    SplitText,
    Unit,
    Verdict,
    roles_by_rules,
    split_problems,
)
from triage_agent.models.embedded.chain import Chain, Mask, UnitReading, roles_of
from triage_agent.models.embedded.encoder import WEIGHTS, Encoder, Vector, load_encoder, weight_file
from triage_agent.models.embedded.text import tidy
from triage_agent.models.embedded.unit_features import Projection, features, meanings

ENTRIES = frozenset({Edge.SEMICOLON, Edge.PIPE, Edge.LINE, Edge.COMMA})
MOST_UNITS = 400  # of a longer text the rules decide, so that any text takes bounded time


class Limits(Strict):
    """The probabilities from which something is said, measured on texts left out in training."""

    several: float  # from here upwards prose holds several problems
    several_list: float  # and a text with a list
    doubt_list: float  # from here upwards a clean list is doubted where the chain takes it for one
    cut: float  # from here upwards prose is taken apart
    cut_list: float  # and a text with a list

    def verdict(self, text: str, units: Sequence[Unit], reading: UnitReading) -> Verdict:
        """Return the verdict on a text of which this is known."""
        listed = list_of(units)[0].sum() > 1
        if reading.several < (self.several_list if listed else self.several):
            # To take a list for one problem without a word would be the worst mistake.
            doubted = listed and reading.several >= self.doubt_list
            if doubted and roles_by_rules(text, units).several:
                return Verdict(roles_of(reading.cut), several=True, sure=False)
            return Verdict(roles_of(reading.one), several=False, sure=True)
        enough = self.cut_list if listed else self.cut
        return Verdict(roles_of(reading.cut), several=True, sure=reading.sure >= enough)


class EmbeddedJudge(Judge):
    """Judges by the weights in the package; the encoder is loaded when a text first needs it."""

    def __init__(self, encoder: Encoder | None = None, folder: Path = WEIGHTS) -> None:
        self._given, self._folder = encoder, folder

    @cached_property
    def _encoder(self) -> Encoder:
        return self._given or load_encoder(self._folder)

    def roles(self, text: str, units: Sequence[Unit]) -> Verdict:
        """Return the role of each unit, and whether the text may be taken apart by them."""
        if len(units) > MOST_UNITS:
            return roles_by_rules(text, units)
        chain, projection, limits = load_splitter(self._folder)
        seen = features(text, units, self.rows(text, units), projection)
        return limits.verdict(text, units, chain.read(seen, *list_of(units)))

    def rows(self, text: str, units: Sequence[Unit]) -> Vector:
        """Return the meaning of each unit (units × 768)."""
        clean = tidy(text)
        ends = [place for unit in units for place in (unit.start, unit.end)]
        return meanings(units, self._encoder.encode(clean.text), [
            bisect_left(clean.origin, place) for place in ends
        ])  # fmt: skip


def split_text(text: str) -> SplitText:
    """Return the problems of a text, as `split_problems` with the judge in the package does.

    >>> len(split_text("1. Leads get lost every week 2. Our stock figures are wrong").problems)
    2
    """
    return split_problems(text, _judge())


@cache
def _judge() -> EmbeddedJudge:
    """Return the judge in the package."""
    return EmbeddedJudge()


@cache
def load_splitter(folder: Path) -> tuple[Chain, Projection, Limits]:
    """Return the weights in `folder`, or raise `SettingsError`."""
    with (
        weight_file(folder / "splitter.npz") as packed,
        weight_file(folder / "splitter.json") as raw,
    ):
        arrays = np.load(io.BytesIO(packed), allow_pickle=False)
        wide = {name: arrays[name].astype(np.float64) for name in arrays.files}
        limits = Limits.model_validate(json.loads(raw)["limits"])
        return (
            Chain(wide["roles"], wide["steps"], wide["first"]),
            Projection(arrays["mean"].astype(np.float32), arrays["axes"].astype(np.float32)),
            limits,
        )


def list_of(units: Sequence[Unit]) -> tuple[Mask, Mask]:
    """Return which units open an item of the outer list, and which stand inside an item."""
    items = [
        unit.edge in MARKED_EDGES and not unit.nested and not unit.inside and unit.items > 1
        for unit in units
    ]
    held = [unit.inside or (unit.nested and any(items[:n])) for n, unit in enumerate(units)]
    edges = {unit.edge for unit in units[1:]}
    if len(edges) == 1 and edges <= ENTRIES and units[0].edge is Edge.START:
        items = [True] * len(units)  # entries without marks
    if sum(items) < 2:
        return np.zeros(len(units), dtype=bool), np.zeros(len(units), dtype=bool)
    return np.array(items), np.array(held)
