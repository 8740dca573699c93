"""How a row is found again: by its company or its id, in one way to write them."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence

from triage_agent.batch.column_words import plain

IDS = (
    "id", "submission id", "response id", "row id", "form id", "record id", "entry id", "case id",
    "ticket id", "lead id", "task id", "item id", "issue key", "issue id", "card id",
    "order id", "request id",
    "respondent id", "case number", "ticket number", "reference number", "submission number",
    "key", "reference", "ref", "token", "#",
)  # fmt: skip
# The id of something that somebody told, in either order: "complaint_id", "id_ticket".
_TOLD = (
    r"(?:complaint|feedback|grievance|inquiry|enquiry|request|issue|ticket|case|incident|report"
    r"|suggestion|message|comment|review|survey|problem|reclamo|chamado|queja|demande|anfrage)"
)
NUMBERED = re.compile(rf"(?:\w+ )?{_TOLD} (?:id|key|nr|no)|(?:id|key|nr|no) (?:\w+ )?{_TOLD}")


def id_column(columns: Sequence[str], cells: Mapping[str, list[str]]) -> str | None:
    """Return the column that tells rows apart; an e-mail address is not an id."""
    by_plain = {plain(column): column for column in reversed(columns)}
    for name in IDS:
        found = by_plain.get(name)
        if found is not None and len(set(cells[found])) == len(cells[found]):
            return found
    for name, found in by_plain.items():
        said = cells[found]
        if NUMBERED.fullmatch(name) and len(set(said)) == len(said) > 1 and _are_single(said):
            return found
    return None


def _are_single(texts: Iterable[str]) -> bool:
    return all(len(text.split()) == 1 for text in texts)


def only_counts_rows(ids: Iterable[object]) -> bool:
    """Return whether ids are whole numbers, each one more than that before it.

    >>> [only_counts_rows(ids) for ids in (["1", "2", 3.0], ["1", "4"], ["A-1", "A-2"])]
    [True, False, False]
    """
    last: int | None = None
    for one in ids:
        text = _text(one)
        if not re.fullmatch(r"\d{1,9}", text) or (last is not None and int(text) != last + 1):
            return False
        last = int(text)
    return last is not None


def name_key(value: object) -> str:
    """Return an id or a name in one way to write it: no case, single blanks, no last stop."""
    said = unicodedata.normalize("NFKC", _text(value))
    return said.rstrip(" .,") or said


def _text(value: object) -> str:
    """Return a cell as text, the same in every format."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return "" if value is None else " ".join(str(value).split()).casefold()
