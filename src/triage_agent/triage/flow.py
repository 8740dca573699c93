"""The main flow as a library call: read, classify, ask if somebody can be asked, decide, explain.

The command line, and whatever else answers people, calls this and holds no flow of its own.
"""

import os
from collections.abc import (
    AsyncGenerator,
    Iterable,
    Iterator,
    Mapping,
)
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from types import TracebackType
from typing import Any, Protocol, Self

from triage_agent.advice import (
    Advice,
    Profile,
    QuizResult,
    Recommendation,
    advice_for,
    decide,
    score,
)
from triage_agent.classify import Policy, answer_question, classify, error_row, in_order
from triage_agent.errors import SettingsError
from triage_agent.intake import ReadText, Rejected, SplitText, read_texts
from triage_agent.models import OpenBackend, open_backend, split_text
from triage_agent.settings import Backend, Options, variable_of
from triage_agent.types import (
    Abstention,
    Classification,
    DecidedBy,
    Problem,
)

AT_ONCE = 8  # problems under way at the same time


class Owner(Protocol):
    """Somebody who can be asked while their problems are looked at."""

    async def clarify(self, row: Classification) -> str | None:
        """Return which signal is true of a problem that is unclear; None: not sure."""
        ...

    async def take_quiz(self) -> QuizResult | None:
        """Return the readiness quiz as answered; None: not taken."""
        ...


class AsyncTriage:
    """Classifies business problems and advises whom to hire; an async context manager.

    Without arguments the embedded model reads the problems on this machine. With a `model`, an
    LLM does, and its key and address come from the environment unless they are given.

        async with AsyncTriage(model="gpt-5-mini") as triage:
            row = await triage.classify("Leads get lost")
    """

    def __init__(self, options: Options | None = None, **settings: Any) -> None:
        """Open the backend.

        Args:
            options: Who reads the problems, and how; the defaults if left out.
            **settings: Fields of `Options` by name, which replace those of `options`.

        Raises:
            SettingsError: The options cannot work together, or the backend cannot be opened.
            TypeError: `settings` names something that is not an option.
        """
        if not isinstance(options, Options | None):
            raise TypeError(f"options must be Options, not {options!r}; name a model by model=…")
        options = _with_environment(replace(options or Options(), **settings))
        self._use(open_backend(options), options)

    @classmethod
    def over(cls, backend: OpenBackend, options: Options | None = None) -> Self:
        """Return the flow over a backend that is open already, such as one made for a test."""
        made = cls.__new__(cls)
        made._use(backend, options or Options())  # noqa: SLF001 (its own class)
        return made

    def _use(self, backend: OpenBackend, options: Options) -> None:
        self.backend, self.options = backend, options
        self._policy = Policy(
            options.threshold, backend.calibration, backend.review_below(options.review_below)
        )

    @property
    def line(self) -> str:
        """One line that names the backend and says where the text goes."""
        return self.backend.line

    async def classify(self, problem: str | Problem | Rejected) -> Classification:
        """Return the classification of one problem; the text is never split.

        One that seems to hold several problems gets one answer, which needs review. A reply that
        cannot be used or a service that fails makes a row with the outcome `error`.

        Raises:
            StopError: The service said something that no retry can change, such as a wrong key.
            SettingsError: An option, or a data file, that cannot work.
        """
        if isinstance(problem, Rejected):
            return error_row(problem.id, problem.text, self.backend.model, problem.error)
        if isinstance(problem, str):
            problem = Problem("1", problem)
        if not isinstance(problem, Problem):
            raise TypeError(f"a problem is a str or a Problem, not {type(problem).__name__}")
        return await classify(problem, self.backend.model, self._policy, split=self.split)

    def split(self, text: str) -> SplitText:
        """Return the problems of a text, and what in it is none; nothing is sent anywhere."""
        return split_text(text)

    def read(self, given: str | Iterable[str | Problem | Rejected]) -> Iterator[ReadText]:
        """Yield what was given, one by one: texts taken apart, problems as they are.

        Raises `InputError` at the end if it holds no problem.
        """
        return read_texts(given, self.split)

    async def classify_many(
        self, problems: Iterable[str | Problem | Rejected], owner: Owner | None = None
    ) -> AsyncGenerator[Classification]:
        """Yield one classification for each problem, in their order; several are read at once.

        Args:
            problems: Texts, which are numbered from 1, or problems with ids of their own. They
                are taken as places become free, so memory does not grow with their number.
            owner: Who is asked about a problem that is unclear; nobody if left out.

        Raises:
            StopError: The service said something that no retry can change, such as a wrong key.
            SettingsError: An option, or a data file, that cannot work.
        """
        async with aclosing(in_order(numbered(problems), self.classify, AT_ONCE)) as rows:
            async for _, row in rows:
                if owner is not None and _is_unclear(row):
                    yield answer_question(row, await owner.clarify(row))
                else:
                    yield row

    async def advise(
        self,
        problems: str | Iterable[str | Problem | Rejected],
        profile: Profile | None = None,
        quiz: QuizResult | Mapping[str, int] | None = None,
        *,
        hourly_cost: Decimal | None = None,
        owner: Owner | None = None,
    ) -> Advice:
        """Return whom the business should hire, and why.

        Args:
            problems: A pasted text or several, each split into its problems; or problems with ids
                of their own, which are never split.
            profile: Yearly revenue, and whether the business sells software; unknown if left out.
            quiz: The readiness quiz, which decides ties: a result, or {dimension: 0 to 3}.
            hourly_cost: USD that an hour of the staff costs; an assumed figure if left out.
            owner: Who is asked about unclear problems, and the quiz on a tie; nobody if left out.

        Raises:
            InputError: The text holds no problem, or the quiz lacks an answer.
            StopError: The service said something that no retry can change, such as a wrong key.
            SettingsError: An option, or a data file, that cannot work.
        """
        given = problems if isinstance(problems, str) else list(checked(problems))
        taken = score(quiz) if isinstance(quiz, Mapping) else quiz
        found = [problem for read in self.read(given) for problem in read.problems]
        rows = [row async for row in self.classify_many(found, owner)]
        decision = decide(rows, profile, taken)
        if decision.recommendation is Recommendation.TAKE_THE_QUIZ and owner is not None:
            decision = decide(rows, profile, await owner.take_quiz())
        return advice_for(rows, decision, hourly_cost)

    async def aclose(self) -> None:
        """Close connections and files; a second call does nothing."""
        await self.backend.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.aclose()


def numbered(
    problems: Iterable[str | Problem | Rejected],
) -> Iterator[Problem | Rejected]:
    """Yield the problems, bare texts under their number."""
    for number, one in enumerate(checked(problems), start=1):
        yield Problem(str(number), one) if isinstance(one, str) else one


def checked(
    problems: Iterable[str | Problem | Rejected],
) -> Iterator[str | Problem | Rejected]:
    """Yield what was given as problems; `TypeError` for what cannot be one."""
    if isinstance(problems, str | bytes):
        raise TypeError("give several texts, not one; `advise` splits a pasted text")
    for number, one in enumerate(problems, start=1):
        if not isinstance(one, str | Problem | Rejected):
            raise TypeError(f"problem {number} is {type(one).__name__}, not a str or a Problem")
        yield one


def _with_environment(options: Options) -> Options:
    """Return the options with the key and the address that the environment gives, if they lack.

    No other variable counts here: a program that calls a library says what it wants.
    """
    try:
        backend = Backend(options.backend)
    except ValueError as error:
        known = ", ".join(Backend)
        raise SettingsError(f"backend must be one of {known}, not {options.backend!r}.") from error
    return replace(
        options,
        backend=backend,
        api_key=options.api_key or os.environ.get(variable_of("api_key")),
        base_url=options.base_url or os.environ.get(variable_of("base_url")),
    )


def _is_unclear(row: Classification) -> bool:
    """Return whether the owner should be asked: the tie rules decided, or the text is vague."""
    torn = row.decided_by not in {None, DecidedBy.MODEL}
    vague = row.abstained_because is Abstention.TOO_VAGUE and row.signals is not None
    return torn or vague
