"""What all pages share while a server runs."""

import asyncio
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
from triage_agent.web.outgoing import Outgoing
from triage_agent.web.passwords import Passwords
from triage_agent.web.printing import Printer
from triage_agent.web.security import Limiter, who
from triage_agent.web.sessions import Sessions
from triage_agent.web.state import RememberingTriage, State, conversation
from triage_agent.web.submissions import Submissions
from triage_agent.web.texts import PageWords, Texts
from triage_agent.web.tokens import Tokens


class Arrivals:
    """Wakes what works on forms that arrive by themselves, and says when it has nothing to do."""

    def __init__(self) -> None:
        self._bell, self._resting = asyncio.Event(), asyncio.Event()

    def ring(self) -> None:
        """Say that something is due."""
        self._bell.set()
        self._resting.clear()

    async def rung(self) -> None:
        """Wait until something is due."""
        await self._bell.wait()

    def begin(self) -> None:
        """Begin to work: what is due from now on rings again."""
        self._bell.clear()

    def rest(self) -> None:
        """Say that nothing is left that is due, unless it has rung meanwhile."""
        if not self._bell.is_set():
            self._resting.set()

    async def resting(self) -> None:
        """Wait until nothing is left that is due."""
        await self._resting.wait()


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
    outgoing: Outgoing
    adviser: Adviser = field(default_factory=Adviser)
    passwords: Passwords = field(default_factory=Passwords)
    arrivals: Arrivals = field(default_factory=Arrivals)
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
        return conversation(self.engine.triage, state, self.language)

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
