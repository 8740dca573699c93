"""What all pages share while a server runs."""

from dataclasses import dataclass, field
from typing import cast

from starlette.requests import Request

from triage_agent.settings import Adviser
from triage_agent.web.advisers import Advisers
from triage_agent.web.database import Database
from triage_agent.web.engine import Engine
from triage_agent.web.options import ServeOptions
from triage_agent.web.passwords import Passwords
from triage_agent.web.security import Limiter
from triage_agent.web.sessions import Sessions
from triage_agent.web.submissions import Submissions
from triage_agent.web.texts import Texts


@dataclass(frozen=True, slots=True)
class Site:
    """The data, the reader of problems, and the words of one server."""

    options: ServeOptions
    database: Database
    submissions: Submissions
    engine: Engine
    texts: Texts
    adviser: Adviser = field(default_factory=Adviser)
    limiter: Limiter = field(default_factory=Limiter)
    passwords: Passwords = field(default_factory=Passwords)

    @property
    def advisers(self) -> Advisers:
        """Who may read what owners send."""
        return Advisers(self.database)

    @property
    def sessions(self) -> Sessions:
        """Where they are signed in."""
        return Sessions(self.database)


def site_of(request: Request) -> Site:
    """Return what the pages of this request's server share."""
    return cast("Site", request.app.state.site)
