"""Any table in, any table out: readers and writers of CSV, TSV, XLSX, JSON and JSON Lines."""

from triage_agent.tables.formulas import neutralise, restore
from triage_agent.tables.reader import FORMATS, Survey, Table, open_table
from triage_agent.tables.row import Row, Value
from triage_agent.tables.writer import Sheet, open_sheet, read_back

__all__ = [
    "FORMATS",
    "Row",
    "Sheet",
    "Survey",
    "Table",
    "Value",
    "neutralise",
    "open_sheet",
    "open_table",
    "read_back",
    "restore",
]
