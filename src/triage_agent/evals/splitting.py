"""How well pasted texts and cells are taken apart into the problems in them."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import Field

from triage_agent.evals.cases import read_lines
from triage_agent.evals.rates import Rate, rate
from triage_agent.evals.run import ProgressBar, counted
from triage_agent.files import Strict
from triage_agent.intake import SplitText

Half = Literal["open", "held-out"]
Split = Callable[[str], Awaitable[SplitText]]


class SplitCase(Strict):
    """A text with the problems in it; rules are made from the open half only."""

    id: str
    half: Half
    source: str = Field(alias="from")
    kind: str
    text: str = Field(min_length=1)
    problems: tuple[str, ...]
    context: tuple[str, ...]
    furniture: tuple[str, ...]
    holds_several: bool
    why: str
    readers_agree: bool


@dataclass(frozen=True, slots=True)
class SplitOutcome:
    """What became of one text."""

    half: Half
    kind: str
    exact: bool  # the same problems, and the same `holds_several`
    same_number: bool
    several: bool  # whether there are several problems, or some that cannot be told apart
    taken_as_one: bool  # there are several, one was found, and nothing says so
    cut: bool  # one problem was taken for several
    doubted: bool  # one problem was kept whole, but is said to hold several
    voting_furniture: bool  # a greeting, a signature or the like stands in a problem
    characters: int  # of the problems, blanks left out
    lost: int  # of these, the ones that are in no problem found


@dataclass(frozen=True, slots=True)
class SplitFigures:
    """The figures over some texts."""

    texts: int
    exact: Rate
    same_number: Rate
    taken_as_one: Rate  # of the texts with several problems
    cut: Rate  # of the texts with one problem
    doubted: Rate  # of the texts with one problem
    voting_furniture: Rate
    characters_lost: Rate


@dataclass(frozen=True, slots=True)
class SplittingFigures:
    """The figures over all texts, and over each half; by kind of the open half only."""

    exact: Rate
    open: SplitFigures
    held_out: SplitFigures
    kinds: dict[str, Rate]


async def evaluate_splitting(
    path: Path, split: Split, progress: ProgressBar | None = None
) -> SplittingFigures:
    """Return how well `split` does on the texts of a JSON Lines file.

    Raises `InputError`, naming the line, if one is not as it should be.
    """
    cases = counted((case for _, case in read_lines(path, SplitCase)), "splits", progress)
    outcomes = [outcome_of(case, await split(case.text)) for case in cases]
    opened = [one for one in outcomes if one.half == "open"]
    kinds = sorted({one.kind for one in opened})
    return SplittingFigures(
        exact=rate(sum(one.exact for one in outcomes), len(outcomes)),
        open=figures_of(opened),
        held_out=figures_of([one for one in outcomes if one.half == "held-out"]),
        kinds={kind: _exact([one for one in opened if one.kind == kind]) for kind in kinds},
    )


def outcome_of(case: SplitCase, found: SplitText) -> SplitOutcome:
    """Return how what was found in a text differs from what is in it."""
    problems = [one.text for one in found.problems]
    several = len(case.problems) > 1 or case.holds_several
    characters, lost = _lost(case, found)
    together = " ".join(problems)
    return SplitOutcome(
        half=case.half,
        kind=case.kind,
        exact=[*map(_plain, problems)] == [*map(_plain, case.problems)]
        and found.holds_several == case.holds_several,
        same_number=len(problems) == len(case.problems),
        several=several,
        taken_as_one=several and len(problems) == 1 and not found.holds_several,
        cut=not several and len(problems) > 1,
        doubted=not several and found.holds_several,
        voting_furniture=any(
            _plain(one) in _plain(together) and one not in " ".join(case.problems)
            for one in case.furniture
        ),
        characters=characters,
        lost=lost,
    )


def figures_of(outcomes: Sequence[SplitOutcome]) -> SplitFigures:
    """Return the figures of some outcomes."""
    several = [one for one in outcomes if one.several]
    single = [one for one in outcomes if not one.several]
    return SplitFigures(
        texts=len(outcomes),
        exact=_exact(outcomes),
        same_number=rate(sum(one.same_number for one in outcomes), len(outcomes)),
        taken_as_one=rate(sum(one.taken_as_one for one in several), len(several)),
        cut=rate(sum(one.cut for one in single), len(single)),
        doubted=rate(sum(one.doubted for one in single), len(single)),
        voting_furniture=rate(sum(one.voting_furniture for one in outcomes), len(outcomes)),
        characters_lost=rate(
            sum(one.lost for one in outcomes), sum(one.characters for one in outcomes)
        ),
    )


def splitting_rates(figures: SplittingFigures) -> list[tuple[str, Rate]]:
    """Return the rates of each half with their names in tables."""
    halves = (("open half", figures.open), ("held-out half", figures.held_out))
    return [
        entry
        for half, of in halves
        for entry in (
            (f"split exactly, {half}", of.exact),
            (f"right number of problems, {half}", of.same_number),
            (f"several taken as one, {half}", of.taken_as_one),
            (f"one problem cut, {half}", of.cut),
            (f"one problem doubted, {half}", of.doubted),
            (f"furniture in a problem, {half}", of.voting_furniture),
            (f"characters of problems lost, {half}", of.characters_lost),
        )
    ]


def _exact(outcomes: Sequence[SplitOutcome]) -> Rate:
    return rate(sum(one.exact for one in outcomes), len(outcomes))


def _plain(text: str) -> str:
    return " ".join(text.split())


def _lost(case: SplitCase, found: SplitText) -> tuple[int, int]:
    """Return the number of characters of the problems in a text, and of those not found."""
    held = bytearray(len(case.text))
    for one in found.problems:
        held[one.start : one.end] = b"\1" * (one.end - one.start)
    at, characters, lost = 0, 0, 0
    for problem in case.problems:
        start = case.text.find(problem, at)
        if start < 0:
            start = case.text.index(problem)
        at = start + len(problem)
        places = [place for place in range(start, at) if not case.text[place].isspace()]
        characters += len(places)
        lost += sum(not held[place] for place in places)
    return characters, lost
