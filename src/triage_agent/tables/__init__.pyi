from .number_formats import NumberFormat
from .reader import TableOptions, open_table
from .row import SAMPLE_ROWS, Row, Value
from .table import Table
from .writer import check_output, open_sheet, read_back

__all__ = [
    "SAMPLE_ROWS",
    "NumberFormat",
    "Row",
    "Table",
    "TableOptions",
    "Value",
    "check_output",
    "open_sheet",
    "open_table",
    "read_back",
]
