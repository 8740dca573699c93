"""The OUT of a batch, read back: every row with its form and what was answered about it.

OUT is read as the batch read its input: OUT.run.json says which columns are which. Without that
record they are guessed, as a batch guesses, and the guess is compared with OUT's own verdicts.
"""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ValidationError

from triage_agent.advice import Decision
from triage_agent.batch.first_splitting import split_as_first
from triage_agent.batch.form import Form, FormReading, no_form_of, read_form
from triage_agent.batch.group import decide_business
from triage_agent.batch.input_columns import resolve_columns
from triage_agent.batch.output_columns import (
    added_columns,
    holds_texts,
    read_problems,
    row_number,
    with_texts,
)
from triage_agent.batch.profile_columns import quiz_scale
from triage_agent.batch.reviews import Reviews, reviewed, text_key
from triage_agent.batch.write_output import run_path
from triage_agent.errors import InputError
from triage_agent.files import read_bytes
from triage_agent.tables import SAMPLE_ROWS, Row, check_output, open_written, read_back
from triage_agent.types import Classification

WORD = re.compile(r"\w+")


class _Record(BaseModel):
    """The part of OUT.run.json that is read here."""

    reading: FormReading


@dataclass(frozen=True, slots=True)
class OutRow:
    """One row of OUT: its form, and the results of the form's problems."""

    values: Mapping[str, Any]
    place: int  # its row in OUT as a spreadsheet shows it, or its line in JSON Lines
    form: Form  # its number is that of the input's row, as `row_number` says
    results: list[Classification]  # as they stand in OUT; with the problems' texts if it `fits`
    fits: bool  # whether the problems of the form are those that were answered

    @property
    def has_recommendation(self) -> bool:
        """Whether the row has a recommendation (`--labels-only` makes none)."""
        return bool(self.values.get("triage_recommendation"))

    def reviewed(self, reviews: Reviews) -> list[Classification]:
        """Return the problems as they are after the answers."""
        if not self.fits:
            return self.results
        return [reviewed(row, reviews.get(text_key(row.text))) for row in self.results]

    def decide(self, results: list[Classification]) -> Decision:
        """Return the decision about a row that is a business of its own."""
        return decide_business(results, self.form.profile, self.form.quiz)


def how_to_read(out: Path) -> FormReading:
    """Return how OUT is to be read; raises `InputError` if it is not the output of a batch."""
    check_output(out)
    sample = list(islice(read_back(out), SAMPLE_ROWS))
    columns = list(dict.fromkeys(name for row in sample for name in row))
    if "triage_backend" not in columns:
        raise InputError(
            f"{out} is not the output of `triage batch`: it has no column triage_backend. "
            "Answer the forms first (triage batch FORMS -o OUT), then review OUT."
        )
    with suppress(OSError, ValidationError):
        return _Record.model_validate_json(read_bytes(run_path(out))).reading
    problems = sum(name.endswith("_outcome") for name in columns)
    ours = set(added_columns(problems, decided=True, compared=True))
    forms = [Row(number, values) for number, values in enumerate(sample)]
    known, _ = resolve_columns([name for name in columns if name not in ours], forms)
    scale, _ = quiz_scale(known, forms)
    return FormReading(quiz_scale=scale, columns=known)


def read_out(out: Path, reading: FormReading) -> Iterator[OutRow]:
    """Yield the rows of OUT; raises `InputError` for one that no batch can have written so."""
    of_json = out.suffix.casefold() == ".jsonl"
    for place, values in _placed(out):
        try:
            row = _out_row(place, values, reading, of_json=of_json)
        except InputError as error:
            raise InputError(f"{out}, row {place}: {error.message}") from error
        if reading.format is None and not _is_as_guessed(row):
            raise InputError(
                f"{run_path(out)} does not say how the forms were read, and read as the columns "
                f"suggest, row {place} leads to another recommendation. Run the batch again into "
                "this output; then review it."
            )
        yield row


def _placed(out: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield OUT's rows with their places in it."""
    if out.stat().st_size:  # an empty JSON Lines file has no rows
        for row in open_written(out).rows():
            yield row.number, row.values


def _out_row(
    place: int, values: Mapping[str, Any], reading: FormReading, *, of_json: bool
) -> OutRow:
    """Return a row of OUT with its form, for which the cells must be as the batch saw them.

    A list in JSON has become text in another format, and is a list again where that fits. The
    first version wrote no texts of problems; they are those of the form then.
    """
    number = row_number(values, place)
    results, has_texts = read_problems(values, number), holds_texts(values)
    ways: list[Mapping[str, Any]] = [values]
    if not of_json and reading.format in {None, "json", "jsonl"}:
        ways.insert(0, _with_lists(values, reading.columns.problems))
    if has_texts:
        no_form = no_form_of(values.get("triage_notes"))
        form = read_form(Row(number, dict(ways[0]), no_form=no_form), reading)
        return OutRow(values, place, form, results, _stand_in(form, results))
    forms = [read_form(Row(number, dict(way)), reading, split_as_first) for way in ways]
    form = next((form for form in forms if len(form.problems) == len(results)), forms[0])
    fits = len(form.problems) == len(results)
    return OutRow(values, place, form, with_texts(results, form.texts), fits)


def _stand_in(form: Form, results: list[Classification]) -> bool:
    """Return whether the words of the answered problems are still those of the form.

    They may have been taken apart in another way than is possible here, so words are compared.
    """
    there = {word for text in form.texts for word in WORD.findall(text)}
    answered = {word for row in results for word in WORD.findall(row.text)}
    return answered <= there and bool(results) == bool(form.problems)


def _with_lists(values: Mapping[str, Any], columns: tuple[str, ...]) -> dict[str, Any]:
    """Return a row in which cells of these columns that hold JSON are what they say."""
    changed = dict(values)
    for column in columns:
        cell = values.get(column)
        if isinstance(cell, str) and cell[:1] in {"[", "{"}:
            with suppress(ValueError, RecursionError):
                changed[column] = json.loads(cell)
    return changed


def _is_as_guessed(row: OutRow) -> bool:
    """Return whether a row, read by guess, leads to the recommendation that stands in it."""
    if not row.has_recommendation or not row.fits:
        return True
    verdict = row.decide(row.results).verdict
    stands = (row.values["triage_recommendation"], row.values.get("triage_rule"))
    return stands == (verdict.recommendation.value, verdict.rule.value)
