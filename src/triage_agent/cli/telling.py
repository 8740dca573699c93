"""What is said to a person at a terminal, on standard error, where results do not go."""

import sys

from triage_agent.reports import print_block, stderr_console, text_line

MARK = "> "


class Left(KeyboardInterrupt):
    """The person has left while this was being typed."""

    def __init__(self, typed: str = "") -> None:
        super().__init__()
        self.typed = typed


def tell(text: str, style: str = "", indent: str = "", first: str | None = None) -> None:
    """Print text on standard error, wrapped between words to the width of the terminal."""
    print_block(stderr_console(), text_line(text, style=style), indent=indent, first=first)


def in_terminal() -> bool:
    """Return whether somebody is there to be asked."""
    return sys.stdin.isatty() and sys.stderr.isatty()
