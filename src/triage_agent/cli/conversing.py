"""A conversation in a terminal: each question is asked, and an answer that is none asked again."""

from collections.abc import Sequence
from dataclasses import replace

from triage_agent.advice import QuizResult, score
from triage_agent.cli.editor import chosen, tell, typed_text
from triage_agent.cli.reading import listed, shortened
from triage_agent.conversation import (
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
BACK_CHOICE = "← back"
OTHERWISE = "another amount, to be typed"
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
CUT = "Change the words, or press Enter where another problem begins."
MORE = "Which two? The one you choose, and the one after it."
WHICH = "Which one?"
NEW = "What else goes wrong, or is wanted?"


async def converse(talk: Conversation, typed: str = "") -> None:
    """Ask what a verdict needs until it is ready; `typed` is what was left half-typed.

    Raises `Left` when the person leaves; what they answered stays in `talk`.
    """
    while (question := await talk.question()) is not None:
        say_question(question)
        while True:
            try:
                if not await _ask(talk, question, typed):
                    talk.back()
            except InputError as error:
                tell(error.message)
                continue
            break
        typed = ""


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
    more = [OTHERWISE] if question.free else []
    more += [BACK_CHOICE] if back else []
    before = keys.index(question.before) if question.before in keys else 0
    place = await chosen([*texts, *more], first=before)
    if place < len(keys):
        return keys[place]
    if [*texts, *more][place] == OTHERWISE:
        text = await typed_text(question.before if question.before not in keys else "")
        return None if text.casefold() == BACK else text
    return None


def say_question(question: Question) -> None:
    """Print a question, and what helps to answer it."""
    tell("")
    if question.help and question.step is Step.QUIZ:
        tell(question.help)  # it says why the quiz is asked, so it comes first
        tell("")
    tell(question.ask, style="bold")
    if question.help and question.step is not Step.QUIZ:
        tell(question.help)


async def _ask(talk: Conversation, question: Question, typed: str) -> bool:
    """Ask one question and give its answer; False: the person wants to go back."""
    if question.step is Step.SPLIT:
        pieces = await _confirmed(talk, question)
        if pieces is None:
            return False
        talk.answer(question.id, pieces)
        return True
    if question.answers:
        answer = await ask_choice(question, back=bool(talk.answers))
    else:
        several = question.step is Step.PROBLEMS
        answer = await typed_text(typed or question.before, several_lines=several)
        if answer.casefold() == BACK and talk.answers:
            answer = None
    if answer is None:
        return False
    talk.answer(question.id, answer)
    return True


async def _confirmed(talk: Conversation, question: Question) -> tuple[Piece, ...] | None:
    """Return the problems as the person wants them; None: back to the text."""
    pieces, whole = question.pieces, talk.texts[0] if len(talk.texts) == 1 else ""
    while True:
        _show(pieces, question.set_aside)
        several = len(pieces) > 1
        ways = [
            RIGHT if several or pieces != question.pieces else KEEP_WHOLE,
            *([JOIN, DIVIDE, DROP, ADD] if several else [DIVIDE, ADD]),
            *([BACK_CHOICE] if talk.answers else []),
        ]
        way = ways[await chosen(ways)]
        if way in {RIGHT, KEEP_WHOLE}:
            return pieces
        if way == BACK_CHOICE:
            return None
        if way == ADD:
            tell(NEW)
            new = await typed_text()
            pieces = added(pieces, new) if new else pieces
            continue
        last = len(pieces) - (way == JOIN)
        number = await _number(pieces[:last], MORE if way == JOIN else WHICH)
        if way == JOIN:
            pieces = merged(pieces, number, whole)
        elif way == DROP:
            pieces = divided(pieces, number, [])
        else:
            pieces = await _changed(pieces, number)


async def _changed(pieces: tuple[Piece, ...], number: int) -> tuple[Piece, ...]:
    """Return the pieces with one changed or taken apart."""
    tell(CUT)
    line = " ".join(pieces[number - 1].text.split())
    text = await typed_text(line, several_lines=True)
    if not text or text == line:
        return pieces
    return divided(pieces, number, text.splitlines())


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
