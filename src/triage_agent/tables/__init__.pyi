from .banners import is_known_header
from .front_sheet import FRONT, FrontSheet
from .json_rows import open_lines
from .number_formats import NumberFormat
from .reader import TableOptions, open_table
from .row import SAMPLE_ROWS, DateText, OpenedTable, Row, Value, keep_apart, name_columns
from .table import Survey, Table
from .writer import check_output, open_sheet, open_written, read_back

__all__ = [
    "FRONT",
    "SAMPLE_ROWS",
    "DateText",
    "FrontSheet",
    "NumberFormat",
    "OpenedTable",
    "Row",
    "Survey",
    "Table",
    "TableOptions",
    "Value",
    "check_output",
    "is_known_header",
    "keep_apart",
    "name_columns",
    "open_lines",
    "open_sheet",
    "open_table",
    "open_written",
    "read_back",
]
