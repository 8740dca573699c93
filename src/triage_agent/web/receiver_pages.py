"""The inbox's page about receivers: who is told of verdicts, and what could not be told."""

import anyio
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.errors import InputError
from triage_agent.web.forms import fields_of, number_of
from triage_agent.web.notices import MOST_TRIES, Notices
from triage_agent.web.pages import page
from triage_agent.web.receivers import Receivers
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import site_of

HERE = "/inbox/receivers"


@signed_in
async def receivers(request: Request, session: Session) -> Response:
    """Show the receivers, and what they have not taken."""
    return await _shown(request, session)


@signed_in
async def made(request: Request, session: Session) -> Response:
    """Make a receiver and show its secret, this once."""
    site, form = site_of(request), await fields_of(request)
    url, with_words = form.get("url", "").strip(), form.get("words") == "yes"
    there = Receivers(site.database)

    def make() -> str:
        return there.make(url, session.adviser.id, with_words=with_words)

    try:
        await site.outgoing.check(url)
        secret = await anyio.to_thread.run_sync(make)
    except InputError as error:
        return await _shown(request, session, error=error.message, url=url, with_words=with_words)
    return await _shown(request, session, secret=secret, of=url)


@signed_in
async def renewed(request: Request, session: Session) -> Response:
    """Give a receiver another secret and show it, this once."""
    there, number = Receivers(site_of(request).database), await _number(request, "receiver")
    receiver = await anyio.to_thread.run_sync(there.by_id, number)
    secret = await anyio.to_thread.run_sync(there.renew, number)
    if receiver is None or secret is None:
        return RedirectResponse(HERE, 303)
    return await _shown(request, session, secret=secret, of=receiver.url, is_renewed=True)


@signed_in
async def removed(request: Request, _: Session) -> Response:
    """Tell a receiver nothing any more."""
    there, number = Receivers(site_of(request).database), await _number(request, "receiver")
    await anyio.to_thread.run_sync(there.remove, number)
    return RedirectResponse(HERE, 303)


@signed_in
async def again(request: Request, _: Session) -> Response:
    """Send a notice that was not taken again, or all of them."""
    notices, form = Notices(site_of(request).database), await fields_of(request)
    if form.get("all"):
        await anyio.to_thread.run_sync(notices.all_again)
    else:
        await anyio.to_thread.run_sync(notices.again, number_of(form.get("notice", "")))
    return RedirectResponse(f"{HERE}#not-taken", 303)


ROUTES = [
    Route(HERE, receivers),
    Route(f"{HERE}/make", made, methods=["POST"]),
    Route(f"{HERE}/renew", renewed, methods=["POST"]),
    Route(f"{HERE}/remove", removed, methods=["POST"]),
    Route(f"{HERE}/again", again, methods=["POST"]),
]


async def _number(request: Request, name: str) -> int:
    return number_of((await fields_of(request)).get(name, ""))


async def _shown(
    request: Request,
    session: Session,
    *,
    error: str = "",
    url: str = "",
    with_words: bool = False,
    secret: str = "",
    of: str = "",
    is_renewed: bool = False,
) -> HTMLResponse:
    """Return the page of the receivers; with `secret`, a new one is shown on it."""
    database = site_of(request).database
    return page(
        request,
        "inbox/receivers.html.j2",
        status=422 if error else 200,
        session=session,
        error=error,
        url=url,
        with_words=with_words,
        secret=secret,
        of=of,
        is_renewed=is_renewed,
        most=MOST_TRIES,
        receivers=await anyio.to_thread.run_sync(Receivers(database).all),
        failed=await anyio.to_thread.run_sync(Notices(database).not_taken),
    )
