"""A conversation in a terminal: each question is asked, and an answer that is none asked again."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace

from triage_agent.advice import QuizResult, score
from triage_agent.cli.editor import chosen, typed_text
from triage_agent.cli.reading import listed, shortened
from triage_agent.cli.telling import Left, tell
from triage_agent.conversation import (
    Answer,
    Conversation,
    Piece,
    Question,
    Step,
    added,
    divided,
    merged,
    quiz_questions,
)
from triage_agent.errors import InputError
from triage_agent.reports import print_block, stderr_console, text_line

BACK = "back"
BACK_CHOICE = "back"
BACK_HINT = "Type back to go back."
LONGEST_SHOWN = 200  # characters of a problem
LONGEST_CHOICE = 60  # of a problem among choices
RIGHT, JOIN, DIVIDE, DROP, ADD = (
    "yes",
    "two of them belong together",
    "change one, or take it apart",
    "leave one out",
    "add one",
)
KEEP_WHOLE = "yes, it is one"
ALL_ONE = "no, all of it is one problem"
CUT = "Change the words, or press Enter where another problem begins."
MORE = "Which two? The one you choose, and the one after it."
WHICH = "Which one?"
READING = "Your problems are read; this may take a minute."
PATIENCE_S = 2
NEW = "What else goes wrong, or is wanted?"


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
    questions, points = quiz_questions(), list[str]()
    while len(points) < len(questions):
        question = replace(questions[len(points)], help="")
        say_question(question)
        answer = await ask_choice(question, back=bool(points))
        if answer is None:
            points.pop()
        else:
            points.append(answer)
    ids = (question.id.partition(":")[2] for question in questions)
    return score({id: int(one) for id, one in zip(ids, points, strict=True)})  # noqa: A001


async def ask_choice(question: Question, *, back: bool = True) -> str | None:
    """Return what is chosen, or typed where that is possible; None: back."""
    keys, texts = [*question.answers], [*question.answers.values()]
    first = keys.index(question.before) if question.before in keys else 0
    if question.free:  # whatever is typed counts, so that an amount is never taken for a choice
        for number, text in enumerate(texts, start=1):
            tell(text, indent="     ", first=f"{number:>3}. ")
        own = str(first + 1) if question.before in keys else question.before
        typed = await _typed(own, back=back)
        numbered = {str(number): key for number, key in enumerate(keys, start=1)}
        return typed if typed is None else numbered.get(typed, typed)
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
    back = bool(talk.answers)
    if question.step is Step.SPLIT:
        return await _confirmed(talk, question)
    if question.answers:
        return await ask_choice(question, back=back)
    several = question.step is Step.PROBLEMS
    return await _typed(question.before, back=back, several_lines=several)


def _with(question: Question, answer: Answer) -> Question:
    """Return a question with an answer that was none, to be changed."""
    if isinstance(answer, str):
        return replace(question, before=answer)
    return replace(question, pieces=answer or question.pieces)


async def _typed(default: str, *, back: bool, several_lines: bool = False) -> str | None:
    """Return what is typed; None: back."""
    hint = BACK_HINT if back else ""
    text = await typed_text(default, several_lines=several_lines, hint=hint)
    return None if back and text.casefold() == BACK else text


async def _confirmed(talk: Conversation, question: Question) -> tuple[Piece, ...] | None:
    """Return the problems as the person wants them; None: back to the text."""
    pieces, whole = question.pieces, talk.texts[0] if len(talk.texts) == 1 else ""
    while True:
        _show(pieces, question.set_aside)
        several = len(pieces) > 1
        ways = [
            RIGHT if several or pieces != question.pieces else KEEP_WHOLE,
            *([JOIN, DIVIDE, DROP, ADD, ALL_ONE] if several else [DIVIDE, ADD]),
            *([BACK_CHOICE] if talk.answers else []),
        ]
        way = ways[await chosen(ways)]
        if way in {RIGHT, KEEP_WHOLE}:
            return pieces
        if way == BACK_CHOICE:
            return None
        number = 0
        if way == ALL_ONE:
            while len(pieces) > 1:
                pieces = merged(pieces, 1, whole)
            return pieces
        if way != ADD:
            last = len(pieces) - (way == JOIN)
            number = await _number(pieces[:last], MORE if way == JOIN else WHICH)
        if way == JOIN:
            pieces = merged(pieces, number, whole)
        elif way == DROP:
            pieces = divided(pieces, number, [])
        else:
            try:
                pieces = _changed(pieces, number, await _words(pieces, number))
            except Left as left:
                talk.draft(question.id, _changed(pieces, number, left.typed))
                raise Left from None
        talk.draft(question.id, pieces)  # kept if the person leaves now


async def _words(pieces: Sequence[Piece], number: int) -> str:
    """Return the words of a problem as they are changed; the number 0 is a new one."""
    tell(CUT if number else NEW)
    line = _line(pieces, number) if number else ""
    return await typed_text(line, several_lines=bool(number))


def _changed(pieces: tuple[Piece, ...], number: int, text: str) -> tuple[Piece, ...]:
    """Return the pieces with one changed or taken apart at its lines; with 0, one is added."""
    if not text.strip() or (number and text == _line(pieces, number)):
        return pieces
    return divided(pieces, number, text.splitlines()) if number else added(pieces, text)


def _line(pieces: Sequence[Piece], number: int) -> str:
    """Return a problem without its own line breaks, at which it is not to be taken apart."""
    return " ".join(pieces[number - 1].text.split())


async def _number(pieces: Sequence[Piece], ask: str) -> int:
    """Return which of the problems is meant, from 1."""
    if len(pieces) == 1:
        return 1
    tell(ask)
    return 1 + await chosen([shortened(piece.text, LONGEST_CHOICE) for piece in pieces])


def _show(pieces: Sequence[Piece], set_aside: Sequence[str]) -> None:
    """Print how a text was read: its problems, numbered, and what was set aside."""
    for number, piece in enumerate(pieces, start=1):
        line = text_line(shortened(piece.text, LONGEST_SHOWN))
        print_block(stderr_console(), line, indent="     ", first=f"  {number}. ")
    if set_aside:
        tell(f"Set aside: {listed(set_aside)}")
