"""What is kept of a conversation between two requests: what was answered, and how it was read."""

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, TypeVar

from pydantic import ConfigDict, Field

from triage_agent.advice import Profile, QuizResult
from triage_agent.conversation import Answer, Conversation, Language, Piece
from triage_agent.files import Strict
from triage_agent.intake import Rejected, SplitText
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification, Problem

Kept = str | tuple[Piece, ...]
T = TypeVar("T")


class FormFacts(Strict):
    """What a form that arrived by itself says of its business, and how that was read."""

    model_config = ConfigDict(ser_json_inf_nan="strings")  # a revenue may be "over 10M"

    profile: Profile = Field(default_factory=Profile)
    quiz: QuizResult | None = None  # None: it was not taken
    notes: tuple[str, ...] = ()  # what could not be read, or was assumed


class State(Strict):
    """A conversation at one moment; everything follows from it."""

    schema_version: Annotated[int, Field(ge=1, le=1)] = 1
    answers: dict[str, Kept] = Field(default_factory=dict)
    drafts: dict[str, Kept] = Field(default_factory=dict)
    texts: tuple[tuple[str, SplitText], ...] = ()  # how each text was taken apart
    rows: tuple[tuple[Problem, Classification], ...] = ()  # how each problem was read
    form: FormFacts | None = None  # None: its owner was asked here

    @classmethod
    def of(cls, talk: Conversation, memory: "RememberingTriage") -> "State":
        """Return what is to be kept of a conversation; what it no longer needs is left out."""
        texts, problems = set(talk.texts), set(talk.problems if talk.answers else ())
        return cls(
            answers=_plain(talk.answers),
            drafts=_plain(talk.drafts),
            texts=tuple(one for one in memory.texts.items() if one[0] in texts),
            rows=tuple(one for one in memory.rows.items() if one[0] in problems),
            form=memory.form,
        )


class UnreadError(Exception):
    """Something is needed that was not read yet."""


class RememberingTriage(AsyncTriage):
    """Reads by another, and nothing twice: not a text, and not a problem."""

    def __init__(self, base: AsyncTriage, state: State) -> None:
        """Begin with what a state remembers; `base` stays open."""
        self._base = base
        self._use(base.backend, base.options)
        self.texts, self.rows, self.form = dict(state.texts), dict(state.rows), state.form
        self._doubtful: dict[str, SplitText] = {}  # which are to be read more closely
        self._may_read = True

    async def from_memory(self, work: Callable[[], Awaitable[T]]) -> T:
        """Return what some work returns that needs nothing new; raises `UnreadError` if it does.

        Most requests only show what is known: they wait for nobody whose problems are being read.
        """
        self._may_read = False
        try:
            return await work()
        finally:
            self._may_read = True

    def split(self, text: str) -> SplitText:
        """Return the problems of a text, as they were found before if they were."""
        if (known := self.texts.get(text) or self._doubtful.get(text)) is not None:
            return known
        self._check()
        found = self._base.split(text)
        closely = found.holds_several and self.backend.splitter is not None
        (self._doubtful if closely else self.texts)[text] = found
        return found

    async def split_closely(self, text: str, doubtful: SplitText) -> SplitText:
        """Return what an LLM made of a text before, if one was asked; whatever it was, it stays."""
        if text not in self.texts:
            self._check()
            self.texts[text] = await self._base.split_closely(text, doubtful)
        return self.texts[text]

    async def classify(self, problem: str | Problem | Rejected) -> Classification:
        """Return the classification of one problem, as it was before if it did not fail."""
        if not isinstance(problem, Problem):
            return await self._base.classify(problem)
        if (known := self.rows.get(problem)) is not None and known.error is None:
            return known
        self._check()
        row = await self._base.classify(problem)
        self.rows[problem] = row
        return row

    def _check(self) -> None:
        if not self._may_read:
            raise UnreadError


def conversation(
    base: AsyncTriage, state: State, language: Language
) -> tuple[RememberingTriage, Conversation]:
    """Return the conversation of a state; nothing is read anew that was read before."""
    memory, form = RememberingTriage(base, state), state.form or FormFacts()
    return memory, Conversation(
        memory,
        profile=form.profile,
        quiz=form.quiz,
        answers=state.answers,
        drafts=state.drafts,
        language=language,
    )


def _plain(answers: Mapping[str, Answer]) -> dict[str, Kept]:
    return dict(answers)
