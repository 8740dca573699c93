"""Forms that seem to be from one business, where each row decides by itself."""

import re
from collections.abc import Iterator, Sequence

from triage_agent.batch.column_names import listed, typed_value
from triage_agent.batch.column_words import plain
from triage_agent.batch.form import says_no_problem
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.row_keys import name_key
from triage_agent.intake import counted
from triage_agent.tables import Row

MOST_WATCHED = 100_000  # rows, so that memory is bounded
MOST_SHOWN = 3  # pairs of rows
MAIL = re.compile(r"[^\s@]+@[^\s@]+\.\w+")
MAIL_NAME = re.compile(r"\be ?mail\b|\bmail\b")


class Repeats:
    """Notes rows that share an e-mail address, or the name of a company, with an earlier row."""

    def __init__(self, sample: Sequence[Row], columns: Columns) -> None:
        """Watch the column with addresses, as its name and the sampled rows show it, and names."""
        mail = _mail_column(sample)
        self._columns = [one for one in (mail, columns.company) if one is not None]
        self._mail = mail
        self._first: dict[tuple[str, int], int] = {}  # by column and the cell's hash: the row
        self._found: dict[str, list[tuple[int, int]]] = {one: [] for one in self._columns}

    def watched(self, rows: Iterator[Row]) -> Iterator[Row]:
        """Yield the rows, and look at each."""
        for count, row in enumerate(rows):
            if count < MOST_WATCHED:
                self._see(row)
            yield row

    def lines(self, columns: Sequence[str]) -> Iterator[str]:
        """Yield a sentence about the forms that seem to be of one business; `columns` are all."""
        told: set[int] = set()
        for column, pairs in self._found.items():
            if new := [pair for pair in pairs if pair[1] not in told]:
                told |= {second for _, second in new}
                shown = ", ".join(f"rows {first} and {again}" for first, again in new[:MOST_SHOWN])
                more = f" and {len(new) - MOST_SHOWN} more" if len(new) > MOST_SHOWN else ""
                yield (
                    f"{counted(len(new), 'form has', 'forms have')} the same "
                    f"{listed([column], columns)} as an earlier one ({shown}{more}). Each decides "
                    f"by itself; --group-by {typed_value(column, columns)} makes them one business."
                )

    def _see(self, row: Row) -> None:
        """Note a row whose cells stood in an earlier row too."""
        for column in self._columns:
            said = name_key(row.values.get(column))
            is_mail = column == self._mail
            if not (MAIL.fullmatch(said) if is_mail else said and not says_no_problem(said)):
                continue
            first = self._first.setdefault((column, hash(said)), row.number)
            if first != row.number:
                self._found[column].append((first, row.number))


def _mail_column(sample: Sequence[Row]) -> str | None:
    """Return the first column that is called after mail, and holds addresses only; None: none."""
    columns = dict.fromkeys(name for row in sample for name in row.values)
    for name in columns:
        cells = [text for row in sample if (text := str(row.values.get(name) or "").strip())]
        if MAIL_NAME.search(plain(name)) and cells and all(map(MAIL.fullmatch, cells)):
            return name
    return None
