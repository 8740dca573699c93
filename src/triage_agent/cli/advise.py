"""`triage advise`: from the biggest problems of a business to whom to hire."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.shared_options import READING, AskOption, JsonOption, with_options
from triage_agent.cli.streams import say
from triage_agent.settings import Options


@with_options(READING)
def advise(
    options: Options,
    problems: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[PROBLEM]...",
            help="The three biggest business problems; without any, they are asked for or read.",
        ),
    ] = None,
    revenue: Annotated[
        str | None,
        typer.Option(help="Yearly revenue in USD, like 3M, $750k, 1M-5M, 250k a month."),
    ] = None,
    usd_rate: Annotated[
        float | None,
        typer.Option(help="USD for one unit, if the revenue is in another currency."),
    ] = None,
    sells_software: Annotated[
        bool | None,
        typer.Option(
            "--sells-software/--no-sells-software",
            help="Whether the business sells, or is building, software for customers.",
        ),
    ] = None,
    quiz: Annotated[
        Path | None,
        typer.Option(help="Answers of the readiness quiz, as `triage quiz --save` writes them."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="Write a report too: .html, .md or .json."),
    ] = None,
    hourly_cost: Annotated[
        str | None,
        typer.Option(help="USD that an hour of your staff costs; assumed if not given."),
    ] = None,
    as_json: JsonOption = False,
    ask: AskOption = True,
) -> None:
    """Recommend whom to hire: fractional CTO, fractional AI officer, both, or nobody yet."""
    import asyncio

    from triage_agent.advice import Advice, Profile, read_answers
    from triage_agent.cli.asking import behind_wishes, owner_at_terminal, read_given
    from triage_agent.cli.asking_split import problems_as_confirmed
    from triage_agent.intake import read_amount
    from triage_agent.reports import (
        as_advice,
        check_report,
        print_json,
        show_advice,
        stdout_console,
        write_report,
    )
    from triage_agent.triage import AsyncTriage

    profile = Profile.parse(revenue, usd_rate=usd_rate, sells_software=sells_software)
    answers = read_answers(quiz) if quiz else None
    an_hour = read_amount(hourly_cost, "hourly_cost_usd", "--hourly-cost")
    if output:
        check_report(output)  # before anything is asked or paid for
    triage, owner = AsyncTriage(options), owner_at_terminal(ask=ask and not as_json)
    say(triage.line)
    read = triage.read(read_given(problems))
    found = problems_as_confirmed(read, ask=owner is not None)
    given = list(behind_wishes(found, ask=owner is not None))

    async def flow() -> Advice:
        async with triage:
            return await triage.advise(given, profile, answers, hourly_cost=an_hour, owner=owner)

    advice = asyncio.run(flow())
    if output:  # first, since whoever reads what is printed may go away
        write_report(output, advice)
        say(f"The report is in {output}")
    if as_json:
        print_json(as_advice(advice))
    else:
        show_advice(stdout_console(), advice)
    if advice.failed:
        raise typer.Exit(3)
