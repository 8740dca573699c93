"""The program in its own process, with pipes or a pseudo-terminal."""

import os
import subprocess
import sys

TRIAGE = [sys.executable, "-m", "triage_agent.cli.main"]


def triage(*arguments, stdin=b"", environment=None):
    return subprocess.run(
        [*TRIAGE, *arguments],
        input=stdin,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "COLUMNS": "80", **(environment or {})},
    )


def in_pseudo_terminal(arguments, keys, columns=60):
    """Run the program in a terminal, send keys as prompts appear, return (output, exit code)."""
    from support.terminal import Terminal  # it imports this module

    with Terminal(*arguments, columns=columns) as terminal:
        for prompt, answer in keys:
            terminal.answer(prompt, answer)
        code = terminal.end()
        return terminal.output, code
