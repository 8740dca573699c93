"""The language-model service: the only module that imports openai and tenacity.

What is retried and what stops (the SDK's own retries are off, so there is one layer only):

    happens                                          then
    timeout, dropped connection, 408, 409, 429, 5xx  up to 8 attempts, waiting as the server asks,
                                                     else 0.5 s doubling to 30 s, with jitter
    refused connection                               the same, up to 6 attempts
    any of these from a server that has gone away    no attempt is counted until it is back, up to
                                                     ten minutes (see `outage`)
    no TLS, a certificate, an unknown name           the row ends in an error, no retry
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
import logging
from collections.abc import Awaitable, Callable
from dataclasses import replace

import anyio
import httpx2
import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from triage_agent.errors import SettingsError, StopError, TriageError
from triage_agent.models.llm.attempts import may_pass, never_sent, refusal_of, usage_of, wait
from triage_agent.models.llm.dialect import (
    Dialect,
    OutputMode,
    read_completion,
)
from triage_agent.models.llm.failures import unreadable
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.outage import Outage
from triage_agent.models.llm.refusals import (
    FORM_IF_NAMED,
    OPENAI_BASE_URL,
    Refusal,
    explain,
    host_of,
    place_of,
)
from triage_agent.models.llm.sending import Sender
from triage_agent.models.llm.transport import headers_of, timeouts
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

ATTEMPTS = 8
ATTEMPTS_UNSENT = 6  # where nobody listens at the address
TIMEOUT_S = 120.0


class OpenAIChat:
    """A chat-completion service at any OpenAI-compatible address.

    `meter` admits each request (None: all, at once); `on_wait` is told the seconds of each wait,
    `on_outage` why a server that has gone away is waited for.
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
        on_outage: Callable[[str], None] = lambda _: None,
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self.model = model
        self.base_url = (base_url or OPENAI_BASE_URL).rstrip("/")
        self.host = host_of(self.base_url)
        self._key = api_key or ""
        if not self._key.isascii():
            raise SettingsError(
                "The key holds characters that no key has (curly quotes?). Check OPENAI_API_KEY."
            )
        own_limit = "max_completion_tokens" if self.host == "api.openai.com" else "max_tokens"
        self.dialect = Dialect(limit_name=own_limit)
        self.attempts = attempts
        self._sleep, self._on_wait = sleep, on_wait
        self._stop = asyncio.Event()  # set when the run has ended
        self._outage = Outage(place_of(self.base_url), self._wait_or_stop, on_outage)
        # At DEBUG the client logs whole requests, and they contain people's texts.
        logging.getLogger("openai").setLevel(logging.INFO)
        limits = timeouts(timeout_s)
        http = http_client or openai.DefaultAsyncHttpxClient(timeout=limits)
        self._client = openai.AsyncOpenAI(
            # A local server needs no key, but the client insists on one.
            api_key=self._key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=limits,
            http_client=http,
        )
        self._sender = Sender(
            self.base_url, headers_of(self._client), http, timeout_s, meter or Meter(), self._outage
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
            if (
                never_sent(error) and not self._sender.reached
            ):  # nobody is there: every row would fail
                nobody = StopError(error.message, "unreachable")
                self.stop(nobody)
                raise nobody from error
            if isinstance(error, StopError):
                self.stop(error)
            raise
        return replace(reply, usage=sum(spent, Usage()))

    def stop(self, error: StopError) -> None:
        """Send nothing more: whoever waits for a turn or another attempt gets this error now."""
        self._stop.set()
        self._sender.stop(error)

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

        pardoned = 0  # attempts that failed while the server was down

        def gives_up(state: RetryCallState) -> bool:
            """Return whether the last attempt was that."""
            nonlocal pardoned
            if self._outage.on and self.attempts >= ATTEMPTS:
                pardoned += 1
                return False
            error = state.outcome.exception() if state.outcome else None
            most = min(self.attempts, ATTEMPTS_UNSENT) if never_sent(error) else self.attempts
            return state.attempt_number - pardoned >= most

        retrying = AsyncRetrying(
            stop=gives_up,
            wait=lambda state: 0.0 if self._outage.on else wait(state),  # it makes its own waits
            retry=retry_if_exception(may_pass),
            sleep=self._wait_and_say,
            reraise=True,
        )
        return await retrying(attempt)

    async def _wait_and_say(self, seconds: float) -> None:
        """Wait before another attempt, or until the run is stopped."""
        if seconds or not self._outage.on:
            self._on_wait(seconds)
            await self._wait_or_stop(seconds)

    async def _wait_or_stop(self, seconds: float) -> None:
        """Wait, or until the run is stopped."""
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
                payload = await self._sender.post(dialect.body(request, self.model), request)
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
