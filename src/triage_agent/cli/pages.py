"""Reports as files: one business's advice, a page for each of many, and a summary of all."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from triage_agent.advice import Decision, Plan, plan_for
from triage_agent.errors import SettingsError
from triage_agent.files import write_text
from triage_agent.types import Classification

if TYPE_CHECKING:  # one business's advice does not need what reads tables
    from triage_agent.batch import Form, Page

TITLE = "Advice"
LONGEST_NAME = 60  # characters of a business's name


def check_page(path: Path, *, endings: Sequence[str] = (".html",)) -> None:
    """Raise `SettingsError` unless a report can be written to this path, by its ending."""
    if path.suffix.casefold() not in endings:
        known = f"{', '.join(endings[:-1])} or {endings[-1]}" if len(endings) > 1 else endings[0]
        raise SettingsError(f"The report {path.name!r} must end in {known}; that is its format.")
    if path.is_dir():
        raise SettingsError(f"The report {path} is a folder. Name a file in it.")
    if not path.parent.is_dir():
        raise SettingsError(f"There is no folder {path.parent} for the report. Make it first.")


def check_report(path: Path) -> None:
    """Raise `SettingsError` unless one business's advice can be written to this path."""
    check_page(path, endings=(".html", ".md", ".json"))


def write_report(
    path: Path, rows: Sequence[Classification], decision: Decision, plan: Plan
) -> None:
    """Write one business's advice as HTML, Markdown or JSON, by the path's ending."""
    kind = path.suffix.casefold()
    if kind == ".html":
        from triage_agent.reports import advice_html

        text = advice_html(TITLE, rows, decision, plan)
    elif kind == ".md":
        from triage_agent.reports import advice_markdown

        text = advice_markdown(TITLE, rows, decision, plan)
    else:
        from triage_agent.reports import as_advice

        text = json.dumps(as_advice(rows, decision, plan), ensure_ascii=False, indent=2) + "\n"
    write_text(path, text)


def page_writer(folder: Path) -> "Page":
    """Return what writes a form's page into `folder`, which is made if it is not there."""
    from triage_agent.reports import advice_html

    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"The folder {folder} cannot be made: {error.strerror}.") from error

    def write(form: "Form", rows: list[Classification], decision: Decision | None) -> None:
        if decision is None:  # labels only: there is nothing to advise
            return
        page = advice_html(f"Advice for {name_of(form)}", rows, decision, plan_for(decision, rows))
        write_text(folder / page_name(form), page, durable=False)

    return write


class Reports:
    """What a batch writes beside OUT: a page a business, a summary of all, both or neither."""

    def __init__(self, folder: Path | None, summary: Path | None) -> None:
        from triage_agent.batch import Summary

        self._path, self._folder = summary, folder
        self._summary = Summary()
        self._pages: list[Page] = [page_writer(folder)] if folder else []
        if summary:
            self._pages.append(self._count)
        self.brief = folder is None  # the beginnings of texts are enough

    @property
    def page(self) -> "Page | None":
        """What is called with every business; None if nothing is wanted."""
        return self._take if self._pages else None

    def finish(self, facts: Mapping[str, str], out: Path) -> Iterator[str]:
        """Write the summary, if it is wanted, and yield what to say about the reports."""
        if self._folder:
            yield f"A page for each business is in {self._folder}"
        if self._path:
            from triage_agent.batch import summary_page

            page = summary_page("Summary of the intake forms", self._summary, facts, out.name)
            write_text(self._path, page)
            yield f"The summary is in {self._path}"

    def _take(self, form: "Form", rows: list[Classification], decision: Decision | None) -> None:
        """Hand one business to everything that is wanted."""
        for page in self._pages:
            page(form, rows, decision)

    def _count(self, form: "Form", rows: list[Classification], decision: Decision | None) -> None:
        """Count one business for the summary."""
        grouped = form.group is not None and decision is not None
        self._summary.add(form.number, name_of(form), rows, decision, grouped=grouped)


def name_of(form: "Form") -> str:
    """Return what a business is called: its group, else the form's id, else its row."""
    own = "" if form.id == str(form.number) else form.id
    name = form.group or own or f"row {form.number}"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def page_name(form: "Form") -> str:
    """Return a file name that is safe whatever a form's id holds; the row keeps it unique."""
    slug = re.sub(r"[^a-z0-9]+", "-", form.id.casefold()).strip("-")[:40]
    return f"{form.number:06d}-{slug}.html" if slug else f"{form.number:06d}.html"
