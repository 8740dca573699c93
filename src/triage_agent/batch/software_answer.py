"""Whether a business sells, or is building, software for customers, as a form answers it."""

import re

from triage_agent.intake import code_list, header_words

NOT_ANSWERED = {
    "", "unknown", "not sure", "don't know", "i don't know", "we don't know", "?", "n/a", "na",
    "none", "nil", "null", "nothing", "-", "--", "–", "—", ".", "prefer not to say",
}  # fmt: skip
NOUN = r"(?:software|saas|(?:web |mobile |phone )?apps?|(?:web|software|saas|online) platforms?)"
# What stands behind the noun may make it somebody else's: "software companies" are customers.
ABOUT_OTHERS = (
    r"(?!\W{0,2}\s*(?:compan|firms?\b|business|vendors?\b|start-?ups?\b|teams?\b|developers?\b"
    r"|engineers?\b|founders?\b|makers?\b|users?\b|consult|training|services?\b|support\b|sales\b"
    r"|industry|sector|licen[cs]es?\b|resell))"
)
SOFTWARE = re.compile(rf"\b{NOUN}\b{ABOUT_OTHERS}", re.I)
SELLING = (
    r"(?:sell(?:s|ing)?|build(?:s|ing)?|develop(?:s|ing)?|mak(?:e|es|ing)|offer(?:s|ing)?"
    r"|provid(?:e|es|ing)|creat(?:e|es|ing)|launch(?:ed|ing)?|publish(?:es|ing)?|run)"
)
# Between the verb and the noun no "to" or "for": those words name the customers.
BETWEEN = r"(?:\s+(?!to\b|for\b|not\b|with\b|using\b|about\b)[\w'’&,-]+){0,5}?\s+"
STATES = re.compile(
    rf"\b(?:we|i|we're|we are|i'm|i am|currently|already)\s+(?:\w+ly |also |already )?"
    rf"{SELLING}{BETWEEN}{NOUN}\b{ABOUT_OTHERS}"
    rf"|^{SELLING}{BETWEEN}{NOUN}\b{ABOUT_OTHERS}"
    rf"|\bour (?:main |core )?(?:product|service|business)s? (?:is|are) "
    rf"(?:an? )?(?:\w+ ){{0,2}}{NOUN}\b"
    rf"|\b(?:we are|we're|i run|we run) (?:an? )?(?:\w+ ){{0,2}}(?:software|saas) "
    rf"(?:company|business|firm|vendor|start-?up)\b|\bbuilding (?:it|one)\b",
    re.I,
)
ONLY_THE_THING = re.compile(
    rf"(?:an? |our |own )?(?:[\w-]+ ){{0,2}}?{NOUN}(?: products?| for (?:our |the )?customers)?",
    re.I,
)
DENIES = re.compile(
    rf"\b(?:do not|don't|does not|doesn't|neither|never|nor)\b.{{0,25}}?"
    rf"\b{SELLING}\b.{{0,25}}?\b{NOUN}\b"
    rf"|\b(?:no|not|not an?|not any)\s+(?:\w+\s+)?{NOUN}\b|\bwithout software\b",
    re.I,
)
OWN_USE = re.compile(
    r"\b(?:own (?:staff|team|use|employees|business|people)|internal(?:ly)?|in-house"
    r"|ourselves|resell\w*|third[- ]party)\b",
    re.I,
)
NOT_NOW = re.compile(
    r"\b(?:yet|plan(?:s|ned|ning)?|maybe|perhaps|someday|thinking|hope|hoping|considering|future"
    r"|would like|want to|wants to|going to|used to|might|someday|one day|looking to)\b",
    re.I,
)
LEADING = re.compile(
    r"(?:(?P<yes>yes|y|yep|yeah|true|t|1|x|✓|✔|☑|checked|on|ja|si|sí|oui)"
    r"|(?P<no>no|n|nope|false|f|0|never|☐|unchecked|off|nein|non))(?:$|\s*[,.;:!(–—-]+\s*)",
    re.I,
)
SHORT = {
    "we do": True, "i do": True, "we are": True, "we are building one": True, "we sell": True,
    "we do not": False, "we don't": False, "i don't": False, "we are not": False,
    "we aren't": False, "not at all": False,
}  # fmt: skip
LABELLED = re.compile(r"^(?:software|saas|sells software)\s*[:=]\s*", re.I)
# Questions whose yes says nothing about selling: another verb, a choice, or turned round.
OTHER_QUESTION = re.compile(
    r"\b(?:use|using|need|needs|want|buy|require|looking for|interested)\b"
    r"|\bproducts? or services?\b|^(?:what|which|how|who|where|describe)\b"
    r"|\b(?:not|don't|doesn't|never|without|no|non)\b",
    re.I,
)
# A yes to these means a no.
TURNED_ROUND = re.compile(
    rf"\b(?:not|dont|don't|doesnt|doesn't|never|no longer)\b(?:\W+\w+){{0,3}}?\W+{SELLING}\b"
    rf"|\b(?:no|non|without)\W+(?:\w+ )?{NOUN}\b",
    re.I,
)
NAMES_SOFTWARE = re.compile(rf"\b{NOUN}\b", re.I)
# The words of a question that asks whether software is sold to others, and nothing else.
ASKED_WORDS = """
a an and any app apps are as at be build building builds business business's businesses by client
clients commercial commercially company company's create creates creating currently customer
customers develop developing develops digital do does external for have has i in is it its launch
launching main make makes making mobile now of offer offering offers on online or organisation
organization our outside paid pay paying phone platform platforms product products provide provides
providing public publish publishes s saas sell seller selling sells service software so that the
their them this to us use used users vendor we web what whether which who with y n yes you your
others people primary core itself own part apps license licenses licensing
"""
ASKED = frozenset(ASKED_WORDS.split())
# "Sell or build software" is a choice of verbs, and says the same of both.
OTHER_THING = re.compile(
    rf"\b(?:products?|services?|{SELLING})\s+(?:and )?or (?:an? |any )?"
    rf"(?:use\b|(?:(?!{SELLING}\b|licen[cs]e\b)\w+ )?{NOUN})"
    rf"|{NOUN}(?: products?)? (?:and )?or (?:other )?(?:products?|services?|use)\b"
    r"|\b(?:to|for) (?:us|your own|our own|yourself|itself)\b|\bfor your (?:business|company)\b",
    re.I,
)
# What takes back a part of a yes or a no.
TAKES_BACK = re.compile(
    r"\b(?:but|except|however|though|although|unless|apart from|besides|other than|sometimes"
    r"|sort of|kind of|partly|partially|once|one (?:client|customer)|a few|some)\b",
    re.I,
)
A_NO = re.compile(r"\b(?:no|not|never|stopped|formerly|previously|only|just|used to)\b|n't\b", re.I)
A_YES = re.compile(r"\b(?:yes|yeah|yep)\b", re.I)


def says_nothing(text: str) -> bool:
    """Return whether a cell is empty or says that the answer is not known."""
    return _plain(text) in NOT_ANSWERED


def is_just_yes_or_no(text: str) -> bool:
    """Return whether a cell holds a yes or a no, and no other word.

    >>> is_just_yes_or_no("No."), is_just_yes_or_no("No, we run a garage")
    (True, False)
    """
    return LEADING.fullmatch(_plain(text)) is not None


def asks_about_selling(header: str) -> bool:
    """Return whether a yes to the question of a column says that software is sold or built to be.

    A name that does not speak of software at all was chosen by the user, who knows.

    >>> asks_about_selling("Do you sell software to customers?"), asks_about_selling("Q7")
    (True, True)
    >>> asks_about_selling("Do you sell products or software?")
    False
    >>> asks_about_selling("Do you develop software in-house?")
    False
    """
    asked = code_list(header_words(header))[1]
    name = re.sub(r"(?<=[a-z])(?=[A-Z])(?!S\b)", " ", asked)  # but "SaaS" is a word
    question = re.sub(r"['’]", "'", name).replace("'", "").replace("_", " ")
    question = " ".join(re.sub(r"[\W_]+", " ", question).casefold().split())
    theirs = re.sub(r"\b(customers?|clients?) use\b", r"\1", question)  # not the business's own use
    if OTHER_QUESTION.search(theirs.replace("dont", "don't")):
        return False
    if not NAMES_SOFTWARE.search(question):
        return True
    question = re.sub(rf"\b({NOUN}) products?\b", r"\1", question)  # "software products or apps"
    words = re.sub(r"\b(?:q|question) ?\d+\b|\d+", " ", question).split()
    return all(word in ASKED for word in words) and not OTHER_THING.search(question)


def is_turned_round(header: str) -> bool:
    """Return whether a yes to the question of a column means that no software is sold.

    >>> is_turned_round("We do not sell software"), is_turned_round("Software, not hardware?")
    (True, False)
    """
    return bool(TURNED_ROUND.search(code_list(header_words(header))[1].replace("’", "'")))


def takes_yes(header: str, *, chosen: bool) -> bool:
    """Return whether a yes or a no in a column says whether software is sold.

    Whoever has `chosen` the column knows what it asks, unless its name denies it.
    """
    return asks_about_selling(header) or (chosen and not is_turned_round(header))


def read_software(text: str, header: str = "", *, chosen: bool = False) -> bool | None:
    """Return yes or no only where a cell says so to the question of its column; else None.

    `chosen`: the user named the column, so a yes counts whatever else its name asks.

    >>> read_software("Yes - a SaaS product"), read_software("We sell shoes")
    (True, None)
    >>> read_software("Yes", "Do you use software?"), read_software("No, we are a bakery")
    (None, False)
    """
    words = _plain(text)
    words = _plain(code_list(header_words(header))[0].get(words, words))
    other_question = not takes_yes(header, chosen=chosen)
    if words in NOT_ANSWERED:
        return None
    words, labelled = LABELLED.sub("", words), LABELLED.match(words)
    lead = LEADING.match(words)
    rest = words[lead.end() :] if lead else words
    said = _statement(rest, starts=lead is None)
    if lead is None:
        return SHORT.get(words, said) if not (other_question and words in SHORT) else None
    if other_question and not labelled:
        return said
    if lead.group("no"):
        doubtful = re.match(r"not yet|yet", rest) or TAKES_BACK.search(rest) or A_YES.search(rest)
        return True if said else (None if doubtful else False)
    if said is None and (TAKES_BACK.search(rest) or A_NO.search(rest)):
        return None
    if said is False or OWN_USE.search(rest) or NOT_NOW.search(rest):
        return None
    if re.search(rf"\b{SELLING}\b|\bservices?\b", rest) and said is None:
        return True if SOFTWARE.search(rest) else None
    return True


def _statement(words: str, *, starts: bool) -> bool | None:
    """Return what a sentence says about selling software, None if nothing for sure."""
    if NOT_NOW.search(words) or OWN_USE.search(words):
        return None
    if DENIES.search(words):
        return False
    if STATES.search(words):
        return True
    if starts and ONLY_THE_THING.fullmatch(words) and not re.match(r"(?:we|i|they)\b", words):
        return True
    return None


def _plain(text: str) -> str:
    """Return a cell in lower case, with single blanks, plain apostrophes and no last stop."""
    return " ".join(text.casefold().replace("’", "'").split()).rstrip(".!") or text.strip()
