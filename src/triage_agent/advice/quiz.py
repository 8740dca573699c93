"""The readiness quiz: eight questions, four answers each, 0 to 100 points."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from pydantic import Field, model_validator

from triage_agent.errors import InputError
from triage_agent.files import Strict, folder, load_toml, read_bytes

PASS_RAW = 12  # of 24: half of the points (rule D4 of docs/explanation/rules.md)
MAX_POINTS = 3


class Answer(Strict):
    """One possible answer: its text, the level that it means, and what to do next."""

    text: str
    level: str
    advice: str
    stops: Literal["", "ai", "any"] = ""  # the hires that its advice says not to make yet


class QuizQuestion(Strict):
    """One dimension of readiness; the answers are worth 0, 1, 2 and 3 points in this order."""

    id: str
    dimension: str
    question: str
    answers: tuple[Answer, Answer, Answer, Answer]


class Quiz(Strict):
    """The eight questions, in the order in which they are asked."""

    questions: tuple[QuizQuestion, ...] = Field(min_length=8, max_length=8)

    @model_validator(mode="after")
    def ids_are_unique(self) -> "Quiz":
        """Refuse two questions with one id, which would make an answers file ambiguous."""
        ids = [question.id for question in self.questions]
        if len(set(ids)) != len(ids):
            raise ValueError("two questions share an id")
        return self


@dataclass(frozen=True, slots=True)
class DimensionResult:
    """One dimension of a taken quiz.

    Attributes:
        id: The dimension's id, as in an answers file.
        dimension: Its name for people.
        points: 0 to 3.
        level: What these points mean, in a word or two.
        advice: What to do next.
    """

    id: str
    dimension: str
    points: int
    level: str
    advice: str


@dataclass(frozen=True, slots=True)
class QuizResult:
    """A taken readiness quiz.

    Attributes:
        raw: The sum of all points, 0 to 24.
        score: The same as 0 to 100.
        dimensions: One result per dimension, in the order of the questions.
    """

    raw: int
    score: float
    dimensions: tuple[DimensionResult, ...]

    @property
    def passed(self) -> bool:
        """Whether at least half of the points were reached."""
        return self.raw >= PASS_RAW

    @property
    def nothing_to_connect(self) -> bool:
        """Whether the systems or the data answer is 0: there is nothing for AI to work on yet."""
        return any(d.points == 0 for d in self.dimensions if d.id in {"systems", "data"})

    @property
    def weak(self) -> tuple[DimensionResult, ...]:
        """The dimensions with 0 or 1 point, weakest first."""
        return tuple(sorted((d for d in self.dimensions if d.points <= 1), key=lambda d: d.points))


@cache
def load_quiz() -> Quiz:
    """Return the shipped quiz (prompts/quiz.toml)."""
    return load_toml(folder("prompts") / "quiz.toml", Quiz)


def score(answers: Mapping[str, int], quiz: Quiz | None = None) -> QuizResult:
    """Return the result of a complete set of answers, `{dimension_id: 0..3}`.

    Raises `InputError` on a missing or unknown dimension and on points that are not 0 to 3.

    >>> result = score({q.id: 2 for q in load_quiz().questions})
    >>> result.raw, round(result.score, 1), result.passed
    (16, 66.7, True)
    """
    quiz = quiz or load_quiz()
    known = [question.id for question in quiz.questions]
    missing = [name for name in known if name not in answers]
    unknown = [name for name in answers if name not in known]
    if missing or unknown:
        problem = f"no answer for {', '.join(missing)}" if missing else f"unknown {unknown[0]!r}"
        raise InputError(
            f"These quiz answers are not a taken quiz: {problem}. All eight of "
            f"{', '.join(known)} are needed; `triage quiz --save answers.json` makes such a file."
        )
    for name, points in answers.items():
        if isinstance(points, bool) or not isinstance(points, int) or not 0 <= points <= MAX_POINTS:
            raise InputError(
                f"The quiz answer for {name} is {points!r}; it must be 0, 1, 2 or 3. "
                "`triage quiz --save answers.json` makes a file that fits."
            )
    raw = sum(answers[name] for name in known)
    return QuizResult(
        raw=raw,
        score=100 * raw / (MAX_POINTS * len(known)),
        dimensions=tuple(
            DimensionResult(
                id=question.id,
                dimension=question.dimension,
                points=answers[question.id],
                level=question.answers[answers[question.id]].level,
                advice=question.answers[answers[question.id]].advice,
            )
            for question in quiz.questions
        ),
    )


def says_not_yet(result: QuizResult, *, ai: bool = True) -> tuple[DimensionResult, ...]:
    """Return the dimensions whose answer says not to start, or not with AI if that is asked.

    >>> best = {q.id: 3 for q in load_quiz().questions}
    >>> [d.id for d in says_not_yet(score(best | {"leadership": 0, "data": 0}), ai=False)]
    ['leadership']
    """
    answers = {one.id: one.answers for one in load_quiz().questions}
    stopping = {"any", "ai"} if ai else {"any"}
    return tuple(one for one in result.dimensions if answers[one.id][one.points].stops in stopping)


def read_answers(path: Path) -> QuizResult:
    """Return the result of an answers file, or raise `InputError` saying what is wrong in it."""
    try:
        answers = json.loads(read_bytes(path).decode("utf-8-sig"))
    except OSError as error:
        raise InputError(
            f"The quiz answers {path} cannot be read: {error.strerror}. "
            "Check the path, or make the file with `triage quiz --save answers.json`."
        ) from error
    except (ValueError, RecursionError) as error:  # also bytes that are not UTF-8
        raise InputError(
            f"{path} is not valid JSON ({error}). "
            "Make the file with `triage quiz --save answers.json`."
        ) from error
    if not isinstance(answers, dict):
        raise InputError(f"{path} must hold one JSON object, {{dimension: 0..3}}.")
    return score(answers)
