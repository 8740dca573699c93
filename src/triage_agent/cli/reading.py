"""What a command without questions says of what it read."""

import re
from collections.abc import Iterable, Iterator

from triage_agent.cli.streams import say
from triage_agent.intake import ReadText, Rejected, is_technology_wish
from triage_agent.privacy import mask
from triage_agent.types import Problem

SAID = re.compile(r"[^\W_]")  # a mark of a quotation says nothing
SEVERAL = (
    "A text may hold several problems. To have each counted, give these as texts of their own:"
)
LONGEST = 60  # characters of a passage that is no problem
NUDGE = (
    "names a technology. What is the business problem behind it? "
    "A sentence about what goes wrong today gives a better answer."
)


def noted(read: Iterable[ReadText]) -> Iterator[Problem | Rejected]:
    """Yield the problems of what was read, and say what was set aside, or only names a tool."""
    for one in read:
        aside = [passage.text for passage in one.set_aside if SAID.search(passage.text)]
        if aside:
            say(f"Set aside: {listed(aside)}")
        if len(one.proposed) > 1:
            say(f"{SEVERAL} {listed(passage.text for passage in one.proposed)}")
        for problem in one.problems:
            if isinstance(problem, Problem) and is_technology_wish(problem.text):
                say(f"“{problem.text.strip()}” {NUDGE}")
            yield problem


def listed(texts: Iterable[str]) -> str:
    """Return the beginnings of texts, without addresses and numbers: the line may end in a log."""
    return " · ".join(f"“{shortened(mask(text), LONGEST)}”" for text in texts)


def shortened(text: str, longest: int) -> str:
    """Return a text on one line, shortened to a length in characters."""
    line = " ".join(text.split())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
