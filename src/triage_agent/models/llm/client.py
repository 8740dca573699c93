"""The language-model service: the only module that imports openai and tenacity.

What is retried and what stops (the SDK's own retries are off, so there is one layer only):

    happens                                          then
    timeout, dropped connection, 408, 409, 429, 5xx  up to 6 attempts, waiting as the server asks,
                                                     else 0.5 s doubling to 30 s, with jitter
    empty answer                                     the same
    400 or 422 about a parameter or the format,      asked again at once without it, and in future
    403, 404, 500 or 501 naming one
    other 4xx, refusal, filter, cut-off reply        the row ends in an error, no retry
    401, 403, 404, quota used up, redirect,          the run stops
    a wait of more than ten minutes
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
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from triage_agent.errors import ReplyError, ServiceError, SettingsError, StopError, TriageError
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
    read_refusal,
)
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

ATTEMPTS = 6
TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 10.0
LONGEST_WAIT_S = 30.0  # when the server does not say how long to wait


def fast_client(timeout_s: float = TIMEOUT_S, *, local: bool = False) -> httpx2.AsyncClient:
    """Return an HTTP client for many requests at once; `local`: to a server on this machine.

    To that one it goes straight, whatever proxy the environment names: a proxy may be elsewhere.

    The SDK's default one searches all its connections for every request: at 256 under way it
    takes more than twice the CPU time a call.
    """
    return openai.DefaultAioHttpClient(
        timeout=openai.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
        limits=openai.DEFAULT_CONNECTION_LIMITS,
        trust_env=not local,
    )


class OpenAIChat:
    """A chat-completion service at any OpenAI-compatible address.

    `meter` admits each request (None: all, at once).
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
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self.model = model
        self.base_url = (base_url or OPENAI_BASE_URL).rstrip("/")
        self.host = host_of(self.base_url)
        self._address = f"{self.base_url}/chat/completions"  # the client need not join it
        self._key = api_key or ""
        if not self._key.isascii():
            raise SettingsError(
                "The key holds characters that no key has (curly quotes?). Check OPENAI_API_KEY."
            )
        own_limit = "max_completion_tokens" if self.host == "api.openai.com" else "max_tokens"
        self.dialect = Dialect(limit_name=own_limit)
        self._attempts, self._sleep, self._timeout_s = attempts, sleep, timeout_s
        self._meter = meter or Meter()
        self._stopped: StopError | None = None  # what ended the run; nothing is sent after it
        # At DEBUG the client logs whole requests, and they contain people's texts.
        logging.getLogger("openai").setLevel(logging.INFO)
        self._client = openai.AsyncOpenAI(
            # A local server needs no key, but the client insists on one.
            api_key=self._key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=openai.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
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
            if isinstance(error, StopError):
                self._stopped = error
            raise
        return replace(reply, usage=sum(spent, Usage()))

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
            stop=stop_after_attempt(self._attempts),
            wait=_wait,
            retry=retry_if_exception(_may_pass),
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(attempt)

    async def _attempt(self, request: ChatRequest, spent: list[Usage]) -> ChatReply:
        """Return the answer of one attempt, noting in `spent` what it cost, useful or not."""
        try:
            reply = await self._ask_in_dialect(request, spent)
        except TriageError as error:
            spent.append(error.usage if isinstance(error, ReplyError) else Usage(calls=1))
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
                answer = error.response
                refusal = read_refusal(
                    error.status_code, error.body, answer.text, dict(answer.headers)
                )
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
        if dialect is not self.dialect:
            return self.dialect  # a concurrent request has learned it meanwhile
        by_name = refusal.status in FORM_IF_NAMED
        return dialect.after_refusal(refusal.message, refusal.parameter, by_name=by_name)

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
                exchange.status, exchange.headers = error.status_code, error.response.headers
                exchange.usage = Usage()  # what was refused costs nothing
                raise
            exchange.status, exchange.headers = response.status_code, response.headers
            payload = self._decode(response.content)
            exchange.usage = reported_usage(payload)
            return payload

    async def _post(self, content: bytes) -> httpx2.Response:
        """Return the response to one request, or raise the transport's failure as ours."""
        try:
            # The SDK's typed building and parsing would cost three times the rest of a call, and
            # its timeout starts anew with every byte that drips in.
            async with asyncio.timeout(self._timeout_s):
                return await self._client.post(
                    self._address,
                    cast_to=httpx2.Response,
                    content=content,
                    options={"follow_redirects": False},
                )
        except (openai.APITimeoutError, TimeoutError) as error:
            if _was_refused(error):  # the transport calls this a timeout of the connection too
                raise self._unreachable() from error
            raise ServiceError(
                f"{self.host} did not answer in time. Run again, or raise --timeout.", "timeout"
            ) from error
        except openai.APIConnectionError as error:
            raise self._unreachable() from error

    def _unreachable(self) -> ServiceError:
        return ServiceError(
            f"{self.host} cannot be reached, or it dropped the connection. "
            "Check the address (--base-url) and that the server runs.",
            "connection",
        )

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


def _was_refused(error: BaseException) -> bool:
    """Return whether an error of the operating system, such as a refused connection, caused it."""
    seen: list[BaseException] = []  # the chain may come back to where it began
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        if isinstance(cause, OSError) and not isinstance(cause, TimeoutError):
            return True
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return False


def _may_pass(error: BaseException) -> bool:
    """Return whether another attempt may succeed."""
    if isinstance(error, ReplyError):
        return error.kind == "empty"
    return isinstance(error, TriageError) and error.retryable


def _wait(state: RetryCallState) -> float:
    """Return the seconds to wait: what the server asks for, else growing with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ServiceError) and error.wait_s is not None:
        return error.wait_s
    return wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_S)(state)
