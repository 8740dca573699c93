"""What `triage batch` does, from the table of forms to OUT and its pages."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

from triage_agent.batch.about import about
from triage_agent.batch.answering import Job, answer_rows
from triage_agent.batch.form import FormReading
from triage_agent.batch.group import Spool
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.output_lock import held
from triage_agent.batch.pages import NO_PAGES, BatchPages, WantedPages
from triage_agent.batch.paths import check_paths
from triage_agent.batch.previous import Previous
from triage_agent.batch.renewed_pages import pages_record
from triage_agent.batch.reviews import Reviews, load_reviews, reviews_path
from triage_agent.batch.run_report import result_lines, rows_shown
from triage_agent.batch.tally import Tally
from triage_agent.batch.understanding import first_problems, keep_mapping, understand, wish_of
from triage_agent.batch.write_output import write_out, write_run
from triage_agent.errors import InputError, SettingsError, TriageError
from triage_agent.files import is_file
from triage_agent.intake import check_usd_rate, counted, name_of
from triage_agent.models import OpenBackend
from triage_agent.reports import check_pdf
from triage_agent.settings import Backend, Choice, Options, choose_backend
from triage_agent.tables import TableOptions, read_back
from triage_agent.triage import AsyncTriage

Report = Callable[[str], None]  # is called with every line about the run
# What shows the progress of a run over so many rows (None: not known) by an open backend.
ShowProgress = Callable[[int | None, OpenBackend], AbstractContextManager[Callable[[Tally], None]]]


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """Which forms are to be answered, how, and what is to be written."""

    forms: Path
    out: Path
    table: TableOptions = field(default_factory=TableOptions)
    columns: Columns = field(default_factory=Columns)  # those that the user names
    labels_only: bool = False  # no recommendation
    split: bool | None = None  # a cell may hold several problems (None: yes, or the mapping)
    max_problems: int | None = None  # of a form, if cells are split (None: 5, or the mapping)
    usd_rate: float | None = None
    revenue_unit: str | None = None  # of the amounts; None: what the column's name says
    quiz_scale: Literal["0-3", "1-4"] | None = None  # None: as the answers show, or the mapping
    dry_run: bool = False  # only say what it would cost
    retry_errors: bool = False  # only answer the rows of OUT that are in error
    previous: Path | None = None  # an earlier OUT, whose unchanged answers are taken over
    pages: WantedPages = NO_PAGES
    mapping: Path | None = None  # how the table is read, as an earlier run saved it
    save_mapping: Path | None = None  # where to save how this one was read
    options: Options = field(default_factory=Options)


@dataclass(frozen=True, slots=True)
class BatchResult:
    """How a batch ended."""

    errors: int = 0  # problems that ended in an error
    quote: str | None = None  # of a dry run that would cost something


def run_batch(
    request: BatchRequest,
    report: Report = lambda _: None,
    progress: ShowProgress = lambda *_: nullcontext(lambda _: None),
) -> BatchResult:
    """Answer the forms, write OUT, its errors, its record and its pages, and report on the way.

    Raises what concerns the whole run: `SettingsError`, `InputError`, and `StopError` where the
    service or the cost cap stopped it. Then OUT is as before, and the same request goes on.
    """
    check_usd_rate(request.usd_rate)
    if request.revenue_unit is not None:
        _check_unit(request.revenue_unit)
    if request.max_problems is not None and request.max_problems < 1:
        raise SettingsError(f"--max-problems must be at least 1, not {request.max_problems}.")
    check_paths(  # what cannot be is known before anything is read
        request.out,
        filter(None, (request.forms, request.previous)),
        mapping=request.mapping,
        summary=request.pages.summary,
        save_mapping=request.save_mapping,
        pages=request.pages.folder,
    )
    if request.pages.pdf:
        check_pdf()
    request = replace(
        request,
        # Spending adds up across the runs into one output.
        options=replace(request.options, account=str(request.out.resolve())),
    )
    with nullcontext() if request.dry_run else held(request.out):
        return _answer(request, report, progress)


def _answer(request: BatchRequest, report: Report, progress: ShowProgress) -> BatchResult:
    """Answer the forms into an output that is this run's alone."""
    wish = wish_of(
        request.forms,
        request.table,
        request.columns,
        usd_rate=request.usd_rate,
        revenue_unit=request.revenue_unit,
        split=request.split,
        max_problems=request.max_problems,
        quiz_scale=request.quiz_scale,
        mapping=request.mapping,
    )
    table, reading = understand(wish, report, labels_only=request.labels_only)
    if request.save_mapping:
        keep_mapping(request.save_mapping, wish, table, reading)
        report(f"saved: {request.save_mapping}, for --mapping")
    choice = choose_backend(request.options)
    survey = table.survey()
    report(rows_shown(survey))
    job = Job(
        reading,
        request.labels_only,
        reviews=_reviews(request),
    )
    if request.dry_run:
        from triage_agent.batch.cost_estimate import (
            quote_batch,  # a run does not need what it imports
        )

        for line in first_problems(table, reading):
            report(line)
        quote = quote_batch(request.options, table, job, survey.rows)
        if quote is None:
            report("cost: none, the embedded model runs on this machine")
        return BatchResult(quote=quote)
    earlier = _earlier(request)
    triage = AsyncTriage(request.options)
    opened = triage.backend
    facts = _facts(request, choice, opened, job.reading)
    earlier_out = request.previous and Previous(
        request.previous,
        job.reading,
        facts,
        survey.columns,
        trusts_id=request.columns.id is not None,
    )
    with (
        closing(earlier_out) if earlier_out else nullcontext() as previous,
        closing(BatchPages(request.pages.made_today())) as pages,
        closing(Spool()) as spool,
    ):
        job = replace(job, previous=previous)
        report(opened.line)
        for note in previous.notes() if previous else ():
            report(note)
        started = time.time()
        rows = answer_rows(
            table.rows(),
            job,
            triage,
            spool,
            earlier=earlier,
            place=table.written_row,
            page=pages.page,
            short_texts=pages.short_texts,
        )
        shown = progress(survey.rows, opened)
        tally = _run(rows, opened, shown, report, fresh=request.options.fresh)
        write_out(
            request.out,
            spool,
            survey.columns,
            tally,
            table,
            decided=not request.labels_only,
            compared=previous is not None,
            slots=job.reading.slots,
            alone=job.reading.one_row_each,
        )
        write_run(request.out, tally, facts | _spent(opened, time.time() - started))
        for line in result_lines(request.out, opened, tally):
            report(line)
        for line in previous.results(tally.problems) if previous else ():
            report(line)
        said = about(facts, tally, request.forms.name, request.out.name)
        for line in pages.finish(said, request.out):
            report(line)
    return BatchResult(tally.errors)


def _check_unit(unit: str) -> None:
    """Raise `SettingsError` for a unit of revenue that is not understood."""
    try:
        rest = name_of(unit).rest
    except InputError as error:
        raise SettingsError(f"--revenue-unit: {error.message}") from error
    if rest:
        raise SettingsError(
            f"--revenue-unit {unit[:40]!r}: {' '.join(rest)!r} is not a unit of revenue. Name the "
            'period, the currency and the scale, like "monthly, USD thousands" or "EUR".'
        )


def _reviews(request: BatchRequest) -> Reviews:
    """Return what a person answered about this output, and about the earlier one."""
    outs = [request.previous, request.out] if request.previous else [request.out]
    return {key: one for out in outs for key, one in load_reviews(reviews_path(out)).items()}


def _earlier(request: BatchRequest) -> Iterator[Mapping[str, Any]] | None:
    """Return the rows of the OUT whose errors are to be retried."""
    if not request.retry_errors:
        return None
    if not is_file(request.out):
        raise InputError(
            f"There is no {request.out} whose errors could be retried. Leave out --retry-errors."
        )
    return read_back(request.out)


def _run(
    rows: AsyncGenerator[Tally, None],
    opened: OpenBackend,
    progress: AbstractContextManager[Callable[[Tally], None]],
    report: Report,
    *,
    fresh: bool,
) -> Tally:
    """Return the tally after every row is answered; what stops the run is raised."""
    go_on = (
        "Answers that were paid for are kept: the same command"
        f"{' without --fresh' if fresh else ''} goes on from here."
    )
    tally = Tally()

    async def run() -> None:
        nonlocal tally
        async with aclosing(opened):
            with progress as show:
                try:
                    async with aclosing(rows):
                        async for tally in rows:
                            show(tally)
                except TriageError:
                    await opened.drain()  # what is under way is paid for
                    raise

    try:
        asyncio.run(run())
    except TriageError as error:
        error.message += (
            f" {counted(tally.rows, 'row was', 'rows were')} answered; the output was not written."
        )
        if error.exit_code != 6:  # the cost cap says itself how to go on
            error.message += f" {go_on}"
        raise
    except KeyboardInterrupt:
        if opened.model.backend == Backend.EMBEDDED:
            go_on = "Nothing was paid for: the same command answers all of them again."
        answered = counted(tally.rows, "row was", "rows were")
        report(f"Stopped. {answered} answered; the output was not written. {go_on}")
        raise
    return tally


def _facts(
    request: BatchRequest, choice: Choice, opened: OpenBackend, reading: FormReading
) -> dict[str, Any]:
    """Return what OUT.run.json says about how the forms are read and answered."""
    options, model = request.options, opened.model
    return {
        "forms": str(request.forms),
        "pages": pages_record(request.out, request.pages),
        "reading": reading.model_dump(),  # so that `triage review` reads OUT in the same way
        "backend": model.backend,
        "model": model.name,
        "prompt": model.prompt,
        "base_url": choice.base_url,
        **opened.asked_with,
        "threshold": options.threshold,
        "review_below": opened.review_below(options.review_below),
        "calibration": opened.calibration.summary if opened.calibration else None,
        "prior": options.prior if choice.backend is not Backend.LLM else None,
        "cascade_threshold": opened.cascade_threshold,
    }


def _spent(opened: OpenBackend, seconds: float) -> dict[str, Any]:
    """Return what OUT.run.json says about the cost and the time of the run."""
    spent = opened.spent_usd
    return {
        "remembered": opened.cached_answers,
        "spent_usd": str(spent) if spent is not None else None,
        "duration_s": round(seconds, 3),
    }
