from .front_sheet import FrontSheet
from .number_formats import NumberFormat
from .reader import TableOptions, open_table
from .row import SAMPLE_ROWS, DateText, Row, Value
from .table import Survey, Table
from .writer import check_output, open_sheet, open_written, read_back

__all__ = [
    "SAMPLE_ROWS",
    "DateText",
    "FrontSheet",
    "NumberFormat",
    "Row",
    "Survey",
    "Table",
    "TableOptions",
    "Value",
    "check_output",
    "open_sheet",
    "open_table",
    "open_written",
    "read_back",
]
