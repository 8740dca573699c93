"""How the problems are shown in a terminal, and changed there before they are answered or after."""

from collections.abc import Sequence

from triage_agent.cli.editor import chosen, typed_or_back
from triage_agent.cli.reading import listed
from triage_agent.cli.telling import Left, tell
from triage_agent.conversation import (
    CONFIRMED,
    Conversation,
    Piece,
    Question,
    Step,
    added,
    both_ends,
    check_problem,
    divided,
    merged,
    says_something,
)
from triage_agent.errors import InputError
from triage_agent.reports import print_block, stderr_console, text_line

BACK_CHOICE = "back"
LONGEST_SHOWN = 200  # characters of a problem
LONGEST_CHOICE = 50  # of a problem among choices
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
NEW = "What else goes wrong, or is wanted?"
Pieces = tuple[Piece, ...]


async def confirmed(talk: Conversation, question: Question) -> Pieces | None:
    """Return the problems as the person wants them; None: back to the text."""
    pieces = question.pieces
    while True:
        show_pieces(pieces, question.set_aside)
        tell("")  # the choices have numbers too
        several = len(pieces) > 1
        ways = [
            RIGHT if several or pieces != question.pieces else KEEP_WHOLE,
            *([JOIN, DIVIDE, DROP, ADD, ALL_ONE] if several else [DIVIDE, ADD]),
            *([BACK_CHOICE] if talk.can_go_back else []),
        ]
        believed = question.likely == CONFIRMED or pieces != question.pieces
        way = ways[await chosen(ways, first=0 if believed else None)]
        if way in {RIGHT, KEEP_WHOLE}:
            return pieces
        if way == BACK_CHOICE:
            return None
        if way == ALL_ONE:
            while len(pieces) > 1:
                pieces = merged(pieces, 1, _whole(talk))
            return pieces
        pieces = await rearranged(talk, pieces, way)
        talk.draft(question.id, pieces)  # kept if the person leaves now


async def rearranged(talk: Conversation, pieces: Pieces, way: str) -> Pieces:
    """Return the problems after what the person does in one of the `WAYS`.

    Raises `Left` when they leave; what they typed is a draft of the conversation then.
    """
    number = 0
    if way != ADD:
        last = len(pieces) - (way == JOIN)
        number = await number_of(pieces[:last], MORE if way == JOIN else WHICH)
    if way == JOIN:
        return merged(pieces, number, _whole(talk))
    if way == DROP:
        return divided(pieces, number, [])
    try:
        return _changed(pieces, number, await _words(pieces, number))
    except Left as left:
        begun = _changed(pieces, number, left.typed)
        if begun != pieces:
            talk.draft(Step.SPLIT, begun)
        raise Left from None


async def number_of(pieces: Sequence[Piece], ask: str = WHICH) -> int:
    """Return which of the problems is meant, from 1."""
    if len(pieces) == 1:
        return 1
    tell(ask)
    return 1 + await chosen([both_ends(piece.text, LONGEST_CHOICE) for piece in pieces])


def show_pieces(pieces: Sequence[Piece], set_aside: Sequence[str] = ()) -> None:
    """Print the problems, numbered, and what of a text was set aside."""
    for number, piece in enumerate(pieces, start=1):
        line = text_line(both_ends(piece.text, LONGEST_SHOWN))
        print_block(stderr_console(), line, indent="     ", first=f"  {number}. ")
    if set_aside:
        tell(f"Set aside: {listed(set_aside)}")


def _whole(talk: Conversation) -> str:
    """Return the text in which the problems have their places, if it is only one."""
    return talk.texts[0] if len(talk.texts) == 1 else ""


async def _words(pieces: Sequence[Piece], number: int) -> str:
    """Return the words of a problem as they are changed; the number 0 is a new one.

    They are as they were if the person goes back. A new one that says nothing is asked for again.
    """
    tell(CUT if number else NEW)
    before = text = _line(pieces, number) if number else ""
    while True:
        typed = await typed_or_back(text, several_lines=bool(number))
        if typed is None or not typed:
            return before
        try:
            for part in filter(str.strip, typed.splitlines()):
                check_problem(part)
        except InputError as error:
            tell(error.message)
            text = typed if says_something(typed) else ""
        else:
            return typed


def _changed(pieces: tuple[Piece, ...], number: int, text: str) -> tuple[Piece, ...]:
    """Return the pieces with one changed or taken apart at its lines; with 0, one is added."""
    if not text.strip() or (number and text == _line(pieces, number)):
        return pieces
    return divided(pieces, number, text.splitlines()) if number else added(pieces, text)


def _line(pieces: Sequence[Piece], number: int) -> str:
    """Return a problem without its own line breaks, at which it is not to be taken apart."""
    return " ".join(pieces[number - 1].text.split())
