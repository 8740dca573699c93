"""Questions are put into words."""

from collections.abc import Sequence

from triage_agent.advice import load_quiz
from triage_agent.conversation.pieces import Piece, both_ends
from triage_agent.conversation.question import CONFIRMED, NOT_SURE, Question, Step
from triage_agent.conversation.words import StepWords, load_words

LONGEST_SHOWN = 200  # characters of a problem in a question
FREE = frozenset({Step.PROBLEMS, Step.BEHIND, Step.COMPANY, Step.REVENUE})
OPTIONAL = frozenset({Step.BEHIND, Step.COMPANY})
NUMBERS = ("no", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten")


def question_for(
    step: Step, number: object = None, text: str = "", why: str = "", likely: str = NOT_SURE
) -> Question:
    """Return the question of a step, about the problem with this number and text if it has one.

    `why` names the reason for asking, if a step has several. `likely` is the answer that the
    program itself would give.
    """
    words: StepWords = getattr(load_words(), step)
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


def split_question(
    pieces: Sequence[Piece], set_aside: Sequence[str], words: StepWords, *, sure: bool = True
) -> Question:
    """Return the question whether these are the problems, in the words of its occasion."""
    return Question(
        id=Step.SPLIT,
        step=Step.SPLIT,
        ask=words.ask.replace("{count}", counted(len(pieces))),
        help=words.help,
        likely=CONFIRMED if sure else "",
        pieces=tuple(pieces),
        set_aside=tuple(set_aside),
    )


def quiz_questions(why: str = "") -> list[Question]:
    """Return the questions of the readiness quiz; the first one says why it is asked.

    `why` names another reason for asking than a tie.
    """
    words, questions = load_words().quiz, load_quiz().questions
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


def counted(number: int) -> str:
    """Return a number of problems in words.

    >>> counted(1), counted(3), counted(12)
    ('one problem', 'three problems', '12 problems')
    """
    word = NUMBERS[number] if number < len(NUMBERS) else str(number)
    return f"{word} problem{'' if number == 1 else 's'}"
