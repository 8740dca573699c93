"""`triage compare-roles`: the two roles side by side, and what owners ask about them."""

from typing import Annotated

import typer

from triage_agent.cli.shared_options import JsonOption
from triage_agent.cli.streams import show


def compare_roles(
    as_json: JsonOption = False,
    as_markdown: Annotated[
        bool, typer.Option("--markdown", help="Print Markdown for a page.")
    ] = False,
) -> None:
    """Show the fractional CTO and the fractional AI officer side by side."""
    from triage_agent.errors import SettingsError
    from triage_agent.reports import (
        as_roles,
        print_json,
        roles_markdown,
        show_roles,
        stdout_console,
    )

    if as_json and as_markdown:
        raise SettingsError("--json and --markdown cannot be combined. Leave one out.")
    if as_json:
        print_json(as_roles())
    elif as_markdown:
        show(*roles_markdown().splitlines())
    else:
        show_roles(stdout_console())
