"""The model is opened while a person types; who has to wait for it is told why."""

import sys
from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from threading import Timer
from types import TracebackType
from typing import TYPE_CHECKING, Self

from triage_agent.cli.streams import say
from triage_agent.intake import ReadText, Rejected
from triage_agent.settings import Backend, Options, check_options, choose_backend
from triage_agent.types import Classification, Problem

if TYPE_CHECKING:  # to import it takes longest of all on a slow computer
    from triage_agent.triage import AsyncTriage

MOMENT_S = 1.5
HERE = "Read on this computer; nothing is sent. (backend: embedded)"
LOADING = "The model is read from the disk, once; a slow computer takes up to a minute for it."


def open_triage(options: Options) -> "AsyncTriage":
    """Return the open flow, and say which backend it is; a wait for it is explained."""
    if choose_backend(options).backend is Backend.EMBEDDED:
        with _patience(f"{HERE[:-1]}. {LOADING})"):
            triage = _open(options)
    else:
        triage = _open(options)
    say(triage.line)
    return triage


def open_later(options: Options) -> "AsyncTriage | LaterTriage":
    """Return a flow for a person who types first: what is slow to open is opened meanwhile."""
    if choose_backend(options).backend is Backend.EMBEDDED:
        check_options(choose_backend(options), options)  # nobody types before that is known
        return LaterTriage(options)
    return open_triage(options)


class LaterTriage:
    """A flow over the embedded model, which is read from the disk in the meantime."""

    def __init__(self, options: Options) -> None:
        thread = ThreadPoolExecutor(max_workers=1)
        self._opening: Future[AsyncTriage] = thread.submit(_open, options)
        thread.shutdown(wait=False)
        say(HERE)

    def read(self, given: Iterable[str]) -> Iterator[ReadText]:
        """Yield what the flow reads."""
        return self._opened().read(given)

    async def read_closely(self, given: Sequence[str]) -> list[ReadText]:
        """Return what the flow reads."""
        return await self._opened().read_closely(given)

    @property
    def splits_line(self) -> str:
        """What became of texts that an LLM was to take apart: there is none."""
        return ""

    def classify_many(
        self, problems: Iterable[str | Problem | Rejected]
    ) -> AsyncGenerator[Classification]:
        """Yield what the flow answers."""
        return self._opened().classify_many(problems)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Do nothing: the embedded model holds nothing that is to be let go of."""

    def _opened(self) -> "AsyncTriage":
        with _patience(LOADING):
            return self._opening.result()


def _open(options: Options) -> "AsyncTriage":
    from triage_agent.triage import AsyncTriage

    return AsyncTriage(options)


@contextmanager
def _patience(words: str) -> Iterator[None]:
    """Say something to a person at a terminal if what is inside takes longer than a moment."""
    if not sys.stderr.isatty():
        yield
        return
    timer = Timer(MOMENT_S, say, [words])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
