"""Last month's answers: what is unchanged is taken over, and changed recommendations are listed.

The earlier OUT is only read. Its rows are found again by the id column, else by the business's
name, else by the texts of their problems; within a row, a problem is the same if its text is. An
id that only counts the rows is none, and neither is one that another company has now.
"""

import json
import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from triage_agent.advice import Decision, Recommendation
from triage_agent.batch.company_columns import company_column
from triage_agent.batch.form import FormReading
from triage_agent.batch.output_columns import flat_problem, read_problem
from triage_agent.batch.read_output import how_to_read, read_out
from triage_agent.batch.reviews import text_key
from triage_agent.batch.row_keys import name_key, only_counts_rows
from triage_agent.batch.write_output import run_path
from triage_agent.errors import InputError
from triage_agent.files import read_bytes
from triage_agent.intake import counted
from triage_agent.reports import recommendation_words
from triage_agent.types import Classification, DecidedBy, Outcome

# What of OUT.run.json makes an answer another one; the embedded model's name holds its weights.
MADE_BY = (
    "backend", "model", "prompt", "threshold", "review_below", "prior", "cascade_threshold",
    "calibration",
)  # fmt: skip
LISTED = 20  # businesses whose change is said; all of them stand in OUT


@dataclass(frozen=True, slots=True)
class Change:
    """A business whose recommendation is another one than in the earlier OUT."""

    name: str
    before: Recommendation
    after: Recommendation


class Previous:
    """An earlier OUT, as far as it tells what need not be answered again.

    It is held in a temporary file, so memory does not grow with its rows.
    """

    def __init__(
        self,
        out: Path,
        reading: FormReading,
        made_by: Mapping[str, Any],
        columns: Sequence[str] | None = None,
        *,
        trusts_id: bool = False,
    ) -> None:
        """Read an earlier OUT.

        Args:
            out: The earlier OUT.
            reading: How the new table is read; says by which column rows are found again.
            made_by: What the new run's record says about who answers; with other settings, only
                a person's answers are taken over.
            columns: Those of the new table; None: they are the same.
            trusts_id: The user named the column of the ids, which then count even if they seem
                to be numbers of rows.

        Raises:
            InputError: The file is not the output of a batch, or lacks the column by which rows
                are found.
        """
        self.name = out.name
        record = _record(out)
        self.differs = {
            name: (record.get(name), made_by.get(name))
            for name in MADE_BY
            if record and record.get(name) != made_by.get(name)
        }
        self._has_record = bool(record)
        self.taken_over = 0  # problems
        self.changes: list[Change] = []
        self.new, self.new_names = 0, list[str]()  # businesses, and the first of their names
        self._store = sqlite3.connect("")  # a temporary file, which SQLite removes
        self._store.execute(
            "create table answers (row text, text text, cells text, primary key (row, text))"
        )
        self._store.execute(
            "create table verdicts (row text primary key, recommendation text, seen integer)"
        )
        earlier = how_to_read(out)
        rows = read_out(out, earlier)
        first = next(rows, None)
        found = list(first.values) if first else []
        there = [name for name in found if columns is None or name in columns]
        company = reading.columns.company
        by_name = company if company in there else company_column(there)
        self._company = None if reading.columns.group_by else by_name
        counts_rows = (
            not trusts_id
            and reading.columns.group_by is None
            and reading.columns.id in found
            and only_counts_rows(
                row.values.get(reading.columns.id) for row in read_out(out, earlier)
            )
        )
        self.found_by, self._column = _found_by(
            reading, found, self._company, self.name, counts_rows=counts_rows
        )
        self._groups = reading.columns.group_by is not None
        for row in chain([first] if first else [], rows):
            key = self._key(row.values)
            if recommendation := row.values.get("triage_recommendation"):
                keys = [key] if key else [text_key(one.text) for one in row.results]
                self._store.executemany(
                    "insert or ignore into verdicts values (?, ?, 0)",
                    [(one, recommendation) for one in keys],
                )
            if row.fits:
                self._store.executemany(
                    "insert or replace into answers values (?, ?, ?)",
                    [
                        (key, text_key(one.text), json.dumps(_cells(one)))
                        for one in row.results
                        if self._counts(one)
                    ],
                )

    def close(self) -> None:
        """Remove the temporary file."""
        self._store.close()

    def answers(
        self, values: Mapping[str, Any], texts: Sequence[str]
    ) -> list[Classification | None]:
        """Return the earlier answer to each problem of a row; None: it is new or changed."""
        found = self.found(values, texts)
        self.taken_over += sum(one is not None for one in found)
        return found

    def found(self, values: Mapping[str, Any], texts: Sequence[str]) -> list[Classification | None]:
        """Return what `answers` does, and count nothing."""
        key = self._key(values)
        return [self._answer(key, text) for text in texts]

    def compare(
        self, name: str, values: Mapping[str, Any], texts: Sequence[str], decision: Decision
    ) -> str | None:
        """Return the earlier recommendation if it was another one, and note the change."""
        key, after = self._key(values), decision.recommendation.value
        for one in [key] if key else map(text_key, texts):
            found = self._store.execute(
                "select recommendation from verdicts where row = ?", (one,)
            ).fetchone()
            if found is None:
                continue
            self._store.execute("update verdicts set seen = 1 where row = ?", (one,))
            if found[0] == after:
                return None
            self.changes.append(Change(name, Recommendation(found[0]), decision.recommendation))
            return str(found[0])
        if key:  # else only its texts could have told
            self.new += 1
            self.new_names += [name] if len(self.new_names) < LISTED else []
        return None

    def notes(self) -> Iterator[str]:
        """Yield sentences about how the earlier OUT is used, before anything is answered."""
        yield f"A business of this table and one of {self.name} are the same if {self.found_by}."
        if self.differs:
            name, (before, after) = next(iter(self.differs.items()))
            yield (
                f"{self.name} was answered with another {name.replace('_', ' ')} "
                f"({_said(before)}, now {_said(after)}), so everything is answered again; "
                "only what a person decided is taken over."
            )
        elif not self._has_record:
            yield (
                f"{run_path(Path(self.name))} is not beside it, so nothing says which model "
                "answered: everything is answered again; only what a person decided is taken over."
            )

    def results(self, problems: int) -> Iterator[str]:
        """Yield sentences about what became of the earlier answers to `problems` problems."""
        them = counted(problems, "problem is", "problems are")
        yield f"{self.taken_over:,} of {them} answered as in {self.name}"
        if self.new:
            new = counted(self.new, "business is new", "businesses are new")
            more = f" and {self.new - LISTED} more" if self.new > LISTED else ""
            yield f"{new}: {', '.join(self.new_names)}{more}"
        gone = self._store.execute("select count(*) from verdicts where seen = 0").fetchone()[0]
        if self._column and gone:
            of_it = f"of {self.name}"
            yield counted(
                gone,
                f"business {of_it} is not in this table",
                f"businesses {of_it} are not in this table",
            )
        yield (
            f"the recommendation changed for {counted(len(self.changes), 'business', 'businesses')}"
            + (":" if self.changes else "")
        )
        for change in self.changes[:LISTED]:
            before, after = map(recommendation_words, (change.before, change.after))
            yield f"  {change.name}: before, {before}; now, {after}"
        if len(self.changes) > LISTED:
            yield (
                f"  and {len(self.changes) - LISTED} more; "
                "all are in the column triage_previous_recommendation"
            )

    def _key(self, values: Mapping[str, Any]) -> str:
        """Return what a row is found by; empty: the texts of its problems."""
        if self._column is None:
            return ""
        key = name_key(values.get(self._column))
        company = self._company_of(values)
        if self._column == self._company or not company or not key:
            return key
        # The same id of another company is another row.
        return f"{key}\n{company}"

    def _company_of(self, values: Mapping[str, Any]) -> str:
        """Return the company of a row in one way to write it; empty: none is known."""
        return name_key(values.get(self._company)) if self._company else ""

    def _answer(self, key: str, text: str) -> Classification | None:
        """Return the earlier answer to one text of a row."""
        if self._column and not key:  # a business without a name is not the others without one
            return None
        found = self._store.execute(
            "select cells from answers where row = ? and text = ?", (key, text_key(text))
        ).fetchone()
        return read_problem(json.loads(found[0]), 1) if found else None

    def _counts(self, row: Classification) -> bool:
        """Return whether an answer may stand in the new OUT."""
        if row.outcome is Outcome.ERROR:
            return False
        return row.decided_by is DecidedBy.PERSON or (self._has_record and not self.differs)


def _found_by(
    reading: FormReading,
    columns: Sequence[str],
    company: str | None,
    name: str,
    *,
    counts_rows: bool,
) -> tuple[str, str | None]:
    """Return in words when rows are of one business, and by which column; None: by their texts."""
    known = reading.columns
    why = f" ({known.id!r} only counts the rows)" if counts_rows else ""
    if known.group_by:
        column = known.group_by
    elif known.id and not counts_rows:
        column = known.id
    elif company is None:
        return f"a problem has the same text{why}", None
    else:
        column = company
    if column not in columns:
        raise InputError(
            f"{name} has no column {column!r}, by which its rows would be found again. "
            "Name a column that both tables have with --id-column."
        )
    return f"{column!r} is the same{why}", column


def _record(out: Path) -> dict[str, Any]:
    """Return the record of the earlier run; empty if there is none that can be read."""
    with suppress(OSError, ValueError, RecursionError):
        found = json.loads(read_bytes(run_path(out)))
        if isinstance(found, dict):
            return found
    return {}


def _cells(row: Classification) -> dict[str, Any]:
    """Return one answer as the columns of a first problem, with what the row says of all."""
    return flat_problem(1, row) | {
        "triage_backend": row.backend,
        "triage_model": row.model,
        "triage_prompt": row.prompt,
    }


def _said(value: object) -> str:
    """Return a setting in words."""
    return "none" if value is None else str(value)
