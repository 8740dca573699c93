"""The delimiter of a text table, by how it cuts the lines."""

from collections import Counter
from collections.abc import Callable, Sequence
from itertools import product

from triage_agent.tables.banners import comments_above, is_cut
from triage_agent.tables.row import SAMPLE_ROWS

DELIMITERS = {",": "comma", ";": "semicolon", "\t": "tab", "|": "bar"}
TAB = "\t"
NO_DELIMITER = "\x1f"  # a table of one column: commas belong to the text
START_LINES = 4 * SAMPLE_ROWS  # what the delimiter is guessed from
LOOKED_AT = 15  # first records among which the header is looked for
ALIKE = 0.8  # of the records have as many cells as the header
LEAST = 3  # records; and cells, as two are what a comma makes of a sentence

Cut = Callable[[Sequence[str], str, bool], list[list[str]]]


def sniff_delimiter(start: Sequence[str], cut: Cut) -> tuple[str, bool]:
    """Return the delimiter that cuts most rows like the first, and whether a space follows it.

    `csv.Sniffer` takes letters of long texts for delimiters, so each candidate is tried with `cut`,
    which uses the csv module itself. If none cuts the first row, or only where a sentence would
    have a comma anyway ("Your problem, in your own words?"), the table has one column, unless it
    stands between lines of titles and notes. Comments above the table ("# Edit freely, …") are
    not looked at, unless nothing but a single column stands under them.
    """
    if comments := comments_above(start):
        found = _sniffed(start[comments:], cut)
        if found[0] != NO_DELIMITER:
            return found
    return _sniffed(start, cut)


def _sniffed(start: Sequence[str], cut: Cut) -> tuple[str, bool]:
    """Return the delimiter of lines, and whether a space follows it, as `sniff_delimiter` does."""
    best, choice = (0.0, 0), (NO_DELIMITER, False)
    for delimiter, spaced in product(DELIMITERS, (False, True)):
        found = cut(start, delimiter, spaced)
        if not found or len(found[0]) < 2:
            continue
        header, body = found[0], found[1:] or found
        if len(start) >= START_LINES:
            body = body[:-1] or body  # the last one may be cut off
        alike = sum(len(cells) == len(header) for cells in body) / len(body)
        in_sentence = f"{delimiter} " in start[0] and f'{delimiter} "' not in "".join(start)
        score = (round(alike, 1), len(header))
        if score > best and (alike >= ALIKE or not in_sentence):
            best, choice = score, (delimiter, spaced)
    if best[0] >= ALIKE:
        return choice
    between = [(_block(cut(start, one, False)), one) for one in DELIMITERS]
    block, delimiter = max(between, key=lambda found: found[0])
    return (delimiter, False) if block > (0.0, 0) else choice


def seems_parted(start: Sequence[str], cut: Cut) -> tuple[str, int] | None:
    """Return the delimiter that cuts at least half of the lines alike, and into how many parts."""
    for delimiter in DELIMITERS:
        found = cut(start, delimiter, False)
        widths = Counter(len(cells) for cells in found if len(cells) >= LEAST)
        if not widths:
            continue
        width, times = widths.most_common(1)[0]
        alike = [cells for cells in found if len(cells) == width]
        if times >= LEAST and 2 * times >= len(found) and not any(map(is_cut, alike[:LEAST])):
            return delimiter, width
    return None


def _block(found: Sequence[Sequence[str]]) -> tuple[float, int]:
    """Return how surely records are a table between titles and notes, and its cells; else (0, 0).

    The table is one block of records with the same number of cells; what stands above and under it
    has fewer, or is a sentence that its commas cut into any number. However many of these lines
    there are, they have no say.
    """
    widths = Counter(len(cells) for cells in found if len(cells) > 1)
    best = (0.0, 0)
    for width in widths:
        places = [at for at, cells in enumerate(found) if len(cells) == width]
        while places and is_cut(found[places[0]]):
            del places[0]  # a banner that its commas cut into as many cells as the table has
        if len(places) < LEAST:
            continue
        first, last = places[0], places[-1]
        outside = [*found[:first], *found[last + 1 :]]
        alike = len(places) / (last + 1 - first)
        is_table = alike >= ALIKE and first < LOOKED_AT
        narrow = sum(len(cells) < width or is_cut(cells) for cells in outside)
        if width < LEAST and (not outside or any(_is_half(found[at]) for at in places)):
            continue
        texts = 2 * sum(is_cut(found[at]) for at in places) > len(places)
        if is_table and narrow >= ALIKE * len(outside) and not texts:
            best = max(best, (round(alike, 1), len(places) * width))
    return best


def _is_half(cells: Sequence[str]) -> bool:
    """Return whether two cells are a sentence that was cut at its comma, or a number."""
    return cells[1].startswith(" ") or (cells[0][-1:].isdigit() and cells[1][:1].isdigit())
