"""What the cells of a column look like: dates, numbers, addresses, or words."""

import re
from collections.abc import Iterator, Sequence

from triage_agent.tables.row import Value

KINDS = {
    "email": re.compile(r"[^@\s]+@[^@\s]+\.\w+"),
    "date": re.compile(
        r"\d{4}-\d\d-\d\d([T ].*)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?: .*)?"
        r"|\d{1,2}/[A-Z][a-z]{2}/\d{2,4}(?: .*)?"
    ),
    "number": re.compile(r"[-+$€£]?\d[\d,. ]*[kKmM%]?"),
    "url": re.compile(r"https?://\S+"),
}
YEAR = re.compile(r"(?:19|20)\d\d")
SHORT, SHORT_WORDS = 120, 20  # a name is a label or a question, not a paragraph


def kind_of(cell: Value) -> str:
    """Return what a cell holds: email, date, number, url, text, or "" for nothing.

    >>> kind_of("2024-05-01"), kind_of(3.5), kind_of("We lose leads"), kind_of(" ")
    ('date', 'number', 'text', '')
    """
    text = text_in(cell)
    if not text:
        return ""
    return next((kind for kind, form in KINDS.items() if form.fullmatch(text)), "text")


def text_in(cell: Value) -> str:
    """Return a cell as one line of text."""
    return "" if cell is None else " ".join(str(cell).split())


def filled(cells: Sequence[Value]) -> int:
    """Return how many of the cells hold anything."""
    return sum(bool(text_in(cell)) for cell in cells)


def column(rows: Sequence[Sequence[Value]], place: int) -> list[str]:
    """Return the texts that a column holds, blank ones left out."""
    found = (text_in(cells[place]) for cells in rows if place < len(cells))
    return [text for text in found if text]


def looks_like_data(cells: Sequence[Value], below: Sequence[Sequence[Value]] = ()) -> bool:
    """Return whether a first row is no header: it holds a date, an e-mail, mostly numbers.

    A column whose other cells are of another kind has a name for its first: 2024 or 2024-05-01
    over texts.

    >>> looks_like_data(["7", "We lose leads", "$3M"]), looks_like_data(["Problem", "2024"])
    (True, False)
    >>> looks_like_data(["2024-05-01", "2024-05-02"], [["yes", "no"], ["no", "no"]])
    False
    """
    numbers = dates = 0
    for place, cell in enumerate(cells):
        kind = kind_of(cell)
        if kind in {"number", "date", "email"} and _is_alike(cell, kind, column(below, place)):
            numbers += kind == "number"
            dates += kind != "number"
    return dates > 0 or 2 * numbers > filled(cells)


def stands_apart(cells: Sequence[Value], below: Sequence[Sequence[Value]]) -> bool:
    """Return whether a row differs in kind from the rows below it, as names do.

    >>> stands_apart(["Problem", "Sent"], [["We lose leads", "2024-05-01"]])
    True
    >>> stands_apart(["We lose leads", "Ann"], [["Stock is wrong", "Bob"]])
    False
    """
    return any(True for _ in typed_places(cells, below)) or any(
        _repeats(text_in(cell), column(below, place)) for place, cell in enumerate(cells)
    )


def typed_places(cells: Sequence[Value], below: Sequence[Sequence[Value]]) -> Iterator[int]:
    """Yield the columns in which a row has words, and the rows below it numbers or dates."""
    for place, cell in enumerate(cells):
        if kind_of(cell) == "text" and is_typed(column(below, place)):
            yield place


def is_typed(texts: Sequence[str]) -> bool:
    """Return whether texts, blank ones left out, are numbers, dates or addresses throughout."""
    kinds = {kind_of(text) for text in texts}
    return bool(kinds) and "text" not in kinds


def could_be_names(cells: Sequence[Value]) -> bool:
    """Return whether most cells of a row are short, and half of them different."""
    texts = [text for cell in cells if (text := text_in(cell))]
    short = sum(
        text.endswith("?") or (len(text) <= SHORT and len(text.split()) <= SHORT_WORDS)
        for text in texts
    )
    return 2 * short > len(texts) and 2 * len(set(texts)) >= len(texts)


def _is_alike(cell: Value, kind: str, below: Sequence[str]) -> bool:
    """Return whether a cell is of the same kind as the column below it, as far as there is one."""
    if not below:
        return True
    if kind == "number" and YEAR.fullmatch(text_in(cell)):
        return 2 * sum(bool(YEAR.fullmatch(text)) for text in below) >= len(below)
    return 2 * sum(kind_of(text) == kind for text in below) >= len(below)


def _repeats(name: str, below: Sequence[str]) -> bool:
    """Return whether a column has a few answers that come again and again, the name apart."""
    return (
        len(below) >= 4 and 2 * len(set(below)) <= len(below) and bool(name) and name not in below
    )
