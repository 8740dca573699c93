"""A person's answers go into the OUT of a batch, and its recommendations are made anew."""

import json
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from triage_agent.batch.doubts import Line, Reading, read_lines
from triage_agent.batch.outputs import errors_path
from triage_agent.batch.result_columns import flat_decision
from triage_agent.batch.review_answers import Reviews, answered_fields
from triage_agent.batch.run import Group
from triage_agent.files import write_json_lines
from triage_agent.tables import open_sheet, read_back
from triage_agent.types import Classification


@dataclass(frozen=True, slots=True)
class Settled:
    """What the answers changed in OUT."""

    problems: int = 0
    rows: int = 0
    recommendations: int = 0  # businesses that got another one


@dataclass(slots=True)
class _Changes:
    """What the answers will change, known before a row is written; rows count from 1."""

    problems: set[tuple[int, int]] = field(default_factory=set)  # (row, problem)
    rows: set[int] = field(default_factory=set)
    groups: dict[str, Group] = field(default_factory=dict)
    touched: set[str] = field(default_factory=set)  # groups in which a problem changes


def settle(out: Path, reading: Reading, reviews: Reviews) -> Settled:
    """Write the answers into OUT and return what changed; all other cells stay as they are.

    OUT is replaced completely or not at all, and is left alone if nothing changes.
    """
    changes = _changes(out, reading, reviews)
    if not changes.problems:
        return Settled()
    decisions = {name: changes.groups[name].columns() for name in changes.touched}
    moved: set[str | int] = set()
    # A row of JSON Lines keeps its own keys in their own order.
    columns = () if out.suffix.casefold() == ".jsonl" else tuple(next(read_back(out)))
    with open_sheet(out, columns) as sheet:
        for place, line in enumerate(read_lines(out, reading), start=1):
            new = _new_fields(line, reviews)
            group = line.form.group
            if line.decided and group in changes.touched:
                new |= decisions[group]
            elif line.decided and group is None and place in changes.rows:
                new |= flat_decision(line.decide(line.answered(reviews)))
            name = "triage_recommendation"
            if new.get(name, line.values.get(name)) != line.values.get(name):
                moved.add(place if group is None else group)
            # A column that the user has deleted stays so.
            kept = {name: value for name, value in new.items() if name in line.values}
            sheet.write({**line.values, **kept})
    _drop_errors(out, changes.problems)
    return Settled(len(changes.problems), len(changes.rows), len(moved))


def _changes(out: Path, reading: Reading, reviews: Reviews) -> _Changes:
    """Return what the answers will change in OUT."""
    changes = _Changes()
    for place, line in enumerate(read_lines(out, reading), start=1):
        found, group = line.answered(reviews), line.form.group
        if line.decided and group is not None:
            changes.groups.setdefault(group, Group(line.form)).add(line.form, found, whole=False)
        changed = [number for number, _ in _answered(line, found)]
        if changed:
            changes.problems.update((place, number) for number in changed)
            changes.rows.add(place)
            changes.touched |= {group} if group is not None else set()
    return changes


def _new_fields(line: Line, reviews: Reviews) -> dict[str, Any]:
    """Return the columns of a row's problems that the answers change."""
    new: dict[str, Any] = {}
    for number, row in _answered(line, line.answered(reviews)):
        new |= answered_fields(number, row)
    return new


def _answered(line: Line, found: list[Classification]) -> Iterator[tuple[int, Classification]]:
    """Yield the problems of a row that an answer changes, with their numbers."""
    for number, (before, after) in enumerate(zip(line.found, found, strict=True), start=1):
        if after != before:
            yield number, after


def _drop_errors(out: Path, settled: set[tuple[int, int]]) -> None:
    """Remove from OUT.errors.jsonl the problems that a person has answered."""
    path = errors_path(out)
    with suppress(OSError, ValueError, KeyError, TypeError):  # not there, or not ours any more
        records = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]
        left = [one for one in records if (one["row"], one["problem"]) not in settled]
        if len(left) < len(records):
            write_json_lines(path, left) if left else path.unlink()
