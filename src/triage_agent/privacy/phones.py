r"""Phone numbers, told from order numbers by their shape, by what introduces them, or by a library.

A number that begins with + or 0 is asked about in the countries that are usual and in those that
the text shows; one that begins with neither, only in those it shows, and it must be grouped as one
writes it there. Germany is not usual: 0451-225-1234 is in use there. Its mobile numbers are.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

from triage_agent.privacy.countries import USUAL, likely_countries
from triage_agent.privacy.numbers import is_article
from triage_agent.privacy.scanning import COUNTED, Span, scan

START = r"(?:(?<![^\W_])|(?<=\\[nrt]))"  # \n as messages and exports spell a new line
GAP = r"[ \t\u00a0\u2000-\u200a\u202f.\-‐‑–()/·]{0,3}"
EXTENSION = r"(?:,?[ ]?(?:x|ext\.?|extension)[ ]?\d{1,6})?"
PHONE = rf"""(?xi) {START}(?<![$€£\#])(?<!\d[.,-]) (?:
      (?P<abroad>\(?[+＋][ (]{{0,2}}[1-9](?:{GAP}\d){{7,16}}+)
    | (?P<america>(?:[1１]{GAP})?\(?(?![0０])\d{{3}}{GAP}\d{{3}}{GAP}\d{{4}}) {EXTENSION}
      (?![^\W_]|[-.,]\d|[ ]?(?:dollars|usd|eur|%))
    | (?P<trunk>\(?0(?!\.)(?:{GAP}\d){{8,15}}+) )"""
# What begins with neither + nor 0, as groups of digits.
NATIONAL = rf"""(?x) {START}(?<![$€£₹\#+])(?<![$€£₹][ ])(?<!\d[.,\-/ ])(?<!(?:EUR|USD|GBP)[ ])
    \(?[1-9]\d{{0,4}}\)?(?:[ .\-\u00a0]\d{{2,5}}){{1,4}}+ (?![^\W_]|[-.,/]\d|[ ]?[%°€£$₹])"""
VERB = (
    r"(?:call|dial|ring|text|sms|phone|tel|telephone|mobile|cell|fax|whatsapp|viber|mob|ph|handy)"
)
WORDS = r"(?:[ ](?!\d)[\w'’-]{1,15}){0,3}?"
INTRODUCED_PHONE = rf"""(?xi)
    (?: \b{VERB}(?:[ ](?:me|us|him|her|them|at|on|is|was|number|numbers|no|nr|the|office
    |line)\b){{0,4}}
        [.:\#]{{0,2}}[ ]?
      | \b(?:{VERB}|contact|reach|get|find|speak|talk|message|ping|try)\b{WORDS}[ ](?:on|at
    |under)[ ]
      | \b(?:hotline|helpline|landline|switchboard|helpdesk|reception|voicemail|direct|contact)\b
        (?:[ ](?:line|number|no|is|on|at|the|desk)\b){{0,3}}[.:\#]{{0,2}}[ ]?
      | wa\.me/ | \bnumber(?:['’]s|[ ]is|:)[ ] )
    (\+?\(?\d(?:{GAP}\d){{6,14}}+) (?![.,]?\d|[ ]?%)"""
DIGIT_WORDS = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "zero", "oh")
DIFFERENT = 3  # of these in seven digits
DIGIT = r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|double|triple|hundred)"
SPOKEN_PHONE = rf"(?i)\b{DIGIT}(?:[ ,-]{{1,2}}{DIGIT}){{6,17}}\b"
REVERSED_PHONE = rf"""(?xi){START}(\(?\d(?:{GAP}\d){{6,12}}+)[ ](?:is|was)[ ]
    (?:the|my|his|her|our|their|your)[ ](?:\w{{1,12}}[ ]){{0,2}}
    (?:number|mobile|cell|phone|line|landline|fax|extension)\b"""
# Kept free for films and examples, and so not in use: by Ofcom.
FICTION = r"(?:\+?44|0044|0)(?:7700900|1632960|2079460|1(?:13|14|15|16|17|18)4960)\d{3}"
SHAPE = r"\(?0\d\d\)?[-.][ ]?\d{3}[-.]\d{4}(?![-.]?\d)"  # as nothing but phone numbers is written
MOBILE = "DE mobile"  # asked about last
THOUSANDS = r"\d{1,3}(?:[ \u00a0]\d{3})+"
AMOUNT = r"(?i)\b(?:sales|total|sum|amount|budget|visits|units|views|profit|costs?|income|value)\b"
MAX_QUESTIONS = 2_000  # to the phone library for one text; then whatever looks like one is one
MAX_TEXT = 20_000  # characters of a text in which its countries are looked for

Valid = Callable[[str, str | None], bool]


def phones(text: str) -> Iterator[Span]:
    """Yield phone numbers whose shape is certain, or which the phone library says may be in use."""
    questions = count(1)
    shown: list[tuple[str, ...]] = []

    def likely() -> tuple[str, ...]:
        if not shown:
            shown.append(likely_countries(text[:MAX_TEXT]))
        return shown[0]

    def valid(number: str, region: str | None) -> bool:
        import phonenumbers  # takes 50 ms

        if next(questions) > MAX_QUESTIONS:
            return True
        try:
            if re.fullmatch(FICTION, re.sub(r"[^\d+]", "", number)):
                return True
            parsed = phonenumbers.parse(number, "DE" if region == MOBILE else region)
            in_use = phonenumbers.is_valid_number(parsed)
            mobile = phonenumbers.PhoneNumberType.MOBILE
            return in_use and (region != MOBILE or phonenumbers.number_type(parsed) == mobile)
        except phonenumbers.NumberParseException:
            return False

    return scan(PHONE, text, partial(_phone, valid=valid, likely=likely))


def all_phones(text: str) -> Iterator[Span]:
    """Yield whatever may be a phone number, without asking the library."""
    yield from scan(PHONE, text, partial(_phone, valid=lambda *_: True, likely=tuple))


def national_phones(text: str) -> Iterator[Span]:
    """Yield numbers written as in a country that the text shows, without its code or a 0."""
    found = [match for match in re.finditer(NATIONAL, text) if _digits(match[0]) in range(7, 12)]
    if not found or not (regions := likely_countries(text[:MAX_TEXT])):
        return
    for match in found[:MAX_QUESTIONS]:
        start, end = match.span()
        amount = is_article(text, start) or re.match(COUNTED, text[end : end + 30])
        if not amount and _is_written_so(
            match[0], regions, labelled=_is_labelled(text, start, end)
        ):
            yield start, end


def spoken_phones(text: str) -> Iterator[Span]:
    """Yield numbers in words: seven digits or more."""
    lower = text.lower()
    if sum(word in lower for word in DIGIT_WORDS) >= DIFFERENT:
        yield from scan(SPOKEN_PHONE, text)


def claimed_phones(text: str) -> Iterator[Span]:
    """Yield numbers that what follows gives away: "9810012345 is his number"."""
    return scan(REVERSED_PHONE, text, _introduced)


def introduced_phones(text: str) -> Iterator[Span]:
    """Yield numbers after "call", "her mobile is", "reach Ann on" and the like."""
    return scan(INTRODUCED_PHONE, text, _introduced)


def _introduced(match: re.Match[str]) -> Span | None:
    """Return the number, unless it is how many there are: "mobile 5 000 000 users"."""
    start, end = match.span(1)
    thousands = re.fullmatch(THOUSANDS, match[1])
    counted = thousands and re.match(COUNTED, match.string[end : end + 30])
    return None if counted or is_article(match.string, start) else (start, end)


def _is_labelled(text: str, start: int, end: int) -> bool:
    """Return whether a number stands alone after a name: "Madrid shop: 912 345 678"."""
    before, after = text[max(0, start - 30) : start], text[end : end + 3]
    return bool(re.search(r"(?:[:,(]|\b(?:on|at|is))\s?$", before)) and not (
        re.search(AMOUNT, before) or re.match(r"[ ][\w€$£]", after)
    )


def _digits(number: str) -> int:
    return sum(character.isdigit() for character in number)


def _is_written_so(number: str, regions: tuple[str, ...], *, labelled: bool) -> bool:
    """Return whether a number is in use in a country, and grouped as the library groups it.

    Groups of three digits are thousands, unless the number is labelled.
    """
    import phonenumbers

    groups = re.findall(r"\d+", number)
    for region in regions:
        if region == "US":
            continue  # its shape is asked about anyway
        try:
            parsed = phonenumbers.parse(number, region)
        except phonenumbers.NumberParseException:
            continue
        if phonenumbers.is_valid_number(parsed):
            if labelled and re.fullmatch(THOUSANDS, number):
                return True
            form = phonenumbers.PhoneNumberFormat.NATIONAL
            if re.findall(r"\d+", phonenumbers.format_number(parsed, form).lstrip("0")) == groups:
                return True
    return False


def _phone(
    match: re.Match[str], valid: Valid, likely: Callable[[], tuple[str, ...]]
) -> Span | None:
    (start, end), text = match.span(), match.string
    if text[start] not in "(+＋" and is_article(text, start):
        return None
    if america := match["america"]:
        certain = re.search(r"[.()\-‐‑–/]", america)
        return (start, end) if certain or valid(america, "US") else None
    # The pattern may have run on into a number that follows: take the longest that is in use.
    places = [at for at in range(start, end) if text[at].isdecimal()]
    ends = [
        at + 1
        for at in places[: 6 if match["abroad"] else 7 : -1]
        if not text[at + 1 : at + 2].isalnum()
    ]
    for region in [None] if match["abroad"] else dict.fromkeys((*USUAL, *likely(), MOBILE)):
        for at in ends:
            if valid(text[start:at], region):
                return start, at
    if match["abroad"] and ends:
        return start, ends[0]
    shape = re.match(SHAPE, match[0])
    return (start, start + shape.end()) if shape else None
