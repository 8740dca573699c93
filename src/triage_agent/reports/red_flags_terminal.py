"""What `triage check-hire` prints for people; it fits 60 columns."""

from collections.abc import Iterable, Iterator

from rich.console import Console
from rich.text import Text

from triage_agent.advice import Finding, HireCheck, Level, Proposal, RedFlag, red_flags
from triage_agent.reports.terminal import clean, stdout_console

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


def show_check(check: HireCheck) -> None:
    """Print the verdict, each flag with what it means and what to do, and the money at risk."""
    console = stdout_console()
    _print(console, ("", "", check.verdict), STYLE[check.level])
    _section(console, "Flags that apply", [line for f in check.findings for line in _found(f)])
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


def _found(finding: Finding) -> Iterator[Line]:
    """Yield the lines about a flag that applies."""
    flag = finding.flag
    yield "  - ", "    ", flag.text
    if finding.severe:
        yield "    ", "    ", "Here it is severe."
    if flag.other_role:
        yield "    ", "    ", "This is the other role's job."
    yield "    ", "    ", f"It means: {flag.means}"
    yield "    ", "    ", f"To do: {flag.do}"


def _proposed(proposal: Proposal) -> Iterator[Line]:
    """Yield the lines about a flag that nobody has confirmed."""
    (flag,) = (flag for flag in red_flags() if flag.id == proposal.flag)
    yield "  - ", "    ", flag.question
    if proposal.evidence:
        yield "    ", "    ", f"You wrote: “{' '.join(clean(proposal.evidence).split())}”"


def _questions(flags: Iterable[RedFlag]) -> list[Line]:
    """Return the questions of flags that have no yes or no."""
    return [("  - ", "    ", flag.question) for flag in flags]


def _section(console: Console, title: str, lines: list[Line]) -> None:
    """Print lines under a title; nothing if there are none."""
    if not lines:
        return
    console.print()
    _print(console, ("", "", title), "bold")
    for line in lines:
        _print(console, line)


def _print(console: Console, line: Line, style: str = "") -> None:
    """Print a text wrapped to the console's width behind what leads its lines."""
    first, others, words = line
    text = Text(words, style=style)
    for number, part in enumerate(text.wrap(console, max(20, console.width - len(others)))):
        part.rstrip()
        console.print(Text(others if number else first).append_text(part), soft_wrap=True)
