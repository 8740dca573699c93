"""`triage serve`: the pages for owners, and the adviser's inbox."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.streams import say
from triage_agent.settings import LOCAL_FILE, Options, read_adviser, user_file


def serve(
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="Port to listen on.")] = 8787,
    data: Annotated[
        Path, typer.Option(metavar="FOLDER", help="Where everything is kept; made if missing.")
    ] = Path("triage-data"),
    public_url: Annotated[
        str | None,
        typer.Option(metavar="URL", help="The https address at which people reach it."),
    ] = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(metavar="ADDRESS", help="A proxy whose word on who asks is believed."),
    ] = None,
    retention_days: Annotated[
        int | None,
        typer.Option(min=1, help="Delete what nobody has changed for so many days."),
    ] = None,
) -> None:
    """Serve the questions and the verdict as web pages, on this machine or your server."""
    try:
        from triage_agent.web import ServeOptions
        from triage_agent.web import serve as serve_pages
    except ImportError as error:
        from triage_agent.errors import SettingsError

        raise SettingsError(
            f"The web pages need libraries that are not installed ({error.name}). "
            "Install them: pip install 'triage-agent[web]'"
        ) from error
    from triage_agent.triage import AsyncTriage

    options = ServeOptions(
        data,
        host,
        port,
        public_url,
        tuple(trusted_proxy or ()),
        retention_days,
    )
    options.check()
    adviser = read_adviser(Path(LOCAL_FILE), user_file())
    triage = AsyncTriage(Options())
    say(triage.line, f"The pages are at {options.address} (Ctrl-C ends)")
    serve_pages(options, triage, adviser)
