"""Pages are made of templates, in which every value is escaped."""

import base64
import re
from collections.abc import Mapping
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from starlette.requests import Request
from starlette.responses import HTMLResponse

from triage_agent.conversation import NEITHER
from triage_agent.files import HERE
from triage_agent.reports import page_templates
from triage_agent.types import Label
from triage_agent.web.site import site_of
from triage_agent.web.texts import Texts

if TYPE_CHECKING:
    from jinja2 import Environment

STYLE = re.compile(r"<style>(.*?)</style>", re.DOTALL)
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
        .render(
            texts=site.texts,
            adviser=site.adviser,
            language=site.options.language,
            path=request.url.path,
            **values,
        )
    )
    return HTMLResponse(body, status, headers)


def capitalised(words: str) -> str:
    """Return words with a capital at the beginning; what follows stays as it is.

    >>> capitalised("an AI officer")
    'An AI officer'
    """
    return words[:1].upper() + words[1:]


def kind_words(texts: Texts, kind: str | None) -> str:
    """Return what a person says that a problem is, in words; None: it has no answer."""
    names = {Label.BUILD.value: "build", Label.AUTOMATE.value: "automate", NEITHER: "neither"}
    return texts["submission"][names.get(kind or "", "no_kind")]


@cache
def _templates() -> "Environment":
    environment = page_templates(HERE / "web" / "templates")
    environment.globals |= {"capitalised": capitalised, "kind_words": kind_words}
    return environment


def whole_page(html: str) -> HTMLResponse:
    """Return a page that is complete in itself, such as a report; its own styles are allowed."""
    styles = " ".join(f"'sha256-{_digest(style)}'" for style in STYLE.findall(html))
    policy = f"default-src 'none'; style-src {styles}; img-src data:"
    return HTMLResponse(html, headers={"content-security-policy": policy})


def _digest(style: str) -> str:
    return base64.b64encode(sha256(style.encode()).digest()).decode()
