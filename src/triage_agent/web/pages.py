"""Pages are made of templates, in which every value is escaped."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from triage_agent.files import HERE
from triage_agent.reports import page_templates
from triage_agent.web.site import site_of

if TYPE_CHECKING:
    from jinja2 import Environment

STATIC = HERE / "web" / "static"


def page(
    request: Request,
    template: str,
    *,
    status: int = 200,
    headers: Mapping[str, str] | None = None,
    **values: Any,
) -> HTMLResponse:
    """Return a page in answer to a request."""
    site = site_of(request)
    body = (
        _templates()
        .get_template(template)
        .render(texts=site.texts, adviser=site.adviser, path=request.url.path, **values)
    )
    return HTMLResponse(body, status, headers)


@cache
def _templates() -> "Environment":
    return page_templates(HERE / "web" / "templates")
