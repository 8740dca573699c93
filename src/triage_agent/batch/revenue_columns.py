"""Which column holds the yearly revenue of the business, and which beside it say its unit."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from triage_agent.batch.column_notes import Seen
from triage_agent.batch.column_words import Role, what_is_asked
from triage_agent.errors import InputError
from triage_agent.intake import language_of, name_of, unit_of
from triage_agent.tables import NumberFormat

REVENUE = re.compile(
    r"\b(?:revenues?|turnover|(?:annual|yearly|gross|total|monthly) (?:sales|income|billings)"
    r"|arr|mrr"
    r"|(?:annual|yearly|monthly) rev|rev (?:per )?(?:mo|month|yr|year)"
    r"|sales (?:per|a|each|every) (?:year|month|quarter)|sales (?:in )?(?:fy ?)?(?:19|20)\d\d"
    r"|(?:income|takings|billings) (?:per|a|each|every) (?:year|month|quarter|week)"
    r"|(?:do|does|did) (?:you|we|(?:your|the) \w+) turn over"
    r"|(?:do|does|did) (?:you|we|(?:your|the) \w+) (?:make|earn|bring in|take in?|invoice)"
    r" (?:\w+ )?(?:in|per|a|each|every|last|this) (?:\w+ )?(?:year|month|quarter)"
    r"|rev yr|rev y|rev p a)\b"
)
YEAR = re.compile(r"(?<!\d)(?:19|20)\d\d(?!\d)")
CURRENCY = re.compile(
    r"(?:(?:(?:annual|yearly|monthly) )?(?:revenue|turnover|sales) )?(?:currency|ccy)(?: code)?"
)
UNIT = re.compile(r"(?:revenue|turnover|sales) (?:units?|period|frequency|scale|basis)")
BESIDE = re.compile(r"units?|period|scale|per")  # names that mean it only next to the amounts
PERIOD_WORDS: dict[float, str] = {
    1: "yearly", 2: "half-yearly", 4: "quarterly", 12: "monthly", 26: "fortnightly", 52: "weekly",
}  # fmt: skip
NEAR = 2  # columns
SHORT_CELLS = 8  # words; longer ones are sentences about a problem


@dataclass(frozen=True, slots=True)
class RevenueChoice:
    """The column that is taken for the yearly revenue, and a sentence about each other one."""

    column: str | None
    notes: tuple[str, ...] = ()


def choose_revenue(columns: Sequence[str], seen: Seen) -> RevenueChoice:
    """Return the column whose name says that it is the yearly revenue, and nothing else.

    A yearly amount goes before that of a month, and a later year before an earlier one; a column
    without a single amount comes last. A name
    with a word that may make something else of it (a goal, a share) is only mentioned.
    """
    found: list[tuple[tuple[bool, bool, int, int], str]] = []
    notes: list[str] = []
    for place, column in enumerate(columns):
        is_text = seen.roles[column] is Role.PROBLEM or seen.cells[column].words >= SHORT_CELLS
        said = seen.asked.get(column, column)
        asked = what_is_asked(said)
        is_unit = CURRENCY.fullmatch(asked) or UNIT.fullmatch(asked)
        if is_text or is_unit or not REVENUE.search(asked):
            continue
        try:
            name = name_of(said)
        except InputError as error:
            notes.append(_not_taken(column, error.message, seen))
            continue
        if others := [one for one in name.rest if one not in name.unknown_unit]:
            why = f"Its name also says {' '.join(others)!r}."
            notes.append(_not_taken(column, why, seen))
            continue
        years = [int(year) for year in YEAR.findall(column)]
        part = name.unit.times_a_year not in {None, 1}
        cells = seen.cells[column]
        is_empty = bool(cells.sampled and not cells.filled)
        found.append(((is_empty, part, -max(years, default=9999), place), column))
    taken = [column for _, column in sorted(found)]
    if not taken:
        return RevenueChoice(None, tuple(notes))
    if taken[1:]:
        notes.append(f"Also a revenue, and not read: {seen.listed(taken[1:])} (--revenue-column).")
    return RevenueChoice(taken[0], tuple(notes))


def units_beside(revenue: str | None, columns: Sequence[str]) -> tuple[str, ...]:
    """Return the columns whose cells say the currency, the scale or the period of the revenue.

    >>> units_beside("Revenue", ["Company", "Currency", "Problem", "Revenue", "Unit"])
    ('Currency', 'Unit')
    >>> units_beside("Revenue", ["Unit", "Company", "Problem", "Revenue", "Currency risk"])
    ()
    """
    if revenue is None or revenue not in columns:
        return ()
    at = columns.index(revenue)
    own = what_is_asked(revenue)
    return tuple(
        one
        for place, one in enumerate(columns)
        if place != at
        and (
            CURRENCY.fullmatch(name := what_is_asked(one))
            or UNIT.fullmatch(name)
            or name in {f"{own} unit", f"{own} currency", f"{own} period"}
            or (abs(place - at) <= NEAR and BESIDE.fullmatch(name))
        )
    )


def unit_notes(revenue: str, *, has_rate: bool) -> tuple[str, ...]:
    """Return a sentence if the unit that a column's name states cannot be applied."""
    try:
        unit_of(revenue, has_rate=has_rate)
    except InputError as error:
        return (f"The revenue counts as unknown in every row: {error.message}",)
    return ()


def currency_note(revenue: str) -> str | None:
    """Return what is assumed of amounts in another language whose currency nothing says.

    >>> currency_note("Omzet (EUR)"), currency_note("Turnover")
    (None, None)
    """
    names_dollars = re.search(r"\busd\b|\$|d[oó]lar|dollar", revenue, re.I)
    if language_of(revenue) is None or names_dollars or unit_notes(revenue, has_rate=True):
        return None  # what is wrong with the unit is said in another place
    if name_of(revenue).unit.currency:
        return None
    return (
        f"Where an amount in {revenue!r} names no currency, it is read as US dollars. "
        'If it is another, say so, like --revenue-unit "EUR".'
    )


def unit_shown(
    revenue: str, formats: frozenset[NumberFormat]
) -> tuple[str | None, tuple[str, ...]]:
    """Return the unit that the number formats of the column show beside its name, and a note.

    None: they show nothing. A format that shows thousands of a cell with the whole amount leaves
    the amounts as they are, whatever scale the name states.
    """
    if not formats:
        return None, ()
    if len(formats) > 1:
        shown = " and ".join(sorted(repr(one.unit) if one.unit else "none" for one in formats))
        why = f"its cells have several number formats ({shown})"
        return f"{revenue} (several units)", (
            (
                f"The revenue in {revenue!r} counts as unknown: {why}. "
                'Say which one counts, like --revenue-unit "EUR".'
            ),
        )
    (only,) = formats
    note = f"The number format of {revenue!r} shows {only.unit!r}, which is applied."
    if not only.is_scaled:
        return f"{revenue} ({only.unit})", (note,)
    try:
        period = PERIOD_WORDS.get(name_of(revenue).unit.times_a_year or 1, "")
        money = name_of(f"({only.unit})").unit.currency or name_of(revenue).unit.currency
    except InputError:
        return None, ()
    unit = " ".join(filter(None, (period, money.words if money else "")))
    return unit, (
        (
            f"The number format of {revenue!r} shortens the amounts; they are read as the cells "
            f"hold them{f', in {money.words}' if money else ''}."
        ),
    )


def _not_taken(column: str, why: str, seen: Seen) -> str:
    """Return a sentence about a column that may be the revenue, and is not taken for it."""
    return (
        f"{seen.listed([column])} is not read as the yearly revenue: {why} "
        "If it is that all the same, name it with --revenue-column."
    )
