"""One Markdown page for each business, as `--reports` asks for."""

import re
from pathlib import Path

from triage_agent.advice import plan_for
from triage_agent.batch import Page
from triage_agent.decide import Decision
from triage_agent.errors import SettingsError
from triage_agent.forms import Form
from triage_agent.markdown import advice_page
from triage_agent.records import Classification


def page_writer(folder: Path) -> Page:
    """Return what writes a form's page into `folder`, which is made if it is not there."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise SettingsError(f"The folder {folder} cannot be made: {error.strerror}.") from error

    def write(form: Form, rows: list[Classification], decision: Decision) -> None:
        name = form.id if form.id != str(form.number) else f"row {form.number}"
        page = advice_page(f"Advice for {name}", rows, decision, plan_for(decision))
        path = folder / page_name(form)
        try:
            path.write_text(page, encoding="utf-8", errors="replace")
        except OSError as error:
            raise SettingsError(f"{path} cannot be written: {error.strerror}.") from error

    return write


def page_name(form: Form) -> str:
    """Return a file name that is safe whatever a form's id holds; the row keeps it unique."""
    slug = re.sub(r"[^a-z0-9]+", "-", form.id.casefold()).strip("-")[:40]
    return f"{form.number:06d}-{slug}.md" if slug else f"{form.number:06d}.md"
