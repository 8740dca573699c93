"""After a person's answers, the pages of a batch are written again where they no longer hold."""

import os
from collections.abc import Collection
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ValidationError

from triage_agent.batch.about import about
from triage_agent.batch.form import FormReading
from triage_agent.batch.group import Group
from triage_agent.batch.page_names import INDEX
from triage_agent.batch.pages import BatchPages, WantedPages
from triage_agent.batch.read_output import read_out
from triage_agent.batch.tally import Tally
from triage_agent.batch.write_output import run_path
from triage_agent.files import is_file, read_bytes
from triage_agent.reports import Letterhead

OURS = b'<meta name="generator" content="triage-agent">'
START = 4_096  # bytes of a page, among which that stands


class PagesRecord(BaseModel):
    """What OUT.run.json says about the pages, relative to its folder; None: there are none."""

    reports: str | None = None
    report: str | None = None
    pdf: bool = False


class _Record(BaseModel):
    """The part of OUT.run.json that is read here."""

    pages: PagesRecord = PagesRecord()
    forms: str = ""
    backend: str = ""
    model: str = ""
    prompt: str | None = None
    threshold: float | None = None


@dataclass(frozen=True, slots=True)
class Rewritten:
    """What became of the pages."""

    pages: tuple[str, ...] = ()  # of businesses, by file name
    lines: tuple[str, ...] = ()  # about them, for the user


def pages_record(out: Path, wanted: WantedPages) -> dict[str, object]:
    """Return what OUT.run.json says about the pages."""

    def relative(path: Path | None) -> str | None:
        return os.path.relpath(path.resolve(), out.resolve().parent) if path else None

    return PagesRecord(
        reports=relative(wanted.folder), report=relative(wanted.summary), pdf=wanted.pdf
    ).model_dump()


def rewrite_pages(
    out: Path, reading: FormReading, keys: Collection[str], letterhead: Letterhead
) -> Rewritten:
    """Write the pages of these businesses again (see `page_key`), the index and the summary.

    OUT holds the answers already. A file that is not one of our pages is left alone: the record
    that names them may have come with OUT from somebody else.
    """
    record = _record(out)
    wanted = _there(out, record.pages, letterhead)
    if not (wanted.folder or wanted.summary):
        return Rewritten()
    with closing(BatchPages(wanted, keys)) as pages:
        tally = _take_all(out, reading, pages)
        facts = about(record.model_dump(), tally, Path(record.forms).name, out.name)
        where = [*pages.finish(facts, out)]
    names = pages.written
    lines = [f"Pages that the answers changed are written again: {_listed(names)}"] if names else []
    return Rewritten(tuple(names), (*lines, *where))


def _take_all(out: Path, reading: FormReading, pages: BatchPages) -> Tally:
    """Give the pages every business of OUT, in the order in which the batch did; count the rows."""
    tally, groups = Tally(), dict[str, Group]()
    for row in read_out(out, reading):
        tally.rows += 1
        tally.complaints += bool(row.values.get("triage_notes"))
        if row.form.business is not None and row.has_recommendation:
            group = groups.setdefault(row.form.business, Group(row.form))
            group.add(row.form, row.results, with_texts=True)
        elif not row.form.is_blank:
            decision = row.decide(row.results) if row.has_recommendation else None
            pages.take(row.form, row.results, decision)
    for group in groups.values():
        pages.take(group.first, group.problems, group.decide()[0])
    return tally


def _record(out: Path) -> _Record:
    """Return what OUT.run.json says; nothing if it is not there."""
    try:
        return _Record.model_validate_json(read_bytes(run_path(out)))
    except (OSError, ValidationError):
        return _Record()


def _there(out: Path, record: PagesRecord, letterhead: Letterhead) -> WantedPages:
    """Return those of the recorded pages that are there, and ours."""
    folder = out.resolve().parent
    reports = folder / record.reports if record.reports else None
    report = folder / record.report if record.report else None
    wanted = WantedPages(
        reports if reports and _is_ours(reports / f"{INDEX}.html") else None,
        report if report and _is_ours(report) else None,
        record.pdf,
        letterhead,
    )
    return wanted.made_today()


def _is_ours(page: Path) -> bool:
    """Return whether a file is a page that this program wrote."""
    if not is_file(page):
        return False
    try:
        with page.open("rb") as file:
            return OURS in file.read(START)
    except OSError:
        return False


def _listed(names: list[str], most: int = 10) -> str:
    """Return names for a message, the many counted."""
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
