"""Whether what an owner says answers a question; if not, an error says why, in their words."""

from collections.abc import Collection

from triage_agent.advice import MAX_POINTS, Profile
from triage_agent.conversation.content import says_something
from triage_agent.conversation.pieces import Pieces
from triage_agent.conversation.question import Step
from triage_agent.conversation.words import load_words
from triage_agent.errors import InputError
from triage_agent.intake import LARGEST_INPUT

LONGEST_NAME = 200  # characters of a company's name, or of an amount
NO_PROBLEM = (
    "There is no problem in this yet. Write what goes wrong, or what you wish for, in a sentence."
)


def check_text(step: Step, value: str, usd_rate: float | None = None) -> None:
    """Raise `InputError` if a text is no answer to a step.

    `usd_rate` is USD for one unit of the currency in which a revenue may be given.
    """
    choices = getattr(load_words(), step).answers
    if step is Step.PROBLEMS or (step is Step.BEHIND and value):
        check_problem(value)
    elif step is Step.COMPANY and len(value) > LONGEST_NAME:
        raise InputError(f"A name has at most {LONGEST_NAME} characters here. Give a shorter one.")
    elif step is Step.REVENUE and not value:
        raise InputError("Write an amount, such as 3M, or choose “not sure”.")
    elif step is Step.REVENUE and len(value) > LONGEST_NAME:
        raise InputError("This is too long for an amount. Write one such as 3M or 750,000.")
    elif step is Step.REVENUE and value not in choices:
        Profile.parse(value, usd_rate=usd_rate)
    elif step is Step.SPLIT:
        raise InputError("This is answered with the problems, not with a text.")
    elif step in {Step.SOFTWARE, Step.UNCLEAR, Step.QUIZ}:
        points = [str(number) for number in range(MAX_POINTS + 1)]
        _check_choice(value, points if step is Step.QUIZ else choices)


def check_pieces(step: Step, pieces: Pieces) -> None:
    """Raise `InputError` unless these are problems, as the answer to how a text was read."""
    if step is not Step.SPLIT:
        raise InputError("This is answered with a text, not with problems.")
    if not pieces:
        raise InputError("There is no problem left. Keep one at least.")
    for piece in pieces:
        check_problem(piece.text)


def check_problem(text: str) -> None:
    """Raise `InputError` if no problem can be in a text, or too much of it."""
    if len(text) > LARGEST_INPUT:
        raise InputError(f"This is longer than {LARGEST_INPUT:,} characters. Give less of it.")
    if not says_something(text):
        raise InputError(NO_PROBLEM)


def _check_choice(value: str, known: Collection[str]) -> None:
    if value not in known:
        raise InputError(f"{value!r} is none of the answers: {', '.join(known)}.")
