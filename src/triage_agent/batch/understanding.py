"""What is understood of a table before anything is answered, and what is reported about it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from triage_agent.batch.column_names import suggest
from triage_agent.batch.column_notes import room_note
from triage_agent.batch.column_words import plain
from triage_agent.batch.form import MAX_PROBLEMS, OURS, FormReading, read_form
from triage_agent.batch.input_columns import (
    Columns,
    Understood,
    likely_forms,
    understand_columns,
)
from triage_agent.batch.mapping import (
    FormMapping,
    check_fit,
    load_mapping,
    merge_columns,
    save_mapping,
)
from triage_agent.batch.no_forms import Marking, repeats_header, unit_in_a_row
from triage_agent.batch.other_names import doubt_about_names, refused_for_names
from triage_agent.batch.profile_columns import quiz_scale
from triage_agent.batch.revenue_columns import currency_note, unit_notes, unit_shown
from triage_agent.batch.table_shape import second_table
from triage_agent.errors import InputError, SettingsError
from triage_agent.intake import counted
from triage_agent.tables import Row, Table, TableOptions, open_table

PREVIEW = 3  # problems that a dry run shows
PREVIEW_LENGTH = 200  # characters of each


@dataclass(frozen=True, slots=True)
class Wish:
    """How the user, and the mapping where there is one, want a table to be read."""

    forms: Path
    table: TableOptions
    columns: Columns
    usd_rate: float | None
    split: bool
    max_problems: int | None = None  # of a form; None: as many as usual
    quiz_scale: Literal["0-3", "1-4"] | None = None  # None: as the answers show
    revenue_unit: str | None = None
    mapping: FormMapping | None = None
    mapping_path: Path | None = None


def wish_of(
    forms: Path,
    table: TableOptions,
    columns: Columns,
    *,
    usd_rate: float | None,
    revenue_unit: str | None = None,
    split: bool | None,
    max_problems: int | None,
    quiz_scale: Literal["0-3", "1-4"] | None,
    mapping: Path | None,
) -> Wish:
    """Return how a table is to be read; what the user gave wins over the mapping.

    Raises `SettingsError` for a mapping that is not valid.
    """
    if mapping is None:
        return Wish(
            forms,
            table,
            columns,
            usd_rate,
            split is not False,
            max_problems,
            quiz_scale,
            revenue_unit,
        )
    kept = load_mapping(mapping)
    return Wish(
        forms,
        kept.table_options(table),
        columns,
        usd_rate if usd_rate is not None else kept.usd_rate,
        split if split is not None else kept.split is not False,
        max_problems if max_problems is not None else kept.max_problems,
        quiz_scale or kept.quiz_scale,
        revenue_unit if revenue_unit is not None else kept.revenue_unit,
        kept,
        mapping,
    )


def understand(
    wish: Wish, report: Callable[[str], None], *, labels_only: bool
) -> tuple[Table, FormReading]:
    """Return the table and how its rows are read, and report what was understood.

    Everything that was found out is reported before an error says what is missing.
    """
    table = open_table(wish.forms, replace(wish.table, reserved=OURS), _judge_of(wish))
    report(table.describe())
    for note in table.notes:
        report(note)
    reading = reading_of(table, wish, report, labels_only=labels_only)
    return _marked(table, reading.columns), reading


def reading_of(
    table: Table, wish: Wish, report: Callable[[str], None], *, labels_only: bool = False
) -> FormReading:
    """Return how the rows of a table that is open are read, and report what was understood."""
    named = wish.columns
    if wish.mapping and wish.mapping_path:
        report(f"Columns are read as {wish.mapping_path.name} says.")
        columns = _all_columns(table, wish.mapping)
        for note in check_fit(wish.mapping, wish.mapping_path, named, columns, table.name):
            report(note)
        named = merge_columns(named, wish.mapping)
    else:
        columns = table.columns
    sample = [row for row in table.sample if not repeats_header(row)]
    called = f"{Path(table.name).stem} {table.sheet or ''}"
    understood = understand_columns(
        columns, sample, named, guess=wish.mapping is None, called=called
    )
    for note in understood.notes:
        report(note)
    unit, notes = _unit(understood, wish, table)
    for note in (*notes, *doubt_about_names(table)):
        report(note)
    if understood.refusal:
        raise InputError(refused_for_names(table, understood.refusal))
    problems = understood.columns.problems
    if labels_only:
        _check_one(problems, columns)
    scale, notes = quiz_scale(understood.columns, table.sample, wish.quiz_scale)
    for note in notes:
        report(note)
    most = MAX_PROBLEMS if wish.max_problems is None else wish.max_problems
    if full := room_note(len(problems), most):
        report(full)
    return FormReading(
        format=table.format,
        split=wish.split and not labels_only,  # whose rows have one problem each
        max_problems=most,
        usd_rate=wish.usd_rate,
        quiz_scale=scale,
        revenue_unit=unit,
        columns=understood.columns,
    )


def _marked(table: Table, columns: Columns) -> Table:
    """Return a table whose rows say whether they are no forms; an item of JSON always is one."""
    if table.format in {"json", "jsonl"}:
        return table
    beside = second_table(table.columns, table.sample)
    return table.marked(Marking.of(columns, beside, table.titles).marked)


def _check_one(problems: Sequence[str], columns: Sequence[str]) -> None:
    """Raise `SettingsError` if labels are wanted and there is more than one problem column."""
    if len(problems) > 1:
        raise SettingsError(
            f"--labels-only takes one problem column, and there are {len(problems)}. Name it: "
            f"{suggest(problems[:3], columns, '--problem-column')}"
        )


def _unit(understood: Understood, wish: Wish, table: Table) -> tuple[str | None, Sequence[str]]:
    """Return the unit of the amounts of revenue, if it is named or shown, and what to say of it."""
    revenue = understood.columns.revenue
    if revenue is None or wish.revenue_unit is not None:
        return wish.revenue_unit, ()
    if asked := understood.revenue_question:
        return asked, unit_notes(asked, has_rate=wish.usd_rate is not None)
    if below := unit_in_a_row(understood.columns, table.sample):
        said = f"{revenue} ({below.strip(' ()[]')})"
        note = f"A row under the header gives the unit of {revenue!r}, {below!r}, which is applied."
        return said, (note, *unit_notes(said, has_rate=wish.usd_rate is not None))
    has_unit = table.formats.get(revenue) or understood.columns.revenue_units
    if not has_unit and (assumed := currency_note(revenue)):
        return None, (*unit_notes(revenue, has_rate=wish.usd_rate is not None), assumed)
    unit, shown = unit_shown(revenue, table.formats.get(revenue, frozenset()))
    return unit, shown or unit_notes(revenue, has_rate=wish.usd_rate is not None)


def _judge_of(wish: Wish) -> Callable[[Sequence[str], Sequence[Row]], int]:
    """Return what tells how surely the columns of a sheet are the forms that the user means."""
    wanted = wish.columns.problems or (wish.mapping.problem_column if wish.mapping else ())

    def judge(columns: Sequence[str], sample: Sequence[Row]) -> int:
        if not wanted:
            return likely_forms(columns, sample)
        known = {plain(column) for column in columns}
        return sum(plain(one) in known for one in wanted)

    return judge


def keep_mapping(path: Path, wish: Wish, table: Table, reading: FormReading) -> None:
    """Save how the table was read, for the next export of the same form.

    The scale of its quiz answers is kept as it was found: the next export may not show it.
    """
    has_scale = reading.columns.quiz and reading.quiz_scale != "unclear"
    options = wish.table
    if len(table.sheets) > 1 and options.sheet is None:
        options = replace(options, sheet=table.sheet)
    save_mapping(
        path,
        reading.columns.without_doubtful,
        table.columns,
        options,
        split=wish.split,
        max_problems=wish.max_problems,
        usd_rate=reading.usd_rate,
        quiz_scale=reading.quiz_scale if has_scale else None,
        revenue_unit=wish.revenue_unit,
    )


def first_problems(table: Table, reading: FormReading) -> Iterator[str]:
    """Yield the first problems of a table as they would be read, one on a line."""
    found = ((row.number, text) for row in table.sample for text in read_form(row, reading).texts)
    shown = [*islice(found, PREVIEW)]
    yield (
        "The first problems, as they would be read:"
        if shown
        else f"There is no problem in the first {counted(len(table.sample), 'row')}."
    )
    for number, text in shown:
        text = " ".join(text.split())
        cut = text if len(text) <= PREVIEW_LENGTH else text[:PREVIEW_LENGTH].rstrip() + "…"
        yield f"  row {number}: {cut}"


def _all_columns(table: Table, mapping: FormMapping) -> tuple[str, ...]:
    """Return a table's columns; of JSON, whose objects name their own, those of all rows."""
    known = {*table.columns}
    if table.format in {"json", "jsonl"} and not known.issuperset(mapping.columns):
        return table.survey().columns
    return table.columns
