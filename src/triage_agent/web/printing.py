"""Reports as PDF, where the extra for it is installed; one at a time, outside the event loop."""

import asyncio

import anyio
from starlette.responses import Response

from triage_agent.errors import SettingsError
from triage_agent.reports import as_pdf, check_pdf
from triage_agent.web.engine import TooBusyError

MOST_WAITING = 20  # each takes about a quarter of a second
HEADERS = {"content-disposition": 'attachment; filename="report.pdf"'}


class Printer:
    """Makes a PDF of a page; pages lead to it only if it works here.

    It is looked for once, at the start: that imports a library.
    """

    def __init__(self) -> None:
        try:
            check_pdf()
        except SettingsError:  # an extra that this server does without
            self.works = False
        else:
            self.works = True
        self._place, self._inside = asyncio.Semaphore(1), 0

    async def pdf(self, page: str) -> Response:
        """Return a page that is complete in itself as a PDF; raises `TooBusyError`."""
        if self._inside > MOST_WAITING:
            raise TooBusyError
        self._inside += 1
        try:
            async with self._place:
                made = await anyio.to_thread.run_sync(as_pdf, page)
        finally:
            self._inside -= 1
        return Response(made, media_type="application/pdf", headers=HEADERS)
