"""A run's figures, typed; `summary_values` is the one place that turns them into summary.json."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any, TypeVar

from triage_agent.evals.cases import SLICES, Case
from triage_agent.evals.flags import FlagFigures
from triage_agent.evals.metrics import RowFigures, summarise
from triage_agent.evals.pairs import PairRow
from triage_agent.evals.rates import Rate, clustered_rate, rate
from triage_agent.evals.record import Run
from triage_agent.evals.redaction import RedactionFigures
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.run import DecisionRow
from triage_agent.evals.selective import ReviewThreshold, threshold_for
from triage_agent.evals.slices import Reweighted, by_slice, floors, reweighted
from triage_agent.evals.splitting import SplittingFigures

OWNERS_PRIOR = 0.3  # about 30 % of the owners who ask need software (docs/explanation/figures.md)
WANTED = (0.95, 0.97, 0.99)  # accuracies for which a threshold is looked for
OF_A_SLICE = ("rows", "accuracy", "coverage", "answered_accuracy", "abstention_recall")
LOST = {"abstained", "error"}

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class ProblemFigures:
    """The figures of the problems."""

    headline: RowFigures  # English in scope, and what is in no scope; if there is none, all rows
    send_to_a_person: dict[str, ReviewThreshold | None]  # by wanted accuracy; None: not reached
    prior: dict[str, Reweighted]  # by `build=` and the prior
    slices: dict[str, dict[str, RowFigures]]  # by slice and its value
    other_languages: RowFigures | None  # None: there are none
    floors: dict[str, Rate] | None = None  # None: the texts are not known


@dataclass(frozen=True, slots=True)
class KindCounts:
    """What became of the pairs of one kind."""

    pairs: int
    flipped: int
    abstained: int
    error: int


@dataclass(frozen=True, slots=True)
class AttackFigures:
    """How often attacks had an effect."""

    pairs: int
    to_target: Rate
    to_abstention_or_error: Rate
    noticed: Rate
    kinds: dict[str, KindCounts]


@dataclass(frozen=True, slots=True)
class PerturbationFigures:
    """How often other words changed the answer."""

    pairs: int
    flips: Rate
    firm_flips: Rate | None  # among the answers that need no review; None: all need it
    changes: Rate
    kinds: dict[str, KindCounts]


@dataclass(frozen=True, slots=True)
class DecisionFigures:
    """How many businesses were decided as expected."""

    right: Rate
    labels: Rate | None  # of their problems; None: the labels were given
    wrong: dict[str, str]  # by id, what differs


@dataclass(frozen=True, slots=True)
class RunSummary:
    """All figures of a run; None: that part was not run."""

    problems: ProblemFigures | None = None
    attacks: AttackFigures | None = None
    perturbations: PerturbationFigures | None = None
    decisions: DecisionFigures | None = None
    businesses: DecisionFigures | None = None
    red_flags: FlagFigures | None = None
    redaction: RedactionFigures | None = None
    splits: SplittingFigures | None = None


def summarise_run(run: Run, cases: Sequence[Case] = (), prior: float = OWNERS_PRIOR) -> RunSummary:
    """Return all figures of a run; `cases` give the texts that the floors are computed from."""
    known = [(case.text, case.label) for case in cases if case.label and case.counted]
    problems = summarise_rows(run.rows, prior) if run.rows else None
    if problems and known:
        problems = replace(problems, floors=rounded(floors(known)))
    return RunSummary(
        problems=problems,
        attacks=_attacks(run.attacks) if run.attacks else None,
        perturbations=_perturbations(run.perturbations) if run.perturbations else None,
        decisions=decision_figures(run.decisions) if run.decisions else None,
        businesses=decision_figures(run.businesses) if run.businesses else None,
        red_flags=rounded(run.flags),
        redaction=rounded(run.redaction),
        splits=rounded(run.splits),
    )


def summarise_rows(rows: Sequence[EvalRow], prior: float = OWNERS_PRIOR) -> ProblemFigures:
    """Return the figures of the problems; other languages are reported apart."""
    counted = [row for row in rows if counts(row)]
    others = [row for row in rows if not counts(row)]
    return ProblemFigures(
        headline=rounded(summarise(counted or rows)),
        send_to_a_person={f"{wanted:.2f}": threshold_for(counted, wanted) for wanted in WANTED},
        prior={f"build={prior:g}": reweighted(counted, prior)} if counted else {},
        slices={name: rounded(by_slice(rows, name)) for name in SLICES},
        other_languages=rounded(summarise(others)) if others else None,
    )


def counts(row: EvalRow) -> bool:
    """Return whether a row belongs to the headline."""
    return row.expected is None or row.slices.get("language", "en") == "en"


def decision_figures(rows: Sequence[DecisionRow]) -> DecisionFigures:
    """Return how many businesses were decided as expected, and which were not."""
    labels = rate(sum(row.labels_right for row in rows), sum(row.labels for row in rows))
    return DecisionFigures(
        right=rounded(rate(sum(row.right for row in rows), len(rows))),
        labels=rounded(labels) if labels.total else None,
        wrong={row.id: row.why for row in rows if not row.right},
    )


def rounded(value: T) -> T:
    """Return a value with six decimals in every number within it, as summary.json has them.

    >>> rounded({"rates": (1 / 3, 2)})
    {'rates': (0.333333, 2)}
    """
    made: Any = value
    if isinstance(value, float):
        made = round(value, 6)
    elif isinstance(value, dict):
        made = {name: rounded(inner) for name, inner in value.items()}
    elif isinstance(value, tuple):
        parts = [rounded(inner) for inner in value]
        made = type(value)(*parts) if hasattr(value, "_fields") else tuple(parts)
    elif is_dataclass(value) and not isinstance(value, type):
        made = replace(
            value, **{one.name: rounded(getattr(value, one.name)) for one in fields(value)}
        )
    return made  # type: ignore[no-any-return]


def summary_values(summary: RunSummary) -> dict[str, Any]:
    """Return a summary as the values of summary.json; a part that was not run has no key."""
    parts = {one.name: getattr(summary, one.name) for one in fields(summary)}
    values = {name: plain(part) for name, part in parts.items() if part is not None}
    if summary.problems:
        values["problems"] = problem_values(summary.problems)
    return values


def problem_values(problems: ProblemFigures) -> dict[str, Any]:
    """Return the figures of the problems as JSON values, those of the headline at the top."""
    values = {
        **plain(problems.headline),
        "send_to_a_person": {
            wanted: found and found._asdict() for wanted, found in problems.send_to_a_person.items()
        },
        "prior": plain(problems.prior),
        "slices": {
            name: {value: _some(figures, OF_A_SLICE) for value, figures in parts.items()}
            for name, parts in problems.slices.items()
        },
    }
    if problems.other_languages:
        values["other_languages"] = _some(problems.other_languages, (*OF_A_SLICE, "confusion"))
    if problems.floors:
        values["floors"] = plain(problems.floors)
    return values


def plain(value: Any) -> Any:
    """Return JSON values: a dataclass as an object, a tuple (a bin, a curve's point) as a list."""
    if is_dataclass(value):
        return {one.name: plain(getattr(value, one.name)) for one in fields(value)}
    if isinstance(value, dict):
        return {name: plain(inner) for name, inner in value.items()}
    return [plain(inner) for inner in value] if isinstance(value, tuple) else value


def _some(figures: RowFigures, names: Sequence[str]) -> dict[str, Any]:
    """Return some of the figures as JSON values."""
    return {name: plain(getattr(figures, name)) for name in names}


def _attacks(rows: Sequence[PairRow]) -> AttackFigures:
    """Return how often attacks had an effect."""
    return AttackFigures(
        pairs=len(rows),
        to_target=_share(rows, {"flipped"}),
        to_abstention_or_error=_share(rows, LOST),
        noticed=rounded(clustered_rate([row.noticed for row in rows], [row.of for row in rows])),
        kinds=_by_kind(rows),
    )


def _perturbations(rows: Sequence[PairRow]) -> PerturbationFigures:
    """Return how often other words changed the answer."""
    firm = [row for row in rows if row.label is not None and not row.needs_review]
    return PerturbationFigures(
        pairs=len(rows),
        flips=_share(rows, {"flipped"}),
        firm_flips=_share(firm, {"flipped"}) if firm else None,
        changes=_share(rows, {"flipped"} | LOST),
        kinds=_by_kind(rows),
    )


def _share(rows: Sequence[PairRow], became: set[str]) -> Rate:
    """Return the share of pairs that became one of these; pairs of one problem go together."""
    return rounded(clustered_rate([r.became in became for r in rows], [r.of for r in rows]))


def _by_kind(rows: Sequence[PairRow]) -> dict[str, KindCounts]:
    """Return the counts of each kind, sorted."""
    counted = Counter((row.kind, row.became) for row in rows)
    return {
        kind: KindCounts(
            pairs=sum(count for (own, _), count in counted.items() if own == kind),
            flipped=counted[kind, "flipped"],
            abstained=counted[kind, "abstained"],
            error=counted[kind, "error"],
        )
        for kind in sorted({row.kind for row in rows})
    }
