"""What people paste or write into one field becomes the problems in it."""

from dataclasses import dataclass

from triage_agent.intake.pasted import split_pasted


@dataclass(frozen=True, slots=True)
class Passage:
    """A part of a text, `original[start:end]`, in characters."""

    text: str
    start: int
    end: int


@dataclass(frozen=True, slots=True)
class SplitText:
    """A text taken apart; every character that is neither blank nor a list's mark is in one part.

    Attributes:
        problems: What goes wrong or is wanted, each by itself, in their order; may be empty.
        context: What introduces them, such as who is writing; it does not vote.
        furniture: Greetings, signatures, quoted mail, headings and survey boilerplate.
        holds_several: Whether the text seems to hold several problems that cannot surely be told
            apart; then there is one, which holds them all.
    """

    problems: tuple[Passage, ...]
    context: tuple[Passage, ...] = ()
    furniture: tuple[Passage, ...] = ()
    holds_several: bool = False


def split_problems(text: str) -> SplitText:
    r"""Return the problems of a text, with their places in it.

    >>> [one.text for one in split_problems("My problems:\n1. Leads get lost\n2) Stock").problems]
    ['Leads get lost', 'Stock']
    """
    found: list[Passage] = []
    at = 0
    for one in split_pasted(text):
        start = max(text.find(one, at), at)
        found.append(Passage(one, start, at := start + len(one)))
    return SplitText(tuple(found))
