"""What all pages share while a server runs."""

from dataclasses import dataclass, field
from typing import cast

import anyio
from starlette.requests import Request

from triage_agent.conversation import Conversation, Language
from triage_agent.settings import Adviser
from triage_agent.web.advisers import Advisers
from triage_agent.web.capped import CappedTriage
from triage_agent.web.database import Database
from triage_agent.web.engine import Engine
from triage_agent.web.options import ServeOptions
from triage_agent.web.passwords import Passwords
from triage_agent.web.printing import Printer
from triage_agent.web.security import Limiter, who
from triage_agent.web.sessions import Sessions
from triage_agent.web.state import RememberingTriage, State
from triage_agent.web.submissions import Submissions
from triage_agent.web.texts import PageWords, Texts
from triage_agent.web.tokens import Tokens


@dataclass(frozen=True, slots=True)
class Site:
    """The data, the reader of problems, and the words of one server."""

    options: ServeOptions
    database: Database
    submissions: Submissions
    tokens: Tokens
    engine: Engine
    words: PageWords
    limiter: Limiter
    adviser: Adviser = field(default_factory=Adviser)
    passwords: Passwords = field(default_factory=Passwords)
    printer: Printer = field(default_factory=Printer)

    @property
    def texts(self) -> Texts:
        """The words of its pages."""
        return self.words.texts

    @property
    def language(self) -> Language:
        """In which words owners are asked."""
        return self.words.language

    def talk(self, state: State) -> tuple[RememberingTriage, Conversation]:
        """Return a conversation as it was kept, and what remembers how its problems were read."""
        memory = RememberingTriage(self.engine.triage, state)
        return memory, Conversation(
            memory, answers=state.answers, drafts=state.drafts, language=self.language
        )

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


async def forget(site: Site) -> None:
    """Delete what the language model answered: it quotes what an owner wrote."""
    if isinstance(site.engine.triage, CappedTriage):
        await anyio.to_thread.run_sync(site.engine.triage.forget)


async def may_step(request: Request) -> bool:
    """Return whether the address of a request may send one more form; it is counted if so."""
    limiter = site_of(request).limiter
    return await limiter.allows(limiter.steps, "step", who(request))
