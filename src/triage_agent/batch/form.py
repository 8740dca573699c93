"""A row becomes a form: one business, its problems and its profile."""

import math
import re
from dataclasses import dataclass

from triage_agent.advice import Profile, QuizResult, load_quiz, score
from triage_agent.batch.input_columns import Columns, quiz_points
from triage_agent.errors import InputError
from triage_agent.files import Strict, replace_surrogates
from triage_agent.intake import (
    MARKER,
    UNKNOWN_REVENUE,
    UNKNOWN_WORDS,
    Revenue,
    parse_revenue,
)
from triage_agent.tables import Row, Value

NOTHING = {"n/a", "na", "none", "nil", "null", "nothing", "-", "--", "–", "—", "."}
REVENUE_LENGTH = 200  # characters; longer is a story, and no amount
# "1. Leads get lost 2. Stock is wrong", as people write into a one-line field.
INLINE_NUMBER = re.compile(r"(?:^|(?<=\s))\(?(\d{1,2})[.)]\s+(?=\S)")
INLINE_BULLET = re.compile(r"(?:^|\s+)[•‣◦]\s*(?=\S)")
YES = re.compile(
    r"(?:yes|y|yep|yeah|true|t|1|x|✓|✔|☑|checked|on|ja|si|sí|oui)(?:$|\s*[,.;:!(–—-])"
    r"|(?:we|i) (?:do|are)\b(?! not)|we sell\b|we(?:'re| are) building\b|building (?:it|one)\b"
)
NO = re.compile(
    r"(?:no|n|nope|false|f|0|☐|unchecked|off|nein|non)(?:$|\s*[,.;:!(–—-])"
    r"|(?:we|i) (?:do not|don['’]t|are not|aren['’]t)\b"
)
NO_ANSWER = {"unknown", "not sure", "don't know", "don’t know", "?", "prefer not to say"} | NOTHING


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
    profile = Profile(
        _revenue(_cell(row, columns.revenue), columns.revenue, reading.usd_rate, complaints),
        _sells(_cell(row, columns.sells_software), columns.sells_software, complaints),
    )
    return Form(
        number=row.number,
        id=_short(_cell(row, columns.id)) or str(row.number),
        problems=tuple(problems),
        profile=profile,
        quiz=_quiz(row, columns, complaints),
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


def _revenue(
    cell: Value, column: str | None, usd_rate: float | None, complaints: list[str]
) -> Revenue:
    """Return the yearly revenue; unknown, with a complaint, if it cannot be read."""
    if isinstance(cell, float) and math.isfinite(cell):
        cell = f"{cell:.2f}".removesuffix(".00")
    text = _short(cell)
    if not text and cell in (None, ""):
        return UNKNOWN_REVENUE
    try:
        if not text or isinstance(cell, bool) or len(text) > REVENUE_LENGTH:
            raise InputError("It is not an amount.")
        revenue = parse_revenue(text, usd_rate)
    except InputError as error:
        complaints.append(f"{column!r}: {error.message} The revenue counts as unknown.")
        return UNKNOWN_REVENUE
    if revenue.why_unknown and text.casefold().strip(".") not in UNKNOWN_WORDS:
        complaints.append(f"{column!r}: {revenue.why_unknown}.")
    return revenue


def _sells(cell: Value, column: str | None, complaints: list[str]) -> bool | None:
    """Return whether the business sells software; None, with a complaint, for other words."""
    if isinstance(cell, bool):
        return cell
    text = " ".join(_short(cell).casefold().split())
    if (not text and cell in (None, "")) or text in NO_ANSWER:
        return None
    if NO.match(text):
        return False
    if YES.match(text):
        return True
    shown = text if len(text) <= 40 else text[:40] + "…"
    complaints.append(f"{column!r} says {shown!r}, neither yes nor no: it counts as unknown.")
    return None


def _quiz(row: Row, columns: Columns, complaints: list[str]) -> QuizResult | None:
    """Return the result of all eight answers, else None; a partial quiz is a complaint."""
    questions = load_quiz().questions
    answers: dict[str, int] = {}
    unread: list[str] = []
    for question in questions:
        cell = _cell(row, columns.quiz.get(question.id))
        points = quiz_points(question, cell)
        if points is not None:
            answers[question.id] = points
        elif cell not in (None, ""):
            unread.append(question.id)
    if len(answers) == len(questions):
        return score(answers)
    if unread:
        complaints.append(
            f"The quiz answers for {', '.join(unread)} are neither 0 to 3 nor an answer's words."
        )
    if answers or unread:
        complaints.append(f"Only {len(answers)} of {len(questions)} quiz answers: it is not taken.")
    return None
