"""Which countries a text's national phone numbers are likely from.

A number such as 0451-225-1234 is in use in some country or other: trying them all would take order
numbers for phone numbers. So a country is tried if the text shows it: a name, a currency, a tax, a
web address that ends with its letters, another number that begins with its code, its language.
"""

import re
from collections import Counter

# Tried for every text: numbers of theirs that begin with 0 are told by their length and area.
USUAL = ("US", "GB", "FR", "NL", "IE", "BE", "CH", "SE", "FI")

# By country: words that stand alone in a text, in lower case; what is not a letter, anywhere.
SIGNS = {
    "GB": "£ uk britain british england english london manchester birmingham leeds glasgow "
    "edinburgh scotland wales cardiff belfast liverpool bristol hmrc nhs paye",
    "IE": "ireland irish dublin galway limerick eircode revenue.ie",
    "AU": "australia australian sydney melbourne brisbane perth adelaide hobart canberra darwin abn"
    " tradie tradies nsw queensland gst aud",
    "NZ": "zealand auckland wellington christchurch hamilton dunedin tauranga gst nzd ird",
    "ZA": "africa african johannesburg joburg pretoria durban cape_town sandton gauteng soweto "
    "popia zar load-shedding",
    "IN": "₹ india indian mumbai delhi bangalore bengaluru pune hyderabad chennai kolkata ahmedabad"
    " jaipur gurgaon noida surat kochi lucknow gst rupees rupee lakh crore inr aadhaar",
    "PK": "pakistan karachi lahore islamabad pkr",
    "SG": "singapore sgd s$ gst",
    "MY": "malaysia kuala_lumpur penang myr ringgit",
    "HK": "hong_kong kowloon hkd hk$",
    "PH": "philippines manila cebu",
    "AE": "dubai abu_dhabi emirates uae aed dirham",
    "IL": "israel tel_aviv jerusalem haifa ₪",
    "JP": "japan tokyo osaka kyoto yokohama ¥ yen jpy",
    "CN": "china shanghai beijing shenzhen guangzhou rmb yuan cny",
    "KR": "korea seoul busan krw ₩",
    "KE": "kenya nairobi mombasa kes",
    "NG": "nigeria lagos abuja naira ngn ₦",
    "DE": "germany german berlin munich münchen hamburg frankfurt cologne köln stuttgart düsseldorf"
    " leipzig gmbh und der das ist nicht wir mit für",
    "AT": "austria austrian vienna wien graz salzburg linz innsbruck",
    "CH": "switzerland swiss zurich zürich geneva genève basel bern lausanne chf",
    "FR": "france french paris lyon marseille toulouse bordeaux lille nantes siret est les pour"
    " nous vous avec",
    "BE": "belgium belgian brussels antwerp ghent bruges liège",
    "NL": "netherlands dutch holland amsterdam rotterdam utrecht eindhoven hague "
    "het een van niet wij",
    "LU": "luxembourg luxembourgish",
    "ES": "spain spanish madrid barcelona valencia seville sevilla málaga malaga bilbao zaragoza"
    " alicante españa autónomo los para con por nosotros",
    "PT": "portugal portuguese lisbon lisboa porto braga faro",
    "IT": "italy italian rome roma milan milano turin torino naples napoli florence bologna venice"
    " modena verona di che per con sono",
    "GR": "greece greek athens thessaloniki",
    "DK": "denmark danish copenhagen københavn aarhus odense aalborg dkk",
    "NO": "norway norwegian oslo bergen trondheim stavanger nok",
    "SE": "sweden swedish stockholm gothenburg göteborg malmö uppsala sek",
    "FI": "finland finnish helsinki espoo tampere turku",
    "PL": "poland polish warsaw warszawa kraków krakow wrocław gdansk gdańsk zł zloty pln",
    "CZ": "czech prague praha brno czk kč",
    "HU": "hungary hungarian budapest huf",
    "RO": "romania romanian bucharest cluj ron",
    "TR": "türkiye istanbul ankara izmir ₺",
    "BR": "brazil brazilian são_paulo sao_paulo rio_de_janeiro brasil r$ reais",
    "MX": "mexico mexican cdmx guadalajara monterrey tijuana mxn",
    "AR": "argentina buenos_aires",
    "CO": "colombia bogotá bogota medellín",
    "CL": "chile santiago",
}
EURO = ("IE", "FR", "ES", "IT", "NL", "BE", "DE", "PT")  # where "€" is all that a text shows
LANGUAGES = {  # of whose short words two must stand in a text
    word
    for words in (
        "und der das ist nicht wir mit für",
        "est les pour nous vous avec",
        "het een van niet wij",
        "los para con por nosotros",
        "di che per con sono",
    )
    for word in words.split()
}
CODES = r"[+＋][ (]{0,2}([1-9]\d{0,2})|\b00([1-9]\d{0,2})"
ENDING = r"(?:[\w-]\.)([a-z]{2})\b(?![.@]\w)"
WORD = r"[^\W\d_]+(?:-[^\W\d_]+)?"
MOST = 8  # countries that one text is read for, beside the usual ones


def likely_countries(text: str) -> tuple[str, ...]:
    """Return the countries that a text shows, those with most signs first.

    >>> likely_countries("Our Pune office files the GST returns.")[0]
    'IN'
    >>> likely_countries("The part is late.")
    ()
    """
    lower = re.sub(r"(?<=\w) (?=\w)", "_", text.casefold())
    words = set(re.findall(r"[^\W_]+(?:-[^\W_]+)?", lower))
    if len(words & LANGUAGES) < 2:
        words -= LANGUAGES
    found = Counter(
        region
        for region, signs in SIGNS.items()
        for sign in signs.split()
        if (sign in words if re.fullmatch(WORD, sign) else sign in lower)
    )
    found.update(EURO if "€" in text or "eur" in words else ())
    found.update(end.upper() for end in re.findall(ENDING, lower) if end.upper() in SIGNS)
    found.update(["GB"] * len(re.findall(r"\.(?:co|org)\.uk\b", lower)))
    found.update(
        region for codes in re.findall(CODES, text) for region in _regions_of("".join(codes))
    )
    return tuple(region for region, _ in found.most_common(MOST))


def _regions_of(digits: str) -> list[str]:
    """Return the main country of the calling code that some digits begin with."""
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE  # takes 50 ms

    for length in (1, 2, 3):
        if regions := COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length])):
            return [regions[0]]
    return []
