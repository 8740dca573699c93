"""The HTTP client: aiohttp with what every request shares made once, and answers bounded in size.

The SDK's own ways to send cost several times what sending itself does: for every request they
build options, URL and headers anew, twice, and the default transport searches all its connections.
"""

import asyncio
import json
import ssl
import zlib
from collections.abc import AsyncIterator
from time import perf_counter
from typing import Any, NoReturn
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp
import httpx2
import openai

from triage_agent.errors import SettingsError
from triage_agent.models.llm.failures import (
    LOGIN_WANTED,
    BodyError,
    PlainToTLSError,
    ProxyLoginError,
    proxy_variables,
)
from triage_agent.models.llm.loop_lag import LoopLag

MAX_BODY_BYTES = 16 * 1024 * 1024  # decoded; a full reply with its log-probabilities has 0.3 MB
TOO_LONG = f"its answer is longer than {MAX_BODY_BYTES:,} bytes"
CONNECT_TIMEOUT_S = 10.0
HANDSHAKE_S = 2.0  # of TLS, where plain HTTP was dropped; a server may wait for more instead
KEEP_ALIVE_S = 4.0  # uvicorn and llama.cpp close an idle connection after 5; ours must be first
PACKINGS = "gzip, deflate"
OF_THE_BODY = frozenset({b"content-encoding", b"content-length", b"transfer-encoding"})
WAITED = "triage_waited_s"  # the extension of a response that holds the server's own time
LONGEST_LOOK_S = 5.0


def check_address(base_url: str) -> None:
    """Raise `SettingsError` for an address that the client would refuse, such as http://💥/v1."""
    try:
        httpx2.URL(base_url)
    except (ValueError, httpx2.InvalidURL) as error:
        raise SettingsError(
            f"The address {base_url[:80]!r} is not a URL. Write it like http://localhost:8080/v1."
        ) from error


class DirectClient(httpx2.AsyncClient):
    """An HTTP client for many requests at once, which hands each straight to aiohttp.

    What httpx2 could add is not wanted here: redirects are not followed, cookies are not kept, and
    each failure is raised as aiohttp words it. A response's extension `WAITED` holds the seconds
    from the request's last byte to the answer's first, without those that this program was busy.
    """

    def __init__(self, timeout_s: float, proxy: str | None, *, secure: bool) -> None:
        super().__init__(transport=_Nothing(), trust_env=False)
        limits = timeouts(timeout_s)
        self._limits = aiohttp.ClientTimeout(sock_connect=limits.connect, connect=limits.connect)
        self._tls = httpx2.create_ssl_context() if secure else True
        self._proxy = proxy
        self._session: aiohttp.ClientSession | None = None
        self._raw: list[tuple[bytes, bytes]] = []
        self._headers_made: dict[str, str] = {}
        self._lag = LoopLag()
        self._never_answered = True

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:  # noqa: ARG002
        """Return the response to a request with its body read, or raise `BodyError`."""
        try:
            response = await self._send(request)
        except (aiohttp.ServerDisconnectedError, ConnectionResetError) as error:
            if self._never_answered and request.url.scheme == "http" and not self._proxy:
                self._never_answered = False  # it is asked once
                if await speaks_tls(request.url):
                    raise PlainToTLSError from error
            raise
        self._never_answered = False
        return response

    async def _send(self, request: httpx2.Request) -> httpx2.Response:
        """Return the response to a request, or raise what aiohttp raises."""
        session = self._session or self._open()
        with self._lag.measured() as lag:
            async with session.request(
                request.method,
                str(request.url),
                data=request.content,
                headers=self._headers_of(request),
                allow_redirects=False,
            ) as answer:
                waited_s = max(getattr(answer, "waited_s", 0.0) - lag(), 0.0)
                body = await _body(answer)
        if answer.status == LOGIN_WANTED and self._proxy:
            raise ProxyLoginError
        return httpx2.Response(
            answer.status,
            headers=[
                (name, value)
                for name, value in answer.raw_headers
                if name.lower()
                not in {b"content-encoding", b"content-length", b"transfer-encoding"}
            ],
            content=body,
            request=request,
            extensions={WAITED: waited_s},
        )

    def _headers_of(self, request: httpx2.Request) -> dict[str, str]:
        """Return the headers as aiohttp wants them, made anew only where they differ."""
        raw = [pair for pair in request.headers.raw if pair[0] != b"Content-Length"]  # its own
        if raw != self._raw:
            self._raw = raw
            self._headers_made = {k.decode(): v.decode("latin-1") for k, v in raw}
        return self._headers_made

    async def aclose(self) -> None:
        """Close the connections."""
        await super().aclose()
        self._lag.close()
        if self._session is not None:
            await self._session.close()

    def _open(self) -> aiohttp.ClientSession:
        """Return the session, which belongs to the event loop that runs now."""
        self._session = aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, ssl=self._tls, keepalive_timeout=KEEP_ALIVE_S),
            cookie_jar=aiohttp.DummyCookieJar(),
            timeout=self._limits,
            response_class=_Timed,
            auto_decompress=False,
            proxy=self._proxy,
        )
        return self._session


class _Timed(aiohttp.ClientResponse):
    """A response that knows how long it was waited for, from the request's end to its headers."""

    waited_s = 0.0

    async def start(self, connection: Any) -> aiohttp.ClientResponse:
        """Read the headers; aiohttp calls it when the request has been written."""
        began = perf_counter()
        await super().start(connection)
        self.waited_s = perf_counter() - began
        return self


class _Nothing(httpx2.AsyncBaseTransport):
    """In the place of httpx2's own transport, which would load certificates for nothing."""


async def _body(answer: aiohttp.ClientResponse) -> bytes:
    """Return the body, unpacked; a few bytes may be many, so at most the bound at a time."""
    packing = answer.headers.get("content-encoding", "identity").strip().lower()
    parts = answer.content.iter_any()
    body = bytearray()
    async for part in parts if packing in {"", "identity"} else _unpacked(parts, packing):
        body += part
        if len(body) > MAX_BODY_BYTES:
            answer.close()  # else the rest would be read first
            raise BodyError(TOO_LONG)
    return bytes(body)


async def _unpacked(parts: AsyncIterator[bytes], packing: str) -> AsyncIterator[bytes]:
    """Yield what was packed."""
    if packing not in {"gzip", "x-gzip", "deflate"}:
        raise BodyError("its answer is compressed in a way that was not asked for")
    decoder = zlib.decompressobj(wbits=zlib.MAX_WBITS | 32)  # gzip or zlib, as it says itself
    async for part in parts:
        yield decoder.decompress(part, MAX_BODY_BYTES + 1)
    yield decoder.flush()


def open_client(
    timeout_s: float, base_url: str = "http://localhost", *, local: bool = False
) -> httpx2.AsyncClient:
    """Return an HTTP client for the service; `local`: it is on this machine.

    To that one it goes straight, whatever proxy the environment names: a proxy may be elsewhere.
    """
    try:
        proxy = None if local else proxy_for(base_url)
        return DirectClient(timeout_s, proxy, secure=urlsplit(base_url).scheme == "https")
    except SettingsError:
        raise
    except Exception as error:  # whatever a variable of the environment holds
        _refuse(", ".join(proxy_variables()) or "SSL_CERT_FILE and SSL_CERT_DIR", error)


def proxy_for(base_url: str) -> str | None:
    """Return the address of the proxy that the environment sets for an address."""
    parts, proxies = urlsplit(base_url), getproxies()
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or proxy_bypass(parts.netloc):
        return None
    if "://" not in proxy:
        proxy = f"http://{proxy}"
    if urlsplit(proxy).scheme not in {"http", "https"} or not urlsplit(proxy).hostname:
        named = " and ".join(proxy_variables()) or "the system's settings"
        raise SettingsError(
            f"The proxy in {named} is not one that can be used. Give an HTTP proxy, as "
            "http://HOST:PORT, or name the service's host in NO_PROXY."
        )
    return proxy


def _refuse(named: str, error: Exception) -> NoReturn:
    raise SettingsError(
        f"No connection can be made with what the environment sets ({type(error).__name__}). "
        f"Check {named}."
    ) from error


async def look_at(url: str, local: bool) -> tuple[int, Any] | None:
    """Return the status and the JSON value that an address answers to a GET; None: it does not.

    Nothing is sent: no key and no text.
    """
    async with open_client(LONGEST_LOOK_S, url, local=local) as client:
        try:
            answer = await client.get(url, follow_redirects=False)
            return answer.status_code, answer.json()
        except (aiohttp.ClientError, httpx2.HTTPError, BodyError, ValueError, OSError):
            return None


def timeouts(timeout_s: float) -> openai.Timeout:
    """Return the time limits of a request; that of the connection ends before the whole does."""
    return openai.Timeout(timeout_s, connect=min(CONNECT_TIMEOUT_S, 0.9 * timeout_s))


async def speaks_tls(url: httpx2.URL) -> bool:
    """Return whether a server that drops plain HTTP without a word completes a TLS handshake.

    Nothing is sent to it, so its certificate does not matter.
    """
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        async with asyncio.timeout(HANDSHAKE_S):
            _, writer = await asyncio.open_connection(url.host, url.port or 80, ssl=context)
    except (OSError, ValueError):  # what it says to one; a timeout is an OSError
        return False
    writer.close()
    return True


def headers_of(client: openai.AsyncOpenAI) -> httpx2.Headers:
    """Return the headers that the SDK sends with every request, its way of logging in included."""
    headers = {**client.default_headers, **client.auth_headers, "accept-encoding": PACKINGS}
    return httpx2.Headers({k: value for k, value in headers.items() if isinstance(value, str)})


def status_error(response: httpx2.Response) -> openai.APIStatusError:
    """Return the SDK's error for an answer with an error status."""
    try:
        body = json.loads(response.content)
    except (ValueError, RecursionError):
        body = response.text
    inner = body.get("error", body) if isinstance(body, dict) else body
    return openai.APIStatusError(f"Status {response.status_code}", response=response, body=inner)
