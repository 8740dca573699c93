"""`triage batch`: a table of intake forms in, the same table with answers out."""

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from triage_agent.cli.help_screen import MODEL_OPTIONS
from triage_agent.cli.shared_options import (
    RUNNING,
    DelimiterOption,
    EncodingOption,
    FormatOption,
    HeaderOption,
    HeaderRowOption,
    SheetOption,
    with_options,
)
from triage_agent.cli.streams import say, show
from triage_agent.settings import Options


@with_options(RUNNING)
def batch(
    context: typer.Context,
    options: Options,
    forms: Annotated[
        Path,
        typer.Argument(
            help="Table: CSV, TSV, XLSX, XLS, XLSB, ODS, JSON or JSON Lines; - is stdin."
        ),
    ],
    out: Annotated[
        Path, typer.Option("--output", "-o", help="File to write: .csv, .xlsx or .jsonl.")
    ],
    problem_column: Annotated[
        list[str] | None,
        typer.Option(help="Column with problems: its name, number or letter; repeatable."),
    ] = None,
    id_column: Annotated[str | None, typer.Option(help="Column with the id of the form.")] = None,
    company_column: Annotated[
        str | None, typer.Option(help="Column with the name of the business, for its page.")
    ] = None,
    revenue_column: Annotated[str | None, typer.Option(help="Column with the revenue.")] = None,
    software_column: Annotated[
        str | None, typer.Option(help="Column that says whether the business sells software.")
    ] = None,
    quiz_column: Annotated[
        list[str] | None, typer.Option(help="DIMENSION=COLUMN of a quiz answer; repeatable.")
    ] = None,
    group_by: Annotated[
        str | None, typer.Option(help="Column whose equal values mean the same business.")
    ] = None,
    labels_only: Annotated[
        bool, typer.Option("--labels-only", help="One problem per row, no recommendation.")
    ] = False,
    split: Annotated[
        bool | None,
        typer.Option(
            "--split/--no-split", help="A cell may hold several problems; so if not given."
        ),
    ] = None,
    max_problems: Annotated[
        int | None,
        typer.Option(
            help="Maximum number of problems per form; further ones are joined in the last one.",
            show_default="5",
        ),
    ] = None,
    file_format: FormatOption = None,
    encoding: EncodingOption = None,
    delimiter: DelimiterOption = None,
    sheet: SheetOption = None,
    header: HeaderOption = None,
    header_row: HeaderRowOption = None,
    usd_rate: Annotated[
        float | None, typer.Option(help="USD for one unit, if the revenue is in another currency.")
    ] = None,
    revenue_unit: Annotated[
        str | None,
        typer.Option(help='Unit of the revenue column, such as "monthly, EUR thousands".'),
    ] = None,
    quiz_scale: Annotated[
        Literal["0-3", "1-4"] | None,
        typer.Option(help="Scale of quiz answers that are numbers, if they fit both."),
    ] = None,
    mapping: Annotated[
        Path | None,
        typer.Option(help="Read the table as this file, saved earlier, says; other options win."),
    ] = None,
    save_mapping: Annotated[
        Path | None, typer.Option(help="Save how the table is read, as TOML, for --mapping.")
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Show what was understood and what it would cost.")
    ] = False,
    retry_errors: Annotated[
        bool, typer.Option("--retry-errors", help="Answer only the rows that ended in an error.")
    ] = False,
    previous: Annotated[
        Path | None,
        typer.Option(help="Last month's OUT: only problems that are new or changed are answered."),
    ] = None,
    reports: Annotated[
        Path | None, typer.Option(help="Folder for one HTML page per business, and an index.")
    ] = None,
    pdf: Annotated[
        bool, typer.Option("--pdf", help="Write each page of --reports as a PDF too.")
    ] = False,
    report: Annotated[Path | None, typer.Option(help="HTML page about the whole batch.")] = None,
    batch_api: Annotated[
        bool,
        typer.Option(
            "--batch-api",
            help="Ask the LLM through the batches of its provider, which cost less and take up to "
            "24 hours. The same command goes on with them.",
            rich_help_panel=MODEL_OPTIONS,
        ),
    ] = False,
    detach: Annotated[
        bool,
        typer.Option(
            "--detach",
            help="With --batch-api: end when the batches are submitted (exit code 9).",
            rich_help_panel=MODEL_OPTIONS,
        ),
    ] = False,
    cancel: Annotated[
        bool,
        typer.Option(
            "--cancel",
            help="End the batches of this output that are under way, and do nothing else.",
            rich_help_panel=MODEL_OPTIONS,
        ),
    ] = False,
    batch_poll: Annotated[
        float,
        typer.Option(
            help="Seconds between two looks at the batches.",
            min=0.01,
            rich_help_panel=MODEL_OPTIONS,
        ),
    ] = 30.0,
    batch_price: Annotated[
        str | None,
        typer.Option(
            help="USD per million tokens in a batch, INPUT/OUTPUT. Default: the model's price, "
            "less the discount that the price file has for it.",
            rich_help_panel=MODEL_OPTIONS,
        ),
    ] = None,
    batch_tokens: Annotated[
        int | None,
        typer.Option(
            help="Maximum number of tokens that wait in batches at the same time. Default: as many "
            "as the provider takes.",
            min=1,
            rich_help_panel=MODEL_OPTIONS,
        ),
    ] = None,
    ray: Annotated[
        str | None,
        typer.Option(
            metavar="ADDRESS",
            help="Answer on the machines of this Ray cluster; local: on all cores of this one. The "
            "forms are then Parquet, CSV or JSON Lines, as a pattern in quotes, and OUT is a "
            "folder of parts in the format that its name ends in, else Parquet.",
        ),
    ] = None,
) -> None:
    """Answer every form of a table: one row in, one row out, in the same order, none lost.

    If it is stopped, the same command continues: answers that were paid for are cached.
    """
    from triage_agent.batch import (
        BatchRequest,
        Columns,
        WantedBatches,
        WantedPages,
        run_batch,
        run_on_ray,
    )
    from triage_agent.cli.letterhead import letterhead
    from triage_agent.cli.progress import Progress
    from triage_agent.tables import TableOptions

    if labels_only and reports:
        raise typer.BadParameter("--labels-only makes no recommendations for --reports.")
    if labels_only and group_by:
        raise typer.BadParameter("--labels-only and --group-by exclude each other.")
    if pdf and not reports:
        raise typer.BadParameter("--pdf is for the pages of --reports. Give its folder too.")
    if retry_errors and previous:
        raise typer.BadParameter(
            "--retry-errors continues OUT itself, and --previous begins a new one. Choose one."
        )

    if (detach or batch_price or batch_tokens) and not batch_api:
        raise typer.BadParameter("--detach, --batch-price and --batch-tokens need --batch-api.")

    def own(name: str, value: Any) -> Any:
        """Return an option, but not for a mapping if only a settings file gave it."""
        source = context.get_parameter_source(name)
        return None if mapping and source and source.name == "DEFAULT_MAP" else value

    quiz = own("quiz_column", quiz_column) or ()
    request = BatchRequest(
        forms,
        out,
        TableOptions(
            own("file_format", file_format),
            own("encoding", encoding),
            own("delimiter", delimiter),
            own("sheet", sheet),
            own("header", header),
            own("header_row", header_row),
        ),
        Columns(
            tuple(own("problem_column", problem_column) or ()),
            own("id_column", id_column),
            own("revenue_column", revenue_column),
            own("software_column", software_column),
            dict(pair.partition("=")[::2] for pair in quiz),
            own("group_by", group_by),
            own("company_column", company_column),
        ),
        labels_only=labels_only,
        split=own("split", split),
        max_problems=own("max_problems", max_problems),
        usd_rate=own("usd_rate", usd_rate),
        revenue_unit=own("revenue_unit", revenue_unit),
        quiz_scale=own("quiz_scale", quiz_scale),
        dry_run=dry_run,
        retry_errors=retry_errors,
        previous=previous,
        pages=WantedPages(reports, report, pdf, letterhead()),
        mapping=mapping,
        save_mapping=save_mapping,
        in_batches=WantedBatches(detach, cancel, batch_tokens, batch_poll, batch_price)
        if batch_api or cancel
        else None,
        options=options,
    )
    result = run_on_ray(request, ray, say) if ray else run_batch(request, say, Progress)
    if result.quote:
        show(result.quote)
    if result.pending:
        raise typer.Exit(9)
    if result.errors:
        raise typer.Exit(3)
