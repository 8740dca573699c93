"""The inbox's pages about tokens of the HTTP API: made, shown once, listed, ended, followed."""

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.errors import InputError
from triage_agent.web.forms import fields_of, number_of
from triage_agent.web.pages import page
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import site_of
from triage_agent.web.tokens import NOTED_DAYS, ON_A_PAGE, SCOPES

HERE = "/inbox/tokens"


@signed_in
async def tokens(request: Request, session: Session) -> Response:
    """Show the tokens, and where a new one is made."""
    return await _shown(request, session)


@signed_in
async def made(request: Request, session: Session) -> Response:
    """Make a token and show it, this once."""
    site, form = site_of(request), await fields_of(request)
    name, scopes = form.get("name", ""), [one for one in SCOPES if form.get(f"for-{one}")]
    try:
        token = await anyio.to_thread.run_sync(site.tokens.make, name, scopes, session.adviser.id)
    except InputError as error:
        return await _shown(request, session, error=error.message, name=name, scopes=scopes)
    return await _shown(request, session, token=token, named=name)


@signed_in
async def ended(request: Request, session: Session) -> Response:
    """Let a token work no longer."""
    site, number = site_of(request), number_of((await fields_of(request)).get("token", ""))
    await anyio.to_thread.run_sync(site.tokens.end, number, session.adviser.id)
    return RedirectResponse(HERE, 303)


@signed_in
async def uses(request: Request, session: Session) -> Response:
    """Show what a token was used for, the last use first."""
    site, number = site_of(request), request.path_params["id"]
    before = number_of(request.query_params.get("before", ""))
    found = await anyio.to_thread.run_sync(site.tokens.by_id, number) if number < 2**63 else None
    if found is None:
        raise HTTPException(404)
    used = await anyio.to_thread.run_sync(site.tokens.uses, number, before)
    return page(
        request,
        "inbox/token.html.j2",
        session=session,
        token=found,
        uses=used,
        days=NOTED_DAYS,
        next=f"{HERE}/{number}?before={used[-1].id}" if len(used) == ON_A_PAGE else "",
    )


ROUTES = [
    Route(HERE, tokens),
    Route(f"{HERE}/make", made, methods=["POST"]),
    Route(f"{HERE}/end", ended, methods=["POST"]),
    Route(HERE + "/{id:int}", uses),
]


async def _shown(
    request: Request,
    session: Session,
    *,
    error: str = "",
    name: str = "",
    scopes: list[str] | None = None,
    token: str = "",
    named: str = "",
) -> HTMLResponse:
    """Return the page of the tokens; with `token`, a new one is shown on it."""
    site = site_of(request)
    return page(
        request,
        "inbox/tokens.html.j2",
        status=422 if error else 200,
        session=session,
        error=error,
        name=name,
        chosen=scopes or [],
        scopes=SCOPES,
        token=token,
        named=named,
        tokens=await anyio.to_thread.run_sync(site.tokens.all),
    )
