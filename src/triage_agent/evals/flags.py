"""How well the red flags are found in free text, before a person confirms them."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import Field

from triage_agent.advice import FlagReader, Role, check_flag, load_red_flags
from triage_agent.evals.cases import read_lines
from triage_agent.evals.metrics import Scores
from triage_agent.evals.rates import Rate, rate
from triage_agent.evals.run import ProgressBar, counted
from triage_agent.files import Strict


class FlagCase(Strict):
    """What somebody wrote about a person they hired, and the flags that apply."""

    id: str
    text: str = Field(min_length=1)
    role: Role
    flags: tuple[str, ...]
    difficulty: str = ""
    voice: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FlagFigures:
    """The figures over one file."""

    model: str
    cases: int
    macro_f1: float | None  # the mean over all flags; None: no case
    exact: Rate  # of the cases whose flags are all right, and none too many
    flags: dict[str, Scores]


def evaluate_flags(
    path: Path, reader: FlagReader | None = None, progress: ProgressBar | None = None
) -> FlagFigures:
    """Return how well `reader` (the embedded model if None) finds the flags of the cases in `path`.

    Raises `InputError`, naming the line, if a case is not one.
    """
    import asyncio

    from triage_agent.advice import EmbeddedFlagModel

    reader, cases = reader or EmbeddedFlagModel(), read_flag_cases(path)
    readings = asyncio.run(_propose(reader, counted(cases, "red-flags", progress)))
    return score_flags(reader.name, [set(case.flags) for case in cases], readings)


async def _propose(reader: FlagReader, cases: Iterable[FlagCase]) -> list[set[str]]:
    """Return the flags proposed for each case."""
    readings = [await reader.propose(case.text, case.role) for case in cases]
    return [{proposal.flag for proposal in reading.proposals} for reading in readings]


def score_flags(
    model: str, expected: Sequence[set[str]], proposed: Sequence[set[str]]
) -> FlagFigures:
    """Return the figures of proposed flags; one neither expected nor proposed counts as 0."""
    from sklearn.metrics import f1_score

    names = [flag.id for flag in load_red_flags()]
    truth = [[name in flags for name in names] for flags in expected]
    given = [[name in flags for name in names] for flags in proposed]
    macro = f1_score(truth, given, average="macro", zero_division=0) if truth else None
    pairs = list(zip(expected, proposed, strict=True))
    return FlagFigures(
        model=model,
        cases=len(pairs),
        flags={name: _scores(name, pairs) for name in names},
        macro_f1=None if macro is None else float(macro),
        exact=rate(sum(one == other for one, other in pairs), len(pairs)),
    )


def _scores(name: str, pairs: Sequence[tuple[set[str], set[str]]]) -> Scores:
    """Return one flag's precision, recall and F1."""
    right = sum(name in one and name in other for one, other in pairs)
    expected, given = (sum(name in pair[side] for pair in pairs) for side in (0, 1))
    f1 = 2 * right / (expected + given) if expected + given else None
    return Scores(rate(right, given), rate(right, expected), f1)


def read_flag_cases(path: Path) -> list[FlagCase]:
    """Return the cases of a JSON Lines file, or raise `InputError` naming the line."""
    cases = []
    for number, case in read_lines(path, FlagCase):
        for flag in case.flags:
            check_flag(flag, case.role, f"{path}, line {number}")
        cases.append(case)
    return cases
