r"""E-mail addresses, as programs write them and as people write them for other people.

Quoted names, addresses in entities (`ann&#64;example.com`), broken over two lines, and spelled out
("ann dot lee at example dot com") are addresses too.
"""

import re
from collections.abc import Iterator

from triage_agent.privacy.scanning import Span, scan, shown

# Combining accents, and what is not seen.
HIDDEN = r"\u0300-\u036f\u200b-\u200d\u2060\ufeff\u00ad"
LOCAL = rf"[\w.+%'’{HIDDEN}-]"
OPEN, CLOSE = r"[(\[{<*_|-]{1,2}", r"[)\]}>*_|-]{1,2}"
AT = r"""(?:[ ]{0,2}[@＠](?:[ ]{0,2}|[\s>]{1,4}(?=[\w-]+\.)) | \s?[(\[{]\s?(?:at|@|a)\s?[)\]}]\s?
    | [ ]?(?:\*at\*|<at>|\|at\||-at-|_at_|--at--)[ ]? | \\u0040 | \\x40)"""
# A domain goes on in the next line only with what is certainly the end of one.
TOP = (
    "(?:com|org|net|edu|gov|info|io|co|uk|ie|de|fr|es|it|nl|be|ch|at|au|nz|za|in|ca|us|eu|example)"
)
DOT = rf"""(?:\. | \.\s{{1,3}}(?={TOP}\b(?!['’])) | \s{{1,3}}\.[ ]?(?={TOP}\b)
    | \s?[(\[{{]\s?(?:dot|\.)\s?[)\]}}]\s? | [ ]dot[ ] | [ ]?(?:\*dot\*|<dot>|-dot-|_dot_)[ ]?)"""
LABEL = rf"[\w{HIDDEN}-]++(?:(?<=-)\n[ ]{{0,3}}[\w-]++)?"
TAIL = rf"[^\W\d_]{{2}}[\w{HIDDEN}-]*+"
DOMAIN = rf"{LABEL}(?:{DOT}{LABEL})*{DOT}{TAIL}"
QUOTED = r'''"(?:[^"\\\n]|\\.){1,64}"'''
EMAIL = rf"""(?xi) (?<!{LOCAL})['’]*+(
      (?:{LOCAL}++[!\#$&*/=?^`|}}~]*+|{QUOTED}) {AT} {DOMAIN}
    | [\w.+-]++[%=]40{DOMAIN} | {LOCAL}++@\[[0-9a-f.:]{{3,40}}\]
    | [a-z0-9.+-]{{1,40}}_at_[a-z0-9-]++(?:_dot_[a-z0-9-]++)++ )"""
# The name on one line, and "@example.com" on the next: the name stands alone, or looks like one.
BROKEN = rf"""(?xim) (?:
    (?:^[ \t>]*+|(?<=:[ ]))({LOCAL}++\s{{1,3}}@{DOMAIN}) | (?<!{LOCAL})((?=[\w+-]+[._])
    {LOCAL}++\n\s{{0,3}}@{DOMAIN}) )"""

SAID = r"(?:dot|underscore|dash|hyphen|minus|plus)"
PROVIDERS = r"""(?:gmail|googlemail|outlook|hotmail|yahoo|ymail|icloud|protonmail|proton|aol|gmx
    |live
    |msn|zoho|fastmail|btinternet|web|mail|orange|wanadoo|libero|mac|me|hey|pm|qq|163|rediffmail)"""
# What stands before "at gmail.com" if it is no name.
NO_NAME = r"""(?:look|looks|looking|shop|shops|store|search|sell|buy|works?|working|meet|is|are|be
    |and|or
    |it|them|arrives?|starts?|stay|page|site|log[ -]?in|accounts?|inbox|mailbox|available|hosted
    |sold)"""
SP = r",?[ ]"
SPOKEN = rf"""(?xi) (?<!{LOCAL}) (?!{NO_NAME}[ ]at\b) (
      (?:[\w-]++{SP}{SAID}{SP}){{0,4}} {LOCAL}++ {SP}at(?:[ ]sign)?{SP}
      (?: {LABEL}(?:{SP}{SAID}{SP}{LABEL})*{SP}dot{SP}(?:{LABEL}{SP}dot{SP})?{TAIL}
        | {PROVIDERS}\.[a-z]{{2,3}}(?:\.[a-z]{{2}})?\b )
    | (?:[\w-]++[ ]{SAID}[ ]){{1,4}} {LOCAL}++ [ ]at[ ]{PROVIDERS}\b )"""
# "my e-mail is ann at example.com", where "we meet at example.com" is none.
ADDRESSED = rf"""(?xi) \b(?:e-?mail(?:s|ed)?|write|reach|contact|address|inbox)\b
    (?:[ ](?:is|was|me|us|him|her|them|to|on|the|team|address|via|using)\b){{0,4}}[:,]?[ ]
    ([\w.+-]{{2,40}}[ ]at[ ](?:[\w-]+\.)+{TOP}\b)"""

SPOKEN_LETTERS = rf"""(?x)[ ]at,?[ ](?:sign[ ])?(?:{PROVIDERS}\b|[^\n]{{1,60}}?[ ]dot\b
    |[\w-]++\.[a-z]{{2}})"""
ENCODED = r"""(?xi)(?<![\w;])
    (?:[\w.+@-]|&\#x?0{0,8}[0-9a-f]{2,3};|&(?:commat|period|lowbar|hyphen|dash);){5,250}+"""
MARKS = (
    "@",
    "＠",
    "%40",
    "at)",
    "at]",
    "at}",
    "at>",
    "at )",
    "at ]",
    "at }",
    "at*",
    "at|",
    "at-",
    "(a)",
    "[a]",
    "at_",
    "\\u0040",
    "\\x40",
    "=40",
)


def emails(text: str) -> Iterator[Span]:
    """Yield e-mail addresses."""
    lower = text.lower()
    if any(mark in lower for mark in MARKS):
        yield from scan(EMAIL, text, _email)
        if "\n" in text:
            yield from scan(BROKEN, text)


def encoded_emails(text: str) -> Iterator[Span]:
    """Yield addresses of which some or all characters are written as HTML entities."""
    if "&" not in text:
        return
    import html  # compiles a pattern

    for match in re.finditer(ENCODED, text):
        plain = html.unescape(match[0])
        if plain != match[0] and re.fullmatch(EMAIL, plain):
            yield match.span()


def spoken_emails(text: str) -> Iterator[Span]:
    """Yield addresses in words."""
    lower = text.lower()
    if re.search(SPOKEN_LETTERS, lower):
        yield from scan(SPOKEN, text)
        yield from scan(ADDRESSED, text)


def _email(match: re.Match[str]) -> Span | None:
    """Return the address, unless it is a mention: "ask @ann.lee"."""
    if re.search(r"[ ]@(?=\w)|[(\[]a[)\]]", match[0]) and not re.search(rf"(?i)\.{TOP}$", match[0]):
        return None
    return shown(match)
