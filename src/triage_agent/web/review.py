"""The review queue: the problems that a person should look at, the most useful first.

The order is that of `triage review`: first what could change a recommendation, then the least
probable. Blind checks stand between the two.
"""

from collections import defaultdict
from dataclasses import dataclass

import anyio
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from triage_agent.batch import text_key
from triage_agent.errors import InputError
from triage_agent.types import Classification
from triage_agent.web.corrections import KINDS, Change, Changes, Reading, undo
from triage_agent.web.database import Database
from triage_agent.web.pages import page
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import Site, site_of
from triage_agent.web.spot_checks import SpotChecks
from triage_agent.web.submissions import SpotCheck

AT_ONCE = 20  # on a page
DECISIVE = 0  # the rank of what could change a recommendation
QUEUE = """
FROM review WHERE submission NOT IN (SELECT id FROM submission WHERE spot_check = ?)
"""


@dataclass(frozen=True, slots=True)
class Queued:
    """A problem that a person should look at, or a submission to be checked blind."""

    submission: int
    company: str
    number: int = 0  # of the problem, from 1
    decisive: bool = False  # whether the answer could change the recommendation
    row: Classification | None = None  # None: a blind check


@signed_in
async def review(request: Request, session: Session) -> Response:
    """Show the beginning of the queue."""
    return await _shown(request, session)


@signed_in
async def undone(request: Request, session: Session) -> Response:
    """Take back what this adviser said last, wherever that was."""
    site = site_of(request)
    try:
        last = await _last(site, session)
        if last is None:
            raise InputError(site.texts["review"]["nothing_to_undo"])
        known = await anyio.to_thread.run_sync(site.submissions.by_id, last.submission)
        if known is None:  # deleted in this moment, and what was changed in it too
            raise InputError(site.texts["review"]["nothing_to_undo"])
        await undo(site, known, session.adviser.id, last)
    except InputError as error:
        return await _shown(request, session, error.message)
    return RedirectResponse("/inbox/review", 303)


ROUTES = [
    Route("/inbox/review", review),
    Route("/inbox/review/undo", undone, methods=["POST"]),
]


async def _shown(request: Request, session: Session, error: str = "") -> Response:
    """Return the page of the queue."""
    site = site_of(request)
    places, count = await anyio.to_thread.run_sync(_places, site.database)
    return page(
        request,
        "inbox/review.html.j2",
        status=422 if error else 200,
        session=session,
        error=error,
        queue=await _queue(site, places),
        count=count,
        last=await _last(site, session),
        kinds=KINDS,
        key=text_key,
    )


async def _last(site: Site, session: Session) -> Change | None:
    return await anyio.to_thread.run_sync(Changes(site.database).last_by, session.adviser.id)


def _places(database: Database) -> tuple[list[tuple[int, int, int]], int]:
    """Return (submission, problem, rank) of what is to be looked at first, and how much there is.

    A blind check has no problem, which is 0.
    """
    rows = database.rows(
        f"SELECT submission, problem, rank {QUEUE}"
        " ORDER BY rank, probability, submission, problem LIMIT ?",
        SpotCheck.WAITING,
        AT_ONCE,
    )
    places = [(row["submission"], row["problem"], row["rank"]) for row in rows]
    checks = [(number, 0, DECISIVE) for number in SpotChecks(database).waiting(AT_ONCE)]
    decisive = [one for one in places if one[2] == DECISIVE]
    others = [one for one in places if one[2] != DECISIVE]
    counted = database.rows(f"SELECT count(*) AS number {QUEUE}", SpotCheck.WAITING)
    count = counted[0]["number"] + SpotChecks(database).figures().waiting
    return [*decisive, *checks, *others][:AT_ONCE], count


async def _queue(site: Site, places: list[tuple[int, int, int]]) -> list[Queued]:
    """Return what stands in these places; what is deleted in this moment is left out."""
    found: dict[tuple[int, int], Queued] = {}
    wanted: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for number, problem, rank in places:
        wanted[number].append((problem, rank))
    for number, problems in wanted.items():
        known = await anyio.to_thread.run_sync(site.submissions.by_id, number)
        if known is None:
            continue
        rows = [] if problems == [(0, DECISIVE)] else await _rows(site, Reading.of(site, known))
        for problem, rank in problems:
            if problem == 0:
                found[number, 0] = Queued(number, known.company)
            elif problem <= len(rows):
                row, decisive = rows[problem - 1], rank == DECISIVE
                found[number, problem] = Queued(number, known.company, problem, decisive, row)
    return [found[one[:2]] for one in places if one[:2] in found]


async def _rows(site: Site, reading: Reading) -> list[Classification]:
    return await site.engine.run(reading.talk.rows)
