"""`triage cache`: where the LLM's answers are cached, how many, and how to delete them."""

from typing import Annotated

import typer

from triage_agent.cli.streams import say, show


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Delete the cached answers.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option(
            min=0, metavar="DAYS", help="Delete only answers that are older than this many days."
        ),
    ] = None,
) -> None:
    """Show where the LLM's answers are cached, so that none is paid for twice; or delete them."""
    from contextlib import closing

    from triage_agent.models import open_cache

    if older_than is not None and not clear:
        raise typer.BadParameter("--older-than goes with --clear.")
    with closing(open_cache(replace_broken=clear and older_than is None)) as database:
        if clear:
            seconds = None if older_than is None else older_than * 86_400
            say(f"deleted from the cache: {database.clear(seconds)} answers")
        stats = database.stats()
    show(f"{stats.path}: {stats.replies} answers, {stats.bad} bad ones, {stats.bytes:,} bytes")
