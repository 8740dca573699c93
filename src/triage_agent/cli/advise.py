"""`triage advise`: from the biggest problems of a business to whom to hire."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.help_screen import OTHER_OPTIONS
from triage_agent.cli.shared_options import READING, AskOption, JsonOption, with_options
from triage_agent.cli.streams import say
from triage_agent.settings import Options

if TYPE_CHECKING:
    from collections.abc import Sequence
    from decimal import Decimal

    from triage_agent.advice import Advice, Profile, QuizResult
    from triage_agent.conversation import Told
    from triage_agent.intake import ReadText
    from triage_agent.triage import AsyncTriage


@with_options(READING)
def advise(
    options: Options,
    problems: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="PROBLEM",
            help="Your three biggest problems; asked for if not given.",
        ),
    ] = None,
    revenue: Annotated[
        str | None,
        typer.Option(metavar="USD", help="Yearly revenue, like 3M, $750k or 250k a month."),
    ] = None,
    usd_rate: Annotated[
        float | None,
        typer.Option(
            help="USD for one unit, if the revenue is in another currency.",
            rich_help_panel=OTHER_OPTIONS,
        ),
    ] = None,
    sells_software: Annotated[
        bool | None,
        typer.Option(
            "--sells-software/--no-sells-software",
            help="Whether you sell or build software for customers.",
        ),
    ] = None,
    quiz: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="The answers that triage quiz --save FILE writes."),
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Write a report too: .html, .pdf, .md or .json."
        ),
    ] = None,
    hourly_cost: Annotated[
        str | None,
        typer.Option(metavar="USD", help="What an hour of your staff costs."),
    ] = None,
    explain: Annotated[
        bool, typer.Option("--explain", help="Show the reasons, the plan, the facts and the rules.")
    ] = False,
    resume: Annotated[
        bool, typer.Option("--resume", help="Go on with what you left, within 7 days.")
    ] = False,
    as_json: JsonOption = False,
    ask: AskOption = True,
) -> None:
    """Recommend whom to hire: a fractional CTO or AI officer, both, or nobody yet."""
    import asyncio

    from triage_agent.advice import Advice, Profile, read_answers
    from triage_agent.cli.holding import begun, hold
    from triage_agent.cli.letterhead import letterhead
    from triage_agent.cli.opening import open_later, open_triage
    from triage_agent.cli.telling import in_terminal
    from triage_agent.conversation import Told, forget_old
    from triage_agent.errors import InputError
    from triage_agent.intake import from_arguments, read_amount
    from triage_agent.reports import (
        as_advice,
        check_report,
        print_json,
        show_advice,
        show_verdict,
        stdout_console,
        write_report,
    )

    profile = Profile.parse(revenue, usd_rate=usd_rate, sells_software=sells_software)
    answers = read_answers(quiz) if quiz else None
    an_hour = read_amount(hourly_cost, "hourly_cost_usd", "--hourly-cost")
    texts = from_arguments(problems or [], "advise")
    asked = ask and not as_json and in_terminal()
    if resume and not asked:
        raise InputError("--resume goes on with a conversation, and nobody can be asked here.")
    if output:
        check_report(output, [quiz] if quiz else [])  # before anything is asked or paid for
    head = letterhead()
    forget_old()

    def show(advice: Advice) -> None:
        if explain:
            show_advice(stdout_console(), advice)
        else:
            show_verdict(stdout_console(), advice)

    if asked:
        triage = open_later(options) if not texts else open_triage(options)
        told = Told(
            texts=tuple(texts),
            revenue=revenue,
            usd_rate=usd_rate,
            sells_software=sells_software,
            hourly_cost=hourly_cost,
            quiz=_points(answers),
            output=str(output.absolute()) if output else None,
            explain=explain or None,
        )
        left, place = begun(told, resume=resume)
        output, explain = _report(left.told), bool(left.told.explain)
        advice = hold(triage, left, place, show=show)
    else:
        advice = asyncio.run(_answered(open_triage(options), texts, profile, answers, an_hour))
    if output:  # first, since whoever reads what is printed may go away
        write_report(output, advice, head)
        say(f"The report is in {output}")
    if as_json:
        print_json(as_advice(advice))
    elif not asked:
        show(advice)
    if advice.failed:
        raise typer.Exit(3)


async def _answered(
    triage: "AsyncTriage",
    texts: "Sequence[str]",
    profile: "Profile",
    quiz: "QuizResult | None",
    an_hour: "Decimal | None",
) -> "Advice":
    """Return the advice about texts, or about standard input, when nobody is asked."""
    from triage_agent.cli.reading import noted, read_all
    from triage_agent.intake import from_stream

    async with triage:
        read = list(await read_all(triage, texts or from_stream(sys.stdin.buffer)))
        profile = _with_what_is_said(profile, read)
        return await triage.advise(list(noted(read)), profile, quiz, hourly_cost=an_hour)


def _with_what_is_said(profile: "Profile", read: "Sequence[ReadText]") -> "Profile":
    """Return a profile that says that a text states the revenue, if it is not known otherwise.

    Nobody has confirmed it, so it does not count.
    """
    from dataclasses import replace

    from triage_agent.intake import UNKNOWN_REVENUE, Revenue, revenue_said

    said = revenue_said(one.text for one in read)
    if not said or profile.revenue != UNKNOWN_REVENUE:
        return profile
    note = f"the text says “{said}”, which counts if it is given with --revenue"
    return replace(profile, revenue=Revenue(note=note))


def _report(told: "Told") -> Path | None:
    """Return where the report goes, which may have been named when the conversation began."""
    from triage_agent.reports import check_report

    path = None if told.output is None else Path(told.output)
    if path:
        check_report(path)
    return path


def _points(quiz: "QuizResult | None") -> dict[str, int] | None:
    """Return the points of a quiz, as a file of answers has them; None: it was not taken."""
    return {one.id: one.points for one in quiz.dimensions} if quiz else None
