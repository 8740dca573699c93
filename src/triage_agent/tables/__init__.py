"""Reads any table of intake forms as a stream of rows (see `table`)."""

from triage_agent.tables.row import Row, Value
from triage_agent.tables.table import FORMATS, Survey, Table, open_table

__all__ = ["FORMATS", "Row", "Survey", "Table", "Value", "open_table"]
