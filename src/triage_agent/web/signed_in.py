"""Pages for advisers alone: who is signed in, and whether a form came from a page of ours."""

import hmac
from collections.abc import Awaitable, Callable
from functools import wraps
from urllib.parse import quote

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from triage_agent.web.forms import fields_of
from triage_agent.web.security import CHANGING
from triage_agent.web.sessions import LONGEST, Session
from triage_agent.web.site import site_of
from triage_agent.web.visit import patient

COOKIE = "triage-session"
Handler = Callable[[Request, Session], Awaitable[Response]]


def signed_in(handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    """Return a handler that answers advisers only; others are sent to sign in first.

    A form without the token of the session is refused.
    """

    @wraps(handler)
    async def guarded(request: Request) -> Response:
        session = await session_of(request)
        if session is None:
            return RedirectResponse(_sign_in(request), 303)
        if request.method in CHANGING:
            given = (await fields_of(request)).get("csrf", "")
            if not hmac.compare_digest(given.encode("utf-8", "replace"), session.csrf.encode()):
                raise HTTPException(403)
        return await handler(request, session)

    return patient(guarded)


async def session_of(request: Request) -> Session | None:
    """Return who is signed in where a request comes from; None: nobody."""
    site = site_of(request)
    cookie = request.cookies.get(cookie_name(secure=site.options.secure))
    return await anyio.to_thread.run_sync(site.sessions.of, cookie) if cookie else None


def cookie_name(*, secure: bool) -> str:
    """Return what the cookie is called: with https, no other host can set it."""
    return f"__Host-{COOKIE}" if secure else COOKIE


def set_cookie(response: Response, cookie: str, *, secure: bool) -> None:
    """Give a browser the cookie of a session; empty: take it back."""
    response.set_cookie(
        cookie_name(secure=secure),
        cookie,
        max_age=int(LONGEST.total_seconds()) if cookie else 0,
        path="/",
        secure=secure,
        httponly=True,
        samesite="lax",
    )


def _sign_in(request: Request) -> str:
    """Return where to sign in, and to come back from there if a page was asked for."""
    if request.method in CHANGING:
        return "/sign-in"
    query = f"?{request.url.query}" if request.url.query else ""
    return f"/sign-in?to={quote(request.url.path + query, safe='')}"
