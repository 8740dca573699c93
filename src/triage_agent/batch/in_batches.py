"""A run whose language model is asked through the batches of its provider, at their price.

The rows are gone through as in any run, only that a question without an answer goes into a batch
instead of to the server. When all have an answer, the ordinary run follows, and has nothing to ask.
"""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import aclosing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triage_agent.batch.group import Spool
from triage_agent.batch.tally import Tally
from triage_agent.errors import ServiceError, SettingsError, StopError, TriageError
from triage_agent.files import beside, write_json
from triage_agent.intake import counted
from triage_agent.models import (
    Batch,
    BatchJobs,
    CachingAnswerer,
    CostCapError,
    OpenBackend,
    Price,
    in_usd,
    open_batches,
)
from triage_agent.settings import Choice, Options
from triage_agent.types import Usage

PATIENCE = 10  # looks at batches that fail in a row, after which the run stops
AGAIN = "Run the same command again to collect the answers"

Report = Callable[[str], None]
Walk = Callable[[Spool], AsyncGenerator[Tally, None]]  # over all rows, into a spool


@dataclass(frozen=True, slots=True)
class WantedBatches:
    """How a run uses the batches of its provider."""

    detach: bool = False  # end when all is submitted
    cancel: bool = False  # end what is under way, and do nothing else
    tokens: int | None = None  # that may wait at the provider; None: as many as it takes
    every_s: float = 30.0  # between two looks
    price: str | None = None  # of a batch, INPUT/OUTPUT; None: that of the model, less its discount


def batches_path(out: Path) -> Path:
    """Return where the batches of a run stand."""
    return beside(out, ".batches.json")


def open_in_batches(
    opened: OpenBackend,
    choice: Choice,
    options: Options,
    wanted: WantedBatches,
    out: Path,
    report: Report,
) -> "InBatches":
    """Return the way of a run through batches behind an open backend, or `SettingsError`."""
    if opened.llm is None:
        raise SettingsError(
            "--batch-api is about a language model, and the embedded model answers here. Name an "
            "LLM with --model."
        )
    llm = opened.llm
    jobs = open_batches(llm, choice, options, tokens=wanted.tokens, price=wanted.price)
    return InBatches(jobs, llm.caching, out, wanted, report)


@dataclass(slots=True)
class InBatches:
    """The way of one run through its batches."""

    jobs: BatchJobs
    caching: CachingAnswerer[Any]
    out: Path
    wanted: WantedBatches
    report: Report
    walk: Walk | None = None  # set before the first question is asked
    waits: bool = False  # for batches that have not ended
    usage: Usage = field(default_factory=Usage)  # of the answers that came before the rows
    _cached: int | None = None  # answers that were in the cache when the run began
    _rows: list[dict[str, Any]] = field(default_factory=list)  # as they were written last
    _said: list[tuple[str, str, int]] = field(default_factory=list)  # how far the batches are
    _failures: int = 0

    async def ask(self) -> bool:
        """Return whether every question has an answer; False: they are submitted, and it detaches.

        Raises what stops the run: `CostCapError`, `StopError`, `ServiceError`.
        """
        await self.jobs.submission.recover()
        while True:
            self.jobs.begin()
            try:
                await self._through()
                await self.jobs.submit()
            except TriageError:
                self.jobs.submission.full = "stopped"  # what is under way submits nothing more
                raise
            finally:
                self._write()
            self._say_submitted()
            self._say_asked_live()
            if not self.jobs.pending:
                self.jobs.live = True
                return True
            self._check_progress()
            self.waits = True
            if not await self._wait():
                return False
            self.waits = False

    async def end(self) -> None:
        """Delete what was collected at the provider; what fails, the next run deletes."""
        self.caching.hits = self._cached or 0  # the rows found all answers there
        try:
            await self.jobs.look()  # at what no question of these forms waits for
            await self.jobs.close()
        except (ServiceError, StopError) as error:
            self.report(
                f"{error.message} The files of the batches are still at the provider; the same "
                "command deletes them."
            )
        if still := self.jobs.open:
            self.report(
                f"Still under way for this output: {counted(len(still), 'batch', 'batches')}. No "
                "problem of these forms waits for an answer from there; --cancel ends it."
            )
        self._say_notes()
        self._write()

    async def cancel(self) -> None:
        """End the batches of this output."""
        lines = await self.jobs.cancel()
        for line in lines:
            self.report(line)
        if not lines:
            self.report("No batch of this output is under way.")
        else:
            self.report(
                "What was answered by then is paid for: the same command without --cancel "
                "collects it, and asks the rest."
            )
        self._write()

    @property
    def record(self) -> dict[str, Any]:
        """What OUT.run.json says about the batches."""
        return {"batches": self._rows}

    async def aclose(self) -> None:
        """Close connections and files."""
        await self.jobs.aclose()

    async def _through(self) -> None:
        """Go through all rows once; their answers are cached then, or their questions wait."""
        if self.walk is None:
            raise RuntimeError("there are no rows to go through")
        spool = Spool()
        try:
            async with aclosing(self.walk(spool)) as rows:
                usage = Usage()
                async for tally in rows:
                    usage = tally.usage
        finally:
            spool.close()
        self.usage += usage
        if self._cached is None:
            self._cached = self.caching.hits

    async def _wait(self) -> bool:
        """Wait until the next pass makes sense; False: not to be waited for."""
        full = bool(self.jobs.submission.full)
        while True:
            ended = await self._look()
            # Where a limit is full, any batch that ends makes room.
            still = self.jobs.open if full else self.jobs.awaited
            self._write()
            self._say(still)
            if not still or (full and ended):
                return True
            if self.wanted.detach:
                self.report(
                    f"The batches go on without this machine, for up to 24 hours. {AGAIN}; "
                    f"{batches_path(self.out).name} says where they are, and --cancel ends them."
                )
                return False
            await asyncio.sleep(self.wanted.every_s)

    async def _look(self) -> int:
        """Return how many batches have ended since the last look; a server may be away for one."""
        try:
            ended = await self.jobs.look()
        except ServiceError as error:
            self._failures += 1
            if self._failures >= PATIENCE:
                raise
            self.report(f"{error.message} The batches are looked at again.")
            return 0
        self._failures = 0
        self._say_notes()
        return ended

    def _check_progress(self) -> None:
        """Raise what stands in the way if nothing is under way and nothing could be submitted."""
        full = self.jobs.submission.full
        if self.jobs.open or not full:
            return
        if full == "cap":
            raise CostCapError(
                f"The cost cap has no room for the next batch: {self.jobs.unsubmitted} questions "
                "are not submitted. Answers received so far are cached: run the same command with "
                "a higher --max-cost to continue."
            )
        raise StopError(
            "No more tokens may wait in batches than one request has. Raise --batch-tokens if you "
            "gave it; else other batches of this account fill the limit: run again later, or ask "
            "live, without --batch-api.",
            "quota",
        )

    def _say_submitted(self) -> None:
        """Say what was submitted in this pass, and what it costs at most."""
        sent = self.jobs.submission
        if not sent.submitted:
            return
        named = counted(len(sent.submitted), "batch", "batches")
        line = f"{counted(sent.requests, 'question')} in {named} at {sent.service.host}"
        if sent.price is not None:
            most = sum(sent.submitted.values())
            line += f": {in_usd(most)} at most{self._beside_live(sent.price, most)}"
        self.report(line)
        sent.submitted.clear()
        sent.requests = 0
        if sent.full:
            why = "cost cap" if sent.full == "cap" else "limit of waiting tokens"
            self.report(f"The rest is submitted when these have ended: the {why} has no room now.")

    def _say_asked_live(self) -> None:
        """Say how many questions went to the server at the full price, because no batch helped."""
        if number := self.jobs.asked_live:
            self.report(
                f"{counted(number, 'question')} that a batch refused, or three left unanswered, "
                f"{'was' if number == 1 else 'were'} asked live."
            )
            self.jobs.asked_live = 0

    def _beside_live(self, price: Price, most: int) -> str:
        """Return what the same questions would cost live, in words."""
        live = self.jobs.live_price
        if live is None or not price.output_usd_per_million:
            return ""
        share = live.output_usd_per_million / price.output_usd_per_million
        if share <= 1:
            return "; no discount in batches is known for this model (see --batch-price)"
        return f", {in_usd(int(most * share))} if they were asked live"

    def _say(self, still: list[Batch]) -> None:
        """Say how far the batches are, whenever a state has changed, or a tenth is answered."""
        parts, state = [], []
        for batch in still:
            seen = self.jobs.collection.seen.get(batch.run)
            done = f", {seen.completed:,} of {batch.requests:,} answered" if seen else ""
            tenths = 10 * seen.completed // max(batch.requests, 1) if seen else 0
            state.append((batch.run, batch.status, tenths))
            parts.append(f"{batch.remote or 'a batch'} {batch.status or batch.state}{done}")
        if parts and state != self._said:
            self.report("; ".join(parts))
        self._said = state

    def _say_notes(self) -> None:
        notes = self.jobs.collection.notes
        for note in notes:
            self.report(note)
        notes.clear()

    def _write(self) -> None:
        """Write OUT.batches.json."""
        self._rows = self.jobs.rows()
        write_json(batches_path(self.out), {"batches": self._rows})
