"""Whether what an owner says answers a question; if not, an error says why, in their words."""

from triage_agent.advice import MAX_POINTS, Profile
from triage_agent.conversation.content import says_something
from triage_agent.conversation.pieces import Pieces
from triage_agent.conversation.question import Step
from triage_agent.conversation.words import Words, load_words
from triage_agent.errors import InputError
from triage_agent.intake import LARGEST_INPUT

LONGEST_NAME = 200  # characters of a company's name, or of an amount


def check_text(step: Step, value: str, words: Words, usd_rate: float | None = None) -> None:
    """Raise `InputError`, in these `words`, if a text is no answer to a step.

    `usd_rate` is USD for one unit of the currency in which a revenue may be given.
    """
    choices, wrong = getattr(words, step).answers, words.wrong
    if step is Step.PROBLEMS or (step is Step.BEHIND and value):
        check_problem(value, words)
    elif step is Step.COMPANY and len(value) > LONGEST_NAME:
        raise InputError(wrong.long_name.replace("{most}", str(LONGEST_NAME)))
    elif step is Step.REVENUE and not value:
        raise InputError(wrong.no_amount)
    elif step is Step.REVENUE and len(value) > LONGEST_NAME:
        raise InputError(wrong.long_amount)
    elif step is Step.REVENUE and value not in choices:
        Profile.parse(value, usd_rate=usd_rate)
    elif step is Step.SPLIT:
        raise InputError("This is answered with the problems, not with a text.")
    elif step in {Step.SOFTWARE, Step.UNCLEAR, Step.QUIZ}:
        points = [str(number) for number in range(MAX_POINTS + 1)]
        if value not in (points if step is Step.QUIZ else choices):
            raise InputError(wrong.no_choice)


def check_pieces(step: Step, pieces: Pieces, words: Words) -> None:
    """Raise `InputError`, in these `words`, unless these are problems that a text may hold."""
    if step is not Step.SPLIT:
        raise InputError("This is answered with a text, not with problems.")
    if not pieces:
        raise InputError(words.wrong.no_problem_left)
    for piece in pieces:
        check_problem(piece.text, words)


def check_problem(text: str, words: Words | None = None) -> None:
    """Raise `InputError`, in English without `words`, if no problem is in a text, or too much."""
    wrong = (words or load_words()).wrong
    if len(text) > LARGEST_INPUT:
        raise InputError(wrong.too_long.replace("{most}", f"{LARGEST_INPUT:,}"))
    if not says_something(text):
        raise InputError(wrong.no_problem)
