"""The main flow as a library call: read, classify, ask if somebody can be asked, decide, explain.

The command line, and whatever else answers people, calls this and holds no flow of its own.
"""

import asyncio
import os
from collections.abc import (
    AsyncGenerator,
    Awaitable,
    Callable,
    Iterable,
    Iterator,
    Mapping,
    Sequence,
)
from contextlib import aclosing
from dataclasses import replace
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

from triage_agent.advice import (
    Advice,
    Profile,
    QuizResult,
    advice_for,
    decide,
    score,
)
from triage_agent.classify import Policy, classify, error_row, in_order
from triage_agent.errors import SettingsError
from triage_agent.intake import ReadText, Rejected, Splitter, SplitText, read_texts
from triage_agent.models import OpenBackend, open_backend, split_text
from triage_agent.settings import Backend, Options, SplitBy, variable_of
from triage_agent.types import (
    Classification,
    Problem,
)

T = TypeVar("T")
AT_ONCE = 8  # problems under way at the same time


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

    async def split_closely(self, text: str, doubtful: SplitText) -> SplitText:
        """Return what an LLM makes of a text that is `doubtful` to `split`, if one is to be asked.

        Raises `StopError` as `classify` does; whatever else fails leaves the text as it was.
        """
        splitter = self.backend.splitter
        return await splitter.split(text, doubtful) if splitter else doubtful

    @property
    def splits_line(self) -> str:
        """What became of the texts that an LLM was to take apart; empty: there was none."""
        return self.backend.splits_line

    def read(self, given: str | Iterable[str | Problem | Rejected]) -> Iterator[ReadText]:
        """Yield what was given, one by one: texts taken apart, problems as they are.

        No LLM is asked, whatever the options say: see `read_closely`. Raises `InputError` at the
        end if it holds no problem.
        """
        return read_texts(given, self.split)

    async def read_closely(self, given: str | Sequence[str | Problem | Rejected]) -> list[ReadText]:
        """Return what `read` yields, but texts that are doubtful to it as an LLM takes them apart.

        So it is with `split_by` of the options; else nothing is sent. Raises `InputError` if it
        holds no problem, and `StopError` as `classify` does.
        """

        async def read(split: Splitter) -> list[ReadText]:
            return await asyncio.to_thread(lambda: list(read_texts(given, split)))

        return await self.reading(read)

    async def reading(self, read: Callable[[Splitter], Awaitable[T]]) -> T:
        """Return what is read with a splitter: every text that is split is split through here.

        `read` is given `split`, and is called once more if texts were doubtful to it: then with
        what `split_closely` says of these, which cannot be awaited where texts are split.
        """
        known: dict[str, SplitText] = {}

        def split(text: str) -> SplitText:
            if text not in known:
                known[text] = self.split(text)
            return known[text]

        result = await read(split)
        doubtful = {text: found for text, found in known.items() if found.holds_several}
        if self.backend.splitter is None or not doubtful:
            return result
        asked = (self.split_closely(text, found) for text, found in doubtful.items())
        known |= zip(doubtful, await asyncio.gather(*asked), strict=True)
        return await read(split)

    async def classify_many(
        self, problems: Iterable[str | Problem | Rejected]
    ) -> AsyncGenerator[Classification]:
        """Yield one classification for each problem, in their order; several are read at once.

        Args:
            problems: Texts, which are numbered from 1, or problems with ids of their own. They
                are taken as places become free, so memory does not grow with their number.

        Raises:
            StopError: The service said something that no retry can change, such as a wrong key.
            SettingsError: An option, or a data file, that cannot work.
        """
        async with aclosing(in_order(numbered(problems), self.classify, AT_ONCE)) as rows:
            async for _, row in rows:
                yield row

    async def advise(
        self,
        problems: str | Iterable[str | Problem | Rejected],
        profile: Profile | None = None,
        quiz: QuizResult | Mapping[str, int] | None = None,
        *,
        hourly_cost: Decimal | None = None,
    ) -> Advice:
        """Return whom the business should hire, and why.

        Args:
            problems: A pasted text or several, each split into its problems; or problems with ids
                of their own, which are never split.
            profile: Yearly revenue, and whether the business sells software; unknown if left out.
            quiz: The readiness quiz, which decides ties: a result, or {dimension: 0 to 3}.
            hourly_cost: USD that an hour of the staff costs; an assumed figure if left out.

        Raises:
            InputError: The text holds no problem, or the quiz lacks an answer.
            StopError: The service said something that no retry can change, such as a wrong key.
            SettingsError: An option, or a data file, that cannot work.
        """
        given = problems if isinstance(problems, str) else list(checked(problems))
        taken = score(quiz) if isinstance(quiz, Mapping) else quiz
        read = await self.read_closely(given)
        found = [problem for one in read for problem in one.problems]
        rows = [row async for row in self.classify_many(found)]
        return advice_for(rows, decide(rows, profile, taken), hourly_cost)

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
    try:
        split_by = SplitBy(options.split_by)
    except ValueError as error:
        known = ", ".join(SplitBy)
        raise SettingsError(
            f"split_by must be one of {known}, not {options.split_by!r}."
        ) from error
    return replace(
        options,
        backend=backend,
        split_by=split_by,
        api_key=options.api_key or os.environ.get(variable_of("api_key")),
        base_url=options.base_url or os.environ.get(variable_of("base_url")),
    )
