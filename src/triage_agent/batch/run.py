"""What `triage batch` does, from the table of forms to OUT and its pages."""

import time
from collections.abc import Iterator, Mapping
from contextlib import closing, nullcontext
from dataclasses import replace
from typing import Any

from triage_agent.batch.about import about
from triage_agent.batch.answering import Job, answer_rows
from triage_agent.batch.coverage import coverage_note
from triage_agent.batch.form import FormReading
from triage_agent.batch.group import Spool
from triage_agent.batch.output_lock import held
from triage_agent.batch.pages import BatchPages
from triage_agent.batch.paths import check_paths
from triage_agent.batch.previous import Previous
from triage_agent.batch.renewed_pages import pages_record
from triage_agent.batch.repeats import Repeats
from triage_agent.batch.request import BatchRequest, BatchResult, Report, ShowProgress
from triage_agent.batch.reviews import Reviews, load_reviews, reviews_path
from triage_agent.batch.run_report import result_lines, rows_shown
from triage_agent.batch.running import cancel, run_rows, way_to_ask
from triage_agent.batch.understanding import first_problems, keep_mapping, understand
from triage_agent.batch.write_output import write_out, write_run
from triage_agent.errors import InputError, SettingsError
from triage_agent.files import is_file
from triage_agent.intake import check_usd_rate, name_of
from triage_agent.models import OpenBackend, split_prompt_of
from triage_agent.reports import check_pdf
from triage_agent.settings import Backend, Choice, choose_backend
from triage_agent.tables import Survey, Table, read_back
from triage_agent.triage import AsyncTriage


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
    batches = request.in_batches
    if batches and not batches.cancel and split_prompt_of(request.options):
        raise SettingsError(
            "--split-by model and --batch-api exclude each other: the problems of a form must be "
            "known before they go into a batch. Leave out one of them."
        )
    with nullcontext() if request.dry_run else held(request.out):
        return _answer(request, report, progress)


def _answer(request: BatchRequest, report: Report, progress: ShowProgress) -> BatchResult:
    """Answer the forms into an output that is this run's alone."""
    wish = request.wish()
    table, reading = understand(wish, report, labels_only=request.labels_only)
    if request.save_mapping:
        keep_mapping(request.save_mapping, wish, table, reading)
        report(f"saved: {request.save_mapping}, for --mapping")
    choice = choose_backend(request.options)
    survey = table.survey()
    _report_rows(table, reading, survey, report)
    job = Job(
        reading,
        request.labels_only,
        reviews=_reviews(request),
    )
    if request.dry_run:
        return _quote(request, table, job, survey.rows, report)
    earlier = _earlier(request)
    triage = AsyncTriage(request.options)
    opened = triage.backend
    facts = _facts(request, choice, opened, job.reading)
    asking = way_to_ask(request, choice, opened, report)
    if request.in_batches and request.in_batches.cancel:
        cancel(asking, opened)
        return BatchResult()
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
        started, repeats = time.time(), Repeats(table.sample, reading.columns)
        alone = reading.one_row_each and not request.labels_only
        rows = answer_rows(
            repeats.watched(table.rows()) if alone else table.rows(),
            job,
            triage,
            spool,
            earlier=earlier,
            place=table.written_row,
            page=pages.page,
            short_texts=pages.short_texts,
        )
        asking.walk = lambda walked: answer_rows(
            table.rows(),
            replace(job, labels_only=True, counts=False),
            triage,
            walked,
            earlier=_earlier(request),
        )
        shown = progress(survey.rows, opened)
        tally = run_rows(rows, opened, shown, report, asking, fresh=request.options.fresh)
        if tally is None:
            return BatchResult(pending=True)
        tally.usage += asking.usage + opened.splits_usage
        write_out(
            request.out,
            spool,
            survey.columns,
            tally,
            table,
            reading=job.reading,
            decided=not request.labels_only,
            compared=previous is not None,
        )
        spent = _spent(opened, time.time() - started)
        write_run(request.out, tally, facts | spent | opened.splits_record | asking.record)
        for line in result_lines(request.out, opened, tally):
            report(line)
        for line in repeats.lines(survey.columns):
            report(line)
        for line in previous.results(tally.problems) if previous else ():
            report(line)
        said = about(facts, tally, request.forms.name, request.out.name)
        for line in pages.finish(said, request.out):
            report(line)
    return BatchResult(tally.errors)


def _report_rows(table: Table, reading: FormReading, survey: Survey, report: Report) -> None:
    """Report how many rows there are, and how many of them tell nothing in the columns read."""
    report(rows_shown(survey))
    if silent := coverage_note(table, reading, survey.rows):
        report(silent)


def _quote(
    request: BatchRequest, table: Table, job: Job, rows: int | None, report: Report
) -> BatchResult:
    """Return what the run would cost, and say what it would read."""
    from triage_agent.batch.cost_estimate import quote_batch  # a run needs none of its imports

    for line in first_problems(table, job.reading):
        report(line)
    quote = quote_batch(request.options, table, job, rows, request.in_batches)
    if quote is None:
        report("cost: none, the embedded model runs on this machine")
    return BatchResult(quote=quote)


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
