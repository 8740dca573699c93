"""Writes the results of a batch: OUT, its errors, and the record of the run."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from triage_agent.batch.answering import Tally
from triage_agent.batch.group import Spool, Values
from triage_agent.batch.output_columns import added_columns
from triage_agent.files import beside, write_json, write_json_lines
from triage_agent.tables import Value, open_sheet
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
    preamble: Sequence[Sequence[Value]] = (),
    *,
    decided: bool,
    compared: bool = False,
) -> int:
    """Write OUT and its errors file, and return the number of problems in error.

    The rows of `preamble` stand above the header, as they did in the input.
    """
    added = added_columns(tally.most_problems, decided=decided, compared=compared)
    own = [column for column in columns if column not in set(added)]
    with open_sheet(out, own + added, preamble) as sheet:
        for values in spool.rows():
            sheet.write(values)
    errors = write_json_lines(errors_path(out), _errors(spool, set(added))) if tally.errors else 0
    if not errors:
        errors_path(out).unlink(missing_ok=True)
    return errors


def write_run(out: Path, tally: Tally, facts: Mapping[str, Any]) -> None:
    """Write OUT.run.json: versions, settings, counts, usage, cost and durations."""
    # asdict rebuilds every dict from pairs, which a Counter takes for things to count.
    counts = asdict(
        replace(tally, labels=Counter(), recommendations=Counter(), error_types=Counter())
    )
    del counts["error_types"], counts["messages"]
    counts |= {"labels": dict(tally.labels), "recommendations": dict(tally.recommendations)}
    write_json(run_path(out), {"triage_agent": version("triage-agent"), **facts, "tally": counts})


def _errors(spool: Spool, added: AbstractSet[str]) -> Iterator[Values]:
    """Yield a record for each problem of a row that ended in an error."""
    for number, values in enumerate(spool.rows(), start=1):
        for name, value in values.items():
            if value == Outcome.ERROR.value and name.endswith("_outcome"):
                problem = name.removeprefix("triage_").removesuffix("_outcome")
                yield {
                    "row": number,
                    "problem": int(problem),
                    "error": values.get(f"triage_{problem}_error"),
                    "values": {k: v for k, v in values.items() if k not in added},
                }
