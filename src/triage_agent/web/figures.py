"""What comes in, what is decided, and how often the program is right."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import anyio
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from triage_agent.advice import Recommendation
from triage_agent.web.database import Database, stored
from triage_agent.web.pages import page
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import site_of
from triage_agent.web.spot_checks import ENOUGH, Figures, SpotChecks
from triage_agent.web.submissions import SpotCheck

WEEKS = 12  # that are shown
WEEK = "date(started_at, 'weekday 0', '-6 days')"  # its Monday


@dataclass(frozen=True, slots=True)
class Week:
    """What came in within a week, which begins on a Monday."""

    begins: date
    begun: int
    finished: int


@dataclass(frozen=True, slots=True)
class Decided:
    """How often a recommendation was given; what waits for a blind check is not counted."""

    recommendation: Recommendation
    number: int
    firm: int


@signed_in
async def figures(request: Request, session: Session) -> Response:
    """Show the figures."""
    database = site_of(request).database

    def read() -> tuple[list[Week], list[Decided], Figures, int]:
        changed = database.rows("SELECT count(*) AS n FROM change WHERE undone_by IS NULL")
        return (
            list(_weeks(database)),
            list(_decided(database)),
            SpotChecks(database).figures(),
            changed[0]["n"],
        )

    weeks, decided, checks, corrected = await anyio.to_thread.run_sync(read)
    return page(
        request,
        "inbox/figures.html.j2",
        session=session,
        weeks=weeks,
        decided=decided,
        checks=checks,
        corrected=corrected,
        enough=ENOUGH,
    )


ROUTES = [Route("/inbox/figures", figures)]


def _weeks(database: Database) -> Iterator[Week]:
    """Yield the last weeks, the latest first, those without a submission too."""
    today = datetime.now(UTC)
    monday = today.date() - timedelta(days=today.weekday())
    first = monday - timedelta(weeks=WEEKS - 1)
    rows = database.rows(
        f"SELECT {WEEK} AS week, count(*) AS begun, count(finished_at) AS finished"  # noqa: S608
        " FROM submission WHERE started_at >= ? GROUP BY week",
        stored(datetime(first.year, first.month, first.day, tzinfo=UTC)),
    )
    there = {row["week"]: row for row in rows}
    for back in range(WEEKS):
        begins = monday - timedelta(weeks=back)
        row = there.get(begins.isoformat())
        yield Week(begins, row["begun"], row["finished"]) if row else Week(begins, 0, 0)


def _decided(database: Database) -> Iterator[Decided]:
    rows = database.rows(
        "SELECT recommendation, count(*) AS number, sum(coalesce(provisional, 1) = 0) AS firm"
        " FROM submission WHERE recommendation IS NOT NULL AND spot_check <> ?"
        " GROUP BY recommendation ORDER BY number DESC, recommendation",
        SpotCheck.WAITING,
    )
    for row in rows:
        yield Decided(Recommendation(row["recommendation"]), row["number"], row["firm"])
