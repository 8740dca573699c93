"""A table that was opened, and what was understood of it."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from triage_agent.intake import counted
from triage_agent.tables.encoding import NAMES
from triage_agent.tables.number_formats import NumberFormat
from triage_agent.tables.row import Row, Value
from triage_agent.tables.sniffing import DELIMITERS

FORMATS = {"csv": "CSV", "tsv": "TSV", "xlsx": "XLSX", "json": "JSON", "jsonl": "JSON Lines",
           "xls": "XLS", "xlsb": "XLSB", "ods": "ODS"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Survey:
    """What reading a table to its end shows; `rows` None: a stream, which is read only once."""

    rows: int | None
    columns: tuple[str, ...]
    complaints: int  # rows that have one
    no_forms: Mapping[str, tuple[int, ...]] = field(default_factory=dict)  # rows, by what they are


@dataclass(frozen=True, slots=True)
class Table:
    """A table, and what was understood of it.

    `columns` of JSON and JSON Lines are those of the sample; `survey` finds all. `sample` holds up
    to 100 first rows, which `rows` yields again. `notes` are sentences for the user.
    """

    name: str
    format: str  # a key of FORMATS
    columns: tuple[str, ...]
    encoding: str | None  # a codec's name; None: a workbook
    delimiter: str | None  # None: not a CSV; "": a single column
    sheet: str | None
    sheets: tuple[str, ...]
    notes: tuple[str, ...]
    sample: tuple[Row, ...]
    header_row: int | None  # its number; None: no row names the columns
    titles: tuple[tuple[Value, ...], ...]  # rows above the header as they stand, () for a blank one
    extra_header: tuple[tuple[Value, ...], ...]  # rows of the header under its first
    rereadable: bool  # whether `rows` can be called again: a file, not a stream
    _read: Callable[[], Iterator[Row]] = field(repr=False)
    formats: Mapping[str, frozenset[NumberFormat]] = field(default_factory=dict)  # see OpenedTable

    def rows(self) -> Iterator[Row]:
        """Yield every row, in memory that does not grow with them (XLSX apart).

        Raises `InputError` where the file stops being readable.
        """
        return self._read()

    def marked(self, mark: Callable[[Iterable[Row]], Iterator[Row]]) -> "Table":
        """Return the table with its rows as `mark` returns them, which drops none and adds none."""
        return replace(self, sample=tuple(mark(self.sample)), _read=lambda: mark(self._read()))

    def written_row(self, row: Row) -> int:
        """Return which row of a CSV or XLSX is this row's when the table is written; 0: the next.

        It is the one that it has here. A table without a header gets one, and JSON has no rows.
        """
        if self.format in {"json", "jsonl"}:
            return 0
        return row.number + (self.header_row is None)

    def survey(self) -> Survey:
        """Return the number of rows and all columns, by reading a file once to its end.

        Raises `InputError` as `rows` does, so that nothing is paid for before a file is known to
        be readable. A stream is not read: its columns are the sample's.
        """
        if not self.rereadable:
            return Survey(None, self.columns, 0)
        columns, count, complaints = dict.fromkeys(self.columns), 0, 0
        no_forms: dict[str, tuple[int, ...]] = {}
        for row in self.rows():
            count += 1
            if row.no_form:
                no_forms[row.no_form] = (*no_forms.get(row.no_form, ()), row.number)
            complaints += row.complaint is not None
            if len(row.values) != len(columns) or not columns.keys() >= row.values.keys():
                columns |= dict.fromkeys(row.values)
        return Survey(count, tuple(columns), complaints, no_forms)

    def describe(self) -> str:
        """Return what was understood, on one line."""
        parts = [FORMATS[self.format]]
        if self.sheet is not None:
            parts.append(f"sheet {self.sheet!r}")
        if self.encoding is not None:
            parts.append(NAMES.get(self.encoding, self.encoding))
        if self.delimiter:
            parts.append(f"{DELIMITERS.get(self.delimiter, repr(self.delimiter))}-separated")
        shown = ", ".join(" ".join(column.split())[:40] for column in self.columns[:8])
        more = ", …" if len(self.columns) > 8 else ""
        count = counted(len(self.columns), "column")
        return f"{self.name}: {', '.join(parts)}, {count} ({shown}{more})"
