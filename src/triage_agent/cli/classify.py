"""`triage classify`: one result per problem."""

from typing import Annotated

import typer

from triage_agent.cli.shared_options import READING, AskOption, JsonOption, with_options
from triage_agent.settings import Options


@with_options(READING)
def classify(
    options: Options,
    problems: Annotated[
        list[str] | None,
        typer.Argument(metavar="PROBLEM", help="Problems; if none, standard input."),
    ] = None,
    as_json: JsonOption = False,
    ask: AskOption = True,
) -> None:
    """Say of each problem whether it calls for building software or automating a process.

    A text may hold several problems, as a list, in paragraphs or after one another; each is
    answered by itself. JSON Lines on standard input, with "text" and an optional "id", are not
    split: one text, one answer.
    """
    import asyncio
    import sys
    from contextlib import aclosing

    from triage_agent.cli.holding import asked_about
    from triage_agent.cli.opening import open_triage
    from triage_agent.cli.reading import noted, read_all
    from triage_agent.cli.telling import in_terminal
    from triage_agent.intake import from_arguments, from_stream
    from triage_agent.reports import as_row, print_json, show_problem, stdout_console
    from triage_agent.types import Classification

    triage, console = open_triage(options), stdout_console()
    texts = from_arguments(problems or [], "classify")

    def show(number: int, row: Classification) -> None:
        if as_json:
            print_json(as_row(row))
        else:
            show_problem(console, number, row)

    async def show_all() -> bool:
        number, failed = 0, False
        async with triage:
            if ask and not as_json and in_terminal():
                rows = await asked_about(triage, texts)
                for number, row in enumerate(rows, start=1):
                    show(number, row)
                return any(row.error for row in rows)
            # Not `bounded`: they are forgotten as they are answered, so there may be any number.
            given = texts or from_stream(sys.stdin.buffer, bounded=False)
            read = await read_all(triage, given)
            async with aclosing(triage.classify_many(noted(read))) as found:
                async for row in found:
                    number += 1
                    failed |= row.error is not None
                    show(number, row)
        return failed

    if asyncio.run(show_all()):
        raise typer.Exit(3)
