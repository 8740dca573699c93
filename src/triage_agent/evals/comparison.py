"""A paired comparison of run B with run A: is B better, or is the difference noise?

Both runs read the same cases, so only the cases on which exactly one of them is right (the
discordant ones) say anything about the difference.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from triage_agent.errors import InputError, SettingsError
from triage_agent.evals.metrics import got
from triage_agent.evals.record import read_rows
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.significance import (
    ALPHA,
    detectable_difference,
    holm,
    mcnemar,
    paired_interval,
)
from triage_agent.types import Label

MARGIN = 0.03
EXIT_WORSE = 7
EXIT_UNDERPOWERED = 8
CHANGED_SHOWN = 10


class ComparisonVerdict(StrEnum):
    """What a comparison shows about B."""

    BETTER = "better"
    WORSE = "worse"
    NO_DIFFERENCE = "no difference"
    UNDERPOWERED = "underpowered"


class Changed(NamedTuple):
    """A case on which exactly one run is right."""

    id: str
    a: str  # what A got: a label, `abstained` or `error`
    b: str
    became: str  # `right` or `wrong`


@dataclass(frozen=True, slots=True)
class RunComparison:
    """B against A, over the in-scope cases that both have."""

    n: int
    right_a: int
    right_b: int
    only_a: int  # right in A only
    only_b: int
    difference: float  # of the accuracies, B minus A
    low: float  # 95 % interval of this one difference, not widened for several comparisons
    high: float
    p: float  # exact McNemar, two-sided
    p_holm: float  # the same, corrected for the number of comparisons
    detectable: float | None  # see `detectable_difference`
    changed: tuple[Changed, ...]  # in A's order
    missing_a: int  # cases that only B has; always 0 unless partial runs are allowed
    missing_b: int
    margin: float
    verdict: ComparisonVerdict

    def values(self, baseline: Path, name: str) -> dict[str, Any]:
        """Return the comparison as JSON values; A is `baseline`, B is `name`."""
        changed = [change._asdict() for change in self.changed]
        return {"baseline": str(baseline), "run": name, **asdict(self), "changed": changed}

    def lines(self, baseline: Path, name: str) -> list[str]:
        """Return the comparison in words; A is `baseline`, B is `name`."""
        lines = [
            f"{name} against {baseline}: {self.verdict.value}",
            f"  right on {self.right_b} of {self.n}, against {self.right_a}",
            f"  right alone on {self.only_b}, against {self.only_a}",
            f"  difference {self.difference:+.3f} [{self.low:+.3f}, {self.high:+.3f}]",
            f"  p = {self.p:.4f} (exact McNemar), corrected for all runs {self.p_holm:.4f}",
        ]
        if self.detectable is not None:
            lines.append(f"  a difference of {self.detectable:.3f} would be found 4 times of 5")
        lines += [
            f"  now {change.became}: {change.id} ({change.a} → {change.b})"
            for change in self.changed[:CHANGED_SHOWN]
        ]
        if len(self.changed) > CHANGED_SHOWN:
            lines.append(f"  and {len(self.changed) - CHANGED_SHOWN} more (--json lists all)")
        return lines


class _CaseResult(NamedTuple):
    """How one case ended in one run, all its repeats together."""

    expected: Label | None
    right: bool
    got: str


def compare(
    a_rows: Sequence[EvalRow],
    b_rows: Sequence[EvalRow],
    margin: float = MARGIN,
    *,
    allow_partial: bool = False,
    names: tuple[str, str] = ("A", "B"),
    comparisons: int = 1,
) -> RunComparison:
    """Return how run B compares with run A; `InputError` if they are not about the same cases.

    Rows are paired by id. A case with several repeats counts once, as most of its repeats ended;
    where they are even, as the first ended (counting a draw as right would favour the run that
    has an even number of repeats). `names` are what messages call the runs; of several
    `comparisons` this is one, and its p-value is not corrected yet.
    """
    if not 0 <= margin < 1:
        raise SettingsError(
            f"--margin must be between 0 and 1, not {margin:g}: 0.03 for three points."
        )
    a, b = _cases(a_rows, names[0]), _cases(b_rows, names[1])
    _check(a, b, names, allow_partial)
    ids = [name for name, case in a.items() if case.expected and name in b]
    if not ids:
        raise InputError(
            f"{names[0]} and {names[1]} share no case that has a label, so there is nothing to "
            "compare. Compare two runs of the same set."
        )
    changed = tuple(
        Changed(name, a[name].got, b[name].got, "right" if b[name].right else "wrong")
        for name in ids
        if a[name].right is not b[name].right
    )
    only_b = sum(change.became == "right" for change in changed)
    only_a = len(changed) - only_b
    low, high = paired_interval(only_a, only_b, len(ids))
    p = mcnemar(only_a, only_b)
    found = RunComparison(
        n=len(ids),
        right_a=sum(a[name].right for name in ids),
        right_b=sum(b[name].right for name in ids),
        only_a=only_a,
        only_b=only_b,
        difference=(only_b - only_a) / len(ids),
        low=low,
        high=high,
        p=p,
        p_holm=p,
        detectable=detectable_difference(len(ids), len(changed), comparisons),
        changed=changed,
        missing_a=len(b.keys() - a.keys()),
        missing_b=len(a.keys() - b.keys()),
        margin=margin,
        verdict=ComparisonVerdict.UNDERPOWERED,
    )
    return replace(found, verdict=_verdict(found, p))


def compare_many(
    baseline: Sequence[EvalRow],
    others: Mapping[str, Sequence[EvalRow]],
    margin: float = MARGIN,
    name: str = "the baseline",
) -> dict[str, RunComparison]:
    """Return how each run compares with the baseline, p-values corrected for their number."""
    found = {
        other: compare(baseline, rows, margin, names=(name, other), comparisons=len(others))
        for other, rows in others.items()
    }
    corrected = holm([comparison.p for comparison in found.values()])
    return {
        other: replace(comparison, p_holm=p, verdict=_verdict(comparison, p))
        for (other, comparison), p in zip(found.items(), corrected, strict=True)
    }


def compare_runs(
    baseline: Path, others: Sequence[Path], margin: float = MARGIN
) -> dict[str, RunComparison]:
    """Return how each recorded run compares with the baseline, by its path as it was given."""
    paths = {str(path): path for path in others}
    if len(paths) < len(others):
        raise InputError("The same run is named twice. Name every run once.")
    rows = {name: read_rows(path) for name, path in paths.items()}
    return compare_many(read_rows(baseline), rows, margin)


def comparison_exit_code(comparisons: Mapping[str, RunComparison]) -> int:
    """Return 7 if any run is worse, else 8 if any comparison is underpowered, else 0."""
    verdicts = {comparison.verdict for comparison in comparisons.values()}
    if ComparisonVerdict.WORSE in verdicts:
        return EXIT_WORSE
    return EXIT_UNDERPOWERED if ComparisonVerdict.UNDERPOWERED in verdicts else 0


def _verdict(found: RunComparison, p: float) -> ComparisonVerdict:
    """Return what the corrected p-value and the interval say."""
    if p < ALPHA:
        return ComparisonVerdict.BETTER if found.difference > 0 else ComparisonVerdict.WORSE
    if -found.margin <= found.low and found.high <= found.margin:
        return ComparisonVerdict.NO_DIFFERENCE
    return ComparisonVerdict.UNDERPOWERED


def _cases(rows: Sequence[EvalRow], name: str) -> dict[str, _CaseResult]:
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


def _ended(rows: Sequence[EvalRow], name: str) -> _CaseResult:
    """Return how most repeats of a case ended, and the first that ended so."""
    if len({row.expected for row in rows}) > 1:
        raise InputError(
            f"{name} expects different labels of case {rows[0].id!r} in different repeats. "
            "Run it again on one version of the set."
        )
    wins = 2 * sum(row.right for row in rows) - len(rows)
    right = rows[0].right if wins == 0 else wins > 0
    shown = next(row for row in rows if row.right is right)
    return _CaseResult(rows[0].expected, right, got(shown))


def _check(
    a: dict[str, _CaseResult],
    b: dict[str, _CaseResult],
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
