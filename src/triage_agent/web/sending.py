"""Sends notices to their receivers while the server runs, each receiver apart from the others."""

import logging
import time
from importlib.metadata import version

import anyio

from triage_agent.web.faults import places
from triage_agent.web.notices import Notice, Notices
from triage_agent.web.outgoing import NotSentError, Outgoing
from triage_agent.web.receivers import Receivers, signatures
from triage_agent.web.site import Site

LOG = logging.getLogger(__name__)
LOOK_S = 2.0  # how often it is looked for what is due
GONE = 410  # by it a receiver says that it wants nothing any more
AGENT = f"triage-agent/{version('triage-agent')}"


async def send_notices(site: Site) -> None:
    """Send what is due, until cancelled.

    What is due stands in the data, so what a crash interrupts is sent after the next start. A
    receiver may get a notice twice then, with the same id. One that is slow holds up no other.
    """
    notices, at_work = Notices(site.database), set[int]()

    async def serve(receiver: int) -> None:
        try:
            while due := await anyio.to_thread.run_sync(notices.next_due, receiver):
                await _send(site, notices, due)
        finally:
            at_work.discard(receiver)

    async with anyio.create_task_group() as tasks:
        while True:
            for receiver in await anyio.to_thread.run_sync(notices.receivers_due):
                if receiver not in at_work:
                    at_work.add(receiver)
                    tasks.start_soon(serve, receiver)
            await anyio.sleep(LOOK_S)


async def _send(site: Site, notices: Notices, notice: Notice) -> None:
    """Send one notice, and note what became of it."""
    try:
        status = await _answer(site.outgoing, site, notices, notice)
    except NotSentError as error:
        await anyio.to_thread.run_sync(notices.failed, notice, error.reason)
        return
    except Exception as error:  # one notice that cannot be made stops neither others nor the server
        LOG.error("a notice was not sent: %s", places(error))
        await anyio.to_thread.run_sync(notices.failed, notice, "fault")
        return
    if status is None or 200 <= status < 300:
        # Not to be cut off: it would be sent a second time.
        with anyio.CancelScope(shield=True):
            await anyio.to_thread.run_sync(notices.taken, notice)
    else:

        def failed() -> None:
            notices.failed(notice, str(status), for_good=status == GONE)

        await anyio.to_thread.run_sync(failed)


async def _answer(outgoing: Outgoing, site: Site, notices: Notices, notice: Notice) -> int | None:
    """Return the status of a receiver's answer; None: there is nothing to tell any more."""
    body = await anyio.to_thread.run_sync(notices.body, notice, site.options.address)
    keys = await anyio.to_thread.run_sync(Receivers(site.database).keys, notice.receiver)
    if body is None or not keys:  # deleted meanwhile, and the notice with it
        return None
    seconds = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": AGENT,
        "webhook-id": notice.sent_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signatures(keys, notice.sent_id, seconds, body),
    }
    return await outgoing.post(notice.url, body, headers)
