"""The language-model service: the only module that imports openai and tenacity.

What is retried and what stops (the SDK's own retries are off, so there is one layer only):

    happens                                          then
    timeout, dropped connection, 408, 409, 424, 425, up to 8 attempts, waiting as the server asks,
    429, 498, 5xx, an error inside a 200             else 0.5 s doubling to 30 s, with jitter
    refused connection                               the same, up to 6 attempts
    empty answer, one that is no HTTP, no JSON or    the same
    longer than 16 MiB
    400 or 422 about a parameter or the format,      asked again at once without it; once that
    403, 404, 500 or 501 naming one                  works, all later rows too (see `ladder`)
    a code that ends in _failed, a reply that only   asked again, then on the next rung
    repeats itself until it is cut off
    other 4xx, refusal, filter, cut-off reply        the row ends in an error, no retry
    the same of these for each of the first texts,   the run stops
    401, 403, 404, quota used up, redirect,
    a wait of more than ten minutes, nobody who
    ever listened at the address
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import anyio
import httpx2
import openai
from pydantic_core import to_json
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from triage_agent.errors import ServiceError, SettingsError, StopError, TriageError
from triage_agent.models.llm.addresses import OPENAI_BASE_URL, read_address
from triage_agent.models.llm.attempts import may_pass, never_sent, refusal_of, usage_of, wait
from triage_agent.models.llm.dialect import OTHER_LIMIT, Dialect, OutputMode, reported_usage
from triage_agent.models.llm.error_bodies import refusal_inside
from triage_agent.models.llm.explanations import explain, not_json, refused_alike
from triage_agent.models.llm.ladder import Ladder, RefusedError, Row
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.refusals import Refusal, may_be_billed
from triage_agent.models.llm.refusals_in_a_row import RefusalsInARow
from triage_agent.models.llm.transport import failure, timeouts, unreadable
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

ATTEMPTS = 8
ATTEMPTS_UNSENT = 6  # where nobody listens at the address
TIMEOUT_S = 120.0


class OpenAIChat:
    """A chat-completion service at any OpenAI-compatible address.

    `meter` admits each request (None: all, at once); `on_wait` is told the seconds of each wait.
    `attempts` may be changed later, by who need not be patient.
    `sleep` and `http_client` exist for tests and benchmarks; the retries wait through `sleep`.
    """

    def __init__(
        self,
        model: str,
        base_url: str | None = None,
        api_key: str | None = None,
        *,
        timeout_s: float = TIMEOUT_S,
        attempts: int = ATTEMPTS,
        sleep: Callable[[float], Awaitable[None]] = anyio.sleep,
        meter: Meter | None = None,
        on_wait: Callable[[float], None] = lambda _: None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self.model = model
        self.address = read_address(base_url or OPENAI_BASE_URL)
        self.base_url, self.host = self.address.base_url, self.address.host
        self._key = api_key or ""
        if not self._key.isascii():
            raise SettingsError(
                "The key holds characters that no key has (curly quotes?). Check OPENAI_API_KEY."
            )
        own_limit = "max_completion_tokens" if self.host == "api.openai.com" else "max_tokens"
        self._ladder, self._refusals = Ladder(Dialect(limit_name=own_limit)), RefusalsInARow()
        self.attempts = attempts
        self._sleep, self._timeout_s = sleep, timeout_s
        self._meter, self._on_wait = meter or Meter(), on_wait
        self._stopped: StopError | None = None  # what ended the run; nothing is sent after it
        self._stop = asyncio.Event()  # set when that is known
        self._reached = False  # whether a connection was ever made
        # At DEBUG the client logs whole requests, and they contain people's texts.
        logging.getLogger("openai").setLevel(logging.INFO)
        headers = self.address.key_headers(self._key)
        bearer = not headers or self.address.wants_bearer
        self._client = openai.AsyncOpenAI(
            # A local server needs no key, but the client insists on one.
            api_key=self._key or "none",
            base_url=self.base_url,
            default_headers=headers,
            max_retries=0,
            timeout=timeouts(timeout_s),
            http_client=http_client,
        )
        self._left_out: dict[str, openai.Omit] = {}  # of the headers that the client makes
        if not bearer:
            self._client.api_key, self._left_out = "", {"Authorization": openai.Omit()}

    @property
    def dialect(self) -> Dialect:
        """How the service is asked at present."""
        return self._ladder.dialect

    @dialect.setter
    def dialect(self, dialect: Dialect) -> None:
        self._ladder.dialect = dialect

    @property
    def output_mode(self) -> str:
        """The mode of the dialect as learned so far."""
        return self.dialect.output_mode.value

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer, after at most `attempts` tries."""
        row = Row(request)
        try:
            try:  # nearly every first attempt is the last, and needs no retry machinery
                reply = await self._attempt(row)
            except TriageError as first:
                reply = await self._retry(first, row)
        except TriageError as error:
            error.usage = sum(row.spent, Usage())
            if never_sent(error) and not self._reached:  # nobody is there: every row would fail
                nobody = StopError(error.message, "unreachable")
                self.stop(nobody)
                raise nobody from error
            if isinstance(error, StopError):
                self.stop(error)
            raise
        return replace(reply, usage=sum(row.spent, Usage()))

    async def ask_once(self, request: ChatRequest, mode: OutputMode) -> ChatReply:
        """Return the answer to one request in this mode, or raise its error; for `doctor`."""
        try:
            return await self._ladder.ask_once(request, mode, self._metered_post, self.model)
        except RefusedError as error:
            raise self._explain(error.refusal, Row(request)) from error

    def stop(self, error: StopError) -> None:
        """Send nothing more: whoever waits for a turn or another attempt gets this error now."""
        if self._stopped is None:
            self._stopped = error
            self._stop.set()
            self._meter.stop(error)

    def report_fit(self, output_mode: str, *, fits: bool) -> None:
        """Learn whether a reply fitted the schema; three in a row that did not change the mode."""
        self._ladder.report_fit(output_mode, fits=fits)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _retry(self, first: TriageError, row: Row) -> ChatReply:
        """Return the answer of a later attempt, if `first`, the error of the first, may pass."""
        errors = [first]

        async def attempt() -> ChatReply:
            if errors:
                raise errors.pop()
            return await self._attempt(row)

        retrying = AsyncRetrying(
            stop=self._gives_up,
            wait=wait,
            retry=retry_if_exception(may_pass),
            sleep=self._wait_and_say,
            reraise=True,
        )
        return await retrying(attempt)

    def _gives_up(self, state: RetryCallState) -> bool:
        """Return whether the last attempt was that."""
        error = state.outcome.exception() if state.outcome else None
        most = min(self.attempts, ATTEMPTS_UNSENT) if never_sent(error) else self.attempts
        return state.attempt_number >= most

    async def _wait_and_say(self, seconds: float) -> None:
        """Wait before another attempt, or until the run is stopped."""
        self._on_wait(seconds)
        either = [asyncio.ensure_future(one) for one in (self._sleep(seconds), self._stop.wait())]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in either:
                one.cancel()

    async def _attempt(self, row: Row) -> ChatReply:
        """Return the answer of one attempt, noting in the row what it cost, useful or not."""
        try:
            try:
                reply = await self._ladder.ask(row, self._metered_post, self.model)
            except TriageError:
                raise
            except RefusedError as error:
                raise self._explain(error.refusal, row) from error
            except Exception as error:  # the wall: whatever a server sends is its own fault
                raise unreadable(error, self.host) from error
        except TriageError as error:
            row.spent.append(usage_of(error))
            raise
        row.spent.append(reply.usage)
        return reply

    def _explain(self, refusal: Refusal, row: Row) -> TriageError:
        """Return our error for a refusal, or one for all texts that were refused like this one."""
        row.daily, before = row.daily + refusal.daily, row.daily
        error = explain(
            refusal,
            self.address,
            self.model,
            self._key,
            answered=self._refusals.answered,
            daily=before,
        )
        if isinstance(error, StopError) or not (texts := self._refusals.add(refusal, row.request)):
            return error
        return refused_alike(refusal, texts, self.host, self._key)

    async def _metered_post(self, body: dict[str, Any], request: ChatRequest) -> Any:
        """Return the decoded answer to one request, sent when the meter admits it."""
        if self._meter.has_cost_cap and not (OTHER_LIMIT.keys() & body.keys()):
            raise SettingsError(
                f"{self.host} takes no completion limit, so no cost cap can be enforced. "
                "Leave out --max-cost, or choose another model."
            )
        content = to_json(body)
        async with self._meter.admit(len(content), request.max_output_tokens) as exchange:
            if self._stopped is not None:  # while this one waited for its turn
                exchange.usage = Usage()
                raise StopError(self._stopped.message, self._stopped.kind)
            try:
                response = await self._post(content)
            except openai.APIStatusError as error:
                refusal = refusal_of(error)
                exchange.status, exchange.headers = error.status_code, error.response.headers
                exchange.wait_s, self._reached = refusal.wait_s, True
                exchange.usage = reported_usage(error.body)
                if exchange.usage is None and not may_be_billed(refusal):
                    exchange.usage = Usage()
                raise RefusedError(refusal) from error
            except ServiceError as error:
                exchange.usage = None if error.sent else Usage()
                self._reached = self._reached or error.sent
                raise
            self._reached = True
            exchange.status, exchange.headers = response.status_code, response.headers
            payload = self._decode(response.content)
            exchange.usage = reported_usage(payload) or Usage(calls=1)
            if (inside := refusal_inside(payload)) is not None:
                exchange.status, exchange.wait_s = inside.status, inside.wait_s
                raise RefusedError(inside)
            self._refusals.note_answer()
            return payload

    async def _post(self, content: bytes) -> httpx2.Response:
        """Return the response to one request, or raise the transport's failure as ours."""
        try:
            # The SDK's typed building and parsing would cost three times the rest of a call, and
            # its timeout starts anew with every byte that drips in.
            async with asyncio.timeout(self._timeout_s):
                return await self._client.post(
                    self.address.endpoint,
                    cast_to=httpx2.Response,
                    content=content,
                    options={"follow_redirects": False, "headers": self._left_out},
                )
        except openai.APIStatusError:
            raise
        except Exception as error:
            raise failure(error, self.address.place) from error

    def _decode(self, content: bytes) -> Any:
        """Return the JSON value of an answer's body."""
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise not_json(content, self.host, self._key) from error
