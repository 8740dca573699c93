"""The owner's verdict on one screen, its report, and what may be changed about what it rests on."""

from collections.abc import Iterator, Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from triage_agent.advice import MAX_POINTS, Advice
from triage_agent.conversation import Question, Step
from triage_agent.errors import InputError
from triage_agent.reports import Letterhead, advice_html, as_advice, drawn, radar_chart
from triage_agent.web.asking import answer_of
from triage_agent.web.forms import fields_of
from triage_agent.web.pages import page, whole_page
from triage_agent.web.site import may_step, site_of
from triage_agent.web.visit import Visit, patient

EMBEDDED = "embedded"
BUSINESS = (Step.REVENUE, Step.SOFTWARE)
AGAIN = {Step.UNCLEAR.value: Step.UNCLEAR, Step.QUIZ.value: Step.QUIZ}  # pages of their own


@patient
async def verdict(request: Request) -> Response:
    """Show the verdict on one screen, or change the business that it is about."""
    visit, error, typed = await Visit.of(request), "", ""
    if request.method == "POST":
        form = await _sent(request)
        if "problems" in form:
            (question,) = visit.talk.again(Step.SPLIT)
            visit.talk.draft(question.id, question.pieces)
            await visit.keep_if_newest()
            return RedirectResponse(visit.address, 303)
        try:
            await _change(visit, dict(_about_business(visit, form)))
            return RedirectResponse(f"{visit.address}/verdict", 303)
        except InputError as refused:
            error, typed = refused.message, form.get(Step.REVENUE, "")
    if await visit.question() is not None:
        return RedirectResponse(visit.address, 303)
    advice = await visit.advice()
    if visit.submission.advice != as_advice(advice):
        await visit.keep_if_newest(advice)
    (revenue,), (software,) = (visit.talk.again(step) for step in BUSINESS)
    return page(
        request,
        "verdict.html.j2",
        status=422 if error else 200,
        error=error,
        typed=typed,
        visit=visit,
        advice=advice,
        revenue=revenue,
        software=software,
        radar=_radar(request, advice),
        fell_back=_fell_back(visit, advice),
        can_print=site_of(request).printer.works,
        link=f"{site_of(request).options.address}{visit.address}/verdict",
    )


@patient
async def again(request: Request) -> Response:
    """Ask about one problem once more, or ask the quiz, and take the answers."""
    visit, step = await Visit.of(request), AGAIN.get(request.path_params["step"])
    if step is None:
        raise HTTPException(404)
    try:
        questions = visit.talk.again(step, request.path_params.get("number", 1))
    except InputError as error:
        raise HTTPException(404) from error
    missing: list[str] = []
    if request.method == "POST":
        form = await _sent(request)
        given = {one.id: _given(one, form) for one in questions}
        missing = [name for name, value in given.items() if not value]
        if not missing:
            await _change(visit, given)
            return RedirectResponse(f"{visit.address}/verdict", 303)
    return page(
        request,
        "again.html.j2",
        status=422 if missing else 200,
        visit=visit,
        questions=questions,
        missing=missing,
    )


@patient
async def report(request: Request) -> Response:
    """Show the whole report, which is a page of its own, to read or to print."""
    visit = await Visit.of(request)
    if await visit.question() is not None:
        return RedirectResponse(visit.address, 303)
    return whole_page(await _report(visit))


@patient
async def printed(request: Request) -> Response:
    """Send the whole report as a PDF, if this server can make one."""
    visit, printer = await Visit.of(request), site_of(request).printer
    if not printer.works:
        raise HTTPException(404)
    if await visit.question() is not None:
        return RedirectResponse(visit.address, 303)
    if not await may_step(request):
        raise HTTPException(429)
    return await printer.pdf(await _report(visit))


ROUTES = [
    Route("/t/{token}/verdict", verdict, methods=["GET", "POST"]),
    Route("/t/{token}/again/{step}", again, methods=["GET", "POST"]),
    Route("/t/{token}/again/{step}/{number:int}", again, methods=["GET", "POST"]),
    Route("/t/{token}/report", report),
    Route("/t/{token}/report.pdf", printed),
]


async def _report(visit: Visit) -> str:
    """Return the report, a page that is complete in itself."""
    advice = await visit.advice()
    head = Letterhead(advice.company, visit.submission.day, site_of(visit.request).adviser)
    return advice_html(advice, head)


async def _sent(request: Request) -> Mapping[str, str]:
    """Return the fields of a sent form, if its sender has not sent very many."""
    if not await may_step(request):
        raise HTTPException(429)
    return await fields_of(request)


def _given(question: Question, form: Mapping[str, str]) -> str:
    """Return what a form with several questions answers to one; empty: nothing."""
    chosen = answer_of(question, {"choice": form.get(question.id, "")})
    return chosen if chosen in question.answers else ""


def _about_business(visit: Visit, form: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the answers about the business in a form; the words of an answer stand for it."""
    for step in BUSINESS:
        if step in form:
            (question,) = visit.talk.again(step)
            keys = {words: key for key, words in question.answers.items()}
            yield step, keys.get(form[step].strip(), form[step])


async def _change(visit: Visit, answers: Mapping[str, str]) -> None:
    """Take answers to questions that were answered before; the verdict is made anew."""
    for name, value in answers.items():
        visit.talk.answer(name, value)
    await visit.keep()


def _fell_back(visit: Visit, advice: Advice) -> bool:
    """Return whether the built-in model read something that a language model should have read."""
    llm = site_of(visit.request).engine.triage.backend.llm
    return llm is not None and any(row.backend == EMBEDDED for row in advice.problems)


def _radar(request: Request, advice: Advice) -> object:
    """Return the picture of the quiz; None: it was not taken."""
    if advice.decision.quiz is None:
        return None
    names = {one.id: one.dimension for one in site_of(request).language.quiz.questions}
    points = {names[one.id]: one.points for one in advice.decision.quiz.dimensions}
    return drawn(radar_chart(site_of(request).texts["quiz"]["title"], points, MAX_POINTS))
