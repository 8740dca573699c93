"""The verdict on one screen: what to do, what it rests on, what would make it firm, what is next.

It holds no ids, rules or slugs; `--explain` and the report hold them.
"""

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from triage_agent.advice import Advice
from triage_agent.privacy import one_line
from triage_agent.reports.console import print_block, text_line
from triage_agent.reports.wording import SUREST
from triage_agent.types import Abstention, Classification, DecidedBy, Label

MOST_PROBLEMS = 8
MOST_OPEN = 3  # sentences about what is to be settled
NARROWEST = 16  # columns of a problem's first words
BESIDE = len("  not answered  over 99% sure")
KIND = {Label.BUILD: "build", Label.AUTOMATE: "automate"}
KIND_STYLE = {Label.BUILD: "bold cyan", Label.AUTOMATE: "bold green"}
NO_KIND = {
    Abstention.NEITHER: "neither kind",
    Abstention.TOO_VAGUE: "too vague",
    Abstention.UNKNOWN_LANGUAGE: "unread",
}
REST = "The rules, the plan and the red flags: --explain. A report to keep: -o report.html"


def show_verdict(console: Console, advice: Advice, rest: str = REST) -> None:
    """Print the verdict in at most 24 lines of 80 columns; `rest` says where all else is."""
    firm = "provisional" if advice.provisional else "firm"
    console.print(text_line(""))
    line = text_line(advice.plan.headline, style="bold")
    print_block(console, line.append(f" ({firm})", style="not bold"))
    print_block(console, text_line(advice.plan.because))
    console.print()
    shown = advice.problems[:MOST_PROBLEMS]
    for number, row in enumerate(shown, start=1):
        console.print(_problem(console.width, number, row), soft_wrap=True)
    if more := len(advice.problems) - len(shown):
        console.print(text_line(f"    and {more} more"))
    console.print()
    if advice.decision.to_settle:
        _list(console, "To make it firm", advice.decision.to_settle)
    if steps := _next_steps(advice):
        _list(console, "Next", steps[:1])
    if rest:
        print_block(console, text_line(rest, style="dim"))


def _problem(width: int, number: int, row: Classification) -> Text:
    """Return one line about a problem: its first words, its answer, how sure that is."""
    kind, style = _kind(row)
    sure = _sure(row)
    lead = f"{number:>3}  "
    room = max(NARROWEST, width - len(lead) - BESIDE)
    words = " ".join(one_line(row.text).split())
    words = words if len(words) <= room else words[: room - 1] + "…"
    line = text_line(lead).append(f"{words:<{room}}").append(f"  {kind:<12}", style=style)
    return line.append(f"  {sure}".rstrip())


def _kind(row: Classification) -> tuple[str, str]:
    if row.error:
        return "not answered", "bold red"
    if row.label is None:
        return NO_KIND[row.abstained_because or Abstention.TOO_VAGUE], "bold yellow"
    return KIND[row.label], KIND_STYLE[row.label]


def _sure(row: Classification) -> str:
    """Return how sure an answer is, in two words."""
    if row.decided_by is DecidedBy.PERSON:
        return "as you said"
    if row.label is None:
        return ""
    if row.needs_review:
        return "not sure"
    if row.probability is None:
        return ""
    over = "over " if row.probability > SUREST else ""
    return f"{over}{min(row.probability, SUREST):.0%} sure"


def _next_steps(advice: Advice) -> Sequence[str]:
    days = advice.plan.first_days
    return days.instead or tuple(line for stage in days.stages[:1] for line in stage.lines)


def _list(console: Console, title: str, lines: Sequence[str]) -> None:
    if len(lines) == 1:
        print_block(console, text_line(f"{title}: {lines[0]}"))
        return
    console.print(text_line(f"{title}:"))
    for one in lines[:MOST_OPEN]:
        print_block(console, text_line(one), indent="    ", first="  - ")
    if len(lines) > MOST_OPEN:
        console.print(text_line(f"    and {len(lines) - MOST_OPEN} more"))
