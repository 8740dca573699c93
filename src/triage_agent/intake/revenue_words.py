"""Words about revenue: numbers in words, no revenue yet, and what a column's name may hold."""

import re

ONE_TO_NINETEEN = (
    "one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen "
    "sixteen seventeen eighteen nineteen"
)
DECADES = "twenty thirty forty fifty sixty seventy eighty ninety"
ONES = {"zero": 0} | {word: n for n, word in enumerate(ONE_TO_NINETEEN.split(), start=1)}
TENS = {word: 10 * n for n, word in enumerate(DECADES.split(), start=2)}
SCALE = r"(?:thousand|million|billion|lakhs?|crores?)s?\b"
WORD = "|".join([*ONES, *TENS, "hundred"])
NUMBER_WORDS = re.compile(
    rf"\b(?:(?:{WORD})(?:[\s-]+(?:and\s+(?=(?:{WORD})\b(?!\s*(?:{SCALE})?\s*and)))?)?)+"
    r"(?:\s*\bpoint\s+(\w+))?(\s*\band a half\b)?",
    re.I,
)
HALF = re.compile(
    rf"(?<!and a )\bhalf (?:a |of a )?(?={SCALE})|(?<!and )\ba half (?={SCALE})", re.I
)
QUARTER = re.compile(rf"\b(?:a )?quarter (?:of )?(?:a )?(?={SCALE})", re.I)
DIGITS_AND_A_HALF = re.compile(rf"\b(\d+) and a half(?=\s+{SCALE})", re.I)
COUPLE = re.compile(rf"\b(?:a )?couple (?:of )?(?={SCALE})", re.I)
FEW = re.compile(rf"\b(?:a few|several) (?={SCALE})", re.I)
ONE = re.compile(rf"\b(?:an?) (?=hundred\b|{SCALE})", re.I)
FIGURES = re.compile(
    r"(?:(?:low|mid|middle|high|upper|multi|multiple|solid)[\s-]*(?:to[\s-]*(?:mid|high)[\s-]*)?)?"
    r"(\d{1,2}|\w+)[\s-]*(?:figures?|digits)(?: business)?",
    re.I,
)
NOTHING_YET = re.compile(
    r"(?:we are |we're |still )?(?:pre[\s-]?revenues?|zero|nil|nothing yet|none yet"
    r"|(?:no|zero|not (?:yet )?(?:making|generating|earning)(?: any)?) "
    r"(?:revenues?|sales|income|money)(?: yet| so far)?)(?: stage)?",
    re.I,
)

# What takes a part of an amount's certainty back, behind it or before.
HEDGE = re.compile(
    r"(?:[\s,]*(?:\b(?:or so|or thereabouts|give or take|more or less|roughly|approximately|approx"
    r"|maybe|i (?:think|guess|believe))\b|(?<=[\dkm])[\s-]?ish\b|[?!]))+\.?$",
    re.I,
)
HEDGE_BEFORE = re.compile(
    r"^(?:(?:maybe|probably|perhaps|i (?:think|guess|believe)|like|say|it's|we (?:do|make|did|made)"
    r"|somewhere)\b[\s,]*)+(?=\S)",
    re.I,
)

# Words that a question about the yearly revenue of a business may hold, and still ask for it. One
# that is not here may make another question of it: a goal, a share, the revenue of an employee.
EXPLAINED_WORDS = """
revenue revenues turnover sales income billings rev umsatz jahresumsatz mrr arr earn earns
earned make makes made generate generates generated take turn turned turns bring brings brought
in gross net total overall combined annual yearly monthly average typical approximate
approximately approx roughly rough about around estimate estimated estimates est circa ca
current currently recent latest last past previous prior this actual actuals reported stated
declared self exact best closest nearest figure figures amount amounts value values range ranges
band bands bracket brackets level levels category bucket tier company company's business
business's firm firm's organisation organization enterprise agency practice shop store startup
group your you our we us the a an of for at on to and or is was are were do does did has have
had what what's which how much many whats s it its it's from by as be that describes describe
describing please select choose pick enter provide give state tell indicate specify fill
following one option answer options question year years yr fiscal financial calendar ending
ended end full before after vat excl incl excluding including exclusive inclusive optional
required mandatory if known unknown confidential private anonymous numbers only field text
response open free usd dollars dollar currency unit units period tsd mio unaudited audited gaap
recurring top line crm property takings size
"""
EXPLAINED = frozenset(EXPLAINED_WORDS.split())
# What makes an amount that of something else, or none yet, wherever it stands in a cell.
OTHERWISE = re.compile(
    r"\b(?:goals?|targets?|forecast(?:ed)?|budget(?:ed)?|project(?:ed|ion)s?|expect(?:ed|ing)?"
    r"|planned|plan|aim(?:ing)?|hop(?:e|ed|ing)|potential|next year|run[\s-]?rate"
    r"|loss(?:es)?|profit|ebitda|funding|raised|valuation)\b",
    re.I,
)


def digits_for_words(text: str) -> str:
    """Return a text with its number words as digits; scales such as million stay.

    >>> digits_for_words("half a million"), digits_for_words("twenty-five million")
    ('0.5 million', '25 million')
    >>> digits_for_words("one to five million"), digits_for_words("two hundred thousand")
    ('1 to 5 million', '200 thousand')
    """
    text = ONE.sub("one ", QUARTER.sub("0.25 ", HALF.sub("0.5 ", text)))
    text = FEW.sub("3 to 9 ", COUPLE.sub("2 ", text))
    text = NUMBER_WORDS.sub(_number, text)
    return DIGITS_AND_A_HALF.sub(r"\1.5", text)


def _number(found: re.Match[str]) -> str:
    """Return a run of number words below a thousand as digits."""
    total = 0
    words = re.split(r"\bpoint\b", found.group(), flags=re.I)[0]
    for word in re.findall(r"[a-z]+", words.casefold()):
        if word == "hundred":
            total = max(total, 1) * 100
        else:
            total += ONES.get(word, TENS.get(word, 0))
    digits = str(total)
    if found.group(1) is not None:
        tenth = ONES.get(found.group(1).casefold())
        digits = f"{digits}.{tenth}" if tenth is not None else f"{digits} point {found.group(1)}"
    elif found.group(2):
        digits += ".5"
    return digits + (" " if found.group()[-1].isspace() else "")


def figures(text: str) -> tuple[float, float] | None:
    """Return the amounts that "seven figures" spans; None if a text says something else.

    >>> figures("low seven figures")
    (1000000.0, 10000000.0)
    """
    found = FIGURES.fullmatch(text.strip())
    if not found:
        return None
    word = found.group(1).casefold()
    number = int(word) if word.isdigit() else ONES.get(word, 0)
    return (10.0 ** (number - 1), 10.0**number) if 4 <= number <= 11 else None
