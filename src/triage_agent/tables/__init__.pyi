from .front_sheet import FRONT, FrontSheet
from .number_formats import NumberFormat
from .reader import TableOptions, open_table
from .row import SAMPLE_ROWS, DateText, Row, Value
from .table import Table
from .writer import check_output, open_sheet, open_written, read_back

__all__ = [
    "FRONT",
    "SAMPLE_ROWS",
    "DateText",
    "FrontSheet",
    "NumberFormat",
    "Row",
    "Table",
    "TableOptions",
    "Value",
    "check_output",
    "open_sheet",
    "open_table",
    "open_written",
    "read_back",
]
