"""Amounts as people write them and as people read them, in `Decimal` on the way between."""

import re
from collections.abc import Iterable
from decimal import ROUND_DOWN, ROUND_HALF_UP, Context, Decimal, InvalidOperation

from triage_agent.errors import InputError
from triage_agent.intake.numerals import (
    DOLLARS,
    FOREIGN,
    SCALES,
    UNKNOWN_WORDS,
    quoted,
    split_number,
)

CUT = Context(prec=60, rounding=ROUND_DOWN)  # a division never rounds up to a threshold
SMALLEST = Decimal("0.000001")  # of anything but 0; what is smaller is a slip of a formula
LARGEST_USD = Decimal(10) ** 9
LARGEST = {
    "hours_saved_per_week": Decimal(168 * 1000),  # a thousand people around the clock
    "age_days": Decimal(36_500),  # a spreadsheet's dates are numbers above it
}
MOST_SHOWN = Decimal(1000)  # from here on the exact value is not shown
TENTH = Decimal("0.1")
NEGATIVE = re.compile(r"[-−–(]\s*[\d.]")
BLANK = {"", "-", "–", "—"}  # spreadsheets show a dash for 0


def read_amount(cell: object, field: str, place: str) -> Decimal | None:
    """Return what a cell or option says, None if it is blank, or raise `InputError`.

    `field` is a field of `roi.Investment`; its unit decides whether "$" and "k" are understood.
    The message begins with `place`. A comma before three digits groups them, as in revenue.

    >>> read_amount(" $1,200 ", "monthly_cost_usd", "cell"), read_amount("1.2k", "one_off_cost_usd",
    ... "cell"), read_amount("7,5", "hours_saved_per_week", "cell")
    (Decimal('1200'), Decimal('1200.0'), Decimal('7.5'))
    """
    text = " ".join(str(cell).split()) if cell is not None else ""
    unknown = BLANK if field != "age_days" else BLANK | UNKNOWN_WORDS
    if text.casefold() in unknown:
        return None
    is_money = "usd" in field
    body = " ".join(DOLLARS.sub(" ", text).split()) if is_money else text
    foreign = FOREIGN.search(text) if is_money else None
    value = None if foreign or isinstance(cell, bool | list | dict) else _number(body, is_money)
    if value is not None:
        return check_amount(value, field, place=place, shown=text)
    kind, example = ("an amount", "1200, $1,200 or 1.2k") if is_money else ("a number", "12 or 7.5")
    wrong = f"is not {kind}"
    if foreign:
        wrong = f"is not in US dollars ({foreign.group()})"
    elif NEGATIVE.match(body):
        wrong = "must not be negative"
    raise InputError(f"{place}: {quoted(text)} {wrong}. Write it like {example}.")


def read_amounts(cells: Iterable[tuple[object, str, str]]) -> dict[str, Decimal]:
    """Return {field: amount} of cells or options that are not blank; see `read_amount`."""
    amounts = {field: read_amount(cell, field, place) for cell, field, place in cells}
    return {field: amount for field, amount in amounts.items() if amount is not None}


def check_amount(value: Decimal, field: str, *, place: str, shown: str) -> Decimal:
    """Return a value that a field of `roi.Investment` can take, or raise `InputError`.

    The message begins with `place`, and shows the value as it was written.
    """
    most = LARGEST.get(field, LARGEST_USD)
    if not value.is_finite():
        wrong = "is not a finite number"
    elif value < 0:
        wrong = "must not be negative"
    elif value > most:
        wrong = f"is more than {most:,}, the maximum"
    elif 0 < value < SMALLEST:
        wrong = f"is less than {SMALLEST}, the minimum"
    else:
        return CUT.plus(value)
    raise InputError(f"{place}: {quoted(shown)} {wrong}. Correct it.")


def _number(text: str, is_money: bool) -> Decimal | None:
    """Return the number that a text is, None if it is none; "k" and "M" belong to money."""
    try:
        return Decimal(text)  # "nan" and "1e9" too, as spreadsheets write them
    except InvalidOperation:
        pass
    number = split_number(text)
    if number is None or (number[1] and not is_money):
        return None
    digits, scale = number
    return Decimal(digits.replace(",", ".")) * SCALES[scale]


def percent(share: float, digits: int = 0) -> str:
    """Return a share for people, with a space before the sign; all and nothing only where it is.

    >>> percent(0.98), percent(0.926, 1), percent(0.996), percent(1.0)
    ('98 %', '92.6 %', 'over 99 %', '100 %')
    >>> percent(0.0004, 1), percent(0.0)
    ('under 0.1 %', '0 %')
    """
    shown, step = f"{100 * share:.{digits}f}", 10**-digits
    if share < 1 and float(shown) >= 100:
        return f"over {100 - step:.{digits}f} %"
    if share > 0 and float(shown) <= 0:
        return f"under {step:.{digits}f} %"
    return f"{shown} %"


def usd(amount: Decimal) -> str:
    """Return an amount for people: cents under $100, then whole dollars, then millions.

    >>> usd(Decimal("5.5")), usd(Decimal("99.995")), usd(Decimal(12_340_000))
    ('$5.50', '$100', '$12.3M')
    """
    for scale, letter in ((10**12, "T"), (10**9, "B"), (10**6, "M")):
        if amount >= 10 * scale:
            return f"${(amount / scale).quantize(TENTH, ROUND_HALF_UP):,}{letter}"
    cents = amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if cents >= 100 or cents == cents.to_integral_value():
        return f"${amount.quantize(Decimal(1), ROUND_HALF_UP):,}"
    return f"${cents}"


def counted(number: float | Decimal, one: str, more: str | None = None) -> str:
    """Return a number with what it counts, `more` of it by the word `one` and an s.

    >>> counted(1, "row"), counted(2_500, "row"), counted(0, "row"), counted(2.5, "hour")
    ('1 row', '2,500 rows', '0 rows', '2.5 hours')
    >>> counted(1, "problem is", "problems are"), counted(Decimal("1E+1"), "month")
    ('1 problem is', '10 months')
    """
    shown = format(number, {float: ",g", Decimal: ",f"}.get(type(number), ","))
    return f"{shown} {one if number == 1 else more or one + 's'}"


def times(ratio: Decimal) -> str:
    """Return a ratio for people, cut off, so that nothing under 3 reads as 3.

    >>> times(Decimal("2.96")), times(Decimal("0.09")), times(Decimal(54321))
    ('2.9', 'under 0.1', '1,000+')
    """
    return _tenths(ratio, ROUND_DOWN)


def months(count: Decimal) -> str:
    """Return a number of months for people.

    >>> months(Decimal("1.408")), months(Decimal("0.02"))
    ('1.4', 'under 0.1')
    """
    return _tenths(count, ROUND_HALF_UP)


def _tenths(value: Decimal, rounding: str) -> str:
    """Return a number with one decimal; what is very small or very large only as that."""
    if value >= MOST_SHOWN:
        return f"{MOST_SHOWN:,}+"
    if 0 < value < TENTH:
        return f"under {TENTH}"
    return f"{value.quantize(TENTH, rounding, context=CUT)}"
