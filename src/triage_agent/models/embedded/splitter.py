"""The learned judge of `split_problems`: a chain over the units, seen through the encoder."""

import json
import re
from bisect import bisect_left
from collections.abc import Container, Sequence
from functools import cache, cached_property
from itertools import pairwise
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

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
from triage_agent.models.embedded.chain import Chain, Mask, Matrix, UnitReading, roles_of
from triage_agent.models.embedded.encoder import (
    WEIGHTS,
    Encoder,
    Vector,
    load_encoder,
    session,
    usable,
    weight_file,
)
from triage_agent.models.embedded.language import foreign_language
from triage_agent.models.embedded.text import tidy
from triage_agent.models.embedded.unit_features import features, units_of_pieces

LINES = frozenset({Edge.LINE, Edge.PARAGRAPH})
ENTRIES = frozenset({Edge.SEMICOLON, Edge.PIPE, Edge.COMMA, Edge.LINE})
SET_APART = frozenset({Edge.SEMICOLON, Edge.PIPE})
QUOTES = re.compile(r"^>[> ]*", re.MULTILINE)
SAID = re.compile(r"[^\W_]")  # a letter or digit of what was set aside
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
        listed = list_of(text, units)[0].sum() > 1
        if reading.several < (self.several_list if listed else self.several):
            # To take a list for one problem without a word would be the worst mistake.
            between = _between_lines(text, units)
            messages = any(between) and not any("\n" in one for one in between)
            apart = listed or messages or _labelled(text, units)
            doubted = apart and reading.several >= self.doubt_list
            if doubted and (rules := roles_by_rules(text, units)).several:
                # Short entries between semicolons are a list, be they clauses or mere nouns.
                if rules.sure and _set_apart(units):
                    return rules
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
        # The chain cannot read a foreign language; semicolons mean the same in all of them.
        if len(units) > MOST_UNITS or (_set_apart(units) and foreign_language(text)):
            return roles_by_rules(text, units)
        network, chain, limits = load_splitter(self._folder)
        pieces, unit_of = self.pieces(text, units)
        scores = network.scores(pieces, unit_of, features(text, units))
        return limits.verdict(text, units, chain.read(scores, *list_of(text, units)))

    def pieces(self, text: str, units: Sequence[Unit]) -> tuple[Vector, NDArray[np.int64]]:
        """Return the middle layer of each word piece, and the unit that it stands in (-1: none)."""
        start = min(unit.opens for unit in units)  # a greeting or a signature changes nothing
        body = _without_quotes(text[start : units[-1].end], {one.opens - start for one in units})
        clean = tidy(body)
        encoded = self._encoder.encode(clean.text)
        ends = [place - start for unit in units for place in (unit.start, unit.end)]
        places = [bisect_left(clean.origin, place) for place in ends]
        return encoded.middle, units_of_pieces(encoded.spans, places)


class UnitNetwork:
    """Scores the roles of units by the ONNX model in `path`."""

    def __init__(self, path: Path) -> None:
        self._session = session(path)

    def scores(self, pieces: Vector, unit_of: NDArray[np.int64], seen: Matrix) -> Matrix:
        """Return the scores, units × roles; the arguments are those of the training's network."""
        given = {
            "pieces": pieces[None].astype(np.float32),
            "unit_of": unit_of[None].astype(np.int64),
            "seen": seen[None].astype(np.float32),
        }
        (scores,) = self._session.run(None, given)
        found: Matrix = scores[0].astype(np.float64)
        return found


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
def load_splitter(folder: Path) -> tuple[UnitNetwork, Chain, Limits]:
    """Return the weights in `folder`, or raise `SettingsError`."""
    with usable(folder / "splitter.onnx") as path, weight_file(folder / "splitter.json") as raw:
        found = json.loads(raw)
        chain = Chain(np.array(found["steps"]), np.array(found["first"]))
        return UnitNetwork(path), chain, Limits.model_validate(found["limits"])


def list_of(text: str, units: Sequence[Unit]) -> tuple[Mask, Mask]:
    """Return which units open an item of the outer list, and which stand inside an item."""
    items = [
        unit.edge in MARKED_EDGES and not unit.nested and not unit.inside and unit.items > 1
        for unit in units
    ]
    held = [unit.inside or (unit.nested and any(items[:n])) for n, unit in enumerate(units)]
    edges = {unit.edge for unit in units[1:]}
    announced = any(text[unit.end - 1] in ":?" for unit in units)  # a heading, or what was asked
    entries = len(edges) == 1 and edges <= ENTRIES and units[0].edge is Edge.START
    if (
        entries
        and not announced
        and not (edges == {Edge.LINE} and any(_between_lines(text, units)))
    ):
        items = [True] * len(units)  # entries without marks
    if sum(items) < 2:
        return np.zeros(len(units), dtype=bool), np.zeros(len(units), dtype=bool)
    return np.array(items), np.array(held)


def _without_quotes(text: str, opens: Container[int]) -> str:
    """Return the text with blanks for the ">" of quoted lines; where a list opens, it is a mark."""
    return QUOTES.sub(
        lambda found: found[0] if found.start() in opens else " " * len(found[0]), text
    )


def _between_lines(text: str, units: Sequence[Unit]) -> list[str]:
    """Return what was set aside between lines, as who wrote a message of a chat."""
    gaps = (
        text[one.end : other.opens].strip() for one, other in pairwise(units) if other.edge in LINES
    )
    return [gap if SAID.search(gap) else "" for gap in gaps]


def _labelled(text: str, units: Sequence[Unit]) -> bool:
    """Return whether each of several lines has a label: "Office: bills are late"."""
    lines = [n for n, unit in enumerate(units) if unit.edge is Edge.START or unit.edge in LINES]
    return len(lines) > 1 and all(
        text[units[n].end - 1] == ":" and units[n + 1 : n + 2] and units[n + 1].edge is Edge.COLON
        for n in lines
    )


def _set_apart(units: Sequence[Unit]) -> bool:
    """Return whether nothing but semicolons or bars stands between the units."""
    return units[0].edge is Edge.START and {unit.edge for unit in units[1:]} <= SET_APART
