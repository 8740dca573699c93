"""`triage roi`: what an automation returns, and whether to keep paying for it."""

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.options import JsonOption
from triage_agent.errors import SettingsError

if TYPE_CHECKING:
    from triage_agent.advice import Investment

FIELDS = {
    "--hours-saved": "hours_saved_per_week",
    "--hourly-cost": "hourly_cost_usd",
    "--cost-reduced": "cost_reduced_usd_per_month",
    "--revenue-enabled": "revenue_enabled_usd_per_month",
    "--monthly-cost": "monthly_cost_usd",
    "--one-off-cost": "one_off_cost_usd",
    "--age-days": "age_days",
}
EXAMPLE = "triage roi --hours-saved 12 --hourly-cost 35 --monthly-cost 400 --one-off-cost 2000"


def roi(
    portfolio: Annotated[
        Path | None,
        typer.Argument(
            help="A table of investments, one a row (CSV, XLSX, JSON Lines); - is stdin."
        ),
    ] = None,
    hours_saved: Annotated[
        str | None, typer.Option(metavar="HOURS", help="Hours of work saved a week.")
    ] = None,
    hourly_cost: Annotated[
        str | None, typer.Option(metavar="USD", help="What an hour of that work costs.")
    ] = None,
    cost_reduced: Annotated[
        str | None, typer.Option(metavar="USD", help="Other costs saved a month.")
    ] = None,
    revenue_enabled: Annotated[
        str | None, typer.Option(metavar="USD", help="Revenue a month that it makes possible.")
    ] = None,
    monthly_cost: Annotated[
        str | None, typer.Option(metavar="USD", help="What it costs a month.")
    ] = None,
    one_off_cost: Annotated[
        str | None, typer.Option(metavar="USD", help="What it cost once.")
    ] = None,
    age_days: Annotated[
        str | None, typer.Option(metavar="DAYS", help="How long it has been in use.")
    ] = None,
    as_json: JsonOption = False,
    encoding: Annotated[
        str | None, typer.Option(help="Like utf-8 or cp1252; else guessed.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Between CSV cells; else guessed.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The XLSX sheet; else the first.")] = None,
) -> None:
    """Say what an automation or a hire returns: 3 times its cost is kept, less is stopped.

    In the first 60 days, less is watched. Amounts may be written like 1200, $1,200 or 1.2k.
    """
    from triage_agent.advice import read_portfolio
    from triage_agent.reports import show_investment, show_portfolio
    from triage_agent.tables import TableOptions, open_table

    written = (
        hours_saved,
        hourly_cost,
        cost_reduced,
        revenue_enabled,
        monthly_cost,
        one_off_cost,
        age_days,
    )
    options = {name: text for name, text in zip(FIELDS, written, strict=True) if text is not None}
    if portfolio is None:
        show_investment(_investment(options), as_json=as_json)
        return
    if options:
        raise SettingsError(
            f"A portfolio says such things in its columns. Leave out {', '.join(options)}, "
            f"or {portfolio}."
        )
    table = open_table(portfolio, TableOptions(encoding=encoding, delimiter=delimiter, sheet=sheet))
    found = read_portfolio(table)
    for line in (table.describe(), *table.notes, *found.said):
        typer.echo(line, err=True)
    show_portfolio(found, as_json=as_json)
    if found.refused:
        raise typer.Exit(3)


def _investment(options: Mapping[str, str]) -> "Investment":
    """Return the investment that the options describe."""
    from triage_agent.advice import Investment
    from triage_agent.intake import read_amount

    amounts = {
        FIELDS[name]: amount
        for name, text in options.items()
        if (amount := read_amount(text, FIELDS[name], name)) is not None
    }
    if not amounts.keys() - {"age_days", "hourly_cost_usd"}:
        raise SettingsError(
            f"Say what it brings and what it costs, for example: {EXAMPLE}. "
            "Or name a table with one investment a row: triage roi portfolio.csv"
        )
    if amounts.get("hours_saved_per_week") and "hourly_cost_usd" not in amounts:
        raise SettingsError("--hours-saved needs --hourly-cost: what an hour of that work costs.")
    return Investment("", **amounts)
