"""What every answer carries, and what no request may do: headers, origins, sizes, rates."""

from collections.abc import Awaitable, Callable
from urllib.parse import urlsplit

from limits import RateLimitItem, RateLimitItemPerHour, RateLimitItemPerMinute
from limits.aio.storage import MemoryStorage
from limits.aio.strategies import MovingWindowRateLimiter
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",  # a link of an owner is a secret
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
HSTS = "max-age=31536000"
MOST_BYTES = 1_000_000  # of a request: 100 pages of text
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

STEPS_A_START = 40  # that an owner may take on average, from one address
SIGN_INS = RateLimitItemPerMinute(5)
REQUESTS = RateLimitItemPerMinute(120)  # of one token
GUESSES = RateLimitItemPerMinute(20)  # of one address, by tokens that do not work


class Limiter:
    """Counts what one address does, in this process: `starts` conversations in an hour."""

    def __init__(self, starts: int) -> None:
        self._window = MovingWindowRateLimiter(MemoryStorage())
        self.starts = RateLimitItemPerHour(starts)
        self.steps = RateLimitItemPerHour(starts * STEPS_A_START)

    async def allows(
        self, limit: RateLimitItem, what: str, who: str, *, only_test: bool = False
    ) -> bool:
        """Return whether `who` may do it once more; it is counted if so, unless it is a test."""
        ask = self._window.test if only_test else self._window.hit
        return await ask(limit, what, who)


def who(request: Request) -> str:
    """Return the address that a request comes from."""
    return request.client.host if request.client else ""


class Guard:
    """Adds the headers, and refuses requests that are too large or come from another site.

    A body is counted as it arrives: what its header promises need not be true.
    """

    def __init__(self, app: ASGIApp, *, secure: bool, policy: str = POLICY) -> None:
        self._app, self._policy = app, policy
        self._headers = HEADERS | ({"strict-transport-security": HSTS} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        answer: Callable[[Scope, Receive, Send], Awaitable[None]] = self._app
        if scope["method"] in CHANGING and not _same_site(headers):
            answer = PlainTextResponse("This form came from another site.", 403)
        elif _length(headers) > MOST_BYTES:
            answer = PlainTextResponse("This is too much text for one form.", 413)
        left = MOST_BYTES

        async def bounded() -> Message:
            nonlocal left
            message = await receive()
            left -= len(message.get("body", b""))
            if left < 0:
                raise TooLargeError
            return message

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                given = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    given.setdefault(name, value)
                given.setdefault("content-security-policy", self._policy)
                given.setdefault("cache-control", "no-store")
            await send(message)

        try:
            await answer(scope, bounded, guarded)
        except TooLargeError:
            refusal = PlainTextResponse("This is too much text for one form.", 413)
            await refusal(scope, receive, guarded)


class TooLargeError(Exception):
    """A body is longer than it may be."""


def _length(headers: Headers) -> int:
    given = headers.get("content-length", "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 12 else MOST_BYTES + 1


def _same_site(headers: Headers) -> bool:
    """Return whether a form that changes something was sent from a page of ours.

    Browsers say so; what says nothing is no browser, and carries no cookie of somebody else.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")
