"""A row becomes a form: one business, its problems and its profile."""

import math
import re
from dataclasses import dataclass, replace

from triage_agent.advice import Profile, QuizResult, load_quiz, score
from triage_agent.batch.input_columns import Columns, quiz_points
from triage_agent.errors import InputError
from triage_agent.files import Strict, replace_surrogates
from triage_agent.intake import (
    UNKNOWN_REVENUE,
    UNKNOWN_WORDS,
    Revenue,
    Splitter,
    holds_several,
    parse_revenue,
    read_text,
    split_problems,
)
from triage_agent.privacy import mask, one_line
from triage_agent.tables import Row, Value
from triage_agent.types import Problem, Source

NOTHING = {"n/a", "na", "none", "nil", "null", "nothing", "-", "--", "–", "—", "."}
MAX_PROBLEMS = 5  # of one form
REVENUE_LENGTH = 200  # characters; longer is a story, and no amount
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
    problems: tuple[Problem, ...]
    profile: Profile
    quiz: QuizResult | None  # None: not taken, or not completely
    group: str | None  # the business that `Columns.group_by` names; None: none is named
    complaints: tuple[str, ...]

    @property
    def texts(self) -> tuple[str, ...]:
        """The texts of the problems."""
        return tuple(problem.text for problem in self.problems)


class FormReading(Strict):
    """How the rows of a table are read as forms; OUT.run.json holds it under `reading`."""

    format: str | None = None  # of the table, a key of `FORMATS`; None: not known
    split: bool = True  # a cell may hold several problems
    max_problems: int | None = None  # of a form, if cells are split; None: any number
    usd_rate: float | None = None  # USD that one unit of another currency buys
    columns: Columns

    @property
    def slots(self) -> int:
        """For how many problems of a form OUT has columns, whatever the forms hold."""
        most = (self.max_problems or 0) if self.split else 0
        return max(most, len(self.columns.problems))


def read_form(row: Row, reading: FormReading, split: Splitter = split_problems) -> Form:
    """Return the form of a row; what cannot be read is a complaint, never an error.

    `split` takes the cells apart, if the `reading` says that they are.
    """
    columns = reading.columns
    complaints = [f"The row {row.complaint}."] if row.complaint else []
    problems: list[Problem] = []
    for column in columns.problems:
        for text in _texts(row.values.get(column)):
            said = text.strip()
            if said.casefold() in NOTHING:
                complaints.append(f"{column!r} says {said!r}, which is taken as empty.")
            elif said:
                found = _read_cell(text, Source(row.number, column), reading, split)
                if not found:
                    complaints.append(f"{column!r} holds no problem, only {_cut(said)!r}.")
                problems += found
    if reading.split:
        problems = _at_most(problems, reading.max_problems, len(columns.problems))
    profile = Profile(
        _revenue(_cell(row, columns.revenue), columns.revenue, reading.usd_rate, complaints),
        _sells(_cell(row, columns.sells_software), columns.sells_software, complaints),
    )
    return Form(
        number=row.number,
        id=_short(_cell(row, columns.id)) or str(row.number),
        problems=tuple(
            replace(problem, id=f"{row.number}.{number}")
            for number, problem in enumerate(problems, start=1)
        ),
        profile=profile,
        quiz=_quiz(row, columns, complaints),
        group=_short(_cell(row, columns.group_by)) or None,
        complaints=tuple(complaints),
    )


def _texts(cell: Value) -> list[str]:
    """Return the texts of a problem cell; JSON may hold several in an array."""
    if cell is None:
        return []
    if isinstance(cell, list):
        return [text for inner in cell for text in _texts(inner)]
    if isinstance(cell, dict):
        return _texts(cell.get("text"))
    return [replace_surrogates(str(cell))]


def _read_cell(
    text: str, source: Source, reading: FormReading, split: Splitter
) -> tuple[Problem, ...]:
    """Return the problems of a cell; they get their ids later."""
    if reading.split:
        found = read_text(text, split, source=source).problems
        return tuple(one for one in found if isinstance(one, Problem))
    start = len(text) - len(text.lstrip())
    place = replace(source, start=start, end=start + len(text.strip()))
    return (Problem("", text.strip(), place, holds_several(text, split)),)


def _at_most(problems: list[Problem], most: int | None, columns: int) -> list[Problem]:
    r"""Return at most so many problems, or one for each column; those over stand in the last one.

    >>> _at_most([Problem("", "a"), Problem("", "b"), Problem("", "c")], 2, 1)[1].text
    'b\nc'
    """
    most = len(problems) if most is None else max(most, columns)
    if len(problems) <= most:
        return problems
    over = problems[most - 1 :]
    places = [one.source or Source() for one in over]
    columns_there = list(dict.fromkeys(where.column or "" for where in places))
    place = replace(places[0], end=places[-1].end)
    if len(columns_there) > 1:
        place = Source(places[0].row, " | ".join(columns_there))
    joined = Problem("", "\n".join(one.text for one in over), place, holds_several=True)
    return [*problems[: most - 1], joined]


def _cut(text: str) -> str:
    """Return a text as a message shows it: on one line, masked, and not long."""
    shown = mask(one_line(text))
    return shown if len(shown) <= 60 else f"{shown[:59]}…"


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
