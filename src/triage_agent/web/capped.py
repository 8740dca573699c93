"""A language model up to a cost per day; beyond it, and where it fails, the embedded model."""

import logging
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path

from triage_agent.errors import TriageError
from triage_agent.intake import Rejected, SplitText
from triage_agent.settings import Backend, Options
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification, Problem

LOG = logging.getLogger(__name__)
ANSWERS = "answers.sqlite3"  # of the language model, in the data folder


def _today() -> date:
    return datetime.now(UTC).date()


class CappedTriage(AsyncTriage):
    """Asks a language model until the day's money is spent; the day is that of UTC.

    What it spent stands in the data folder, so a restart begins no new day.
    """

    def __init__(
        self,
        options: Options,
        usd_per_day: Decimal,
        data: Path,
        today: Callable[[], date] = _today,
    ) -> None:
        """Open both; raises `SettingsError` if no cap can be enforced, or an option cannot work."""
        self._asked = replace(
            options, backend=Backend.LLM, cache=data / ANSWERS, max_cost=float(usd_per_day)
        )
        self._embedded, self._today = AsyncTriage(Options()), today
        self._open(today())

    def _open(self, day: date) -> None:
        """Open the language model for a day; its account is the day's."""
        self._day = day
        self._llm = AsyncTriage(replace(self._asked, account=f"serve {day}"))
        self._said = False
        self._use(self._llm.backend, self._llm.options)

    async def classify(self, problem: str | Problem | Rejected) -> Classification:
        """Return the language model's answer, else the embedded model's: its row says which."""
        await self._begin_day()
        try:
            row = await self._llm.classify(problem)
        except TriageError as error:
            self._say(error)
        else:
            if row.error is None or isinstance(problem, Rejected):
                return row
        return await self._embedded.classify(problem)

    async def split_closely(self, text: str, doubtful: SplitText) -> SplitText:
        """Return what the language model makes of a text; if it cannot be asked, it stays so."""
        await self._begin_day()
        try:
            return await self._llm.split_closely(text, doubtful)
        except TriageError as error:
            self._say(error)
            return doubtful

    async def _begin_day(self) -> None:
        """Open the language model for another day, if one has begun."""
        if (day := self._today()) != self._day:
            before = self._llm
            self._open(day)
            await before.backend.drain()
            await before.aclose()

    def forget(self) -> None:
        """Delete every answer of the language model from the disk; what it cost stays."""
        if self._llm.backend.llm:
            self._llm.backend.llm.database.clear()

    async def aclose(self) -> None:
        """Close both."""
        await self._llm.aclose()
        await self._embedded.aclose()

    def _say(self, error: TriageError) -> None:
        """Say once a day why the embedded model answers."""
        if not self._said:
            LOG.warning("the embedded model answers for now: %s", error.message)
        self._said = True
