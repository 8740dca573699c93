"""`triage compare-roles`: the two roles side by side, and what owners ask about them."""

import json
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from triage_agent.cli.options import JsonOption

if TYPE_CHECKING:
    from rich.console import Console


def compare_roles(
    as_json: JsonOption = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown for a page.")
    ] = False,
) -> None:
    """Show the fractional CTO and the fractional AI officer side by side."""
    from triage_agent.errors import SettingsError
    from triage_agent.reports import as_roles, roles_page, stdout_console

    if as_json and as_markdown:
        raise SettingsError("--json and --markdown are two ways to print. Leave one out.")
    if as_json:
        sys.stdout.write(json.dumps(as_roles(), ensure_ascii=False) + "\n")
    elif as_markdown:
        sys.stdout.write(roles_page())
    else:
        _show(stdout_console())


def _show(console: "Console") -> None:
    """Print the table, and the questions below it."""
    from rich.table import Table
    from rich.text import Text

    from triage_agent.advice import compare_roles, owners_questions

    compared = compare_roles()
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.add_column("", no_wrap=True, style="dim")
    for name in compared.names:
        table.add_column(name, ratio=1)
    for row in compared.rows:
        table.add_row(*map(Text, row))
    with console.capture() as captured:
        console.print(table)
    for row_line in captured.get().splitlines():
        sys.stdout.write(row_line.rstrip() + "\n")
    for one in owners_questions():
        console.print()
        for text in (Text(one.question, style="bold"), Text(one.answer)):
            for line in text.wrap(console, console.width):
                line.rstrip()
                console.print(line, soft_wrap=True)
