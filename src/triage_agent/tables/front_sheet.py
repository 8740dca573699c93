"""The first sheet of a written workbook, which people read; the second is for programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from unicodedata import east_asian_width

FRONT, DETAILS = "Answers", "All triage columns"  # names of sheets
NARROWEST = 8  # characters of a column
# The most of a column that says whose row it is, that was made, and that came with the form. So
# the answers about some problems can be read when they are printed one page wide.
FIRST_WIDTH, ADDED_WIDTH, WIDTH = 24, 34, 48
NAME_WIDTH = 13  # of those of the first two whose cells are no longer than that
LINE_HEIGHT, HIGHEST = 15, 180  # points of a line, and of a row, whose text may be longer
PADDING = 2  # characters


@dataclass(frozen=True, slots=True)
class FrontSheet:
    """What the first sheet of a workbook holds; other formats have no sheets, and leave it out.

    `first` and `columns` are those of the written row that it repeats: the first say whose row it
    is, and stay in view. Between them stand the `added`, which are made from a row.
    """

    first: tuple[str, ...]
    added: tuple[str, ...]
    columns: tuple[str, ...]
    make: Callable[[Mapping[str, object]], Iterable[object]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all its columns."""
        return (*self.first, *self.added, *self.columns)

    def cells(self, values: Mapping[str, object]) -> list[object]:
        """Return the cells of one row."""
        return self._placed(values, self.make(values))

    def extra_row(self, cells: Mapping[str, object]) -> list[object]:
        """Return a further row of the header, of which only the repeated columns have a cell."""
        return self._placed(cells, [None] * len(self.added))

    def _placed(self, values: Mapping[str, object], added: Iterable[object]) -> list[object]:
        """Return cells in the order of the columns."""
        first, last = ([*map(values.get, part)] for part in (self.first, self.columns))
        return [*first, *added, *last]


def set_up_page(sheet: Any, front: FrontSheet, header: range, last: int) -> None:
    """Set how XlsxWriter's sheet is printed: the names and the answers, one page wide.

    The form's own answers are left out, which would make the print too small to read. `header` are
    the rows that each page repeats, `last` is the number of the last row; all from 0.
    """
    sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_margins(left=0.4, right=0.4)
    sheet.repeat_rows(header.start, header.stop - 1)
    sheet.print_area(0, 0, last, max(0, len(front.first) + len(front.added) - 1))
    sheet.set_footer("&L&F&R&P / &N")


class Widths:
    """How wide the columns of a sheet are, by the longest line that was written to each."""

    def __init__(self, front: FrontSheet | None) -> None:
        first, added, rest = (front.first, front.added, front.columns) if front else ((), (), ())
        self.most = [FIRST_WIDTH] * len(first) + [ADDED_WIDTH] * len(added) + [WIDTH] * len(rest)
        self.names = (*first, *added, *rest)
        made = len(first) + len(added)
        widest = [NAME_WIDTH] * made + [WIDTH] * len(rest)
        self.columns = [
            min(max(NARROWEST, len(name) + PADDING), most)
            for name, most in zip(self.names, widest, strict=True)
        ]

    def see(self, cells: Sequence[object]) -> None:
        """Take in the cells of one row."""
        for place, (cell, most) in enumerate(zip(cells, self.most, strict=False)):
            if self.columns[place] < most and cell is not None:
                longest = max(map(columns_of, str(cell).splitlines()), default=0) + PADDING
                self.columns[place] = min(max(self.columns[place], longest), most)

    def name_height(self) -> int:
        """Return how high the row with the names is, in points, as the columns are now."""
        pairs = zip(self.names, self.columns, strict=True)
        return LINE_HEIGHT * max((lines_of(name, width) for name, width in pairs), default=1)

    def height(self, cells: Sequence[object]) -> int:
        """Return how high a row of these cells is, in points; at most `HIGHEST`.

        Not every spreadsheet program finds it out itself. A column that will be narrower than it
        may be has no line that is longer than it is wide.
        """
        pairs = zip(cells, self.most, strict=False)
        lines = [lines_of(cell, most) for cell, most in pairs if isinstance(cell, str)]
        return min(HIGHEST, LINE_HEIGHT * max(lines, default=1))


def lines_of(text: str, width: int) -> int:
    r"""Return how many lines a text takes in a column of this width, about.

    >>> lines_of("Hire a fractional CTO.", 24), lines_of("Leads get lost\nevery day", 10)
    (1, 4)
    """
    if len(text) + PADDING <= width and "\n" not in text and text.isascii():
        return 1
    room = width - PADDING
    return sum(max(1, -(-columns_of(line) // room)) for line in text.splitlines()) or 1


def columns_of(text: str) -> int:
    """Return how many columns a line takes; Chinese and Japanese signs take two.

    >>> columns_of("Leads"), columns_of("在庫")
    (5, 4)
    """
    return len(text) if text.isascii() else sum(1 + (east_asian_width(c) in "WF") for c in text)
