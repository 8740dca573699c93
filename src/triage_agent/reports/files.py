"""One business's advice as a file: HTML, Markdown or JSON, by the ending of its path."""

import json
from collections.abc import Sequence
from pathlib import Path

from triage_agent.advice import Advice
from triage_agent.errors import SettingsError
from triage_agent.files import check_writable, write_text
from triage_agent.privacy import escape_json

TITLE = "Advice"


def check_page(path: Path, *, endings: Sequence[str] = (".html",)) -> None:
    """Raise `SettingsError` unless a page can be written to this path, by its ending."""
    if path.suffix.casefold() not in endings:
        known = f"{', '.join(endings[:-1])} or {endings[-1]}" if len(endings) > 1 else endings[0]
        raise SettingsError(f"The report {path.name!r} must end in {known}; that is its format.")
    check_writable(path)


def check_report(path: Path) -> None:
    """Raise `SettingsError` unless one business's advice can be written to this path."""
    check_page(path, endings=(".html", ".md", ".json"))


def write_report(path: Path, advice: Advice) -> None:
    """Write one business's advice as HTML, Markdown or JSON, by the path's ending."""
    kind = path.suffix.casefold()
    if kind == ".html":
        from triage_agent.reports.html import advice_html

        text = advice_html(TITLE, advice)
    elif kind == ".md":
        from triage_agent.reports.markdown import advice_markdown

        text = advice_markdown(TITLE, advice)
    else:
        from triage_agent.reports.contract import as_advice

        text = escape_json(json.dumps(as_advice(advice), ensure_ascii=False, indent=2)) + "\n"
    write_text(path, text)
