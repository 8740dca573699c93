"""What a person types or chooses in a terminal, on standard error, where results do not go.

Ctrl-C raises `Left` with what was being typed, so that it can be kept.
"""

import asyncio
import shutil
import sys
import textwrap
from collections.abc import Sequence
from typing import TYPE_CHECKING

from triage_agent.privacy import clean, one_line
from triage_agent.reports import print_block, stderr_console, text_line

if TYPE_CHECKING:  # it takes long to import, and is needed only where somebody is asked
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import Output

NARROWEST = 30  # columns for which a choice is wrapped
MARK = "> "
SEVERAL_LINES = "Enter on an empty line: done · Ctrl-C: leave, your text is kept"
ONE_LINE = "Enter: done · Ctrl-C: leave, your text is kept"


class Left(KeyboardInterrupt):
    """The person has left while this was being typed."""

    def __init__(self, typed: str = "") -> None:
        super().__init__()
        self.typed = typed


def tell(text: str, style: str = "", indent: str = "") -> None:
    """Print text on standard error, wrapped between words to the width of the terminal."""
    print_block(stderr_console(), text_line(text, style=style), indent=indent)


def in_terminal() -> bool:
    """Return whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()


async def typed_text(default: str = "", *, several_lines: bool = False) -> str:
    """Return what is typed, or pasted at any length, without blanks at its ends.

    The `default` stands there to be changed. Of several lines an empty one at the end is the last.
    Raises `Left`, also for Ctrl-D where nothing is typed.
    """
    from prompt_toolkit import PromptSession

    session: PromptSession[str] = PromptSession(
        MARK,
        multiline=several_lines,
        prompt_continuation=" " * len(MARK),
        key_bindings=_keys(several_lines=several_lines),
        bottom_toolbar=SEVERAL_LINES if several_lines else ONE_LINE,
        output=_prompts(),
    )
    text = await session.prompt_async(default=clean(default))
    return text.strip()


async def chosen(choices: Sequence[str], *, first: int = 0) -> int:
    """Return the place of what is chosen with the arrow keys or its number.

    The arrow stands on the choice `first`. Raises `Left`.
    """
    import questionary

    width = max(NARROWEST, shutil.get_terminal_size().columns - 8)
    titles = (
        textwrap.fill(one_line(choice), width, subsequent_indent="      ") for choice in choices
    )
    found = [questionary.Choice(title, value=n) for n, title in enumerate(titles)]
    question = questionary.select(
        "",
        choices=found,
        default=found[first],
        use_shortcuts=len(choices) < 10,
        qmark="",
        instruction="Arrow keys or a number, then Enter:",
        output=_prompts(),
    )
    try:
        place: int = await question.unsafe_ask_async()
    except KeyboardInterrupt:
        raise Left from None
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


def _keys(*, several_lines: bool) -> "KeyBindings":
    """Return what Enter, Ctrl-D and Ctrl-C do."""
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()

    @keys.add("c-c", eager=True)
    def leave(event: KeyPressEvent) -> None:
        event.app.exit(exception=Left(event.current_buffer.text))

    @keys.add("c-d", eager=True)
    def end(event: KeyPressEvent) -> None:
        if event.current_buffer.text.strip():
            event.current_buffer.validate_and_handle()
        else:
            event.app.exit(exception=Left())

    if several_lines:

        @keys.add("enter", eager=True)
        def enter(event: KeyPressEvent) -> None:
            buffer = event.current_buffer
            ended = (
                not buffer.document.current_line.strip() and buffer.document.is_cursor_at_the_end
            )
            # Keys that wait are a paste from a terminal that does not say so.
            if ended and buffer.text.strip() and not event.key_processor.input_queue:
                buffer.validate_and_handle()
            else:
                buffer.newline(copy_margin=False)

    return keys


def _prompts() -> "Output":
    """Return standard error as prompts write to it: past what drops moves of the cursor."""
    from prompt_toolkit.output import create_output

    return create_output(getattr(sys.stderr, "uncleaned", sys.stderr))
