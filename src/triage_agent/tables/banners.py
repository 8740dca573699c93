"""Lines above a table that are no part of it: comments, banners, and titles over a known header."""

import re
from collections.abc import Sequence

from triage_agent.intake import in_english
from triage_agent.tables.header_rows import A_NAME, SHORT, column, count, is_typed

COMMENT = re.compile(r"#+(?:\s.*)?", re.DOTALL)
OF_A_NAME = 2  # words; "it holds names" ends like a name too
A_LONG_NAME = 5  # words


def is_comment(line: str) -> bool:
    """Return whether a line, or a row's first cell, is a comment; "#" over numbers is a name.

    >>> is_comment("# Edit this freely, please"), is_comment("#,Firm"), is_comment("#id")
    (True, False, False)
    """
    return COMMENT.fullmatch(line.strip()) is not None


def comments_above(lines: Sequence[str]) -> int:
    """Return how many of the first lines are comments, or blank between them; 0: all of them are.

    >>> comments_above(["# Clients", "", "# May", "id,problem"]), comments_above(["# a", "# b"])
    (3, 0)
    """
    last = 0
    for at, line in enumerate(lines):
        if line.strip() and not is_comment(line):
            return last
        last = at + 1 if line.strip() else last
    return 0


def is_cut(cells: Sequence[str]) -> bool:
    """Return whether cells are a sentence that was cut at its commas."""
    return sum(cell.startswith(" ") for cell in cells) > len(cells) // 3


def is_known_header(cells: Sequence[str]) -> bool:
    """Return whether at least half of the cells of a row, and two, are what columns are called.

    >>> is_known_header(["id", "Firma", "What slows you down?", "problem"])
    True
    >>> is_known_header(["Please do not share", " it holds names"])
    False
    """
    said = [cell.strip() for cell in cells if cell.strip()]
    if len(said) < 2 or len({*map(str.casefold, said)}) < len(said) or is_cut(cells):
        return False
    long = [one for one in said if len(one.split()) > A_LONG_NAME and not one.endswith("?")]
    known = [*filter(_is_name, said)]
    return not long and not any(map(is_typed, said)) and 2 * len(known) >= max(len(said), 4)


def known_under_banners(rows: Sequence[Sequence[str]]) -> int:
    """Return the place of a header of known names that stands under banners only; 0: none does."""
    for at, cells in enumerate(rows):
        if is_known_header(cells):
            return at if rows[at + 1 :] else 0
        if count(cells) > 1 and not is_cut(cells) and not _is_comment_row(cells):
            return 0
    return 0


def is_title(cells: Sequence[str]) -> bool:
    """Return whether a row has one cell that is filled, the first, and that names no column.

    >>> is_title(["Heads of sales", "", ""]), is_title(["Problem", "", ""]), is_title(["a", "b"])
    (True, False, False)
    """
    first = cells[0].strip() if cells else ""
    return bool(first) and count(cells) == 1 and not _is_name(first) and first[-1] not in "?:"


def is_title_over(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row is a title of one cell over two columns, one of them called as usual."""
    named = any(_is_name(cell.strip()) for row in below[:1] for cell in row)
    pairs = sum(count(row) > 1 for row in below)
    return is_title(cells) and named and 2 * pairs > len(below)


def is_prose(cells: Sequence[str]) -> bool:
    """Return whether a row is a sentence that its commas cut, so no names.

    >>> is_prose(["Made by the office. It holds answers", " which were collected in 2026."])
    True
    >>> is_prose(["Company", "Your problem, in your own words."])
    False
    """
    said = [cell for cell in cells if cell.strip()]
    text = ",".join(said).strip()
    cut = any(cell.startswith(" ") for cell in said[1:])
    return cut and _is_long(said) and bool(re.search(r"[.!;]$|\w\. \w", text))


def is_broken_off(cells: Sequence[str]) -> bool:
    """Return whether a row is a sentence, each later cell of which goes on in small letters.

    >>> is_broken_off(["Please do not share", " it holds names", " mails and phones of clients"])
    True
    >>> is_broken_off(["company", " problem", " the revenue of the year"])
    False
    """
    said = [cell for cell in cells if cell.strip()]
    return _is_long(said) and all(
        re.match(r" [^\W\d_]", one) and one[1].islower() for one in said[1:]
    )


def _is_long(said: Sequence[str]) -> bool:
    """Return whether a row of several cells has more words than names have."""
    return len(said) > 1 and len(" ".join(said).split()) > 2 * len(said) + 2


def is_shorter(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether most cells of a row are at most half as long as those under them, as names.

    >>> is_shorter(["Pain", "Our own way"], [["We retype orders", "We read their mails by hand"]])
    True
    """
    filled = [(at, len(cell.split())) for at, cell in enumerate(cells) if cell.strip()]
    short = 0
    for at, words in filled:
        held = [len(text.split()) for text in column(at, below)]
        short += bool(held) and sum(held) >= 2 * words * len(held)
    return 2 * short > len(filled)


def leading_comments(rows: Sequence[Sequence[str]]) -> int:
    """Return how many of the first rows are comments, or blank between them; 0: all of them are.

    A single one whose commas are not those of a sentence may be the names ("# id,problem"), and so
    may one over a single column ("# Problems").

    >>> leading_comments([["# Clients", " shared"], ["#"], ["id", "problem"]])
    2
    >>> leading_comments([["# id", "problem"], ["1", "We lose leads"]])
    0
    """
    comments = comments_above(
        ["# " if _is_comment_row(cells) else "row" if count(cells) else "" for cells in rows]
    )
    may_name = count(rows[0]) > 1 and not is_cut(rows[0])
    single = max(map(count, rows[comments:]), default=0) == 1
    return 0 if comments == 1 and (may_name or single) else comments


def _is_comment_row(cells: Sequence[str]) -> bool:
    """Return whether a row is a comment; a "#" beside other cells is the name of a column."""
    first = cells[0].strip() if cells else ""
    return is_comment(first) and (len(first) > 1 or count(cells) == 1)


def _is_name(cell: str) -> bool:
    """Return whether a cell is what columns are called, in one of the languages that are known."""
    few = len(cell) <= SHORT and len(cell.split()) <= OF_A_NAME
    return few and bool(A_NAME.fullmatch(cell) or A_NAME.fullmatch(in_english(cell)))
