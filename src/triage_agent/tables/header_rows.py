"""A header of several rows: questions under codes, answer options under questions."""

import re
from collections.abc import Sequence

DATA = re.compile(
    r"[^@\s]+@[^@\s]+\.\w+|\d{4}-\d\d-\d\d([T ].*)?|\d{1,2}[/.]\d{1,2}[/.]\d{2,4}(?: .*)?"
)
NUMBER = re.compile(r"[-+$€£]?\d[\d,. ]*[kKmM%]?")
IMPORT_ID = re.compile(r"""\s*\{\s*["']ImportId["']""")  # the third row of a Qualtrics export
CODE = re.compile(r"[A-Za-z][\w.\[\]#-]*")
# Words that name a column, whatever the table is about.
A_NAME = re.compile(
    r"(?:(?:[^\W_]|#){1,20}[ _-]){0,2}(?:id|no|nr|name|company|firm|business|client|customer|date"
    r"|time|timestamp|e-?mail|phone|problems?|challenges?|issues?|questions?|answers?|comments?|notes?|description"
    r"|descr|summary|title|subject|revenue|turnover|sales|status|type|category|priority|#|ref"
    r"|reference|number|rating|score|address|city|country|industry|role|department|team|owner|source|tags?|url"
    r"|message|account|deal|ticket|case|lead|item|process|respondent|text|feedback"
    r"|review|details?|year|body|need|pain(?:[ _-]?point)?|severity|region)s?(?: ?\d{1,2})?",
    re.IGNORECASE,
)
QUESTION_CODE = re.compile(r"[A-Za-z]{1,10}[_.-]?\d+[\w.\[\]#-]*")
QUESTION = re.compile(
    r"\?\s*$|^(?:what|which|how|why|who|when|where|please|describe|tell|list|name|select|in your"
    r"|if you)\b",
    re.IGNORECASE,
)
# What survey exports write under a question that has no answer options of its own.
PLACEHOLDERS = frozenset({"response", "open-ended response", "open-ended comment"})
# What `triage batch` adds to every table; the one stands in each of its rows.
OURS, ADDED = "triage_backend", "triage_"
MOST_EXTRA = 2  # rows of a header under its first
COUNT = re.compile(r"\(?(\d{1,2})[.):]?")
SHORT = 200  # characters of a cell that show what kind of row it is in
HELD = 90  # percent of the rows that fill a column which an extra header row leaves empty


def names_of(
    header: Sequence[str], below: Sequence[Sequence[str]], joined: int
) -> tuple[list[str], int]:
    """Return the columns' names, and how many of the `joined` rows under the header belong to it.

    Three shapes: a row of `{"ImportId": …}` (Qualtrics), with the questions between it and the
    codes; questions under codes (LimeSurvey, older Qualtrics), told by words where all other rows
    have dates or numbers; and answer options or "Open-Ended Response" under a question that
    reaches over unnamed cells (SurveyMonkey, merged cells). In a table of ours the names are as
    they stand, and rows under them in which nothing is answered belong to the header.
    """
    if is_of_ours(header):
        added = [at for at, name in enumerate(header) if name.startswith(ADDED)]
        extra = next((at for at, row in enumerate(below) if _any_in(row, added)), 0)
        return list(header), min(extra, joined, MOST_EXTRA)
    for extra, row in enumerate(below[: min(joined, MOST_EXTRA)], start=1):
        marks = sum(bool(IMPORT_ID.match(cell)) for cell in row)
        if marks and 2 * marks >= count(row):
            return (_captioned(header, below[0]) if extra == 2 else list(header)), extra
    if joined and len(below) > 1 and _is_caption(header, below[0], below[1:]):
        return _captioned(header, below[0]), 1
    if joined and _is_options(header, below[0], below[1:]):
        return _grouped(header, below[0]), 1
    return list(header), 0


def _captioned(header: Sequence[str], captions: Sequence[str]) -> list[str]:
    """Return names that hold the code and the question asked.

    >>> _captioned(["StartDate", "Q1"], ["Start Date", "What slows you down?"])
    ['StartDate', 'Q1: What slows you down?']
    """
    names: list[str] = []
    for at, code in enumerate(header):
        asked = " ".join(captions[at].split()) if at < len(captions) else ""
        same = not asked or (code.strip() and _folded(asked).endswith(_folded(code)))
        names.append(code if same else f"{code}: {asked}" if code.strip() else asked)
    return names


def _folded(text: str) -> str:
    """Return the letters and digits of a text."""
    return "".join(filter(str.isalnum, text.casefold()))


def _is_caption(header: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row says in words what the codes above it stand for."""
    codes = [cell.strip() for cell in header if cell.strip()]
    if not all(map(CODE.fullmatch, codes)) or 10 * count(row) < 8 * len(codes):
        return False
    said = [cell.strip() for cell in row if cell.strip()]
    if len(set(said)) < len(said) or not any(" " in cell for cell in said):
        return False
    typed = 0
    for at in range(len(header)):
        held = column(at, below)
        if held and all(map(is_typed, held)):
            own = row[at].strip() if at < len(row) else ""
            if not own or is_typed(own):
                return False
            typed += 1
    return typed >= 2 or _asks(header, row, below)


def is_of_ours(header: Sequence[str]) -> bool:
    """Return whether a row names the columns of a table that `triage batch` wrote."""
    return OURS in header


def filled_from_above(names: Sequence[str], above: Sequence[str]) -> list[str]:
    """Return names whose gaps are filled with what the row above has there, as a group or alone.

    >>> filled_from_above(["", "1.", "2."], ["Id", "What is slow?", ""])
    ['Id', 'What is slow?: 1.', 'What is slow?: 2.']
    >>> filled_from_above(["Id", "", "Pain"], ["Report", "", ""])
    ['Id', '', 'Pain']
    """
    gaps = [
        at for at, cell in enumerate(above) if cell.strip() and not (names[at : at + 1] or [""])[0]
    ]
    if not gaps:
        return list(names)
    return _grouped(above, names)


def _any_in(row: Sequence[str], places: Sequence[int]) -> bool:
    """Return whether one of these cells holds something."""
    return any(at < len(row) and row[at].strip() for at in places)


def _asks(header: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row asks the questions whose codes ("Q1", "q2_3") stand above it.

    The rows under it do not ask; a first form whose owner asks something has no such codes above,
    or holds more than questions and usual names.
    """
    header, row, below = shortened(header), shortened(row), [shortened(one) for one in below]
    coded = [at for at, cell in enumerate(header) if QUESTION_CODE.fullmatch(cell.strip())]
    said = [cell.strip() for cell in row if cell.strip()]
    if len(said) > 1 and all(QUESTION.search(cell) or A_NAME.fullmatch(cell) for cell in said):
        coded = [at for at, cell in enumerate(row) if cell.strip().endswith("?")]
        coded = coded if len(coded) > 1 else coded * 2
    asked = [at for at in coded if at < len(row) and QUESTION.search(row[at].strip())]
    held = [cell for at in asked for cell in column(at, below)]
    answers = 4 * sum(QUESTION.search(cell) is not None for cell in held) <= len(held)
    return len(coded) >= 2 and 2 * len(asked) > len(coded) and bool(held) and answers


def shortened(cells: Sequence[str]) -> list[str]:
    """Return cells without the middle of long texts, which says nothing about a row."""
    return [cell if len(cell) <= SHORT else cell[: SHORT - 20] + cell[-20:] for cell in cells]


def is_typed(cell: str) -> bool:
    """Return whether a cell holds a date, an address or a number."""
    return bool(DATA.fullmatch(cell) or NUMBER.fullmatch(cell))


def _is_options(header: Sequence[str], row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row holds the answer options of the questions above it."""

    def unnamed(at: int) -> bool:
        return at >= len(header) or not header[at].strip()

    filled = [at for at, cell in enumerate(row) if cell.strip()]
    words = [at for at in filled if row[at].strip().casefold() in PLACEHOLDERS]
    fits = all(at in words or unnamed(at) or unnamed(at + 1) for at in filled)
    counted = _counting(header, row)
    typed_cells = [at for at in filled if is_typed(row[at].strip()) and at not in counted]
    if not filled or not fits or typed_cells:
        return False
    if not words and not any(unnamed(at) for at in filled):
        return False
    empty = [at for at in range(len(header)) if not unnamed(at) and at not in filled]
    held = [100 * len(column(at, below)) >= HELD * len(below) for at in empty]
    typed = any((found := column(at, below)) and all(map(is_typed, found)) for at in filled)
    return bool(below) and (any(held) or typed or len(words) + len(counted) == len(filled))


def _counting(header: Sequence[str], row: Sequence[str]) -> set[int]:
    """Return where a row counts 1, 2, 3 under one question: the lines of an answer.

    >>> sorted(_counting(["Id", "What is slow?", "", ""], ["", "1.", "2.", "3."]))
    [1, 2, 3]
    """
    found: set[int] = set()
    run: list[int] = []
    for at, cell in enumerate([*row, ""]):
        number = COUNT.fullmatch(cell.strip())
        starts = at < len(header) and bool(header[at].strip())
        if number and int(number[1]) == len(run) + 1 and (not run or not starts):
            run.append(at)
            continue
        found |= set(run) if len(run) > 1 else set()
        run = [at] if number and int(number[1]) == 1 else []
    return found


def _grouped(header: Sequence[str], options: Sequence[str]) -> list[str]:
    """Return names that hold the question and the answer option under it.

    >>> _grouped(["Id", "Tools used?", ""], ["", "Excel", "Other"])
    ['Id', 'Tools used?: Excel', 'Tools used?: Other']

    A question under a question that does not stand over it ends the group: it is no option.

    >>> _grouped(["Tools used?", "", "", ""], ["Excel", "Other", "Since when?", "Sent on"])
    ['Tools used?: Excel', 'Tools used?: Other', 'Since when?', 'Sent on']
    """
    names, question = [], ""
    for at in range(max(len(header), len(options))):
        own = header[at].strip() if at < len(header) else ""
        question = own or question
        option = " ".join(options[at].split()) if at < len(options) else ""
        if not own and option.endswith("?") and question.endswith("?"):
            question = ""
        if not option or option.casefold() in PLACEHOLDERS:
            names.append(own or (question if option else ""))
        else:
            names.append(f"{question}: {option}" if question else option)
    return names


def count(cells: Sequence[str]) -> int:
    """Return how many cells hold something."""
    return sum(bool(cell.strip()) for cell in cells)


def column(at: int, rows: Sequence[Sequence[str]]) -> list[str]:
    """Return what the rows hold in a column, empty cells left out."""
    return [row[at].strip() for row in rows if at < len(row) and row[at].strip()]
