"""The owner's pages: their problems, the questions, the verdict, and the end of what is kept.

A conversation is known by the secret in its address alone; there is no cookie, and no script is
needed. Each page is made from what is kept, so *back*, a second window and a restart of the server
lose nothing.
"""

import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import quote

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from triage_agent.advice import Advice
from triage_agent.conversation import Conversation, Question, Step
from triage_agent.errors import InputError
from triage_agent.reports import Letterhead, advice_html
from triage_agent.web.asking import (
    Progress,
    answer_of,
    first_question,
    is_confirmed,
    pieces_of,
)
from triage_agent.web.pages import page
from triage_agent.web.security import STARTS, STEPS, who
from triage_agent.web.site import site_of
from triage_agent.web.state import RememberingTriage, State
from triage_agent.web.submissions import ChangedMeanwhileError, Submission

TRAP = "website"  # a field that people do not see, and programs fill in
BACK = "back"


@dataclass(slots=True)
class Visit:
    """One owner's conversation during one request."""

    request: Request
    token: str
    submission: Submission
    memory: RememberingTriage
    talk: Conversation

    @classmethod
    async def of(cls, request: Request) -> "Visit":
        """Return the conversation of the link in an address, or answer that there is none."""
        site, token = site_of(request), request.path_params["token"]
        found = await anyio.to_thread.run_sync(site.submissions.by_token, token)
        if found is None:
            raise HTTPException(404)
        memory = RememberingTriage(site.engine.triage, found.state)
        talk = Conversation(memory, answers=found.state.answers, drafts=found.state.drafts)
        return cls(request, token, found, memory, talk)

    @property
    def address(self) -> str:
        """The path of the conversation."""
        return f"/t/{self.token}"

    async def keep(self, advice: Advice | None = None) -> None:
        """Keep the conversation as it is now."""
        site = site_of(self.request)
        state = State.of(self.talk, self.memory)
        await anyio.to_thread.run_sync(site.submissions.keep, self.submission, state, advice)
        kept = await anyio.to_thread.run_sync(site.submissions.by_token, self.token)
        if kept is None:  # deleted in this moment
            raise HTTPException(404)
        self.submission = kept

    async def question(self) -> Question | None:
        """Return what is asked next; what had to be read for it is kept."""
        before = len(self.memory.texts) + len(self.memory.rows)
        found = await site_of(self.request).engine.run(self.talk.question)
        if len(self.memory.texts) + len(self.memory.rows) > before:
            await self.keep()
        return found

    async def advice(self) -> Advice:
        """Return the verdict, which is kept if it is another than before."""
        return await site_of(self.request).engine.run(self.talk.advice)


async def start(request: Request) -> Response:
    """Show where an owner begins, or begin with what they wrote."""
    if request.method == "GET":
        return _start_page(request, secrets.token_urlsafe(24))
    site, form = site_of(request), await _form(request)
    text, once = form.get("text", ""), form.get("once", "")

    def again(error: str) -> HTMLResponse:
        return _start_page(request, once, text, error)

    if form.get(TRAP):  # a program; it is told nothing
        return RedirectResponse("/", 303)
    if not await site.limiter.allows(STARTS, "start", who(request)):
        raise HTTPException(429)
    if form.get("agree") != "yes":
        return again(site.texts["start"]["agree_missing"])
    if len(once) < 24:
        once = secrets.token_urlsafe(24)
    memory = RememberingTriage(site.engine.triage, State())
    talk = Conversation(memory)
    try:
        # It reads the text, to see whether any problem is in it.
        await site.engine.run(lambda: _answered(talk, Step.PROBLEMS, text))
    except InputError as error:
        return again(error.message)
    token = site.submissions.token(once)
    await anyio.to_thread.run_sync(site.submissions.begin, token, State.of(talk, memory))
    return RedirectResponse(f"/t/{token}", 303)


async def conversation(request: Request) -> Response:
    """Show the next question, or take an answer to the one that was shown."""
    visit = await Visit.of(request)
    if request.method == "POST":
        if not await site_of(request).limiter.allows(STEPS, "step", who(request)):
            raise HTTPException(429)
        return await _step(visit, await _form(request))
    question = await visit.question()
    if question is None:
        return RedirectResponse(f"{visit.address}/verdict", 303)
    return _asked(visit, question)


async def verdict(request: Request) -> Response:
    """Show the verdict on one screen, or change an answer that it rests on."""
    visit = await Visit.of(request)
    error = ""
    if request.method == "POST":
        try:
            await _change(visit, await _form(request))
        except InputError as refused:
            error = refused.message
        else:
            return RedirectResponse(f"{visit.address}/verdict", 303)
    if await visit.question() is not None:
        return RedirectResponse(visit.address, 303)
    advice = await visit.advice()
    if visit.submission.advice is None:
        await visit.keep(advice)
    return page(
        request,
        "verdict.html.j2",
        status=422 if error else 200,
        error=error,
        visit=visit,
        advice=advice,
        revenue=visit.talk.again(Step.REVENUE),
        software=visit.talk.again(Step.SOFTWARE),
        link=quote(f"{site_of(request).options.address}{visit.address}/verdict", safe=""),
    )


async def report(request: Request) -> Response:
    """Show the whole report, which is a page of its own, to read or to print."""
    visit = await Visit.of(request)
    if await visit.question() is not None:
        return RedirectResponse(visit.address, 303)
    advice, site = await visit.advice(), site_of(request)
    head = Letterhead(advice.company, visit.submission.day, site.adviser)
    return HTMLResponse(advice_html(advice, head))


async def delete(request: Request) -> Response:
    """Ask whether everything is to be deleted, or delete it."""
    site = site_of(request)
    if request.method == "POST":
        token = request.path_params["token"]
        if not await anyio.to_thread.run_sync(site.submissions.delete, token):
            raise HTTPException(404)
        return page(request, "deleted.html.j2", days=site.options.retention_days)
    return page(request, "delete.html.j2", visit=await Visit.of(request))


ROUTES = [
    Route("/", start, methods=["GET", "POST"]),
    Route("/t/{token}", conversation, methods=["GET", "POST"]),
    Route("/t/{token}/verdict", verdict, methods=["GET", "POST"]),
    Route("/t/{token}/report", report),
    Route("/t/{token}/delete", delete, methods=["GET", "POST"]),
]


def _start_page(request: Request, once: str, text: str = "", error: str = "") -> HTMLResponse:
    """Return the page on which an owner begins."""
    site = site_of(request)
    return page(
        request,
        "start.html.j2",
        status=422 if error else 200,
        question=first_question(),
        notice=site.texts["start"]["notice"],
        once=once,
        text=text,
        error=error,
    )


async def _step(visit: Visit, form: Mapping[str, str]) -> Response:
    """Take an answer, a change to the problems, or a step back."""
    here = RedirectResponse(visit.address, 303)
    if form.get("do") == BACK:
        visit.talk.back()
        await _kept(visit)
        return here
    question = await visit.question()
    if question is None or question.id != form.get("id"):
        return here  # a page that was left open: what is asked now is shown
    try:
        if question.step is Step.SPLIT:
            texts = visit.talk.texts
            pieces = pieces_of(question, form, texts[0] if len(texts) == 1 else "")
            if is_confirmed(form):
                visit.talk.answer(question.id, pieces)
            else:
                visit.talk.draft(question.id, pieces)
        else:
            given = answer_of(question, form)
            await site_of(visit.request).engine.run(
                lambda: _answered(visit.talk, question.id, given)
            )
    except InputError as error:
        return _asked(visit, question, error.message, form.get("text", ""))
    await _kept(visit)
    return here


async def _change(visit: Visit, form: Mapping[str, str]) -> None:
    """Take a change to what the verdict rests on."""
    talk = visit.talk
    for step in (Step.REVENUE, Step.SOFTWARE):
        if step in form:
            talk.answer(step, form[step])
    advice = await visit.advice()
    try:
        await visit.keep(advice)
    except ChangedMeanwhileError as error:
        raise InputError(error.message) from error


async def _answered(talk: Conversation, id: str, value: str) -> None:  # noqa: A002
    talk.answer(id, value)


async def _kept(visit: Visit) -> None:
    """Keep the conversation; if another window was quicker, what it did counts."""
    try:
        await visit.keep()
    except ChangedMeanwhileError:
        return


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


async def _form(request: Request) -> Mapping[str, str]:
    """Return the fields of a sent form, of which each has one value."""
    form = await request.form(max_files=0, max_fields=100)
    return {name: value for name, value in form.items() if isinstance(value, str)}
