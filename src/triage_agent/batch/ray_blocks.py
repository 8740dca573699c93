"""A block of a table, as Arrow has it, and its rows, as everything else reads them."""

import base64
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from decimal import Decimal
from typing import Any

from triage_agent.batch.form import OURS
from triage_agent.batch.output_columns import ROW
from triage_agent.tables import DateText, OpenedTable, Row, Value, keep_apart, open_lines

NUMBER = "triage_ray_number"  # the column of the numbers of the rows, on the way only
LINE = "text"  # the column in which Ray gives the lines of a text
NUMBERS = frozenset({"probability", "hours_per_week"})
TRUTHS = frozenset({"needs_review", "holds_several", "provisional"})


def rows_of(block: Any, kind: str) -> list[Row]:
    """Return the rows of an Arrow table of forms, numbered by its column `NUMBER` (0: it has none).

    `kind` is "jsonl" where the column `LINE` holds JSON; of others each column is one of the form.
    """
    numbers = block.column(NUMBER).to_pylist() if NUMBER in block.column_names else [0] * len(block)
    if kind == "jsonl":
        rows = [*open_lines(iter(block.column(LINE).to_pylist())).rows]
    else:
        own = block.drop_columns([NUMBER]) if NUMBER in block.column_names else block
        rows = [
            Row(0, {name: value_of(cell) for name, cell in one.items()}) for one in own.to_pylist()
        ]
    # Columns that would stand in the place of an answer get other names, as in any table.
    apart = keep_apart(OpenedTable(None, iter(rows)), OURS).rows
    return [replace(row, number=number or 0) for row, number in zip(apart, numbers, strict=True)]


def value_of(cell: Any) -> Value:
    """Return a value of Arrow as a cell: dates as ISO texts, decimals as numbers, bytes as text.

    >>> value_of(date(2026, 3, 1)), value_of(Decimal("2.50")), value_of(float("nan"))
    ('2026-03-01', 2.5, None)
    """
    if isinstance(cell, float) and not math.isfinite(cell):
        return None
    if cell is None or isinstance(cell, str | bool | int | float):
        return cell
    if isinstance(cell, datetime | date | time):
        return DateText(cell.isoformat())
    if isinstance(cell, Decimal):
        return int(cell) if cell == cell.to_integral_value() else float(cell)
    if isinstance(cell, list | tuple):
        return [value_of(one) for one in cell]
    if isinstance(cell, dict):
        return {str(name): value_of(one) for name, one in cell.items()}
    if isinstance(cell, bytes):
        try:
            return cell.decode()
        except UnicodeDecodeError:
            return base64.b64encode(cell).decode()
    return str(cell)


def answers_type(column: str) -> str:
    """Return the Arrow type of a column of the answers.

    >>> answers_type("triage_1_probability"), answers_type("triage_row")
    ('float64', 'int64')
    """
    if column == ROW:
        return "int64"
    name = column.removeprefix(OURS).lstrip("0123456789_")
    return "float64" if name in NUMBERS else "bool" if name in TRUTHS else "string"


def with_answers(
    block: Any,
    kind: str,
    rows: Sequence[Mapping[str, Any]],
    own: Sequence[str],
    added: Sequence[str],
) -> Any:
    """Return an Arrow table of a block's own columns, in their types, and then the answers.

    `rows` are whole: their own cells and the answers. Of JSON Lines, whose columns `own` are of no
    type that all rows keep to, a column holds text, and what is no text as JSON.
    """
    import pyarrow as pa

    if kind == "jsonl":
        columns = {name: [_text(row.get(name)) for row in rows] for name in own}
        table = pa.table(columns, schema=pa.schema([(n, pa.string()) for n in own]))
    else:
        table = block.drop_columns([NUMBER]) if NUMBER in block.column_names else block
        table = table.rename_columns([apart(name) for name in table.column_names])
    for name in added:
        cells = [row.get(name) for row in rows]
        if name == ROW:  # rows of a dataset have no numbers
            cells = [cell or None for cell in cells]
        kind_of_cell = pa.type_for_alias(answers_type(name))
        table = table.append_column(name, pa.array(cells, kind_of_cell))
    return table


def apart(column: str) -> str:
    """Return the name of a form's column beside the answers."""
    row = next(keep_apart(OpenedTable(None, iter([Row(0, {column: None})])), OURS).rows)
    return next(iter(row.values))


def _text(cell: Value) -> str | None:
    """Return a cell as text; JSON where it is none."""
    return cell if cell is None or isinstance(cell, str) else json.dumps(cell, ensure_ascii=False)
