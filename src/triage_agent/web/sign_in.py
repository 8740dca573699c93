"""Advisers sign in and out; the first time, by a link that sets their password, once."""

import re

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.errors import InputError
from triage_agent.web.advisers import AdviserAccount, check_name, plain_name
from triage_agent.web.forms import fields_of
from triage_agent.web.pages import page
from triage_agent.web.passwords import check_password
from triage_agent.web.rates import Rate
from triage_agent.web.security import SIGN_INS, who
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import cookie_name, session_of, set_cookie, signed_in
from triage_agent.web.site import site_of

INBOX = "/inbox"
# A page of ours, as it is asked for: no other host, and nothing that a browser takes for one.
OURS = re.compile(r"/inbox(?:/[A-Za-z0-9._~-]+)*(?:\?[A-Za-z0-9._~%&=+-]*)?")
TRIES = Rate(30, seconds=3600)  # to sign in under one name, from wherever
LONGEST_SECRET = 200


async def sign_in(request: Request) -> Response:
    """Show where to sign in, or let an adviser in."""
    site = site_of(request)
    to = own_path(request.query_params.get("to", ""))
    if request.method != "POST":
        if await session_of(request) is not None:
            return RedirectResponse(to, 303)
        return page(request, "inbox/sign_in.html.j2", to=to, name="", error="")
    form = await fields_of(request)
    name, to = plain_name(form.get("name", "")), own_path(form.get("to", ""))
    await _limited(request)
    if not await site.limiter.allows(TRIES, "sign-in-name", name.casefold()):
        raise HTTPException(429)
    found = await anyio.to_thread.run_sync(site.advisers.named, name)
    kept = found.password if found else None
    if await site.passwords.is_right(kept, form.get("password", "")) and found:
        return await _let_in(request, found, to)
    error = site.texts["sign_in"]["wrong"]
    return page(request, "inbox/sign_in.html.j2", status=422, to=to, name=name, error=error)


async def welcome(request: Request) -> Response:
    """Show where the link of an invitation sets a password, or set it, and let the adviser in."""
    site, secret = site_of(request), request.path_params["secret"][:LONGEST_SECRET]
    try:
        invitation = await anyio.to_thread.run_sync(site.advisers.invitation, secret)
    except InputError as error:
        return page(request, "inbox/used_up.html.j2", status=404, error=error.message)

    def asked(name: str = "", error: str = "") -> HTMLResponse:
        return page(
            request,
            "inbox/welcome.html.j2",
            status=422 if error else 200,
            invitation=invitation,
            name=name,
            error=error,
        )

    if request.method != "POST":
        return asked()
    await _limited(request)
    form = await fields_of(request)
    name = invitation.name or plain_name(form.get("name", ""))
    password = form.get("password", "")
    try:
        check_name(name)
        check_password(password, form.get("again", ""), name)
        kept = await site.passwords.hashed(password)
        adviser = await anyio.to_thread.run_sync(site.advisers.welcome, secret, name, kept)
    except InputError as error:
        return asked(name, error.message)
    return await _let_in(request, adviser, INBOX)


@signed_in
async def sign_out(request: Request, session: Session) -> Response:
    """End this session, or those in all browsers."""
    site, secure = site_of(request), site_of(request).options.secure
    if (await fields_of(request)).get("everywhere"):
        await anyio.to_thread.run_sync(site.sessions.end_all, session.adviser.id)
    else:
        cookie = request.cookies[cookie_name(secure=secure)]
        await anyio.to_thread.run_sync(site.sessions.end, cookie)
    answer = RedirectResponse("/sign-in", 303)
    set_cookie(answer, "", secure=secure)
    return answer


ROUTES = [
    Route("/sign-in", sign_in, methods=["GET", "POST"]),
    Route("/sign-out", sign_out, methods=["POST"]),
    Route("/welcome/{secret}", welcome, methods=["GET", "POST"]),
]


def own_path(path: str) -> str:
    r"""Return a path of the inbox to go to; anything else is its first page.

    >>> own_path("/inbox/7?a=b"), own_path("//evil.example/inbox"), own_path("/inbox/\\evil")
    ('/inbox/7?a=b', '/inbox', '/inbox')
    """
    return path if OURS.fullmatch(path) else INBOX


async def _let_in(request: Request, adviser: AdviserAccount, to: str) -> Response:
    """Begin a session; one that this browser had ends."""
    site, secure = site_of(request), site_of(request).options.secure
    if before := request.cookies.get(cookie_name(secure=secure)):
        await anyio.to_thread.run_sync(site.sessions.end, before)
    answer = RedirectResponse(to, 303)
    cookie = await anyio.to_thread.run_sync(site.sessions.begin, adviser)
    set_cookie(answer, cookie, secure=secure)
    return answer


async def _limited(request: Request) -> None:
    """Refuse what one address tries too often."""
    if not await site_of(request).limiter.allows(SIGN_INS, "sign-in", who(request)):
        raise HTTPException(429)
