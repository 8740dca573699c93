"""The column that says whether a business sells software: which one it is, and how far it goes."""

import re
from collections.abc import Iterator, Sequence

from triage_agent.batch.column_notes import Seen
from triage_agent.batch.column_words import Role, what_is_asked
from triage_agent.batch.revenue_columns import SHORT_CELLS
from triage_agent.batch.software_answer import NAMES_SOFTWARE, asks_about_selling, is_turned_round

SOFTWARE = re.compile(
    r"\bsells? (?:\w+ ){0,3}software\b|\bsoftware (?:product|company|business)\b|\bsaas\b"
    r"|\b(?:build|building|builds|offer|offers|develop|develops) (?:\w+ ){0,4}software\b"
    r"|\bsells software\b|\bsoftware for (?:\w+ )?customers\b"
)
VERB = re.compile(r"\b(?:sell|build|mak(?:e|ing)|develop|offer)")


def guess_software(columns: Sequence[str], seen: Seen) -> str | None:
    """Return the first column that asks about selling software; one whose yes says so goes first.

    One with sentences about a problem is none.
    """
    found = [
        column
        for column in columns
        if _is_about_software(column)
        and seen.roles[column] is not Role.PROBLEM
        and seen.cells[column].words < SHORT_CELLS
    ]
    sells = (one for one in found if asks_about_selling(one))
    return next(sells, next(iter(found), None))


def software_notes(column: str, seen: Seen, *, chosen: bool) -> Iterator[str]:
    """Yield sentences about the column that is read, and about a name that asks something else."""
    shown = seen.listed([column])
    yield f"Whether software is sold is read from {shown}."
    if asks_about_selling(column):
        return
    if is_turned_round(column):
        yield (
            f"Careful: a yes or no in {shown} counts as unknown, as its name says the opposite of "
            "selling software. Rename it in the table to what a yes means, or name another column "
            "with --software-column."
        )
    elif chosen:
        yield (
            f"Careful: the name of {shown} may ask something else than whether software is sold "
            "to customers. It was named for this, so its yes and no count as that answer."
        )
    else:
        yield (
            f"Careful: a yes or no in {shown} counts as unknown, as its name may ask something "
            "else than whether software is sold to customers. If it is what this column or "
            "another asks, name that column with --software-column."
        )


def _is_about_software(column: str) -> bool:
    """Return whether a column may say whether software is sold."""
    asked = what_is_asked(column)
    names = NAMES_SOFTWARE.search(asked) and VERB.search(asked)
    return bool(SOFTWARE.search(asked) or (names and asks_about_selling(column)))
