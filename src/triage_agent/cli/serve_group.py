"""The commands of `triage serve`; by itself, it serves."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.help_screen import ScreenGroup, ScreenTyper
from triage_agent.cli.serve import (
    DATA,
    HOST,
    PORT,
    HostOption,
    PortOption,
    PublicOption,
    needs_web,
    serve,
)
from triage_agent.cli.serve import DataOption as ServedOption
from triage_agent.cli.streams import say, show

DataOption = Annotated[
    Path | None,
    typer.Option(metavar="FOLDER", help="The data folder; triage-data if left out."),
]


def backup(
    context: typer.Context,
    file: Annotated[
        Path | None,
        typer.Argument(
            metavar="FILE",
            help="Where to write it; if left out, into the data folder's backups.",
        ),
    ] = None,
    data: DataOption = None,
) -> None:
    """Write everything that the server keeps into one file; the server may run meanwhile."""
    with needs_web():
        from triage_agent.web import back_up
    made = back_up(_folder(context, data), file)
    say(f"The backup is {made}. Whoever has it can read everything: keep it as safe as the data.")


def restore(
    context: typer.Context,
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A backup.")],
    data: DataOption = None,
) -> None:
    """Put a backup into a data folder that is empty or not there."""
    with needs_web():
        from triage_agent.web import restore as put_back
    folder = _folder(context, data)
    put_back(file, folder)
    say(f"Restored into {folder}. Serve it: triage serve --data {folder}")


def _folder(context: typer.Context, data: Path | None) -> Path:
    """Return the data folder: as given to this command, else to `triage serve`."""
    given: Path = context.parent.params["data"] if context.parent else Path()
    return data or given


def password(
    name: Annotated[
        str | None, typer.Argument(metavar="NAME", help="Whose; needed if there are several.")
    ] = None,
    host: HostOption = HOST,
    port: PortOption = PORT,
    data: ServedOption = DATA,
    public_url: PublicOption = None,
) -> None:
    """Print a link that sets an adviser's password, once, within 24 hours.

    The server may run meanwhile; give the same --host, --port, --data and --public-url as to it.
    """
    with needs_web():
        from triage_agent.web import ServeOptions, password_link
    served = ServeOptions(data, host, port, public_url)
    served.check()
    show(password_link(served, name))


app = ScreenTyper(cls=ScreenGroup, rich_markup_mode=None)
app.callback(invoke_without_command=True)(serve)
app.command(short_help="Write everything that the server keeps into one file.")(backup)
app.command(short_help="Put a backup into an empty data folder.")(restore)
app.command(short_help="Print a link that sets an adviser's password, once.")(password)
