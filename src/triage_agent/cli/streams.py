"""What leaves for the terminal: lines of ours, and the streams that let nothing else through.

`say` and `show` are how the commands print. Each line stays one line, so a line break in a file's
name or a server's words cannot make one that looks like ours; a terminal gets it broken between
words. `guard_streams` is the net below
them: whatever else writes to standard output or error (usage errors, help, tracebacks, libraries)
is cleaned there. Styled text goes through the consoles of `reports`.
"""

import io
import shutil
import sys
import textwrap
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO, cast

from triage_agent.cli.pipes import open_streams
from triage_agent.privacy import clean, one_line

NARROWEST = 30  # columns for which a line is broken


def say(*lines: str) -> None:
    """Write lines to standard error, where results do not go; each stays on one line.

    A terminal gets those that are too wide for it wrapped between words.
    """
    _write(sys.stderr, lines)


def show(*lines: str) -> None:
    """Write lines of a result to standard output; each stays on one line."""
    _write(sys.stdout, lines)


def guard_streams() -> None:
    """Make standard output and error clean what is written; see also `open_streams`."""
    open_streams()
    sys.stdout = cast("TextIO", CleanStream(sys.stdout))
    sys.stderr = cast("TextIO", CleanStream(sys.stderr))


@contextmanager
def raw_output() -> Iterator[None]:
    """Let a protocol write to standard output, which escapes what it carries by itself."""
    guarded = sys.stdout
    if isinstance(guarded, CleanStream):
        sys.stdout = guarded.uncleaned
    try:
        yield
    finally:
        sys.stdout = guarded


class CleanStream(io.TextIOBase):
    """A stream that drops what steers a terminal.

    It has no `buffer`, past which a library would write. `uncleaned` is the stream behind it, for
    what prints clean text in colours of its own: the consoles of `reports`, and the prompts.
    """

    def __init__(self, uncleaned: TextIO) -> None:
        self.uncleaned = uncleaned

    def write(self, text: str) -> int:
        """Write the text without what steers a terminal."""
        self.uncleaned.write(clean(text))
        return len(text)

    def flush(self) -> None:
        """Pass on what was written."""
        self.uncleaned.flush()

    def fileno(self) -> int:
        """Return the number of the file."""
        return self.uncleaned.fileno()

    def isatty(self) -> bool:
        """Return whether it is a terminal."""
        return self.uncleaned.isatty()

    def writable(self) -> bool:
        """Return that it can be written to."""
        return True

    @property
    def encoding(self) -> str:  # type: ignore[override]  # a property is how a value is passed on
        """The encoding of the stream behind it."""
        return self.uncleaned.encoding

    @property
    def errors(self) -> str | None:  # type: ignore[override]
        """What happens to a character that the encoding does not have."""
        return self.uncleaned.errors


def _write(stream: TextIO, lines: tuple[str, ...]) -> None:
    stream.write("".join(f"{_fitted(one_line(line), stream)}\n" for line in lines))
    stream.flush()


def _fitted(line: str, stream: TextIO) -> str:
    """Return a line as it is, in a terminal broken between words where it would be cut in one.

    What follows a break is indented, so that it does not pass for a line of ours.
    """
    if not stream.isatty():
        return line
    width = max(NARROWEST, shutil.get_terminal_size().columns)
    if len(line) <= width:
        return line
    start = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(
        line.lstrip(),
        width,
        initial_indent=start,
        subsequent_indent=f"{start}  ",
        break_long_words=False,
        break_on_hyphens=False,
    )
