"""A run's figures as one tree of JSON values: what summary.json, the gate and the report read."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from triage_agent.evals.cases import SLICES, Case
from triage_agent.evals.metrics import Rate, as_values, clustered_rate, rate, summarise
from triage_agent.evals.pairs import PairRow
from triage_agent.evals.record import Run
from triage_agent.evals.reliability import threshold_for
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.run import DecisionRow
from triage_agent.evals.slices import by_slice, floors, reweighted

USUAL_PRIOR = 0.3  # about 30 % of the owners who ask need the CTO (PRODUCT.md)
WANTED = (0.95, 0.97, 0.99)  # accuracies for which a threshold is looked for
OF_A_SLICE = ("rows", "accuracy", "coverage", "answered_accuracy", "abstention_recall")


def summarise_run(
    run: Run, cases: Sequence[Case] = (), prior: float = USUAL_PRIOR
) -> dict[str, Any]:
    """Return all figures of a run; a part that was not run is left out."""
    summary: dict[str, Any] = {}
    if run.rows:
        summary["problems"] = summarise_rows(run.rows, prior)
        known = [(case.text, case.label) for case in cases if case.label and case.counted]
        if known:
            found = floors([(text, label) for text, label in known if label])
            summary["problems"]["floors"] = {name: values(one) for name, one in found.items()}
    if run.attacks:
        summary["attacks"] = attacked(run.attacks)
    if run.perturbations:
        summary["perturbations"] = perturbed(run.perturbations)
    for name in ("decisions", "businesses"):
        if rows := getattr(run, name):
            summary[name] = decided(rows)
    if run.flags:
        summary["red_flags"] = dict(run.flags)
    return summary


def summarise_rows(rows: Sequence[EvalRow], prior: float = USUAL_PRIOR) -> dict[str, Any]:
    """Return the figures of the problems: the headline is English in scope, and what is in none."""
    counted = [row for row in rows if _counts(row)]
    others = [row for row in rows if not _counts(row)]
    summary = as_values(summarise(counted or rows))
    summary["send_to_a_person"] = {
        f"{wanted:.2f}": cut._asdict() if (cut := threshold_for(counted, wanted)) else None
        for wanted in WANTED
    }
    summary["prior"] = {f"build={prior:g}": asdict(reweighted(counted, prior))} if counted else {}
    summary["slices"] = {
        name: {
            value: {key: as_values(part)[key] for key in OF_A_SLICE}
            for value, part in by_slice(rows, name).items()
        }
        for name in SLICES
    }
    if others:
        summary["other_languages"] = {
            key: as_values(summarise(others))[key] for key in (*OF_A_SLICE, "confusion")
        }
    return summary


def attacked(rows: Sequence[PairRow]) -> dict[str, Any]:
    """Return how often attacks won; intervals know that pairs of one problem go together."""
    return {
        "pairs": len(rows),
        "to_target": _share(rows, {"flipped"}),
        "to_abstention_or_error": _share(rows, {"abstained", "error"}),
        "noticed": values(clustered_rate([r.noticed for r in rows], [r.of for r in rows])),
        "kinds": _by_kind(rows),
    }


def perturbed(rows: Sequence[PairRow]) -> dict[str, Any]:
    """Return how often other words changed the answer."""
    return {
        "pairs": len(rows),
        "flips": _share(rows, {"flipped"}),
        "changes": _share(rows, {"flipped", "abstained", "error"}),
        "kinds": _by_kind(rows),
    }


def decided(rows: Sequence[DecisionRow]) -> dict[str, Any]:
    """Return how many businesses were decided as they must be, and which were not."""
    read = sum(row.labels for row in rows)
    return {
        "right": values(rate(sum(row.right for row in rows), len(rows))),
        "labels": values(rate(sum(row.labels_right for row in rows), read)) if read else None,
        "wrong": {row.id: row.why for row in rows if not row.right},
    }


def values(one: Rate) -> dict[str, Any]:
    """Return a rate as JSON values."""
    found: Mapping[str, Any] = asdict(one)
    return {key: round(v, 6) if isinstance(v, float) else v for key, v in found.items()}


def _counts(row: EvalRow) -> bool:
    """Return whether a row belongs to the headline: other languages are reported apart."""
    return row.expected is None or row.slices.get("language", "en") == "en"


def _share(rows: Sequence[PairRow], became: set[str]) -> dict[str, Any]:
    """Return the share of pairs that became one of these."""
    return values(clustered_rate([r.became in became for r in rows], [r.of for r in rows]))


def _by_kind(rows: Sequence[PairRow]) -> dict[str, dict[str, int]]:
    """Return for each kind how many pairs there were, and how many were flipped or lost."""
    kinds: dict[str, dict[str, int]] = {}
    for row in rows:
        kind = kinds.setdefault(row.kind, {"pairs": 0, "flipped": 0, "abstained": 0, "error": 0})
        kind["pairs"] += 1
        if row.became != "same":
            kind[row.became] += 1
    return dict(sorted(kinds.items()))
