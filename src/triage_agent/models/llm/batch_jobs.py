"""The batches of one run: what a command sees of them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from triage_agent.errors import ServiceError, StopError
from triage_agent.models.llm.batch_answering import Collected, PendingError
from triage_agent.models.llm.batch_collection import Collection
from triage_agent.models.llm.batch_file import BatchRequest
from triage_agent.models.llm.batch_ledger import CREATING, OPEN, SETTLED, Batch, BatchLedger
from triage_agent.models.llm.batch_service import BatchService
from triage_agent.models.llm.batch_submission import Submission
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.prices import Price
from triage_agent.models.protocols import ChatRequest

MOST_TRIES = 3  # batches that leave a question unanswered, after which it is asked live


@dataclass(slots=True)
class BatchJobs:
    """Where the questions of a run wait; see `Batches`."""

    chat: OpenAIChat
    ledger: BatchLedger
    service: BatchService
    submission: Submission
    collection: Collection
    waiting: set[str] = field(default_factory=set)  # batches in which a question waits, by our key
    live_price: Price | None = None  # where it is asked live
    live: bool = False  # a question that is in no batch is asked live
    unsubmitted: int = 0  # questions that are to go into a batch
    asked_live: int = 0  # questions that batches refused, or never answered
    used: set[str] = field(default_factory=set)  # ended batches whose answers were asked for
    closed: list[dict[str, Any]] = field(default_factory=list)  # what `rows` says of the rest

    def is_in_one(self, question: str) -> bool:
        """Return whether a question is in a batch, or must be asked live."""
        run, tries = self.ledger.find(question)
        return bool(run) or tries >= MOST_TRIES

    async def take(self, question: str) -> Collected | None:
        """Return what a batch answered; None: ask live. Raises `PendingError`."""
        run, _ = self.ledger.find(question)
        batch = self.ledger.batch(run) if run else None
        if batch is None:
            self.asked_live += 1
            return None
        if batch.state != SETTLED:
            self.waiting.add(run)
            raise PendingError
        with _concerns_the_run():
            results = await self.collection.results(batch)
        self.used.add(run)
        payload = results.take(question)
        if payload is None and self.ledger.find(question)[0] != run:  # its file is gone
            self.unsubmitted += 1
            raise PendingError
        if payload is None:
            self.asked_live += 1
            return None
        return Collected(payload, results.mode, results.room or None)

    async def put(self, question: str, request: ChatRequest) -> None:
        """Put a question into a batch, or leave it for a later one if there is no room now."""
        body, mode, room = self.chat.body_of(request)
        price = self.submission.price
        with _concerns_the_run():
            await self.submission.put(BatchRequest.of(question, body, mode, room, price))
        self.unsubmitted += 1

    def begin(self) -> None:
        """Forget what an earlier pass over the questions found."""
        self.waiting.clear()
        self.unsubmitted, self.submission.full = 0, ""

    @property
    def pending(self) -> bool:
        """Whether a question of this pass has no answer yet."""
        return bool(self.waiting or self.unsubmitted)

    async def look(self) -> int:
        """Look at all batches that concern this run, and return how many have ended now."""
        ended = 0
        for batch in self._ours():
            if batch.state == CREATING and self.ledger.is_free(batch):
                ended += not await self.submission.adopt(batch)
            elif batch.state == OPEN:
                ended += await self.collection.look(batch)
        return ended

    @property
    def awaited(self) -> list[Batch]:
        """The batches in which questions of this pass wait."""
        return [one for one in self.open if one.run in self.waiting]

    async def submit(self) -> None:
        """Submit what the last file holds; all that this pass has submitted is waited for."""
        await self.submission.flush()
        self.waiting.update(self.submission.submitted)

    @property
    def open(self) -> list[Batch]:
        """The batches that concern this run and have not ended."""
        return [one for one in self._ours() if one.state != SETTLED]

    async def close(self) -> None:
        """Delete at the provider what was collected in full, and forget it here."""
        for batch in self.ledger.batches(self.submission.base_url):
            mine = batch.account == self.ledger.account or batch.run in self.used
            if batch.state == SETTLED and mine:
                row = self._row(batch)
                if await self.collection.close(batch):
                    self.closed.append(row | {"state": "collected"})
        self.ledger.forget_tries()

    async def cancel(self) -> list[str]:
        """End the batches of this output, and return a line about each."""
        await self.submission.recover()
        lines = []
        for batch in self.open:
            if batch.state != OPEN or batch.account != self.ledger.account:
                continue
            seen = await self.collection.cancel(batch)
            if seen is None:
                lines.append(f"batch {batch.remote}: the provider does not know it; given up")
            else:
                self.ledger.note_status(batch.run, seen.status)
                done = f"{seen.completed:,} of {batch.requests:,} questions answered"
                lines.append(f"batch {batch.remote}: {seen.status}, {done}")
        return lines

    def rows(self) -> list[dict[str, Any]]:
        """Return what a file for people and programs says about each batch."""
        return [*self.closed, *(self._row(batch) for batch in self._ours())]

    async def aclose(self) -> None:
        """Close the connections, and the files that hold answers."""
        self.submission.close()
        self.collection.forget()
        await self.service.aclose()

    def _row(self, batch: Batch) -> dict[str, Any]:
        seen = self.collection.seen.get(batch.run)
        return {
            "run": batch.run,
            "batch": batch.remote or None,
            "model": batch.model,
            "base_url": batch.base_url,
            "state": batch.state,
            "status": batch.status or None,
            "created": datetime.fromtimestamp(batch.created, UTC).isoformat(timespec="seconds"),
            "requests": batch.requests,
            "answered": seen.completed if seen else None,
            "failed": seen.failed if seen else None,
            "reserved_usd": str(Decimal(batch.reserved).scaleb(-6)),
            "cost_usd": None if batch.cost is None else str(Decimal(batch.cost).scaleb(-6)),
            "input_file": batch.input_file or None,
            "output_file": batch.output_file or None,
            "error_file": batch.error_file or None,
        }

    def _ours(self) -> list[Batch]:
        """Return the batches that this run made, or waits for."""
        return [
            one
            for one in self.ledger.batches(self.submission.base_url)
            if one.account == self.ledger.account or one.run in self.waiting | self.used
        ]


@contextmanager
def _concerns_the_run() -> Iterator[None]:
    """Make an error of the service one of the whole run: no single text has caused it."""
    try:
        yield
    except ServiceError as error:
        raise StopError(error.message, "unreachable") from error
