"""What `triage roi` prints for people: tables that fit 60 columns, and sentences."""

from collections import Counter
from collections.abc import Iterable

from rich.table import Table

from triage_agent.advice import Assessment, Figures, Portfolio, RoiVerdict
from triage_agent.intake import months, times, usd
from triage_agent.privacy import one_line
from triage_agent.reports.console import print_block, stdout_console, text_line

STYLE = {RoiVerdict.KEEP: "green", RoiVerdict.WATCH: "yellow", RoiVerdict.STOP: "red"}
SHOWN_NAMES = 5  # of those that a note is about
CAPTION = (
    "US dollars a month, best return first; the cost holds a twelfth of the one-off cost; "
    "payback in months."
)


def show_investment(assessment: Assessment) -> None:
    """Print what one investment returns."""
    figures = assessment.figures
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
    print_block(console, text_line(assessment.sentence, style=STYLE[assessment.verdict]))
    for note in assessment.notes:
        print_block(console, text_line(f"{note}."))


def show_portfolio(portfolio: Portfolio) -> None:
    """Print every investment that could be read, best return first, and their total."""
    if not portfolio.rows:
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("verdict")
    table.add_column("name", overflow="fold")
    for name in ("benefit", "cost", "return", "payback"):
        table.add_column(name, justify="right", no_wrap=True)
    for line in portfolio.rows:
        verdict = line.assessment.verdict
        name = one_line(line.assessment.investment.name) or f"row {line.row}"
        table.add_row(
            text_line(verdict.value, style=STYLE[verdict]),
            text_line(name),
            *_cells(line.assessment.figures),
        )
    table.add_row("", "Total", *_cells(portfolio.total), style="bold")
    console = stdout_console()
    console.print(table)
    console.print()
    print_block(console, text_line(CAPTION, style="dim"))
    print_block(console, text_line(_summary(portfolio)))
    for note, names in _notes(portfolio).items():
        shown = ", ".join(names[:SHOWN_NAMES]) + (", …" if len(names) > SHOWN_NAMES else "")
        print_block(console, text_line(f"{note}: {shown}."))


def _summary(portfolio: Portfolio) -> str:
    """Return the verdicts counted, the return of all, and the rows that are missing in it."""
    counts = Counter(line.assessment.verdict for line in portfolio.rows)
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
    for line in portfolio.rows:
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
