"""The inbox's pages about forms that arrive by themselves: hooks, their columns, what failed."""

import json
import re
from collections.abc import Mapping

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.advice import load_quiz
from triage_agent.errors import InputError
from triage_agent.web.deliveries import Deliveries
from triage_agent.web.forms import fields_of
from triage_agent.web.hook_columns import ONCE, PROBLEM, QUIZ, chosen, questions_of, roles_of
from triage_agent.web.hook_kinds import KINDS
from triage_agent.web.hooks import OVERLAP, Hook, Hooks
from triage_agent.web.pages import STATIC, page
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import Site, site_of

HERE = "/inbox/forms"
GOOGLE_SCRIPT = STATIC / "google-forms.js"
SHOWN = 20  # deliveries on a page


@signed_in
async def hooks(request: Request, session: Session) -> Response:
    """Show the hooks."""
    return await _list(request, session)


@signed_in
async def make(request: Request, session: Session) -> Response:
    """Make a hook, and show its page with the secret, this once."""
    site, form = site_of(request), await fields_of(request)
    name, kind = form.get("name", "").strip().lower(), form.get("kind", "")
    there = Hooks(site.database)
    try:
        await anyio.to_thread.run_sync(there.make, name, kind, session.adviser.id)
    except InputError as error:
        return await _list(request, session, error.message, form)
    return await _shown(request, session, await _named(site, name), with_secret=True)


@signed_in
async def hook(request: Request, session: Session) -> Response:
    """Show one hook."""
    return await _shown(request, session, await _hook(request))


@signed_in
async def secret(request: Request, session: Session) -> Response:
    """Give a hook another secret, and show it, this once."""
    site, known = site_of(request), await _hook(request)
    await anyio.to_thread.run_sync(Hooks(site.database).rotate, known.name, session.adviser.id)
    return await _shown(request, session, await _named(site, known.name), with_secret=True)


@signed_in
async def end_secret(request: Request, session: Session) -> Response:
    """Let the secret before work no longer."""
    known, there = await _hook(request), Hooks(site_of(request).database)
    await anyio.to_thread.run_sync(there.end_before, known.name, session.adviser.id)
    return _back(known)


@signed_in
async def columns(request: Request, session: Session) -> Response:
    """Take what the questions are about; what waits for that is read."""
    site, known, form = site_of(request), await _hook(request), await fields_of(request)
    try:
        mapping = chosen(form)
    except InputError as error:
        return await _shown(request, session, known, error.message, form)
    there = Hooks(site.database)
    await anyio.to_thread.run_sync(there.map, known.name, mapping, session.adviser.id)
    site.arrivals.ring()
    return _back(known)


@signed_in
async def again(request: Request, _: Session) -> Response:
    """Try again what has failed, or delete it."""
    site, known, form = site_of(request), await _hook(request), await fields_of(request)
    deliveries = Deliveries(site.database)
    if form.get("do") == "delete":
        await anyio.to_thread.run_sync(deliveries.delete_failed, known.name)
    else:
        await anyio.to_thread.run_sync(deliveries.again, known.name)
        site.arrivals.ring()
    return _back(known)


@signed_in
async def remove(request: Request, session: Session) -> Response:
    """Remove a hook; its submissions stay."""
    known, there = await _hook(request), Hooks(site_of(request).database)
    await anyio.to_thread.run_sync(there.remove, known.name, session.adviser.id)
    return RedirectResponse(HERE, 303)


ROUTES = [
    Route(HERE, hooks),
    Route(f"{HERE}/make", make, methods=["POST"]),
    Route(f"{HERE}/{{name}}", hook),
    Route(f"{HERE}/{{name}}/secret", secret, methods=["POST"]),
    Route(f"{HERE}/{{name}}/end-secret", end_secret, methods=["POST"]),
    Route(f"{HERE}/{{name}}/columns", columns, methods=["POST"]),
    Route(f"{HERE}/{{name}}/again", again, methods=["POST"]),
    Route(f"{HERE}/{{name}}/remove", remove, methods=["POST"]),
]


async def _hook(request: Request) -> Hook:
    """Return the hook that an address names, or answer that there is none."""
    return await _named(site_of(request), request.path_params["name"])


async def _named(site: Site, name: str) -> Hook:
    found = await anyio.to_thread.run_sync(Hooks(site.database).named, name)
    if found is None:
        raise HTTPException(404)
    return found


def _back(known: Hook) -> Response:
    return RedirectResponse(f"{HERE}/{known.name}", 303)


async def _list(
    request: Request, session: Session, error: str = "", form: Mapping[str, str] | None = None
) -> HTMLResponse:
    """Return the page of all hooks."""
    database = site_of(request).database
    return page(
        request,
        "inbox/hooks.html.j2",
        status=422 if error else 200,
        session=session,
        error=error,
        form=form or {},
        hooks=await anyio.to_thread.run_sync(Hooks(database).all),
        counts=await anyio.to_thread.run_sync(Deliveries(database).counts),
        kinds=KINDS,
    )


async def _shown(
    request: Request,
    session: Session,
    known: Hook,
    error: str = "",
    form: Mapping[str, str] | None = None,
    *,
    with_secret: bool = False,
) -> HTMLResponse:
    """Return the page of one hook."""
    site = site_of(request)
    deliveries = Deliveries(site.database)
    waiting, count = await anyio.to_thread.run_sync(deliveries.waiting, known.name, SHOWN)
    latest = await anyio.to_thread.run_sync(deliveries.latest, known.name)
    questions = await anyio.to_thread.run_sync(
        lambda: list(questions_of(known, latest, dict(roles_of(form or {}))))
    )
    is_shown = with_secret or known.tool.signature is not None
    return page(
        request,
        "inbox/hook.html.j2",
        status=422 if error else 200,
        session=session,
        error=error,
        hook=known,
        address=f"{site.options.address}{known.path}" if is_shown else "",
        secret=known.secrets[0] if with_secret and known.tool.signature else "",
        with_secret=with_secret,
        script=_script(site, known) if with_secret and known.kind == "google" else "",
        hours=int(OVERLAP.total_seconds() // 3600),
        waiting=[one for one in waiting if one.trouble],
        count=count,
        questions=questions,
        money=_money(known, form),
        roles=(PROBLEM, *ONCE),
        quiz=[(f"{QUIZ}{one.id}", one.dimension) for one in load_quiz().questions],
        trail=await anyio.to_thread.run_sync(Hooks(site.database).trail, known.name),
    )


def _money(known: Hook, form: Mapping[str, str] | None) -> dict[str, str]:
    """Return the unit of the revenue and its rate, as they were sent or are kept."""
    if form is not None:
        return {name: form.get(name, "") for name in ("unit", "rate")}
    unit = known.mapping.revenue_unit if known.mapping else None
    rate = known.mapping.usd_rate if known.mapping else None
    return {"unit": unit or "", "rate": "" if rate is None else str(rate)}


def _script(site: Site, known: Hook) -> str:
    """Return the script for Google Forms, with the address and the secret of a hook in it."""
    script = GOOGLE_SCRIPT.read_text("utf-8")
    for name, value in (
        ("ADDRESS", f"{site.options.address}{known.path}"),
        ("SECRET", known.secrets[0]),
    ):
        line = f"const {name} = {json.dumps(value)};"
        script = re.sub(f"^const {name} = .*$", lambda _: line, script, flags=re.MULTILINE)  # noqa: B023
    return script
