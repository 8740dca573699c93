"""`triage batch`: a table of intake forms in, the same table with answers out."""

from pathlib import Path
from typing import Annotated

import typer

from triage_agent.cli.options import RUNNING, with_options
from triage_agent.settings import Options


@with_options(RUNNING)
def batch(
    options: Options,
    forms: Annotated[
        Path, typer.Argument(help="CSV, TSV, XLSX, JSON or JSON Lines; - is standard input.")
    ],
    out: Annotated[
        Path, typer.Option("--output", "-o", help="Where to write: .csv, .xlsx or .jsonl.")
    ],
    problem_column: Annotated[
        list[str] | None, typer.Option(help="A column with problems; repeatable.")
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="The column with the form's id.")] = None,
    revenue_column: Annotated[str | None, typer.Option(help="The column with revenue.")] = None,
    software_column: Annotated[
        str | None, typer.Option(help="The column that says whether they sell software.")
    ] = None,
    quiz_column: Annotated[
        list[str] | None, typer.Option(help="DIMENSION=COLUMN of a quiz answer; repeatable.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option(help="Rows with one value here are one business.")
    ] = None,
    labels_only: Annotated[
        bool, typer.Option("--labels-only", help="One problem a row, no recommendation.")
    ] = False,
    split: Annotated[
        bool, typer.Option("--split/--no-split", help="A list in one cell is several problems.")
    ] = True,
    file_format: Annotated[
        str | None, typer.Option("--format", help="csv, tsv, xlsx, json or jsonl; else guessed.")
    ] = None,
    encoding: Annotated[
        str | None, typer.Option(help="Like utf-8 or cp1252; else guessed.")
    ] = None,
    delimiter: Annotated[str | None, typer.Option(help="Between CSV cells; else guessed.")] = None,
    sheet: Annotated[str | None, typer.Option(help="The XLSX sheet; else the first.")] = None,
    header: Annotated[
        bool | None,
        typer.Option("--header/--no-header", help="Whether the first row names the columns."),
    ] = None,
    usd_rate: Annotated[
        float | None, typer.Option(help="USD for one unit of the revenue's currency.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what was understood and what it would cost.")
    ] = False,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Ask again about the rows in error, only those.")
    ] = False,
    reports: Annotated[
        Path | None, typer.Option(help="A folder for one HTML page a business.")
    ] = None,
    report: Annotated[Path | None, typer.Option(help="An HTML page about the whole batch.")] = None,
) -> None:
    """Answer every form of an export: one row in, one row out, in order, nothing lost.

    Killed or capped, it is continued by the same command: answers that were paid for are kept.
    """
    from dataclasses import replace

    from triage_agent.batch import BatchRequest, Columns, run_batch
    from triage_agent.cli.progress import Progress
    from triage_agent.tables import TableOptions

    if labels_only and reports:
        raise typer.BadParameter("--labels-only makes no recommendations for --reports.")
    if labels_only and group_by:
        raise typer.BadParameter("--labels-only and --group-by exclude each other.")
    request = BatchRequest(
        forms,
        out,
        TableOptions(file_format, encoding, delimiter, sheet, header),
        Columns(
            tuple(problem_column or ()),
            id_column,
            revenue_column,
            software_column,
            dict(pair.partition("=")[::2] for pair in quiz_column or ()),
            group_by,
        ),
        labels_only=labels_only,
        split=split and not labels_only,
        usd_rate=usd_rate,
        dry_run=dry_run,
        retry_errors=retry_errors,
        pages=reports,
        summary=report,
        options=replace(options, account=str(out.resolve())),
    )
    result = run_batch(request, lambda line: typer.echo(line, err=True), Progress)
    if result.quote:
        typer.echo(result.quote)
    if result.errors:
        raise typer.Exit(3)
