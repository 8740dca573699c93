"""Lines that a mail program broke or quoted become the lines that somebody wrote."""

import re
from collections.abc import Container, Sequence
from dataclasses import replace
from itertools import pairwise

from triage_agent.intake.chat import HEADED, NAMED, STAMPED
from triage_agent.intake.furniture import GREETING, LONGEST_LINE, SIGN_OFF, Line, Span, shown_of
from triage_agent.intake.items import counting_within, opens_item
from triage_agent.intake.quoted_mail import quoted_lines

WIDTHS = (40, 110)  # characters at which programs break lines
BROKEN = 0.5  # of the lines that end within a sentence, the share that were full
FEW = 3  # full lines from which on a text without capitals was broken
QUOTED_WIDTH = 45  # characters of a line on average, from which on ">" quotes and marks no items
WORD = re.compile(r"\S+")
HEADING = re.compile(r"#{1,6}\s")
# A text with sentences, not a list of words: one begins, or ends within a line.
SENTENCE = re.compile(r"(?:^|[.!?:]\s+|^\W*\w{1,3}\W*\s)[A-Z]|[.!?] \w", re.MULTILINE)
QUOTATION = re.compile(r'"[^"]+"|“[^“”]+”|„[^„“”]+[“”]|«[^«»]+»')
QUOTE = re.compile(r"(?:>\s?)+")
# No line that somebody ends, ends so.
UNFINISHED = re.compile(
    r"(?:^|\s)(?:an?|the|and|or|but|of|our|my|your|their|his|its|because|which|with|from|for|every"
    r"|each|than|that|if|when|while|where|who|whose|then|to|at|by|between|until|into|are|is|was"
    r"|were|be|been|has|have|had|we|they|i)$",
    re.IGNORECASE,
)
# What may end a line, if the next one does not begin as a sentence does.
DANGLING = re.compile(r"(?:^|\s)(?:in|on|as|so|no|not|very|two|three|four|five|about|over)$", re.I)


def unwrapped(text: str, lines: Sequence[Line]) -> list[Line]:
    r"""Return the lines of a text as they were before a program broke them at a width.

    It did where the next word would not have fitted, which shows at lines that end within a
    sentence. What somebody typed in lines stays, and a mark always begins one.

    >>> from triage_agent.intake.furniture import lines_of
    >>> text = "Every order is typed in by hand and then it\nis typed again for the warehouse."
    >>> [(line.start, line.end) for line in unwrapped(text, lines_of(text))]
    [(0, 77)]
    """
    if len(lines) < 2:
        return [*lines]
    counting = counting_within(text, lines)
    pairs = [*pairwise(lines)]
    breaks = [_can_join(text, one, other, counting) for one, other in pairs]
    width = max((_width(line) for line, can in zip(lines, breaks, strict=False) if can), default=0)
    full = [
        can and _width(one) + 1 + len(_first_word(text, other)) > width
        for can, (one, other) in zip(breaks, pairs, strict=True)
    ]
    within = [
        can and (_goes_on(text, one, other) or _counts_on(text, other, counting))
        for can, (one, other) in zip(breaks, pairs, strict=True)
    ]
    sentences = bool(counting or SENTENCE.search(text, lines[0].start, lines[-1].end))
    both = sum(one and other for one, other in zip(full, within, strict=True))
    if both == 1 and _is_first_item(text, lines, within.index(True)):
        both = 0
    broken = WIDTHS[0] <= width <= WIDTHS[1] and both >= (1 if sentences else FEW)
    broken = broken and both >= BROKEN * sum(within)
    found = [lines[0]]
    for place, (one, other) in enumerate(pairs):
        ended = text[one.end - 1] in ".!?:;,)"
        joined = (full[place] and (ended or within[place])) or (sentences and within[place])
        if (broken and joined) or (breaks[place] and _is_unfinished(text, one, other)):
            last = found[-1]
            found[-1] = Line(last.start, other.end, last.indent, last.gap)
        else:
            found.append(other)
    return found


def unquoted(text: str, lines: Sequence[Line]) -> tuple[list[Line], list[Span]]:
    """Return the lines of a text without what quotes it, and where that stands.

    Quotation marks around the whole, and the ">" of a mail that is not set aside.
    Items of a list may be marked so too; then nothing shows a mail.
    """
    if not lines:
        return [], []
    whole = QUOTATION.fullmatch(text, lines[0].start, lines[-1].end)
    if whole and whole.end() - whole.start() > 2:
        inner = [*lines]
        inner[0] = replace(inner[0], start=inner[0].start + 1)
        inner[-1] = replace(inner[-1], end=inner[-1].end - 1)
        marks = [(whole.start(), whole.start() + 1), (whole.end() - 1, whole.end())]
        return [line for line in inner if line.start < line.end], marks
    if not any(text[line.start] == ">" for line in lines):
        return [*lines], []
    aside = quoted_lines(shown_of(text, lines))
    found = [
        None if place in aside else QUOTE.match(text, line.start, line.end)
        for place, line in enumerate(lines)
    ]
    spans = [quote.span() for quote in found if quote]
    quoted = (line for line, quote in zip(lines, found, strict=True) if quote)
    bodies = [text[end : line.end] for line, (_, end) in zip(quoted, spans, strict=True)]
    if not spans or not _shows_mail(bodies):
        return [*lines], []
    left: list[Line] = []
    gap = False
    for line, quote in zip(lines, found, strict=True):
        start = quote.end() if quote else line.start
        if start < line.end:
            left.append(Line(start, line.end, 0, line.gap or gap))
        gap = start >= line.end
    return left, [(start, start + len(text[start:end].rstrip())) for start, end in spans]


def _shows_mail(bodies: Sequence[str]) -> bool:
    """Return whether lines that begin with ">" are a mail's, and no items of a list."""
    shows = any(
        not body or opens_item(body) or GREETING.fullmatch(body) or SIGN_OFF.fullmatch(body)
        for body in bodies
    )
    return shows or sum(map(len, bodies)) >= QUOTED_WIDTH * len(bodies)


def _is_first_item(text: str, lines: Sequence[Line], place: int) -> bool:
    """Return whether the line before ends with a colon, so that a list may begin."""
    return place > 0 and not lines[place].gap and text[lines[place - 1].end - 1] == ":"


def _can_join(text: str, one: Line, other: Line, counting: Container[str]) -> bool:
    """Return whether a line may be the rest of the one before it."""
    begins = _beginning(text, other)
    heads = HEADING.match(text, one.start) or HEADING.match(begins) or begins[0] in ">|"
    said = STAMPED.match(begins)
    marked = opens_item(begins, counting) or NAMED.match(begins) or HEADED.fullmatch(begins)
    spoken = said is not None and said["who"] is not None
    next_to = not text[one.end : other.start].strip("\r\n \t>")
    return not (other.gap or heads or marked or spoken) and next_to


def _goes_on(text: str, one: Line, other: Line) -> bool:
    """Return whether a line ends within a sentence."""
    begins = text[other.start]
    shouted = begins.isupper() and text[one.start : one.end].isupper()
    return text[one.end - 1] not in ".!?:;" and (begins.islower() or shouted)


def _counts_on(text: str, line: Line, counting: Container[str]) -> bool:
    """Return whether a line begins with a mark of a list that counts on within lines."""
    begins = _beginning(text, line)
    return opens_item(begins) and not opens_item(begins, counting)


def _is_unfinished(text: str, one: Line, other: Line) -> bool:
    """Return whether a line ends with a word that another one follows."""
    end = text[max(one.start, one.end - 20) : one.end]
    if UNFINISHED.search(end):
        return len(text[one.start : one.end].split()) > 2
    rest = text[other.start : other.end]
    return DANGLING.search(end) is not None and (rest[0].islower() or len(rest.split()) == 1)


def _beginning(text: str, line: Line) -> str:
    """Return what patterns look at of a line."""
    return text[line.start : min(line.end, line.start + LONGEST_LINE)]


def _width(line: Line) -> int:
    return line.end - line.start + line.indent


def _first_word(text: str, line: Line) -> str:
    found = WORD.match(text, line.start, line.end)
    return found[0] if found else ""
