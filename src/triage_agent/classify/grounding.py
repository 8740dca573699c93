"""What a text really says: quotes that stand in it, its numbers, its hours a week.

No model is asked. Whatever a model claims about a text is held against these functions.
"""

import re
import unicodedata
from collections.abc import Iterable

from text_to_num import alpha2digit

MAX_QUOTES = 3
EDGES = " \t\r\n\"'`“”„‘’‚«»‹›…."  # that a model puts around a quote
# What a keyboard has one sign for and typography several; models write either.
SAME = {
    "'": "['’‘‚‛`´′]",
    '"': '["“”„‟″«»]',
    "-": "[-‐‑‒–—―−\u00ad]",
    "...": r"(?:…|\.\s?\.\s?\.)",
    "--": r"\s*(?:[–—―]|--?)\s*",
}
SIGN = re.compile("|".join(SAME[name] for name in ("...", "'", '"')) + "|--|[-‐‑‒–—―−\u00ad]")
BLANKS = r"[\s\u200b\u2060\ufeff]+"
FRACTIONS = frozenset("½⅓⅔¼¾⅕⅖⅗⅘⅙⅚⅛⅜⅝⅞")
ONE = re.compile(r"\bone\b(?!\s+(?:hundred|thousand|million|billion))", re.IGNORECASE)
# What the library leaves as words, since a small number may be grammar.
SMALL = {"zero": "0", "one": "1", "two": "2", "three": "3", "half": "0.5", "dozen": "12"}
SMALL_WORD = re.compile(rf"\b(?:{'|'.join(SMALL)})\b")
NUMBER = r"\d+(?:[.,]\d+)*"
COUNT = rf"(?:{NUMBER}|one|two|three)"
AMOUNT = rf"(?<![\d/:.,])(?P<amount>{COUNT})(?:\s*(?:-|–|to|or)\s*{COUNT})?\s*\+?"
HOURS = r"\s*-?\s*(?:man[- ]|person[- ]|staff[- ])?(?:hours?|hrs?|h)\b\.?"
GAP = r"(?:\s+(?!days?\b|daily\b|months?\b|years?\b)[\w'’-]+)"
WEEKLY = (
    r"(?:(?:a|per|each|every)(?:\s+single)?\s+week\b|/\s*(?:week|wk)\b|weekly\b|(?:a|per)\s+wk\b)"
)
HOURS_FIRST = re.compile(rf"\b{AMOUNT}{HOURS}{GAP}{{0,6}}?\s*{WEEKLY}", re.IGNORECASE)
WEEK_FIRST = re.compile(
    rf"\b(?:each|every|per)\s+week,?{GAP}{{0,8}}?\s+{AMOUNT}{HOURS}(?!\s+(?:a|per|each)\s+day)",
    re.IGNORECASE,
)
# "20 hours a week, contract to hire" offers working time; it does not report time that is lost.
WORKING_TIME = re.compile(
    r"part[- ]time|full[- ]time|contract\b|available|availability|commit(?:ment)?\b|open \d+ hours"
    r"|position|work(?:ing)? week|budget",
    re.IGNORECASE,
)
SENTENCE_END = re.compile(r"(?<=[.!?])(?<!hrs\.)(?<!hr\.)\s+|\n\s*\n|\n(?=\s*[-*•\d])")


def standing_quotes(quotes: Iterable[str], text: str) -> tuple[str, ...]:
    """Return the quotes that stand in `text`, as they are spelled there, at most three.

    Case, white space, quotation marks around a quote, and whether quotes, dashes and ellipses are
    typographic do not matter; one word must be whole.

    >>> standing_quotes(['"nobody  FOLLOWS up"', "we lose leads"], "Nobody follows up fast enough.")
    ('Nobody follows up',)
    >>> standing_quotes(["it's late - always"], "And it’s late — always.")
    ('it’s late — always',)
    """
    found: list[str] = []
    for quote in quotes:
        quote = quote.strip(EDGES)
        if _stands(quote, text):  # as nearly every quote does; the rest is slow
            found.append(quote)
            continue
        if not quote:
            continue
        match = re.search(rf"(?<!\w){_pattern(quote)}(?!\w)", text, re.IGNORECASE)
        if match:
            found.append(match.group().strip())
    return tuple(dict.fromkeys(found))[:MAX_QUOTES]


def _pattern(quote: str) -> str:
    """Return a regular expression for a quote in any typography."""
    parts: list[str] = []
    for word in re.split(BLANKS, quote):
        done, pattern = 0, ""
        for sign in SIGN.finditer(word):
            pattern += re.escape(word[done : sign.start()]) + _any_form(
                sign[0], alone=sign[0] == word
            )
            done = sign.end()
        parts.append(pattern + re.escape(word[done:]))
    # A dash that stands between words brings its own blanks.
    joined = BLANKS.join(parts)
    dash = SAME["--"]
    return joined.replace(f"{BLANKS}{dash}", dash).replace(f"{dash}{BLANKS}", dash)


def _any_form(sign: str, *, alone: bool) -> str:
    """Return the pattern of a sign; a dash between words, or a long one, may have blanks around."""
    if re.fullmatch(SAME["-"], sign) or sign == "--":
        return SAME["--"] if alone or sign in {"--", "–", "—", "―"} else SAME["-"]
    return next(form for form in SAME.values() if re.fullmatch(form, sign))


def _stands(quote: str, text: str) -> bool:
    """Return whether a quote stands in the text to the letter, its first and last word whole."""
    start = text.find(quote) if quote else -1
    before, after = text[max(0, start - 1) : start], text[start + len(quote) :][:1]
    return start >= 0 and not any(c.isalnum() or c == "_" for c in before + after)


def numbers_in(text: str) -> frozenset[str]:
    """Return the numbers of a text as digits, those written in words among them.

    >>> sorted(numbers_in("Forty hours, 3,000 orders, two people and 4.5 %"))
    ['2', '3000', '4.5', '40']
    """
    text = "".join(f" {unicodedata.numeric(c):g} " if c in FRACTIONS else c for c in text)
    digits = alpha2digit(text.casefold(), "en")
    words = {SMALL[word] for word in SMALL_WORD.findall(digits)}
    return frozenset(words | {_plain(number) for number in re.findall(NUMBER, digits)})


def drop_invented_numbers(rationale: str, text: str) -> str:
    """Return the sentences of `rationale` whose numbers all stand in `text`.

    >>> drop_invented_numbers("Copying is manual. It costs 12 hours a week.", "We copy by hand.")
    'Copying is manual.'
    """
    sentences = SENTENCE_END.split(rationale.strip())
    # "one of your tools" is grammar and no claim.
    claims = [numbers_in(ONE.sub(" ", sentence)) for sentence in sentences]
    known = numbers_in(text) if any(claims) else frozenset()
    return " ".join(s for s, claim in zip(sentences, claims, strict=True) if claim <= known)


def hours_per_week(text: str) -> float | None:
    """Return the most hours a week that one statement in the text names, else None.

    Only hours that stand in the text as hours a week count: "2 hours a day" is not turned into 10,
    statements are not added up, and of a range the lower end is taken.

    >>> hours_per_week("It takes 5-6 hrs every week, and Ana spends forty hours of typing a week")
    40.0
    >>> hours_per_week("about 2 hours a day") is None
    True
    """
    found: list[float] = []
    for sentence in SENTENCE_END.split(text):
        lower = sentence.casefold()
        if not ("week" in lower or "wk" in lower):
            continue
        digits = alpha2digit(lower, "en")
        if WORKING_TIME.search(digits):
            continue
        for pattern in (HOURS_FIRST, WEEK_FIRST):
            for match in pattern.finditer(digits):
                amount = match.group("amount").casefold()
                found.append(float(_plain(SMALL.get(amount, amount))))
    return max((hours for hours in found if 0 < hours <= 168 * 1000), default=None)


def has_words(text: str) -> bool:
    """Return whether there is anything to read: at least one letter sequence of two.

    >>> has_words("🙂 !!! 42"), has_words("leads get lost")
    (False, True)
    """
    return re.search(r"[^\W\d_]{2}", text) is not None or bool(
        re.search(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af]", text)
    )


def _plain(number: str) -> str:
    """Return a number without thousands separators: 3,000 and 3000 are one number."""
    if re.fullmatch(r"\d{1,3}(?:,\d{3})+(?:\.\d+)?", number):
        number = number.replace(",", "")
    whole, _, part = number.replace(",", ".").partition(".")
    part = part.replace(".", "").rstrip("0")
    whole = whole.lstrip("0") or "0"  # not int(): a text may hold a number of 5,000 digits
    return f"{whole}.{part}" if part else whole
