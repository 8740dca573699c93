"""A run as one page: the headline, slices, charts, and every wrong case with its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage_agent.evals.cascaded import CascadeCurve
from triage_agent.evals.cases import Case
from triage_agent.evals.metrics import RowFigures
from triage_agent.evals.named_rates import (
    abstention_rates,
    answer_rates,
    other_rates,
    rule_rates,
    surest_rates,
)
from triage_agent.evals.rates import Rate
from triage_agent.evals.record import Run
from triage_agent.evals.rows import EvalRow
from triage_agent.evals.summary import ProblemFigures, RunSummary
from triage_agent.intake import percent
from triage_agent.reports import Series, drawn, line_chart, rendered
from triage_agent.types import Classification, Outcome

RIGHT_SHOWN = 50
LONGEST = 1_500  # characters of a case
FILTERS = (
    ("all", "all"),
    ("wrong", "wrong label"),
    ("abstained", "wrongly without a label, or with one"),
    ("error", "errors"),
    ("right", "right"),
)


@dataclass(frozen=True, slots=True)
class CaseOnPage:
    """One case as the page lists it."""

    row: EvalRow
    kind: str  # the filter that shows it
    text: str
    why: str


def report_page(
    run: Run,
    summary: RunSummary,
    cases: Sequence[Case],
    answers: Mapping[str, Classification],
) -> str:
    """Return a run's page; it needs no network, and texts in it are escaped."""
    listed = list_cases(run.rows, {case.id: case.text for case in cases}, answers)
    to_read = [one for one in listed if one.kind != "right"]
    right = [one for one in listed if one.kind == "right"]
    kinds = [
        (title, part.kinds)
        for title, part in (
            ("Attacks, by kind", summary.attacks),
            ("Other words, by kind", summary.perturbations),
        )
        if part
    ]
    return rendered(
        "eval.html.j2",
        settings=run.settings,
        headline=headline(summary),
        **(_problems_on_page(summary.problems) if summary.problems else {"problems": None}),
        other_rates=other_rates(summary),
        kinds=kinds,
        filters=FILTERS,
        shown=to_read + right[:RIGHT_SHOWN],
        left_out=max(0, len(right) - RIGHT_SHOWN),
    )


def _problems_on_page(problems: ProblemFigures) -> dict[str, Any]:
    """Return what the template shows of the problems."""
    figures, floors = problems.headline, problems.floors or {}
    return {
        "problems": problems,
        "figures": headline_figures(figures),
        "problem_rates": problem_rates(problems),
        "sentences": [
            f"floor, {name}: {percent(one.value or 0.0, 1)}" for name, one in floors.items()
        ],
        "outcomes": list(next(iter(figures.confusion.values()))),
        "reliability": drawn(reliability_chart(figures)) if figures.reliability else "",
        "curve": drawn(curve_chart(figures)) if figures.risk_coverage else "",
        "surest": surest_rates(figures),
        "sends": sends(problems),
    }


def cascade_page(names: Sequence[str], curve: CascadeCurve) -> str:
    """Return the page of a cascade: cost against accuracy, both models alone at the ends."""
    points = tuple((s.calls.value or 0.0, s.accuracy.value or 0.0) for s in curve.steps)
    alone = [one.value or 0.0 for one in (curve.small, curve.large)]
    chart = line_chart(
        "accuracy by LLM calls",
        "share of cases that the LLM is asked about",
        "accuracy",
        [
            Series("cascade", points, dots=False),
            Series("embedded model alone", ((0.0, alone[0]), (0.02, alone[0]))),
            Series("LLM alone", ((0.98, alone[1]), (1.0, alone[1]))),
        ],
        (0.0, 1.0),
        (min(0.8, *alone, *(accuracy for _, accuracy in points)), 1.0),
    )
    return rendered("cascade.html.j2", names=names, curve=curve, chart=drawn(chart))


def headline(summary: RunSummary) -> str:
    """Return the most important figure in words."""
    accuracy = summary.problems.headline.accuracy.value if summary.problems else None
    if accuracy is None:
        return "An evaluation"
    return f"Right on {percent(accuracy, 1)} of the problems"


def headline_figures(figures: RowFigures) -> list[tuple[str, str]]:
    """Return the figures at the top, with their names."""

    def share(value: float | None) -> str:
        return "" if value is None else percent(value, 1)

    def points(value: float | None) -> str:
        return "" if value is None else f"{value:.3f}"

    chosen = [
        ("answered", share(figures.coverage.value)),
        ("right of what was answered", share(figures.answered_accuracy.value)),
        ("AUC", points(figures.auc)),
        ("AUROC, out of scope", points(figures.scope_auc.value if figures.scope_auc else None)),
        ("calibration error", points(figures.ece)),
        ("abstained where right", share(figures.abstention_recall.value)),
        ("false abstentions", share(figures.false_abstentions.value)),
        ("AURC", points(figures.aurc)),
    ]
    return [(name, value) for name, value in chosen if value]


def problem_rates(problems: ProblemFigures) -> list[tuple[str, Rate]]:
    """Return the rates of the problems, with their names."""
    figures, others = problems.headline, problems.other_languages
    rates = [*answer_rates(figures), *rule_rates(figures), *abstention_rates(figures)]
    return [*rates, ("other languages: accuracy", others.accuracy)] if others else rates


def reliability_chart(figures: RowFigures) -> str:
    """Return the reliability diagram: claimed against true, in equal-mass bins."""
    points = tuple((claimed, true) for claimed, true, _ in figures.reliability)
    return line_chart(
        "reliability",
        "how sure it was",
        "how often it was right",
        [
            Series("as sure as right", ((0.5, 0.5), (1.0, 1.0)), dashed=True, dots=False),
            Series("this run", points),
        ],
        (0.5, 1.0),
        (min([0.5, *(true for _, true in points)]), 1.0),
    )


def curve_chart(figures: RowFigures) -> str:
    """Return the risk–coverage curve: accuracy of what is answered, by the share of all rows."""
    points = tuple((coverage, accuracy) for coverage, accuracy, _ in figures.risk_coverage)
    lowest = min(0.8, *(accuracy for _, accuracy in points))
    return line_chart(
        "accuracy by coverage",
        "share answered",
        "accuracy",
        [Series("this run", points, dots=False)],
        (0.0, 1.0),
        (lowest, 1.0),
    )


def sends(problems: ProblemFigures) -> list[str]:
    """Return for each wanted accuracy how much a person has to read."""
    return [
        f"Send {percent(one.to_person)} to a person to be right {percent(float(wanted))} "
        "of the time."
        for wanted, one in problems.send_to_a_person.items()
        if one
    ]


def list_cases(
    rows: Sequence[EvalRow], texts: Mapping[str, str], answers: Mapping[str, Classification]
) -> list[CaseOnPage]:
    """Return the cases of the first repeat, the wrong and most confident ones first."""
    listed = []
    for row in rows:
        if row.repeat:
            continue
        answer = answers.get(row.id)
        why = (answer.error.message if answer.error else answer.rationale) if answer else ""
        text = texts.get(row.id, "")
        shown = text if len(text) <= LONGEST else text[:LONGEST] + " …"
        listed.append(CaseOnPage(row, _kind(row), shown, why))
    order = {"failed": 0, "wrong": 1, "abstained": 2, "right": 3}
    return sorted(listed, key=lambda one: (order[one.kind], -(one.row.probability or 0.0)))


def _kind(row: EvalRow) -> str:
    """Return the filter under which a row is listed."""
    if row.outcome is Outcome.ERROR:
        return "failed"
    if row.right:
        return "right"
    return "wrong" if row.label and row.expected else "abstained"
