"""What a server deletes by itself: what is too old, and what was kept for a time only."""

import logging
from collections.abc import Awaitable, Callable

import anyio

from triage_agent.intake import counted
from triage_agent.web.backup import delete_old_backups
from triage_agent.web.deliveries import Deliveries
from triage_agent.web.faults import places
from triage_agent.web.hooks import Hooks
from triage_agent.web.site import Site, forget

LOG = logging.getLogger(__name__)
AFTER_A_FAULT_S = 60
SECONDS_AN_HOUR = 3_600
SECONDS_A_DAY = 86_400


async def keep_house(site: Site) -> None:
    """Delete what is too old, at the start and again and again, until cancelled."""
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_again_and_again, lambda: _delete_old(site), SECONDS_A_DAY)
        tasks.start_soon(_again_and_again, lambda: _forget_old(site), SECONDS_AN_HOUR)


async def _again_and_again(work: Callable[[], Awaitable[None]], every_s: float) -> None:
    """Work, rest, and so on; after a fault, such as locked data, try again in a minute."""
    while True:
        try:
            await work()
        except Exception as error:  # the pages go on
            LOG.error("%s while old data are deleted", places(error))
            await anyio.sleep(AFTER_A_FAULT_S)
        else:
            await anyio.sleep(every_s)


async def _delete_old(site: Site) -> None:
    """Delete submissions, forms and backups that are too old, from the disk."""
    submissions, options = site.submissions, site.options
    deliveries, hooks = Deliveries(site.database), Hooks(site.database)
    if (days := options.retention_days) is not None:
        deleted = await anyio.to_thread.run_sync(submissions.delete_old, days)
        deleted += await anyio.to_thread.run_sync(deliveries.delete_old, days)
        if deleted:
            LOG.warning("deleted, older than %d days: %s", days, counted(deleted, "submission"))
            await forget(site)
    await anyio.to_thread.run_sync(hooks.forget_old)
    # What was deleted just before a crash, or while a backup was made, is still on the disk.
    await anyio.to_thread.run_sync(submissions.scrub)
    await anyio.to_thread.run_sync(delete_old_backups, options.data, options.backup_days)


async def _forget_old(site: Site) -> None:
    """Delete what is kept of the API's requests for a time only."""
    await anyio.to_thread.run_sync(site.tokens.forget_old)
