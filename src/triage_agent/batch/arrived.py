"""A form that arrives by itself is read as a batch reads a row: it is a table with one row."""

from collections.abc import Sequence
from dataclasses import replace
from io import BytesIO
from pathlib import Path

from triage_agent.batch.form import OURS, Form, FormReading, read_form
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.mapping import FormMapping
from triage_agent.batch.understanding import Wish, reading_of
from triage_agent.errors import InputError
from triage_agent.intake import Splitter
from triage_agent.tables import Table, TableOptions, open_table


def open_arrived(content: str, asked: Sequence[str] = ()) -> Table:
    """Return the JSON of one form as a table with one row.

    `asked` are questions that the form has, answered or not. Raises `InputError` if it is not one
    form.
    """
    table = open_table(BytesIO(content.encode()), TableOptions("json", reserved=OURS))
    if len(table.sample) != 1:
        raise InputError("This holds several forms. Send each by itself.")
    (row,) = table.sample
    if not row.values:
        raise InputError("This is not an object with a value for each question.")
    unanswered = dict.fromkeys(one for one in asked if one not in row.values)
    row = replace(row, values=row.values | unanswered)
    return replace(table, columns=tuple(row.values), sample=(row,))


def propose_mapping(table: Table) -> FormMapping | None:
    """Return how the forms of a table are probably read; None: no column holds problems."""
    try:
        reading = reading_of(table, _wish(Columns()), _nothing)
    except InputError:
        return None
    return mapping_of(reading.columns.without_doubtful, table.columns, reading)


def mapping_of(
    columns: Columns,
    all_columns: Sequence[str],
    reading: FormReading | None = None,
    *,
    revenue_unit: str | None = None,
    usd_rate: float | None = None,
) -> FormMapping:
    """Return a mapping that names columns; the scale of the quiz is that of a reading."""
    scale = reading.quiz_scale if reading and columns.quiz else None
    return FormMapping(
        mapping_version=1,
        problem_column=columns.problems,
        id_column=columns.id,
        company_column=columns.company,
        revenue_column=columns.revenue,
        software_column=columns.sells_software,
        quiz_column=dict(columns.quiz),
        quiz_scale=None if scale == "unclear" else scale,
        revenue_unit=revenue_unit,
        usd_rate=usd_rate,
        columns=tuple(all_columns),
    )


def missing_columns(table: Table, mapping: FormMapping) -> list[str]:
    """Return which columns a mapping reads and a table does not have."""
    read = mapping.mapped()
    wanted = [*read.problems, read.company, read.revenue, read.sells_software, *read.quiz.values()]
    return [one for one in wanted if one is not None and one not in table.columns]


def read_arrived(table: Table, mapping: FormMapping, split: Splitter) -> Form:
    """Return the form of a table with one row, as `triage batch` reads it with this mapping.

    A column that the table does not have counts as empty. Raises `InputError` if the mapping
    cannot be used.
    """
    missing = dict.fromkeys(missing_columns(table, mapping))
    (row,) = table.sample
    row = replace(row, values=row.values | missing)
    table = replace(table, columns=tuple(row.values), sample=(row,))
    return read_form(row, reading_of(table, _wish(mapping.mapped(), mapping), _nothing), split)


def _wish(columns: Columns, mapping: FormMapping | None = None) -> Wish:
    return Wish(
        forms=Path("-"),
        table=TableOptions(),
        columns=columns,
        usd_rate=mapping.usd_rate if mapping else None,
        split=mapping is None or mapping.split is not False,
        max_problems=mapping.max_problems if mapping else None,
        quiz_scale=mapping.quiz_scale if mapping else None,
        revenue_unit=mapping.revenue_unit if mapping else None,
        mapping=mapping,
    )


def _nothing(_: str) -> None:
    """Report nothing: there is nobody to read it."""
