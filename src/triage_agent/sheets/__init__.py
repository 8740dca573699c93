"""Writes results as CSV, XLSX or JSON Lines, and reads them back (see `sheet`)."""

from triage_agent.sheets.cells import neutralise, restore
from triage_agent.sheets.sheet import Sheet, open_sheet, read_back

__all__ = ["Sheet", "neutralise", "open_sheet", "read_back", "restore"]
