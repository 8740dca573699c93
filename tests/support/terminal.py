"""The program in a real pseudo-terminal, with what stands on its screen."""

import ctypes
import fcntl
import os
import re
import signal
import sys
import termios
import time
from pathlib import Path

import pexpect
import pyte

from support.program import TRIAGE

SEQUENCE = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|[()][A-Z0-9]|[=>78])")
UP, DOWN, RIGHT, LEFT = "\x1b[A", "\x1b[B", "\x1b[C", "\x1b[D"
HOME, END = "\x1b[H", "\x1b[F"
PATIENCE_S = 600  # a machine may be busy: a screen is waited for, not a time
IDLE_S = 10  # a program that waits so long for keys, or for nothing, prints no more
PAUSE_S = 0.15  # longer than the one that ends a paste


def pasted(text):
    """Return the keys of a paste from a terminal that marks where it begins and ends."""
    return f"\x1b[200~{text}\x1b[201~"


class Terminal:
    """A terminal in which `triage` runs; a context manager that ends what is left of it."""

    def __init__(self, *arguments, columns=80, rows=24, term="xterm-256color"):
        # Both would hide the size of this terminal; pytest sets them in its workers.
        sizes = {"COLUMNS", "LINES"}
        environment = {name: value for name, value in os.environ.items() if name not in sizes}
        self._child = pexpect.spawn(
            TRIAGE[0],
            [*TRIAGE[1:], *arguments],
            env={**environment, "TERM": term},
            dimensions=(rows, columns),
            timeout=PATIENCE_S,
        )
        self._child.delaybeforesend = None
        self._screen = pyte.HistoryScreen(columns, rows, history=100_000, ratio=1)
        self._screen.write_process_input = lambda data: self._child.send(data)  # cursor positions
        self._stream, self._new, self._all = pyte.ByteStream(self._screen), b"", b""

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self._child.isalive():
            self._child.kill(signal.SIGKILL)
            self._child.wait()
        self._child.close()

    @property
    def output(self):
        """All that was written to the terminal, as it was written."""
        return self._all.decode(errors="replace")

    @property
    def lines(self):
        """What was printed, as the terminal shows it: what has scrolled away, and the screen."""
        gone = [
            "".join(line[column].data for column in range(self._screen.columns))
            for line in self._screen.history.top
        ]
        return [line.rstrip() for line in [*gone, *self._screen.display]]

    @property
    def words(self):
        """The same on one line, with single blanks."""
        return " ".join(" ".join(self.lines).split())

    @property
    def screen(self):
        """What stands on the screen now."""
        return [line.rstrip() for line in self._screen.display]

    def until(self, text, *, typing=True):
        """Wait until a text is printed since the last keys, and, if `typing`, keys are read."""
        end = time.monotonic() + PATIENCE_S
        busy = time.monotonic()
        while time.monotonic() < min(end, busy + IDLE_S):
            if text in self._said() and not (typing and self._is_cooked()):
                return self
            before = len(self._all)
            if not self._read():
                break
            if len(self._all) > before or self._works() is not False:
                busy = time.monotonic()
        raise AssertionError(f"{text!r} did not come. The screen:\n" + "\n".join(self.lines))

    def send(self, keys):
        """Press keys, and wait until the program has taken them and waits for more.

        Keys that come while others are looked at would be a paste to it.
        """
        self.press(keys)
        end = time.monotonic() + PATIENCE_S
        while self._waiting() and time.monotonic() < end and self._read():
            pass
        quiet = time.monotonic() + PAUSE_S
        while time.monotonic() < min(quiet, end):
            before = len(self._all)
            if not self._read():
                break
            if len(self._all) > before or self._works():
                quiet = time.monotonic() + PAUSE_S
        return self

    def press(self, keys):
        """Press keys, and wait for nothing."""
        self._read()
        self._new = b""
        data = keys.encode()
        while data:
            written = os.write(self._child.child_fd, data[:1024])
            data = data[written:]
            self._read()
        return self

    def type(self, *lines):
        """Type lines as a person does: the Enter behind each of them is a key of its own."""
        for line in lines:
            (self.send(line) if line else self).send("\r")
        return self

    def answer(self, prompt, keys):
        """Wait for a prompt, and press keys."""
        return self.until(prompt).send(keys)

    def end(self):
        """Wait for the end of the program, and return its exit code."""
        while self._read(PATIENCE_S):
            pass
        if self._child.isalive():  # it has closed its terminal, and is about to end
            self._child.wait()
        self._child.close()
        assert self._child.exitstatus is not None, "a signal ended it"
        return self._child.exitstatus

    def _said(self):
        plain = SEQUENCE.sub("", self._new.decode(errors="replace"))
        return " ".join(plain.split())

    def _waiting(self):
        """Return how many keys the program has not taken yet."""
        inside = os.open(_name(self._child.child_fd), os.O_RDONLY | os.O_NOCTTY)
        try:
            return int.from_bytes(fcntl.ioctl(inside, termios.FIONREAD, b"0000"), sys.byteorder)
        finally:
            os.close(inside)

    def _works(self):
        """Return whether the program computes, or waits for its turn to; None: it is not known."""
        threads = Path(f"/proc/{self._child.pid}/task")
        try:
            told = [one.read_text() for one in threads.glob("*/stat")]
        except OSError:  # a thread has just ended
            return True
        states = [one.rpartition(")")[2].split()[0] for one in told]  # behind the name
        return any(state != "S" for state in states) if states else None

    def _is_cooked(self):
        return bool(termios.tcgetattr(self._child.child_fd)[3] & termios.ICANON)

    def _read(self, wait=0.05):
        """Take what was printed; False: the program has ended."""
        try:
            data = self._child.read_nonblocking(65536, wait)
        except pexpect.TIMEOUT:
            return wait < PATIENCE_S
        except pexpect.EOF:
            return False
        self._new += data
        self._all += data
        self._stream.feed(data)
        return True


def _name(terminal):
    """Return the file of a terminal's other end; `os.ptsname` came with Python 3.13."""
    ptsname = ctypes.CDLL(None).ptsname
    ptsname.restype = ctypes.c_char_p
    return ptsname(terminal)
