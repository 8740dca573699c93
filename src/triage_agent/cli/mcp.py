"""`triage mcp`: the tools for assistants."""

from typing import Annotated

import typer

from triage_agent.cli.serve import needs_web
from triage_agent.cli.shared_options import READING, with_options
from triage_agent.cli.streams import raw_output, say
from triage_agent.settings import Options


@with_options(READING)
def mcp(
    options: Options,
    http: Annotated[
        bool, typer.Option("--http", help="Serve over HTTP instead of standard input and output.")
    ] = False,
    port: Annotated[
        int, typer.Option(min=1, max=65535, help="Port to listen on, on this machine only.")
    ] = 8788,
) -> None:
    """Serve tools for assistants (MCP): classify, advise, quiz and compare_roles.

    The assistant starts this program itself; docs/how-to/mcp.md shows its settings.
    """
    with needs_web():
        from triage_agent.web import serve_mcp
    from triage_agent.triage import AsyncTriage

    triage = AsyncTriage(options)
    say(triage.line)
    if http:
        say(f"The tools are at http://127.0.0.1:{port}/mcp (Ctrl-C ends)")
    with raw_output():
        serve_mcp(triage, http=("127.0.0.1", port) if http else None)
