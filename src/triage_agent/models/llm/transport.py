"""The HTTP client, which bounds what it takes in, and what its failures mean."""

import os
import zlib
from collections.abc import AsyncIterator
from typing import Any, cast
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai

from triage_agent.errors import ServiceError, SettingsError
from triage_agent.models.llm.addresses import is_local

MAX_BODY_BYTES = 16 * 1024 * 1024  # decoded; a full reply with its log-probabilities has 0.3 MB
TOO_LONG = f"its answer is longer than {MAX_BODY_BYTES:,} bytes"
READ_BYTES = 16 * 1024  # of what arrived, decoded at a time: 16 MiB at most
CONNECT_TIMEOUT_S = 10.0
LONGEST_LOOK_S = 5.0
# Where a request that fails in this way has never left this machine.
NEVER_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, httpx2.ConnectError)
DROPPED = aiohttp.ServerDisconnectedError | ConnectionError
NO_HTTP = aiohttp.ClientError | httpx2.NetworkError | httpx2.ProtocolError


def check_address(base_url: str) -> None:
    """Raise `SettingsError` for an address that the client would refuse, such as http://💥/v1."""
    try:
        httpx2.URL(base_url)
    except (ValueError, httpx2.InvalidURL) as error:
        raise SettingsError(
            f"The address {base_url[:80]!r} is not a URL. Write it like http://localhost:8080/v1."
        ) from error


class BodyError(Exception):
    """An answer whose body is too long, or packed in a way that is not read."""


class BoundedClient(openai.DefaultAioHttpClient):
    """An HTTP client for many requests at once, which reads answers of up to 16 MiB.

    The SDK's default one searches all its connections for every request: at 256 under way it
    takes more than twice the CPU time a call.
    """

    async def send(
        self,
        request: httpx2.Request,
        *,
        stream: bool = False,  # noqa: ARG002 (nothing here is read as a stream)
        **options: object,
    ) -> httpx2.Response:
        """Return the response to a request with its body read, or raise `BodyError`."""
        response = await super().send(request, stream=True, **options)  # type: ignore[arg-type]
        packed = response.headers.get("content-encoding", "identity").strip().lower()
        body = bytearray()
        try:
            if packed in {"", "identity"}:  # as nearly every answer is
                response.stream = _Bounded(response.stream)
                await response.aread()
                return response
            async for part in _decoded(response.aiter_raw(READ_BYTES), packed):
                body += part
                if len(body) > MAX_BODY_BYTES:
                    raise BodyError(TOO_LONG)
        finally:
            await response.aclose()
        headers = [
            (name, value)
            for name, value in response.headers.multi_items()
            if name not in {"content-encoding", "content-length", "transfer-encoding"}
        ]
        return httpx2.Response(
            response.status_code, headers=headers, content=bytes(body), request=request
        )


class _Bounded(httpx2.AsyncByteStream):
    """The bytes of another stream, up to the bound."""

    def __init__(self, whole: object) -> None:
        self._whole = cast("httpx2.AsyncByteStream", whole)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        length = 0
        async for part in self._whole:
            length += len(part)
            if length > MAX_BODY_BYTES:
                raise BodyError(TOO_LONG)
            yield part

    async def aclose(self) -> None:
        """Close the other stream."""
        await self._whole.aclose()


async def _decoded(raw: AsyncIterator[bytes], packed: str) -> AsyncIterator[bytes]:
    """Yield what was packed; a few bytes may be many, so at most the bound at a time."""
    if packed not in {"gzip", "x-gzip", "deflate"}:
        raise BodyError("its answer is compressed in a way that was not asked for")
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, as it says itself
    async for part in raw:
        yield decoder.decompress(part, MAX_BODY_BYTES + 1)
    yield decoder.flush()


def open_client(timeout_s: float, *, local: bool = False) -> httpx2.AsyncClient:
    """Return an HTTP client for the service; `local`: it is on this machine.

    To that one it goes straight, whatever proxy the environment names: a proxy may be elsewhere.
    """
    try:
        return BoundedClient(
            timeout=timeouts(timeout_s),
            limits=openai.DEFAULT_CONNECTION_LIMITS,
            trust_env=not local,
            headers={"accept-encoding": "gzip, deflate"},
        )
    except Exception as error:  # whatever a variable of the environment holds
        named = ", ".join(_proxies()) or "SSL_CERT_FILE and SSL_CERT_DIR"
        raise SettingsError(
            f"No connection can be made with what the environment sets ({type(error).__name__}). "
            f"Check {named}."
        ) from error


async def look_at(url: str, local: bool) -> tuple[int, Any] | None:
    """Return the status and the JSON value that an address answers to a GET; None: it does not.

    Nothing is sent: no key and no text.
    """
    async with open_client(LONGEST_LOOK_S, local=local) as client:
        try:
            answer = await client.get(url, follow_redirects=False)
            return answer.status_code, answer.json()
        except (httpx2.HTTPError, BodyError, ValueError, OSError):
            return None


def timeouts(timeout_s: float) -> openai.Timeout:
    """Return the time limits of a request; that of the connection ends before the whole does."""
    return openai.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, 0.9 * timeout_s))


def failure(error: Exception, host: str) -> ServiceError:
    """Return our error for a request that got no answer, or none that could be read."""
    causes = _chain(error)
    if any(isinstance(one, NEVER_SENT) for one in causes):
        return ServiceError(
            f"{host} cannot be reached. Check the address (--base-url) and that the server runs."
            + _through_proxy(host),
            "connection",
            sent=False,
        )
    if any(isinstance(one, TimeoutError | openai.APITimeoutError) for one in causes) and not any(
        isinstance(one, DROPPED) for one in causes
    ):
        return ServiceError(
            f"{host} did not answer in time. Run again, or raise --timeout.", "timeout"
        )
    if any(isinstance(one, DROPPED | NO_HTTP) for one in causes):
        return ServiceError(
            f"{host} dropped the connection, or did not speak HTTP. "
            "Check the address (--base-url) and that the server runs.",
            "connection",
        )
    return unreadable(error, host)


def _through_proxy(host: str) -> str:
    """Return what else may be wrong where a proxy lies between."""
    if not (names := _proxies()) or is_local(urlsplit(f"//{host}").hostname or ""):
        return ""
    return f" A proxy is set by {' and '.join(names)}: check that too."


def _proxies() -> list[str]:
    """Return the names of the environment's variables that set a proxy."""
    kinds = {"http_proxy", "https_proxy", "all_proxy"}
    return [name for name, value in os.environ.items() if name.casefold() in kinds and value]


def unreadable(error: Exception, host: str) -> ServiceError:
    """Return our error for an answer that nothing can be made of."""
    body = next((one for one in _chain(error) if isinstance(one, BodyError)), None)
    return ServiceError(
        f"{host} sent an answer that cannot be read ({body or type(error).__name__}). "
        "Check that --base-url is the address of an OpenAI-compatible API.",
        "unreadable",
    )


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what caused it, to the first; the chain may come back on itself."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return seen
