"""The application: its pages, what guards them, and what it answers when something fails."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route
from starlette.staticfiles import StaticFiles

from triage_agent.settings import Adviser
from triage_agent.triage import AsyncTriage
from triage_agent.web.account import ROUTES as ACCOUNT
from triage_agent.web.database import Database
from triage_agent.web.engine import RETRY_AFTER_S, Engine, TooBusyError
from triage_agent.web.export import ROUTES as EXPORT
from triage_agent.web.export import remove_left_over
from triage_agent.web.feed import ROUTES as FEED
from triage_agent.web.figures import ROUTES as FIGURES
from triage_agent.web.inbox import ROUTES as INBOX
from triage_agent.web.options import ServeOptions
from triage_agent.web.owner import ROUTES as OWNER
from triage_agent.web.pages import STATIC, page
from triage_agent.web.review import ROUTES as REVIEW
from triage_agent.web.security import Guard
from triage_agent.web.sign_in import ROUTES as SIGN_IN
from triage_agent.web.site import Site, site_of
from triage_agent.web.submissions import Submissions
from triage_agent.web.texts import Texts, load_texts

LOG = logging.getLogger(__name__)
SECONDS_A_DAY = 86_400


def create_app(
    options: ServeOptions, triage: AsyncTriage, adviser: Adviser | None = None
) -> Starlette:
    """Return the application over a data folder; its data and `triage` are closed when it ends.

    Raises `SettingsError` for options or a data folder that cannot be used.
    """
    options.check()
    database, texts = Database(options.data), load_texts(options.data)
    remove_left_over(options.data)
    return Starlette(
        routes=[
            Route("/healthz", health),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
            *OWNER,
            *(*SIGN_IN, *ACCOUNT, *INBOX, *REVIEW, *FIGURES, *FEED, *EXPORT),
        ],
        middleware=[Middleware(Guard, secure=options.secure)],
        exception_handlers={
            HTTPException: refused,
            TooBusyError: busy,
            Exception: failed,
        },
        lifespan=_lifespan(options, database, triage, texts, adviser or Adviser()),
    )


async def health(request: Request) -> Response:
    """Answer whether the data can be read; for what watches the server."""
    await anyio.to_thread.run_sync(site_of(request).database.row, "SELECT 1")
    return JSONResponse({"status": "ok"})


async def refused(request: Request, error: Exception) -> Response:
    """Answer that there is no such page, or that it was asked for too often."""
    status = error.status_code if isinstance(error, HTTPException) else 500
    what = {403: "refused", 404: "not_found", 429: "too_many"}.get(status, "failed")
    headers = {"retry-after": str(RETRY_AFTER_S)} if status == 429 else None
    return page(request, "error.html.j2", status=status, headers=headers, what=what, values={})


async def busy(request: Request, _: Exception) -> Response:
    """Answer that more people are here than can be answered soon."""
    return page(
        request,
        "error.html.j2",
        status=503,
        headers={"retry-after": str(RETRY_AFTER_S)},
        what="busy",
        values={"seconds": RETRY_AFTER_S},
    )


async def failed(request: Request, error: Exception) -> Response:
    """Answer that something went wrong; the log names the place, and nothing that was written."""
    LOG.error("%s in %s", type(error).__name__, request.scope.get("route"))
    return page(request, "error.html.j2", status=500, what="failed", values={})


def _lifespan(
    options: ServeOptions, database: Database, triage: AsyncTriage, texts: Texts, adviser: Adviser
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        try:
            async with Engine(triage) as engine, anyio.create_task_group() as tasks:
                submissions = Submissions(database)
                app.state.site = Site(options, database, submissions, engine, texts, adviser)
                if options.retention_days is not None:
                    tasks.start_soon(_delete_old, submissions, options.retention_days)
                yield
                tasks.cancel_scope.cancel()
        finally:
            database.close()

    return lifespan


async def _delete_old(submissions: Submissions, days: int) -> None:
    """Delete what is too old, at the start and once a day."""
    while True:
        deleted = await anyio.to_thread.run_sync(submissions.delete_old, days)
        if deleted:
            LOG.warning("%d submissions were older than %d days, and are deleted", deleted, days)
        await anyio.sleep(SECONDS_A_DAY)
