"""The pages that a batch writes beside OUT: one for each business, and a summary of all."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path

from triage_agent.advice import Decision, Recommendation, advice_for, plan_words
from triage_agent.batch.answering import Page
from triage_agent.batch.form import Form
from triage_agent.batch.summary import MOST_SHOWN, BatchSummary
from triage_agent.errors import SettingsError
from triage_agent.files import write_text
from triage_agent.reports import advice_html, counted_words, recommendation_words, rendered
from triage_agent.types import Classification, Function

LONGEST_NAME = 60  # characters of a business's name


class BatchPages:
    """Takes every business of a batch, and writes the pages that are wanted."""

    def __init__(self, folder: Path | None, summary: Path | None) -> None:
        """Write pages into `folder`, which is made, and the summary to a file; None: do not."""
        self._folder, self._path = folder, summary
        self._summary = BatchSummary()
        if folder:
            try:
                folder.mkdir(parents=True, exist_ok=True)
            except OSError as error:
                raise SettingsError(
                    f"The folder {folder} cannot be made: {error.strerror}."
                ) from error

    @property
    def short_texts(self) -> bool:
        """Whether the beginnings of texts are enough."""
        return self._folder is None

    @property
    def page(self) -> Page | None:
        """What is called with every business; None if nothing is wanted."""
        return self.take if self._folder or self._path else None

    def take(self, form: Form, rows: list[Classification], decision: Decision | None) -> None:
        """Write a business's page, if there is something to advise, and count it."""
        if self._folder and decision is not None:
            page = advice_html(f"Advice for {name_of(form)}", advice_for(rows, decision))
            write_text(self._folder / page_name(form), page, durable=False)
        if self._path:
            self._summary.add(form.number, name_of(form), rows, decision)

    def finish(self, facts: Mapping[str, str], out: Path) -> Iterator[str]:
        """Write the summary, if it is wanted, and yield where the pages are."""
        if self._folder:
            yield f"A page for each business is in {self._folder}"
        if self._path:
            title = "Summary of the intake forms"
            write_text(self._path, summary_page(title, self._summary, facts, out.name))
            yield f"The summary is in {self._path}"


def name_of(form: Form) -> str:
    """Return what a business is called: its group, else the form's id, else its row."""
    own = "" if form.id == str(form.number) else form.id
    name = form.group or own or f"row {form.number}"
    return name if len(name) <= LONGEST_NAME else name[: LONGEST_NAME - 1] + "…"


def page_name(form: Form) -> str:
    """Return a file name that is safe whatever a form's id holds; the row keeps it unique."""
    slug = re.sub(r"[^a-z0-9]+", "-", form.id.casefold()).strip("-")[:40]
    return f"{form.number:06d}-{slug}.html" if slug else f"{form.number:06d}.html"


def summary_page(title: str, summary: BatchSummary, facts: Mapping[str, str], out: str) -> str:
    """Return the summary's page; `facts` say how the batch was made, `out` is OUT's name."""
    functions = plan_words().functions
    recommended = {
        recommendation_words(Recommendation(name)): n for name, n in summary.recommendations.items()
    }
    kinds = {counted_words(name): n for name, n in summary.labels.items()}
    areas = Counter({functions[Function(name)]: n for name, n in summary.functions.items()})
    distributions = {
        "Recommendations": ("Recommendation", recommended),
        "Kinds of problem": ("Kind", kinds),
        "Areas of the business": ("Area", areas),
    }
    return rendered(
        "summary.html.j2",
        title=title,
        summary=summary,
        facts=facts,
        out=out,
        most_shown=MOST_SHOWN,
        distributions=[
            (name, head, _most_first(counts))
            for name, (head, counts) in distributions.items()
            if counts
        ],
        errors=_most_first(summary.errors),
    )


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts, the largest first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
