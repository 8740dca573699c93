r"""Numbers of bank accounts, cards and persons, and the numbers that look like them."""

import re
from collections.abc import Iterator

from triage_agent.privacy.scanning import COUNTED, Span, scan

# Whose number may be six digits long, if it is introduced as one.
HOLDER = r"""(?:account|acct|acc|a/c|iban|ssn|social[ ]security|social[ ]insurance|ein|itin|tax[ ]id
    |tax[ ]file|national[ ](?:insurance|id)|nino|(?-i:NI)(?=:|[ ]n(?:o|umber)\b)|nhs|medicare
    |aadhaa?r|nric|hkid
    |driver['’]?s?[ ]licen[cs]e|driving[ ]licen[cs]e|passport|identity[ ]card|id[ ]card
    |emirates[ ]id
    |personnummer|cpr|f[øo]dselsnummer|s[ée]cu|insee|clabe|konto(?:nummer|nr)?|rekening(?:nummer)?
    |cuenta|giro|codice[ ]fiscale|steuer-?id|ahv|pesel|curp|residence[ ]permit|beneficiary
    |(?-i:SIN|FIN|TFN|UTR|BSN|NIF|NIE|DNI|CPF|RFC|PPSN?|PAN))"""
SAYS = r"(?:['’]s|[ ]?\#|[ ](?:numbers?|no|num|nr|code|id|ending|in|is|was|with|reads)\b\.?)"
ACCOUNT = rf"""(?xi)
      \b{HOLDER}\b\.?(?:{SAYS}){{0,4}}[ ]?[:=\#–—-]?[ ]?
      (?!(?:19|20)\d\d-\d\d-\d\d)((?:[A-Z]{{1,4}}[ -]?)?\d(?:[ .-]?\d){{5,33}}+
        (?-i:-?[A-Z]{{1,2}}\b|[ ][A-Z]\b(?=[,.;)\n]|$))?)
      (?![.,]?\d|[ ]?%)
    | \baccounts\b(?:{SAYS}){{1,4}}[ ]?[:=\#-]?[ ]?(\d(?:[ .-]?\d){{5,33}}+)(?![.,]?\d|[ ]?%)
    | \b(?:card|visa|mastercard|amex|american[ ]express|diners(?:[ ]club)?
    |maestro)\b\.?(?:{SAYS}){{0,4}}
      [ ]?[:=\#-]?[ ]?(\d(?:[ .-]?\d){{11,18}}+)(?![.,]?\d|[ ]?%)
    | \b(?:card|visa|mastercard|amex)(?:{SAYS}){{1,4}}[ ]?[:=\#-]?[ ]?(\d(?:[ .-]?\d){{5,18}}+)
      (?![.,]?\d|[ ]?%)
    | \b(?:routing(?:/account)?|aba|sort(?:[ -]?code)?|s/c|bsb
    |transit)\b\.?(?:{SAYS}){{0,4}}[ ]?[:=\#-]?[ ]?
      (\d{{9}}(?:[ ]?/[ ]?\d{{6,17}})?|\d\d(?:[ -]?\d\d){{2}}|\d{{3}}[ -]?\d{{3}}|\d{{5}}-\d{{3}})
      (?![.,]?\d|[ ]?%)
    | (?<![\w.-])(\d{{3}}-\d\d-\d{{4}})(?![\w-])
    | (?<![\w.-])(\d\d-\d\d-\d\d[ ,/;]{{1,3}}\d{{8}})(?![\w-])
    | (?<![\w.-])(\d(?:[ -]?\d){{5,19}}+)[ ](?:is|as|for)[ ](?:the|my|his|her|our|their|your)[ ]
      (?:\w{{1,12}}[ ]){{0,2}}(?:account|iban|ssn|social|passport|sort[ ]code|routing|tax)\b
    | \biban\b(?:{SAYS}){{0,2}}[ ]?[:=]?[ ]?([A-Z]{{2}}\d\d(?:[ -]?[A-Z0-9]{{1,4}}\b){{3,8}})"""
# With letters among the digits.
PAPERS = rf"""(?xi)\b(?:passport|licen[cs]e|id[ ]card|(?-i:PAN|NIE|CURP|NRIC|RFC
    |ID))\b\.?(?:{SAYS}){{0,4}}
    [ ]?[:=\#]?[ ]?(?-i:((?=(?:[A-Z]*\d){{4}})(?=\d*[A-Z])[A-Z0-9]{{7,18}})\b)"""
# On the back of a card.
SECURITY_CODE = r"""(?xi)\b(?:cv[cv]2?|csc|cid|security[ ]code(?:[ ]on[ ]the[ ]back)?
    |digits[ ]on[ ]the[ ]back)\b\W{0,3}(?:(?:code|number|is|was|are)[ :]{1,2}){0,2}(\d{3,4})\b"""
# Years are no account number, nor is what counts something: "account 120000 rows".
YEARS = r"(?:(?:19|20)\d\d[ -])*(?:19|20)\d\d"
# Numbers of persons whose shape needs no word. Those with a check digit are checked.
PERSONAL = r"""(?x)(?<![\w-])(?:
      (?![DFIQUV])[A-CEGHJ-PR-TW-Z][A-CEGHJ-NPR-TW-Z][ ]\d\d[ ]\d\d[ ]\d\d[ ][A-D]
    | (?P<cpf>\d{3}\.\d{3}\.\d{3}-\d\d) | 756\.\d{4}\.\d{4}\.\d\d | 784-(?:19|20)\d\d-\d{7}-\d
    | [A-Z]{6}\d\d[A-EHLMPRST]\d\d[A-Z]\d{3}[A-Z] | (?P<nif>(?:\d{8}|[XYZ]\d{7})-?[A-HJ-NP-TV-Z])
    )(?![\w-])"""

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
# What the number of an article or a document stands behind, even if it looks like a phone's.
ARTICLE = r"""(?xi)\b(?:
      (?:sku|upc|ean|gtin|isbn|issn|asin|ndc|plu|mpn|nsn|imei|vin|part|item|model|serial|batch|lot
    |order
      |invoice|ticket|tracking|po|reference|ref|consignment|waybill|awb|container|pallet|barcode
    |docket
      |catalogue|catalog|drawing|shipment|parcel|digest|hash|timestamp|revenue|turnover)s?\b
      (?:[ ](?:numbers?|no|num|nr|id|is|was|are|codes?|of|reads|like|as|the|called)\b){0,4}
    | (?:article|product|stock|style|form|permit|voucher|booking|reservation|transaction|quote|job
    |case
      |claim|licen[cs]e|registration|patent|policy|meter|asset|label|version|build|bin|code)
      (?:[ ](?:number|no|num|nr|id|code|ref|reference)\b){1,2}(?:[ ](?:is|was|reads)\b)?
    ) [.:\#=\s"'(-]{0,3}$"""
BEFORE = 60  # characters in which such a word may stand


def is_article(text: str, start: int) -> bool:
    """Return whether what begins here is introduced as the number of a thing.

    >>> is_article("The part number is 0451-225-1234.", 19)
    True
    """
    return re.search(ARTICLE, text[max(0, start - BEFORE) : start]) is not None


def accounts(text: str) -> Iterator[Span]:
    """Yield numbers that are introduced as those of an account or a person."""
    return scan(ACCOUNT, text, _account)


def papers(text: str) -> Iterator[Span]:
    """Yield the numbers of passports, licences and the like that hold letters."""
    if re.search(r"passport|licen[cs]e|id card|PAN|NIE|CURP|NRIC|RFC|ID|Passport|Licen[cs]e", text):
        yield from scan(PAPERS, text)


def security_codes(text: str) -> Iterator[Span]:
    """Yield the three or four digits that stand on the back of a card."""
    if re.search(r"cv[cv]|csc|cid|security code|the back", text.lower()):
        yield from scan(SECURITY_CODE, text)


def personal_numbers(text: str) -> Iterator[Span]:
    """Yield numbers of persons that their shape gives away."""
    return scan(PERSONAL, text, _personal)


def ibans(text: str) -> Iterator[Span]:
    """Yield account numbers in the international form."""
    return scan(IBAN, text, _iban)


def cards(text: str) -> Iterator[Span]:
    """Yield card numbers."""
    return scan(CARD, text, _card)


def harmless(text: str) -> Iterator[Span]:
    """Yield dates and addresses of machines, which are no phone numbers."""
    return scan(HARMLESS, text)


def _account(match: re.Match[str]) -> Span | None:
    start, end = match.span(match.lastindex or 0)
    number = match.string[start:end]
    if re.fullmatch(YEARS, number):
        return None
    direct = re.match(r"(?i)[a-z/]+[ ]$", match.string[match.start() : start])
    counted = re.match(COUNTED, match.string[end : end + 30])
    return None if direct and counted else (start, end)


def _personal(match: re.Match[str]) -> Span | None:
    if letters := match["nif"]:
        plain = letters.replace("-", "")
        digits = plain[:-1].replace("X", "0").replace("Y", "1").replace("Z", "2")
        return match.span() if "TRWAGMYFPDXBNJZSQVHLCKE"[int(digits) % 23] == plain[-1] else None
    return match.span()


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
            return None if is_article(match.string, span[0]) else span
    return None
