"""The adviser's inbox: the submissions, and one of them with its report and its corrections."""

from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.advice import Recommendation
from triage_agent.batch import text_key
from triage_agent.conversation import Conversation
from triage_agent.errors import InputError
from triage_agent.reports import Letterhead, advice_html
from triage_agent.types import Problem
from triage_agent.web.corrections import KINDS, Change, Changes, Reading, correct, said_of, undo
from triage_agent.web.finding import Filter, found, sources
from triage_agent.web.forms import fields_of, number_of
from triage_agent.web.pages import page, whole_page
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import Site, forget, site_of
from triage_agent.web.spot_checks import CANNOT_TELL, SpotChecks, check
from triage_agent.web.submissions import PAGE, SpotCheck, Submission

REVIEW = "/inbox/review"


@signed_in
async def inbox(request: Request, session: Session) -> Response:
    """Show the submissions that are wanted, the newest first."""
    site, wanted = site_of(request), Filter.of(request.query_params)
    listed, next_before = await anyio.to_thread.run_sync(found, site.database, wanted)
    return page(
        request,
        "inbox/list.html.j2",
        session=session,
        wanted=wanted,
        listed=listed,
        next=wanted.address(next_before) if next_before else "",
        recommendations=list(Recommendation),
        today=datetime.now(UTC).date(),
        sources=await anyio.to_thread.run_sync(sources, site.database),
    )


@signed_in
async def submission(request: Request, session: Session) -> Response:
    """Show one submission: its verdict, its problems and who changed what."""
    return await _shown(request, session)


@signed_in
async def report(request: Request, _: Session) -> Response:
    """Show the report of a submission, which is a page of its own."""
    known, site = await submission_of(request), site_of(request)
    if known.advice is None or known.spot_check is SpotCheck.WAITING:
        return RedirectResponse(f"/inbox/{known.id}", 303)
    return whole_page(await _report(site, known))


@signed_in
async def printed(request: Request, _: Session) -> Response:
    """Send the report of a submission as a PDF, if this server can make one."""
    known, site = await decided(request), site_of(request)
    if not site.printer.works:
        raise HTTPException(404)
    return await site.printer.pdf(await _report(site, known))


@signed_in
async def corrected(request: Request, session: Session) -> Response:
    """Give a problem the kind that the adviser says."""
    site, known, form = site_of(request), await decided(request), await fields_of(request)
    number = number_of(form.get("problem", ""))
    text, kind, note = (form.get(name, "") for name in ("text", "kind", "note"))
    try:
        await correct(site, known, session.adviser.id, number, text, kind, note.strip())
    except InputError as error:
        return await _shown(request, session, error.message)
    return RedirectResponse(_back(form.get("back", ""), known.id), 303)


@signed_in
async def undone(request: Request, session: Session) -> Response:
    """Take back what was said last of a problem."""
    site, known, form = site_of(request), await decided(request), await fields_of(request)
    try:
        change = await _change(site, known, form.get("change", ""))
        await undo(site, known, session.adviser.id, change)
    except InputError as error:
        return await _shown(request, session, error.message)
    return RedirectResponse(_back(form.get("back", ""), known.id), 303)


@signed_in
async def checked(request: Request, session: Session) -> Response:
    """Take the answer to a blind check; the verdict is shown from then on."""
    site, known, form = site_of(request), await submission_of(request), await fields_of(request)
    if known.spot_check is not SpotCheck.WAITING or known.advice is None:
        return RedirectResponse(f"/inbox/{known.id}", 303)
    texts = [form[name] for name in form if name.startswith("text-")]
    said = [(text, form.get(f"kind-{number}", "")) for number, text in enumerate(texts, start=1)]
    try:
        await check(site, known, session.adviser.id, said)
    except InputError as error:
        return await _shown(request, session, error.message)
    return RedirectResponse(f"/inbox/{known.id}", 303)


@signed_in
async def deleted(request: Request, _: Session) -> Response:
    """Delete a submission for good whose owner has no link to delete it by."""
    site, known = site_of(request), await submission_of(request)
    if known.source == PAGE:
        raise HTTPException(404)
    await anyio.to_thread.run_sync(site.submissions.delete_by_id, known.id)
    await forget(site)
    return RedirectResponse("/inbox", 303)


ROUTES = [
    Route("/inbox", inbox),
    Route("/inbox/{id:int}", submission),
    Route("/inbox/{id:int}/report", report),
    Route("/inbox/{id:int}/report.pdf", printed),
    Route("/inbox/{id:int}/correct", corrected, methods=["POST"]),
    Route("/inbox/{id:int}/undo", undone, methods=["POST"]),
    Route("/inbox/{id:int}/check", checked, methods=["POST"]),
    Route("/inbox/{id:int}/delete", deleted, methods=["POST"]),
]


async def submission_of(request: Request) -> Submission:
    """Return the submission that an address names, or answer that there is none."""
    number = request.path_params["id"]
    if number >= 2**63:  # more than a number of the table can be
        raise HTTPException(404)
    known = await anyio.to_thread.run_sync(site_of(request).submissions.by_id, number)
    if known is None:
        raise HTTPException(404)
    return known


async def decided(request: Request) -> Submission:
    """Return the submission that an address names, if it has a verdict that may be known."""
    known = await submission_of(request)
    if known.advice is None or known.spot_check is SpotCheck.WAITING:
        raise HTTPException(404)
    return known


async def _report(site: Site, known: Submission) -> str:
    """Return the report of a submission, a page that is complete in itself."""
    advice = await site.engine.run(Reading.of(site, known).talk.advice)
    return advice_html(advice, Letterhead(advice.company, known.day, site.adviser))


async def _shown(request: Request, session: Session, error: str = "") -> HTMLResponse:
    """Return the page of a submission."""
    site, known = site_of(request), await submission_of(request)
    talk = Reading.of(site, known).talk
    values: dict[str, Any] = {"session": session, "known": known, "talk": talk, "error": error}
    values |= {"kinds": KINDS, "key": text_key}
    if known.advice is None:
        template = "inbox/unfinished.html.j2"
        values["problems"] = await site.engine.run(_problems(talk))
    elif known.spot_check is SpotCheck.WAITING:
        template = "inbox/check.html.j2"
        values |= {"problems": await site.engine.run(_problems(talk)), "cannot_tell": CANNOT_TELL}
    else:
        template = "inbox/submission.html.j2"
        changes = await anyio.to_thread.run_sync(Changes(site.database).of, known.id)
        values |= {
            "can_print": site.printer.works,
            "changes": changes,
            "last": _last(changes),
            "said_of": said_of,
        }
        values["advice"] = await site.engine.run(talk.advice)
        checks = SpotChecks(site.database)
        values["checked"] = await anyio.to_thread.run_sync(checks.answers, known.id)
    return page(request, template, status=422 if error else 200, **values)


def _problems(talk: Conversation) -> Callable[[], Awaitable[tuple[Problem, ...]]]:
    """Return what reads the problems of a conversation, as far as it goes."""

    async def read() -> tuple[Problem, ...]:
        return talk.problems

    return read


def _last(changes: list[Change]) -> dict[int, Change]:
    """Return the last change of each problem that stands."""
    return {one.problem: one for one in reversed(changes) if one.undone_by is None}


async def _change(site: Site, known: Submission, number: str) -> Change:
    """Return the last change of a problem, if it is the one with this number."""
    last = _last(await anyio.to_thread.run_sync(Changes(site.database).of, known.id)).values()
    found = next((one for one in last if str(one.id) == number), None)
    if found is None:
        raise InputError(site.texts["submission"]["undone_already"])
    return found


def _back(wanted: str, number: int) -> str:
    """Return where to go on after a change: the queue if it was made there."""
    return REVIEW if wanted == "review" else f"/inbox/{number}"
