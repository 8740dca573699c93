"""The language-model service: the only module that imports openai and tenacity.

What is retried and what stops (the SDK's own retries are off, so there is one layer only):

    happens                                          then
    timeout, dropped connection, 408, 409, 429, 5xx  up to 8 attempts, waiting as the server asks,
                                                     else 0.5 s doubling to 30 s, with jitter
    refused connection                               the same, up to 6 attempts
    empty answer, one that is no HTTP, no JSON or    the same
    longer than 16 MiB
    400 or 422 about a parameter or the format,      asked again at once without it, and in future
    403, 404, 500 or 501 naming one
    other 4xx, refusal, filter, cut-off reply        the row ends in an error, no retry
    401, 403, 404, quota used up, redirect,          the run stops
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
from triage_agent.models.llm.attempts import may_pass, never_sent, refusal_of, usage_of, wait
from triage_agent.models.llm.dialect import (
    OTHER_LIMIT,
    Dialect,
    OutputMode,
    read_completion,
    reported_usage,
)
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.refusals import (
    FORM_IF_NAMED,
    OPENAI_BASE_URL,
    Refusal,
    explain,
    host_of,
    may_be_billed,
    place_of,
)
from triage_agent.models.llm.transport import failure, timeouts, unreadable
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

ATTEMPTS = 8
ATTEMPTS_UNSENT = 6  # where nobody listens at the address
TIMEOUT_S = 120.0
CHAT_PATH = "chat/completions"


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
        self.base_url = (base_url or OPENAI_BASE_URL).rstrip("/")
        self.host = host_of(self.base_url)
        self._place = place_of(self.base_url)
        self._key = api_key or ""
        if not self._key.isascii():
            raise SettingsError(
                "The key holds characters that no key has (curly quotes?). Check OPENAI_API_KEY."
            )
        own_limit = "max_completion_tokens" if self.host == "api.openai.com" else "max_tokens"
        self.dialect = Dialect(limit_name=own_limit)
        self.attempts = attempts
        self._sleep, self._timeout_s = sleep, timeout_s
        self._meter, self._on_wait = meter or Meter(), on_wait
        self._stopped: StopError | None = None  # what ended the run; nothing is sent after it
        self._stop = asyncio.Event()  # set when that is known
        self._reached = False  # whether a connection was ever made
        # At DEBUG the client logs whole requests, and they contain people's texts.
        logging.getLogger("openai").setLevel(logging.INFO)
        self._client = openai.AsyncOpenAI(
            # A local server needs no key, but the client insists on one.
            api_key=self._key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=timeouts(timeout_s),
            http_client=http_client,
        )

    @property
    def output_mode(self) -> str:
        """The mode of the dialect as learned so far."""
        return self.dialect.output_mode.value

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer, after at most `attempts` tries."""
        spent: list[Usage] = []
        try:
            try:  # nearly every first attempt is the last, and needs no retry machinery
                reply = await self._attempt(request, spent)
            except TriageError as first:
                reply = await self._retry(first, request, spent)
        except TriageError as error:
            error.usage = sum(spent, Usage())
            if never_sent(error) and not self._reached:  # nobody is there: every row would fail
                nobody = StopError(error.message, "unreachable")
                self.stop(nobody)
                raise nobody from error
            if isinstance(error, StopError):
                self.stop(error)
            raise
        return replace(reply, usage=sum(spent, Usage()))

    def stop(self, error: StopError) -> None:
        """Send nothing more: whoever waits for a turn or another attempt gets this error now."""
        if self._stopped is None:
            self._stopped = error
            self._stop.set()
            self._meter.stop(error)

    def report_fit(self, output_mode: str, *, fits: bool) -> None:
        """Learn whether a reply fitted the schema; three in a row that did not change the mode."""
        if output_mode == self.dialect.output_mode:
            self.dialect = self.dialect.after_reply(fits=fits)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _retry(
        self, first: TriageError, request: ChatRequest, spent: list[Usage]
    ) -> ChatReply:
        """Return the answer of a later attempt, if `first`, the error of the first, may pass."""
        errors = [first]

        async def attempt() -> ChatReply:
            if errors:
                raise errors.pop()
            return await self._attempt(request, spent)

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

    async def _attempt(self, request: ChatRequest, spent: list[Usage]) -> ChatReply:
        """Return the answer of one attempt, noting in `spent` what it cost, useful or not."""
        try:
            try:
                reply = await self._ask_in_dialect(request, spent)
            except TriageError:
                raise
            except Exception as error:  # the wall: whatever a server sends is its own fault
                raise unreadable(error, self.host) from error
        except TriageError as error:
            spent.append(usage_of(error))
            raise
        spent.append(reply.usage)
        return reply

    async def _ask_in_dialect(self, request: ChatRequest, spent: list[Usage]) -> ChatReply:
        """Return one answer, dropping what the server refuses until it accepts."""
        while True:
            dialect = self.dialect
            try:
                payload = await self._metered_post(dialect.body(request, self.model), request)
            except openai.APIStatusError as error:
                refusal = refusal_of(error)
                changed = self._learn(dialect, refusal)
                if changed is None:
                    raise explain(refusal, self.host, self.model, self._key) from error
                self.dialect = changed
                spent.append(Usage(calls=1))
                continue
            return read_completion(payload, OutputMode(dialect.output_mode), self.model)

    def _learn(self, dialect: Dialect, refusal: Refusal) -> Dialect | None:
        """Return the dialect to ask in next if a refusal was about the request's form."""
        if not refusal.about_form:
            return None
        if replace(dialect, ignored=self.dialect.ignored) != self.dialect:
            return self.dialect  # a concurrent request has learned it meanwhile
        by_name = refusal.status in FORM_IF_NAMED
        return dialect.after_refusal(refusal.message, refusal.parameter, by_name=by_name)

    async def _metered_post(
        self, body: dict[str, Any], request: ChatRequest, path: str = CHAT_PATH
    ) -> Any:
        """Return the decoded answer to one request, sent when the meter admits it."""
        unbounded = path == CHAT_PATH and not (OTHER_LIMIT.keys() & body.keys())
        if unbounded and self._meter.has_cost_cap:
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
                response = await self._post(content, path)
            except openai.APIStatusError as error:
                exchange.status, exchange.headers = error.status_code, error.response.headers
                self._reached = True
                exchange.usage = reported_usage(error.body)
                if exchange.usage is None and not may_be_billed(refusal_of(error)):
                    exchange.usage = Usage()
                raise
            except ServiceError as error:
                exchange.usage = None if error.sent else Usage()
                self._reached = self._reached or error.sent
                raise
            self._reached = True
            exchange.status, exchange.headers = response.status_code, response.headers
            payload = self._decode(response.content)
            exchange.usage = reported_usage(payload) or Usage(calls=1)
            return payload

    async def _post(self, content: bytes, path: str) -> httpx2.Response:
        """Return the response to one request, or raise the transport's failure as ours."""
        try:
            # The SDK's typed building and parsing would cost three times the rest of a call, and
            # its timeout starts anew with every byte that drips in.
            async with asyncio.timeout(self._timeout_s):
                return await self._client.post(
                    f"{self.base_url}/{path}",  # the client need not join it
                    cast_to=httpx2.Response,
                    content=content,
                    options={"follow_redirects": False},
                )
        except openai.APIStatusError:
            raise
        except Exception as error:
            raise failure(error, self._place) from error

    def _decode(self, content: bytes) -> Any:
        """Return the JSON value of an answer's body."""
        try:
            return json.loads(content)
        except (ValueError, RecursionError) as error:
            raise ServiceError(
                f"{self.host} answered with something that is not JSON. "
                "Check that --base-url ends where the API begins (often in /v1).",
                "not_json",
            ) from error
