"""What a person types or chooses in a terminal, on standard error, where results do not go.

Ctrl-C raises `Left` with what was being typed, so that it can be kept.
"""

import asyncio
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from triage_agent.cli.telling import MARK, tell
from triage_agent.privacy import clean, one_line

if TYPE_CHECKING:  # it takes long to import, and is needed only where somebody is asked
    from prompt_toolkit.output import Output

# ASCII, since some terminals have nothing else.
SEVERAL_LINES = "Enter twice, or on an empty line: done. Ctrl-C: stop for now."
ONE_LINE = "Enter: done. Ctrl-C: stop for now."
CHOICE = "Arrow keys or a number, then Enter. Ctrl-C: stop for now."
BACK = "back"  # typed in place of a text
BACK_HINT = "Type back to go back."
DUMB = {"dumb", "unknown"}  # what TERM is where the cursor cannot be moved


async def typed_text(default: str = "", *, several_lines: bool = False, hint: str = "") -> str:
    """Return what is typed, or pasted at any length, without blanks at its ends.

    The `default` stands there to be changed, and the `hint` below. Of several lines an empty one
    at the end is the last. Raises `Left`, also for Ctrl-D where nothing is typed.
    """
    text = clean(default)
    hint = " ".join(filter(None, [hint, SEVERAL_LINES if several_lines else ONE_LINE]))
    if _is_dumb():
        from triage_agent.cli.plain_prompts import typed

        text = await typed(MARK, text, several_lines=several_lines, hint=hint)
    else:
        from triage_agent.cli.prompts import edited

        text = await edited(MARK, text, _output(), several_lines=several_lines, hint=hint)
    return text.strip() if several_lines else " ".join(text.split())


async def typed_or_back(default: str = "", *, several_lines: bool = False) -> str | None:
    """Return what is typed, as `typed_text` does; None: the person wants to go back."""
    text = await typed_text(default, several_lines=several_lines, hint=BACK_HINT)
    return None if text.casefold() == BACK else text


async def chosen(choices: Sequence[str], *, first: int | None = None) -> int:
    """Return the place of what is chosen with the arrow keys or its number.

    The arrow stands on the choice `first`; None: on none, and Enter alone chooses none, so that
    nobody agrees to what they have not read. What was chosen stays on the screen, without the
    others. Raises `Left`.
    """
    shown = [one_line(choice) for choice in choices]
    if _is_dumb():
        from triage_agent.cli.plain_prompts import numbered

        return await numbered(MARK, shown, first)
    from triage_agent.cli.prompts import pointed_at

    place = await pointed_at(shown, first, _output(), CHOICE)
    tell(shown[place], indent=" " * len(MARK), first=MARK)
    return place


def choose(question: str, choices: Sequence[str], *, first: int = 0) -> str:
    """Return what is chosen as the answer to a question; raises `Left`.

    The arrow stands on the choice `first`, which Enter alone chooses.
    """
    tell(question, style="bold")
    return choices[asyncio.run(chosen(choices, first=first))]


def answer_line(question: str) -> str:
    """Return the line that is typed as the answer to a question; raises `Left`."""
    tell(question, style="bold")
    return asyncio.run(typed_text())


def _is_dumb() -> bool:
    """Return whether the terminal can only print one line after the other."""
    return os.environ.get("TERM", "").casefold() in DUMB


def _output() -> "Output":
    """Return standard error as prompts write to it: past what drops moves of the cursor."""
    from prompt_toolkit.output import create_output
    from prompt_toolkit.output.vt100 import Vt100_Output

    output = create_output(getattr(sys.stderr, "uncleaned", sys.stderr))
    if isinstance(output, Vt100_Output):
        # Not every terminal says where its cursor is. Without knowing how much room is below it,
        # prompt_toolkit shows no hint, so it is told that there is one line; it makes more.
        output.enable_cpr = False
        output.get_rows_below_cursor_position = lambda: 1  # type: ignore[method-assign]
    return output
