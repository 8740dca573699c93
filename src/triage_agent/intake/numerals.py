"""Numbers as people write them: digits with separators, a scale like k or M, a currency."""

import re

MILLION = 1_000_000
SCALES = {
    "": 1,
    "k": 1_000,
    "thousand": 1_000,
    "m": MILLION,
    "mm": MILLION,
    "mn": MILLION,
    "mil": MILLION,
    "mill": MILLION,
    "mio": MILLION,
    "million": MILLION,
    "millions": MILLION,
    "b": 1_000 * MILLION,
    "bn": 1_000 * MILLION,
    "billion": 1_000 * MILLION,
    "mrd": 1_000 * MILLION,
    "mln": MILLION,
    "tsd": 1_000,
    "lakh": 100_000,
    "lakhs": 100_000,
    "lac": 100_000,
    "lacs": 100_000,
    "crore": 10 * MILLION,
    "crores": 10 * MILLION,
    "cr": 10 * MILLION,
}
FOREIGN = re.compile(
    r"[€£¥₹₽₺₩₪]|\b(?:eur|euros?|gbp|pounds?|chf|francs?|jpy|yen|inr|rupees?|cad|aud|nzd|sek|nok|"
    r"dkk|pln|cny|rmb|brl|mxn|zar|sgd|hkd|lakhs?|lacs?|crores?)\b|\b(?:ca|au|nz|sg|hk|[cas])\$",
    re.I,
)
INDIAN_GROUPS = r"\d{1,2}(?:,\d{2})+,\d{3}"  # 1,50,00,000
NUMBER = (
    rf"({INDIAN_GROUPS}|\d{{1,3}}(?:[,_ ']\d{{3}})+(?:\.\d+)?|\d{{1,3}}(?:\.\d{{3}}){{2,}}"
    r"|\d+(?:[.,]\d+)?|\.\d+)"
)
SCALE = (
    r"(k|thousand|mm|mn|mill?|mio|mln|mrd|millions?|m|bn|billion|b|tsd|lakhs?|lacs?|crores?|cr)?"
)
AMOUNT = re.compile(rf"{NUMBER}\s*{SCALE}\b", re.I)
DOLLARS = re.compile(r"(?:us\s*)?\$|\busd\b|\b(?:us )?dollars?\b", re.I)
UNKNOWN_WORDS = {
    "",
    "unknown",
    "n/a",
    "na",
    "none",
    "not sure",
    "don't know",
    "?",
    "-",
    "prefer not to say",
    "rather not say",
    "i'd rather not say",
    "i prefer not to say",
    "prefer not to answer",
    "prefer not to disclose",
    "not disclosed",
    "undisclosed",
    "confidential",
    "private",
    "tbd",
    "no answer",
    "i don't know",
    "no idea",
    "idk",
    "dunno",
    "not sure?",
}
LONGEST_QUOTE = 40  # characters of what somebody wrote, in a message
GROUPED = re.compile(r"(?<![\d.,])(\d{1,3}(?:\.\d{3})+)(?:,(\d{1,2}))?(?![\d.,])")
# A year's revenue that is 1.500 lacks its unit, which decides what the stop is.
ONE_GROUP = re.compile(r"(?<![\d.,])\d\.\d{3}(?![\d.,])")
SPACED = re.compile(r"(?<![\d.,])(\d{1,3}(?:[ '’\xa0\u202f]\d{3})+),(\d{1,2})(?![\d.,])")
LARGE = re.compile(r"\s*(?:m(?:m|n|io|ln|ill?|rd|illions?)?|bn?|billion)\b", re.I)
COMMA = re.compile(rf"(?<![\d.,])(\d{{1,3}}),(\d{{3}})(?={LARGE.pattern})", re.I)


def with_points(text: str, *, stops: bool | None) -> str:
    """Return a text whose numbers have decimal points, and nothing between their groups.

    A comma behind groups shows what the stops are; without one, `stops` says whether the text's
    language groups with them; None: it is English. In a number of millions a single stop, and in
    another language a single comma, is a decimal one.

    >>> with_points("2.300.000,50", stops=None), with_points("950.000 €", stops=True)
    ('2300000.50', '950000 €')
    >>> with_points("950.000", stops=None), with_points("1.250 Mio", stops=True)
    ('950.000', '1.250 Mio')
    >>> with_points("1,250 Mio", stops=False), with_points("1,250 million", stops=None)
    ('1.250 Mio', '1,250 million')
    """
    if stops is not None:
        text = COMMA.sub(r"\1.\2", text)

    def plain(found: re.Match[str]) -> str:
        whole, cents = found[1], found[2]
        unsure = whole.count(".") == 1 and (not stops or LARGE.match(found.string, found.end()))
        if not cents and unsure:
            return found[0]
        return re.sub(r"\D", "", whole) + (f".{cents}" if cents else "")

    return GROUPED.sub(plain, SPACED.sub(plain, text))


def split_number(text: str) -> tuple[str, str] | None:
    """Return a number's digits and its scale, a key of `SCALES`; None if it is not a number.

    What groups the digits is removed; a comma that is left is a decimal one.

    >>> split_number("1,200.5 K"), split_number("1.234.567"), split_number("7,5")
    (('1200.5', 'k'), ('1234567', ''), ('7,5', ''))
    """
    match = AMOUNT.fullmatch(text)
    if not match:
        return None
    digits, scale = match.group(1), (match.group(2) or "").casefold()
    if re.fullmatch(r"\d{1,3}(?:\.\d{3}){2,}", digits):
        digits = digits.replace(".", "")
    elif re.fullmatch(rf"{INDIAN_GROUPS}|\d{{1,3}}(?:[,_ ']\d{{3}})+(?:\.\d+)?", digits):
        digits = re.sub(r"[,_ ']", "", digits)
    return digits, scale


def number_of(digits: str) -> float:
    """Return the number that digits are, whatever scale stands behind them."""
    number = split_number(digits)
    return float(number[0].replace(",", ".")) if number else 0.0


def quoted(text: str) -> str:
    """Return what somebody wrote in quotes, cut to the length of a message."""
    return repr(text if len(text) <= LONGEST_QUOTE else text[:LONGEST_QUOTE] + "…")
