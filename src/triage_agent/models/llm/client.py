"""The language-model service: the only module that imports openai and tenacity.

What is retried and what stops (the SDK's own retries are off, so there is one layer only):

    happens                                          then
    timeout, dropped connection, 408, 409, 424, 425, up to 8 attempts, waiting as the server asks,
    429, 498, 5xx, an error inside a 200             else 0.5 s doubling to 30 s, with jitter
    refused connection                               the same, up to 6 attempts
    any of these from a server that has gone away    no attempt is counted until it is back, up to
                                                     ten minutes (see `outage`)
    no TLS, a certificate, an unknown name           the row ends in an error, no retry
    empty answer, one that is no HTTP, no JSON or    the same
    longer than 16 MiB
    400 or 422 about a parameter or the format,      asked again at once without it; once that
    403, 404, 500 or 501 naming one                  works, all later rows too (see `ladder`)
    a code that ends in _failed, a reply that only   asked again, then on the next rung
    repeats itself until it is cut off
    a refusal of a limit that was raised             asked again at once with half of it
    other 4xx, refusal, filter                       the row ends in an error, no retry
    the same of these for each of the first texts,   the run stops
    or for twenty in a row later, 401, 403 or 404
    before any answer, quota used up, redirect,
    refused option,
    a wait of more than ten minutes, nobody who
    ever listened at the address
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import anyio
import httpx2
import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception

from triage_agent.errors import SettingsError, StopError, TriageError
from triage_agent.models.llm.addresses import OPENAI_BASE_URL, read_address
from triage_agent.models.llm.attempts import may_pass, never_sent, usage_of, wait
from triage_agent.models.llm.dialect import OUTPUT_MODES, Dialect, OutputMode
from triage_agent.models.llm.explanations import explain, refused_alike
from triage_agent.models.llm.extras import Extras
from triage_agent.models.llm.failures import unreadable
from triage_agent.models.llm.ladder import Ladder, Row
from triage_agent.models.llm.metering import Meter
from triage_agent.models.llm.outage import Outage
from triage_agent.models.llm.refusals import RefusedError
from triage_agent.models.llm.refusals_in_a_row import RefusalsInARow
from triage_agent.models.llm.sending import CHAT_PATH, Sender
from triage_agent.models.llm.transport import headers_of, timeouts
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

ATTEMPTS = 8
ATTEMPTS_UNSENT = 6  # where nobody listens at the address
TIMEOUT_S = 120.0


class OpenAIChat:
    """A chat-completion service at any OpenAI-compatible address.

    `meter` admits each request (None: all, at once); `extras` is the user's part of each.
    `on_wait` is told the seconds of each wait, `on_outage` why a server that has gone away is
    waited for.
    `attempts` may be changed later, by who need not be patient.
    `sleep` and `http_client` exist for tests and benchmarks; the retries wait through `sleep`.
    """

    modes: ClassVar[Sequence[OutputMode]] = OUTPUT_MODES  # in which it can be held to a schema

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
        extras: Extras | None = None,
        on_wait: Callable[[float], None] = lambda _: None,
        on_outage: Callable[[str], None] = lambda _: None,
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
        self.extras = extras or Extras()
        self._ladder = Ladder(self.extras.dialect(self.host), self.extras)
        self._refusals = RefusalsInARow()
        self.attempts = attempts
        self._sleep, self._on_wait = sleep, on_wait
        self._stop = asyncio.Event()  # set when the run has ended
        self._outage = Outage(self.address.place, self._wait_or_stop, on_outage)
        # At DEBUG the client logs whole requests, and they contain people's texts.
        logging.getLogger("openai").setLevel(logging.INFO)
        limits, own = timeouts(timeout_s), self.address.key_headers(self._key)
        http = http_client or openai.DefaultAsyncHttpxClient(timeout=limits)
        self._client = openai.AsyncOpenAI(
            # A local server needs no key, but the client insists on one.
            api_key=self._key or "none",
            base_url=self.base_url,
            default_headers=own,
            max_retries=0,
            timeout=limits,
            http_client=http,
        )
        headers = headers_of(self._client)
        if own and not self.address.wants_bearer:
            del headers["authorization"]
        self._sender = Sender(
            self.address, self._key, headers, http, timeout_s, meter or Meter(), self._outage
        )

    @property
    def dialect(self) -> Dialect:
        """How the service is asked at present."""
        return self._ladder.dialect

    @dialect.setter
    def dialect(self, dialect: Dialect) -> None:
        self._ladder.dialect = dialect

    @property
    def thinks(self) -> bool:
        """Whether the model was seen to think for an answer."""
        return self._ladder.thinks

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
            if never_sent(error) and not self._sender.reached:  # nobody is there: all would fail
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
            raise self._explain(error, Row(request)) from error

    def body_of(self, request: ChatRequest) -> tuple[dict[str, Any], str, int]:
        """Return the body that a request has now, its output mode, its completion limit (or 0)."""
        return self._ladder.body_of(request, self.model)

    def stop(self, error: StopError) -> None:
        """Send nothing more: whoever waits for a turn or another attempt gets this error now."""
        self._stop.set()
        self._sender.stop(error)

    def report_fit(self, output_mode: str, *, fits: bool) -> None:
        """Learn whether a reply fitted the schema; three in a row that did not change the mode."""
        self._ladder.report_fit(output_mode, fits=fits)

    def report_cut(self, limit: int) -> bool:
        """Learn that a completion limit cut off a reply; return whether a larger one is next."""
        return self._ladder.report_cut(limit)

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

    async def _attempt(self, row: Row) -> ChatReply:
        """Return the answer of one attempt, noting in the row what it cost, useful or not."""
        try:
            try:
                reply = await self._ask_in_dialect(row)
            except TriageError:
                raise
            except RefusedError as error:
                raise self._explain(error, row) from error
            except Exception as error:  # the wall: whatever a server sends is its own fault
                raise unreadable(error, self.host) from error
        except TriageError as error:
            row.spent.append(usage_of(error))
            raise
        row.spent.append(reply.usage)
        return reply

    def _explain(self, refused: RefusedError, row: Row) -> TriageError:
        """Return our error for a refusal, or one for all texts that were refused like this one."""
        refusal = refused.refusal
        row.daily, before = row.daily + refusal.daily, row.daily
        error = explain(
            refusal,
            self.address,
            self.model,
            self._key,
            answered=self._refusals.answered,
            daily=before,
        )
        if option := self.extras.refused_by(refusal, refused.learned, error.message):
            return option
        if isinstance(error, StopError) or not (texts := self._refusals.add(refusal, row.request)):
            return error
        return refused_alike(refusal, texts, self.host, self._key)

    async def _ask_in_dialect(self, row: Row) -> ChatReply:
        """Return one answer, in a way that the server accepts."""
        return await self._ladder.ask(row, self._metered_post, self.model)

    async def _metered_post(
        self, body: dict[str, Any], most_tokens: int, path: str = CHAT_PATH
    ) -> Any:
        """Return the decoded answer to one request, sent when the meter admits it."""
        payload = await self._sender.post(body, most_tokens, path)
        self._refusals.note_answer()
        return payload
