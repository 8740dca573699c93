"""Questions are put into words."""

from collections.abc import Sequence

from triage_agent.conversation.pieces import Piece
from triage_agent.conversation.question import Question, Step
from triage_agent.conversation.words import CountWords, Language, StepWords, english

LONGEST_SHOWN = 200  # characters of a problem in a question
FREE = frozenset({Step.PROBLEMS, Step.BEHIND, Step.COMPANY, Step.REVENUE})
OPTIONAL = frozenset({Step.BEHIND, Step.COMPANY})


def question_for(
    step: Step,
    number: object = None,
    text: str = "",
    why: str = "",
    language: Language | None = None,
) -> Question:
    """Return the question of a step, about the problem with this number and text if it has one.

    `why` names the reason for asking, if a step has several. It is English without a `language`.
    """
    words: StepWords = getattr((language or english()).words, step)
    shown = " ".join(text.split())
    shown = shown if len(shown) <= LONGEST_SHOWN else shown[: LONGEST_SHOWN - 1] + "…"
    return Question(
        id=str(step) if number is None else f"{step}:{number}",
        step=step,
        ask=words.ask.replace("{text}", shown),
        help=words.why.get(why, words.help),
        answers=words.answers,
        free=step in FREE,
        optional=step in OPTIONAL,
    )


def split_question(
    pieces: Sequence[Piece], set_aside: Sequence[str], words: StepWords, count: CountWords
) -> Question:
    """Return the question whether these are the problems, in the words of its occasion."""
    return Question(
        id=Step.SPLIT,
        step=Step.SPLIT,
        ask=words.ask.replace("{count}", count.of(len(pieces))),
        help=words.help,
        pieces=tuple(pieces),
        set_aside=tuple(set_aside),
    )


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
