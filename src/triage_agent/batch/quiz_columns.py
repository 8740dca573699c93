"""Which columns hold the readiness quiz, and which only have the names of its questions."""

from collections.abc import Iterator, Mapping, Sequence

from triage_agent.advice import QuizQuestion, load_quiz
from triage_agent.batch.column_words import plain
from triage_agent.batch.quiz_answer import quiz_number, quiz_points

A_QUIZ = 3  # columns with names of its dimensions are a quiz; one may be anything


def guess_quiz(columns: Sequence[str], cells: Mapping[str, list[str]]) -> dict[str, str]:
    """Return the columns of the readiness quiz, by dimension.

    A bare "team" or "data" counts only if every cell is an answer: these are common names.
    """
    found: dict[str, str] = {}
    for question, column, bare in _named(columns):
        if not bare or _all_answer(question, cells[column]):
            found.setdefault(question.id, column)
    return found


def unfit_for_quiz(columns: Sequence[str], cells: Mapping[str, list[str]]) -> dict[str, str]:
    """Return columns named like the quiz whose cells do not answer it, and one of these cells.

    They are no problems either, whatever their names mention ("Repetitive volume").
    """
    found = {column: question for question, column, _ in _named(columns)}
    if len(found) < A_QUIZ:
        return {}
    return {
        column: next((cell for cell in cells[column] if not _answers(question, cell)), "")
        for column, question in found.items()
    }


def _named(columns: Sequence[str]) -> Iterator[tuple[QuizQuestion, str, bool]]:
    """Yield each question with a column of its name, and whether that is the bare dimension."""
    for question in load_quiz().questions:
        names = {question.id, plain(question.id), plain(question.dimension)}
        for column in columns:
            asked = plain(column)
            if (asked.startswith("quiz ") and asked.removeprefix("quiz ") in names) or plain(
                question.question
            ) in asked:
                yield question, column, False
            elif asked in names:
                yield question, column, True


def _answers(question: QuizQuestion, cell: str) -> bool:
    """Return whether a cell may answer a question of the quiz."""
    return quiz_number(cell) is not None or quiz_points(question, cell) is not None


def _all_answer(question: QuizQuestion, cells: Sequence[str]) -> bool:
    """Return whether there are cells, and each may answer a question of the quiz."""
    return bool(cells) and all(_answers(question, cell) for cell in cells)
