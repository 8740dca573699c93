"""A conversation in a terminal: each question is asked, and an answer that is none asked again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from triage_agent.advice import QuizResult, score
from triage_agent.cli.arranging import BACK_CHOICE, confirmed
from triage_agent.cli.editor import chosen, typed_or_back, typed_text
from triage_agent.cli.telling import Left, tell
from triage_agent.conversation import (
    Answer,
    Conversation,
    Question,
    Step,
    quiz_questions,
    says_something,
)
from triage_agent.errors import InputError

READING = "Your problems are read; this may take a minute."
KEEPS = "So far: {answer}. Enter alone keeps it."
PATIENCE_S = 2


async def converse(talk: Conversation, save: Callable[[], object] = lambda: None) -> None:
    """Ask what a verdict needs until it is ready; `save` is called after each answer.

    Raises `Left` when the person leaves; what they answered and began stays in `talk`.
    """
    while (question := await _next(talk)) is not None:
        say_question(question)
        answered = False
        while not answered:
            try:
                answer = await _answer(talk, question)
            except Left as left:
                if left.typed.strip():
                    talk.draft(question.id, left.typed)
                raise
            if answer is None:
                talk.back()
                break
            try:
                talk.answer(question.id, answer)
                answered = True
                save()
            except InputError as error:
                tell(error.message)
                question = _with(question, answer)


async def _next(talk: Conversation) -> Question | None:
    """Return the next question; say that the problems are read if that takes long."""
    waiting = asyncio.ensure_future(talk.question())
    try:
        done, _ = await asyncio.wait({waiting}, timeout=PATIENCE_S)
        if not done:
            tell("")
            tell(READING)
        return await waiting
    finally:
        waiting.cancel()


async def take_quiz() -> QuizResult:
    """Return the readiness quiz as answered, one question after the other, with a way back."""
    given = await answered([replace(one, help="") for one in quiz_questions()], leave=False)
    points = {id.partition(":")[2]: int(answer) for id, answer in given.items()}  # noqa: A001
    return score(points)


async def answered(
    questions: Sequence[Question],
    begin: Callable[[str, str], object] = lambda _, __: None,
    *,
    leave: bool = True,
) -> dict[str, str]:
    """Return the answers to questions, by their ids; `back` returns to the one before.

    With `leave` the first has a way back too, and nothing is answered then. `begin` is called with
    each answer, so that it is not lost if the person leaves before the last; if it raises
    `InputError`, the question is asked again.
    """
    given = dict[str, str]()
    place = 0
    while place < len(questions):
        question = questions[place]
        question = replace(question, before=given.get(question.id, question.before))
        say_question(question)
        answer = await ask_choice(question, back=leave or place > 0)
        if answer is not None:
            try:
                begin(question.id, answer)
            except InputError as error:
                tell(error.message)
                continue
            given[question.id] = answer
            place += 1
        elif place:
            place -= 1
        else:
            return {}
    return given


async def ask_choice(question: Question, *, back: bool = True) -> str | None:
    """Return what is chosen, or typed where that is possible; None: back."""
    keys, texts = [*question.answers], [*question.answers.values()]
    proposed = question.before or question.likely
    first = keys.index(proposed) if proposed in keys else None
    if question.free:  # whatever is typed counts, so that an amount is never taken for a choice
        for number, text in enumerate(texts, start=1):
            tell(text, indent="     ", first=f"{number:>3}. ")
        if question.before:  # not prefilled, so that what is typed is not joined to it
            tell(KEEPS.format(answer=question.answers.get(question.before, question.before)))
        typed = await _typed("", back=back)
        numbered = {str(number): key for number, key in enumerate(keys, start=1)}
        return typed if typed is None else numbered.get(typed, typed or question.before)
    place = await chosen([*texts, *([BACK_CHOICE] if back else [])], first=first)
    return keys[place] if place < len(keys) else None


def say_question(question: Question) -> None:
    """Print a question, and what helps to answer it."""
    tell("")
    if question.help and question.step is Step.QUIZ:
        tell(question.help)  # it says why the quiz is asked, so it comes first
        tell("")
    tell(question.ask, style="bold")
    if question.help and question.step is not Step.QUIZ:
        tell(question.help)


async def _answer(talk: Conversation, question: Question) -> Answer | None:
    """Return the answer to a question; None: the person wants to go back."""
    back = talk.can_go_back
    if question.step is Step.SPLIT:
        return await confirmed(talk, question)
    if question.answers:
        return await ask_choice(question, back=back)
    several = question.step is Step.PROBLEMS
    return await _typed(question.before, back=back, several_lines=several)


def _with(question: Question, answer: Answer) -> Question:
    """Return a question with an answer that was none, to be changed if it says anything."""
    if isinstance(answer, str):
        again = answer if says_something(answer) and not question.answers else ""
        return replace(question, before=again)
    return replace(question, pieces=answer or question.pieces)


async def _typed(default: str, *, back: bool, several_lines: bool = False) -> str | None:
    """Return what is typed; None: back."""
    if back:
        return await typed_or_back(default, several_lines=several_lines)
    return await typed_text(default, several_lines=several_lines)
