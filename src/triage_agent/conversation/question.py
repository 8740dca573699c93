"""A question to the owner, as a terminal or a web page may ask it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from triage_agent.conversation.pieces import Piece

CONFIRMED = "confirmed"
NOT_SURE = "unknown"  # the answer that changes nothing, wherever there is one


class Step(StrEnum):
    """What is asked, in the order of asking."""

    PROBLEMS = "problems"
    SPLIT = "split"
    BEHIND = "behind"
    COMPANY = "company"
    REVENUE = "revenue"
    SOFTWARE = "software"
    UNCLEAR = "unclear"
    QUIZ = "quiz"


@dataclass(frozen=True, slots=True)
class Question:
    """One question.

    Attributes:
        id: What its answer is kept under: the step, and which problem or dimension it is about.
        step: What is asked.
        ask: The question in words.
        help: What the owner should know to answer it; may be empty.
        answers: What can be chosen, {what `answer` takes: its words}; empty: a text is typed.
        free: Whether a text may be typed, beside the choices if there are any.
        optional: Whether an empty text is an answer.
        before: What was answered when it was asked before, to be kept or changed; else empty.
        likely: What the program itself takes for the answer, or the answer for who is not sure; of
            problems that are surely right, `CONFIRMED`. Empty: none is more likely than another.
        pieces: The problems as they were read; empty unless they are to be confirmed.
        set_aside: What of the text was taken for no problem.
    """

    id: str
    step: Step
    ask: str
    help: str = ""
    answers: Mapping[str, str] = field(default_factory=dict)
    free: bool = False
    optional: bool = False
    before: str = ""
    likely: str = ""
    pieces: tuple[Piece, ...] = ()
    set_aside: tuple[str, ...] = ()
