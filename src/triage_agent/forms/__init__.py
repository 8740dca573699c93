"""Says which columns mean what, and turns rows into forms (see `columns` and `form`)."""

from triage_agent.forms.columns import Columns, guess_columns, resolve_columns
from triage_agent.forms.form import Form, read_form, split_list

__all__ = ["Columns", "Form", "guess_columns", "read_form", "resolve_columns", "split_list"]
