"""What `triage check-hire` prints for people; it fits 60 columns."""

from collections.abc import Iterable, Iterator

from rich.console import Console

from triage_agent.advice import HireCheck, Level, Proposal, RaisedFlag, RedFlag, load_red_flags
from triage_agent.privacy import one_line
from triage_agent.reports.console import print_block, stdout_console, text_line

STYLE = {
    Level.OTHER_ROLE: "bold red",
    Level.SERIOUS: "bold red",
    Level.TALK: "bold yellow",
    Level.OPEN: "bold yellow",
    Level.CLEAR: "bold green",
}
PROPOSED = "Proposed from your words, not confirmed: they do not count yet"
CONFIRM = "To confirm them, answer in a terminal, or in a file (--answers):"

Line = tuple[str, str, str]  # what leads the first line, what leads the others, the text


def show_hire_check(check: HireCheck) -> None:
    """Print the verdict, each flag with what it means and what to do, and the money at risk."""
    console = stdout_console()
    print_block(console, text_line(check.verdict, style=STYLE[check.level]))
    _section(console, "Flags that apply", [line for f in check.raised for line in _raised(f)])
    proposed = [line for proposal in check.proposed for line in _proposed(proposal)]
    if proposed:
        example = ", ".join(f'"{proposal.flag}": true' for proposal in check.proposed)
        proposed.append(("  ", "  ", f"{CONFIRM} {{{example}}}"))
    _section(console, PROPOSED, proposed)
    waiting = {proposal.flag for proposal in check.proposed}
    _section(console, "You are not sure", _questions(check.not_sure))
    open_ones = [flag for flag in check.not_answered if flag.id not in waiting]
    _section(console, "Not answered", _questions(open_ones))
    _section(console, "Money at risk", [("  ", "  ", check.money)])


def _raised(raised: RaisedFlag) -> Iterator[Line]:
    """Yield the lines about a flag that applies."""
    flag = raised.flag
    yield "  - ", "    ", flag.text
    if raised.severe:
        yield "    ", "    ", "Here it is severe."
    if flag.other_role:
        yield "    ", "    ", "This is the other role's job."
    yield "    ", "    ", f"It means: {flag.means}"
    yield "    ", "    ", f"To do: {flag.do}"


def _proposed(proposal: Proposal) -> Iterator[Line]:
    """Yield the lines about a flag that is not confirmed."""
    (flag,) = (flag for flag in load_red_flags() if flag.id == proposal.flag)
    yield "  - ", "    ", flag.question
    if proposal.evidence:
        yield "    ", "    ", f"You wrote: “{' '.join(one_line(proposal.evidence).split())}”"


def _questions(flags: Iterable[RedFlag]) -> list[Line]:
    """Return the questions of flags that have no yes or no."""
    return [("  - ", "    ", flag.question) for flag in flags]


def _section(console: Console, title: str, lines: list[Line]) -> None:
    """Print lines under a title; nothing if there are none."""
    if not lines:
        return
    console.print()
    print_block(console, text_line(title, style="bold"))
    for first, others, text in lines:
        print_block(console, text_line(text), indent=others, first=first)
