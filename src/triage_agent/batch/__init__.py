"""Many forms: which columns mean what, one form from one row, and the run over all of them."""

from triage_agent.batch.columns import Columns, guess_columns, resolve_columns
from triage_agent.batch.form import Form, read_form, split_list

__all__ = ["Columns", "Form", "guess_columns", "read_form", "resolve_columns", "split_list"]
