"""Serves the application until it is told to stop; what is under way is finished first."""

import logging
import socket
import sys
from contextlib import suppress

import uvicorn

from triage_agent.errors import SettingsError
from triage_agent.settings import Adviser
from triage_agent.triage import AsyncTriage
from triage_agent.web.app import create_app
from triage_agent.web.connections import PROTOCOL
from triage_agent.web.faults import WithoutWords
from triage_agent.web.options import ServeOptions

GRACE_S = 30  # for what is under way when the server is told to stop


def listen(options: ServeOptions) -> socket.socket:
    """Return a socket that listens where the options say.

    Raises `SettingsError` if another program does, or if that is no address of this machine.
    """
    family = socket.AF_INET6 if ":" in options.host else socket.AF_INET
    try:
        return socket.create_server((options.host, options.port), family=family)
    except (OSError, UnicodeError) as error:  # UnicodeError: a name that cannot be one
        why = getattr(error, "strerror", None) or "it is not the name of a machine"
        raise SettingsError(
            f"Nothing can be served at {options.host}, port {options.port}: {why}. Give another "
            "port by --port, or another address of this machine by --host."
        ) from error


def serve(
    options: ServeOptions,
    triage: AsyncTriage,
    adviser: Adviser,
    listener: socket.socket | None = None,
) -> None:
    """Serve until Ctrl-C or SIGTERM; raises `SettingsError` for what cannot be served.

    `listener` is what `listen` returned; if left out, it is called here.
    """
    app = create_app(options, triage, adviser)
    words = WithoutWords()
    for name in ("uvicorn.error", "asyncio"):  # what writes tracebacks
        logging.getLogger(name).addFilter(words)
    config = uvicorn.Config(
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
    server = uvicorn.Server(config)
    with suppress(KeyboardInterrupt), listener or listen(options) as listening:
        server.run(sockets=[listening])
    if not server.started:
        sys.exit(1)  # it has logged why
