"""What a text says about yearly revenue, in the unit that its column's name states."""

import math
import re

from triage_agent.errors import InputError
from triage_agent.intake.currencies import (
    ALSO_DOLLARS,
    ANY_DOLLARS,
    US_DOLLARS,
    Found,
    check_usd_rate,
    foreign_currency,
    load_currencies,
    rates_of,
    without_currency,
)
from triage_agent.intake.foreign_words import groups_with_stops, in_english, language_of
from triage_agent.intake.numerals import (
    AMOUNT,
    NUMBER,
    ONE_GROUP,
    SCALES,
    UNKNOWN_WORDS,
    number_of,
    quoted,
    split_number,
    with_points,
)
from triage_agent.intake.periods import period_note, period_of
from triage_agent.intake.revenue import UNKNOWN_REVENUE, Band, Revenue, dollars
from triage_agent.intake.revenue_units import RUPEES, Unit, apart, name_of, unit_of
from triage_agent.intake.revenue_words import (
    HEDGE,
    HEDGE_BEFORE,
    NOTHING_YET,
    OTHERWISE,
    digits_for_words,
    figures,
)

LARGEST = 1e15  # no business; beyond it a slip of the keyboard becomes infinity
LARGEST_SCALED = 1e12  # no business either: full amounts in a column of thousands or millions
SMALLEST = 1_000  # a bare number below this is a forgotten unit, not a year's revenue
RANGE_JOIN = re.compile(r"\s*(?:-|–|—|\bto\b|\band\b|\bthrough\b)\s*", re.I)
BELOW = re.compile(
    r"^(?:under|below|less than|fewer than|up to|at most|no more than|max(?:imum)?|to(?=\s)"
    r"|<=?|≤)\s*",
    re.I,
)
ABOVE = re.compile(
    r"^(?:over|above|more than|greater than|north of|at least|from|min(?:imum)?|>=?|≥)\s*", re.I
)
BETWEEN = re.compile(r"\s*,?\s*\b(?:but|and)\b\s*", re.I)
AND_ABOVE = re.compile(
    r"\s*(?:\+|\bplus|\b(?:or|and)\s+(?:more|up|over|above|higher|greater|upwards?))$", re.I
)
OR_BELOW = re.compile(r"\s*\b(?:or|and)\s+(?:less|under|below|lower|fewer)$", re.I)
FILLER = re.compile(
    r"^(?:about|around|approximately|approx\.?|roughly|circa|ca\.?|nearly|almost|between"
    r"|of(?=\s)|~|≈)\s*",
    re.I,
)
# The letter or number of a choice; "3. 5M" could be an amount, so a digit needs a bracket or words.
CHOICE = re.compile(
    r"^(?:option|choice|answer)\s+(?:[a-h]|\d)\s*[.):-]\s*|^\(?[a-h]\s*[.):]\s*(?=\S)"
    r"|^\(?\d\)\s*(?=\S)|^\d\.\s+(?=[^\d\s.])",
    re.I,
)
YEAR = re.compile(
    r"\(\s*(?:in |fy ?)?(?:19|20)\d\d\s*\)|\b(?:in|for|fy) ?(?:19|20)\d\d\b(?!\s*:)"
    r"|^(?:fy ?'?(?:\d\d){1,2}|(?:19|20)\d\d)\s*:\s*",
    re.I,
)
ASIDE = re.compile(
    r"\(\s*(?:est(?:imated?|\.)?|approx(?:\.|imately)?|about|gross|roughly|or so)\s*\)"
    r"|\s*\b(?:(?:in )?(?:annual |yearly )?(?:revenues?|sales)|turnover|gross)\b\.?",
    re.I,
)
BRACKET = re.compile(r"\s*\(([^()]*)\)")
POWER = re.compile(r"(?<![\w.,])(\d+(?:[.,]\d+)?)e\+?(\d{1,2})\b", re.I)  # 1.2E+06 of a spreadsheet
GROUPED_OR_DECIMAL = re.compile(r"\d{1,3}\.\d{3}")  # 950.000: to some 950 thousand, to others 950
INDIAN = re.compile(r"\b(?:lakhs?|lacs?|crores?|cr)\b|\b\d{1,2}(?:,\d{2})+,\d{3}\b", re.I)


def parse_revenue(text: str, usd_rate: float | None = None) -> Revenue:
    """Return the yearly revenue that `text` states, or raise `InputError` saying why not.

    As `read_revenue`, of a text without a column.

    >>> str(parse_revenue("250k a month")), parse_revenue("250k a month").note
    ('$3M', 'a monthly amount, times 12')
    >>> parse_revenue("$1M–$5M").band.value, parse_revenue("under 500k").band.value
    ('1m-to-10m', 'under-1m')
    """
    return read_revenue(text, "", usd_rate)


def read_revenue(text: str, header: str = "", usd_rate: float | None = None) -> Revenue:
    """Return the yearly revenue of a cell, in the unit that its column's name states.

    What the cell says itself (a period, a scale, a currency) counts more than the name, and the
    note says so. `usd_rate` is the USD that one unit of another currency buys; it never applies to
    dollars. Without it, the amount is what every rate within half and double of the shipped one
    makes of it. Text that says "unknown", "n/a" or nothing is unknown revenue. A range leaves its
    ends out, as forms mean it: "10M+" is over 10M, "500K-1M" is under 1M. Raises `InputError` for
    what is no amount, and for a unit that cannot be applied.

    >>> str(read_revenue("500,000", "Monthly revenue")), str(read_revenue("3.2", "Revenue ($M)"))
    ('$6M', '$3.2M')
    """
    check_usd_rate(usd_rate)
    language = language_of(header)
    own = apart(" ".join(in_english(text, language).split()))
    cleaned = re.sub(r"\brs\.", "rs", own.rstrip("."), flags=re.I)
    if cleaned.casefold().replace("’", "'") in UNKNOWN_WORDS:
        return UNKNOWN_REVENUE
    unit = unit_of(header, has_rate=usd_rate is not None)
    cleaned, asides = _amount_words(unit.codes.get(cleaned.casefold().strip(" .)("), cleaned))
    if not cleaned:
        return Revenue(0, 0)
    times, body = period_of(digits_for_words(POWER.sub(_plain_digits, cleaned)))
    currency, notes = _currency(body, unit)
    notes = asides + notes
    body = " ".join(without_currency(body).split()).rstrip(". ")
    alone = (times or unit.times_a_year or 1) == 1 and not unit.scale
    stops = groups_with_stops(language_of(text) or language)
    body = with_points(body, stops=stops and not (alone and ONE_GROUP.search(body)))
    scale = unit.scale if unit.scale and not _has_scale(body) else 1
    low, high, low_open, high_open = _interval(body, text, scale)
    if unit.scale:
        name = f"{unit.scale:,}"
        notes.append(
            f"in units of {name}, as the column's name says"
            if scale > 1
            else f"the cell has its own scale, so the {name} of the column's name is not applied"
        )
    if times is not None and unit.times_a_year not in (None, times):
        notes.append("the cell names its own period, which counts more than the column's name")
    yearly = times or unit.times_a_year or 1
    if yearly != 1:
        notes.insert(0, period_note(yearly))
    least = most = 1.0
    if currency and usd_rate is not None:
        least = most = usd_rate
        notes.append(f"converted from {currency.words} at {usd_rate:g} dollars per unit")
        lowest, highest = rates_of(currency) if currency.codes else (usd_rate, usd_rate)
        if not lowest <= usd_rate <= highest:
            notes.append(
                f"that rate is far from the one of {load_currencies().date}; check --usd-rate"
            )
    elif currency:
        least, most = rates_of(currency)
        notes.append(
            f"{currency.words} at any rate from {least:g} to {most:g} dollars, half to double that "
            f"of {load_currencies().date}"
        )
    found = Revenue(low * yearly * least, high * yearly * most, low_open, high_open)
    if found.band is Band.UNKNOWN and currency and usd_rate is None:
        notes.append("the exact rate decides: give it with --usd-rate")
    return Revenue(found.low_usd, found.high_usd, low_open, high_open, "; ".join(notes))


def _amount_words(text: str) -> tuple[str, list[str]]:
    """Return what a cell says about the amount, empty for none yet, and notes of what is left out.

    Raises `InputError` for what is not the revenue of a year: a goal, a forecast, a profit.
    """
    text = HEDGE_BEFORE.sub("", HEDGE.sub("", text)) or text
    cleaned, asides = _without_asides(YEAR.sub(" ", CHOICE.sub("", text)).strip() or text)
    if NOTHING_YET.fullmatch(cleaned):
        return "", []
    cleaned = ASIDE.sub(" ", cleaned).strip() or cleaned
    if other := OTHERWISE.search(cleaned):
        raise InputError(
            f"The revenue {quoted(text)} speaks of {quoted(other[0])}, which is not the revenue of "
            "a year. Write that, like 3M a year."
        )
    return cleaned, asides


def _without_asides(text: str) -> tuple[str, list[str]]:
    """Return a cell without the brackets that say nothing about the amount, and a note of them.

    A unit and a reservation ("target") in brackets stay. Raises `InputError` for a unit in
    brackets that is not known.
    """
    ignored = []

    def judged(found: re.Match[str]) -> str:
        said = found[1]
        name = name_of(f"({said})")
        if name.unknown_unit and any(word.isupper() and len(word) == 3 for word in name.rest):
            raise InputError(f"The revenue {quoted(text)} has a unit that is not known.")
        if OTHERWISE.search(said) or name.unit != Unit() or re.search(r"\d|\$", said):
            return f" {said} " if name.unit != Unit() and not name.rest else found[0]
        if name.rest:
            ignored.append(said)
        return " "

    kept = " ".join(BRACKET.sub(judged, text).split())
    return kept or text, [f"{quoted(said)} is not read" for said in ignored]


def _plain_digits(found: re.Match[str]) -> str:
    """Return a number like 1.2E+06 in digits."""
    return f"{float(found[1].replace(',', '.')) * 10 ** int(found[2]):.2f}".removesuffix(".00")


def _currency(body: str, unit: Unit) -> tuple[Found | None, list[str]]:
    """Return the currency of the amount, None for US dollars, and what is to be said about it."""
    own = foreign_currency(body)
    if own is None and INDIAN.search(body) and not ANY_DOLLARS.search(US_DOLLARS.sub("$", body)):
        own = RUPEES
    if own:
        shared = [one for one in own.codes if unit.currency and one in unit.currency.codes]
        return Found(own.words, tuple(shared or own.codes)), []  # "¥" in a column of JPY
    if unit.currency is None:
        return None, []
    theirs = set(unit.currency.codes) <= ALSO_DOLLARS and not US_DOLLARS.search(body)
    if US_DOLLARS.search(body) or (ANY_DOLLARS.search(body) and not theirs):
        return None, ["the cell says US dollars, which counts more than the column's name"]
    return unit.currency, []


def _has_scale(body: str) -> bool:
    """Return whether any amount of a text has a scale of its own."""
    return any(found.group(2) for found in AMOUNT.finditer(body)) or bool(figures(body))


def _interval(body: str, text: str, scale: int) -> tuple[float, float, bool, bool]:
    """Return (low, high, low open, high open) in the units of the text."""
    body = FILLER.sub("", body)
    if spanned := figures(body):
        return *spanned, spanned[0] == 1e7, True
    if below := BELOW.match(body):
        return 0.0, _amount(body[below.end() :], text, scale), False, True
    if above := ABOVE.match(body):
        rest = body[above.end() :]
        halves = BETWEEN.split(rest, maxsplit=1)
        if len(halves) == 2 and (below := BELOW.match(halves[1])):
            return _ends([halves[0], halves[1][below.end() :]], text, scale)
        if len(parts := RANGE_JOIN.split(rest)) == 2:  # "from 1M to 5M"
            return _ends(parts, text, scale)
        return _amount(AND_ABOVE.sub("", rest), text, scale), math.inf, True, False
    if AND_ABOVE.search(body):
        return _amount(AND_ABOVE.sub("", body), text, scale), math.inf, True, False
    if OR_BELOW.search(body):
        return 0.0, _amount(OR_BELOW.sub("", body), text, scale), False, True
    parts = [part for part in RANGE_JOIN.split(body) if part]
    if len(parts) == 2 and not body.startswith(("-", "–", "—")):
        return _ends(parts, text, scale)
    amount = _amount(body, text, scale)
    return amount, amount, False, False


def _ends(parts: list[str], text: str, scale: int) -> tuple[float, float, bool, bool]:
    """Return a range without its ends; in "1-5M" the low end borrows the scale of the high one."""
    high_scale = AMOUNT.fullmatch(FILLER.sub("", parts[1]).strip())
    low_text = parts[0].strip()
    own = split_number(low_text)
    is_less = own and high_scale and number_of(own[0]) < number_of(high_scale.group(1))
    if high_scale and high_scale.group(2) and is_less and re.fullmatch(NUMBER, low_text):
        low_text += high_scale.group(2)
    low, high = _amount(low_text, text, scale), _amount(parts[1], text, scale)
    if low > high:
        raise InputError(f"The revenue {quoted(text)} runs from a higher to a lower amount.")
    return low, high, low < high, low < high


def _amount(piece: str, text: str, unit: int) -> float:
    """Return one amount, or raise `InputError` showing what was written."""
    number = split_number(FILLER.sub("", piece.strip()).strip())
    if number is None:
        hint = "must not be negative" if re.match(r"\s*[-−(]\s*\$?\d", text) else "is not an amount"
        raise InputError(
            f"The revenue {quoted(text)} {hint}. Write it like 3M, $750k, 1M-5M or 250k a month."
        )
    digits, scale = number
    if GROUPED_OR_DECIMAL.fullmatch(digits) and SCALES[scale] * unit <= 1_000:
        whole = digits.replace(".", ",")
        raise InputError(
            f"The revenue {quoted(text)} may be {whole.replace(',', '')} or {float(digits):g}. "
            f"Write it without the stop, like {whole}{scale}."
        )
    value = float(digits.replace(",", ".")) * SCALES[scale] * unit
    if value > (LARGEST_SCALED if unit > 1 else LARGEST):
        raise InputError("This revenue is more than any business makes. Write it like 3M or $750k.")
    if 0 < value < SMALLEST and not scale:
        raise InputError(
            f"The revenue {quoted(text)} would be {dollars(value)} a year. "
            f"Write the unit, like {value:g}k or {value:g}M."
        )
    return round(value, 2)
