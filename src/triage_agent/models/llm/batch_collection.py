"""Looks how far batches are, and collects what they have answered."""

import asyncio
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field

from triage_agent.errors import StopError
from triage_agent.intake import counted
from triage_agent.models.llm.batch_ledger import Batch, BatchLedger
from triage_agent.models.llm.batch_limits import WaitingTokens
from triage_agent.models.llm.batch_results import BatchResults
from triage_agent.models.llm.batch_service import BatchService, MissingError, Seen
from triage_agent.models.llm.budget import cost
from triage_agent.models.llm.prices import Price
from triage_agent.models.llm.store import Store
from triage_agent.types import Usage

MOST_REFUSED = 10  # requests of a batch, or a tenth: more are no matter of single texts


@dataclass(slots=True)
class Collection:
    """What comes back of batches in one run."""

    service: BatchService
    ledger: BatchLedger
    cache: Store
    price: Price | None  # in a batch
    tokens: WaitingTokens
    seen: dict[str, Seen] = field(default_factory=dict)  # how far each is, by our key
    notes: list[str] = field(default_factory=list)  # what the user should know
    _results: dict[str, BatchResults] = field(default_factory=dict)
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, batch: Batch) -> bool:
        """Return whether an open batch has ended; what it cost is then in the ledger."""
        try:
            seen = await self.service.look(batch.remote)
        except MissingError as error:
            raise StopError(
                f"{self.service.host} does not know the batch {batch.remote}: it was deleted, or "
                "belongs to another key. Check OPENAI_API_KEY; --cancel gives the batch up, so "
                "that the next run submits its questions anew.",
                "not_found",
            ) from error
        self.seen[batch.run] = seen
        if not seen.ended:
            self.ledger.note_status(batch.run, seen.status)
        elif seen.status == "failed":
            await self._failed(batch, seen)
        else:
            await self._settle(batch, seen)
        return seen.ended

    async def results(self, batch: Batch) -> BatchResults:
        """Return the answers of a batch that has ended."""
        async with self._lock:
            if batch.run not in self._results:
                await self._read(batch, batch.output_file, batch.error_file)
        results = self._results[batch.run]
        self._check_refused(batch, results)
        return results

    def left(self, batch: Batch) -> Iterator[str]:
        """Yield the answers of a batch that nobody has asked for, and that are not cached."""
        results = self._results.get(batch.run)
        return (one for one in (results.left() if results else ()) if not self.cache.find(one))

    async def close(self, batch: Batch) -> bool:
        """Delete a batch's files at the provider, and forget it, if all its answers are cached."""
        await self.results(batch)
        if left := sum(1 for _ in self.left(batch)):
            self.notes.append(
                f"{counted(left, 'answer')} of the batch {batch.remote} belong to problems that "
                "were not among these forms. They stay at the provider, and a run over those forms "
                "still collects them."
            )
            return False
        for file in (batch.input_file, batch.output_file, batch.error_file):
            if file:
                await self.service.delete(file)
        self.ledger.remove(batch.run)
        self._results.pop(batch.run).file.close()
        return True

    def forget(self) -> None:
        """Close the files that hold answers."""
        for results in self._results.values():
            results.file.close()
        self._results.clear()

    async def cancel(self, batch: Batch) -> Seen | None:
        """Return an open batch that was told to end; None: the provider does not know it."""
        try:
            seen = await self.service.cancel(batch.remote)
        except MissingError:
            questions = self.ledger.questions(batch.run)
            ended = ("missing", "", "")
            self.ledger.settle(batch, ended, batch.reserved, Usage(), questions)
            self.ledger.remove(batch.run)
            return None
        self.seen[batch.run] = seen
        return seen

    async def _failed(self, batch: Batch, seen: Seen) -> None:
        """Give a batch back that the provider refused as a whole, and learn why."""
        said = "; ".join(f"{code}: {message}" for code, message in seen.errors) or "no reason"
        await self.service.delete(batch.input_file)
        self.ledger.give_back(batch.run)
        if not self.tokens.learn(said, batch.tokens):
            raise StopError(
                f"{self.service.host} refused the batch {batch.remote}, and nothing of it was "
                f"asked. It said: {said[:500]}. Without --batch-api, the same command asks live.",
                "refused",
            )
        self.notes.append(
            f"{self.service.host} lets fewer tokens wait in batches than were submitted: the rest "
            "is submitted in parts, as the batches before them end."
        )

    async def _settle(self, batch: Batch, seen: Seen) -> None:
        """Write what an ended batch cost and what it left unanswered."""
        results = await self._read(batch, seen.output_file, seen.error_file, settled=False)
        ended = (seen.status, seen.output_file, seen.error_file)
        unanswered = results.unanswered(self.ledger.questions(batch.run))
        billed = self._billed(batch, seen, results)
        self.ledger.settle(batch, ended, billed, results.usage, unanswered)
        if unanswered:
            self.notes.append(
                f"The batch {batch.remote} is {seen.status} and left {len(unanswered)} of "
                f"{batch.requests} questions unanswered; they go into another."
            )
        self._check_refused(batch, results)

    def _billed(self, batch: Batch, seen: Seen, results: BatchResults) -> int:
        """Return the micro-dollars that a batch cost; what cannot be read counts in full."""
        if self.price is None or results.lost:
            return batch.reserved
        reported = Usage(0, seen.input_tokens, seen.output_tokens)
        lost = max(results.unreadable, seen.completed - results.answered, 0)
        share = -(-batch.reserved // batch.requests)
        lines = cost(results.usage, self.price) + min(lost * share, batch.reserved)
        return max(lines, cost(reported, self.price))

    async def _read(
        self, batch: Batch, output: str, errors: str, *, settled: bool = True
    ) -> BatchResults:
        """Return what the files of a batch say, read anew."""
        results = BatchResults(tempfile.TemporaryFile(), batch.mode, batch.room)  # noqa: SIM115
        try:
            for file in filter(None, (output, errors)):
                await self.service.read(file, results.file)
        except MissingError:
            questions = [
                one for one in self.ledger.questions(batch.run) if not self.cache.find(one)
            ]
            if settled:
                self.ledger.free(batch.run, questions)
            results.lost = True
        results.read(self.ledger.questions(batch.run))
        self._results[batch.run] = results
        return results

    def _check_refused(self, batch: Batch, results: BatchResults) -> None:
        """Raise `StopError` if so many requests were refused that it is not because of a text."""
        if results.refused > max(MOST_REFUSED, batch.requests // 10):
            raise StopError(
                f"{self.service.host} refused {results.refused} of {batch.requests:,} requests of "
                f"the batch {batch.remote} ({results.refusal}). Without "
                "--batch-api, the same command asks them live.",
                "refused",
            )
