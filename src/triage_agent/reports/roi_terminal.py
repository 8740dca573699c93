"""What `triage roi` prints: tables that fit 60 columns, sentences, or JSON."""

import json
import sys
from collections import Counter
from collections.abc import Iterable
from dataclasses import asdict
from decimal import ROUND_DOWN, Decimal
from typing import Any

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from triage_agent.advice import Assessment, Figures, Investment, Portfolio, RoiVerdict, assess
from triage_agent.intake import CUT, months, times, usd
from triage_agent.reports.contract import SCHEMA_VERSION
from triage_agent.reports.terminal import clean, stdout_console

STYLE = {RoiVerdict.KEEP: "green", RoiVerdict.WATCH: "yellow", RoiVerdict.STOP: "red"}
SHOWN_NAMES = 5  # of those that a note is about
CAPTION = (
    "US dollars a month, best return first; the cost holds a twelfth of the one-off cost; "
    "payback in months."
)


def show_investment(investment: Investment, *, as_json: bool) -> None:
    """Print what one investment returns."""
    assessment = assess(investment)
    figures = assessment.figures
    if as_json:
        _print_json(_as_investment(assessment))
        return
    table = Table.grid(padding=(0, 2, 0, 0))
    table.add_column()
    table.add_column(justify="right")
    for name, value in (
        ("benefit a month", usd(figures.monthly_benefit_usd)),
        ("cost a month", usd(figures.monthly_cost_usd)),
        ("one-off cost", usd(figures.one_off_cost_usd)),
        ("cost a month with 1/12 of it", usd(figures.full_monthly_cost_usd)),
        ("return", _ratio(figures)),
        ("payback in months", _payback(figures)),
    ):
        table.add_row(name, value)
    console = stdout_console()
    console.print(table)
    console.print()
    _say(console, assessment.sentence, STYLE[assessment.verdict])
    for note in assessment.notes:
        _say(console, f"{note}.")


def show_portfolio(portfolio: Portfolio, *, as_json: bool) -> None:
    """Print every investment, best return first, their total, and the rows in error."""
    if as_json:
        for rank, line in enumerate(portfolio.lines, start=1):
            _print_json(_as_investment(line.assessment, rank=rank, row=line.row))
        for refused in portfolio.refused:
            error = refused.error
            why = {"type": error.type, "message": error.message, "retryable": error.retryable}
            _print_json({"kind": "error", "row": refused.row, "name": refused.name, "error": why})
        counts = {"rows": len(portfolio.lines), "errors": len(portfolio.refused)}
        _print_json({"kind": "total", **counts, **_as_figures(portfolio.total)})
        return
    if portfolio.lines:
        _show_lines(portfolio)
    for refused in portfolio.refused:
        typer.echo(f"error: {clean(refused.error.message)}", err=True)


def _show_lines(portfolio: Portfolio) -> None:
    """Print the table of a portfolio and what there is to say below it."""
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("verdict")
    table.add_column("name", overflow="fold")
    for name in ("benefit", "cost", "return", "payback"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in portfolio.lines:
        verdict = line.assessment.verdict
        name = clean(line.assessment.investment.name) or f"row {line.row}"
        table.add_row(
            Text(verdict.value, style=STYLE[verdict]), Text(name), *_cells(line.assessment.figures)
        )
    table.add_row("", "Total", *_cells(portfolio.total), style="bold")
    console = stdout_console()
    console.print(table)
    console.print()
    _say(console, CAPTION, "dim")
    _say(console, _summary(portfolio))
    for note, names in _notes(portfolio).items():
        shown = ", ".join(names[:SHOWN_NAMES]) + (", …" if len(names) > SHOWN_NAMES else "")
        _say(console, f"{note}: {shown}.")


def _say(console: Console, text: str, style: str = "") -> None:
    """Print text that may be from outside, wrapped, without blanks at the ends of its lines."""
    for line in Text(clean(text), style=style).wrap(console, console.width):
        line.rstrip()
        console.print(line, soft_wrap=True)


def _summary(portfolio: Portfolio) -> str:
    """Return the verdicts counted, the return of all, and the rows that are missing in it."""
    counts = Counter(line.assessment.verdict for line in portfolio.lines)
    counted = ", ".join(f"{verdict} {counts[verdict]}" for verdict in RoiVerdict if counts[verdict])
    ratio = portfolio.total.return_ratio
    together = (
        "they cost nothing" if ratio is None else f"they return {times(ratio)} times the cost"
    )
    left_out = f" Rows in error, not counted: {len(portfolio.refused)}."
    return f"{counted.capitalize()}. Together {together}.{left_out if portfolio.refused else ''}"


def _notes(portfolio: Portfolio) -> dict[str, list[str]]:
    """Return {what was not known: the investments it is about}."""
    notes: dict[str, list[str]] = {}
    for line in portfolio.lines:
        for note in line.assessment.notes:
            name = line.assessment.investment.name or f"row {line.row}"
            notes.setdefault(note, []).append(name)
    return notes


def _cells(figures: Figures) -> Iterable[str]:
    """Return benefit, cost, return and payback as shown."""
    costs = figures.monthly_benefit_usd, figures.full_monthly_cost_usd
    return *map(usd, costs), _ratio(figures), _payback(figures)


def _ratio(figures: Figures) -> str:
    """Return the return as shown."""
    ratio = figures.return_ratio
    return "no cost" if ratio is None else times(ratio)


def _payback(figures: Figures) -> str:
    """Return the payback as shown; what cost nothing once has nothing to pay back."""
    wait = figures.payback_months
    if not figures.one_off_cost_usd:
        return "–"
    return "never" if wait is None else months(wait)


def _as_investment(assessment: Assessment, **place: int) -> dict[str, Any]:
    """Return an assessment as JSON values."""
    given = asdict(assessment.investment)
    return {
        "kind": "investment",
        **place,
        **{k: _number(v) if isinstance(v, Decimal) else v for k, v in given.items()},
        **_as_figures(assessment.figures),
        "verdict": assessment.verdict.value,
        "sentence": assessment.sentence,
        "notes": list(assessment.notes),
    }


def _as_figures(figures: Figures) -> dict[str, Any]:
    """Return benefit, cost, return and payback as JSON values."""
    return {
        "monthly_benefit_usd": _number(figures.monthly_benefit_usd),
        "monthly_cost_usd": _number(figures.monthly_cost_usd),
        "one_off_cost_usd": _number(figures.one_off_cost_usd),
        "full_monthly_cost_usd": _number(figures.full_monthly_cost_usd),
        "return_ratio": _number(figures.return_ratio),
        "payback_months": _number(figures.payback_months),
    }


def _number(value: Decimal | None) -> int | float | None:
    """Return a JSON number cut to six decimals: as a float, 2.99999999999999999 would be 3."""
    if value is None:
        return None
    cut = value.quantize(Decimal("0.000001"), ROUND_DOWN, context=CUT)
    return int(cut) if cut == cut.to_integral_value() else float(cut)


def _print_json(values: dict[str, Any]) -> None:
    """Print one JSON line."""
    line = {"schema_version": SCHEMA_VERSION, **values}
    sys.stdout.write(json.dumps(line, ensure_ascii=False) + "\n")
