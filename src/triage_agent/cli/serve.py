"""`triage serve`: the pages for owners, the adviser's inbox, and the link to a password."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.help_screen import ScreenGroup, ScreenTyper
from triage_agent.cli.streams import say, show
from triage_agent.settings import LOCAL_FILE, Options, read_adviser, user_file

app = ScreenTyper(cls=ScreenGroup, rich_markup_mode=None)
DataOption = Annotated[
    Path,
    typer.Option("--data", metavar="FOLDER", help="Where everything is kept; made if missing."),
]
PublicOption = Annotated[
    str | None,
    typer.Option("--public-url", metavar="URL", help="The https address at which people reach it."),
]
HostOption = Annotated[str, typer.Option("--host", help="Address to listen on.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")]
HOST, PORT, DATA = "127.0.0.1", 8787, Path("triage-data")


@app.callback(invoke_without_command=True)
def serve(
    context: typer.Context,
    host: HostOption = HOST,
    port: PortOption = PORT,
    data: DataOption = DATA,
    public_url: PublicOption = None,
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
    if context.invoked_subcommand is not None:
        return
    _check_installed()
    from triage_agent.triage import AsyncTriage
    from triage_agent.web import ServeOptions, first_link
    from triage_agent.web import serve as serve_pages

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
    if link := first_link(options):
        say(f"The adviser's name and password are set here, once, within 24 hours: {link}")
    serve_pages(options, triage, adviser)


def password(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Whose; needed if there are several.")
    ] = None,
    host: HostOption = HOST,
    port: PortOption = PORT,
    data: DataOption = DATA,
    public_url: PublicOption = None,
) -> None:
    """Print a link that sets an adviser's password, once, within 24 hours.

    The server may run meanwhile; give the same --host, --port, --data and --public-url as to it.
    """
    _check_installed()
    from triage_agent.web import ServeOptions, password_link

    options = ServeOptions(data, host, port, public_url)
    options.check()
    show(password_link(options, name))


app.command()(password)


def _check_installed() -> None:
    """Raise `SettingsError` if what the web pages need is not installed."""
    try:
        import triage_agent.web

        _ = triage_agent.web.serve
    except ImportError as error:
        from triage_agent.errors import SettingsError

        raise SettingsError(
            f"The web pages need libraries that are not installed ({error.name}). "
            "Install them: pip install 'triage-agent[web]'"
        ) from error
