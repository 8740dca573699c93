"""What `triage batch` does, step by step, with what it says on standard error on the way."""

import asyncio
import time
from collections.abc import Iterator, Mapping
from contextlib import aclosing, closing
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import typer

from triage_agent.batch import (
    Columns,
    Job,
    Spool,
    Tally,
    answer_rows,
    errors_path,
    load_reviews,
    read_form,
    resolve_columns,
    reviews_path,
    run_path,
    write_out,
    write_run,
)
from triage_agent.classify import Policy
from triage_agent.cli.pages import Reports, check_page
from triage_agent.cli.progress import Progress
from triage_agent.errors import InputError, SettingsError, TriageError
from triage_agent.models import OpenBackend, asks_llm, open_backend
from triage_agent.settings import Backend, Choice, Options, choose_backend
from triage_agent.tables import Table, check_output, open_table, read_back


@dataclass(frozen=True, slots=True)
class Wish:
    """What the command line asks for."""

    forms: Path
    out: Path
    table: Mapping[str, Any]
    columns: Mapping[str, Any]
    labels_only: bool
    split: bool
    usd_rate: float | None
    dry_run: bool
    retry_errors: bool
    reports: Path | None
    report: Path | None
    options: Options


def run(wish: Wish) -> None:
    """Carry out the whole batch; exit code 3 if rows are left in error."""
    check_output(wish.out)  # an extension that cannot be is known before anything is read
    if wish.report:
        check_page(wish.report)
    table, columns = _understand(wish)
    choice = choose_backend(wish.options)
    survey = table.survey()
    _say(f"{survey.rows if survey.rows is not None else 'an unknown number of'} rows")
    job = Job(
        columns,
        Policy(wish.options.threshold),
        wish.split,
        wish.labels_only,
        wish.usd_rate,
        reviews=load_reviews(reviews_path(wish.out)),
    )
    if wish.dry_run:
        _quote(wish, choice, table, job, survey.rows)
        return
    kept = _earlier(wish)
    opened = open_backend(wish.options)
    job = replace(job, policy=Policy(wish.options.threshold, opened.calibration))
    with closing(Spool()) as spool:
        _say(opened.line)
        started = time.time()
        reports = Reports(wish.reports, wish.report)
        tally = _answer(opened, table, job, spool, survey.rows, kept, reports)
        write_out(wish.out, spool, survey.columns, tally, decided=not wish.labels_only)
        reading = {"format": table.format, "split": job.split, "usd_rate": job.usd_rate}
        reading["columns"] = asdict(columns)
        _finish(wish, choice, opened, tally, reading, time.time() - started)
        for line in reports.finish(_made_how(wish, opened, tally), wish.out):
            _say(line)
    if tally.errors:
        raise typer.Exit(3)


def _understand(wish: Wish) -> tuple[Table, Columns]:
    """Return the table and its columns, and say what was understood."""
    table = open_table(wish.forms, **wish.table)
    _say(table.describe())
    columns, said = resolve_columns(table.columns, table.sample, **wish.columns)
    for line in (*table.notes, *said):
        _say(line)
    if wish.labels_only and len(columns.problems) > 1:
        raise SettingsError(
            f"--labels-only takes one problem column, and there are {len(columns.problems)}. "
            "Name it with --problem-column."
        )
    return table, columns


def _earlier(wish: Wish) -> Iterator[Mapping[str, Any]] | None:
    """Return the rows of the OUT whose errors are to be retried."""
    if not wish.retry_errors:
        return None
    if not wish.out.is_file():
        raise InputError(
            f"There is no {wish.out} whose errors could be retried. Leave out --retry-errors."
        )
    return read_back(wish.out)


def _answer(
    opened: OpenBackend,
    table: Table,
    job: Job,
    spool: Spool,
    total: int | None,
    kept: Iterator[Mapping[str, Any]] | None,
    reports: Reports,
) -> Tally:
    """Return the tally after every row is answered into the spool; what stops the run is raised."""
    tally = Tally()

    async def answer() -> Tally:
        nonlocal tally
        rows = answer_rows(
            table.rows(),
            job,
            opened.model,
            spool,
            kept=kept,
            page=reports.page,
            brief=reports.brief,
        )
        async with aclosing(opened):
            with Progress(total, opened) as progress:
                try:
                    async with aclosing(rows):
                        async for tally in rows:
                            progress.show(tally)
                except TriageError:
                    await opened.drain()  # what is under way is paid for
                    raise
        return tally

    try:
        return asyncio.run(answer())
    except TriageError as error:
        error.message += (
            f" {tally.rows} rows were answered; the output was not written. "
            "Answers that were paid for are cached: the same command continues from here."
        )
        raise


def _finish(
    wish: Wish,
    choice: Choice,
    opened: OpenBackend,
    tally: Tally,
    reading: Mapping[str, Any],
    seconds: float,
) -> None:
    """Write the record of the run, and say what came out and where it is."""
    spent, model = opened.spent_usd, opened.model
    facts = {
        "forms": str(wish.forms),
        "reading": reading,  # so that `triage review` reads OUT in the same way
        "backend": model.backend,
        "model": model.name,
        "prompt": model.prompt,
        "base_url": choice.base_url,
        "threshold": wish.options.threshold,
        "calibration": opened.calibration.summary if opened.calibration else None,
        "prior": wish.options.prior if choice.backend is not Backend.LLM else None,
        "cascade_threshold": opened.cascade_threshold,
        "remembered": opened.cached_answers,
        "spent_usd": str(spent) if spent is not None else None,
        "duration_s": round(seconds, 3),
    }
    write_run(wish.out, tally, facts)
    share = tally.needs_review / tally.problems if tally.problems else 0
    _say("")
    _say(f"labels: {_counts(tally.labels)}")
    if tally.recommendations:
        _say(f"recommendations: {_counts(tally.recommendations)}")
    _say(f"needs review: {tally.needs_review} of {tally.problems} problems ({share:.0%})")
    if tally.reviewed:
        _say(f"{tally.reviewed} problems are as a person decided ({reviews_path(wish.out).name})")
    if tally.complaints:
        _say(f"{tally.complaints} rows hold something that could not be read; see triage_notes")
    if model.backend != Backend.EMBEDDED:
        money = f"${spent:.4f}" if spent is not None else "cost unknown (no price; see --price)"
        _say(
            f"{tally.usage.calls} calls, {tally.usage.input_tokens} + "
            f"{tally.usage.output_tokens} tokens, {money} so far for this output; "
            f"{opened.cached_answers} answers came from the cache"
        )
    _say(f"written: {wish.out} and {run_path(wish.out).name}")
    if tally.errors:
        _say(
            f"{tally.errors} problems ended in an error: {errors_path(wish.out)}. "
            "The same command with --retry-errors asks again about just those rows."
        )


def _made_how(wish: Wish, opened: OpenBackend, tally: Tally) -> dict[str, str]:
    """Return what the summary says about the run; nothing in it differs from run to run."""
    model = opened.model
    facts = {
        "forms": wish.forms.name,
        "rows": f"{tally.rows:,}",
        "rows with something unreadable": f"{tally.complaints:,}",
        "answers": wish.out.name,
        "read by": f"{model.backend}, {model.name}",
        "threshold": f"{wish.options.threshold:g}",
    }
    return facts | ({"prompt": model.prompt} if model.prompt else {})


def _quote(wish: Wish, choice: Choice, table: Table, job: Job, rows: int | None) -> None:
    """Say what a run would cost, from the table's first rows; nothing is sent."""
    asked = asks_llm(wish.options)
    if choice.backend is Backend.EMBEDDED:
        _say("cost: none, the embedded model runs on this machine")
        return
    from triage_agent.models import (
        MAX_OUTPUT_TOKENS,
        OPENAI_BASE_URL,
        TYPICAL_OUTPUT_TOKENS,
        host_of,
        load_prices,
        load_prompt,
        price_of,
        quote,
    )

    template = load_prompt(wish.options.prompt)
    sizes, problems, forms = [], 0, 0
    for row in table.sample:
        forms += 1
        for text in read_form(row, job.columns, split=job.split).problems:
            problems += 1
            if asked(text):
                messages = template.messages(text)
                sizes.append(sum(len(m.content.encode("utf-8", "replace")) for m in messages))
    host = host_of(choice.base_url or OPENAI_BASE_URL)
    price = price_of(choice.model, load_prices(), wish.options.price, host=host)
    if price is None:
        raise SettingsError(
            f"No price is known for {choice.model!r}. Give it with --price INPUT/OUTPUT."
        )
    if rows is None or not problems:
        raise InputError("A quote needs a file with at least one problem, not a stream.")
    calls = round(rows * len(sizes) / forms) * wish.options.votes
    result = quote(sizes, calls, MAX_OUTPUT_TOKENS, TYPICAL_OUTPUT_TOKENS, price)
    typer.echo(
        f"about {calls} calls, {result.input_tokens} + {result.output_tokens} tokens: "
        f"${result.low_usd:.2f} likely, ${result.high_usd:.2f} at most without retries "
        f"(from the first {forms} rows)"
    )


def _counts(counter: Mapping[str, int]) -> str:
    """Return counts in words, most first."""
    ordered = sorted(counter.items(), key=lambda item: (-item[1], item[0]))
    return ", ".join(f"{name} {count}" for name, count in ordered) or "none"


def _say(line: str) -> None:
    """Print one line on standard error."""
    typer.echo(line, err=True)
