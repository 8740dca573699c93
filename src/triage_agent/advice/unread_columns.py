"""Amounts in a column of a portfolio that is not read: a verdict without them would be a guess.

A column's name says which field it could be. Its cell matters where it holds an amount, and the
row says nothing about that field: `Hourly rate` beside no `hourly_cost`. What is only computed from
the others (`Total cost` beside `monthly_cost`) changes nothing.
"""

import re
from collections.abc import Collection, Mapping
from functools import lru_cache

BENEFITS = ("hours_saved_per_week", "cost_reduced_usd_per_month", "revenue_enabled_usd_per_month")
COSTS = ("monthly_cost_usd", "one_off_cost_usd")
MONEY = ("hourly_cost_usd", *BENEFITS[1:], *COSTS)

# Names that speak of money or time, and yet hold none: a code, a date, a remark, a share.
NO_AMOUNT = re.compile(
    r"\b(?:ids?|codes?|centers?|centres?|dates?|since|owners?|names?|currency|units?|notes?"
    r"|comments?|types?|categor(?:y|ies)|departments?|accounts?|status|zones?|percent|pct|share"
    r"|ratio|roi|payback|return|tiers?|plans?|models?|managers?|sources?|why|reasons?)\b"
)
# What sums up or repeats other columns: one of the fields is enough for it to add nothing.
SUM = re.compile(
    r"\b(?:total|sum|net|gross|annual(?:ly)?|annuali[sz]ed|yearly|year|benefits?|value|gains?"
    r"|impact|overall)\b"
)
PERIOD = re.compile(r"\b(?:monthly|month|months|recurring|subscriptions?|licen[cs]es?|retainer)\b")
SAVED = r"(?:sav(?:ed|es?|ings?)|reduc(?:ed|tions?)|avoided|freed|cut)"
TIME = r"(?:hours?|hrs?|minutes?|mins?|days?|fte)"
# The first whose words stand in the name says what the column could be.
MEANINGS = (
    (
        re.compile(
            rf"^(?:\w+ )?(?:rate|wages?|salar(?:y|ies)|pay)$|\bhourly\b|\ban? hour\b"
            r"|\bper hour\b"
            rf"|\b(?:cost|rate|price|wage|pay|value)s? (?:of |for |each |per )*{TIME}\b"
            r"|\b(?:labou?r|staff|pay|day|billing) (?:rate|cost|price)s?\b"
        ),
        ("hourly_cost_usd",),
    ),
    (re.compile(rf"\b{TIME}\b|\btime {SAVED}\b|\b{SAVED} time\b"), ("hours_saved_per_week",)),
    (
        re.compile(r"\b(?:revenues?|sales|income|turnover|profits?|margins?|earn(?:ed|ings))\b"),
        ("revenue_enabled_usd_per_month",),
    ),
    (re.compile(rf"\b{SAVED}\b"), ("cost_reduced_usd_per_month",)),
    (re.compile(r"\b(?:benefits?|gains?|impact|worth|value)\b"), BENEFITS),
    (
        re.compile(
            r"\b(?:one ?(?:off|time)|once|set ?up|initial|up ?front|implementation|onboarding"
            r"|build|development|purchase|training|integration|migration|capex)\b"
        ),
        ("one_off_cost_usd",),
    ),
    (
        re.compile(
            r"\b(?:costs?|prices?|fees?|spend(?:ing)?|spent|expenses?|budget|payments?|invoices?"
            r"|bills?|charges?|paid|subscriptions?|licen[cs]es?|retainers?|opex|usd|dollars?)\b"
        ),
        COSTS,
    ),
)
OTHER_RATE = re.compile(r"^(?!hour|day|daily|pay|labou?r|staff|bill|wage)\w+ rate$")
MARKED_MONEY = re.compile(r"[$€£¥₹]\s*\d|\d\s*(?:[€£¥₹]|usd\b|eur\b|gbp\b)", re.IGNORECASE)
# An amount and little else; a share (12 %) and a date are none.
AMOUNT = re.compile(
    r"\W{0,3}(?:[a-z]{2,3}\W?)??[$€£¥₹]?\s*(?=[\d.,]*[1-9])\d[\d.,' ]*(?!\d|%|[/-]\d)[^\d%]{0,20}",
    re.IGNORECASE,
)


def unread_amount(
    cells: Mapping[str, object], given: Collection[str]
) -> tuple[str, tuple[str, ...]] | None:
    """Return the first column that is not read whose amount the row lacks, and its fields.

    The fields are those that it could be. `cells` are those of unknown columns, `given` the fields
    of `Investment` that the row fills; None: nothing is missing.

    >>> unread_amount({"Owner": "Ann", "Hourly rate": "$35"}, {"hours_saved_per_week"})
    ('Hourly rate', ('hourly_cost_usd',))
    >>> unread_amount({"Hourly rate": "$35"}, {"hourly_cost_usd"})
    """
    for column, cell in cells.items():
        text = "" if cell is None or isinstance(cell, bool) else " ".join(str(cell).split())
        if not AMOUNT.fullmatch(text):
            continue
        fields, is_sum = meaning_of(column)
        if not fields and MARKED_MONEY.search(text):
            fields = MONEY
        missing = tuple(field for field in fields if field not in given)
        if missing and not (is_sum and len(missing) < len(fields)):
            return column, missing
    return None


@lru_cache(maxsize=1024)
def meaning_of(column: str) -> tuple[tuple[str, ...], bool]:
    """Return the fields that a column could be by its name, and whether it sums others up.

    >>> meaning_of("Setup fee"), meaning_of("Owner"), meaning_of("Total cost")
    ((('one_off_cost_usd',), False), ((), False), (('monthly_cost_usd', 'one_off_cost_usd'), True))
    """
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", column)
    name = " ".join(re.findall(r"[^\W_]+", spaced.casefold()))
    if NO_AMOUNT.search(name) or OTHER_RATE.search(name):
        return (), False
    is_sum = SUM.search(name) is not None
    fields = next((fields for words, fields in MEANINGS if words.search(name)), ())
    if fields == COSTS and PERIOD.search(name):
        fields = COSTS[:1]
    if is_sum and fields and set(fields) <= set(BENEFITS):
        fields = BENEFITS
    return fields, is_sum
