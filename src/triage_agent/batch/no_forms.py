"""Rows between the forms that are none: headers again, totals, banners of groups, notes below.

What a row holds decides, and for a single name also where it stands: a business whose problem is
empty is still a form. Such a row stays in OUT, without an answer, and the run says which they are.
"""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from triage_agent.batch.column_words import plain
from triage_agent.batch.group_titles import NARROW, group_titles, is_titled
from triage_agent.batch.input_columns import Columns
from triage_agent.errors import InputError
from triage_agent.intake import name_of
from triage_agent.tables import Row, Value

HEADER, TOTAL, NOTE = "the header again", "totals", "a title or a note"
UNITS, BESIDE = "units of the columns", "only the table beside"
LONGEST_RUN = 200  # rows that wait until it is known what follows them
SHOWN = 5  # numbers of rows in a message
HINT = 4  # words at the most under the name of a column, beside a unit
NOTE_WORDS = 7  # of a text that is no name of a business
TOTAL_WORD = (
    r"(?:(?:grand |over ?all |sub[ -]?)?totals?|sums?|averages?|avg|mean|median|counts?"
    r"|(?:zwischen|gesamt)?summe|gesamt|insgesamt|durchschnitt|sous[ -]total|total g[eé]n[eé]ral"
    r"|moyenne|suma|promedio|(?:sub)?totaal|gemiddelde?|totale)"
)
TOTAL_CELL = re.compile(rf"{TOTAL_WORD}\b(?P<of>[^:=\d]*)[:=]?(?P<value>.*)", re.I)
COUNTED = re.compile(
    r"\(?\d[\d.,]* (?:responses?|answers?|rows?|records?|forms?|entr(?:y|ies)|items?|submissions?"
    r"|results?|respondents?|replies)(?: in total)?\)?"
    r"|(?:number|count|no\.?) of (?:responses?|answers?|rows?|records?|forms?|entries|items"
    r"|submissions|results|respondents)\s*[:=]?\s*[\d.,]*",
    re.I,
)
COUNTED_THINGS = """
of the all for number in a year amount amounts revenue revenues turnover sales rows records
responses answers forms entries hours quantity value usd eur gbp and s general generale général
"""
COUNTABLE = frozenset(COUNTED_THINGS.split())
NUMBER = re.compile(
    r"[-+(]?(?:[A-Z]{3} ?|[$€£¥] ?)?\d[\d.,'’\s]*(?:%|[kKmM])?\)?(?: ?[A-Z]{3}| ?[€£$])?"
)
CODE = re.compile(r"[A-Z]{3}")  # of a currency
TYPED = re.compile(r"[^@\s]+@[^@\s]+\.\w+|\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}.*|https?://\S+")
SIGNED = re.compile(
    r"(?i:(?:report |list |data |table )?(?:prepared|generated|compiled|created|exported|printed"
    r"|downloaded|last (?:updated|changed|modified)) (?:by|on|at|from)):? +(?=[A-Z\d]).*",
    re.S,
)
REMARK = re.compile(
    r"(?:\*+ ?|©|\(c\)|copyright\b|confidential\b|week of\b|page \d|as of\b|end of\b"
    r"|notes?:|sources?:|legend:|remarks?:|hinweis:|anmerkung:|stand:|quelle:|nota:|fuente:|bron:).*|.*:",
    re.I | re.S,
)
LABEL = re.compile(  # in the first of two cells; the second one says by whom, when or which
    r"(?i:(?:report |list |data |table )?(?:prepared|generated|compiled|created|exported|printed"
    r"|downloaded|last (?:updated|changed|modified))(?: (?:by|on|at|from))?:?)|[^:]{2,40}:",
)


@dataclass(frozen=True, slots=True)
class Marking:
    """How the rows of a table are known that are no forms.

    `known` are the columns whose cells say whose form it is, `texts` those with its problems.
    `titled`: a title stands right above the header, as it may above each group of forms.
    """

    texts: tuple[str, ...]
    known: tuple[str, ...]
    revenue: str | None = None
    beside: tuple[str, ...] = ()  # the columns of a table beside that of the forms
    titled: bool = False

    @classmethod
    def of(
        cls, columns: Columns, beside: Sequence[str] = (), titles: Sequence[Sequence[Value]] = ()
    ) -> "Marking":
        """Return how to know them in a table whose columns mean this."""
        known = (columns.company, columns.group_by, columns.id)
        named = tuple(one for one in known if one)
        used = {*columns.problems, *named, columns.revenue, columns.sells_software}
        others = () if used & {*beside} else tuple(beside)
        return cls(columns.problems, named, columns.revenue, others, is_titled(titles))

    def marked(self, rows: Iterable[Row]) -> Iterator[Row]:
        """Yield the rows, with `no_form` set in those that are none.

        A row whose single cell may be the name of a business waits for what follows it.
        """
        waiting: list[Row] = []
        before: Row | None = None  # the last row that does not wait
        groups = (
            group_titles(rows, repeats_header) if self.titled else ((row, False) for row in rows)
        )
        for row, is_group in groups:
            why = NOTE if is_group else self.why_none(row)
            marked = replace(row, no_form=why) if why else row
            may_be = not why and self._may_be_title(row)
            if (may_be or (waiting and not _filled(row))) and len(waiting) < LONGEST_RUN:
                waiting.append(row)
                continue
            yield from _settled(waiting, before, marked)
            waiting = []
            before = marked
            yield marked
        yield from _settled(waiting, before, None)

    def by_cells(self, rows: Iterable[Row]) -> list[Row]:
        """Return the rows, with `no_form` set in those whose cells alone show it."""
        return [replace(row, no_form=self.why_none(row)) for row in rows]

    def why_none(self, row: Row) -> str | None:
        """Return what a row is if it is no form, by its cells alone; None: it may be one."""
        filled = _filled(row)
        if not filled or len(row.values) < NARROW:
            return None
        if repeats_header(row):
            return HEADER
        if filled.keys() <= {*self.beside}:
            return BESIDE
        names = {word for name in row.values for word in plain(name).split()} | COUNTABLE
        if _are_totals(filled, names):
            return TOTAL
        nobody = not any(one in filled for one in self.known)
        if nobody and self._is_figure(filled, len(row.values)):
            return TOTAL
        if nobody and self._is_hint(filled):
            return UNITS
        return NOTE if self._is_note(filled, nobody=nobody) else None

    def _is_figure(self, filled: dict[str, str], columns: int) -> bool:
        """Return whether a row without a name holds only one figure or two."""
        few = len(filled) <= 2 and not self._told(filled) and bool(self.known or columns > NARROW)
        return few and all(map(NUMBER.fullmatch, filled.values()))

    def _is_hint(self, filled: dict[str, str]) -> bool:
        """Return whether a row without a name says the unit of the revenue."""
        told = " ".join(filled.get(one, "") for one in self.texts).split()
        return (
            bool(self.known) and len(told) <= HINT and _is_unit(filled.get(self.revenue or "", ""))
        )

    def _is_note(self, filled: dict[str, str], *, nobody: bool) -> bool:
        """Return whether a row is a note about the table: a label and what it says, or a text."""
        first, *others = filled.values()
        if not others and SIGNED.fullmatch(first):
            return True
        if self._told(filled) or len(others) > 1:
            return False
        if others:
            return LABEL.fullmatch(first) is not None
        if TYPED.fullmatch(first):
            return False
        is_long = len(first.split()) > NOTE_WORDS
        return bool((self.known and nobody) or REMARK.fullmatch(first) or is_long)

    def _told(self, filled: dict[str, str]) -> bool:
        """Return whether a problem is told."""
        return any(one in filled for one in self.texts)

    def _may_be_title(self, row: Row) -> bool:
        """Return whether a row holds a single text, which may be a title or a business."""
        filled = _filled(row)
        if len(filled) != 1 or len(row.values) < NARROW or self._told(filled):
            return False
        return not any(TYPED.fullmatch(one) or NUMBER.fullmatch(one) for one in filled.values())


def unit_in_a_row(columns: Columns, rows: Iterable[Row]) -> str | None:
    """Return the unit of the revenue that a row under the header names; None: none does."""
    found = (row for row in Marking.of(columns).marked(rows) if row.no_form == UNITS)
    return next((str(row.values[columns.revenue]) for row in found if columns.revenue), None)


def no_forms_note(numbers: Mapping[str, Sequence[int]]) -> str | None:
    """Return which rows are no forms, by what they are; None: all are.

    >>> print(no_forms_note({"totals": [9]}))
    1 of which is no form and is carried along without an answer: totals in row 9
    """
    if not numbers:
        return None
    count = sum(map(len, numbers.values()))
    parts = [f"{what} in {_rows(found)}" for what, found in numbers.items()]
    are = "is no form and is" if count == 1 else "are no forms and are"
    return f"{count:,} of which {are} carried along without an answer: {'; '.join(parts)}"


def repeats_header(row: Row) -> bool:
    """Return whether each cell of a row that holds anything holds the name of its column.

    >>> repeats_header(Row(9, {"Name": "Name", "Problem": "Problem ", "Notes": ""}))
    True
    >>> repeats_header(Row(9, {"Name": "Name", "Problem": "We lose leads"}))
    False
    """
    filled = _filled(row)
    return len(filled) > 1 and all(
        plain(text) == plain(re.sub(r" \(\d+\)$", "", name)) or text == name
        for name, text in filled.items()
    )


def _settled(waiting: Sequence[Row], before: Row | None, after: Row | None) -> Iterator[Row]:
    """Yield rows with a single text each: titles or notes if they stand apart, else businesses.

    They do under a blank row or a total, at the end of the table, over a header or over forms
    which follow at once. A blank row on both sides parts any row of the table.
    """
    if not waiting:
        return
    first, last = waiting[0], waiting[-1]
    parted = before is not None and (
        before.number < first.number - 1 or not _filled(before) or bool(before.no_form)
    )
    joins = (
        after is None
        or bool(after.no_form)
        or (after.number == last.number + 1 and bool(_filled(last)) and bool(_filled(after)))
    )
    for row in waiting:
        yield replace(row, no_form=NOTE) if parted and joins and _filled(row) else row


def _filled(row: Row) -> dict[str, str]:
    """Return the cells of a row that hold anything, as text."""
    return {
        name: text
        for name, cell in row.values.items()
        if cell is not None and (text := " ".join(str(cell).split()))
    }


def _are_totals(filled: Mapping[str, str], names: set[str] | frozenset[str]) -> bool:
    """Return whether cells are totals, and what stands beside them: figures and currencies."""
    totals = [_is_total(text, names) for text in filled.values()]
    return any(totals) and all(
        total or NUMBER.fullmatch(text) or CODE.fullmatch(text)
        for total, text in zip(totals, filled.values(), strict=True)
    )


def _is_total(text: str, names: set[str] | frozenset[str]) -> bool:
    """Return whether a cell names a total: of a column or of nothing, not of anything else.

    >>> _is_total("Total turnover", {"turnover"}), _is_total("Total Energies", {"turnover"})
    (True, False)
    """
    if COUNTED.fullmatch(text):
        return True
    found = TOTAL_CELL.fullmatch(text)
    if not found:
        return False
    value = found["value"].strip()
    words = [] if plain(found["of"]) in {"", "#"} else plain(found["of"]).split()
    of_columns = all(word in names or not re.search(r"\w", word) for word in words)
    return of_columns and (not value or NUMBER.fullmatch(value) is not None)


def _is_unit(text: str) -> bool:
    """Return whether a cell names a unit and no amount, as a row under the header does.

    >>> _is_unit("in $k"), _is_unit("USD"), _is_unit("$2k"), _is_unit("secret")
    (True, True, False, False)
    """
    if not text or re.search(r"\d", text):
        return False
    try:
        name = name_of(f"({text.strip(' ()[]')})")
    except InputError:
        return False
    money = re.search(r"[$€£]|\busd\b|dollars", text, re.I) is not None
    unit = name.unit
    return not name.rest and bool(money or unit.scale or unit.currency or unit.times_a_year)


def _rows(numbers: Sequence[int]) -> str:
    """Return the numbers of rows for a message.

    >>> _rows([4]), _rows([4, 9]), _rows([*range(2, 20)])
    ('row 4', 'rows 4 and 9', 'rows 2, 3, 4, 5, 6 and 13 more')
    """
    if len(numbers) == 1:
        return f"row {numbers[0]:,}"
    shown = [f"{number:,}" for number in numbers[:SHOWN]]
    more = len(numbers) - SHOWN
    last = f"{more} more" if more > 0 else shown.pop()
    return f"rows {', '.join(shown)} and {last}"
