"""The same figures by part of the set and at another prior, and those of two trivial rules."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt

from triage_agent.errors import SettingsError
from triage_agent.evals.metrics import RowFigures, summarise
from triage_agent.evals.rates import Estimate, Rate, rate, share
from triage_agent.evals.reliability import reliability
from triage_agent.evals.rows import EvalRow
from triage_agent.types import Label

# A floor that any backend has to exceed: one of these words means build-software.
KEYWORDS = re.compile(
    r"\b(app|website|platform|portal|developer|software|saas|mobile|build|code|engineer|cto)s?\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Reweighted:
    """The figures as they would be among owners of whom another share needs software built.

    A figure is None if a label that counts has no row.
    """

    prior_build: float
    observed_build: float | None  # the share among the in-scope rows; None: there are none
    accuracy: Estimate | None
    coverage: Estimate | None
    precision: dict[str, float | None]  # by label; None also if the label was never given
    ece: float | None  # also None if no row has a probability
    ece_p95: float | None


def by_slice(rows: Sequence[EvalRow], name: str) -> dict[str, RowFigures]:
    """Return the figures of each value of a slice, sorted; rows without that slice are left out."""
    parts: dict[str, list[EvalRow]] = {}
    for row in rows:
        if name in row.slices:
            parts.setdefault(row.slices[name], []).append(row)
    return {value: summarise(part) for value, part in sorted(parts.items())}


def reweighted(rows: Sequence[EvalRow], prior_build: float) -> Reweighted:
    """Return the figures at another prior; `SettingsError` unless it is a share.

    What is right of each label stays as measured; only how common the labels are changes, among
    the rows in scope: those out of scope stay as common as they are in the set. The
    intervals are Wilson's of the two labels, joined by the square-and-add rule for a sum of
    independent estimates (MOVER; Zou and Donner, Statistics in Medicine 27, 2008): unlike the
    delta method's they do not shrink to a point when a label has no error.
    """
    if not 0 <= prior_build <= 1:
        raise SettingsError(
            f"--prior must be between 0 and 1, as in build=0.3, not {prior_build:g}."
        )
    prior = {Label.BUILD: prior_build, Label.AUTOMATE: 1 - prior_build}
    parts = {label: [row for row in rows if row.expected is label] for label in Label}
    total = sum(len(part) for part in parts.values())
    outside = {
        label: sum(row.label is label for row in rows if not row.in_scope) for label in Label
    }
    recall = {label: share(part, lambda row: row.right) for label, part in parts.items()}
    covered = {
        label: share(part, lambda row: row.label is not None) for label, part in parts.items()
    }
    weights = {
        label: prior[label] * total / len(part) if part else 0.0 for label, part in parts.items()
    }
    complete = all(parts[label] for label in Label if prior[label])
    calibrated = reliability(
        [row for row in rows if not row.expected or weights[row.expected]], weights
    )
    return Reweighted(
        prior_build=prior_build,
        observed_build=len(parts[Label.BUILD]) / total if total else None,
        accuracy=_weighted(recall, prior) if complete else None,
        coverage=_weighted(covered, prior) if complete else None,
        precision={
            label.value: _precision(parts, prior, label, outside[label] / total)
            if complete
            else None
            for label in Label
        },
        ece=calibrated.ece if complete else None,
        ece_p95=calibrated.p95 if complete else None,
    )


def floors(cases: Sequence[tuple[str, Label]]) -> dict[str, Rate]:
    """Return how often two rules without a model are right: `majority` and `keyword`.

    >>> cases = [("We need an app", Label.BUILD), ("Invoices are late", Label.AUTOMATE)]
    >>> {name: found.value for name, found in floors(cases).items()}
    {'majority': 0.5, 'keyword': 1.0}
    """
    commonest = max(Counter(label for _, label in cases).values(), default=0)
    hits = sum((label is Label.BUILD) == bool(KEYWORDS.search(text)) for text, label in cases)
    return {"majority": rate(commonest, len(cases)), "keyword": rate(hits, len(cases))}


def _weighted(rates: dict[Label, Rate], prior: dict[Label, float]) -> Estimate:
    """Return the mean of the labels' rates, each weighted by its prior."""
    value = below = above = 0.0
    for label, found in rates.items():
        if found.value is not None and found.low is not None and found.high is not None:
            value += prior[label] * found.value
            below += (prior[label] * (found.value - found.low)) ** 2
            above += (prior[label] * (found.high - found.value)) ** 2
    return Estimate(value, value - sqrt(below), value + sqrt(above))


def _precision(
    parts: dict[Label, list[EvalRow]], prior: dict[Label, float], label: Label, outside: float
) -> float | None:
    """Return the share of right ones among the rows that would get a label.

    `outside` is how many rows that are out of scope get it, for each row in scope.
    """
    given = {
        expected: prior[expected] * sum(row.label is label for row in part) / len(part)
        for expected, part in parts.items()
        if part
    }
    labelled = sum(given.values()) + outside
    return given.get(label, 0.0) / labelled if labelled else None
