"""How well the red flags are found in free text, before anybody confirms them."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import Field, ValidationError

from triage_agent.advice import FlagReader, Role, check_flag, load_red_flags
from triage_agent.errors import InputError
from triage_agent.evals.metrics import Rate, rate
from triage_agent.evals.summary import values
from triage_agent.files import Strict, explain


class FlagCase(Strict):
    """What somebody told about a person they hired, and the flags that it tells of."""

    id: str
    text: str = Field(min_length=1)
    role: Role
    flags: tuple[str, ...]
    difficulty: str = ""
    voice: str = ""
    reason: str = ""


@dataclass(frozen=True, slots=True)
class FlagScores:
    """How well one flag was told from everything else."""

    precision: Rate  # of the cases in which it was proposed
    recall: Rate  # of the cases that tell of it
    f1: float | None  # None: it was neither expected nor proposed


@dataclass(frozen=True, slots=True)
class FlagReport:
    """The figures over one file."""

    model: str
    cases: int
    flags: dict[str, FlagScores]
    macro_f1: float | None  # the mean over all flags; None: no case
    exact: Rate  # of the cases whose flags are all right, and none too many


def evaluate_flags(path: Path, reader: FlagReader | None = None) -> FlagReport:
    """Return how well `reader` (the embedded model if None) finds the flags of the cases in `path`.

    Raises `InputError`, naming the line, if a case is not one.
    """
    import asyncio

    from triage_agent.advice import EmbeddedFlagModel

    reader, cases = reader or EmbeddedFlagModel(), read_cases(path)
    readings = asyncio.run(_propose(reader, cases))
    return score_flags(reader.name, [set(case.flags) for case in cases], readings)


async def _propose(reader: FlagReader, cases: Sequence[FlagCase]) -> list[set[str]]:
    """Return the flags proposed for each case."""
    readings = [await reader.propose(case.text, case.role) for case in cases]
    return [{proposal.flag for proposal in reading.proposals} for reading in readings]


def score_flags(
    model: str, expected: Sequence[set[str]], proposed: Sequence[set[str]]
) -> FlagReport:
    """Return the figures of proposed flags; a flag that nobody expects or proposes counts as 0."""
    from sklearn.metrics import f1_score

    names = [flag.id for flag in load_red_flags()]
    truth = [[name in flags for name in names] for flags in expected]
    given = [[name in flags for name in names] for flags in proposed]
    macro = f1_score(truth, given, average="macro", zero_division=0) if truth else None
    pairs = list(zip(expected, proposed, strict=True))
    return FlagReport(
        model=model,
        cases=len(pairs),
        flags={name: _scores(name, pairs) for name in names},
        macro_f1=None if macro is None else float(macro),
        exact=rate(sum(one == other for one, other in pairs), len(pairs)),
    )


def _scores(name: str, pairs: Sequence[tuple[set[str], set[str]]]) -> FlagScores:
    """Return one flag's precision, recall and F1."""
    right = sum(name in one and name in other for one, other in pairs)
    expected, given = (sum(name in pair[side] for pair in pairs) for side in (0, 1))
    f1 = 2 * right / (expected + given) if expected + given else None
    return FlagScores(rate(right, given), rate(right, expected), f1)


def flag_values(report: FlagReport) -> dict[str, Any]:
    """Return a report as JSON values."""
    return {
        "model": report.model,
        "cases": report.cases,
        "macro_f1": report.macro_f1 if report.macro_f1 is None else round(report.macro_f1, 6),
        "exact": values(report.exact),
        "flags": {name: _rounded(asdict(scores)) for name, scores in report.flags.items()},
    }


def _rounded(value: Any) -> Any:
    """Return JSON values with six decimals."""
    if isinstance(value, float):
        return round(value, 6)
    return {key: _rounded(v) for key, v in value.items()} if isinstance(value, dict) else value


def read_cases(path: Path) -> list[FlagCase]:
    """Return the cases of a JSON Lines file, or raise `InputError` naming the line."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}). Check the path.") from error
    cases = []
    for number, line in enumerate(lines, start=1):
        if not line.strip():
            continue
        place = f"{path}, line {number}"
        try:
            case = FlagCase.model_validate_json(line)
        except ValidationError as error:
            raise InputError(f"{place}: {explain(error)}. Correct it.") from error
        for flag in case.flags:
            check_flag(flag, case.role, place)
        cases.append(case)
    return cases
