"""A column as the user names it: by its name, by its place, or by a spreadsheet's letter."""

import difflib
import re
from collections.abc import Sequence

from triage_agent.batch.column_words import plain
from triage_agent.errors import InputError
from triage_agent.privacy import mask, one_line

SHOWN = 60  # characters of a name; survey questions run to paragraphs
UNSAFE_IN_QUOTES = set('"$`\\!%')  # that some shell reads inside double quotes


def find_column(name: str, columns: Sequence[str], option: str, first: Sequence[str] = ()) -> str:
    """Return the column that a user means, or raise `InputError` with a value that would work.

    A name may differ in case, blanks and punctuation. A number is a place, counted from 1, and
    capital letters are a spreadsheet's column, unless a column is really called so. `first` are
    the columns to list and to suggest first.

    >>> columns = ["Timestamp", "Biggest problem", "3"]
    >>> [find_column(name, columns, "--problem-column") for name in ("biggestProblem", "2", "B")]
    ['Biggest problem', 'Biggest problem', 'Biggest problem']
    >>> find_column("3", columns, "--problem-column")
    '3'
    """
    if name in columns:
        return name
    same = [column for column in columns if _compact(column) == _compact(name)]
    if len(same) == 1:
        return same[0]
    place = None if same else _place(name)
    if place is not None and 1 <= place <= len(columns):
        return columns[place - 1]
    rest = [*first, *(column for column in columns if column not in first)]
    if same:
        what, shown = "is the name of several columns", same
    elif place is not None and name.strip().isdigit():
        what, shown = f"is not a column: the table has {len(columns)}", []
    else:
        what, shown = "is not a column", close_names(name, columns)
    if shown:
        hint = f"Did you mean: {suggest(shown[:3], columns, option)}"
    else:
        hint = f"There are: {listed(rest, columns)}. Write: {suggest(rest[:1], columns, option)}"
    raise InputError(f"{option}: {name[:SHOWN]!r} {what}. {hint}")


def close_names(name: str, columns: Sequence[str]) -> list[str]:
    """Return up to three columns whose names come close to a name."""
    by_plain = {plain(column): column for column in columns}
    close = difflib.get_close_matches(plain(name), by_plain, n=3)
    close += [one for one in by_plain if plain(name) in one and one not in close]
    return [by_plain[one] for one in close[:3]]


def suggest(names: Sequence[str], columns: Sequence[str], option: str) -> str:
    """Return how an option names each of these columns, as it can be typed here.

    >>> print(suggest(["Pain", "What costs $?"], ["Pain", "What costs $?"], "--problem-column"))
    --problem-column "Pain" or --problem-column 2 ('What costs $?').
    """
    return " or ".join(f"{option} {value_for(name, columns)}" for name in names) + "."


def value_for(name: str, columns: Sequence[str]) -> str:
    """Return what names a column on the command line: its name, else its place.

    What is given by its place has its name behind it, in brackets.
    """
    value = typed_value(name, columns)
    named = value.startswith('"') or not _is_plain(name)
    return value if named else f"{value} ({_shown_apart(name, columns)!r})"


def typed_value(name: str, columns: Sequence[str]) -> str:
    """Return what names a column, as it can be typed, and nothing else.

    A name that is long, that a shell would read, or that an error message would mask as
    somebody's number or address, is given by its place.

    >>> print(typed_value("Revenue (yearly)", ["Revenue (yearly)"]))
    "Revenue (yearly)"
    """
    if len(name) <= SHOWN and _is_plain(name) and not UNSAFE_IN_QUOTES & set(name):
        return f'"{name}"'
    place = columns.index(name) + 1
    for value in (str(place), letters(place)):
        if not any(_compact(column) == _compact(value) for column in columns):
            return value
    return f'"{name}"'


def listed(names: Sequence[str], columns: Sequence[str], most: int = 12) -> str:
    """Return names for a message, the long cut, the many counted."""
    shown = [
        repr(_shown_apart(name, columns))
        if _is_plain(name)
        else f"column {columns.index(name) + 1}"
        for name in names[:most]
    ]
    return ", ".join(shown) + (f" and {len(names) - most} more" if len(names) > most else "")


def shown_name(name: str) -> str:
    """Return a column's name on one line, cut if it is long."""
    name = one_line(" ".join(name.split()))
    return name if len(name) <= SHOWN else name[: SHOWN - 1].rstrip() + "…"


def _shown_apart(name: str, columns: Sequence[str]) -> str:
    """Return a name as `shown_name`, cut in its middle if others begin in the same way.

    >>> asked = "What are the three biggest things that hold your business back?"
    >>> names = [f"{asked} 1", f"{asked} 2"]
    >>> _shown_apart(names[1], names)
    'What are the three biggest th…hat hold your business back? 2'
    """
    shown = shown_name(name)
    if not any(one != name and shown_name(one) == shown for one in columns):
        return shown
    line = one_line(" ".join(name.split()))
    return f"{line[: SHOWN // 2 - 1].rstrip()}…{line[-SHOWN // 2 :].lstrip()}"


def letters(place: int) -> str:
    """Return a spreadsheet's letters for a place from 1.

    >>> letters(4), letters(26), letters(27)
    ('D', 'Z', 'AA')
    """
    found = ""
    while place > 0:
        place, rest = divmod(place - 1, 26)
        found = chr(ord("A") + rest) + found
    return found


def _is_plain(name: str) -> bool:
    """Return whether a message can hold a name: nothing in it is masked or on a line of its own."""
    return mask(name) == name and one_line(name) == name


def _compact(name: str) -> str:
    """Return a name's letters and digits in lower case, else the name."""
    return re.sub(r"[\W_]+", "", name.casefold()) or name.strip()


def _place(name: str) -> int | None:
    """Return the place that a number or a spreadsheet's letters stand for, else None."""
    name = name.strip()
    if re.fullmatch(r"[0-9]{1,5}", name):
        return int(name)
    if re.fullmatch(r"[A-Z]{1,3}", name):
        place = 0
        for letter in name:
            place = place * 26 + ord(letter) - ord("A") + 1
        return place
    return None
