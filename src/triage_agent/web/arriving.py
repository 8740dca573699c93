"""The worker behind the hooks: what has arrived becomes a submission, one after the other.

It takes one place of the engine, which has two at least, so that people who wait at a page are
answered beside it.
"""

import json
import logging
from functools import partial

import anyio

from triage_agent.advice import Advice
from triage_agent.batch import (
    Form,
    FormMapping,
    missing_columns,
    open_arrived,
    read_arrived,
)
from triage_agent.conversation import Piece, Step
from triage_agent.errors import InputError
from triage_agent.intake import Splitter
from triage_agent.tables import Table
from triage_agent.types import Outcome
from triage_agent.web.deliveries import Deliveries, Delivery, GoneError, Trouble
from triage_agent.web.engine import RETRY_AFTER_S, TooBusyError
from triage_agent.web.faults import places
from triage_agent.web.hook_kinds import Kind
from triage_agent.web.hooks import Hook, Hooks
from triage_agent.web.site import Site, forget
from triage_agent.web.state import FormFacts, State

LOG = logging.getLogger(__name__)
LONGEST_REST_S = 300.0  # after which it looks again, whatever the clock of the machine did
AFTER_A_FAULT_S = 20.0


class TroubleError(Exception):
    """A delivery cannot become a submission for now."""

    def __init__(self, trouble: Trouble) -> None:
        self.trouble = trouble
        super().__init__(trouble)


async def make_submissions(site: Site) -> None:
    """Make submissions of what arrives, until it is cancelled."""
    while True:
        site.arrivals.begin()
        try:
            rest = await _work_off(site)
        except Exception as error:  # such as a full disk; the pages go on
            LOG.error("%s while forms wait", places(error))
            rest = AFTER_A_FAULT_S
        else:
            site.arrivals.rest()
        with anyio.move_on_after(rest):
            await site.arrivals.rung()


async def _work_off(site: Site) -> float:
    """Make submissions of what is due; return after how many seconds to look again."""
    deliveries = Deliveries(site.database)
    while (one := await anyio.to_thread.run_sync(deliveries.due)) is not None:
        await _try(site, one)
    rest = await anyio.to_thread.run_sync(deliveries.seconds_to_next)
    return LONGEST_REST_S if rest is None else min(rest, LONGEST_REST_S)


def table_of(kind: Kind, content: str) -> Table:
    """Return a delivery as a table with one row; raises `InputError` if it is not one form."""
    return open_arrived(content, kind.asked(json.loads(content)))


def check_columns(kind: Kind, table: Table, mapping: FormMapping) -> None:
    """Raise `TroubleError` if a question is not in a form that ought to be there.

    Of a tool that leaves out what was not answered, one question about problems is enough.
    """
    missing = missing_columns(table, mapping)
    problems = mapping.mapped().problems
    if missing and (kind.is_whole or all(one in missing for one in problems)):
        raise TroubleError(Trouble.COLUMNS)


def state_of(form: Form) -> State:
    """Return a form as the conversation in which its owner would have said the same."""
    pieces = tuple(Piece(one.text, holds_several=bool(one.holds_several)) for one in form.problems)
    answers: dict[str, str | tuple[Piece, ...]] = {}
    if pieces:
        answers = {Step.PROBLEMS: "\n\n".join(one.text for one in pieces), Step.SPLIT: pieces}
    if form.company:
        answers[Step.COMPANY] = form.company
    return State(
        answers=answers, form=FormFacts(profile=form.profile, quiz=form.quiz, notes=form.notes)
    )


async def _try(site: Site, delivery: Delivery) -> None:
    """Make a submission of a delivery, or note why that failed."""
    deliveries, trouble = Deliveries(site.database), None
    if not await anyio.to_thread.run_sync(deliveries.begin, delivery):
        await anyio.to_thread.run_sync(deliveries.fail, delivery, Trouble.FAULT)
        return
    try:
        await _submit(site, delivery)
    except TooBusyError:
        await anyio.to_thread.run_sync(deliveries.put_off, delivery, RETRY_AFTER_S)
    except TroubleError as error:
        trouble = error.trouble
    except Exception as error:  # one delivery must not hold up the others
        LOG.error("%s in a form that arrived", places(error))
        trouble = Trouble.FAULT
    if trouble is not None:
        await anyio.to_thread.run_sync(deliveries.fail, delivery, trouble)


async def _submit(site: Site, delivery: Delivery) -> None:
    hook = await anyio.to_thread.run_sync(Hooks(site.database).named, delivery.hook)
    if hook is None or hook.mapping is None:  # removed in this moment
        return
    form = await _form(site, hook, hook.mapping, delivery)
    memory, talk = site.talk(state_of(form))
    advice = await site.engine.run(talk.advice)
    if any(row.outcome is Outcome.ERROR for row in advice.problems):
        raise TroubleError(Trouble.SERVICE)
    await _keep(site, delivery, State.of(talk, memory), advice)


async def _form(site: Site, hook: Hook, mapping: FormMapping, delivery: Delivery) -> Form:
    try:
        table = await anyio.to_thread.run_sync(table_of, hook.tool, delivery.content)
    except InputError as error:
        raise TroubleError(Trouble.SHAPE) from error
    check_columns(hook.tool, table, mapping)

    async def read(split: Splitter) -> Form:
        return await anyio.to_thread.run_sync(read_arrived, table, mapping, split)

    triage = site.engine.triage
    if mapping.split is False:  # then no LLM is asked how to take an answer apart
        return await read(triage.split)
    return await site.engine.run(lambda: triage.reading(read))


async def _keep(site: Site, delivery: Delivery, state: State, advice: Advice) -> None:
    """Keep a submission with its verdict; that its delivery is done is kept with that.

    Its secret follows from the delivery. So a server that was killed between the two steps finds
    it again, and makes no second one.
    """
    submissions = site.submissions
    token = submissions.token(f"delivery {delivery.id}", "")
    await anyio.to_thread.run_sync(submissions.begin, token, state, delivery.hook)
    known = await anyio.to_thread.run_sync(submissions.by_token, token)
    if known is None:  # too old in this moment; it is tried again
        raise TroubleError(Trouble.FAULT)
    finish = Deliveries(site.database).finish(delivery, known.id)
    try:
        await anyio.to_thread.run_sync(partial(submissions.keep, known, state, advice, finish))
    except GoneError:
        await anyio.to_thread.run_sync(submissions.delete, token)
        await forget(site)
