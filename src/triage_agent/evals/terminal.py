"""What `triage eval` prints for people, in at most 80 columns."""

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from rich.progress import Progress
from rich.table import Table

from triage_agent.evals.cascaded import CascadeCurve, CascadeStep
from triage_agent.evals.gate import Check, MissingRecord, breaches
from triage_agent.evals.metrics import RowFigures
from triage_agent.evals.named_rates import (
    LABELS_OF_BUSINESSES,
    abstention_rates,
    answer_rates,
    other_rates,
    rule_rates,
    surest_rates,
)
from triage_agent.evals.rates import Estimate, Rate
from triage_agent.evals.run import OnProgress, ProgressBar
from triage_agent.evals.side_by_side import ModelRun
from triage_agent.evals.summary import ProblemFigures, RunSummary
from triage_agent.intake import counted, percent
from triage_agent.models import in_usd
from triage_agent.reports import stderr_console, stdout_console, text_line

WRONG_SHOWN = 5
PLAIN_EVERY_S = 15.0
STEPS_SHOWN = 12


@contextmanager
def progress_bars() -> Iterator[ProgressBar]:
    """Yield a function that starts a progress bar on standard error.

    Where that is no terminal, it prints a line at times, so that a log shows that the run goes on.
    """
    console = stderr_console()
    progress = Progress(console=console, transient=True, disable=not console.is_terminal)
    shown = time.monotonic()

    def start(title: str, total: int) -> OnProgress:
        progress.start()
        number = progress.add_task(title, total=total)

        def step(done: int) -> None:
            nonlocal shown
            progress.update(number, completed=done)
            if not console.is_terminal and time.monotonic() - shown >= PLAIN_EVERY_S:
                shown = time.monotonic()
                console.print(text_line(f"{title}: {done} of {total}"))

        return step

    try:
        yield start
    finally:
        progress.stop()


def show_lines(lines: Sequence[str]) -> None:
    """Print lines, each on one line whatever it holds."""
    console = stdout_console()
    for line in lines:
        console.print(text_line(line))


def show_summary(settings: Mapping[str, Any], summary: RunSummary) -> None:
    """Print a run's figures."""
    prompt = f", prompt {settings['prompt']}" if settings["prompt"] else ""
    show_lines([f"{settings['backend']}: {settings['model']}{prompt}"])
    console = stdout_console()
    for table in tables(summary):
        console.print(table)
    show_lines([*sentences(summary), *wrong_decisions(summary)])


def show_side_by_side(runs: Sequence[ModelRun]) -> None:
    """Print the figures of several models, one column for each."""
    title = "problems, in English" if runs[0].problems.other_languages else "problems"
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    table.add_column("", overflow="fold")
    for run in runs:
        table.add_column(text_line(run.name), justify="right", overflow="fold")
    columns = [_cells(run) for run in runs]
    for name in columns[0]:
        table.add_row(name, *(column[name] for column in columns))
    stdout_console().print(table)
    for run in runs:
        figures, notes = run.problems.headline, []
        if figures.errors:
            notes.append(f"{counted(figures.errors, 'row')} ended in an error: wrong")
        if cached := figures.cached.right:
            notes.append(f"{counted(cached, 'answer')} from the cache, at no cost and in no time")
        show_lines([f"{run.name}: {note} (of {figures.rows})" for note in notes])


def show_checks(checks: Sequence[Check | MissingRecord]) -> None:
    """Print every gated figure, those that breach their limit last."""
    failed = breaches(checks)
    show_lines(
        [
            *(f"  {one.words}" for one in checks if one.holds),
            *(f"! {one.words}" for one in failed),
            f"gate: {len(checks) - len(failed)} of {len(checks)} kept",
        ]
    )


def show_curve(names: Sequence[str], curve: CascadeCurve) -> None:
    """Print a dozen thresholds of a cascade, and both models alone."""
    table = Table(box=None, pad_edge=False)
    for name in ("threshold", "LLM calls", "accuracy", "counts", "95 % interval"):
        table.add_column(name, justify="right")
    for step in thinned(curve.steps):
        one = step.accuracy
        table.add_row(
            f"{step.threshold:.3f}",
            percent(step.calls.value or 0.0),
            f"{one.value or 0.0:.3f}",
            f"{one.right}/{one.total}",
            f"{one.low or 0.0:.3f}–{one.high or 0.0:.3f}",
        )
    stdout_console().print(table)
    show_lines(
        [
            f"{name} alone: {alone.value or 0.0:.3f} ({alone.right}/{alone.total})"
            for name, alone in zip(names, (curve.small, curve.large), strict=True)
        ]
    )


def thinned(steps: Sequence[CascadeStep]) -> list[CascadeStep]:
    """Return at most a dozen steps, both ends among them, evenly spread over the calls."""
    if len(steps) <= STEPS_SHOWN:
        return list(steps)
    last = len(steps) - 1
    return [steps[round(place * last / (STEPS_SHOWN - 1))] for place in range(STEPS_SHOWN)]


def tables(summary: RunSummary) -> list[Table]:
    """Return the figures as tables: one row per figure, with counts and interval."""
    made: list[Table] = []
    if problems := summary.problems:
        others, figures = problems.other_languages, problems.headline
        rates = [
            *answer_rates(figures),
            *abstention_rates(figures),
            *rule_rates(figures),
            *((f"floor: {name}", one) for name, one in (problems.floors or {}).items()),
        ]
        if others:
            rates.append(("other languages: accuracy", others.accuracy))
            rates.append(("other languages: answered", others.coverage))
        made.append(_table("problems, in English" if others else "problems", rates))
        if figures.surest:
            made.append(_table("right, if only the surest are answered", surest_rates(figures)))
    rest = [(name, one) for name, one in other_rates(summary) if name != LABELS_OF_BUSINESSES]
    return [*made, _table("the other sets", rest)] if rest else made


def sentences(summary: RunSummary) -> list[str]:
    """Return the figures that are clearer as sentences than in a table."""
    if summary.problems is None:
        return []
    figures, lines = summary.problems.headline, []
    if figures.auc is not None:
        lines.append(f"AUC {figures.auc:.3f}, Brier score {figures.brier:.3f}")
    if scope := figures.scope_auc:
        lines.append(
            f"out-of-scope detection: AUROC {scope.value:.3f} [{scope.low:.3f}, {scope.high:.3f}] "
            f"over {counted(figures.scope_auc_rows, 'row')}"
        )
    if figures.aurc is not None:
        lines.append(f"area under the risk-coverage curve (AURC): {figures.aurc:.4f}")
    if figures.ece is not None:
        lines.append(
            f"calibration error {figures.ece:.3f} over {counted(figures.ece_rows, 'answer')}; "
            f"chance alone gives up to {figures.ece_p95:.3f}"
        )
    return [*lines, *_choices(summary.problems), *running(figures)]


def wrong_decisions(summary: RunSummary) -> list[str]:
    """Return the first businesses and ties that were not decided as expected."""
    lines = []
    for name, part in (("decisions", summary.decisions), ("businesses", summary.businesses)):
        wrong = list(part.wrong.items()) if part else []
        lines += [f"! {id_}: {why}" for id_, why in wrong[:WRONG_SHOWN]]
        if len(wrong) > WRONG_SHOWN:
            lines.append(f"! and {len(wrong) - WRONG_SHOWN} more {name} (--json lists all)")
    return lines


def running(figures: RowFigures) -> list[str]:
    """Return errors, repeats, latency and tokens as sentences."""
    lines = []
    if figures.errors:
        lines.append(f"{figures.errors} of {counted(figures.rows, 'row')} ended in an error: wrong")
    if (spread := figures.spread) and spread.low is not None:
        unstable = spread.unstable
        lines.append(
            f"{counted(spread.repeats, 'repeat')}: accuracy from {spread.low:.3f} to "
            f"{spread.high:.3f}; {unstable.right} of {counted(unstable.total, 'answer')} changed"
        )
    if figures.latency_p50 is not None:
        lines.append(
            f"live calls: {figures.live}, median {figures.latency_p50:.2f} s, "
            f"95th percentile {figures.latency_p95:.2f} s"
        )
    if (usage := figures.usage).calls:
        lines.append(
            f"{counted(usage.calls, 'call')}, {counted(usage.input_tokens, 'token')} in, "
            f"{usage.output_tokens:,} out; answered from the cache: "
            f"{figures.cached.right} of {figures.cached.total}"
        )
    return lines


def shown(rate: Rate) -> tuple[str, str, str]:
    """Return a rate as cells: the value, its counts, its interval.

    >>> shown(Rate(right=3, total=4, value=0.75, low=0.301, high=0.954))
    ('0.750', '3/4', '0.301–0.954')
    """
    if rate.value is None:
        return "–", "0/0", ""
    return (
        f"{rate.value:.3f}",
        f"{rate.right}/{rate.total}",
        f"{rate.low:.3f}–{rate.high:.3f}",
    )


def _cells(run: ModelRun) -> dict[str, str]:
    """Return the figures of one of several models as cells, each with its interval below it."""
    figures = run.problems.headline

    def interval(one: Rate | Estimate | None) -> str:
        if one is None or one.value is None:
            return "–"
        return f"{one.value:.3f}\n{one.low:.3f}–{one.high:.3f}"

    def decimals(value: float | None, digits: int = 3) -> str:
        return "–" if value is None else f"{value:.{digits}f}"

    chance = "" if figures.ece_p95 is None else f"\nchance {figures.ece_p95:.3f}"
    return {
        "accuracy": interval(figures.accuracy),
        "abstained": interval(figures.abstention),
        "AUROC, out of scope": interval(figures.scope_auc),
        "calibration error": f"{decimals(figures.ece)}{chance}",
        "flagged for review": interval(figures.flagged),
        "cost of this run": "no price" if run.micro_usd is None else in_usd(run.micro_usd),
        "seconds per row": decimals(figures.seconds_per_row, 2),
    }


def _choices(problems: ProblemFigures) -> list[str]:
    """Return the thresholds for wanted accuracies, and the accuracy at another prior."""
    lines = [
        f"send {percent(one.to_person)} to a person (abstentions, and under {one.threshold:.2f}) "
        f"to be right {percent(float(wanted))} of the time"
        for wanted, one in problems.send_to_a_person.items()
        if one
    ]
    return lines + [
        f"among owners with {prior}: accuracy {view.accuracy.value:.3f} "
        f"[{view.accuracy.low:.3f}, {view.accuracy.high:.3f}]"
        for prior, view in problems.prior.items()
        if view.accuracy
    ]


def _table(title: str, rates: Sequence[tuple[str, Rate]]) -> Table:
    table = Table(title=title, title_justify="left", box=None, pad_edge=False)
    for name in ("", "value", "counts", "95 % interval"):
        table.add_column(name, justify="left" if not name else "right", overflow="fold")
    for name, rate in rates:
        table.add_row(text_line(name), *shown(rate))
    return table
