"""What a command without questions says of what it read."""

import re
from collections.abc import Iterable, Iterator
from itertools import chain, islice
from typing import TYPE_CHECKING

from triage_agent.cli.streams import say
from triage_agent.intake import ReadText, Rejected, is_technology_wish
from triage_agent.privacy import mask
from triage_agent.types import Problem

if TYPE_CHECKING:
    from triage_agent.cli.opening import LaterTriage
    from triage_agent.triage import AsyncTriage

SAID = re.compile(r"[^\W_]")  # a mark of a quotation says nothing
SEVERAL = (
    "A text may hold several problems. To have each counted, give these as texts of their own:"
)
LONGEST = 60  # characters of a passage that is no problem
NUDGE = (
    "names a technology. What is the business problem behind it? "
    "A sentence about what goes wrong today gives a better answer."
)


async def read_all(
    triage: "AsyncTriage", given: Iterable[str | Problem | Rejected]
) -> Iterable[ReadText]:
    """Return what was given, texts taken apart; problems of JSON Lines one by one, as they come.

    What an LLM could not take apart, if it was to, is said.
    """
    source = iter(given)
    first = [*islice(source, 1)]
    if not (first and isinstance(first[0], str)):
        return triage.read(chain(first, source))
    read = await triage.read_closely([*first, *source])
    say_splits(triage)
    return read


def say_splits(triage: "AsyncTriage | LaterTriage") -> None:
    """Say what became of texts that an LLM was to take apart, if there were any."""
    if triage.splits_line:
        say(triage.splits_line)


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
