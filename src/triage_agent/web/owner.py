"""The owner's pages: their problems, the questions, the verdict, and the end of what is kept.

A conversation is known by the secret in its address alone; there is no cookie, and no script is
needed. Each page is made from what is kept, so *back*, a second window and a restart of the server
lose nothing.
"""

import secrets
from collections.abc import Mapping

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.batch import text_key
from triage_agent.conversation import Question, Step, question_for
from triage_agent.errors import InputError
from triage_agent.web.asking import (
    Progress,
    answer_of,
    is_confirmed,
    pieces_of,
)
from triage_agent.web.forms import check_lengths, fields_of
from triage_agent.web.pages import page
from triage_agent.web.receivers import Receivers
from triage_agent.web.security import who
from triage_agent.web.site import Site, forget, may_step, site_of
from triage_agent.web.state import State
from triage_agent.web.visit import Visit, begun, patient

TRAP = "website"  # a field that people do not see, and programs fill in
BACK = "back"


@patient
async def start(request: Request) -> Response:
    """Show where an owner begins, or begin with what they wrote."""
    if request.method != "POST":
        return await _start_page(request, secrets.token_urlsafe(24))
    site, form = site_of(request), await fields_of(request)
    text, once = form.get("text", ""), form.get("once", "")

    async def again(error: str) -> HTMLResponse:
        return await _start_page(request, once, text, error)

    if form.get(TRAP):  # a program; it is told nothing
        return RedirectResponse("/", 303)
    if not await site.limiter.allows(site.limiter.starts, "start", who(request)):
        raise HTTPException(429)
    if form.get("agree") != "yes":
        return await again(site.texts["start"]["agree_missing"])
    if form.get("notice", "") not in {"", text_key(await _notice(site))}:
        return await again(site.texts["start"]["notice_changed"])
    if len(once) < 24:
        once = secrets.token_urlsafe(24)
    memory, talk = site.talk(State())
    try:
        check_lengths(form)
        # It reads the text, to see whether any problem is in it.
        await site.engine.run(lambda: begun(talk, text))
    except InputError as error:
        return await again(error.message)
    token = site.submissions.token(once, text)
    await anyio.to_thread.run_sync(site.submissions.begin, token, State.of(talk, memory))
    return RedirectResponse(f"/t/{token}", 303)


@patient
async def conversation(request: Request) -> Response:
    """Show the next question, or take an answer to the one that was shown."""
    visit = await Visit.of(request)
    if request.method == "POST":
        if not await may_step(request):
            raise HTTPException(429)
        return await _step(visit, await fields_of(request))
    question = await visit.question()
    if question is None:
        return RedirectResponse(f"{visit.address}/verdict", 303)
    return _asked(visit, question)


async def delete(request: Request) -> Response:
    """Ask whether everything is to be deleted, or delete it."""
    site = site_of(request)
    if request.method == "POST":
        token = request.path_params["token"]
        if not await anyio.to_thread.run_sync(site.submissions.delete, token):
            raise HTTPException(404)
        await forget(site)
        return page(request, "deleted.html.j2", days=site.options.backup_days)
    return page(request, "delete.html.j2", visit=await Visit.of(request))


ROUTES = [
    Route("/", start, methods=["GET", "POST"]),
    Route("/t/{token}", conversation, methods=["GET", "POST"]),
    Route("/t/{token}/delete", delete, methods=["GET", "POST"]),
]


async def _notice(site: Site) -> str:
    """Return who reads what is written, and where it goes."""
    words, llm = site.texts["start"], site.engine.triage.backend.llm
    notice = words["notice_llm"].format(host=llm.chat.host) if llm else words["notice"]
    hosts = await anyio.to_thread.run_sync(Receivers(site.database).hosts_with_words)
    if hosts:
        return " ".join((notice, words["told"].format(hosts=", ".join(hosts))))
    return notice if llm else " ".join((notice, words["nowhere"]))


async def _start_page(request: Request, once: str, text: str = "", error: str = "") -> HTMLResponse:
    """Return the page on which an owner begins."""
    site = site_of(request)
    notice = await _notice(site)
    return page(
        request,
        "start.html.j2",
        status=422 if error else 200,
        question=question_for(Step.PROBLEMS, language=site.language),
        notice=notice,
        notice_key=text_key(notice),
        once=once,
        text=text,
        error=error,
    )


async def _step(visit: Visit, form: Mapping[str, str]) -> Response:
    """Take an answer, a change to the problems, or a step back."""
    here = RedirectResponse(visit.address, 303)
    if form.get("do") == BACK:
        visit.talk.back()
        await visit.keep_if_newest()
        return here
    question = await visit.question()
    if question is None or question.id != form.get("id"):
        return here  # a page that was left open: what is asked now is shown
    try:
        check_lengths(form)
        if question.step is Step.SPLIT:
            texts = visit.talk.texts
            pieces = pieces_of(question, form, texts[0] if len(texts) == 1 else "")
            if is_confirmed(form):
                visit.talk.answer(question.id, pieces)
            else:
                visit.talk.draft(question.id, pieces)
        else:
            given = answer_of(question, form)
            await visit.answer(question.id, given)
    except InputError as error:
        return _asked(visit, question, error.message, form.get("text", ""))
    await visit.keep_if_newest()
    return here


def _asked(visit: Visit, question: Question, error: str = "", typed: str = "") -> HTMLResponse:
    """Return the page of a question."""
    return page(
        visit.request,
        "question.html.j2",
        status=422 if error else 200,
        visit=visit,
        question=question,
        progress=Progress.of_question(visit.talk, question),
        error=error,
        typed=typed or question.before,
    )
