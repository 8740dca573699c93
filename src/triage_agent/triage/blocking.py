"""The main flow for programs that are not asynchronous: one background thread does the work."""

import atexit
import os
import threading
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future
from decimal import Decimal
from types import TracebackType
from typing import Any, Self, TypeVar

import anyio
from anyio.from_thread import BlockingPortal

from triage_agent.advice import Advice, Profile, QuizResult
from triage_agent.intake import Rejected
from triage_agent.settings import Options
from triage_agent.triage.flow import AT_ONCE, AsyncTriage, numbered
from triage_agent.types import Classification, Problem

T = TypeVar("T")


class Triage:
    """`AsyncTriage` for programs that are not asynchronous; a context manager.

        with Triage() as triage:
            advice = triage.advise(["Leads get lost"], Profile.parse(revenue="3M"))

    The work runs in one background thread, which `close`, or the end of the program, ends. Several
    threads may use one `Triage`; a process that is forked needs its own.
    """

    def __init__(self, options: Options | None = None, **settings: Any) -> None:
        """Open the backend; arguments and errors are those of `AsyncTriage`."""
        self._triage = AsyncTriage(options, **settings)
        ready: Future[BlockingPortal] = Future()

        async def serve() -> None:
            async with BlockingPortal() as portal:
                ready.set_result(portal)
                await portal.sleep_until_stopped()

        # A daemon: a program that forgets to close must still end.
        self._thread = threading.Thread(target=anyio.run, args=(serve,), daemon=True)
        self._thread.start()
        self._portal, self._process, self._closed = ready.result(), os.getpid(), False
        atexit.register(self.close)

    @property
    def options(self) -> Options:
        """The options in force."""
        return self._triage.options

    @property
    def line(self) -> str:
        """One line that names the backend and says where the text goes."""
        return self._triage.line

    def classify(self, problem: str | Problem | Rejected) -> Classification:
        """Return the classification of one problem, as `AsyncTriage.classify` does."""
        return _result(self._start(self._triage.classify, problem))

    def classify_many(
        self, problems: Iterable[str | Problem | Rejected]
    ) -> Iterator[Classification]:
        """Yield one classification for each problem, as `AsyncTriage.classify_many` does.

        The problems are taken in the caller's thread. An error that taking them raises comes after
        the answers to those before it.
        """
        source, waiting = numbered(problems), deque[Future[Classification]]()
        failure: Exception | None = None
        more = True
        try:
            while waiting or more:
                while more and len(waiting) < AT_ONCE:
                    try:
                        problem = next(source)
                    except StopIteration:
                        more = False
                    except Exception as error:
                        failure, more = error, False
                    else:
                        waiting.append(self._start(self._triage.classify, problem))
                if waiting:
                    yield waiting[0].result()
                    waiting.popleft()
            if failure is not None:
                raise failure
        finally:
            for one in waiting:
                one.cancel()

    def advise(
        self,
        problems: str | Iterable[str | Problem | Rejected],
        profile: Profile | None = None,
        quiz: QuizResult | Mapping[str, int] | None = None,
        *,
        hourly_cost: Decimal | None = None,
    ) -> Advice:
        """Return whom the business should hire, and why, as `AsyncTriage.advise` does."""
        given = problems if isinstance(problems, str) else list(problems)

        async def advise() -> Advice:
            return await self._triage.advise(given, profile, quiz, hourly_cost=hourly_cost)

        return _result(self._start(advise))

    def close(self) -> None:
        """Close connections and files, and end the thread; a second call does nothing."""
        if self._closed or self._process != os.getpid():
            return
        self._closed = True
        atexit.unregister(self.close)
        try:
            self._portal.call(self._triage.aclose)
        finally:
            self._portal.call(self._portal.stop, True)
            self._thread.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _start(self, work: Callable[..., Awaitable[T]], *arguments: Any) -> Future[T]:
        """Start some work in the background thread."""
        if self._closed:
            raise RuntimeError("this Triage is closed; make another one")
        if self._process != os.getpid():
            raise RuntimeError("this Triage belongs to another process; make one in each")
        return self._portal.start_task_soon(work, *arguments)


def _result(future: Future[T]) -> T:
    """Return the result of some work; Ctrl-C ends the work too."""
    try:
        return future.result()
    except BaseException:
        future.cancel()
        raise
