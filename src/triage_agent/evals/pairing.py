"""Two runs, case by case: how each case ended, and whether both runs are about the same cases."""

from collections.abc import Sequence
from typing import NamedTuple

from triage_agent.errors import InputError
from triage_agent.evals.metrics import got
from triage_agent.evals.rows import EvalRow
from triage_agent.types import Label


class CaseResult(NamedTuple):
    """How one case ended in one run, all its repeats together."""

    expected: Label | None
    right: bool
    got: str
    slices: dict[str, str]


def cases_of(rows: Sequence[EvalRow], name: str) -> dict[str, CaseResult]:
    """Return how each case of a run ended; `InputError` if a row is there twice."""
    repeats: dict[str, dict[int, EvalRow]] = {}
    for row in rows:
        if row.repeat in repeats.setdefault(row.id, {}):
            raise InputError(
                f"{name} has case {row.id!r} twice in repeat {row.repeat}. Run it again into an "
                "empty directory."
            )
        repeats[row.id][row.repeat] = row
    return {case: _ended([by[n] for n in sorted(by)], name) for case, by in repeats.items()}


def _ended(rows: Sequence[EvalRow], name: str) -> CaseResult:
    """Return how most repeats of a case ended, and the first that ended so."""
    if len({row.expected for row in rows}) > 1:
        raise InputError(
            f"{name} expects different labels of case {rows[0].id!r} in different repeats. "
            "Run it again on one version of the set."
        )
    wins = 2 * sum(row.right for row in rows) - len(rows)
    right = rows[0].right if wins == 0 else wins > 0
    shown = next(row for row in rows if row.right is right)
    return CaseResult(rows[0].expected, right, got(shown), rows[0].slices)


def check_same_cases(
    a: dict[str, CaseResult],
    b: dict[str, CaseResult],
    names: tuple[str, str],
    allow_partial: bool,
) -> None:
    """Raise `InputError` unless both runs are about the same cases with the same labels."""
    both = [name for name in a if name in b]
    if a and b and not both:
        raise InputError(
            f"{names[0]} and {names[1]} have no case in common: {next(iter(a))!r} is only in the "
            f"one, {next(iter(b))!r} only in the other. Compare two runs of the same set."
        )
    for name in both:
        if a[name].expected is not b[name].expected:
            expected = [case.expected or "an abstention" for case in (a[name], b[name])]
            raise InputError(
                f"{names[0]} expects {expected[0]} of case {name!r}, {names[1]} expects "
                f"{expected[1]}: the set was changed in between. Run the older one again."
            )
    alone = [name for name in (*a, *b) if name not in a or name not in b]
    if alone and not allow_partial:
        has, lacks = names if alone[0] in a else reversed(names)
        raise InputError(
            f"{has} has case {alone[0]!r} and {lacks} does not ({len(alone)} such cases in all). "
            "Run both on the same set with the same --limit."
        )
