"""A row becomes a form: one business, its problems and its profile."""

import re
from dataclasses import dataclass

from triage_agent.advice import Profile, QuizResult
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.profile_columns import QuizScale, quiz_of, revenue_of, sells_of
from triage_agent.files import Strict, replace_surrogates
from triage_agent.intake import MARKER
from triage_agent.tables import Row, Value

NOTHING = {"n/a", "na", "none", "nil", "null", "nothing", "-", "--", "–", "—", "."}
# "1. Leads get lost 2. Stock is wrong", as people write into a one-line field.
INLINE_NUMBER = re.compile(r"(?:^|(?<=\s))\(?(\d{1,2})[.)]\s+(?=\S)")
INLINE_BULLET = re.compile(r"(?:^|\s+)[•‣◦]\s*(?=\S)")


@dataclass(frozen=True, slots=True)
class Form:
    """What one row says: a business, its problems in their order, and what could not be read."""

    number: int  # of the row, as in `Row`
    id: str  # the row's own, else its number
    problems: tuple[str, ...]
    profile: Profile
    quiz: QuizResult | None  # None: not taken, or not completely
    group: str | None  # the business that `Columns.group_by` names; None: none is named
    complaints: tuple[str, ...]


class FormReading(Strict):
    """How the rows of a table are read as forms; OUT.run.json holds it under `reading`."""

    format: str | None = None  # of the table, a key of `FORMATS`; None: not known
    split: bool = True  # a numbered or bulleted list in one cell is several problems
    usd_rate: float | None = None  # USD that one unit of another currency buys
    quiz_scale: QuizScale = "0-3"  # of quiz answers that are numbers
    columns: Columns


def read_form(row: Row, reading: FormReading) -> Form:
    """Return the form of a row; what cannot be read is a complaint, never an error."""
    columns = reading.columns
    complaints = [f"The row {row.complaint}."] if row.complaint else []
    problems: list[str] = []
    for column in columns.problems:
        for text in _texts(row.values.get(column)):
            if text.casefold() in NOTHING:
                complaints.append(f"{column!r} says {text!r}, which is taken as empty.")
            elif text:
                problems += split_list(text) if reading.split else [text]
    revenue, sells = _cell(row, columns.revenue), _cell(row, columns.sells_software)
    profile = Profile(
        revenue_of(revenue, _short(revenue), columns.revenue, reading.usd_rate, complaints),
        sells_of(sells, _short(sells), columns.sells_software, complaints),
    )
    return Form(
        number=row.number,
        id=_short(_cell(row, columns.id)) or str(row.number),
        problems=tuple(problems),
        profile=profile,
        quiz=quiz_of(row, columns, reading.quiz_scale, complaints),
        group=_short(_cell(row, columns.group_by)) or None,
        complaints=tuple(complaints),
    )


def split_list(text: str) -> list[str]:
    r"""Return the items of a numbered or bulleted list, or the text as the only one.

    The list may follow a heading that ends with a colon. Unlike pasted text (`intake`), plain
    lines and paragraphs stay one problem: a cell is one answer.

    >>> split_list("My problems:\n1. Leads get lost\n   daily\n2) Stock is wrong")
    ['Leads get lost daily', 'Stock is wrong']
    >>> split_list("1. Leads get lost 2. Stock is wrong"), split_list("Leads get lost.\n\nDaily.")
    (['Leads get lost', 'Stock is wrong'], ['Leads get lost.\n\nDaily.'])
    """
    lines = [
        line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()
    ]
    if len(lines) > 1 and lines[0].rstrip().endswith(":") and _marks(lines[1]):
        lines = lines[1:]
    if not lines or not _marks(lines[0]):
        return [text]
    if len(lines) == 1:
        return _inline(lines[0])
    items: list[str] = []
    for line in lines:
        if _marks(line):
            items.append(MARKER.sub("", line).strip())
        else:
            items[-1] = f"{items[-1]} {line.strip()}"
    return items


def _marks(line: str) -> bool:
    """Return whether a line begins an item of a list."""
    return MARKER.match(line) is not None or INLINE_BULLET.match(line) is not None


def _inline(line: str) -> list[str]:
    """Return the items of a list on one line: numbers that count up from 1, or bullets."""
    starts: list[tuple[int, int]] = []
    for found in INLINE_NUMBER.finditer(line.strip()):
        if int(found.group(1)) == len(starts) + 1:
            starts.append(found.span())
    line = line.strip()
    if len(starts) > 1 and starts[0][0] == 0:
        ends = [start for start, _ in starts[1:]] + [len(line)]
        pieces = [line[begin:end] for (_, begin), end in zip(starts, ends, strict=True)]
    elif INLINE_BULLET.match(line):
        pieces = INLINE_BULLET.split(line)
    else:
        pieces = [MARKER.sub("", line)]
    return [piece.strip() for piece in pieces if piece.strip()] or [line]


def _texts(cell: Value) -> list[str]:
    """Return the texts of a problem cell; JSON may hold several in an array."""
    if cell is None:
        return []
    if isinstance(cell, list):
        return [text for inner in cell for text in _texts(inner)]
    if isinstance(cell, dict):
        return _texts(cell.get("text"))
    return [replace_surrogates(str(cell)).strip()]


def _cell(row: Row, column: str | None) -> Value:
    """Return the row's cell in a column that may not exist."""
    return row.values.get(column) if column is not None else None


def _short(cell: Value) -> str:
    """Return an id or a company as text; 7.0 is 7, as Excel shows it."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return replace_surrogates(str(cell)).strip() if isinstance(cell, str | int | float) else ""
