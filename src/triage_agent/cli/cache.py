"""`triage cache`: where the LLM's answers are kept, how many, and how to forget them."""

from typing import Annotated

import typer


def cache(
    clear: Annotated[bool, typer.Option("--clear", help="Forget the kept answers.")] = False,
    older_than: Annotated[
        float | None,
        typer.Option(min=0, metavar="DAYS", help="Only those older than so many days."),
    ] = None,
) -> None:
    """Show where the LLM's answers are kept, so that none is paid for twice; or forget them."""
    from contextlib import closing

    from triage_agent.errors import SettingsError
    from triage_agent.models import Ledger, default_path, discard

    path = default_path()
    try:
        ledger = Ledger(path)
    except SettingsError:
        if not clear or older_than is not None:
            raise
        discard(path)  # a broken file can only be forgotten as a whole
        ledger = Ledger(path)
    with closing(ledger):
        if clear:
            seconds = None if older_than is None else older_than * 86_400
            typer.echo(f"forgotten: {ledger.clear(seconds)} answers", err=True)
        elif older_than is not None:
            raise typer.BadParameter("--older-than goes with --clear.")
        stats = ledger.stats()
    typer.echo(
        f"{stats.path}: {stats.replies} answers, {stats.bad} bad ones, {stats.bytes:,} bytes"
    )
