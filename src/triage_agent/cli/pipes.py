"""Standard input, output and error as a program may count on them, whatever it was started with."""

import io
import os
import select
import sys
from contextlib import suppress
from typing import Any, NoReturn

from triage_agent.errors import SettingsError

INPUT, OUTPUT, ERROR = 0, 1, 2  # the numbers that every system gives them


def open_streams() -> None:
    """Put streams into `sys` that exist, and whose end or failure does not break the program.

    A stream that was closed (`>&-`) is empty, or takes everything: a file that is opened later
    must not get its number, or messages would land in it. An output whose reader has gone
    (`| head`) ends the program with 0, as what was asked for has been read; files are written
    before anything is printed. Another failure, such as a full disk, is a `SettingsError`. What
    standard error cannot take is dropped: it must not stop work that writes a file.
    """
    for number, flags in ((INPUT, os.O_RDONLY), (OUTPUT, os.O_WRONLY), (ERROR, os.O_WRONLY)):
        _open_if_closed(number, flags)
    if sys.stdin is None:
        sys.stdin = open(INPUT, encoding="utf-8", closefd=False)  # noqa: SIM115
    for number, name, kind in ((OUTPUT, "stdout", _Output), (ERROR, "stderr", _Error)):
        before = getattr(sys, name)
        if before is not None:
            try:
                number = before.fileno()
            except OSError:  # whoever calls us in their own program has put something else there
                continue
            with suppress(OSError):
                before.flush()
        # In the lowest layer, since click and rich write to whichever layer they like.
        guarded = io.TextIOWrapper(
            io.BufferedWriter(kind(number, "wb", closefd=False)),  # type: ignore[type-var]
            encoding=before.encoding if before is not None else "utf-8",
            errors="backslashreplace",
            line_buffering=True,
        )
        setattr(sys, name, guarded)


def is_piped() -> bool:
    """Return whether standard input, which is no terminal, holds anything; waits for it."""
    try:
        buffer: Any = sys.stdin.buffer
        return bool(buffer.peek(1))
    except (AttributeError, OSError, ValueError):  # a stream of somebody else, or none to read
        return False


class _Output(io.FileIO):
    """Standard output."""

    _ended = False  # nobody takes what is still buffered, so that no second error is printed

    def write(self, data: bytes | memoryview) -> int:  # type: ignore[override]
        """Write all of it, or leave the program."""
        rest = memoryview(data)
        while rest and not self._ended:
            try:
                written = super().write(rest)
            except OSError as error:
                self._ended = True
                self._fail(error)
                break
            if written is None:  # whoever started us has made the pipe non-blocking, and it is full
                select.select([], [self], [])
            else:
                rest = rest[written:]
        return len(data)

    def _fail(self, error: OSError) -> None:
        if isinstance(error, ConnectionError):
            _leave_quietly()
        raise SettingsError(
            f"The results cannot be written to standard output: {error.strerror}. "
            "Send them elsewhere."
        ) from error


class _Error(_Output):
    """Standard error."""

    def _fail(self, error: OSError) -> None:
        """Go on without messages: there is nowhere left to say that they are lost."""


def _leave_quietly() -> NoReturn:
    """Exit with 0."""
    raise SystemExit(0)


def _open_if_closed(number: int, flags: int) -> None:
    """Let a closed stream lead nowhere."""
    try:
        os.fstat(number)
    except OSError:
        null = os.open(os.devnull, flags)
        if null != number:
            os.dup2(null, number)
            os.close(null)
