"""An adviser's own page: their password, their feed, and who else is an adviser."""

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.errors import InputError
from triage_agent.web.advisers import check_name, plain_name
from triage_agent.web.forms import fields_of
from triage_agent.web.pages import page
from triage_agent.web.passwords import check_password
from triage_agent.web.security import SIGN_INS, who
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import site_of

HERE = "/inbox/account"


@signed_in
async def account(request: Request, session: Session) -> Response:
    """Show the adviser's own page."""
    return await _shown(request, session)


@signed_in
async def password(request: Request, session: Session) -> Response:
    """Set another password, which ends all sessions, this one too."""
    site, form = site_of(request), await fields_of(request)
    if not await site.limiter.allows(SIGN_INS, "sign-in", who(request)):
        raise HTTPException(429)
    new = form.get("password", "")
    try:
        if not await site.passwords.is_right(session.adviser.password, form.get("now", "")):
            raise InputError(site.texts["account"]["wrong"])
        check_password(new, form.get("again", ""), session.adviser.name)
    except InputError as error:
        return await _shown(request, session, error=error.message)
    kept = await site.passwords.hashed(new)
    await anyio.to_thread.run_sync(site.advisers.set_password, session.adviser.id, kept)
    return RedirectResponse("/sign-in", 303)


@signed_in
async def feed(request: Request, session: Session) -> Response:
    """Give the feed another address."""
    await anyio.to_thread.run_sync(site_of(request).advisers.renew_feed, session.adviser.id)
    return RedirectResponse(f"{HERE}#feed", 303)


@signed_in
async def invite(request: Request, session: Session) -> Response:
    """Show a link that makes somebody an adviser; it is shown this once."""
    site, name = site_of(request), plain_name((await fields_of(request)).get("name", ""))
    try:
        check_name(name)
        if await anyio.to_thread.run_sync(site.advisers.named, name):
            raise InputError(site.texts["account"]["taken"].format(name=name))
    except InputError as error:
        return await _shown(request, session, error=error.message)
    secret = await anyio.to_thread.run_sync(site.advisers.invite, name)
    link = f"{site.options.address}/welcome/{secret}"
    return await _shown(request, session, invited=name, link=link)


@signed_in
async def remove(request: Request, session: Session) -> Response:
    """Let an adviser in no longer."""
    site, form = site_of(request), await fields_of(request)
    try:
        await anyio.to_thread.run_sync(site.advisers.remove, int(form.get("adviser", "0") or 0))
    except (InputError, ValueError) as error:
        return await _shown(request, session, error=getattr(error, "message", ""))
    return RedirectResponse(f"{HERE}#advisers", 303)


ROUTES = [
    Route(HERE, account),
    Route(f"{HERE}/password", password, methods=["POST"]),
    Route(f"{HERE}/feed", feed, methods=["POST"]),
    Route(f"{HERE}/invite", invite, methods=["POST"]),
    Route(f"{HERE}/remove", remove, methods=["POST"]),
]


async def _shown(
    request: Request, session: Session, *, error: str = "", invited: str = "", link: str = ""
) -> HTMLResponse:
    """Return the adviser's own page."""
    site = site_of(request)
    feed_secret = site.advisers.feed_secret(session.adviser)
    return page(
        request,
        "inbox/account.html.j2",
        status=422 if error else 200,
        session=session,
        error=error,
        invited=invited,
        link=link,
        feed=f"{site.options.address}/inbox/feed/{feed_secret}",
        advisers=await anyio.to_thread.run_sync(site.advisers.all),
    )
