"""The provider's endpoints for files and batches, through the SDK, with errors of ours.

What may be asked twice is asked again, by the SDK, when it fails. `create` is asked once: there is
no key by which a provider would know it again, and the answer may be what was lost.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from typing import IO, Any

import httpx2
import openai
from openai.types import Batch as RemoteBatch

from triage_agent.errors import ServiceError, StopError, TriageError
from triage_agent.models.llm.addresses import Address, is_local
from triage_agent.models.llm.attempts import refusal_of
from triage_agent.models.llm.batch_file import ENDPOINT, room_for_it
from triage_agent.models.llm.explanations import explain
from triage_agent.models.llm.failures import failure
from triage_agent.models.llm.refusals import Refusal
from triage_agent.models.llm.transport import proxy_for, timeouts

KEY = "triage_run"  # of our own key in a batch's metadata
PAGE = 100  # batches of a listing, the most that is allowed
RETRIES = 5  # of what may be asked twice; the SDK waits 0.5 s, doubled up to 8 s
ATTEMPTS = 3  # of what the SDK cannot repeat by itself: a file that is sent or read
ENDED = frozenset({"completed", "failed", "expired", "cancelled"})
UNCLEAR = frozenset({408, 409})  # and all from 500 on: it may have been created nevertheless


class UnclearError(Exception):
    """Nobody knows whether a batch was created."""


class MissingError(Exception):
    """The provider does not have what was asked for."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A batch as the provider shows it."""

    remote: str
    run: str  # our key; empty: it is none of ours, or the provider keeps no metadata
    status: str
    input_file: str
    created: float
    output_file: str
    error_file: str
    completed: int
    failed: int
    total: int
    errors: tuple[tuple[str, str], ...]  # why it failed as a whole: codes and messages
    input_tokens: int
    output_tokens: int

    @property
    def ended(self) -> bool:
        """Whether nothing of it will change any more."""
        return self.status in ENDED


class BatchService:
    """Files and batches at one address; every error is a `TriageError`, or one of the above."""

    def __init__(self, address: Address, model: str, key: str, timeout_s: float) -> None:
        self._address, self._model, self._key = address, model, key
        local = is_local(address.host)
        headers = address.key_headers(key)
        only_own = bool(headers) and not address.wants_bearer
        self._client = openai.AsyncOpenAI(
            api_key=key or "none",
            base_url=address.base_url,
            default_headers=headers,
            default_query=dict([address.query.split("=", 1)]) if address.query else None,
            max_retries=RETRIES,
            timeout=timeouts(timeout_s),
            http_client=openai.DefaultAsyncHttpxClient(
                timeout=timeouts(timeout_s),
                # The environment's proxy is not for this machine, its certificates are for all.
                trust_env=False,
                event_hooks={"request": [_without_bearer] if only_own else []},
                verify=httpx2.create_ssl_context() if "https:" in address.base_url else True,
                follow_redirects=False,
                proxy=None if local else proxy_for(address.base_url),
            ),
        )
        self._once = self._client.with_options(max_retries=0)

    @property
    def host(self) -> str:
        """Whose service it is."""
        return self._address.host

    async def upload(self, name: str, content: IO[bytes]) -> str:
        """Return the id of a file of requests, under our name for it."""
        for attempt in range(1, ATTEMPTS + 1):
            content.seek(0)  # the SDK would go on where the last attempt was cut
            try:
                made = await self._asked(
                    lambda: self._once.files.create(file=(name, content), purpose="batch")
                )
                if attempt > 1:  # what an attempt left that was cut off after all was there
                    async for file in self.files_named(name):
                        if file != made.id:
                            await self.delete(file)
                return str(made.id)
            except MissingError as error:
                raise StopError(
                    f"{self.host} takes no files for batches: it has none. Ask live, without "
                    "--batch-api.",
                    "not_found",
                ) from error
            except ServiceError as error:
                if attempt == ATTEMPTS or not error.retryable:
                    raise
                await asyncio.sleep(min(error.wait_s or 0.5 * attempt, 30.0))
        raise AssertionError  # the loop returns or raises

    async def create(self, input_file: str, run: str, *, metadata: bool = True) -> Seen:
        """Return a new batch over a file of requests, or raise `UnclearError`."""
        try:
            made = await self._once.batches.create(
                input_file_id=input_file,
                endpoint=ENDPOINT,
                completion_window="24h",
                metadata={KEY: run} if metadata else openai.omit,
            )
        except openai.APIStatusError as error:
            if error.status_code in UNCLEAR or error.status_code >= 500:
                raise UnclearError from error
            refusal = refusal_of(error)
            if metadata and error.status_code in {400, 422} and "metadata" in refusal.own_words:
                return await self.create(input_file, run, metadata=False)
            raise self._refused(refusal) from error
        except (openai.OpenAIError, ValueError) as error:
            lost = failure(error, self._address.place)
            if not lost.sent:
                raise lost from error
            raise UnclearError from error
        return _seen(made)

    async def find(self, run: str, input_file: str, since: float) -> Seen | None:
        """Return our batch from the provider's list of all; the older of two."""
        found: list[Seen] = []
        after: Any = openai.omit
        while True:
            page = await self._page(after)
            batches = [_seen(one) for one in page.data or []]
            found += [one for one in batches if run == one.run or input_file == one.input_file]
            # The newest come first. Clocks differ, and a day is less than a batch is kept.
            old = batches and all(one.created < since - 86_400 for one in batches)
            if not batches or not page.has_more or old:
                return min(found, key=lambda one: one.created) if found else None
            after = batches[-1].remote

    async def look(self, remote: str) -> Seen:
        """Return a batch, or raise `MissingError`."""
        return _seen(await self._asked(lambda: self._client.batches.retrieve(remote)))

    async def cancel(self, remote: str) -> Seen:
        """Return a batch that was told to end; what is done by then is kept, and paid for."""
        return _seen(await self._asked(lambda: self._client.batches.cancel(remote)))

    async def read(self, file: str, into: IO[bytes]) -> None:
        """Write a file's content behind what is there, or raise `MissingError`."""
        start = into.seek(0, os.SEEK_END)

        async def fetch() -> None:
            into.seek(start)
            into.truncate()
            async with self._client.files.with_streaming_response.content(file) as answer:
                async for part in answer.iter_bytes():
                    with room_for_it():
                        into.write(part)
            with room_for_it():
                into.write(b"\n")  # the last line may lack its own

        for attempt in range(1, ATTEMPTS + 1):
            try:
                await self._asked(fetch)
                return
            except ServiceError as error:
                if attempt == ATTEMPTS or not error.retryable:
                    raise
                await asyncio.sleep(0.5 * attempt)

    async def delete(self, file: str) -> None:
        """Delete a file; one that is gone already is no error."""
        try:
            await self._asked(lambda: self._client.files.delete(file))
        except MissingError:
            return

    async def files_named(self, name: str) -> AsyncIterator[str]:
        """Yield the ids of the files that were uploaded under a name of ours."""
        try:
            page = await self._asked(lambda: self._client.files.list(purpose="batch"))
        except MissingError:  # it lists no files: one that is left over goes when it expires
            return
        for one in page.data or []:
            if one.filename == name:
                yield one.id

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _page(self, after: Any) -> Any:
        """Return one page of the provider's list of batches."""
        try:
            return await self._asked(lambda: self._client.batches.list(limit=PAGE, after=after))
        except MissingError as error:
            raise StopError(
                f"{self.host} does not list its batches, so it is not known whether one that was "
                "being created when a run ended is there. Nothing is submitted: look for it on "
                "the provider's page, and ask live, without --batch-api.",
                "not_found",
            ) from error

    async def _asked(self, ask: Callable[[], Awaitable[Any]]) -> Any:
        """Return an answer, or raise what it means that there is none."""
        try:
            return await ask()
        except openai.APIStatusError as error:
            if error.status_code == 404:
                raise MissingError from error
            raise self._refused(refusal_of(error)) from error
        except (openai.OpenAIError, httpx2.HTTPError, ValueError) as error:
            raise failure(error, self._address.place) from error

    def _refused(self, refusal: Refusal) -> TriageError:
        error = explain(refusal, self._address, self._model, self._key, answered=True)
        if isinstance(error, ServiceError) and error.kind == "bad_request":
            return StopError(error.message, "refused")  # no row's text is in it
        return error


async def _without_bearer(request: httpx2.Request) -> None:
    """Leave out the usual header, in which Azure would not take the key."""
    del request.headers["authorization"]


def _seen(batch: RemoteBatch) -> Seen:
    """Return a batch as far as it concerns us; servers leave out what they like."""
    counts, usage = batch.request_counts, batch.usage
    errors = batch.errors.data if batch.errors else None
    metadata = batch.metadata if isinstance(batch.metadata, dict) else {}
    return Seen(
        remote=batch.id,
        run=metadata.get(KEY) or "",
        status=str(batch.status).casefold(),
        input_file=batch.input_file_id or "",
        created=_number(batch.created_at),
        output_file=batch.output_file_id or "",
        error_file=batch.error_file_id or "",
        completed=int(_number(counts and counts.completed)),
        failed=int(_number(counts and counts.failed)),
        total=int(_number(counts and counts.total)),
        errors=tuple((one.code or "", one.message or "") for one in errors or ()),
        input_tokens=int(_number(usage and usage.input_tokens)),
        output_tokens=int(_number(usage and usage.output_tokens)),
    )


def _number(value: Any) -> float:
    """Return a number that a server sent, 0 if it is none."""
    return float(value) if isinstance(value, int | float) else 0.0
