"""Writes the results of a batch: OUT, its errors, and the record of the run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, fields
from importlib.metadata import version
from pathlib import Path
from typing import Any

from triage_agent.batch.form import OURS, FormReading
from triage_agent.batch.front_sheet import front_sheet
from triage_agent.batch.group import Spool, Values
from triage_agent.batch.output_columns import ROW, added_columns
from triage_agent.batch.tally import Tally
from triage_agent.files import beside, write_json, write_json_lines
from triage_agent.tables import Table, open_sheet
from triage_agent.types import Outcome


def errors_path(out: Path) -> Path:
    """Return where the rows in error of OUT stand again."""
    return beside(out, ".errors.jsonl")


def run_path(out: Path) -> Path:
    """Return where the record of the run stands: what differs from run to run."""
    return beside(out, ".run.json")


def write_out(
    out: Path,
    spool: Spool,
    columns: Iterable[str],
    tally: Tally,
    table: Table | None = None,
    *,
    reading: FormReading,
    decided: bool,
    compared: bool = False,
) -> int:
    """Write OUT and its errors file, and return the number of problems in error.

    It has columns for as many problems as the `reading` may find, so that they are the same for
    every export. What stands around the header of `table` is repeated.

    An input column that has the name of one of ours is replaced, as when OUT is read again.
    """
    most = max(reading.slots, tally.most_problems)
    added = added_columns(most, decided=decided, compared=compared)
    own = [column for column in columns if column not in set(added)]
    titles, extra = (table.titles, table.extra_header) if table else ((), ())
    above = None if out.suffix.casefold() == ".jsonl" else len(titles) + 1 + len(extra)
    front = front_sheet(own + added, tally.most_problems, reading)
    with open_sheet(out, own + added, titles, extra, front) as sheet:
        for row, values in _placed(spool, above):
            sheet.write(values, row)
    records = _errors(values for _, values in spool.rows())
    errors = write_json_lines(errors_path(out), records) if tally.errors else 0
    if not errors:
        errors_path(out).unlink(missing_ok=True)
    return errors


def write_run(out: Path, tally: Tally, facts: Mapping[str, Any]) -> None:
    """Write OUT.run.json: versions, settings, counts, usage, cost and durations."""
    counts: dict[str, Any] = {
        one.name: dict(value) if isinstance(value := getattr(tally, one.name), Counter) else value
        for one in fields(tally)
        if one.name not in {"error_types", "messages"}
    } | {"usage": asdict(tally.usage)}
    write_json(run_path(out), {"triage_agent": version("triage-agent"), **facts, "tally": counts})


def _placed(spool: Spool, above: int | None) -> Iterator[tuple[int, Values]]:
    """Yield the rows with their places in OUT, `above` rows down (None: JSON Lines, by line)."""
    number = above or 0
    for place, values in spool.rows():
        number = number + 1 if above is None else max(number + 1, place)
        yield number, values


def _errors(rows: Iterable[Values]) -> Iterator[Values]:
    """Yield a record for each problem of a row that ended in an error."""
    for values in rows:
        for name, value in values.items():
            if value == Outcome.ERROR.value and name.endswith("_outcome"):
                problem = name.removeprefix(OURS).removesuffix("_outcome")
                yield {
                    "row": values[ROW],
                    "problem": int(problem),
                    "error": values.get(f"triage_{problem}_error"),
                    "values": {k: v for k, v in values.items() if not k.startswith(OURS)},
                }
