"""What people paste or write into one field becomes the problems in it."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import Protocol

from triage_agent.intake.clauses import whole_sentences
from triage_agent.intake.fields import other_lines
from triage_agent.intake.furniture import NO_ANSWER, Span, furniture_of, lines_of
from triage_agent.intake.json_cell import json_passages
from triage_agent.intake.roles import Role, Verdict
from triage_agent.intake.rules import roles_by_rules
from triage_agent.intake.units import MARKED_EDGES, Edge, Unit, units_of
from triage_agent.intake.wrapping import unquoted, unwrapped

APART = MARKED_EDGES | {Edge.PARAGRAPH, Edge.LINE, Edge.HEADING, Edge.PIPE, Edge.SEMICOLON}
PREFIX = 60  # characters at most of who said something and when
LEAD = 5  # words at most of what announces problems
HALF = re.compile(
    r"(?:\b(?:is|are|was|were|include|includes|following|namely))[\s,]*\Z", re.IGNORECASE
)
BOX = re.compile(r"☐|\[ ?\]")  # not ticked
STRUCK = re.compile(r"~~[^~]+~~[.,;]?")


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
        proposed: Those several, as they may be told apart by somebody who looks.
        unsure: Which of the problems, counted from 0, may themselves hold several.
    """

    problems: tuple[Passage, ...]
    context: tuple[Passage, ...] = ()
    furniture: tuple[Passage, ...] = ()
    holds_several: bool = False
    proposed: tuple[Passage, ...] = ()
    unsure: tuple[int, ...] = ()


class Judge(Protocol):
    """Reads what rules cannot: which units of a text begin a problem."""

    def roles(self, text: str, units: Sequence[Unit]) -> Verdict:
        """Return the role of each unit, and whether the text may be taken apart by them."""
        ...


def split_problems(text: str, judge: Judge | None = None) -> SplitText:
    r"""Return the problems of a text, with their places in it.

    The `judge` is asked only about texts in which a second problem may begin; without one, rules
    decide, and where they cannot, the text stays whole with `holds_several`.

    >>> [one.text for one in split_problems("My problems:\n1. Leads get lost\n2. Stock").problems]
    ['Leads get lost', 'Stock']
    """
    if (cell := json_passages(text)) is not None:
        problems, furniture = cell
        return SplitText(passages_of(text, problems), (), passages_of(text, furniture))
    units, around = units_in(text)
    if not units:
        return SplitText((), (), passages_of(text, around))
    if len(units) == 1:
        verdict = Verdict((Role.BEGIN,), several=False, sure=True)
    elif judge is not None:
        verdict = judge.roles(text, units)
    else:
        verdict = roles_by_rules(text, units)
    verdict = whole_sentences(text, units, verdict)
    if verdict.several and not verdict.sure:
        whole = [(_opening(units, 0, len(units)), units[-1].end)]
        return SplitText(
            passages_of(text, whole),
            (),
            passages_of(text, _outside(around, whole)),
            holds_several=True,
            proposed=_without(text, _assembled(text, units, verdict.roles)[0], around),
        )
    problems, context = _assembled(text, units, verdict.roles)
    problems = [one for span in problems for one in _trimmed(text, span, around)]
    around = _outside(around, problems)
    return SplitText(
        passages_of(text, problems), passages_of(text, context), passages_of(text, around)
    )


def _outside(spans: Sequence[Span], problems: Sequence[Span]) -> list[Span]:
    """Return the spans that stand in no problem, as the furniture within one does."""
    return [span for span in spans if not _touches(span, problems)]


def units_in(text: str) -> tuple[list[Unit], list[Span]]:
    """Return the units of a text, and where its furniture stands."""
    lines, quotes = unquoted(text, lines_of(text))
    lines = unwrapped(text, lines)
    around = sorted([*quotes, *furniture_of(text, lines)])
    units = units_of(text, lines, around)
    empty = {*_empty(text, units), *_unticked(text, units)}
    units = [unit for unit in units if (unit.start, unit.end) not in empty]
    others = other_lines(text, lines)
    kept = [unit for unit in units if not _stands_in(unit, others)]
    if not kept:  # a text of such lines alone is read as it is
        return units, sorted({*around, *empty})
    taken = [(unit.opens, unit.end) for unit in kept]
    apart = [span for span in others if not _touches(span, taken)]
    aside = sorted({*around, *empty})
    return kept, sorted({*aside, *(one for span in apart for one in _around(text, span, aside))})


def _stands_in(unit: Unit, spans: Sequence[Span]) -> bool:
    """Return whether a unit stands in one of the spans, which are in order and apart."""
    before = bisect_right(spans, unit.start, key=itemgetter(0))
    return before > 0 and unit.end <= spans[before - 1][1]


def _touches(span: Span, others: Sequence[Span]) -> bool:
    """Return whether a span has a character in common with one of the others, as above."""
    before = bisect_left(others, span[1], key=itemgetter(0))
    return before > 0 and others[before - 1][1] > span[0]


def _empty(text: str, units: Sequence[Unit]) -> Iterator[Span]:
    """Yield the items and lines that say only that nothing stands there."""
    edges = [*(unit.edge for unit in units), Edge.PARAGRAPH]
    for n, unit in enumerate(units):
        apart = edges[n] in {Edge.START, *APART} and edges[n + 1] in APART
        short = unit.end - unit.start < 20
        if apart and short and NO_ANSWER.fullmatch(text, unit.start, unit.end):
            yield unit.start, unit.end


def _unticked(text: str, units: Sequence[Unit]) -> Iterator[Span]:
    """Yield the entries of a list of boxes that are not ticked where others are, or struck out."""
    yield from ((one.start, one.end) for one in units if STRUCK.fullmatch(text, one.start, one.end))
    boxes = [unit for unit in units if unit.edge is Edge.BOX]
    empty = [unit for unit in boxes if BOX.match(text, unit.opens)]
    if len(empty) < len(boxes):
        yield from ((unit.start, unit.end) for unit in empty)


def _assembled(
    text: str, units: Sequence[Unit], roles: Sequence[Role]
) -> tuple[list[Span], list[Span]]:
    """Return where the problems and their context stand."""
    problems: list[Span] = []
    context: list[Span] = []
    place = 0
    while place < len(units):
        stop = place + 1
        if roles[place] is Role.CONTEXT:
            while stop < len(units) and roles[stop] is Role.CONTEXT:
                stop += 1
            context.append((units[place].start, units[stop - 1].end))
        else:
            while stop < len(units) and roles[stop] is Role.INSIDE:
                stop += 1
            (context if _is_lead(text, units, place, stop) else problems).append(
                (_opening(units, place, stop), units[stop - 1].end)
            )
        place = stop
    return problems, context


def _is_lead(text: str, units: Sequence[Unit], place: int, stop: int) -> bool:
    """Return whether a unit only announces those after it, as "My problems:" does.

    Before a list, "What worries me is" says nothing by itself either.
    """
    unit = units[place]
    if stop != place + 1 or stop == len(units):
        return False
    if units[stop].edge in MARKED_EDGES and HALF.search(text, unit.start, unit.end):
        return True
    return text[unit.end - 1] == ":" and len(text[unit.start : unit.end].split()) <= LEAD


def _opening(units: Sequence[Unit], place: int, stop: int) -> int:
    """Return where a problem begins: its list mark belongs to it if the list goes on inside it."""
    first = units[place]
    goes_on = any(unit.edge is first.edge and not unit.nested for unit in units[place + 1 : stop])
    return first.opens if first.edge in MARKED_EDGES and goes_on else first.start


def _trimmed(text: str, span: Span, furniture: Sequence[Span]) -> Iterator[Span]:
    """Yield a problem; it stays one if somebody who writes in a chat goes on with it."""
    joined: list[Span] = []
    for start, end in _around(text, span, furniture):
        if joined and _goes_on(text[joined[-1][1] : start].strip()):
            joined[-1] = (joined[-1][0], end)
        else:
            joined.append((start, end))
    yield from joined


def _goes_on(between: str) -> bool:
    """Return whether what stands between two pieces says only who goes on, or nothing."""
    return (len(between) <= PREFIX and "\n" not in between) or not any(map(str.isalnum, between))


def _around(text: str, span: Span, furniture: Sequence[Span]) -> Iterator[Span]:
    """Yield a span without the furniture in the midst of it."""
    at = span[0]
    first = bisect_left(furniture, span[0], key=itemgetter(0))
    for start, end in furniture[first : bisect_left(furniture, span[1], key=itemgetter(0))]:
        if end <= span[1]:
            if text[at:start].strip():
                yield at, start
            at = end
    if text[at : span[1]].strip():
        yield at, span[1]


def _without(text: str, spans: Sequence[Span], furniture: Sequence[Span]) -> tuple[Passage, ...]:
    return passages_of(text, [one for span in spans for one in _trimmed(text, span, furniture)])


def passages_of(text: str, spans: Sequence[Span]) -> tuple[Passage, ...]:
    """Return the spans with their texts, blanks around them left out."""
    found = []
    for start, end in sorted(spans):
        body = text[start:end]
        start, end = start + len(body) - len(body.lstrip()), start + len(body.rstrip())
        if start < end:
            found.append(Passage(text[start:end], start, end))
    return tuple(found)
