"""Sends notices to their receivers while the server runs, each receiver apart from the others."""

import json
import logging
import time
from importlib.metadata import version
from typing import Any

import anyio

from triage_agent.web.faults import places
from triage_agent.web.notices import Notice, Notices
from triage_agent.web.outgoing import NotSentError
from triage_agent.web.receivers import Receivers, signatures
from triage_agent.web.site import Site
from triage_agent.web.submissions import SpotCheck, Submission

LOG = logging.getLogger(__name__)
EVENT = "verdict.ready"
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
        except Exception as error:  # the data cannot be written just now; it is tried again
            LOG.error("notices wait: %s", places(error))
        finally:
            at_work.discard(receiver)

    async with anyio.create_task_group() as tasks:
        while True:
            try:
                due = await anyio.to_thread.run_sync(notices.receivers_due)
            except Exception as error:  # nor read; the pages go on meanwhile
                LOG.error("notices wait: %s", places(error))
                due = []
            for receiver in due:
                if receiver not in at_work:
                    at_work.add(receiver)
                    tasks.start_soon(serve, receiver)
            await anyio.sleep(LOOK_S)


def told(known: Submission, address: str, *, with_words: bool) -> bytes:
    """Return what a notice says of a submission as it is now.

    Nothing that the owner wrote is in it, unless the receiver is to get it. What an adviser is to
    say without seeing the verdict comes without the verdict: it would be seen.
    """
    blind = known.spot_check is SpotCheck.WAITING
    # An owner who changes answers has no verdict for the moment.
    verdict = {} if blind or known.advice is None else known.advice
    data: dict[str, Any] = {
        "submission": known.id,
        "recommendation": verdict.get("recommendation"),
        "provisional": verdict.get("provisional"),
        "blind_check": blind,
        "link": f"{address}/inbox/{known.id}",
    }
    if with_words:
        problems = known.advice["problems"] if known.advice else []
        data |= {"company": known.company, "problems": [one["text"] for one in problems]}
    said = {"type": EVENT, "timestamp": known.finished_at, "data": data}
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


async def _send(site: Site, notices: Notices, notice: Notice) -> None:
    """Send one notice, and note what became of it."""
    try:
        status = await _answer(site, notice)
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


async def _answer(site: Site, notice: Notice) -> int | None:
    """Return the status of a receiver's answer; None: there is nothing to tell any more."""
    known = await anyio.to_thread.run_sync(site.submissions.by_id, notice.submission)
    keys = await anyio.to_thread.run_sync(Receivers(site.database).keys, notice.receiver)
    if known is None or not keys:  # deleted meanwhile, and the notice with it
        return None
    body = told(known, site.options.address, with_words=notice.with_words)
    seconds = int(time.time())
    headers = {
        "content-type": "application/json",
        "user-agent": AGENT,
        "webhook-id": notice.sent_id,
        "webhook-timestamp": str(seconds),
        "webhook-signature": signatures(keys, notice.sent_id, seconds, body),
    }
    return await site.outgoing.post(notice.url, body, headers)
