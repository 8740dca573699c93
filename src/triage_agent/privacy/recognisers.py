r"""The recognisers of keys, addresses and personal numbers that `redact` and `mask` share.

Not recognised, and therefore sent:

- Personal names. Only a trained model recognises them well, and those of spaCy (and so of
  presidio), GLiNER, flair and stanza cannot be installed as a dependency: they are downloaded from
  elsewhere; names-dataset rests on a leak. In a trial spaCy's small English model missed Raj, Ana
  and priya, took Jira and Notion for people, and needed 31 ms a text and 350 MB.
- Postal addresses, and numbers spelled with letters (1-800-FLOWERS); "ann at gmail.com".
- Phone numbers that begin with neither + nor 0, are not North American, and follow no word such
  as "call" or "mobile": in Spain or Denmark they look like any other number.

Every pattern is a plain string, which `re` compiles at its first use: each start of the program
imports this module. Possessive and bounded repetitions keep the time proportional to the length.
If a pattern has groups, the one that matched is what is hidden.
"""

import re
from collections.abc import Callable, Iterator
from functools import partial
from itertools import count

Span = tuple[int, int]
Recogniser = Callable[[str], Iterator[Span]]
Recognisers = tuple[tuple[str, Recogniser], ...]

KEY_WORD = r"(?:pass(?:word|wd|code|phrase)|pwd|secret|token|(?:api|access|auth|private)[ _-]?key)"
LOGIN = r"(?i)\b[a-z][a-z0-9+.-]{1,15}://([^\s/]{1,200})@"
PARAMETER = rf"""(?xi: [?&;\#] (?:[\w-]{{0,30}}(?:{KEY_WORD}|sig(?:nature)?|credential)
    | auth | code | key | jwt | session) = ([^\s&\#]++) )"""
WEBHOOK = r"(?i)hooks?\.(?:slack|zapier|(?:\w+\.)?make)\.com/.|/api/webhooks/."
URL = r"""(?i)\b[a-z][a-z0-9+.-]{1,15}://[^\s<>"']++"""

KEY = rf"""(?x)
      -----BEGIN[ ][A-Z ]{{0,20}}PRIVATE[ ]KEY-----(?:(?!-----)[\s\S])*+(?:-----END[A-Z ]*+-----)?
    | (?<![\w-])(?:A[KS]IA[0-9A-Z]{{16}}\b|AIza[\w-]{{30,}}|eyJ[\w-]{{8,}}+\.[\w-]{{8,}}+[.\w-]*+)
    | (?<![\w-])(?:gh[opsur]_|github_pat_|glpat-|xox[abeoprs]-|npm_|pypi-|shp[a-z]{{2}}_|whsec_
      |SG\.)[\w.-]{{10,}}
    | \b(?i:sk|gsk|xai|hf|rk)[-_][\w*-]{{6,}}
    | \b(?i:pk|key)[-_](?=[\w*-]{{0,30}}?[\d*])[\w*-]{{6,}}
    | (?i:\bAuthorization["']?[ ]?[:=][ ]?["']?(?:\w++[ ])?+)([^\s"',;\[]{{4,}})
    | (?i:\bBearer\s{{1,3}})[^\s"',;\[]{{6,}}
    | (?i:(?<![^\W_]){KEY_WORD}["']?[ ]{{0,2}}(?:=|:|\bis\b)[ ]{{0,2}}["']?)
      ((?=\S{{0,99}}\d)[^\s"'<>,;]{{4,}})
    | {PARAMETER}"""

LOCAL = r"[\w.+%'’\u0300-\u036f-]"  # with combining accents
AT = r"(?:[ ]?[@＠][ ]?|\s?[(\[{]\s?at\s?[)\]}]\s?)"
DOT = r"(?:\.|\s?[(\[{]\s?dot\s?[)\]}]\s?|[ ]dot[ ])"
LABEL = r"[\w\u0300-\u036f-]++"
DOMAIN = rf"{LABEL}(?:{DOT}{LABEL})*{DOT}[^\W\d_]{{2}}[\w\u0300-\u036f-]*+"
EMAIL = rf"""(?xi) (?<!{LOCAL})['’]*+(
      (?:{LOCAL}++[!\#$&*/=?^`{{|}}~]*+|"[^"\s]{{1,64}}") {AT} {DOMAIN}
    | {LOCAL}++[ ]at[ ]{LABEL}(?:[ ]dot[ ]{LABEL})+
    | [\w.+-]++%40{DOMAIN} )"""

# After "account", "SSN" and the like any number of six digits; 123-45-6789 needs no word.
ACCOUNT = r"""(?xi)
      \b(?:accounts?|acct|a/c|routing|aba|sort[ ]code|bsb|iban|ssn|social[ ]security|ein|itin
         |tax[ ]id|card|visa|mastercard|amex)\b
      \.?(?:[ ]?\#|[ ](?:number|no|num|nr|code|id|ending|in|is|was|with)\b\.?){0,4}[ ]?[:=\#-]?[ ]?
      (?!(?:19|20)\d\d-\d\d-\d\d) ((?:[A-Z]{1,3}[ -]?)?\d(?:[ .-]?\d){5,33}+) (?![.,]?\d|[ ]?%)
    | \bcv[cv]2?\b\W{0,3}(?:is[ ])?(\d{3,4})\b
    | (?<![\w.-])(\d{3}-\d\d-\d{4})(?![\w-])"""
IBAN = r"(?ai)(?<![^\W_])[A-Z]{2}\d{2}(?:[ -]?[A-Z0-9]){11,30}+"
# By country, from the SWIFT registry.
IBAN_LENGTHS = """AD24 AE23 AL28 AT20 AZ28 BA20 BE16 BG22 BH22 BR29 BY28 CH21 CR22 CY28 CZ24 DE22
    DK18 DO28 EE20 EG29 ES24 FI18 FO18 FR27 GB22 GE22 GI23 GL18 GR27 GT28 HR21 HU28 IE22 IL23 IQ23
    IS26 IT27 JO30 KW30 KZ20 LB28 LC32 LI21 LT20 LU20 LV21 MC27 MD24 ME22 MK19 MR27 MT31 MU30 NL18
    NO15 PK24 PL28 PS29 PT25 QA29 RO24 RS22 SA24 SC31 SE24 SI19 SK24 SM27 ST25 SV28 TL23 TN24 TR26
    UA29 VA22 VG24 XK20"""

CARD_GAP = r"[ \u00a0.\-‐‑–]?"
# Four fours and perhaps a tail, the two shorter forms, or any spacing if nothing adjoins.
CARD = rf"""(?x) (?<![\w$€£])(?<!\d[.,]) (?:
      (?P<fours>[2-6]\d{{3}}(?:{CARD_GAP}\d{{4}}){{3}}) (?:{CARD_GAP}\d{{1,3}})? (?!\d)
    | 3\d{{3}}{CARD_GAP}\d{{6}}{CARD_GAP}\d{{4,5}} (?!\d)
    | (?<!\d[ -])[2-6](?:[ -]?\d){{13,18}}+ (?![ -]?\d) )"""

DATE = r"(?:(?:19|20)\d\d(?:[-/.]\d\d?){2}|(?:\d\d?[-/.]){2}(?:(?:19|20)\d\d|\d\d))"
HARMLESS = rf"""(?x) (?<![\w+(])(?<!\d[-/.]){DATE}(?:[-–]{DATE})?(?![-/.]?\d)
    | (?<![\w.])\d{{1,3}}(?:\.\d{{1,3}}){{3}}(?!\w|\.\d)"""  # the second is an IP address

START = r"(?:(?<![^\W_])|(?<=\\[nrt]))"  # \n as messages and exports spell a new line
GAP = r"[ \t\u00a0\u2000-\u200a\u202f.\-‐‑–()/·]{0,3}"
EXTENSION = r"(?:,?[ ]?(?:x|ext\.?|extension)[ ]?\d{1,6})?"
PHONE = rf"""(?xi) {START}(?<![$€£\#])(?<!\d[.,-]) (?:
      (?P<abroad>\(?[+＋][ (]{{0,2}}[1-9](?:{GAP}\d){{8,16}}+)
    | (?P<america>(?:[1１]{GAP})?\(?\d{{3}}{GAP}\d{{3}}{GAP}\d{{4}}) {EXTENSION}
      (?![^\W_]|[-.,]\d|[ ]?(?:dollars|usd|eur|%))
    | (?P<trunk>\(?0(?!\.)(?:{GAP}\d){{8,15}}+) )"""
INTRODUCED_PHONE = rf"""(?xi)
    (?: \b(?:call|dial|ring|text|sms|phone|tel|telephone|mobile|cell|fax|whatsapp)
        (?:[ ](?:me|us|him|her|them|at|on|is|number|no|the|office)\b){{0,4}}[.:\#]{{0,2}}[ ]?
      | wa\.me/ )
    (\+?\(?\d(?:{GAP}\d){{6,14}}+) (?![.,]?\d|[ ]?%)"""
# What an article's number stands behind, even if it is written as a phone number is.
ARTICLE = r"""(?xi)\b(?:sku|upc|ean|isbn|asin|part|item|model|serial|batch|lot|order|invoice
    |ticket|tracking|po)s?\b(?:[ ](?:number|no|id|is)\b)?[.:\#=\s-]{0,3}$"""
# The stricter plans first. Not Austria, where nearly any number may be one.
TRUNK_REGIONS = ("US", "GB", "FR", "NL", "IE", "BE", "CH", "SE", "FI", "DE", "IT")
MAX_QUESTIONS = 2_000  # to the phone library for one text; then whatever looks like one is one
# As phone, card and account numbers are written; nine digits or more in all.
LONG_NUMBER = rf"{START}(?<!\d\.)\+?\(?\d(?:{GAP}\d){{8,}}(?!\w)"

# What a text must hold for a kind to be in it at all: most hold none, and are done soon.
KEY_MARKS = """_ ----- sk- xai- hf- gsk- rk- pk- key glpat- xox pypi- sg. akia asia aiza eyj auth
    bearer pass pwd secret token sig credential code= jwt session"""
MARKS = {
    "LOGIN": ["://"],
    "URL": ["://"],
    "KEY": KEY_MARKS.split(),
    "EMAIL": ["@", "＠", "%40", " dot ", "at)", "at]", "at}", "at )", "at ]", "at }"],
}
SIX_DIGITS = r"\d(?:\W{0,4}\d){5}"  # of the numbers


def _shown(match: re.Match[str]) -> Span | None:
    return match.span(match.lastindex or 0)


def _scan(
    pattern: str, text: str, span_of: Callable[[re.Match[str]], Span | None] = _shown
) -> Iterator[Span]:
    """Yield what `span_of` makes of each match; after a None, look on from the next character."""
    search = re.compile(pattern).search
    at = 0
    while match := search(text, at):
        span = span_of(match)
        if span:
            yield span
        at = span[1] if span else match.start() + 1


def _urls_with_secrets(text: str) -> Iterator[Span]:
    for match in re.finditer(URL, text):
        url = match[0].rstrip(".,;:!?)]}*")
        if any(re.search(pattern, url) for pattern in (LOGIN, PARAMETER, WEBHOOK)):
            yield match.start(), match.start() + len(url)


def _iban(match: re.Match[str]) -> Span | None:
    """Return the number if its length and check digits (ISO 13616) are right."""
    country = IBAN_LENGTHS.find(match[0][:2].upper())
    if country < 0:
        return None
    length = int(IBAN_LENGTHS[country + 2 : country + 4])
    places = [at for at in range(*match.span()) if match.string[at].isalnum()][:length]
    end = places[-1] + 1
    if len(places) < length or match.string[end : end + 1].isalnum():
        return None
    digits = "".join(str(int(match.string[at], 36)) for at in places[4:] + places[:4])
    return (match.start(), end) if int(digits) % 97 == 1 else None


def _card(match: re.Match[str]) -> Span | None:
    """Return the card number if its check digit is right, with or without what follows it."""
    for span in dict.fromkeys((match.span(), match.span("fours"))):
        digits = re.sub(r"\D", "", match.string[slice(*span)])[::-1]
        doubled = ("0246813579"[int(digit)] for digit in digits[1::2])
        if digits and (sum(map(int, digits[::2])) + sum(map(int, doubled))) % 10 == 0:
            return span
    return None


def _phones(text: str) -> Iterator[Span]:
    """Yield phone numbers whose shape is certain, or which the phone library says may be in use."""
    questions = count(1)

    def valid(number: str, region: str | None) -> bool:
        import phonenumbers  # takes 50 ms

        if next(questions) > MAX_QUESTIONS:
            return True
        try:
            return phonenumbers.is_valid_number(phonenumbers.parse(number, region))
        except phonenumbers.NumberParseException:
            return False

    return _scan(PHONE, text, partial(_phone, valid=valid))


def _phone(match: re.Match[str], valid: Callable[[str, str | None], bool]) -> Span | None:
    (start, end), text = match.span(), match.string
    if text[start] not in "(+＋" and re.search(ARTICLE, text[max(0, start - 40) : start]):
        return None
    if match["america"]:
        certain = re.search(r"[.()\-‐‑–/]", match["america"])
        return (start, end) if certain or valid(match["america"], "US") else None
    # The pattern may have run on into a number that follows: take the longest that is in use.
    places = [at for at in range(start, end) if text[at].isdecimal()]
    ends = [at + 1 for at in places[:7:-1] if not text[at + 1 : at + 2].isalnum()]
    for region in [None] if match["abroad"] else TRUNK_REGIONS:
        for at in ends:
            if valid(text[start:at], region):
                return start, at
    return (start, ends[0]) if match["abroad"] and ends else None


SECRETS: Recognisers = (
    ("KEY", partial(_scan, KEY)),
    ("EMAIL", partial(_scan, EMAIL)),
    ("ACCOUNT", partial(_scan, ACCOUNT)),
    ("ACCOUNT", partial(_scan, IBAN, span_of=_iban)),
)
RECOGNISERS: Recognisers = (
    ("URL", _urls_with_secrets),
    *SECRETS,
    ("CARD", partial(_scan, CARD, span_of=_card)),
    ("", partial(_scan, HARMLESS)),
    ("PHONE", _phones),
    ("PHONE", partial(_scan, INTRODUCED_PHONE)),
)
MASKED: Recognisers = (
    ("LOGIN", partial(_scan, LOGIN)),
    *SECRETS,
    ("ACCOUNT", partial(_scan, LONG_NUMBER)),
    ("PHONE", partial(_scan, PHONE, span_of=partial(_phone, valid=lambda *_: True))),
    ("PHONE", partial(_scan, INTRODUCED_PHONE)),
)
