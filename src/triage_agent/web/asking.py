"""A question of the conversation on a page: what its form shows, and what a sent form answers."""

from collections.abc import Mapping
from dataclasses import dataclass

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

OWN = "own"  # the choice that stands for a text typed beside the choices
STEPS_BEFORE_QUIZ = 5  # that most owners see: problems, split, company, revenue, software
JOIN, DIVIDE, REMOVE, ADD, ALL_ONE, CONFIRM = (
    "join",
    "divide",
    "remove",
    "add",
    "all-one",
    "confirm",
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an owner is; the number of steps is what most need."""

    step: int
    of: int
    quiz_done: int | None = None  # questions of the quiz with an answer; None: it is not asked

    @classmethod
    def of_question(cls, talk: Conversation, question: Question) -> "Progress":
        """Return how far the owner is at a question."""
        done = len(talk.answers)
        if question.step is Step.QUIZ:
            quiz = sum(name.partition(":")[0] == Step.QUIZ for name in talk.answers)
            return cls(quiz + 1, len(quiz_questions()), quiz)
        return cls(done + 1, max(STEPS_BEFORE_QUIZ, done + 1))


def answer_of(question: Question, form: Mapping[str, str]) -> str:
    """Return what a form answers to a question with choices, or with a text."""
    chosen = form.get("choice", "")
    if question.answers and chosen != OWN:
        return chosen if chosen in question.answers else form.get("text", "")
    return form.get("text", "")


def pieces_of(question: Question, form: Mapping[str, str], whole: str) -> tuple[Piece, ...]:
    """Return the problems as a form has them, after what its button asks for was done.

    `whole` is the text in which they were read; what was not edited keeps its place in it.
    """
    known = {_plain(piece.text): piece for piece in question.pieces}
    pieces: tuple[Piece, ...] = ()
    for number in range(1, 1 + sum(name.startswith("piece-") for name in form)):
        text = form.get(f"piece-{number}", "")
        pieces = (*pieces, known.get(_plain(text), Piece(text.strip())))
    action, _, of = form.get("do", CONFIRM).partition(":")
    place = next((n for n in range(1, len(pieces) + 1) if of == str(n)), 0)
    if action == JOIN and 0 < place < len(pieces):
        pieces = merged(pieces, place, whole)
    elif action == DIVIDE and place:
        pieces = divided(pieces, place, form.get(f"piece-{place}", "").splitlines())
    elif action == REMOVE and place:
        pieces = divided(pieces, place, [])
    elif action == ALL_ONE:
        while len(pieces) > 1:
            pieces = merged(pieces, 1, whole)
    if new := form.get("new", "").strip():
        pieces = added(pieces, new)
    return tuple(piece for piece in pieces if piece.text)


def is_confirmed(form: Mapping[str, str]) -> bool:
    """Return whether a form says that the problems were read rightly."""
    return form.get("do", CONFIRM) == CONFIRM


def _plain(text: str) -> str:
    return " ".join(text.split())
