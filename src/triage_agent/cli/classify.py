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

    A text may hold several problems, as a list, in paragraphs or after one another; each is
    answered by itself. JSON Lines on standard input, with "text" and an optional "id", are not
    split: one text, one answer.
    """
    import asyncio
    from collections.abc import Iterable
    from contextlib import aclosing

    from triage_agent.cli.asking import owner_at_terminal, read_given
    from triage_agent.cli.asking_split import problems_as_confirmed
    from triage_agent.intake import Rejected
    from triage_agent.reports import as_row, print_json, show_problem, stdout_console
    from triage_agent.triage import AsyncTriage
    from triage_agent.types import Problem

    triage, console = AsyncTriage(options), stdout_console()
    say(triage.line)
    owner = owner_at_terminal(ask=ask and not as_json)
    read = triage.read(read_given(problems, bounded=False))
    given: Iterable[Problem | Rejected] = problems_as_confirmed(read, ask=owner is not None)
    if owner is not None:
        given = list(given)  # the questions about the split come before those about an answer

    async def show_all() -> bool:
        number, failed = 0, False
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
