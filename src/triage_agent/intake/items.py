"""Which lines open items of a list, and which belong to them."""

from collections.abc import Container, Mapping, Sequence

from triage_agent.intake.furniture import Line
from triage_agent.intake.marks import INLINE, LINE_MARK, Mark, mark_of

TITLE = 5  # words at most of an item that only heads the paragraph below, its mark included


def counting_within(text: str, lines: Sequence[Line]) -> set[str]:
    """Return the styles of the lists that count on within a line: "1) … 2) …"."""
    found = (
        mark_of(match)
        for line in lines
        for match in INLINE.finditer(text, line.start + 1, line.end)
    )
    return {mark.style for mark in found if mark and mark.number > 1}


def opens_item(line: str, within: Container[str] = ()) -> bool:
    """Return whether a line begins with a mark, of no list that counts on `within` lines."""
    match = LINE_MARK.match(line)
    mark = mark_of(match) if match else None
    return mark is not None and mark.style not in within


def lines_headed(text: str, lines: Sequence[Line], marks: Mapping[int, Mark]) -> set[int]:
    """Return the lines that belong to the marked ones above them, which are their titles.

    A paragraph after a list belongs to none of its items.
    """
    below = {place + 1 for place in marks if place + 1 < len(lines)} - marks.keys()
    near = [place for place in below if not lines[place].gap]
    if len(near) > 1 and len(near) > len(marks) / 2:
        found: set[int] = set()
        for first in near:
            place = first
            while (
                place < len(lines)
                and place not in marks
                and (place == first or not lines[place].gap)
            ):
                found.add(place)
                place += 1
        return found
    titles = [text[lines[place].start : lines[place].end] for place in marks]
    short = all(len(one.split()) <= TITLE and one[-1] not in ".!?" for one in titles)
    return below if short and len(below) == len(marks) > 1 else set()
