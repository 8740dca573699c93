"""`triage cache`: where the LLM's answers are cached, how many, and how to delete them."""

from typing import Annotated

import typer

from triage_agent.cli.streams import say, show
from triage_agent.intake import counted
from triage_agent.settings import settings_of_options, variable_of


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete the cached answers.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="DAYS", help="Delete only answers that are older than this many days."
        ),
    ] = None,
    address: Annotated[
        str | None,
        typer.Option(
            "--cache",
            envvar=variable_of("cache_address"),
            help=settings_of_options()["cache_address"][1].help,
        ),
    ] = None,
) -> None:
    """Show where the LLM's answers are cached, so that none is paid for twice; or delete them."""
    from contextlib import closing

    from triage_agent.models import clear_cache, open_cache

    if older_than is not None and not clear:
        raise typer.BadParameter("--older-than goes with --clear.")
    if clear:
        gone = clear_cache(None if older_than is None else older_than * 86_400, address)
        say(
            f"deleted from the cache: {counted(gone, 'answer')}"
            if gone is not None
            else "the cache was damaged, and is deleted, with its record of what was spent"
        )
    with closing(open_cache(address)) as database:
        stats = database.stats()
    show(
        f"{stats.path}: {counted(stats.replies, 'answer')}, {counted(stats.bad, 'bad one')}, "
        f"{counted(stats.bytes, 'byte')}"
    )
