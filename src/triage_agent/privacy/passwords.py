r"""Passwords, PINs and door codes, which only the words around them give away.

A cue ("password", "gate code") is looked for, then what leads from it to a value (":", "is now",
"for the till was"), then whether the value reads as one. After ":" or "=" nearly anything does;
after words it must not be a sentence that goes on ("the password is weak"): it holds a digit or a
sign, is quoted, or is spelled out ("capital M, mango, seven seven").
"""

import re
from collections.abc import Iterator

from triage_agent.privacy.cues import (
    AGAIN,
    CUE,
    CUE_LETTERS,
    LEADS,
    LETTERS,
    PAIR,
    PAIR_LETTERS,
    REVERSED,
    REVERSED_CODE,
    USUAL,
    USUAL_LETTERS,
)
from triage_agent.privacy.scanning import COUNTED, Span, scan

QUOTED = r""""([^"\n]{3,60})"|'([^'\n]{3,60})'|“([^”\n]{3,60})”|‘([^’\n]{3,60})’|`([^`\n]{3,60})`"""
WRITTEN = r"""[(\[{*_`"'“‘<]{0,2}+(\S{1,120})"""
CLOSING = ".,;:?)]}>*`\"'”’"
END = r"""[.,;:!)"'”’]*(?:$|[\n,;]|\.(?:\s|$)|\s(?:and|but|for|or|on|with)\b)"""  # of a clause
DIGITS = r"[*#]?\d(?:[ -]?\d){3,11}[#*]?(?![\d%]|[.,]\d)"
NUMBER = r"(?:zero|oh|nought|one|two|three|four|five|six|seven|eight|nine|ten|double|triple)"
SIGN = r"""(?:exclamation|hash|dollar|underscore|dash|hyphen|dot|asterisk|percent|ampersand|plus
    |at[ ]sign)"""
SPELLED = rf"""(?xi)
      (?:all[ ]|(?:[a-z]{{2,12}},?[ ]){{1,3}})?
      (?:capital|upper[ -]?case|lower[ -]?case|all[ ]caps|small)\b[^.;\n]{{1,80}}
    | {NUMBER}(?:[ ,-]{{1,2}}{NUMBER}){{2,11}}(?![ ]?\w{{3,}}s\b)
    | (?!known|used|shared|reset|sent|number|only|just|about|over|under|less|more|given|changed|our
      |the|for|by|in|on|with|at|from|between|around|to|one\b)[a-z]{{3,}}(?:[ ][a-z]{{3,}}){{0,2}}?
      (?:[ ,]{{1,2}}(?:{NUMBER}|{SIGN}(?:[ ](?:mark|sign|point))?|followed[ ]by[ ]\w+)){{1,12}}
      (?=[.,;!\n]|$|[ ](?:and|but|all|in)\b)"""
# Names and measures that hold a digit and are no password.
NAME = r"""(?x)(?i:\d+(?:st|nd|rd|th|x|h|hrs?|min|ms|k|[kmg]b|am|pm|%|days?|d)? | \d+[-–+][a-z]*
    | (?:sha|md|aes|rsa|oauth|v|q|tls|ipv|windows|web|mp|s)-?\d+(?:\.\d+)* | \d?fa | [12]password
    | office365|m365|o365|log4j|\d+[-/.–:]\d+(?:[-/.:]\d+)? | \d+-?(?:factor|character|digit)s?
    | iso-?\d+ | \d[\d.,]*(?:%|€|£|\$)? | [$€£]\d\S*)"""
MOST = 4  # passwords that one cue introduces
LETTERS_KEY = r"[A-Za-z]{20,}"  # longer than a word
FAR = {"owner", "later", "for", "aside", "nothing", "line", "pair"}  # leads that prove little
# What a sentence about a password may end with: "the password is wrong".
SENTENCE = r"""(?xi)\w*(?:ed|en|ing|able|ible|ly|al|ive|ous|less|ful|ic|ant|ent|one|thing|where)
    |wrong|weak
    |old|new|lost|secure|safe|simple|easy|strong|correct|invalid|same|short|long|fine|gone|known
    |unknown
    |public|obvious|private|here|there|this|that|these|those|them|mine|yours|ours|bad|good|enough
    |false
    |stored|due|down|over|out|back|late|rubbish|clear|hard|sent|kept|always|never|only|also|just
    |still|null
    |empty|blank|case-sensitive|day|week|month|year|problem|issue|mess|pain|nightmare|risk|joke
    |what|with
    |for|from|when|because|needs|people|customers|everyone|anyone|someone|nobody|everybody|anybody
    |users?
    |staff|desk|sticker|wall|fridge|folder|sheet|list|paper|email|excel|slack"""
LONGEST = 160  # characters after a cue that are looked at


def passwords(text: str) -> Iterator[Span]:
    """Yield passwords, PINs and codes, in the order of the text."""
    done = 0
    for start, end in sorted(_candidates(text)):
        if start >= done:
            yield start, end
            done = end


def _candidates(text: str) -> Iterator[Span]:
    lower = text.lower()
    if re.search(USUAL_LETTERS, text):
        yield from scan(USUAL, text)
    if re.search(PAIR_LETTERS, lower):
        for pair in re.finditer(PAIR, text):
            if span := _value(text, pair.end(), "pair", "word"):
                yield span
    if not any(letters in lower for letters in LETTERS) or not re.search(CUE_LETTERS, lower):
        return
    yield from scan(REVERSED, text, _reversed)
    yield from scan(REVERSED_CODE, text)
    for cue in re.finditer(CUE, text):
        span = _after(cue, text)
        for _ in range(MOST):
            if span is None:
                break
            yield span
            span = _again(span[1], text, cue.lastgroup or "")


def _reversed(match: re.Match[str]) -> Span | None:
    """Return the word before "as the password"."""
    word = match[1].strip(CLOSING + "([{“‘")
    start = match.start(1) + match[1].find(word)
    return (start, start + len(word)) if word and _is_mixed(word) else None


def _after(cue: re.Match[str], text: str) -> Span | None:
    """Return the value that follows a cue."""
    for lead, pattern in LEADS.items():
        match = re.compile(pattern, re.X).match(text, cue.end(), cue.end() + LONGEST)
        if match and (span := _value(text, match.end(), lead, cue.lastgroup or "")):
            return span
    return None


def _again(end: int, text: str, kind: str) -> Span | None:
    """Return the next password of those that are listed."""
    for pattern in AGAIN:
        match = re.compile(pattern).match(text, end, end + LONGEST)
        if match and (span := _value(text, match.end(), "again", kind)):
            return span
    return None


def _value(text: str, at: int, lead: str, kind: str) -> Span | None:
    """Return the password at a place of the text, if what stands there is one."""
    end = at + LONGEST
    quoted = re.compile(QUOTED).match(text, at, end)
    if quoted and kind != "key":
        inside = quoted[quoted.lastindex or 0]
        if lead in {"sign", "words", "owner", "again"} or _is_mixed(inside):
            return quoted.span(quoted.lastindex or 0)
    digits = re.compile(DIGITS).match(text, at, end)
    if digits and _is_code(text, digits, lead, kind):
        return digits.span()
    spelled = re.compile(SPELLED).match(text, at, end)
    if (
        spelled
        and kind != "key"
        and (lead in {"sign", "words", "aside"} or (lead, kind) == ("nothing", "digits"))
    ):
        return spelled.span()
    token = re.compile(WRITTEN).match(text, at, end)
    if not token:
        return None
    word = re.split(r"<(?=/?[a-z])|[\"”]", token[1], maxsplit=1)[0].rstrip(CLOSING)
    start, after = token.start(1), text[token.start(1) + len(word) :][:40]
    return (start, start + len(word)) if _is_password(word, after, lead, kind) else None


def _is_code(text: str, digits: re.Match[str], lead: str, kind: str) -> bool:
    """Return whether a number is a code, and not a year or how many of something there are."""
    before, number = text[max(0, digits.start() - 14) : digits.start()], digits[0]
    year = re.fullmatch(r"(?:19|20)\d\d", number)
    if kind == "key" or re.match(COUNTED, text[digits.end() :][:30]):
        return False
    far = lead in FAR - {"owner", "nothing"} or (lead == "owner" and before.endswith("to "))
    if kind == "word" and far:
        return False
    if lead == "nothing":  # a PIN code of six digits is a postcode in India
        post = re.search(r"(?i)pin code $", before) and len(number) == len("411001")
        said = re.search(
            r"(?i)(?:code|pin|puk|otp|combination|combo|pad|safe|box|lock) \(?$", before
        )
        return bool(said) and not (year or post)
    return lead != "later" and not (year and lead in {"owner", "again", "for", "aside"})


def _is_password(word: str, after: str, lead: str, kind: str) -> bool:
    """Return whether a word, with what leads to it and what comes after, is a password."""
    if (
        len(word) < 4
        or "[" in word
        or re.fullmatch(NAME, word)
        or word.startswith(("http", "www."))
    ):
        return False
    if kind == "key":
        said = re.search(r"\d", word) or (lead == "sign" and re.fullmatch(LETTERS_KEY, word))
        return lead in {"sign", "words"} and bool(said)
    if lead == "sign":
        ends = kind == "word" and re.match(END, after)
        return _is_mixed(word) or bool(ends and word.isascii())
    if lead == "words" and word.isascii() and kind == "word" and re.match(END, after):
        hyphens = re.fullmatch(r"[a-z]+(?:-[a-z]+){2,}", word)
        return _is_mixed(word) or bool(hyphens) or not re.fullmatch(SENTENCE, word)
    if lead in FAR:  # further away, or nothing that says so
        name = re.fullmatch(r"[A-Z]{2,6}-?\d+|[a-z]+-\d+", word)
        return kind == "word" and not name and _is_mixed(word)
    return _is_mixed(word)


def _is_mixed(word: str) -> bool:
    """Return whether a word holds a digit beside letters, or a sign within it."""
    if re.fullmatch(NAME, word) or "://" in word or ("@" in word[1:-1] and "." in word):
        return False
    digit = re.search(r"\d", word) and re.search(r"[^\W\d_]", word)
    return bool(digit or re.search(r"\w[!#$%^&*=~?|_\\]+\w|\w[!#$%^&*]+$", word))
