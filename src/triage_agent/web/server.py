"""Serves the application until it is told to stop; what is under way is finished first."""

import logging

import uvicorn

from triage_agent.settings import Adviser
from triage_agent.triage import AsyncTriage
from triage_agent.web.app import create_app
from triage_agent.web.connections import PROTOCOL
from triage_agent.web.faults import WithoutWords
from triage_agent.web.options import ServeOptions

GRACE_S = 30  # for what is under way when the server is told to stop


def serve(options: ServeOptions, triage: AsyncTriage, adviser: Adviser) -> None:
    """Serve until Ctrl-C or SIGTERM; raises `SettingsError` for what cannot be served."""
    app = create_app(options, triage, adviser)
    words = WithoutWords()
    for name in ("uvicorn.error", "asyncio"):  # what writes tracebacks
        logging.getLogger(name).addFilter(words)
    uvicorn.run(
        app,
        http=PROTOCOL,
        ws="none",
        host=options.host,
        port=options.port,
        log_level="warning",
        access_log=False,  # addresses hold the secrets of links
        server_header=False,
        proxy_headers=bool(options.trusted_proxies),
        forwarded_allow_ips=list(options.trusted_proxies) or None,
        timeout_graceful_shutdown=GRACE_S,
        lifespan="on",
    )
