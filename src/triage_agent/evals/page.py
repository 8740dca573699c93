"""A run as one page: the headline, slices, charts, and every wrong case with its text."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from triage_agent.evals.cascaded import Curve
from triage_agent.evals.cases import Case
from triage_agent.evals.record import Run
from triage_agent.evals.rows import EvalRow
from triage_agent.reports import Series, drawn, line_chart, rendered
from triage_agent.types import Classification, Outcome

Tree = Mapping[str, Any]

RIGHT_SHOWN = 50
LONGEST = 1_500  # characters of a case
FILTERS = (
    ("all", "all"),
    ("wrong", "wrong label"),
    ("abstained", "wrongly without a label, or with one"),
    ("error", "errors"),
    ("right", "right"),
)
OTHERS = (
    ("attacks", "to_target", "attacks that won"),
    ("attacks", "to_abstention_or_error", "attacks that made it abstain or fail"),
    ("attacks", "noticed", "attacks noticed"),
    ("perturbations", "flips", "other words, other label"),
    ("perturbations", "changes", "other words, other label or none"),
    ("decisions", "right", "decisions by the rules"),
    ("businesses", "right", "businesses from their own words"),
    ("businesses", "labels", "labels in those"),
    ("red_flags", "exact", "red flags, all right"),
)


@dataclass(frozen=True, slots=True)
class Shown:
    """One case as the page lists it."""

    row: EvalRow
    kind: str  # the filter that keeps it
    text: str
    why: str


def report_page(
    run: Run,
    summary: Tree,
    cases: Sequence[Case],
    answers: Mapping[str, Classification],
) -> str:
    """Return a run's page; it needs no network, and texts in it are escaped."""
    problems = summary.get("problems")
    listed = list_cases(run.rows, {case.id: case.text for case in cases}, answers)
    kept = [one for one in listed if one.kind != "right"]
    right = [one for one in listed if one.kind == "right"]
    return rendered(
        "eval.html.j2",
        settings=run.settings,
        headline=headline(summary),
        problems=problems,
        figures=figures(problems) if problems else (),
        problem_rates=problem_rates(problems) if problems else (),
        sentences=[f"floor, {name}: {one['value']:.3f}" for name, one in _floors(problems)],
        outcomes=list(next(iter(problems["confusion"].values()))) if problems else (),
        reliability=drawn(reliability_chart(problems))
        if problems and problems["reliability"]
        else "",
        curve=drawn(curve_chart(problems)) if problems and problems["risk_coverage"] else "",
        sends=sends(problems) if problems else (),
        other_rates=[
            (words, summary[name][key])
            for name, key, words in OTHERS
            if summary.get(name, {}).get(key)
        ],
        kinds=[
            (title, summary[name]["kinds"])
            for name, title in (
                ("attacks", "Attacks, by kind"),
                ("perturbations", "Other words, by kind"),
            )
            if name in summary
        ],
        filters=FILTERS,
        shown=kept + right[:RIGHT_SHOWN],
        left_out=max(0, len(right) - RIGHT_SHOWN),
    )


def cascade_page(names: Sequence[str], curve: Curve) -> str:
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


def headline(summary: Tree) -> str:
    """Return the most important figure in words.

    >>> headline({"problems": {"accuracy": {"value": 0.9}}})
    'Right on 90.0 % of the problems'
    """
    accuracy = summary.get("problems", {}).get("accuracy", {}).get("value")
    if accuracy is not None:
        return f"Right on {accuracy:.1%} of the problems".replace("%", " %")
    return "An evaluation"


def figures(problems: Tree) -> list[tuple[str, str]]:
    """Return the figures at the top, with their names."""
    chosen = [
        ("answered", problems["coverage"]["value"]),
        ("right of what was answered", problems["answered_accuracy"]["value"]),
        ("AUC", problems["auc"]),
        ("calibration error", problems["ece"]),
        ("abstained where right", problems["abstention_recall"]["value"]),
        ("false abstentions", problems["false_abstentions"]["value"]),
    ]
    return [(name, f"{value:.3f}") for name, value in chosen if value is not None]


def problem_rates(problems: Tree) -> list[tuple[str, Tree]]:
    """Return the rates of the problems, with their names."""
    found: list[tuple[str, Tree]] = [
        ("accuracy", problems["accuracy"]),
        ("coverage", problems["coverage"]),
        ("accuracy of what was answered", problems["answered_accuracy"]),
        ("accuracy without the tie-breaker", problems["tie_breaker_off"]),
    ]
    for label, scores in problems["by_label"].items():
        found += [
            (f"precision, {label}", scores["precision"]),
            (f"recall, {label}", scores["recall"]),
        ]
    found += [(f"right when decided by {rule}", one) for rule, one in problems["by_rule"].items()]
    found += [
        ("false abstentions", problems["false_abstentions"]),
        ("abstained where that is right", problems["abstention_recall"]),
    ]
    if others := problems.get("other_languages"):
        found.append(("other languages: accuracy", others["accuracy"]))
    return found


def reliability_chart(problems: Tree) -> str:
    """Return the reliability diagram: claimed against true, in equal-mass bins."""
    points = tuple((claimed, true) for claimed, true, _ in problems["reliability"])
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


def curve_chart(problems: Tree) -> str:
    """Return the risk–coverage curve: accuracy of what is answered, by how much is answered."""
    points = tuple((coverage, accuracy) for coverage, accuracy, _ in problems["risk_coverage"])
    lowest = min(0.8, *(accuracy for _, accuracy in points))
    return line_chart(
        "accuracy by coverage",
        "share answered",
        "accuracy",
        [Series("this run", points, dots=False)],
        (0.0, 1.0),
        (lowest, 1.0),
    )


def sends(problems: Tree) -> list[str]:
    """Return for each wanted accuracy how much a person has to read."""
    return [
        f"Send {cut['to_person']:.0%} to a person to be right {float(wanted):.0%} of the time."
        for wanted, cut in problems["send_to_a_person"].items()
        if cut
    ]


def list_cases(
    rows: Sequence[EvalRow], texts: Mapping[str, str], answers: Mapping[str, Classification]
) -> list[Shown]:
    """Return the cases of the first repeat, the wrong ones first, the surest of them on top."""
    listed = []
    for row in rows:
        if row.repeat:
            continue
        answer = answers.get(row.id)
        why = (answer.error.message if answer.error else answer.rationale) if answer else ""
        text = texts.get(row.id, "")
        shown = text if len(text) <= LONGEST else text[:LONGEST] + " …"
        listed.append(Shown(row, _kind(row), shown, why))
    order = {"failed": 0, "wrong": 1, "abstained": 2, "right": 3}
    return sorted(listed, key=lambda one: (order[one.kind], -(one.row.probability or 0.0)))


def _kind(row: EvalRow) -> str:
    """Return the filter under which a row is listed."""
    if row.outcome is Outcome.ERROR:
        return "failed"
    if row.right:
        return "right"
    return "wrong" if row.label and row.expected else "abstained"


def _floors(problems: Tree | None) -> list[tuple[str, Tree]]:
    return list((problems or {}).get("floors", {}).items())
