from .reader import Table, TableOptions, open_table
from .row import SAMPLE_ROWS, Row, Value
from .writer import check_output, open_sheet, read_back, read_preamble

__all__ = [
    "SAMPLE_ROWS",
    "Row",
    "Table",
    "TableOptions",
    "Value",
    "check_output",
    "open_sheet",
    "open_table",
    "read_back",
    "read_preamble",
]
