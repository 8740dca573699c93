"""What a cell of a quiz column answers: a number of a scale, or an answer's words."""

import re
from functools import cache

from triage_agent.advice import MAX_POINTS, QuizQuestion
from triage_agent.batch.column_words import plain

CHOICE = re.compile(r"^\s*\(?(?:[a-d]|\d)\s*[.):–-]\s+", re.I)  # "b) Written"
POINTS = re.compile(r"\s*([0-4])(?:\.0+)?(?:\s*points?)?\s*")


def quiz_points(question: QuizQuestion, cell: object, scale: str = "0-3") -> int | None:
    """Return the points (0 to 3) that a cell gives a question, None if it gives none.

    A cell holds a number of the `scale` ("0-3" or "1-4"; in any other, numbers give nothing), or an
    answer's text or level, as a form exports the choice, with or without its letter.
    """
    number = quiz_number(cell)
    if number is not None:
        first = {"0-3": 0, "1-4": 1}.get(scale)
        points = None if first is None else number - first
        return points if points in range(MAX_POINTS + 1) else None
    if not isinstance(cell, str):
        return None
    known, said = _choices(question), cell.casefold()
    return known.get(plain(said), known.get(plain(CHOICE.sub("", said))))


def quiz_number(cell: object) -> int | None:
    """Return the number from 0 to 4 that a quiz cell holds; None if it holds none."""
    if isinstance(cell, str):
        number = POINTS.fullmatch(cell)
        return int(number.group(1)) if number else None
    if isinstance(cell, bool) or not isinstance(cell, int | float):
        return None
    return int(cell) if cell in range(MAX_POINTS + 2) else None


@cache
def _choices(question: QuizQuestion) -> dict[str, int]:
    """Return the points of a question's answers, by their text and by their level."""
    return {
        plain(words.casefold()): points
        for points, answer in enumerate(question.answers)
        for words in (answer.text, answer.level)
    }
