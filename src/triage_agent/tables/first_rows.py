"""What the first rows of a table are that are neither plain names nor plain data.

A form where the names should be, and rows under the names that are no forms: examples,
instructions, types and units.
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from triage_agent.tables.header_rows import A_NAME, DATA, NUMBER, column, shortened

A_SENTENCE = 7  # words; names of columns are shorter, or are questions
MOST_GUIDES = 3  # rows under the header that hold no form
QUESTION = re.compile(
    r"[?:*]\s*$|\?|\b(?:you|your|please|ihre?\w?|sie|votre|vos|vous|usted|sus?|uw|jouw)\b"
    r"|^(?:the |our )?(?:biggest|main|top|largest|greatest|worst|hardest|most)\b(?!.* (?:is|are) )"
    r"|^(?:the |our )?(?:(?:one |some )?things?|tasks?|areas?|work|parts?|reasons?)"
    r" (?:that|which|where)\b"
    r"|^\W*(?:\d+\W+)?(?:what|which|how|why|who|whom|whose|when|where|describe|tell|list|name|select|choose|enter|rate|rank|explain|is|are|do|does|did|has"
    r"|have|can|could|would|if|in your|any|anything|other|number|date|total|estimated)\b",
    re.IGNORECASE,
)
EXAMPLE = re.compile(
    r"\W*(?:e\.? ?g\b\.?|ex\.|example\b|for example\b|for instance\b|sample\b)[\s:.,-]*",
    re.IGNORECASE,
)
INSTRUCTION = re.compile(
    r"\*+\s*$|\W*(?:please\b|enter\b|describe\b|select\b|choose\b|pick\b|write\b|type\b"
    r"|fill\b|give\b|state\b|provide\b|specify\b|insert\b|put\b|use\b|tick\b|list\b|tell us\b"
    r"|explain\b|indicate\b|leave\b|one (?:sentence|line|word|paragraph)\b"
    r"|(?:max(?:imum)?|up to|at most|at least|min(?:imum)?)\b.{0,20}"
    r"\b(?:characters?|words?|chars?|sentences?)\b|required\b|mandatory\b|optional\b"
    r"|free text\b|format\b|in your own words\b|as (?:registered|shown|written)\b)",
    re.IGNORECASE,
)
TO_READER = re.compile(
    r"\byour?\b|\*|\b(?:max\w*|characters?|words?|required|mandatory|optional|format)\b",
    re.IGNORECASE,
)
TYPE = re.compile(
    r"\W*(?:strings?|text|long text|short text|varchar|char|nvarchar|int|integer|bigint|number"
    r"|numeric|decimal|float|double|currency|money|date|datetime|timestamp|time|bool|boolean|enum|uuid|list"
    r"|object|array|json|e-?mail|url|phone|percent|single line text|multi-?line text"
    r"|single select|multi(?:ple)? select|checkbox|drop-?down|picklist|memo)(?:\s?\(\d+\))?\W*",
    re.IGNORECASE,
)
UNIT = re.compile(
    r"\W*(?:in )?(?:(?:us|u\.s\.) ?dollars?|dollars?|usd|eur|euros?|gbp|pounds?|cad|aud|chf|inr|jpy"
    r"|rupees?|[$€£]|%|percent|thousands?|millions?|mio|mn|k|000s?|hours?|hrs?|days?|weeks?|months?"
    r"|years?|minutes?|people|employees|persons?|fte)"
    r"(?:[\s,/()'’-]+(?:in|of|per|a|the|last|full|whole|fiscal|year|month|week|day|quarter|us|usd|eur"
    r"|gbp|dollars?|euros?|thousands?|millions?|k|000s?|000|hours?|annual|yearly|monthly|before|after"
    r"|tax|net|gross))*\W*",
    re.IGNORECASE,
)
MONEY = re.compile(r"[-+]?(?:[$€£]\s?\d[\d,. ]*[kKmM]?|\d[\d,.]*\s?[kKmM])")
KINDS = ((EXAMPLE, "an example"), (TYPE, "types"), (UNIT, "units"), (INSTRUCTION, "instructions"))


@dataclass(frozen=True, slots=True)
class Guides:
    """Rows under the header that hold no form: what each holds, and the names with their units."""

    kinds: tuple[str, ...]
    names: tuple[str, ...]


def guides_under(names: Sequence[str], below: Sequence[Sequence[str]]) -> Guides:
    """Return which of the first rows under the header are examples, instructions, types or units.

    All that such a row holds is of one kind (of units and instructions: of either), and the rows
    under it are not alike. A unit becomes part of its column's name, as it counts for the column.

    >>> guides_under(["Pain", "Revenue"], [["", "USD thousands"], ["Late", "200"]]).names
    ('Pain', 'Revenue (USD thousands)')
    """
    kinds: list[str] = []
    full = list(names)
    below = [shortened(row) for row in below]
    for place, row in enumerate(below[:MOST_GUIDES]):
        rest = below[place + 1 :]
        kind = _kind(row, rest)
        if len(names) == 1 and kind in {"types", "units"}:
            kind = None  # a short text
        if kind is None:
            break
        kinds.append(kind)
        for at, cell in enumerate(row[: len(full)]):
            if full[at].strip() and UNIT.fullmatch(cell.strip()) and kind != "types":
                full[at] = f"{full[at].strip()} ({cell.strip()})"
    return Guides(tuple(kinds), tuple(full))


def is_form(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a first row is a form like those under it, and not their names.

    One of its cells is a sentence that asks nothing, over sentences, and no cell is what columns
    are called. A statement over closed answers ("I have the tools that I need") is a name.

    >>> rows = [["Pine", "Stock is wrong in both of our shops again"]] * 2
    >>> is_form(["Acme", "We lose leads because nobody calls them back"], rows)
    True
    >>> is_form(["Company", "We lose leads because nobody calls them back"], rows)
    False
    """
    cells, below = shortened(cells), [shortened(row) for row in below]
    filled = [cell.strip() for cell in cells if cell.strip()]
    if not below or any(A_NAME.fullmatch(cell) for cell in filled):
        return False
    for at, cell in enumerate(cells):
        said = cell.split()
        held = [one.split() for one in column(at, below)]
        if len(said) < A_SENTENCE or QUESTION.search(cell) or not held:
            continue
        average = sum(map(len, held)) / len(held)
        different = len({" ".join(one) for one in held})
        if average >= A_SENTENCE - 2 and 2 * different >= len(held):
            return True
    return False


def looks_like_data(cells: Sequence[str], below: Sequence[Sequence[str]] = ()) -> bool:
    """Return whether a first row cannot be a header: it holds what the rows under it hold.

    A date, an e-mail address or an amount over others of its kind is data, and so is a row that is
    mostly numbers, and one with a sentence over sentences (see `is_form`). A run of numbers (2023,
    2024) and a date over other things are names.

    >>> looks_like_data(["7", "We lose leads", "$3M"]), looks_like_data(["Problem", "2024"])
    (True, False)
    >>> looks_like_data(["Firm", "2023", "2024"], [["Acme", "7", "3"]])
    False
    """
    return is_form(cells, below) or holds_data(cells, below)


def holds_data(cells: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Return whether a row holds dates, addresses, amounts or mostly numbers as a form does."""
    filled = [(at, cell.strip()) for at, cell in enumerate(cells) if cell.strip()]
    if any(
        kind.fullmatch(cell) and (kind is DATA or below) and _same_kind(kind, at, below)
        for kind in (DATA, MONEY)
        for at, cell in filled
    ):
        return True
    numbers = [cell for _, cell in filled if NUMBER.fullmatch(cell)]
    return 2 * len(numbers) > len(filled) and not (_is_run(cells) and not _any_run(below))


def _kind(row: Sequence[str], rest: Sequence[Sequence[str]]) -> str | None:
    """Return what a row holds that is no form; None: it may be one."""
    filled = [(at, cell.strip()) for at, cell in enumerate(row) if cell.strip()]
    if not filled or not rest:
        return None
    for pattern, kind in KINDS:
        match = pattern.match if kind in {"an example", "instructions"} else pattern.fullmatch
        alike = [at for at, cell in filled if match(cell)]
        either = [at for at, cell in filled if match(cell) or UNIT.fullmatch(cell)]
        fits = either if kind == "instructions" else alike
        enough = 2 * len(fits) > len(filled) if kind == "an example" else len(fits) == len(filled)
        if kind == "instructions" and len(filled) == 1 and not TO_READER.search(filled[0][1]):
            continue  # "Please build us an app" is what somebody wants
        if alike and enough and not _repeated(match, alike, rest):
            return kind
    return None


def _repeated(
    match: Callable[[str], object], places: Sequence[int], rest: Sequence[Sequence[str]]
) -> bool:
    """Return whether the rows below hold the same kind in these columns, and so are forms too."""
    held = [cell for at in places for cell in column(at, rest)]
    return not held or 4 * sum(match(cell) is not None for cell in held) > len(held)


def _same_kind(kind: re.Pattern[str], at: int, below: Sequence[Sequence[str]]) -> bool:
    """Return whether a column mostly holds values of a kind; a column without any may."""
    held = column(at, below)
    return 2 * sum(bool(kind.fullmatch(cell)) for cell in held) >= len(held)


def _is_run(cells: Sequence[str]) -> bool:
    """Return whether the whole numbers of a row count up by one, at least two of them."""
    found = [int(cell) for cell in map(str.strip, cells) if cell.isdecimal() and len(cell) < 9]
    steps = {after - before for before, after in pairwise(found)}
    return steps == {1}


def _any_run(rows: Sequence[Sequence[str]]) -> bool:
    """Return whether most rows count up."""
    return 2 * sum(map(_is_run, rows)) > len(rows)
