"""The language-model service: the only module that imports openai and tenacity.

What is retried and what stops (the SDK's own retries are off, so there is one layer only):

    happens                                          then
    timeout, dropped connection, 408, 409, 429, 5xx  up to 6 attempts, waiting as the server says,
                                                     else 0.5 s doubling to 30 s, with jitter
    empty answer                                     the same
    400, 422 naming a parameter or the format,       asked again at once without it, remembered
    500, 501 naming a parameter
    other 4xx, refusal, filter, cut-off reply        the row ends in an error, no retry
    401, 403, 404, quota used up, redirect           the run stops
"""

import json
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any, Protocol, cast
from urllib.parse import urlsplit

import anyio
import httpx2
import openai
from tenacity import AsyncRetrying, RetryCallState, retry_if_exception, stop_after_attempt
from tenacity.wait import wait_random_exponential

from triage_agent.dialect import Dialect, Rung, read_completion
from triage_agent.errors import ReplyError, ServiceError, SettingsError, StopError, TriageError
from triage_agent.model import ChatReply, ChatRequest

DEFAULT_BASE_URL = "https://api.openai.com/v1"
ATTEMPTS = 6
TIMEOUT_S = 120.0
CONNECT_TIMEOUT_S = 10.0
LONGEST_WAIT_S = 30.0  # when the server does not say how long to wait
RETRIED_STATUSES = frozenset({408, 409, 425, 429})
REFUSAL_STATUSES = frozenset({400, 422})
CRASH_STATUSES = frozenset({500, 501})  # of servers that crash on a parameter they do not know
QUOTA_CODES = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


class OpenAIChat:
    """A chat-completion service at any OpenAI-compatible address.

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
        http_client: httpx2.AsyncClient | None = None,
    ) -> None:
        self.model = model
        self.base_url = (base_url or DEFAULT_BASE_URL).rstrip("/")
        self.host = host_of(self.base_url)
        own_limit = "max_completion_tokens" if self.host == "api.openai.com" else "max_tokens"
        self.dialect = Dialect(limit_name=own_limit)
        self._attempts, self._sleep = attempts, sleep
        self._client = openai.AsyncOpenAI(
            # A local server needs no key, but the client insists on one.
            api_key=api_key or "none",
            base_url=self.base_url,
            max_retries=0,
            timeout=openai.Timeout(timeout_s, connect=CONNECT_TIMEOUT_S),
            http_client=http_client,
        )

    async def ask(self, request: ChatRequest) -> ChatReply:
        """Return the answer, after at most `attempts` tries."""
        retrying = AsyncRetrying(
            stop=stop_after_attempt(self._attempts),
            wait=_wait,
            retry=retry_if_exception(_may_pass),
            sleep=self._sleep,
            reraise=True,
        )
        return await retrying(self._ask_in_dialect, request)

    def ignored_schema(self, rung: str) -> None:
        """Take note that an answer on this rung did not fit; three of them lead one rung down."""
        if rung == self.dialect.rung:
            self.dialect = self.dialect.after_ignored_reply()

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.close()

    async def _ask_in_dialect(self, request: ChatRequest) -> ChatReply:
        """Return the answer of one attempt, dropping what the server refuses until it accepts."""
        while True:
            dialect = self.dialect
            try:
                payload = await self._post(dialect.body(request, self.model))
            except openai.APIStatusError as error:
                changed = self._learn(dialect, error)
                if changed is None:
                    raise self._explain(error) from error
                self.dialect = changed
                continue
            return read_completion(payload, Rung(dialect.rung), self.model)

    def _learn(self, dialect: Dialect, error: openai.APIStatusError) -> Dialect | None:
        """Return the dialect to ask in next if a refusal was about the request's form."""
        crashed = error.status_code in CRASH_STATUSES
        if not (crashed or error.status_code in REFUSAL_STATUSES):
            return None
        said, parameter, code = _said(error)
        if code in {"context_length_exceeded", "content_filter"}:
            return None  # that is about the text
        if dialect is not self.dialect:
            return self.dialect  # a concurrent request has learnt meanwhile
        return dialect.after_refusal(said, parameter, crashed=crashed)

    async def _post(self, body: dict[str, Any]) -> Any:
        """Return the decoded answer to one request, or raise what the transport raised."""
        try:
            # The low-level call skips the SDK's typed building and parsing, which costs three
            # times the rest of a call.
            response = await self._client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                body=cast("object", body),
                options={"follow_redirects": False},
            )
        except openai.APITimeoutError as error:
            raise ServiceError(
                f"{self.host} did not answer in time. Run again, or raise --timeout.", "timeout"
            ) from error
        except openai.APIConnectionError as error:
            raise ServiceError(
                f"{self.host} cannot be reached, or it dropped the connection. "
                "Check the address (--base-url) and that the server runs.",
                "connection",
            ) from error
        try:
            return json.loads(response.content)
        except (ValueError, RecursionError) as error:
            raise ServiceError(
                f"{self.host} answered with something that is not JSON. "
                "Check that --base-url ends where the API begins (often in /v1).",
                "not_json",
            ) from error

    def _explain(self, error: openai.APIStatusError) -> TriageError:
        """Return our error for a status the server answered with."""
        status = error.status_code
        said, _, code = _said(error)
        tail = f" It said: {said[:200]}" if said else ""
        if code in QUOTA_CODES or status == 402:
            return StopError(
                f"The account at {self.host} has no quota left. Top it up, then run again.{tail}",
                "quota",
            )
        if status == 401:
            return StopError(f"{self.host} did not accept the key. Check OPENAI_API_KEY.", "key")
        if status == 403:
            return StopError(
                f"{self.host} does not allow this key to use {self.model}.{tail}", "forbidden"
            )
        if status == 404:
            return StopError(
                f"{self.host} knows no model {self.model!r}, or no API at this address. "
                f"Check --model and --base-url.{tail}",
                "not_found",
            )
        if status in RETRIED_STATUSES or status >= 500:
            kind = "rate_limit" if status == 429 else "server"
            wait_s = retry_after_s(error.response.headers)
            return ServiceError(f"{self.host} answered {status}.{tail}", kind, wait_s=wait_s)
        if 300 <= status < 400:
            return SettingsError(
                f"{self.host} redirects elsewhere, and your text is not sent on. "
                "Give the final address with --base-url."
            )
        if code == "content_filter":
            return ReplyError(
                f"The content filter of {self.host} refused this text. Classify it by hand.",
                "content_filter",
            )
        return ServiceError(
            f"{self.host} refused the request ({status}).{tail}", "bad_request", retryable=False
        )


class _Headers(Protocol):
    """What is needed of response headers."""

    def get(self, key: str, /) -> str | None: ...


def host_of(base_url: str) -> str:
    """Return the host of an address, or raise `SettingsError` if it is none.

    >>> host_of("http://127.0.0.1:8080/v1")
    '127.0.0.1'
    """
    parts = urlsplit(base_url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise SettingsError(
            f"The address {base_url!r} is not a URL. Write it like http://localhost:8080/v1."
        )
    return parts.hostname


def is_local(host: str) -> bool:
    """Return whether a host is this machine.

    >>> is_local("127.0.0.1"), is_local("api.openai.com")
    (True, False)
    """
    return host in LOOPBACK or host.startswith("127.")


def retry_after_s(headers: _Headers, now: datetime | None = None) -> float | None:
    """Return how many seconds the server asks to wait, from `Retry-After`; None: not said.

    >>> retry_after_s({"retry-after": "7"})
    7.0
    """
    if (millis := headers.get("retry-after-ms")) and millis.replace(".", "", 1).isdigit():
        return float(millis) / 1000
    value = headers.get("retry-after")
    if not value:
        return None
    if value.replace(".", "", 1).isdigit():
        return float(value)
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())


def _said(error: openai.APIStatusError) -> tuple[str, str | None, str | None]:
    """Return the server's own words about an error: message, parameter, code."""
    body = error.body
    inner = body.get("error", body) if isinstance(body, dict) else body
    if isinstance(inner, dict):
        message, parameter, code = (inner.get(key) for key in ("message", "param", "code"))
        return (
            str(message or inner.get("detail") or ""),
            str(parameter) if parameter else None,
            str(code) if code else None,
        )
    return (str(inner) if inner else error.response.text[:500]), None, None


def _may_pass(error: BaseException) -> bool:
    """Return whether another attempt may succeed."""
    if isinstance(error, ReplyError):
        return error.kind == "empty"
    return isinstance(error, TriageError) and error.retryable


def _wait(state: RetryCallState) -> float:
    """Return the seconds to wait: what the server said, else growing with jitter."""
    error = state.outcome.exception() if state.outcome else None
    if isinstance(error, ServiceError) and error.wait_s is not None:
        return error.wait_s
    return wait_random_exponential(multiplier=0.5, max=LONGEST_WAIT_S)(state)
