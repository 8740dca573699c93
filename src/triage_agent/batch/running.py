"""Runs over the rows of a batch: asked live or in batches, ended, stopped or interrupted."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from contextlib import AbstractContextManager, aclosing
from typing import Any, Protocol

from triage_agent.batch.in_batches import AGAIN, Walk, batches_path, open_in_batches
from triage_agent.batch.request import BatchRequest, Report
from triage_agent.batch.tally import Tally
from triage_agent.errors import TriageError
from triage_agent.intake import counted
from triage_agent.models import OpenBackend, open_batches_of
from triage_agent.settings import Backend, Choice
from triage_agent.types import Usage


class WayToAsk(Protocol):
    """How the questions of a run are asked before its rows are written."""

    walk: Walk | None  # over all rows, without writing them
    waits: bool  # for batches that have not ended
    usage: Usage  # of the answers that came before the rows

    async def ask(self) -> bool:
        """Return whether the rows may be gone through; False: their answers are still to come."""
        ...

    async def end(self) -> None:
        """Clean up after all rows are answered."""
        ...

    async def cancel(self) -> None:
        """End what is under way."""
        ...

    async def aclose(self) -> None:
        """Close connections and files."""
        ...

    @property
    def record(self) -> dict[str, Any]:
        """What OUT.run.json says about it."""
        ...


class Live:
    """Each question is asked when its row comes."""

    walk: Walk | None = None
    waits = False
    usage = Usage()
    record: dict[str, Any] = {}  # noqa: RUF012 (never changed)

    async def ask(self) -> bool:
        """Return True: there is nothing to wait for."""
        return True

    async def end(self) -> None:
        """Do nothing."""

    async def cancel(self) -> None:
        """Do nothing."""

    async def aclose(self) -> None:
        """Do nothing."""


def way_to_ask(
    request: BatchRequest, choice: Choice, opened: OpenBackend, report: Report
) -> WayToAsk:
    """Return how a run asks, or raise `SettingsError` for options that cannot work."""
    if request.in_batches is None:
        if opened.llm and (under_way := open_batches_of(opened.llm, request.options.account)):
            report(
                f"Under way for this output: {counted(under_way, 'batch', 'batches')} (see "
                f"{batches_path(request.out).name}). --batch-api collects the answers, --cancel "
                "ends what runs. Here the questions are asked live, and so paid for twice."
            )
        return Live()
    return open_in_batches(opened, choice, request.options, request.in_batches, request.out, report)


def cancel(asking: WayToAsk, opened: OpenBackend) -> None:
    """End what is under way for an output."""

    async def run() -> None:
        async with aclosing(opened), aclosing(asking):
            await asking.cancel()

    asyncio.run(run())


def run_rows(
    rows: AsyncGenerator[Tally, None],
    opened: OpenBackend,
    progress: AbstractContextManager[Callable[[Tally], None]],
    report: Report,
    asking: WayToAsk,
    *,
    fresh: bool,
) -> Tally | None:
    """Return the tally after every row is answered; what stops the run is raised.

    None: the rows wait for batches, and the run does not wait for them.
    """
    go_on = (
        "Answers that were paid for are kept: the same command"
        f"{' without --fresh' if fresh else ''} goes on from here."
    )
    tally = Tally()

    async def run() -> bool:
        nonlocal tally
        async with aclosing(opened), aclosing(asking):
            try:
                if not await asking.ask():
                    return False
                with progress as show:
                    async with aclosing(rows):
                        async for tally in rows:
                            show(tally)
            except TriageError:
                await opened.drain()  # what is under way is paid for
                raise
            await asking.end()
            return True

    try:
        return tally if asyncio.run(run()) else None
    except TriageError as error:
        error.message += (
            f" {counted(tally.rows, 'row was', 'rows were')} answered; the output was not written."
        )
        if error.exit_code != 6:  # the cost cap says itself how to go on
            error.message += f" {go_on}"
        raise
    except KeyboardInterrupt:
        if asking.waits:
            report(f"Stopped. The batches go on at the provider. {AGAIN}; --cancel ends them.")
            raise
        if opened.model.backend == Backend.EMBEDDED:
            go_on = "Nothing was paid for: the same command answers all of them again."
        answered = counted(tally.rows, "row was", "rows were")
        report(f"Stopped. {answered} answered; the output was not written. {go_on}")
        raise
