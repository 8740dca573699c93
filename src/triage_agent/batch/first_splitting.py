"""How cells were taken apart when OUT did not yet hold the texts of the problems.

Such a file (`schema_version` 1) is read with this, so that its problems are those it answers.
"""

import re

from triage_agent.intake import MARKER, Passage, SplitText

# "1. Leads get lost 2. Stock is wrong", as people write into a one-line field.
INLINE_NUMBER = re.compile(r"(?:^|(?<=\s))\(?(\d{1,2})[.)]\s+(?=\S)")
INLINE_BULLET = re.compile(r"(?:^|\s+)[•‣◦]\s*(?=\S)")


def split_as_first(text: str) -> SplitText:
    """Return the problems of a cell as the first version read them; the places are not known."""
    return SplitText(tuple(Passage(item, 0, 0) for item in split_list(text.strip())))


def split_list(text: str) -> list[str]:
    r"""Return the items of a numbered or bulleted list, or the text as the only one.

    The list may follow a heading that ends with a colon. Unlike pasted text (`intake`), plain
    lines and paragraphs stay one problem: a cell is one answer.

    >>> split_list("My problems:\n1. Leads get lost\n   daily\n2) Stock is wrong")
    ['Leads get lost daily', 'Stock is wrong']
    >>> split_list("1. Leads get lost 2. Stock is wrong"), split_list("Leads get lost.\n\nDaily.")
    (['Leads get lost', 'Stock is wrong'], ['Leads get lost.\n\nDaily.'])
    """
    lines = [
        line for line in text.replace("\r\n", "\n").replace("\r", "\n").split("\n") if line.strip()
    ]
    if len(lines) > 1 and lines[0].rstrip().endswith(":") and _marks(lines[1]):
        lines = lines[1:]
    if not lines or not _marks(lines[0]):
        return [text]
    if len(lines) == 1:
        return _inline(lines[0])
    items: list[str] = []
    for line in lines:
        if _marks(line):
            items.append(MARKER.sub("", line).strip())
        else:
            items[-1] = f"{items[-1]} {line.strip()}"
    return items


def _marks(line: str) -> bool:
    """Return whether a line begins an item of a list."""
    return MARKER.match(line) is not None or INLINE_BULLET.match(line) is not None


def _inline(line: str) -> list[str]:
    """Return the items of a list on one line: numbers that count up from 1, or bullets."""
    starts: list[tuple[int, int]] = []
    for found in INLINE_NUMBER.finditer(line.strip()):
        if int(found.group(1)) == len(starts) + 1:
            starts.append(found.span())
    line = line.strip()
    if len(starts) > 1 and starts[0][0] == 0:
        ends = [start for start, _ in starts[1:]] + [len(line)]
        pieces = [line[begin:end] for (_, begin), end in zip(starts, ends, strict=True)]
    elif INLINE_BULLET.match(line):
        pieces = INLINE_BULLET.split(line)
    else:
        pieces = [MARKER.sub("", line)]
    return [piece.strip() for piece in pieces if piece.strip()] or [line]
