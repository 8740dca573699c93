"""A paired comparison of run B with run A: is B better, or is the difference noise?

Both runs read the same cases, so only the cases on which exactly one of them is right (the
discordant ones) say anything about the difference.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from triage_agent.errors import InputError, SettingsError
from triage_agent.evals.cases import SLICES
from triage_agent.evals.pairing import CaseResult, cases_of, check_same_cases
from triage_agent.evals.record import read_rows
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.significance import (
    ALPHA,
    detectable_difference,
    holm,
    mcnemar,
    paired_interval,
)

MARGIN = 0.03
EXIT_WORSE = 7
EXIT_UNDERPOWERED = 8
CHANGED_SHOWN = 10
SLICES_SHOWN = 40
FEW = 20  # cases: a slice of fewer shows little


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
class SliceComparison:
    """B against A within one slice, without a test: there are too many slices for one each."""

    name: str  # difficulty, voice, function, language or mixed
    value: str
    n: int
    right_a: int
    right_b: int
    difference: float  # of the accuracies, B minus A
    low: float  # 95 % interval of this one difference, not widened for the number of slices
    high: float
    few: bool  # fewer than 20 cases

    @property
    def words(self) -> str:
        """The difference on one line."""
        interval = f"[{self.low:+.3f}, {self.high:+.3f}]"
        counts = f"{self.right_b} against {self.right_a} of {self.n}{', few' if self.few else ''}"
        return f"{self.name} {self.value}: {self.difference:+.3f} {interval}, {counts}"


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
    slices: tuple[SliceComparison, ...]  # of each slice that has several values
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
        if self.slices:
            few = f"few: under {FEW} cases"
            lines.append(f"  by slice (intervals not widened for their number; {few}):")
            lines += [f"    {one.words}" for one in self.slices[:SLICES_SHOWN]]
        if len(self.slices) > SLICES_SHOWN:
            lines.append(f"    and {len(self.slices) - SLICES_SHOWN} more (--json lists all)")
        lines += [
            f"  now {change.became}: {change.id} ({change.a} → {change.b})"
            for change in self.changed[:CHANGED_SHOWN]
        ]
        if len(self.changed) > CHANGED_SHOWN:
            lines.append(f"  and {len(self.changed) - CHANGED_SHOWN} more (--json lists all)")
        return lines


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
    a, b = cases_of(a_rows, names[0]), cases_of(b_rows, names[1])
    check_same_cases(a, b, names, allow_partial)
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
        slices=tuple(_by_slice({name: (a[name], b[name]) for name in ids})),
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


def _by_slice(pairs: Mapping[str, tuple[CaseResult, CaseResult]]) -> Iterator[SliceComparison]:
    """Yield the comparison within each value of each slice; one value would repeat the whole."""
    for name in SLICES:
        parts: dict[str, list[tuple[bool, bool]]] = {}
        for a, b in pairs.values():
            if name in a.slices:
                parts.setdefault(a.slices[name], []).append((a.right, b.right))
        for value, part in sorted(parts.items()) if len(parts) > 1 else ():
            only_a = sum(a and not b for a, b in part)
            only_b = sum(b and not a for a, b in part)
            low, high = paired_interval(only_a, only_b, len(part))
            yield SliceComparison(
                name=name,
                value=value,
                n=len(part),
                right_a=sum(a for a, _ in part),
                right_b=sum(b for _, b in part),
                difference=(only_b - only_a) / len(part),
                low=low,
                high=high,
                few=len(part) < FEW,
            )
