"""Results as a person reads them in a terminal.

Whatever may come from outside stands on one line (`text_line`), so that none of it looks like ours.
"""

from collections.abc import Iterable

from rich.console import Console
from rich.table import Table
from rich.text import Text

from triage_agent.advice import (
    MAX_POINTS,
    QuizResult,
    owners_questions,
    side_by_side,
)
from triage_agent.privacy import one_line
from triage_agent.reports.console import print_block, text_line
from triage_agent.reports.wording import (
    LABEL_STYLE,
    decided_words,
    label_words,
    review_words,
    unlabelled_words,
)
from triage_agent.types import Classification, Outcome

LONGEST_SHOWN = 280  # characters of a problem's text


def show_problem(console: Console, number: int, row: Classification) -> None:
    """Print one problem: its text, its label or why it has none, and what decided."""
    text = " ".join(one_line(row.text).split())
    short = text if len(text) <= LONGEST_SHOWN else text[: LONGEST_SHOWN - 1] + "…"
    console.print(text_line(f"{number}. {short or '(no text)'}"))
    for line in _verdict_lines(row):
        print_block(console, line, indent="   ")
    console.print()


def show_quiz(console: Console, result: QuizResult) -> None:
    """Print a taken quiz: the score, and for each dimension a bar, its level and its advice."""
    console.print(text_line(f"Readiness: {result.score:.0f} of 100", style="bold"))
    console.print()
    width = max(len(dimension.dimension) for dimension in result.dimensions)
    for dimension in result.dimensions:
        bar = "█" * (3 * dimension.points) + "░" * (3 * (MAX_POINTS - dimension.points))
        console.print(text_line(f"{dimension.dimension:<{width}}  {bar}  {dimension.level}"))
    console.print()
    show_list(console, "What to do next", (f"{d.dimension}: {d.advice}" for d in result.dimensions))


def show_roles(console: Console) -> None:
    """Print the two roles side by side, and below them what owners ask about them."""
    compared = side_by_side()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True, style="dim")
    for name in compared.names:
        table.add_column(name, ratio=1)
    for row in compared.rows:
        table.add_row(*map(text_line, row))
    with console.capture() as captured:
        console.print(table)
    for line in captured.get().splitlines():  # without the trailing spaces of a table
        console.file.write(line.rstrip() + "\n")
    for one in owners_questions():
        console.print()
        print_block(console, text_line(one.question, style="bold"))
        print_block(console, text_line(one.answer))


def _verdict_lines(row: Classification) -> Iterable[Text]:
    """Yield the lines below a problem's text."""
    if row.error:
        yield text_line(f"error: {row.error.message}", style="bold red")
        return
    if row.outcome is Outcome.ABSTAINED and row.abstained_because:
        yield text_line(f"no label: {unlabelled_words(row)}", style="bold yellow")
    if row.label:
        line = text_line(label_words(row.label), style=LABEL_STYLE[row.label])
        line.append(f" · {decided_words(row)}", style="not bold default")
        yield line
    if row.rationale:
        yield text_line(row.rationale)
    if row.evidence:
        quotes = " · ".join(f"“{' '.join(one_line(quote).split())}”" for quote in row.evidence)
        yield text_line(f"evidence: {quotes}", style="dim")
    if row.hours_per_week is not None:
        yield text_line(f"hours a week, as the text says: {row.hours_per_week:g}", style="dim")
    if row.needs_review:
        yield text_line(f"needs review: {review_words(row)}", style="yellow")


def show_list(console: Console, title: str, lines: Iterable[str]) -> None:
    """Print a titled list with a blank line below; nothing if it is empty."""
    lines = list(lines)
    if not lines:
        return
    console.print(text_line(title, style="bold"))
    for line in lines:
        print_block(console, text_line(line), indent="    ", first="  - ")
    console.print()
