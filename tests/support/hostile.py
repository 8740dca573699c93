"""Text from outside that means to steer a terminal, and what must be true of what is printed."""

import io
import re
import sys
import unicodedata

from triage_agent.cli.main import main

# A colour that is never ours, a link, the clipboard, a title and a screen in C1 controls; then
# backspaces, overrides and isolates, and what is not seen.
STEER = (
    "\x1b[38;5;201mX\x1b]8;;mailto:evil\x07Y\x1b]52;c;cm0=\x07\x9b2J\x9d0;title\x9c\x08\x08\x7f"
    "\rZ\u202etxt\u2066.exe\u061c\u200b\ufeff\u2060"
)
FORGED = "FORGED"
# Each of these ends a line for somebody: a terminal, an editor, `str.splitlines`.
HOSTILE = f"a{STEER}" + "".join(
    f"{end}{FORGED}" for end in ("\n", "\r\n", "\r", "\v", "\f", "\x85", "\u2028")
)
UNSEEN = frozenset("\u200b\u2060\ufeff\xad\u2028\u2029")
DIRECTIONS = frozenset(
    chr(code) for code in (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
)
# What rich and prompt_toolkit write in a terminal: 16 colours and a grey, moves, erasing, modes.
OURS = re.compile(
    r"\x1b\[(?:(?:38;5;(?:102|197|237)|\d{1,2})(?:;(?:38;5;(?:102|197|237)|\d{1,2}))*)?m|\x1b\[\d*[A-DJKHG]|\x1b\[\?\d+[hl]|\x1b\[6n|\r"
)


def steering(shown):
    """Return the characters of an output that a terminal obeys or that nobody sees."""
    return {
        character
        for character in shown
        if (unicodedata.category(character) == "Cc" and character not in "\n\t")
        or character in DIRECTIONS | UNSEEN
    }


def forged(shown):
    """Return the lines of an output that a line break in hostile text has made."""
    return [line for line in shown.split("\n") if line.lstrip(" ").startswith(FORGED)]


def run_here(arguments, monkeypatch, stdin=b""):
    """Run the program in this process; return (exit code, standard output, standard error).

    It starts much faster than a process of its own, so that every option can be tried.
    """
    output, error = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    error.reconfigure(errors="backslashreplace", line_buffering=True)
    streams = {
        "stdin": io.TextIOWrapper(io.BytesIO(stdin), encoding="utf-8"),
        "stdout": output,
        "stderr": error,
        "argv": ["triage", *arguments],
    }
    with monkeypatch.context() as patch:
        for name, value in streams.items():
            patch.setattr(sys, name, value)
        try:
            main()
        except SystemExit as ended:
            code = ended.code
        sys.stdout.flush()
        sys.stderr.flush()
        shown = [one.buffer.getvalue().decode() for one in (output, error)]
    return code, *shown
