"""The one way to a terminal for styled text: consoles that show text from outside as text.

It is never markup, never a link, and never a control character. `text_line` is for what must
stay on its line; `print_block` is for what may have several. In a terminal our own colours pass.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, TextIO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from triage_agent.privacy import clean, escape_json, one_line


class PlainConsole(Console):
    """A console that cleans whatever it prints, so that nobody who prints can forget it.

    The program's own streams drop every control character. This console writes to the stream
    behind them (`uncleaned`), because its colours and its moves of the cursor are such characters.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(
            file=getattr(stream, "uncleaned", stream), highlight=False, markup=False, emoji=False
        )

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterable[Segment]:
        """Yield what is to be printed, clean; links, which only text from outside has, are left."""
        for text, style, control in super().render(renderable, options):
            plain = style.update_link(None) if style and style.link else style
            yield Segment(text if control else clean(text), plain, control)


def stdout_console() -> Console:
    """Return the console on standard output; plain text unless it is a terminal."""
    return PlainConsole(sys.stdout)


def stderr_console() -> Console:
    """Return the console on standard error; plain text unless it is a terminal."""
    return PlainConsole(sys.stderr)


def text_line(text: str, style: str = "") -> Text:
    r"""Return text for one line: a line break in it becomes a space.

    >>> text_line("Leads get lost\n2. A forged problem\x1b[0m").plain
    'Leads get lost 2. A forged problem[0m'
    """
    return Text(one_line(text), style=style)


def print_block(console: Console, text: Text, indent: str = "", first: str | None = None) -> None:
    """Print text wrapped to the console's width, without trailing spaces.

    `first` leads the first line and `indent` the others (None: `indent` leads all of them).
    """
    for line in blocked(console, text, indent, first):
        console.print(line, soft_wrap=True)


def blocked(
    console: Console, text: Text, indent: str = "", first: str | None = None
) -> Iterator[Text]:
    """Yield the lines of text wrapped to the console's width, led as `print_block` says."""
    lines = text.wrap(console, max(20, console.width - len(indent)))
    for number, one in enumerate(lines):
        one.rstrip()
        yield Text(first if first is not None and number == 0 else indent).append_text(one)


def print_json(values: Mapping[str, Any]) -> None:
    """Print values as one line of JSON on standard output, exactly, and safe in a terminal."""
    sys.stdout.write(escape_json(json.dumps(values, ensure_ascii=False)) + "\n")
