"""A feed of new submissions, for a news reader: numbers, days and recommendations alone."""

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from triage_agent.web.finding import Listed, listed_rows
from triage_agent.web.pages import page
from triage_agent.web.site import site_of

LATEST = 50
QUERY = """
SELECT id FROM submission WHERE finished_at IS NOT NULL ORDER BY finished_at DESC LIMIT ?
"""


async def feed(request: Request) -> Response:
    """Send an adviser's feed; the secret in its address is all that a reader needs."""
    site, secret = site_of(request), request.path_params["secret"]
    adviser = await anyio.to_thread.run_sync(site.advisers.of_feed, secret)
    if adviser is None:
        raise HTTPException(404)

    def latest() -> list[Listed]:
        return listed_rows(site.database, QUERY, LATEST)

    answer = page(
        request,
        "inbox/feed.xml.j2",
        address=site.options.address,
        latest=await anyio.to_thread.run_sync(latest),
    )
    answer.headers["content-type"] = "application/atom+xml; charset=utf-8"
    return answer


ROUTES = [Route("/inbox/feed/{secret}", feed)]
