"""The application: its pages, what guards them, and what it answers when something fails."""

import logging
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import anyio
from fastapi import FastAPI
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
from triage_agent.web.api import create_api
from triage_agent.web.api_page import ROUTES as API_PAGE
from triage_agent.web.arriving import make_submissions
from triage_agent.web.database import Database
from triage_agent.web.engine import RETRY_AFTER_S, Engine
from triage_agent.web.export import ROUTES as EXPORT
from triage_agent.web.export import remove_left_over
from triage_agent.web.extras import ROUTES as EXTRAS
from triage_agent.web.faults import places
from triage_agent.web.feed import ROUTES as FEED
from triage_agent.web.figures import ROUTES as FIGURES
from triage_agent.web.hook_pages import ROUTES as HOOK_PAGES
from triage_agent.web.housekeeping import keep_house
from triage_agent.web.inbox import ROUTES as INBOX
from triage_agent.web.options import ServeOptions
from triage_agent.web.outgoing import Outgoing
from triage_agent.web.owner import ROUTES as OWNER
from triage_agent.web.pages import STATIC, page
from triage_agent.web.receiver_pages import ROUTES as RECEIVERS
from triage_agent.web.receiving import ROUTES as HOOKS
from triage_agent.web.result import ROUTES as RESULT
from triage_agent.web.review import ROUTES as REVIEW
from triage_agent.web.security import Guard, Limiter
from triage_agent.web.sending import send_notices
from triage_agent.web.sign_in import ROUTES as SIGN_IN
from triage_agent.web.site import Site, site_of
from triage_agent.web.submissions import Submissions
from triage_agent.web.texts import load_page_words
from triage_agent.web.token_pages import ROUTES as TOKENS
from triage_agent.web.tokens import Tokens

LOG = logging.getLogger(__name__)


def create_app(
    options: ServeOptions,
    triage: AsyncTriage,
    adviser: Adviser | None = None,
    outgoing: Outgoing | None = None,
) -> Starlette:
    """Return the application over a data folder; its data and `triage` are closed when it ends.

    `outgoing` sends the notices; if left out, to public addresses and the allowed hosts. Raises
    `SettingsError` for options or a data folder that cannot be used.
    """
    options.check()
    database, words = Database(options.data), load_page_words(options.data, options.language)
    remove_left_over(options.data)
    api = create_api()

    def site(engine: Engine) -> Site:
        return Site(
            options,
            database,
            Submissions(database),
            Tokens(database),
            engine,
            words,
            Limiter(options.starts_per_hour),
            outgoing or Outgoing(options.hook_hosts),
            adviser or Adviser(),
        )

    app = Starlette(
        routes=[
            *API_PAGE,
            Mount("/api", api),
            Route("/healthz", health),
            Mount("/static", StaticFiles(directory=STATIC), name="static"),
            *OWNER,
            *RESULT,
            *EXTRAS,
            *HOOKS,
            *(*SIGN_IN, *ACCOUNT, *INBOX, *REVIEW, *FIGURES, *FEED, *EXPORT),
            *(*TOKENS, *RECEIVERS),
            *HOOK_PAGES,
        ],
        middleware=[Middleware(Guard, options, failed)],
        exception_handlers={HTTPException: refused},
        lifespan=_lifespan(site, triage, api),
    )
    # Its redirects are made of the Host header, which the other side chooses.
    app.router.redirect_slashes = False
    return app


async def health(request: Request) -> Response:
    """Answer whether the data can be read; for what watches the server."""
    await anyio.to_thread.run_sync(site_of(request).database.row, "SELECT 1")
    return JSONResponse({"status": "ok"})


async def refused(request: Request, error: Exception) -> Response:
    """Answer that there is no such page, that it was asked for too often, or in no way of ours."""
    if not isinstance(error, HTTPException):
        raise error
    status, headers = error.status_code, dict(error.headers or {})
    what = {403: "old_form", 404: "not_found", 429: "too_many"}.get(status, "refused")
    if status == 429:
        headers["retry-after"] = str(RETRY_AFTER_S)
    return page(request, "error.html.j2", status=status, headers=headers, what=what, values={})


async def failed(request: Request, error: Exception) -> Response:
    """Answer that something went wrong; the log names the place, and nothing that was written."""
    LOG.error("%s in %s", places(error), getattr(request.scope.get("route"), "path", "no page"))
    return page(request, "error.html.j2", status=500, what="failed", values={})


def _lifespan(
    make_site: Callable[[Engine], Site], triage: AsyncTriage, api: FastAPI
) -> Callable[[Starlette], AbstractAsyncContextManager[None]]:
    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with Engine(triage) as engine:
            site = app.state.site = api.state.site = make_site(engine)
            try:
                async with anyio.create_task_group() as tasks:
                    await anyio.to_thread.run_sync(site.tokens.forget_unfinished)
                    tasks.start_soon(keep_house, site)
                    tasks.start_soon(send_notices, site)
                    tasks.start_soon(make_submissions, site)
                    yield
                    tasks.cancel_scope.cancel()
            finally:
                site.database.close()

    return lifespan
