"""The first sheet of a written workbook, which people read; the second is for programs."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass

FRONT, DETAILS = "Answers", "All triage columns"  # names of sheets
WIDTHS = 8, 48  # characters of a column: the least, the most
LONG = 600  # characters of a text whose row is not as high as it would have to be
HIGHEST = 180  # points of such a row
PADDING = 2  # characters


@dataclass(frozen=True, slots=True)
class FrontSheet:
    """What the first sheet of a workbook holds; other formats have no sheets, and leave it out.

    `columns` are those of the written row that it repeats, `added` the names of those that are
    made from a row.
    """

    columns: tuple[str, ...]
    added: tuple[str, ...]
    make: Callable[[Mapping[str, object]], Iterable[object]]

    @property
    def names(self) -> tuple[str, ...]:
        """The names of all its columns."""
        return (*self.columns, *self.added)

    def cells(self, values: Mapping[str, object]) -> list[object]:
        """Return the cells of one row."""
        return [*(values.get(column) for column in self.columns), *self.make(values)]


class Widths:
    """How wide the columns of a sheet are, by the longest line that was written to each."""

    def __init__(self, names: Sequence[str]) -> None:
        self.columns = [min(max(WIDTHS[0], len(name) + PADDING), WIDTHS[1]) for name in names]

    def see(self, cells: Sequence[object]) -> None:
        """Take in the cells of one row."""
        for place, cell in enumerate(cells[: len(self.columns)]):
            if self.columns[place] < WIDTHS[1] and cell is not None:
                longest = max(map(len, str(cell).splitlines()), default=0) + PADDING
                self.columns[place] = min(max(self.columns[place], longest), WIDTHS[1])


def is_long(cells: Sequence[object]) -> bool:
    """Return whether a row would be too high if all of its longest text were shown."""
    return any(isinstance(cell, str) and len(cell) > LONG for cell in cells)
