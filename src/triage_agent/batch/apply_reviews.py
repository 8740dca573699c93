"""A person's answers go into the OUT of a batch, and its recommendations are made anew."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triage_agent.batch.form import FormReading
from triage_agent.batch.front_sheet import front_sheet
from triage_agent.batch.group import Group
from triage_agent.batch.output_columns import ROW, flat_decision
from triage_agent.batch.output_lock import held
from triage_agent.batch.pages import page_key
from triage_agent.batch.read_output import OutRow, read_out
from triage_agent.batch.reviews import Reviews, reviewed_fields, reviews_path
from triage_agent.batch.write_output import errors_path
from triage_agent.errors import TriageError
from triage_agent.files import LARGEST_RECORD, read_bytes, write_json_lines
from triage_agent.tables import open_sheet, open_written
from triage_agent.types import Classification


@dataclass(frozen=True, slots=True)
class Applied:
    """What the answers changed in OUT."""

    problems: int = 0
    rows: int = 0
    recommendations: int = 0  # businesses that got another one
    businesses: tuple[str, ...] = ()  # whose pages no longer hold, as `page_key` names them


@dataclass(slots=True)
class _Changes:
    """What the answers will change, known before a row is written."""

    problems: set[tuple[int, int]] = field(default_factory=set)  # (row as errors name it, problem)
    rows: set[int] = field(default_factory=set)  # by their places in OUT
    businesses: dict[str, None] = field(default_factory=dict)  # as `page_key` names them
    most_problems: int = 0  # in one row
    groups: dict[str, Group] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)  # groups in which a problem changes


def apply_to_out(out: Path, reading: FormReading, reviews: Reviews) -> Applied:
    """Write the answers into OUT and return what changed; all other cells stay as they are.

    OUT is replaced completely or not at all, and is left alone if nothing changes. An error also
    says that the answers are recorded, and how they get into OUT.
    """
    try:
        with held(out):
            return _apply(out, reading, reviews)
    except TriageError as error:
        error.message += (
            f" The answers are kept in {reviews_path(out).name}; "
            f"`triage review {out} --apply` writes them into {out.name}."
        )
        raise


def _apply(out: Path, reading: FormReading, reviews: Reviews) -> Applied:
    """Write the answers into OUT and return what changed."""
    changes = _changes(out, reading, reviews)
    if not changes.problems:
        return Applied()
    decisions = {name: changes.groups[name].columns() for name in changes.touched}
    moved: set[str | int] = set()
    # A row of JSON Lines keeps its own keys in their own order.
    is_table = out.suffix.casefold() != ".jsonl"
    table = open_written(out)
    columns = table.columns if is_table else ()
    front = front_sheet(columns, changes.most_problems, reading)
    with open_sheet(out, columns, table.titles, table.extra_header, front) as sheet:
        for row in read_out(out, reading):
            new: dict[str, Any] = {}
            for number, result in _changed(row, row.reviewed(reviews)):
                new |= reviewed_fields(number, result)
            group = row.form.business
            if row.has_recommendation and group in changes.touched:
                new |= decisions[group]
            elif row.has_recommendation and group is None and row.place in changes.rows:
                new |= flat_decision(row.decide(row.reviewed(reviews)))
            name = "triage_recommendation"
            if new.get(name, row.values.get(name)) != row.values.get(name):
                moved.add(row.place if group is None else group)
            # A column that the user has deleted stays so.
            there = {name: value for name, value in new.items() if name in row.values}
            sheet.write({**row.values, **there}, row.place if is_table else 0)
    _drop_errors(out, changes.problems)
    counts = len(changes.problems), len(changes.rows), len(moved)
    return Applied(*counts, tuple(changes.businesses))


def _changes(out: Path, reading: FormReading, reviews: Reviews) -> _Changes:
    """Return what the answers will change in OUT."""
    changes = _Changes()
    for count, row in enumerate(read_out(out, reading), start=1):
        results, group = row.reviewed(reviews), row.form.business
        changes.most_problems = max(changes.most_problems, len(results))
        if row.has_recommendation and group is not None:
            changes.groups.setdefault(group, Group(row.form)).add(row.form, results)
        changed = [number for number, _ in _changed(row, results)]
        if changed:
            # The errors file of earlier versions, which wrote no numbers, counts the rows.
            named = row.form.number if ROW in row.values else count
            changes.problems.update((named, number) for number in changed)
            changes.rows.add(row.place)
            changes.businesses[page_key(row.form)] = None
            changes.touched |= {group} if group is not None else set()
    return changes


def _changed(row: OutRow, results: list[Classification]) -> Iterator[tuple[int, Classification]]:
    """Yield the problems of a row that an answer changes, with their numbers."""
    for number, (before, after) in enumerate(zip(row.results, results, strict=True), start=1):
        if after != before:
            yield number, after


def _drop_errors(out: Path, decided: set[tuple[int, int]]) -> None:
    """Remove from OUT.errors.jsonl the problems that a person has answered."""
    path = errors_path(out)
    # Not there, or not ours any more.
    with suppress(OSError, ValueError, KeyError, TypeError, RecursionError):
        lines = read_bytes(path, LARGEST_RECORD).decode().splitlines()
        records = [json.loads(line) for line in lines]
        left = [one for one in records if (one["row"], one["problem"]) not in decided]
        if len(left) < len(records):
            write_json_lines(path, left) if left else path.unlink()
