"""How a long run shows that it goes on: a live line in a terminal, else a plain one at times."""

import time
from collections.abc import Callable
from types import TracebackType

from rich.live import Live
from rich.text import Text

from triage_agent.batch import Tally, to_look_at
from triage_agent.cli.streams import say
from triage_agent.intake import counted
from triage_agent.models import OpenBackend
from triage_agent.reports import stderr_console

PLAIN_EVERY_S = 15.0
LIVE_EVERY_S = 0.2


class Progress:
    """Shows the tally of a run on standard error; a `with` block gets what shows it."""

    def __init__(self, total: int | None, opened: OpenBackend) -> None:
        self._total, self._opened = total, opened
        self._started = time.monotonic()
        self._shown = self._started
        self._last: Tally | None = None  # None: nothing was answered yet
        console = stderr_console()
        self._live = Live(console=console, auto_refresh=False) if console.is_terminal else None

    def __enter__(self) -> Callable[[Tally], None]:
        if self._live:
            self._live.start()
        return self.show

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._live:
            if self._last is not None:  # what stays on the screen is the end, not the last interval
                self._draw(self._live, self.line(self._last, time.monotonic() - self._started))
            self._live.stop()

    def show(self, tally: Tally) -> None:
        """Show the tally if it is time to."""
        self._last = tally
        now = time.monotonic()
        if now - self._shown < (LIVE_EVERY_S if self._live else PLAIN_EVERY_S):
            return
        self._shown = now
        line = self.line(tally, now - self._started)
        if self._live:
            self._draw(self._live, line)
        else:
            say(line)

    @staticmethod
    def _draw(live: Live, line: str) -> None:
        """Put a line in the place of the one before."""
        live.update(Text(line, overflow="ellipsis", no_wrap=True), refresh=True)

    def line(self, tally: Tally, seconds: float) -> str:
        """Return the state of the run on one line."""
        rate = tally.rows / seconds if seconds > 0 else 0.0
        rows = counted(tally.rows, "row")
        if self._total is not None:
            rows = f"{tally.rows:,}/{counted(self._total, 'row')}"
        parts = [rows, f"{rate:.1f} rows/s"]
        if self._total is not None and rate > 0:
            left = max(0, self._total - tally.rows) / rate
            parts.append(
                f"{int(left // 3600)}:{int(left % 3600 // 60):02}:{int(left % 60):02} left"
            )
        parts += [counted(tally.errors, "error"), to_look_at(tally.to_look_at)]
        if tally.usage.calls:
            parts.append(counted(tally.usage.input_tokens + tally.usage.output_tokens, "token"))
        spent, cap = self._opened.spent_usd, self._opened.cap_usd
        if spent is not None:
            parts.append(f"${spent:.4f}" + (f" of ${cap}" if cap is not None else ""))
        return ", ".join(parts)
