"""One business's advice as a file: HTML, PDF, Markdown or JSON, by the ending of its path."""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from triage_agent.advice import Advice
from triage_agent.errors import SettingsError
from triage_agent.files import check_writable, write_text
from triage_agent.privacy import escape_json
from triage_agent.reports.letterhead import NO_LETTERHEAD, Letterhead


def check_page(
    path: Path, *, endings: Sequence[str] = (".html",), inputs: Iterable[Path] = ()
) -> None:
    """Raise `SettingsError` unless a page can be written to this path, by its ending."""
    if path.suffix.casefold() not in endings:
        known = f"{', '.join(endings[:-1])} or {endings[-1]}" if len(endings) > 1 else endings[0]
        raise SettingsError(f"The report {path.name!r} must end in {known}; that is its format.")
    check_writable(path, inputs=inputs)


def check_report(path: Path, inputs: Iterable[Path] = ()) -> None:
    """Raise `SettingsError` unless one business's advice can be written to this path."""
    check_page(path, endings=(".html", ".pdf", ".md", ".json"), inputs=inputs)
    if path.suffix.casefold() == ".pdf":
        from triage_agent.reports.pdf import check_pdf

        check_pdf()


def write_report(path: Path, advice: Advice, letterhead: Letterhead = NO_LETTERHEAD) -> None:
    """Write one business's advice as HTML, PDF, Markdown or JSON, by the path's ending.

    The client is the company of the advice, if the `letterhead` names none.
    """
    kind = path.suffix.casefold()
    letterhead = replace(letterhead, client=letterhead.client or advice.company)
    if kind in {".html", ".pdf"}:
        from triage_agent.reports.html import advice_html

        page = advice_html(advice, letterhead)
        if kind == ".pdf":
            from triage_agent.reports.pdf import write_pdf

            return write_pdf(path, page)
        text = page
    elif kind == ".md":
        from triage_agent.reports.markdown import advice_markdown

        text = advice_markdown(advice, letterhead)
    else:
        from triage_agent.reports.contract import as_advice

        text = escape_json(json.dumps(as_advice(advice), ensure_ascii=False, indent=2)) + "\n"
    write_text(path, text)
    return None
