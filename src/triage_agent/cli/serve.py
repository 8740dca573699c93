"""`triage serve`: the pages for owners, and the adviser's inbox."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.help_screen import MODEL_OPTIONS, SERVING_OPTIONS
from triage_agent.cli.shared_options import with_options
from triage_agent.cli.streams import say
from triage_agent.errors import SettingsError
from triage_agent.settings import LOCAL_FILE, Backend, Options, read_adviser, user_file

LLM_OPTIONS = (
    "backend",
    "model",
    "base_url",
    "api_key",
    "prompt",
    "split_by",
    "threshold",
    "review_below",
    "timeout",
    "redact",
    "price",
)

DataOption = Annotated[
    Path,
    typer.Option("--data", metavar="FOLDER", help="Everything is kept here."),
]
PublicOption = Annotated[
    str | None,
    typer.Option("--public-url", metavar="URL", help="The https address at which people reach it."),
]
HostOption = Annotated[str, typer.Option("--host", help="Address to listen on.")]
PortOption = Annotated[int, typer.Option("--port", min=1, max=65535, help="Port to listen on.")]
HOST, PORT, DATA = "127.0.0.1", 8787, Path("triage-data")


@contextmanager
def needs_web() -> Iterator[None]:
    """Turn a library that is missing in this block into an error that names the extra."""
    try:
        yield
    except ImportError as error:
        raise SettingsError(
            f"This needs libraries that are not installed ({error.name}). "
            "Install them: pip install 'triage-agent[web]'"
        ) from error


@with_options(LLM_OPTIONS)
def serve(
    context: typer.Context,
    options: Options,
    host: HostOption = HOST,
    port: PortOption = PORT,
    data: DataOption = DATA,
    public_url: PublicOption = None,
    trusted_proxy: Annotated[
        list[str] | None,
        typer.Option(
            metavar="ADDRESS",
            help="A proxy whose word on who asks is believed.",
            rich_help_panel=SERVING_OPTIONS,
        ),
    ] = None,
    retention_days: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Delete what nobody has changed for this many days.",
            rich_help_panel=SERVING_OPTIONS,
        ),
    ] = None,
    allow_hook_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST",
            help="A receiver that may be on your own network, and without https.",
            rich_help_panel=SERVING_OPTIONS,
        ),
    ] = None,
    embed_host: Annotated[
        list[str] | None,
        typer.Option(
            metavar="HOST",
            help="A site whose pages may show the owner's pages in a frame.",
            rich_help_panel=SERVING_OPTIONS,
        ),
    ] = None,
    language: Annotated[
        str,
        typer.Option(
            metavar="CODE",
            help="Language of the pages: texts/CODE.toml in the data.",
            rich_help_panel=SERVING_OPTIONS,
        ),
    ] = "en",
    starts_per_hour: Annotated[
        int,
        typer.Option(
            min=1,
            help="How many conversations one address may begin in an hour.",
            rich_help_panel=SERVING_OPTIONS,
        ),
    ] = 30,
    max_cost_per_day: Annotated[
        float | None,
        typer.Option(
            min=0,
            metavar="USD",
            help="What an LLM may cost a day; beyond it the built-in model answers.",
            rich_help_panel=MODEL_OPTIONS,
        ),
    ] = None,
) -> None:
    """Serve the questions and the verdict as web pages, for owners and advisers."""
    if context.invoked_subcommand is not None:
        return
    with needs_web():
        from triage_agent.web import CappedTriage, ServeOptions, first_link, listen
        from triage_agent.web import serve as serve_pages
    from triage_agent.triage import AsyncTriage

    served = ServeOptions(
        data,
        host,
        port,
        public_url,
        trusted_proxies=tuple(trusted_proxy or ()),
        starts_per_hour=starts_per_hour,
        retention_days=retention_days,
        hook_hosts=tuple(allow_hook_host or ()),
        embed_hosts=tuple(embed_host or ()),
        language=language,
    )
    served.check()
    if served.public_url and not served.trusted_proxies:
        say(
            "Without --trusted-proxy all visitors behind a proxy count as one, who may begin "
            f"{starts_per_hour} conversations an hour."
        )
    adviser = read_adviser(Path(LOCAL_FILE), user_file())
    if options.backend is not Backend.LLM:  # a model that is set elsewhere is not for strangers
        triage = AsyncTriage(replace(options, backend=Backend.EMBEDDED, model=None))
    elif max_cost_per_day is None:
        raise SettingsError(
            "--backend llm lets strangers spend your money. Say how much a day with "
            "--max-cost-per-day, or leave --backend out."
        )
    else:
        triage = CappedTriage(options, Decimal(str(max_cost_per_day)), data)
    with listen(served) as listener:
        say(triage.line, f"The pages are at {served.address} (Ctrl-C ends)")
        if link := first_link(served):
            say(f"The adviser's name and password are set here, once, within 24 hours: {link}")
        serve_pages(served, triage, adviser, listener)
