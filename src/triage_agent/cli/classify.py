"""`triage classify`: one result per problem."""

from typing import Annotated

import typer

from triage_agent.cli.shared_options import READING, AskOption, JsonOption, with_options
from triage_agent.cli.streams import say
from triage_agent.settings import Options


@with_options(READING)
def classify(
    options: Options,
    problems: Annotated[
        list[str] | None,
        typer.Argument(metavar="[PROBLEM]...", help="Problems; without any, standard input."),
    ] = None,
    as_json: JsonOption = False,
    ask: AskOption = True,
) -> None:
    """Say of each problem whether it calls for building software or automating a process.

    Standard input may be plain text (one problem per line, or per paragraph if there are blank
    lines; numbered lists are understood) or JSON Lines with "text" and an optional "id".
    """
    import asyncio
    from contextlib import aclosing

    from triage_agent.cli.asking import owner_at_terminal, read_problems
    from triage_agent.reports import as_row, print_json, show_problem, stdout_console
    from triage_agent.triage import AsyncTriage

    triage, console = AsyncTriage(options), stdout_console()
    say(triage.line)

    async def show_all() -> bool:
        number, failed = 0, False
        owner = owner_at_terminal(ask=ask and not as_json)
        given = read_problems(problems, bounded=False)
        async with triage, aclosing(triage.classify_many(given, owner)) as rows:
            async for row in rows:
                number += 1
                failed |= row.error is not None
                if as_json:
                    print_json(as_row(row))
                else:
                    show_problem(console, number, row)
        return failed

    if asyncio.run(show_all()):
        raise typer.Exit(3)
