"""Texts that were given become problems: a text is taken apart, a problem stays as it is."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from triage_agent.errors import InputError
from triage_agent.files import replace_surrogates
from triage_agent.intake.pasted import NO_PROBLEM, Rejected
from triage_agent.intake.splitting import Passage, SplitText, split_problems
from triage_agent.intake.unseen import places_in, readable
from triage_agent.types import Problem, Source

Splitter = Callable[[str], SplitText]


@dataclass(frozen=True, slots=True)
class ReadText:
    """One text that was given, taken apart.

    Attributes:
        problems: What it holds, in its order; the only one if a problem was given, not a text.
        text: The text as it was given; empty if it was not taken apart.
        set_aside: What is no problem in it, such as a greeting, in its order; it does not vote.
        proposed: The problems of a text that holds several, if it was not surely taken apart.
    """

    problems: tuple[Problem | Rejected, ...]
    text: str = ""
    set_aside: tuple[Passage, ...] = ()
    proposed: tuple[Passage, ...] = ()


def read_text(
    text: str,
    split: Splitter = split_problems,
    *,
    name: Callable[[int], str] = str,
    source: Source | None = None,
) -> ReadText:
    r"""Return the problems of a text, each with its place in it.

    `name` gives a problem's id from its number, which counts from 1; `source` is the row and the
    column of the text. What nobody sees takes no part in it, and stays where it stands.

    >>> [one.id for one in read_text("1. Leads get lost\n2. Stock", name="7.{}".format).problems]
    ['7.1', '7.2']
    """
    parts, place = _split(text, split), source or Source()
    problems = tuple(
        Problem(
            name(number),
            replace_surrogates(one.text),
            Source(place.row, place.column, one.start, one.end),
            parts.holds_several or number - 1 in parts.unsure,
        )
        for number, one in enumerate(parts.problems, start=1)
    )
    aside = sorted((*parts.context, *parts.furniture), key=lambda passage: passage.start)
    return ReadText(problems, text, tuple(aside), parts.proposed)


def _split(text: str, split: Splitter) -> SplitText:
    """Return a text taken apart as it is read, with the places and the characters that it has."""
    seen = readable(text)
    parts = split(seen)
    if seen == text:
        return parts
    places = places_in(text, seen)

    def original(passages: Sequence[Passage]) -> tuple[Passage, ...]:
        spans = ((places[one.start], places[one.end - 1] + 1) for one in passages)
        return tuple(Passage(text[start:end], start, end) for start, end in spans)

    return SplitText(
        original(parts.problems),
        original(parts.context),
        original(parts.furniture),
        parts.holds_several,
        original(parts.proposed),
        parts.unsure,
    )


def read_texts(
    given: str | Iterable[str | Problem | Rejected], split: Splitter = split_problems
) -> Iterator[ReadText]:
    """Yield what was given, one by one: texts taken apart, problems as they are.

    The problems of texts are numbered from 1, through all of them. They are taken one at a time,
    so there may be any number. Raises `InputError` at the end if there was no problem.
    """
    given = [given] if isinstance(given, str) else given
    several = isinstance(given, Sequence) and len(given) > 1
    before = 0
    for number, one in enumerate(given, start=1):
        if isinstance(one, str):
            source = Source(row=number) if several else None
            read = read_text(one, split, name=lambda n: str(before + n), source=source)  # noqa: B023
        else:
            read = ReadText((one,))
        before += len(read.problems)
        yield read
    if not before:
        raise InputError(NO_PROBLEM)


def holds_several(text: str, split: Splitter = split_problems) -> bool:
    r"""Return whether a text seems to hold several problems.

    >>> holds_several("1. Leads get lost\n2. Stock is wrong"), holds_several("Leads get lost")
    (True, False)
    """
    parts = split(readable(text))
    return parts.holds_several or len(parts.problems) > 1
