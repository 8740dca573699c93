"""The program in its own process, with pipes or a pseudo-terminal."""

import os
import pty
import select
import subprocess
import sys
import time

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


def in_pseudo_terminal(arguments, keys, columns="60"):
    """Run the program in a terminal, send keys as prompts appear, return (output, exit code)."""
    terminal, inside = pty.openpty()
    process = subprocess.Popen(
        [*TRIAGE, *arguments],
        stdin=inside,
        stdout=inside,
        stderr=inside,
        start_new_session=True,
        env={**os.environ, "COLUMNS": columns, "TERM": "xterm"},
    )
    os.close(inside)
    output, waiting, deadline = b"", list(keys), time.monotonic() + 60
    while time.monotonic() < deadline:
        ready, _, _ = select.select([terminal], [], [], 0.2)
        if ready:
            try:
                piece = os.read(terminal, 65536)
            except OSError:  # how Linux says that nobody holds the other end any more
                break
            if not piece:
                break
            output += piece
        if waiting and waiting[0][0].encode() in output:
            prompt, answer = waiting.pop(0)
            output = output.replace(prompt.encode(), b"", 1)
            os.write(terminal, answer.encode())
    else:
        process.kill()
    os.close(terminal)
    return output.decode(errors="replace"), process.wait(10)
