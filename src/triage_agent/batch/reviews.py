"""A person's answers about problems: OUT.reviews.jsonl, one per line; the last one wins.

An answer belongs to the problem's text, by its hash; so it outlives a re-run, and a text that
changed is asked about anew.
"""

import hashlib
import json
import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, BinaryIO, Literal, Self

from pydantic import Field, ValidationError, model_validator

from triage_agent.batch.output_columns import (
    REVIEWED_FIELDS,
    ROW,
    flat_problem,
    has_error,
    holds_texts,
    read_problems,
    with_texts,
)
from triage_agent.classify import decided_by_person
from triage_agent.errors import InputError, SettingsError
from triage_agent.files import LARGEST_RECORD, Strict, beside, explain, json_line, read_bytes
from triage_agent.types import Abstention, Classification, DecidedBy, Label, Outcome

RARE = ("abstained_because", "withdrawn")  # what a record holds only where it says something
KEY_LENGTH = 16_000  # characters; every format's cell holds that many, and no model reads more


class Review(Strict):
    """One answer; `outcome` None: only a note, the problem stays open."""

    schema_version: Literal[1] = 1
    row: int = Field(ge=1)  # the number of its row that day, as `row_number` says
    problem: int = Field(ge=1)
    id: str
    text_sha256: str
    label: Label | None  # None: no label is right
    outcome: Outcome | None
    note: str = ""
    at: str  # ISO 8601, UTC
    abstained_because: Abstention | None = None  # without a label; None: out of scope
    withdrawn: bool = False  # an earlier answer is taken back; the problem is open again

    @model_validator(mode="after")
    def _is_an_answer(self) -> Self:
        if self.outcome is Outcome.ERROR:
            raise ValueError("an error is not an answer")
        if (self.label is not None) != (self.outcome is Outcome.CLASSIFIED):
            raise ValueError("a label goes with the outcome classified, and only with that")
        if self.withdrawn and self.outcome is not None:
            raise ValueError("what takes an answer back gives none")
        return self


Reviews = Mapping[str, Review]  # by `text_key`


def reviews_path(out: Path) -> Path:
    """Return where the answers about OUT stand."""
    return beside(out, ".reviews.jsonl")


def text_key(text: str) -> str:
    r"""Return what a text is recognised by: the SHA-256 of its first 16,000 characters.

    >>> text_key("Stock is wrong")[:8], text_key("a\0") == text_key("a\ufffd")
    ('26e555d5', True)
    """
    # A CSV cell cannot hold NUL; there it has become the replacement character.
    seen = text[:KEY_LENGTH].replace("\0", "\ufffd")
    return hashlib.sha256(seen.encode("utf-8", "replace")).hexdigest()


def load_reviews(path: Path) -> dict[str, Review]:
    """Return the last answer about each text; empty if the file does not exist.

    A last line that a killed program left unfinished counts as not written. Raises `InputError`
    for any other line that is not an answer, naming it.
    """
    try:
        lines = read_bytes(path, LARGEST_RECORD).splitlines(keepends=True)
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}.") from error
    reviews: dict[str, Review] = {}
    for number, line in enumerate(lines, start=1):
        if not line.strip() or (number == len(lines) and _is_torn(line)):
            continue
        try:
            review = Review.model_validate_json(line)
        except ValidationError as error:
            raise InputError(
                f"{path}, line {number} is not an answer of `triage review`: {explain(error)}. "
                "Correct the line or remove it; the other lines stay."
            ) from error
        before = reviews.get(review.text_sha256)
        if review.outcome is None and before is not None and not review.withdrawn:
            review = before.model_copy(update={"note": review.note})
        reviews[review.text_sha256] = review
    return reviews


def append_review(path: Path, review: Review) -> None:
    """Put one answer at the file's end, and on the disk, before anything else happens."""
    try:
        with path.open("a+b") as file:
            _mend_end(file)
            values = review.model_dump(mode="json")
            for name in RARE:
                if not values[name]:
                    del values[name]
            file.write(json_line(values).encode())
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise SettingsError(
            f"The answer cannot be written to {path}: {error.strerror or error}. "
            "Those before it are kept. Check the folder, its rights and its space."
        ) from error


def reviewed(row: Classification, review: Review | None) -> Classification:
    """Return a problem's result as a person decided it; unchanged without an answer.

    The model's rationale stays only with the model's label; else the note takes its place.
    """
    if review is None or review.outcome is None:
        return row
    said = decided_by_person(row, review.label, review.note)
    if said.label:
        return said
    return replace(said, abstained_because=review.abstained_because or Abstention.NEITHER)


def taken_over(
    values: Mapping[str, Any], row: int, texts: Sequence[str], reviews: Reviews
) -> dict[str, Any] | None:
    """Return a written row with a person's answers about its problems.

    None: a problem of it ended in an error, or its problems are not known: the first version wrote
    no texts, and if they are as many they are `texts`.
    """
    changed, before = {**values, ROW: row}, read_problems(values, row)
    if not holds_texts(values):
        if len(before) != len(texts):
            return None
        before = with_texts(before, texts)
    for number, one in enumerate(before, start=1):
        after = reviewed(one, reviews.get(text_key(one.text)))
        changed[f"triage_{number}_text"] = one.text
        changed |= reviewed_fields(number, after) if after != one else {}
    return None if has_error(changed) else changed


def reviewed_fields(number: int, row: Classification) -> dict[str, Any]:
    """Return those of a problem's columns that an answer can change."""
    cells = flat_problem(number, row)
    names = (f"triage_{number}_{field}" for field in REVIEWED_FIELDS)
    return {name: cells[name] for name in names}


def needs_person(row: Classification) -> bool:
    """Return whether a person should look at a problem: it needs review, or has no label."""
    return row.needs_review or (row.label is None and row.decided_by is not DecidedBy.PERSON)


def worth(row: Classification, *, provisional: bool) -> tuple[int, float]:
    """Return what problems that need a person are sorted by: small is valuable.

    First what could change a recommendation; then the least probable. An error comes last: asking
    the model again costs less than a person's time.
    """
    rank = 0 if provisional else 2 if row.outcome is Outcome.ERROR else 1
    return rank, -1.0 if row.probability is None else row.probability


def _is_torn(line: bytes) -> bool:
    """Return whether a file's last line was not written to its end."""
    if line.endswith(b"\n"):
        return False
    try:
        json.loads(line)
    except (ValueError, RecursionError):
        return True
    return False


def _mend_end(file: BinaryIO) -> None:
    """Remove an unfinished last line, and end one that only lacks its line end."""
    file.seek(0)
    last = b""
    for last in file:  # noqa: B007  (the last one is what is wanted)
        pass
    if _is_torn(last) and last:
        file.truncate(file.tell() - len(last))
    elif last and not last.endswith(b"\n"):
        file.write(b"\n")
