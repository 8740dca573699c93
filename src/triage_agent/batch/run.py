"""What `triage batch` does, from the table of forms to OUT and its pages."""

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from contextlib import AbstractContextManager, aclosing, closing, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from triage_agent.batch.answering import Job, Tally, answer_rows
from triage_agent.batch.form import FormReading
from triage_agent.batch.group import Spool
from triage_agent.batch.input_columns import Columns, resolve_columns
from triage_agent.batch.output_lock import held
from triage_agent.batch.pages import BatchPages
from triage_agent.batch.previous import Previous
from triage_agent.batch.reviews import Reviews, load_reviews, reviews_path
from triage_agent.batch.write_output import errors_path, run_path, write_out, write_run
from triage_agent.errors import InputError, SettingsError, TriageError
from triage_agent.files import check_writable, is_file
from triage_agent.models import OpenBackend
from triage_agent.reports import check_page
from triage_agent.settings import Backend, Choice, Options, choose_backend
from triage_agent.tables import Table, TableOptions, check_output, open_table, read_back
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
    split: bool = True  # a list in one cell is several problems; not with `labels_only`
    usd_rate: float | None = None
    dry_run: bool = False  # only say what it would cost
    retry_errors: bool = False  # only answer the rows of OUT that are in error
    previous: Path | None = None  # an earlier OUT, whose unchanged answers are taken over
    pages: Path | None = None  # a folder for one page per business
    summary: Path | None = None  # a page about all of them
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
    check_output(request.out)  # what cannot be is known before anything is read
    beside = (errors_path, run_path, reviews_path)
    inputs = [request.forms, *([request.previous] if request.previous else [])]
    for output in (request.out, *(path(request.out) for path in beside)):
        check_writable(output, inputs=inputs)
    request = replace(
        request,
        split=request.split and not request.labels_only,  # whose rows have one problem each
        # Spending adds up across the runs into one output.
        options=replace(request.options, account=str(request.out.resolve())),
    )
    if request.summary:
        check_page(request.summary)
    with nullcontext() if request.dry_run else held(request.out):
        return _answer(request, report, progress)


def _answer(request: BatchRequest, report: Report, progress: ShowProgress) -> BatchResult:
    """Answer the forms into an output that is this run's alone."""
    table, columns = _understand(request, report)
    choice = choose_backend(request.options)
    survey = table.survey()
    report(f"{survey.rows if survey.rows is not None else 'an unknown number of'} rows")
    job = Job(
        FormReading(
            format=table.format, split=request.split, usd_rate=request.usd_rate, columns=columns
        ),
        request.labels_only,
        reviews=_reviews(request),
    )
    if request.dry_run:
        from triage_agent.batch.cost_estimate import (
            quote_batch,  # a run does not need what it imports
        )

        quote = quote_batch(request.options, table, job, survey.rows)
        if quote is None:
            report("cost: none, the embedded model runs on this machine")
        return BatchResult(quote=quote)
    earlier = _earlier(request)
    pages = BatchPages(request.pages, request.summary)
    triage = AsyncTriage(request.options)
    opened = triage.backend
    facts = _facts(request, choice, opened, job.reading)
    earlier_out = request.previous and Previous(request.previous, job.reading, facts)
    with (
        closing(Spool()) as spool,
        closing(earlier_out) if earlier_out else nullcontext() as previous,
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
            page=pages.page,
            short_texts=pages.short_texts,
        )
        tally = _run(rows, opened, progress(survey.rows, opened), fresh=request.options.fresh)
        write_out(
            request.out,
            spool,
            survey.columns,
            tally,
            table.preamble,
            decided=not request.labels_only,
            compared=previous is not None,
        )
        write_run(request.out, tally, facts | _spent(opened, time.time() - started))
        for line in _results(request, opened, tally):
            report(line)
        for line in previous.results(tally.problems) if previous else ():
            report(line)
    for line in pages.finish(_about(request, opened, tally), request.out):
        report(line)
    return BatchResult(tally.errors)


def _understand(request: BatchRequest, report: Report) -> tuple[Table, Columns]:
    """Return the table and its columns, and report what was understood."""
    table = open_table(request.forms, request.table)
    report(table.describe())
    columns, notes = resolve_columns(table.columns, table.sample, request.columns)
    for note in (*table.notes, *notes):
        report(note)
    if request.labels_only and len(columns.problems) > 1:
        raise SettingsError(
            f"--labels-only takes one problem column, and there are {len(columns.problems)}. "
            "Name it with --problem-column."
        )
    return table, columns


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
    *,
    fresh: bool,
) -> Tally:
    """Return the tally after every row is answered; what stops the run is raised."""
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
        error.message += f" {tally.rows} rows were answered; the output was not written."
        if error.exit_code != 6:  # the cost cap says itself how to go on
            error.message += (
                " Answers that were paid for are kept: the same command"
                f"{' without --fresh' if fresh else ''} goes on from here."
            )
        raise
    return tally


def _facts(
    request: BatchRequest, choice: Choice, opened: OpenBackend, reading: FormReading
) -> dict[str, Any]:
    """Return what OUT.run.json says about how the forms are read and answered."""
    options, model = request.options, opened.model
    return {
        "forms": str(request.forms),
        "reading": reading.model_dump(),  # so that `triage review` reads OUT in the same way
        "backend": model.backend,
        "model": model.name,
        "prompt": model.prompt,
        "base_url": choice.base_url,
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


def _results(request: BatchRequest, opened: OpenBackend, tally: Tally) -> Iterator[str]:
    """Yield lines about what came out, and where it is."""
    out, spent = request.out, opened.spent_usd
    share = tally.needs_review / tally.problems if tally.problems else 0
    yield ""
    yield f"labels: {_counts(tally.labels)}"
    if tally.recommendations:
        yield f"recommendations: {_counts(tally.recommendations)}"
    yield f"needs review: {tally.needs_review} of {tally.problems} problems ({share:.0%})"
    if tally.reviewed:
        yield f"{tally.reviewed} problems are as a person decided ({reviews_path(out).name})"
    if tally.complaints:
        yield f"{tally.complaints} rows hold something that could not be read; see triage_notes"
    if opened.model.backend != Backend.EMBEDDED:
        money = f"${spent:.4f}" if spent is not None else "cost unknown (no price; see --price)"
        yield (
            f"{tally.usage.calls} calls, {tally.usage.input_tokens} + "
            f"{tally.usage.output_tokens} tokens, {money} so far for this output; "
            f"{opened.cached_answers} answers came from the cache"
        )
    yield f"written: {out} and {run_path(out).name}"
    if tally.errors:
        kind, times = tally.error_types.most_common(1)[0]
        yield (
            f"{tally.errors} problems ended in an error: {errors_path(out)}. "
            "The same command with --retry-errors asks again about just those rows."
        )
        yield f"{times} of them: {tally.messages[kind]}"


def _about(request: BatchRequest, opened: OpenBackend, tally: Tally) -> dict[str, str]:
    """Return what the summary says about the run; nothing in it differs from run to run."""
    model = opened.model
    facts = {
        "forms": request.forms.name,
        "rows": f"{tally.rows:,}",
        "rows with something unreadable": f"{tally.complaints:,}",
        "answers": request.out.name,
        "read by": f"{model.backend}, {model.name}",
        "threshold": f"{request.options.threshold:g}",
    }
    return facts | ({"prompt": model.prompt} if model.prompt else {})


def _counts(counter: Mapping[str, int]) -> str:
    """Return counts in words, most first."""
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered) or "none"
