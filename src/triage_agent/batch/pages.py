"""The pages that a batch writes beside OUT: one for each business, their index, and a summary."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from triage_agent.advice import Decision, Recommendation, advice_for, plan_words
from triage_agent.batch.answering import Page
from triage_agent.batch.form import Form
from triage_agent.batch.listing import Listed, Listing, pages_listed
from triage_agent.batch.page_names import INDEX, PageNames, name_of
from triage_agent.batch.reviews import needs_person
from triage_agent.batch.summary import MOST_SHOWN, BatchSummary
from triage_agent.errors import SettingsError
from triage_agent.files import write_text
from triage_agent.intake import counted
from triage_agent.reports import (
    NO_LETTERHEAD,
    Letterhead,
    advice_html,
    counted_words,
    recommendation_words,
    rendered,
    write_pdf,
    write_rendered,
)
from triage_agent.types import Classification, Function

TITLE = "Summary of the intake forms"
MOST_NAMED = 10  # pages of an earlier run


@dataclass(frozen=True, slots=True)
class WantedPages:
    """Which pages are wanted, and what stands at their top."""

    folder: Path | None = None  # for a page of each business; None: none
    summary: Path | None = None  # None: none
    pdf: bool = False  # a PDF beside each page of a business
    letterhead: Letterhead = NO_LETTERHEAD

    def made_today(self) -> "WantedPages":
        """Return the same with today's date, if none is given."""
        day = self.letterhead.day or date.today()  # noqa: DTZ011  (the day where the user is)
        return replace(self, letterhead=replace(self.letterhead, day=day))


NO_PAGES = WantedPages()


class BatchPages:
    """Takes every business of a batch, and writes the pages that are wanted."""

    def __init__(self, wanted: WantedPages, only: Collection[str] | None = None) -> None:
        """Write the pages; `only` those of businesses that `page_key` names so.

        The folder is made. The index and the summary always tell of all businesses.
        """
        self.wanted, self.only = wanted, only
        self.written: list[str] = []  # names of pages, if `only` some are
        self._summary, self._listing = BatchSummary(), Listing()
        folder, summary = wanted.folder, wanted.summary
        beside = summary and folder and summary.resolve().parent == folder.resolve()
        self._names = PageNames(frozenset({summary.stem.casefold()} if beside and summary else ()))
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
        return self.wanted.folder is None

    @property
    def page(self) -> Page | None:
        """What is called with every business; None if nothing is wanted."""
        return self.take if self.wanted.folder or self.wanted.summary else None

    def take(self, form: Form, rows: list[Classification], decision: Decision | None) -> None:
        """Write a business's page, if there is something to advise, and count it."""
        name, headline, page = name_of(form), "", ""
        if decision is not None:
            advice = replace(advice_for(rows, decision), company=form.company)
            headline = advice.plan.headline
            if self.wanted.folder:
                page = self._names.name(form)
                if self.only is None or page_key(form) in self.only:
                    html = advice_html(advice, replace(self.wanted.letterhead, client=name))
                    self._write(self.wanted.folder / page, html)
        self._listing.add(
            Listed(
                name,
                headline,
                decision is not None and decision.provisional,
                sum(map(needs_person, rows)),
                f"{page}.html" if page else "",
                f"{page}.pdf" if page and self.wanted.pdf else "",
            )
        )
        if self.wanted.summary:
            self._summary.add(form.number, name, rows, decision)

    def finish(self, facts: Mapping[str, str], out: Path) -> Iterator[str]:
        """Write the index and the summary, where they are wanted, and yield where the pages are."""
        folder, summary = self.wanted.folder, self.wanted.summary
        if folder:
            index = folder / f"{INDEX}.html"
            before = pages_listed(index)
            write_rendered(
                index,
                "index.html.j2",
                letterhead=self.wanted.letterhead,
                title="Advice for each business",
                businesses=self._listing.linked(folder, folder),
            )
            yield f"A page for each business is in {folder}; {index} lists them"
            now = set(pages_listed(index))
            if left := [name for name in before if name not in now]:
                yield _left_line(folder, left)
        if summary:
            there = self._listing.count > 0
            businesses = self._listing.linked(folder, summary.parent) if there else ()
            values = _summary_values(
                TITLE, self._summary, facts, out.name, businesses, self.wanted.letterhead
            )
            write_rendered(summary, "summary.html.j2", **values)
            yield f"The summary is in {summary}"

    def close(self) -> None:
        """Remove what is on disk until the index and the summary are written."""
        self._listing.close()

    def _write(self, path: Path, html: str) -> None:
        """Write one page, and as a PDF too where that is wanted."""
        write_text(path.with_name(f"{path.name}.html"), html, durable=False)
        if self.wanted.pdf:
            write_pdf(path.with_name(f"{path.name}.pdf"), html)
        if self.only is not None:
            self.written.append(f"{path.name}.html")


def _left_line(folder: Path, names: Sequence[str]) -> str:
    """Return what is said of pages that an earlier index listed; nothing is deleted unasked."""
    shown = ", ".join(names[:MOST_NAMED]) + (", …" if len(names) > MOST_NAMED else "")
    pages = counted(len(names), "page of an earlier run is", "pages of an earlier run are")
    return f"{pages} still in {folder} and no longer listed: {shown}. Delete what you do not need."


def page_key(form: Form) -> str:
    """Return by what the page of a business is known: its group, however written, else its row.

    >>> from triage_agent.advice import Profile
    >>> page_key(Form(7, "7", (), Profile(), None, None, ())), page_key(
    ...     Form(7, "7", (), Profile(), None, "7", ())
    ... )
    ('row 7', 'group 7')
    """
    return f"row {form.number}" if form.business is None else f"group {form.business}"


def summary_page(
    title: str,
    summary: BatchSummary,
    facts: Mapping[str, str],
    out: str,
    businesses: Iterable[Listed] = (),
    letterhead: Letterhead = NO_LETTERHEAD,
) -> str:
    """Return the summary's page; `facts` say how the batch was made, `out` is OUT's name."""
    values = _summary_values(title, summary, facts, out, businesses, letterhead)
    return rendered("summary.html.j2", **values)


def _summary_values(
    title: str,
    summary: BatchSummary,
    facts: Mapping[str, str],
    out: str,
    businesses: Iterable[Listed],
    letterhead: Letterhead,
) -> dict[str, Any]:
    """Return what the summary's template is filled with."""
    functions, tally = plan_words().functions, summary.tally
    recommended = {
        recommendation_words(Recommendation(name)): n for name, n in tally.recommendations.items()
    }
    kinds = {counted_words(name): n for name, n in tally.labels.items()}
    areas = Counter({functions[Function(name)]: n for name, n in tally.functions.items()})
    distributions = {
        "Recommendations": ("Recommendation", recommended),
        "Kinds of problem": ("Kind", kinds),
        "Areas of the business": ("Area", areas),
    }
    return {
        "title": title,
        "letterhead": letterhead,
        "summary": summary,
        "businesses": businesses,
        "facts": facts,
        "out": out,
        "most_shown": MOST_SHOWN,
        "distributions": [
            (name, head, _most_first(counts))
            for name, (head, counts) in distributions.items()
            if counts
        ],
        "errors": _most_first(tally.error_types),
    }


def _most_first(counts: Mapping[str, int]) -> dict[str, int]:
    """Return counts, the largest first, equal ones by name."""
    return dict(sorted(counts.items(), key=lambda item: (-item[1], item[0])))
