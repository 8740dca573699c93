"""Where the data of a table begins: titles above the header, and a header of several rows."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from triage_agent.errors import InputError
from triage_agent.tables.row import Value

LOOKED_AT = 15  # first rows among which the header is looked for
DATA = re.compile(
    r"[^@\s]+@[^@\s]+\.\w+|\d{4}-\d\d-\d\d([T ].*)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?: .*)?"
)
NUMBER = re.compile(r"[-+$€£]?\d[\d,. ]*[kKmM%]?")
MONEY = re.compile(r"[-+]?(?:[$€£]\s?\d[\d,. ]*[kKmM]?|\d[\d,.]*\s?[kKmM])")
IMPORT_ID = re.compile(r"""\s*\{\s*["']ImportId["']""")  # the third row of a Qualtrics export
CODE = re.compile(r"[A-Za-z][\w.\[\]#-]*")
# What survey exports write under a question that has no answer options of its own.
PLACEHOLDERS = frozenset({"response", "open-ended response", "open-ended comment"})
HELD = 90  # percent of the rows that fill a column which an extra header row leaves empty

Numbered = tuple[int, list[Value]]


@dataclass(frozen=True, slots=True)
class Header:
    """The rows before the data, each as it stands in the file.

    `names` has a name for each cell of the header; `row` None: no row names the columns.
    """

    names: tuple[str, ...]
    row: int | None = None  # numbered like the rows
    titles: tuple[tuple[Value, ...], ...] = ()
    cells: tuple[Value, ...] = ()
    extra: tuple[tuple[Value, ...], ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def taken(self) -> int:
        """How many of the first rows are no data."""
        return len(self.titles) + (self.row is not None) + len(self.extra)


def find_header(
    head: Sequence[Numbered], wanted: bool | None, place: int | None, name: str
) -> Header:
    """Return the header of a table, by the structure of its first rows.

    `wanted` False: the first row is data; True: the first row is the header. `place` is the number
    of the row that is the header. Raises `InputError` if that row is empty or not there.
    """
    texts = [[_text(cell) for cell in cells] for _, cells in head]
    if place is not None:
        at = next((at for at, (number, _) in enumerate(head) if number == place), -1)
        if at < 0 or not any(texts[at]):
            raise InputError(
                f"Row {place} of {name} holds nothing. Its first rows with something in them are "
                f"{', '.join(str(number) for number, _ in head[:3])} (--header-row)."
            )
    elif wanted is False:
        return Header(("",) * max(map(len, texts)))
    else:
        at = 0 if wanted else _header_place(head, texts)
        if wanted is None and looks_like_data(texts[at], texts[at + 1 :]):
            return Header(
                ("",) * max(map(len, texts)),
                notes=(
                    (
                        "The first row looks like data, not like names, so the columns are called "
                        "column_1, column_2, …; if it does hold names, say --header."
                    ),
                ),
            )
    names, extra = _several(texts[at], texts[at + 1 :])
    notes = [f"The header is in row {head[at][0]:,} (--header-row)."] if at else []
    if extra:
        rows = ", ".join(f"{number:,}" for number, _ in head[at + 1 : at + 1 + extra])
        notes.append(
            f"Row{'s' if extra > 1 else ''} {rows} belong{'' if extra > 1 else 's'} to the header "
            "of the survey, and no form is read there."
        )
    return Header(
        tuple(names),
        head[at][0],
        tuple(tuple(cells) for _, cells in head[:at]),
        tuple(head[at][1]),
        tuple(tuple(cells) for _, cells in head[at + 1 : at + 1 + extra]),
        tuple(notes),
    )


def looks_like_data(cells: Sequence[str], below: Sequence[Sequence[str]] = ()) -> bool:
    """Return whether a first row cannot be a header: it holds what the rows under it hold.

    A date, an e-mail address or an amount over others of its kind is data, and so is a row that is
    mostly numbers. A run of numbers (2023, 2024) and a date over other things are names.

    >>> looks_like_data(["7", "We lose leads", "$3M"]), looks_like_data(["Problem", "2024"])
    (True, False)
    >>> looks_like_data(["Firm", "2023", "2024"], [["Acme", "7", "3"]])
    False
    """
    filled = [(at, cell.strip()) for at, cell in enumerate(cells) if cell.strip()]
    if any(
        kind.fullmatch(cell) and (kind is DATA or below) and _same_kind(kind, at, below)
        for kind in (DATA, MONEY)
        for at, cell in filled
    ):
        return True
    numbers = [cell for _, cell in filled if NUMBER.fullmatch(cell)]
    return 2 * len(numbers) > len(filled) and not (_is_run(cells) and not _any_run(below))


def _text(cell: Value) -> str:
    """Return a cell as the text in which a header would hold it."""
    return "" if cell is None else str(cell)


def _count(cells: Sequence[str]) -> int:
    """Return how many cells hold something."""
    return sum(bool(cell.strip()) for cell in cells)


def _column(at: int, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return what the rows hold in a column, empty cells left out."""
    return [row[at].strip() for row in rows if at < len(row) and row[at].strip()]


def _same_kind(kind: re.Pattern[str], at: int, below: Sequence[Sequence[str]]) -> bool:
    """Return whether a column mostly holds values of a kind; a column without any may."""
    held = _column(at, below)
    return 2 * sum(bool(kind.fullmatch(cell)) for cell in held) >= len(held)


def _is_run(cells: Sequence[str]) -> bool:
    """Return whether the whole numbers of a row count up by one, at least two of them."""
    found = [int(cell) for cell in map(str.strip, cells) if cell.isdecimal() and len(cell) < 9]
    steps = {after - before for before, after in pairwise(found)}
    return steps == {1}


def _any_run(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether most rows count up."""
    return 2 * sum(map(_is_run, rows)) > len(rows)


def _header_place(head: Sequence[Numbered], texts: Sequence[Sequence[str]]) -> int:
    """Return which of the first rows is the header.

    A title fills few of the cells that the table has, or stands apart, an empty row under it. What
    follows the titles must be able to be a header; else there are none, and a first row with few
    cells is a header that names few columns.
    """
    filled = [_count(cells) for cells in texts[:LOOKED_AT]]
    wide = max(filled)
    if filled[0] > 1 and _several(texts[0], texts[1:])[1]:
        return 0
    for at, count in enumerate(filled):
        if 2 * count < wide or _stands_apart(at, filled, head, texts):
            continue
        return at if at == 0 or _can_name(texts[at], texts[at + 1 :]) else 0
    return 0


def _stands_apart(
    at: int,
    filled: Sequence[int],
    head: Sequence[Numbered],
    texts: Sequence[Sequence[str]],
) -> bool:
    """Return whether an empty row parts a row from a wider one under it that can be a header."""
    low = next((low for low in range(at + 1, len(filled)) if filled[low] > filled[at]), 0)
    if not low or 3 * filled[at] > 2 * filled[low]:
        return False
    parted = not filled[low - 1] or head[low][0] > head[low - 1][0] + 1
    return parted and _can_name(texts[low], texts[low + 1 :])


def _can_name(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row that is not the first may name the columns: short, distinct, no data."""
    said = [cell.strip() for cell in cells if cell.strip()]
    sentences = any(cell.endswith((".", "!")) and len(cell.split()) > 3 for cell in said)
    distinct = len(set(said)) == len(said) or not below
    return bool(below) and distinct and not sentences and not looks_like_data(cells, below)


def _several(header: Sequence[str], below: Sequence[Sequence[str]]) -> tuple[list[str], int]:
    """Return the columns' names, and how many rows under the header belong to it.

    Three shapes: a row of `{"ImportId": …}` (Qualtrics), with the questions between it and the
    codes; questions under codes (LimeSurvey, older Qualtrics), told by words where all other rows
    have dates or numbers; and answer options or "Open-Ended Response" under a question that
    reaches over unnamed cells (SurveyMonkey, merged cells).
    """
    for extra, row in enumerate(below[:2], start=1):
        marks = sum(bool(IMPORT_ID.match(cell)) for cell in row)
        if marks and 2 * marks >= _count(row):
            return (_captioned(header, below[0]) if extra == 2 else list(header)), extra
    if len(below) > 1 and _is_caption(header, below[0], below[1:]):
        return _captioned(header, below[0]), 1
    if below and _is_options(header, below[0], below[1:]):
        return _grouped(header, below[0]), 1
    return list(header), 0


def _captioned(header: Sequence[str], captions: Sequence[str]) -> list[str]:
    """Return names that hold the code and the question asked.

    >>> _captioned(["StartDate", "Q1"], ["Start Date", "What slows you down?"])
    ['StartDate', 'Q1: What slows you down?']
    """
    names = []
    for at, code in enumerate(header):
        asked = " ".join(captions[at].split()) if at < len(captions) else ""
        same = _folded(asked) in {"", _folded(code)}
        names.append(code if same else f"{code}: {asked}" if code.strip() else asked)
    return names


def _folded(text: str) -> str:
    """Return the letters and digits of a text."""
    return "".join(filter(str.isalnum, text.casefold()))


def _is_caption(header: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row says in words what the codes above it stand for."""
    codes = [cell.strip() for cell in header if cell.strip()]
    if not all(map(CODE.fullmatch, codes)) or 10 * _count(row) < 8 * len(codes):
        return False
    said = [cell.strip() for cell in row if cell.strip()]
    if len(set(said)) < len(said) or not any(" " in cell for cell in said):
        return False
    typed = 0
    for at in range(len(header)):
        held = _column(at, below)
        if held and all(map(_is_typed, held)):
            own = row[at].strip() if at < len(row) else ""
            if not own or _is_typed(own):
                return False
            typed += 1
    return typed >= 2


def _is_typed(cell: str) -> bool:
    """Return whether a cell holds a date, an address or a number."""
    return bool(DATA.fullmatch(cell) or NUMBER.fullmatch(cell))


def _is_options(header: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row holds the answer options of the questions above it."""

    def unnamed(at: int) -> bool:
        return at >= len(header) or not header[at].strip()

    filled = [at for at, cell in enumerate(row) if cell.strip()]
    words = [at for at in filled if row[at].strip().casefold() in PLACEHOLDERS]
    fits = all(at in words or unnamed(at) or unnamed(at + 1) for at in filled)
    if not filled or not fits or any(_is_typed(row[at].strip()) for at in filled):
        return False
    if not words and not any(unnamed(at) for at in filled):
        return False
    empty = [at for at in range(len(header)) if not unnamed(at) and at not in filled]
    held = [100 * len(_column(at, below)) >= HELD * len(below) for at in empty]
    typed = any((found := _column(at, below)) and all(map(_is_typed, found)) for at in filled)
    return bool(below) and (any(held) or typed or len(words) == len(filled))


def _grouped(header: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return names that hold the question and the answer option under it.

    >>> _grouped(["Id", "Tools used?", ""], ["", "Excel", "Other"])
    ['Id', 'Tools used?: Excel', 'Tools used?: Other']
    """
    names, question = [], ""
    for at in range(max(len(header), len(options))):
        own = header[at].strip() if at < len(header) else ""
        question = own or question
        option = " ".join(options[at].split()) if at < len(options) else ""
        if not option or option.casefold() in PLACEHOLDERS:
            names.append(own or (question if option else ""))
        else:
            names.append(f"{question}: {option}" if question else option)
    return names
