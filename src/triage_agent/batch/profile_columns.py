"""The profile of a business from the cells of its row: revenue, software, and the quiz."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

from triage_agent.advice import QuizResult, load_quiz, score
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.quiz_answer import quiz_number, quiz_points
from triage_agent.batch.software_answer import (
    is_just_yes_or_no,
    read_software,
    says_nothing,
    takes_yes,
)
from triage_agent.errors import InputError
from triage_agent.intake import (
    UNKNOWN_REVENUE,
    UNKNOWN_WORDS,
    Revenue,
    in_english,
    language_of,
    read_revenue,
)
from triage_agent.tables import Row, Value

__all__ = ["QuizScale", "quiz_of", "quiz_scale", "read_software", "revenue_of", "sells_of"]

QuizScale = Literal["0-3", "1-4", "unclear"]
REVENUE_LENGTH = 200  # characters; longer is a story, and no amount


def revenue_of(
    cell: Value,
    text: str,
    column: str | None,
    unit: str,
    usd_rate: float | None,
    complaints: list[str],
    remarks: list[str],
) -> Revenue:
    """Return the yearly revenue; unknown, with a complaint, if it cannot be read.

    `text` is the cell as text, `unit` what says its unit: the column's name, as a rule. What was
    assumed while reading it is a remark.
    """
    if isinstance(cell, float) and math.isfinite(cell):
        text = f"{cell:.2f}".removesuffix(".00")
    if not text and (cell is None or isinstance(cell, str)):
        return UNKNOWN_REVENUE
    try:
        if not text or isinstance(cell, bool) or len(text) > REVENUE_LENGTH:
            raise InputError("It is not an amount.")
        revenue = read_revenue(text, unit, usd_rate)
    except InputError as error:
        complaints.append(f"{column!r}: {error.message} The revenue counts as unknown.")
        return Revenue(note=f"{column!r} could not be read as one")
    if revenue.why_unknown:
        said = in_english(text, language_of(unit)).casefold()
        if said.strip(". ").replace("’", "'") not in UNKNOWN_WORDS:
            complaints.append(f"{column!r}: {revenue.why_unknown}.")
    elif revenue.note:
        remarks.append(f"{column!r}: {text} is {revenue} a year ({revenue.note}).")
    return revenue


def sells_of(cell: Value, text: str, columns: Columns, complaints: list[str]) -> bool | None:
    """Return whether the business sells software; None, with a complaint, for other words."""
    column = columns.sells_software or ""
    said = str(cell) if isinstance(cell, bool) else in_english(text, language_of(column))
    answer = read_software(said, column, chosen=columns.software_chosen)
    if column and is_just_yes_or_no(said) and not takes_yes(column, chosen=columns.software_chosen):
        return None  # a fault of the column, which is said once, and not of this row
    if answer is None and not (says_nothing(text) and (text or cell is None or cell == "")):
        shown = text if len(text) <= 40 else text[:40] + "…"
        complaints.append(
            f"{column!r} says {shown!r}, which is neither a clear yes nor a clear no to selling "
            "or building software for customers: it counts as unknown."
        )
    return answer


def quiz_scale(
    columns: Columns, sample: Sequence[Row], named: Literal["0-3", "1-4"] | None = None
) -> tuple[QuizScale, tuple[str, ...]]:
    """Return the scale of the table's quiz columns, and a sentence about it.

    All the columns together decide: a 0 stands only in 0 to 3, a 4 only in 1 to 4. Words need no
    scale. Without a 0 or a 4, or with both, it is unclear, and numbers are no answers.
    """
    if named or not columns.quiz:
        return named or "0-3", ()
    numbers = {
        number
        for row in sample
        for column in columns.quiz.values()
        if (number := quiz_number(row.values.get(column))) is not None
    }
    if not numbers or numbers & {0, 4} == {0}:
        return ("0-3" if numbers else "unclear"), ()
    if numbers & {0, 4} == {4}:
        return "1-4", ("The quiz answers are read as 1 to 4, because a 4 is among them.",)
    if len(columns.quiz) < len(load_quiz().questions):
        return "unclear", ()  # no quiz is taken, and that is said
    if 0 in numbers:
        note = (
            "The quiz answers hold both 0 and 4, which is neither 0 to 3 nor 1 to 4, so numbers "
            "among them are not taken. Write 0 (the lowest) to 3 in these columns to use them."
        )
    else:
        note = (
            "The quiz answers fit 0 to 3 and 1 to 4, so numbers among them are not taken. Say "
            "which they are: --quiz-scale 0-3 or --quiz-scale 1-4."
        )
    return "unclear", (note,)


def quiz_of(
    values: Mapping[str, Value], columns: Columns, scale: QuizScale, complaints: list[str]
) -> QuizResult | None:
    """Return the result of all eight answers, else None; a partial quiz is a complaint."""
    questions = load_quiz().questions
    answers: dict[str, int] = {}
    unread: list[str] = []
    unscaled = False
    for question in questions:
        column = columns.quiz.get(question.id)
        cell = values.get(column) if column is not None else None
        points = quiz_points(question, cell, scale)
        if points is not None:
            answers[question.id] = points
        elif cell not in (None, ""):
            unread.append(question.id)
            unscaled |= scale == "unclear" and quiz_number(cell) is not None
    if len(answers) == len(questions):
        return score(answers)
    if unscaled:
        complaints.append(
            "The quiz answers may be 0 to 3 or 1 to 4: say --quiz-scale 0-3 or --quiz-scale 1-4."
        )
    elif unread:
        numbers = "1 to 4" if scale == "1-4" else "0 to 3"
        complaints.append(
            f"The quiz answers for {', '.join(unread)} are neither {numbers} nor an answer's words."
        )
    if answers or unread:
        complaints.append(f"Only {len(answers)} of {len(questions)} quiz answers: it is not taken.")
    return None
