"""The same questions where the cursor cannot be moved: one line after the other."""

import asyncio
import os
import sys
from collections.abc import Sequence

from triage_agent.cli.telling import Left, tell
from triage_agent.reports import stderr_console, text_line


async def typed(mark: str, default: str, *, several_lines: bool, hint: str) -> str:
    """Return the text that is typed after a mark; an empty one is the default.

    Raises `Left` with the lines typed so far.
    """
    tell(hint)
    if default:
        tell(f"Enter alone keeps: {default}")
    lines: list[str] = []
    while True:
        line = await _line(mark, lines)
        lines.append(line)
        if not several_lines or not line.strip():
            return "\n".join(lines) if any(map(str.strip, lines)) else default


async def numbered(mark: str, choices: Sequence[str], first: int | None) -> int:
    """Return the place of the choice whose number is typed; an empty line takes the `first`."""
    for number, choice in enumerate(choices, start=1):
        tell(choice, indent="     ", first=f"{number:>3}. ")
    alone = "" if first is None else f" Enter alone: {first + 1}."
    tell(f"Type a number, then Enter.{alone} Ctrl-C: stop for now.")
    while True:
        line = (await _line(mark, [])).strip() or ("" if first is None else str(first + 1))
        if line.isdecimal() and 1 <= int(line) <= len(choices):
            return int(line) - 1
        tell(f"Type a number from 1 to {len(choices)}.")


async def _line(mark: str, before: Sequence[str]) -> str:
    """Return one line; raises `Left` with the lines before it when the person leaves."""
    stderr_console().print(text_line(mark), end="")
    try:
        data = await _data()
    except asyncio.CancelledError:  # what Ctrl-C does to a task
        raise Left("\n".join(before)) from None
    if not data:  # Ctrl-D
        raise Left("\n".join(before))
    return data.decode(errors="replace").rstrip("\r\n")


async def _data() -> bytes:
    """Return the next line of the terminal, which hands on whole lines; empty: its end."""
    loop, ready = asyncio.get_running_loop(), asyncio.Event()
    number = sys.stdin.fileno()
    loop.add_reader(number, ready.set)  # a read that blocks would be deaf to Ctrl-C
    try:
        await ready.wait()
    finally:
        loop.remove_reader(number)
    return os.read(number, 1 << 16)
