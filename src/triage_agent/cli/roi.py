"""`triage roi`: what an automation returns, and whether to keep paying for it."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.shared_options import DelimiterOption, EncodingOption, JsonOption, SheetOption
from triage_agent.cli.streams import say
from triage_agent.errors import SettingsError


def roi(
    portfolio: Annotated[
        Path | None,
        typer.Argument(help="A table with one investment per row; - reads stdin."),
    ] = None,
    hours_saved: Annotated[
        str | None, typer.Option(metavar="HOURS", help="Hours of work saved per week.")
    ] = None,
    hourly_cost: Annotated[
        str | None, typer.Option(metavar="USD", help="Cost of one hour of that work.")
    ] = None,
    cost_reduced: Annotated[
        str | None, typer.Option(metavar="USD", help="Other costs saved per month.")
    ] = None,
    revenue_enabled: Annotated[
        str | None, typer.Option(metavar="USD", help="Revenue per month that it makes possible.")
    ] = None,
    monthly_cost: Annotated[
        str | None, typer.Option(metavar="USD", help="Its cost per month.")
    ] = None,
    one_off_cost: Annotated[
        str | None, typer.Option(metavar="USD", help="Its one-off cost.")
    ] = None,
    age_days: Annotated[
        str | None, typer.Option(metavar="DAYS", help="Number of days it has been in use.")
    ] = None,
    as_json: JsonOption = False,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
) -> None:
    """Calculate what an automation or a hire returns, and whether to keep it.

    What returns at least 3 times its cost is kept; anything else is watched in its first 60 days
    and then stopped. Amounts may be written like 1200, $1,200 or 1.2k.
    """
    from triage_agent.advice import Investment, assess, read_portfolio
    from triage_agent.reports import (
        as_investment,
        as_portfolio,
        print_json,
        show_investment,
        show_portfolio,
    )
    from triage_agent.tables import TableOptions, open_table

    amounts = {
        "--hours-saved": hours_saved,
        "--hourly-cost": hourly_cost,
        "--cost-reduced": cost_reduced,
        "--revenue-enabled": revenue_enabled,
        "--monthly-cost": monthly_cost,
        "--one-off-cost": one_off_cost,
        "--age-days": age_days,
    }
    options = {name: text for name, text in amounts.items() if text is not None}
    if portfolio is None:
        assessment = assess(Investment.parse(options))
        if as_json:
            print_json(as_investment(assessment))
        else:
            show_investment(assessment)
        return
    if options:
        raise SettingsError(
            f"The columns of a portfolio hold these values. Leave out {', '.join(options)}, "
            f"or {portfolio}."
        )
    table = open_table(portfolio, TableOptions(encoding=encoding, delimiter=delimiter, sheet=sheet))
    results = read_portfolio(table)
    say(table.describe(), *table.notes, *results.notes)
    if as_json:
        for values in as_portfolio(results):
            print_json(values)
    else:
        show_portfolio(results)
        say(*(f"error: {refused.error.message}" for refused in results.refused))
    if results.refused:
        raise typer.Exit(3)
