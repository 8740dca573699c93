"""What every answer carries, and what no request may do: headers, origins, sizes, rates."""

from collections.abc import Awaitable, Callable, Mapping
from ipaddress import IPv6Address, ip_address
from math import ceil
from urllib.parse import urlsplit

import anyio
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from triage_agent.web.options import ServeOptions, is_loopback
from triage_agent.web.problem_details import ProblemError, problem
from triage_agent.web.rates import Rate, Rates

Failed = Callable[[Request, Exception], Awaitable[Response]]

POLICY = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'"
)
POLICY_HEADER, NOBODY = "content-security-policy", "'none'"
HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",  # a link of an owner is a secret
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=()",
}
# The owner's pages: these, and what is below /t/. The inbox is never shown in a frame.
FRAMED = frozenset({"/", "/quiz", "/roles", "/situations", "/red-flags", "/returns"})
OWNERS, API = "/t/", "/api/"
HSTS = "max-age=31536000"
MOST_BYTES = 1_000_000  # of a request: 100 pages of text
BODY_S = 60.0  # that a form may take to arrive: 1 MB by a poor mobile connection
TOO_LONG = f"This is too much for one request: at most {MOST_BYTES:,} bytes."
CLOSE = {"connection": "close"}  # the rest of such a body is not waited for
LONGEST_ADDRESS, LONGEST_PATH = 100, 1000
CHANGING = frozenset({"POST", "PUT", "PATCH", "DELETE"})

STEPS_A_START = 40  # that an owner may take on average, from one address
SIGN_INS = Rate(5, seconds=60)
REQUESTS = Rate(120, seconds=60)  # of one token
GUESSES = Rate(20, seconds=60)  # of one address, by tokens that do not work
SENT = Rate(1200, seconds=60)  # to hooks, from one address: many forms come from one form tool
RECEIVED = Rate(600, seconds=60)  # by one hook


class Limiter:
    """Counts what one address does, in this process: `starts` conversations in an hour."""

    def __init__(self, starts: int) -> None:
        self._rates = Rates()
        self.starts = Rate(starts, seconds=3600)
        self.steps = Rate(starts * STEPS_A_START, seconds=3600)

    async def allows(self, rate: Rate, what: str, who: str) -> bool:
        """Return whether `who` may do it once more; it is counted if so."""
        return self._rates.allow(rate, what, who)

    def wait_s(self, rate: Rate, what: str, who: str) -> int:
        """Return in how many seconds, at least one, `who` may do it once more."""
        return max(1, ceil(self._rates.wait_s(rate, what, who)))


def who(request: Request) -> str:
    """Return the address that a request comes from; of IPv6, the network that one customer has."""
    host = request.client.host[:LONGEST_ADDRESS] if request.client else ""
    try:
        address = ip_address(host)
    except ValueError:  # a name that a trusted proxy gives
        return host
    if isinstance(address, IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else f"{int(address) >> 64:x}::/64"
    return host


class Guard:
    """Adds the headers, and refuses requests that are too large, too slow or from another site.

    A body is counted as it arrives: what its header promises need not be true. What fails inside is
    answered by `failed` and goes no further: what is outside would log the words of the error.
    """

    def __init__(
        self, app: ASGIApp, options: ServeOptions, failed: Failed, *, policy: str = POLICY
    ) -> None:
        self._app, self._options, self._failed, self._policy = app, options, failed, policy
        self._headers = HEADERS | ({"strict-transport-security": HSTS} if options.secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        begun = False

        async def guarded(message: Message) -> None:
            nonlocal begun
            if message["type"] == "http.response.start":
                begun = True
                self._add_headers(MutableHeaders(scope=message), scope["path"])
            await send(message)

        answer: ASGIApp = self._refusal(Headers(scope=scope), scope) or self._app
        try:
            await answer(scope, _bounded(receive), guarded)
        except ClientDisconnect:  # nobody is there to be answered
            return
        except RefusedError as refused:
            answer = refusal(scope, refused.words, refused.status, CLOSE)
        except Exception as error:
            answer = await self._failed(Request(scope), error)
        else:
            return
        if not begun:
            await answer(scope, receive, guarded)

    def _add_headers(self, given: MutableHeaders, path: str) -> None:
        """Add to the headers of an answer what each must carry."""
        for name, value in self._headers.items():
            given.setdefault(name, value)
        policy, ancestors = given.get(POLICY_HEADER, self._policy), framed_by(self._options, path)
        given[POLICY_HEADER] = f"{policy}; frame-ancestors {ancestors}"
        if ancestors == NOBODY:
            given["x-frame-options"] = "DENY"
        given.setdefault("cache-control", "no-store")

    def _refusal(self, headers: Headers, scope: Scope) -> ASGIApp | None:
        """Return what answers a request whose headers alone are reason to refuse it."""
        host = headers.get("host")
        if self._options.public_url is None and host and not is_loopback(_name(f"//{host}")):
            # A page elsewhere whose name was pointed at this machine.
            return refusal(scope, "This server is not reached by that name.", 421)
        if len(scope["path"]) > LONGEST_PATH:  # routes make numbers of digits, up to a limit
            return refusal(scope, "This address is too long.", 414)
        if scope["method"] in CHANGING and not _same_site(headers, self._options.address):
            return refusal(scope, "This form came from another site.", 403)
        if _length(headers) > MOST_BYTES:
            return refusal(scope, TOO_LONG, 413, CLOSE)
        return None


def refusal(
    scope: Scope, words: str, status: int, headers: Mapping[str, str] | None = None
) -> Response:
    """Return the answer to a request that reaches no page: words, or of the API its form."""
    if scope["path"].startswith(API):
        return problem(ProblemError(status, words, headers))
    return PlainTextResponse(words, status, headers)


def framed_by(options: ServeOptions, path: str) -> str:
    """Return whose pages may show one of ours in a frame, as `frame-ancestors` has it."""
    if options.embedders and (path in FRAMED or path.startswith(OWNERS)):
        return " ".join(options.embedders)
    return NOBODY


class RefusedError(Exception):
    """A body is longer than it may be, or takes longer than it may take."""

    def __init__(self, words: str, status: int) -> None:
        self.words, self.status = words, status
        super().__init__(words)


def _bounded(receive: Receive) -> Receive:
    """Return what receives a body, and raises `RefusedError` if it is too long or too slow."""
    left, open_, until = MOST_BYTES, True, anyio.current_time() + BODY_S

    async def bounded() -> Message:
        nonlocal left, open_
        if not open_:  # it waits for the other side to go away
            return await receive()
        with anyio.move_on_at(until) as late:
            message = await receive()
        if late.cancelled_caught:
            raise RefusedError("This took too long to arrive.", 408)
        left, open_ = left - len(message.get("body", b"")), message.get("more_body", False)
        if left < 0:
            raise RefusedError(TOO_LONG, 413)
        return message

    return bounded


def _length(headers: Headers) -> int:
    given = headers.get("content-length", "0")
    return int(given) if given.isascii() and given.isdigit() and len(given) < 12 else MOST_BYTES + 1


def _same_site(headers: Headers, address: str) -> bool:
    """Return whether a form that changes something was sent from a page of ours.

    Browsers say so; what says nothing is no browser, and carries no cookie of somebody else.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site in {"same-origin", "none"}
    origin = headers.get("origin")
    if origin is None or origin.lower() == address.lower():
        return True
    return origin.partition("://")[2] == headers.get("host")


def _name(url: str) -> str:
    """Return the host that a URL names; empty: none."""
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""
