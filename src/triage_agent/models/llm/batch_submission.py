"""Puts questions into batches, each once, whatever is killed when.

What is certain is in the ledger before anything is done that cannot be done twice. Whether a batch
was created is the one thing that may be unclear: then it is looked for in the provider's list, by
our key or by its input file. Where it is not there, the input file is deleted before its questions
go into another batch: a creation that is still under way finds nothing to create it from.
"""

import asyncio
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field
from uuid import uuid4

from triage_agent.errors import ServiceError, StopError
from triage_agent.models.llm.batch_file import BatchRequest, RequestFile
from triage_agent.models.llm.batch_ledger import CREATING, Batch, BatchLedger
from triage_agent.models.llm.batch_limits import WaitingTokens, limit_refused
from triage_agent.models.llm.batch_service import BatchService, Seen, UnclearError
from triage_agent.models.llm.prices import Price

UNCLEAR_CREATIONS = 3  # one after the other, after which the run stops
LOOKS = 3  # for a batch of which nobody knows whether it was created
BETWEEN_LOOKS_S = 1.0
RATE_LIMITS = 5  # refusals of a creation for the rate, which are waited for


@dataclass(slots=True)
class Submission:
    """What goes into batches in one run.

    `full` says why no more questions may be submitted until a batch has ended; empty: they may.
    """

    service: BatchService
    ledger: BatchLedger
    base_url: str
    model: str
    price: Price | None  # in a batch
    cap: int | None  # micro-dollars that the account may spend
    tokens: WaitingTokens
    on_wait: Callable[[float], None] = lambda _: None
    full: str = ""
    submitted: dict[str, int] = field(default_factory=dict)  # micro-dollars reserved, by batch
    requests: int = 0  # in those batches
    _file: RequestFile | None = None
    _room: int | None = None  # micro-dollars that were free when the file was begun
    _tokens_left: int | None = None
    _overrun: int = 1000
    _unclear: int = 0
    _lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def put(self, request: BatchRequest) -> None:
        """Put a request into the file of the next batch, unless there is no room for it now."""
        async with self._lock:
            if self.full or (self._file and request.question in self._file.bounds):
                return
            if self._file and not self._file.has_room(request):
                await self._submit()
            file = self._file or self._begin(request)
            self.full = self._what_is_full(file, request)
            if not self.full:
                file.add(request)

    async def flush(self) -> None:
        """Submit what the last file holds."""
        async with self._lock:
            if self._file:
                await self._submit()

    def close(self) -> None:
        """Remove the file that was not submitted, if there is one."""
        if self._file:
            self._file.close()

    async def recover(self) -> None:
        """Adopt the batches that a killed run has created, and give back those that it has not.

        What another run submits at this moment is left to it.
        """
        for batch in self.ledger.batches(self.base_url):
            if batch.state == CREATING and self.ledger.is_free(batch):
                await self.adopt(batch)

    async def adopt(self, batch: Batch) -> bool:
        """Return whether a batch was created, which is in the ledger from now on."""
        if not batch.input_file:  # so nobody has asked for it
            async for file in self.service.files_named(_name(batch.run)):
                await self.service.delete(file)
            self.ledger.give_back(batch.run)
            return False
        seen = await self.service.find(batch.run, batch.input_file, batch.created)
        if seen is None:
            await self.service.delete(batch.input_file)
            seen = await self.service.find(batch.run, batch.input_file, batch.created)
        if seen is None:
            self.ledger.give_back(batch.run)
            return False
        self.ledger.note_open(batch.run, seen.remote, seen.status)
        return True

    def _begin(self, request: BatchRequest) -> RequestFile:
        self._file = RequestFile(request.mode, request.room)
        self._room, self._overrun = self.ledger.room(self.cap), self.ledger.overrun()
        self._tokens_left = self.tokens.left()
        return self._file

    def _what_is_full(self, file: RequestFile, request: BatchRequest) -> str:
        """Return which limit a request would pass: `cap` or `tokens`; empty: none."""
        bound = -(-(file.bound + request.bound) * self._overrun // 1000)
        if self._room is not None and bound > self._room:
            return "cap"
        left = self._tokens_left
        return "tokens" if left is not None and file.tokens + request.tokens > left else ""

    async def _submit(self) -> None:
        """Submit the file that is there, and remove it."""
        file, self._file = self._file, None
        if file is None:
            return
        try:
            if file.bounds:
                await self._plan_and_create(file)
        finally:
            file.close()

    async def _plan_and_create(self, file: RequestFile) -> None:
        run = str(uuid4())
        batch = Batch.planned(run, self.base_url, self.model, file.tokens, file.mode, file.room)
        taken = self.ledger.plan(batch, file.bounds, self.cap)
        if taken is None:  # another run of this output's account was faster
            self.full = "cap"
        elif taken:
            if len(taken) == len(file.bounds):
                await self._create(run, file)
            else:
                with closing(file.only(taken)) as mine:
                    await self._create(run, mine)

    async def _create(self, run: str, file: RequestFile) -> None:
        """Upload the file, and create the batch; what stays unclear is adopted or given back."""
        input_file = await self.service.upload(_name(run), file.file)
        held = self.ledger.note_file(run, input_file)
        planned = self.ledger.batch(run)
        if planned is None or not held:
            await self.service.delete(input_file)
            return
        try:
            seen = await self._asked_for(run, input_file)
        except UnclearError as error:
            self._unclear += 1
            if await self._found(planned):
                self._unclear = 0
            elif self._unclear >= UNCLEAR_CREATIONS:
                raise ServiceError(
                    f"{self.service.host} failed {UNCLEAR_CREATIONS} times when a batch was to be "
                    "created. Nothing was submitted twice: run the same command again later.",
                    "server",
                ) from error
            else:
                return
        except StopError as error:
            if not self.tokens.learn(error.message, file.tokens):
                raise  # it is left as it is; the next run finds that it was not created
            await self.service.delete(input_file)
            self.ledger.give_back(run)  # the next pass makes smaller batches of it
            return
        else:
            if seen is None:
                await self.service.delete(input_file)
                return
            self.ledger.note_open(run, seen.remote, seen.status)
        self.submitted[run] = planned.reserved
        self.requests += planned.requests

    async def _asked_for(self, run: str, input_file: str) -> Seen | None:
        """Return the new batch; where the provider refuses it for the rate, ask again later.

        None: that took so long that another run has taken the questions over.
        """
        for attempt in range(RATE_LIMITS):
            if attempt and not self.ledger.note_file(run, input_file):
                return None
            try:
                return await self.service.create(input_file, run)
            except ServiceError as error:
                if not error.retryable or attempt + 1 == RATE_LIMITS:
                    raise
                if limit_refused(error.message) is not None:
                    raise StopError(error.message, "quota") from error
                seconds = error.wait_s or BETWEEN_LOOKS_S
                self.on_wait(seconds)
                await asyncio.sleep(seconds)
        return None

    async def _found(self, planned: Batch) -> bool:
        """Return whether a batch was created after all; it may show in the list a little later."""
        for look in range(LOOKS):
            if look:
                await asyncio.sleep(BETWEEN_LOOKS_S)
            seen = await self.service.find(planned.run, planned.input_file, planned.created)
            if seen is not None:
                self.ledger.note_open(planned.run, seen.remote, seen.status)
                return True
        return await self.adopt(planned)


def _name(run: str) -> str:
    """Return the name under which a batch's file of requests is uploaded."""
    return f"triage-{run}.jsonl"
