"""Pages beside the conversation: the quiz by itself, the roles, situations, red flags, returns.

They keep nothing of what is answered on them.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from triage_agent.advice import (
    MAX_POINTS,
    HireAnswers,
    Investment,
    Proposal,
    Role,
    assess,
    assess_hire,
    flags_about,
    known_situations,
    owners_questions,
    role_facts,
    score,
    side_by_side,
)
from triage_agent.errors import InputError, SettingsError
from triage_agent.reports import CHART_STYLE, drawn, radar_chart
from triage_agent.web.forms import fields_of
from triage_agent.web.pages import page
from triage_agent.web.site import may_step, site_of

ANSWERS = {"yes": True, "no": False, "not-sure": None}


@dataclass(frozen=True, slots=True)
class Amount:
    """A field of the page about returns, and the option of `triage roi` that it stands for."""

    name: str
    option: str


AMOUNTS = (
    Amount("hours_saved", "--hours-saved"),
    Amount("hourly_cost", "--hourly-cost"),
    Amount("cost_reduced", "--cost-reduced"),
    Amount("revenue_enabled", "--revenue-enabled"),
    Amount("monthly_cost", "--monthly-cost"),
    Amount("one_off_cost", "--one-off-cost"),
    Amount("age_days", "--age-days"),
)


async def quiz(request: Request) -> Response:
    """Show the quiz, or its result with a picture."""
    asked = site_of(request).language.quiz
    questions = asked.questions
    form = await _sent(request)
    points = {
        one.id: int(form[one.id])
        for one in questions
        if form.get(one.id, "") in {str(n) for n in range(MAX_POINTS + 1)}
    }
    missing = [one.id for one in questions if one.id not in points] if form else []
    result = score(points, asked) if form and not missing else None
    picture = None
    if result:
        shown = {one.dimension: one.points for one in result.dimensions}
        picture = drawn(radar_chart(site_of(request).texts["quiz"]["title"], shown, MAX_POINTS))
    return page(
        request,
        "quiz.html.j2",
        status=422 if missing else 200,
        questions=questions,
        points=points,
        missing=missing,
        result=result,
        picture=picture,
        most=MAX_POINTS,
    )


async def roles(request: Request) -> Response:
    """Show the two roles side by side, and what owners always ask."""
    return page(request, "roles.html.j2", comparison=side_by_side(), questions=owners_questions())


async def situations(request: Request) -> Response:
    """Show the ten situations with a known answer."""
    return page(
        request,
        "situations.html.j2",
        situations=known_situations(),
        names={role: facts.name for role, facts in role_facts().items()},
    )


async def red_flags(request: Request) -> Response:
    """Ask about the red flags of one role, or show which apply."""
    form = await _sent(request) or dict(request.query_params)
    role = form.get("role", "")
    if role not in {one.value for one in Role}:
        return page(request, "red_flags.html.j2", role=None, roles=role_facts(), check=None)
    hired_as = Role(role)
    flags = flags_about(hired_as)
    given = {flag.id: ANSWERS[form[flag.id]] for flag in flags if form.get(flag.id) in ANSWERS}
    severe = frozenset(flag.id for flag in flags if form.get(f"severe-{flag.id}") == "yes")
    proposals: tuple[Proposal, ...] = ()
    check = assess_hire(HireAnswers(given, severe=severe), hired_as, proposals) if given else None
    return page(
        request,
        "red_flags.html.j2",
        role=hired_as,
        roles=role_facts(),
        flags=flags,
        form=form,
        check=check,
    )


async def returns(request: Request) -> Response:
    """Ask for the figures of one AI system, or show what it returns."""
    form, error, result = await _sent(request), "", None
    texts = site_of(request).texts["returns"]
    given = {one.option: form[one.name] for one in AMOUNTS if form.get(one.name, "").strip()}
    if form:
        try:
            result = assess(Investment.parse(given))
        except InputError as refused:
            error = refused.message
        except SettingsError:  # its words are for a command line
            error = texts["missing"]
        for one in AMOUNTS:
            error = error.replace(one.option, texts[one.name])
    return page(
        request,
        "returns.html.j2",
        status=422 if error else 200,
        fields=AMOUNTS,
        form=form,
        error=error,
        result=result,
    )


async def charts(_: Request) -> Response:
    """Return the style of the charts."""
    return Response(CHART_STYLE, media_type="text/css", headers={"cache-control": "max-age=3600"})


ROUTES = [
    Route("/quiz", quiz, methods=["GET", "POST"]),
    Route("/roles", roles),
    Route("/situations", situations),
    Route("/red-flags", red_flags, methods=["GET", "POST"]),
    Route("/returns", returns, methods=["GET", "POST"]),
    Route("/charts.css", charts),
]


async def _sent(request: Request) -> Mapping[str, str]:
    """Return the fields of the form that was sent; empty: none was."""
    if request.method != "POST":
        return {}
    if not await may_step(request):
        raise HTTPException(429)
    return await fields_of(request)
