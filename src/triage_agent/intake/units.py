"""A text becomes units: the smallest pieces that may begin a problem, and what stands before each.

Marks of lists, line ends, sentence ends, semicolons and clauses are where a problem may begin;
whether it does is decided elsewhere.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum

from triage_agent.intake.furniture import Line, Span
from triage_agent.intake.items import lines_headed
from triage_agent.intake.marks import Mark, inline_marks, line_marks

WRAP = (45, 110)  # the widths at which a mail program breaks lines
SHARE = 0.6  # of the widest line that a line which was broken fills
LONG = 8_000  # characters of a line or paragraph from which on it is not cut into clauses
# A run of marks or blanks is entered at its first character only, so that long ones cost no more.
SENTENCE_END = re.compile(
    r"(?<![.!?…])(?:(?<![ (.\n][A-Za-z])(?<!\A[A-Za-z])(?<!\d)[.!?…]+[\"'”’)\]*]*\s+(?=\S)"
    r"|(?<=\d)[.!?]+\s+(?=[A-Z])|(?<!\A[A-Z])[.!?]\)?\s+(?=[A-Z][a-z]+ ))"
)
SEMICOLON = re.compile(r";\s*(?:and\s+)?(?=\S)|(?<!\s)\s+[|/]\s+(?=\S)")
ENTRY = 3  # words on both sides from which on a single slash stands between two things said
ASIDE = re.compile(r"\([^()]{0,300}\)")
COLON = re.compile(r"(?<!\d):\s+(?=\S)")
NO_BEGINNING = (
    r"(?:which|who|whom|whose|because|since|although|though|when|whenever|if|as|than|where|while"
    r"|until|unless|including|like|such|especially|i\.e|e\.g|etc|please|right|yes|too|but not)\b"
)
COMMA = re.compile(
    rf",\s+(?:and\s+|&\s+)?(?!{NO_BEGINNING})(?=\S)|(?<!\s)\s+[–—]\s+(?=\S)", re.IGNORECASE
)
JOINED = re.compile(
    r"(?<!\s)\s+(?:and|&)\s+(?=\S{1,40}\s{1,9}\S{1,40}\s{1,9}\S)"
    r"|(?<!\s)\s+(?=(?:oh\s+)?(?:and\s+)?(?:then|also|plus|another|next|lastly|finally|secondly|thirdly"
    r"|number (?:two|three|four)|on top of that|the (?:other|next|second|third|main|first|last) "
    r"|i guess|apart from that|what else|besides)\b)",
    re.IGNORECASE,
)
# A thing that is only named: "Our logo and brochures look like 1995" says one thing of two.
NAMED = re.compile(
    r"(?:our|my|the|your|their|his|her|this|these|both)(?:\s+[\w'’-]+){1,2}\s*", re.I
)
OPENING = re.compile(r"#{1,6}\s+|>\s+|\*\*(?=[^*\n]{2,40}\*\*:?$)", re.MULTILINE)
CLOSING = " \t\n\r;,|"


class Edge(StrEnum):
    """What stands between a unit and the one before it."""

    START = "start"
    HEADING = "heading"
    PARAGRAPH = "paragraph"
    LINE = "line"
    NUMBER = "number"
    LETTER = "letter"
    BULLET = "bullet"
    BOX = "box"
    ORDINAL = "ordinal"
    LABEL = "label"
    DASH = "dash"
    PIPE = "pipe"
    COLON = "colon"
    SENTENCE = "sentence"
    SEMICOLON = "semicolon"
    COMMA = "comma"
    AND = "and"


MARKED_EDGES = frozenset(
    {Edge.NUMBER, Edge.LETTER, Edge.BULLET, Edge.BOX, Edge.ORDINAL, Edge.LABEL, Edge.DASH}
)


@dataclass(frozen=True, slots=True)
class Unit:
    """The smallest piece of a text that may begin a problem, `text[start:end]`."""

    start: int
    end: int
    edge: Edge
    opens: int  # where its list mark begins; `start` if it has none
    inline: bool = False  # whether its mark stands within a line
    nested: bool = False  # whether its mark belongs to a list within an item
    items: int = 0  # of the list that its mark belongs to
    inside: bool = False  # whether it stands in an item of a list that begins before it


def units_of(text: str, lines: Sequence[Line], furniture: Sequence[Span]) -> list[Unit]:
    """Return the units of a text outside its furniture, in order."""
    body = _outside(lines, furniture)
    marks = line_marks(text, body)
    counts = Counter(_list_of(one, body[n]) for n, one in marks.items())
    outer = min((line.indent for n, line in enumerate(body) if n in marks), default=0)
    units: list[Unit] = []
    in_item, first_style = False, None
    for begin, stop in _blocks(text, body, marks):
        line = body[begin]
        mark: Mark | None = marks.get(begin)
        if mark is not None and len(marks) == 1:
            within = inline_marks(text, line.start, body[stop - 1].end)
            if within and within[0].start == line.start:
                mark = None
        start, end = line.start, body[stop - 1].end
        head = OPENING.match(text, start, end) if mark is None else None
        nested = False
        if mark is not None:
            edge, opens, start = Edge(mark.kind), line.start, mark.end
            nested = line.indent > outer + 1 or (
                first_style is not None
                and mark.style != first_style
                and _within(first_style, mark.style, in_item)
            )
            first_style = first_style or mark.style
            in_item = True
        else:
            opens = start
            edge = Edge.START if not units else Edge.PARAGRAPH if line.gap else Edge.LINE
            in_item = False
            if head and head[0][0] in "#*":
                edge, start = Edge.HEADING, head.end()
                opens, end = start, start + len(text[start:end].rstrip("*:"))
        found = list(_pieces(text, start, end, bool(marks), in_item))
        for place, (piece, inside) in enumerate(found):
            if place == 0 and piece.edge is Edge.START:
                size = counts[_list_of(mark, line)] if mark else 0
                units.append(Unit(piece.start, piece.end, edge, opens, False, nested, size, False))
            else:
                units.append(piece if not inside else _inside(piece))
    return [unit for unit in units if unit.start < unit.end]


def _list_of(mark: Mark, line: Line) -> tuple[str, int]:
    """Return what the marks of one list have in common; bullets of one depth may be of any kind."""
    return ("bullet", line.indent) if mark.kind == "bullet" else (mark.style, 0)


def _within(outer: str, style: str, in_item: bool) -> bool:
    """Return whether a mark of another style opens a list within an item: `a)` under `1.`."""
    return in_item and outer[0] in "nl" and style != outer


def _inside(piece: Unit) -> Unit:
    return Unit(
        piece.start,
        piece.end,
        piece.edge,
        piece.opens,
        piece.inline,
        piece.nested,
        piece.items,
        True,
    )


def _outside(lines: Sequence[Line], furniture: Sequence[Span]) -> list[Line]:
    """Return what of the lines is no furniture."""
    left: list[Line] = []
    at, gap = 0, False
    for line in lines:
        start, whole = line.start, True
        while at < len(furniture) and furniture[at][1] <= start:
            at += 1
        place = at
        while place < len(furniture) and furniture[place][0] < line.end:
            cut = furniture[place]
            if cut[0] > start:
                left.append(Line(start, cut[0], line.indent, line.gap or gap))
                gap = False
            start, whole = cut[1], False
            place += 1
        if start < line.end:
            left.append(Line(start, line.end, line.indent, line.gap or gap))
            gap = False
        elif not whole:
            gap = gap or line.gap
    return left


def _blocks(text: str, body: Sequence[Line], marks: dict[int, Mark]) -> Iterator[tuple[int, int]]:
    """Yield the lines that belong together, hard-wrapped ones joined, as [begin, stop)."""
    wide = max((line.end - line.start + line.indent for line in body), default=0)
    wraps = WRAP[0] <= wide <= WRAP[1]
    capitals = any(text[line.start].isupper() for line in body)
    headed = lines_headed(text, body, marks)
    begin = 0
    for place in range(1, len(body) + 1):
        if place in headed:
            continue
        if place < len(body) and place not in marks and not body[place].gap:
            line, before = body[place], body[place - 1]
            full = before.end - before.start + before.indent >= SHARE * wide
            ended = text[before.end - 1] in ".!?:;"
            under = begin in marks and line.indent > body[begin].indent
            next_to = not text[before.end : line.start].strip()  # nothing was set aside between
            goes_on = not ended and not text[line.start].isupper() and text[line.start].isalnum()
            goes_on = goes_on and next_to
            heading = text[before.start] == "#"
            if not heading and (under or (wraps and goes_on and full and capitals)):
                continue
        yield begin, place
        begin = place


def _pieces(
    text: str, start: int, end: int, listed: bool, in_item: bool
) -> Iterator[tuple[Unit, bool]]:
    """Yield the units of one block, and whether each stands inside an item."""
    marks = [] if in_item else inline_marks(text, start, end)
    bounds = [*[mark.start for mark in marks], end]
    if not marks or marks[0].start > start:
        for unit in _cut(text, start, bounds[0], Edge.START, start, listed or bool(marks)):
            yield unit, in_item
    for mark, stop in zip(marks, bounds[1:], strict=True):
        stop = mark.start + len(text[mark.start : stop].rstrip())
        first = True
        for unit in _cut(text, mark.end, stop, Edge(mark.kind), mark.start, True):
            yield (
                Unit(
                    unit.start, unit.end, unit.edge, unit.opens, True, False, len(marks), not first
                ),
                not first,
            )
            first = False


def _cut(text: str, start: int, end: int, edge: Edge, opens: int, listed: bool) -> Iterator[Unit]:
    """Yield the sentences of a piece, and where no list is, its clauses."""
    if end - start > LONG:
        yield from _trimmed(text, start, end, edge, opens)
        return
    cuts: dict[int, tuple[int, Edge]] = {}
    asides = [found.span() for found in ASIDE.finditer(text, start, end)]
    for kind, pattern in (
        (Edge.SENTENCE, SENTENCE_END),
        *(((Edge.SEMICOLON, SEMICOLON), (Edge.COLON, COLON)) if edge not in MARKED_EDGES else ()),
        *(((Edge.COMMA, COMMA), (Edge.AND, JOINED)) if not listed else ()),
    ):
        for found in pattern.finditer(text, start, end):
            if kind is not Edge.SENTENCE and _is_aside(found, asides, text, start, end):
                continue
            if kind is Edge.SENTENCE:
                cuts.setdefault(found.end(), (found.end() - len(_tail(found[0])), kind))
            elif found.end() not in cuts and not (
                kind is Edge.AND
                and "and" in found[0].casefold()
                and NAMED.fullmatch(text, max([start, *_before(cuts, found)]), found.start())
            ):
                pipe = Edge.PIPE if found[0].strip() in {"|", "/"} else kind
                cuts[found.end()] = (found.start() + (kind is Edge.COLON), pipe)
    at = start
    for place in sorted(cuts):
        stop, kind = cuts[place]
        if stop <= at or at >= place:
            continue
        yield from _trimmed(text, at, stop, edge, opens)
        at = opens = place
        edge = kind
    yield from _trimmed(text, at, end, edge, opens)


def _is_aside(
    found: re.Match[str], asides: Sequence[Span], text: str, start: int, end: int
) -> bool:
    """Return whether nothing ends at a sign: it stands in brackets, or is a slash between words."""
    if any(begin < found.start() < stop for begin, stop in asides):
        return True
    if found[0].strip() != "/" or " / " in text[start : found.start()] + text[found.end() : end]:
        return False
    sides = text[start : found.start()], text[found.end() : end]
    return min(len(side.split()) for side in sides) < ENTRY


def _before(cuts: Iterable[int], found: re.Match[str]) -> Iterator[int]:
    return (place for place in cuts if place <= found.start())


def _tail(found: str) -> str:
    return found[len(found.rstrip()) :]


def _trimmed(text: str, start: int, end: int, edge: Edge, opens: int) -> Iterator[Unit]:
    body = text[start:end]
    stop = start + len(body.rstrip(CLOSING))
    if edge in MARKED_EDGES and (joined := re.search(r"[;,]?\s+(?:and|or|&)$", text[start:stop])):
        stop = start + joined.start()
    begin = start + len(body) - len(body.lstrip())
    if begin < stop:
        yield Unit(begin, stop, edge, min(opens, begin))
