"""Questions are put into words."""

from collections.abc import Sequence
from dataclasses import replace

from triage_agent.conversation.pieces import Piece, Pieces, both_ends
from triage_agent.conversation.question import CONFIRMED, NOT_SURE, Question, Step
from triage_agent.conversation.unclear import likely_answer
from triage_agent.conversation.words import CountWords, Language, StepWords, Words, english
from triage_agent.types import Classification

DOUBTFUL = "doubtful"  # why a problem is asked about that has a label
LONGEST_SHOWN = 200  # characters of a problem in a question
FREE = frozenset({Step.PROBLEMS, Step.BEHIND, Step.COMPANY, Step.REVENUE})
OPTIONAL = frozenset({Step.BEHIND, Step.COMPANY})


def question_for(
    step: Step,
    number: object = None,
    text: str = "",
    why: str = "",
    likely: str = NOT_SURE,
    language: Language | None = None,
) -> Question:
    """Return the question of a step, about the problem with this number and text if it has one.

    `why` names the reason for asking, if a step has several. `likely` is the answer that the
    program itself would give. It is English without a `language`.
    """
    words: StepWords = getattr((language or english()).words, step)
    return Question(
        id=str(step) if number is None else f"{step}:{number}",
        step=step,
        ask=words.ask.replace("{text}", both_ends(text, LONGEST_SHOWN)),
        help=words.why.get(why, words.help),
        answers=words.answers,
        free=step in FREE,
        optional=step in OPTIONAL,
        likely=likely if likely in words.answers else "",
    )


def unclear_question(row: Classification, language: Language | None = None) -> Question:
    """Return the question what kind of work a problem is that a model could not tell for sure."""
    why, likely = row.abstained_because or DOUBTFUL, likely_answer(row)
    return question_for(Step.UNCLEAR, row.id, row.text, why, likely, language)


def split_question(
    pieces: Sequence[Piece],
    set_aside: Sequence[str],
    words: StepWords,
    count: CountWords,
    *,
    sure: bool = True,
) -> Question:
    """Return the question whether these are the problems, in the words of its occasion."""
    return Question(
        id=Step.SPLIT,
        step=Step.SPLIT,
        ask=words.ask.replace("{count}", count.of(len(pieces))),
        help=words.help,
        likely=CONFIRMED if sure else "",
        pieces=tuple(pieces),
        set_aside=tuple(set_aside),
    )


def with_before(question: Question, before: str | Pieces | None, words: Words) -> Question:
    """Return a question with what was answered, or begun, before; None: nothing was."""
    if isinstance(before, str):
        return replace(question, before=before)
    if before is None:
        return question
    ask = words.split.ask.replace("{count}", words.count.of(len(before)))
    return replace(question, pieces=before, ask=ask, likely=CONFIRMED)


def quiz_questions(why: str = "", language: Language | None = None) -> list[Question]:
    """Return the questions of the readiness quiz; the first one says why it is asked.

    `why` names another reason for asking than a tie. They are English without a `language`.
    """
    language = language or english()
    words, questions = language.words.quiz, language.quiz.questions
    return [
        Question(
            id=f"{Step.QUIZ}:{one.id}",
            step=Step.QUIZ,
            ask=words.ask.format(number=number, of=len(questions), text=one.question),
            help=words.why.get(why, words.help) if number == 1 else "",
            answers={str(points): answer.text for points, answer in enumerate(one.answers)},
        )
        for number, one in enumerate(questions, start=1)
    ]
