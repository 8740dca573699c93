"""What a column's name says about the problem that it mentions: asks for it, or is about it.

A noun such as "problem" anywhere in a name is no proof: "Notes on the problem" are somebody's
notes, "What is the problem costing you?" asks for a cost, and "Who feels this pain?" for people.
What decides is the place of the noun: the head of a phrase, or what a question asks for.
"""

import re
from enum import StrEnum


class Asks(StrEnum):
    """What a name that mentions a problem asks for."""

    PROBLEM = "the problem"
    UNCLEAR = "perhaps the problem"
    ABOUT = "something about a problem"


NOUNS = (
    r"(?:problem|challenge|pain ?point|pain|bottleneck|issue|headache|obstacle|hurdle|barrier"
    r"|frustration|struggle|complaint|grievance|difficult(?:y|ie)|inefficienc(?:y|ie)|annoyance"
    r"|worr(?:y|ie)|weakness(?:e)?|time ?waster|time ?sink)s?"
)
NOUN = re.compile(rf"\b{NOUNS}\b")
# Words for a text: a description of the problem is the problem, and so is a list of problems.
TEXT_OF = {
    "description", "descriptions", "descr", "desc", "statement", "statements", "detail", "details",
    "explanation", "explanations", "summary", "narrative", "text", "list", "lists", "overview",
    "title", "name", "nature", "story", "one", "two", "three", "four", "five", "top", "most",
    "all", "each", "any", "some", "many", "kind", "kinds", "sort", "sorts", "example", "examples",
    "verbatim", "definition", "first", "second", "third", "message", "content", "body", "brief",
    "report", "subject", "headline", "up",
}  # fmt: skip
PREPOSITIONS = {
    "on", "about", "of", "to", "for", "with", "regarding", "behind", "after", "from", "by", "re",
    "against", "concerning", "towards", "before", "since", "through", "around",
}  # fmt: skip
# What may follow the noun when the noun is what the name asks for.
FOLLOW = PREPOSITIONS | TEXT_OF | {
    "in", "at", "that", "which", "who", "you", "your", "we", "our", "i", "it", "they", "is", "are",
    "was", "were", "do", "does", "did", "has", "have", "can", "could", "would", "should", "and",
    "or", "if", "when", "where", "as", "right", "now", "today", "currently", "this", "these",
    "s", "please", "faced", "facing", "found", "encountered", "experienced",
    "noticed", "observed", "reported", "raised", "identified", "mentioned", "stated", "described",
    "seen", "within", "across", "around", "during", "holding", "keeping", "stopping", "costing",
    "slowing", "preventing", "hurting", "blocking", "affecting", "primary", "secondary",
    "tertiary", "main", "other", "not", "opportunity", "why", "how", "what", "e", "with", "the",
    "be", "being", "must", "might", "will", "worth", "most", "related", "involving",
    "last", "next", "no", "nr", "number", "num", "wants", "wanted", "needs", "needing",
    "areas", "area", "only", "here", "so", "up",
}  # fmt: skip
CODES = re.compile(r"^(?:[^\W\d_]{0,4}\d\w* )+(?=\w{3})")  # "q2 1", "g2q0001 sq001"
TELL = re.compile(
    r"^(?:please |kindly |now |briefly |can you |could you )*"
    r"(?:describe|tell|explain|list|name|share|state|write|outline|summari[sz]e|give|enter)\b"
)
# A problem that was told before is spoken of again; to describe it is to tell it.
AGAIN = re.compile(rf"\b(?:this|that|these|those|such) (?:\w+ )?{NOUNS}\b")
# A question with choices lists the problems that it means; "(other)" holds those told in words.
LISTED = re.compile(
    r"^(?:(?:do|did|have) you|which of) (?:\w+ ){0,2}(?:experienced?|fac(?:e|ed|ing)|have|seen?"
    r"|encounter(?:ed)?|meet|met|run into)? ?(?:any of |some of |one of )?(?:these|those) "
    rf"{NOUNS}\b"
)
DENIED = re.compile(
    rf"\b(?:no|not an?|not the|never an?|without(?: any)?|free of|isn t an?|n t an?) "
    rf"(?:longer (?:an? )?|real |big )?{NOUNS}\b"
)
CIRCUMSTANCE = re.compile(
    r"^(?:and |so |also |please )*(?:who|whom|whose|when|why|how"
    r"(?! (?:can|could|may|might|would|should) (?:we|i)\b| (?:would|do|can|could) you describe)"
    r"|what happens|what if|what would happen|since when|by when)\b"
)
SOLVE = (
    r"(?:solv(?:e[sd]?|ing)|fix(?:e[sd]|ing)?|address(?:e[sd]|ing)?|resolv(?:e[sd]?|ing)"
    r"|overc[ao]m(?:es?|ing)|tackl(?:e[sd]?|ing)|handl(?:e[sd]?|ing)|eliminat(?:e[sd]?|ing)"
    r"|deal(?:t|ing)? with|work(?:ed|ing)? on|mitigat(?:e[sd]?|ing)|avoid(?:ed|ing)?)"
)
WISH = re.compile(
    r"\b(?:want\w*|need\w*|like|lik(?:e|ing)|hop(?:e|ing)|wish\w*|trying|help\w*|look(?:ing)? to"
    r"|to be|should|must|(?:you|we|i) could|magic|unsolved|unresolved|could we|can we)\b"
)
SOLVED = re.compile(  # "problems we solve", "to fix the problem", "how we solved the challenge"
    rf"\b(?:we|you|they|team|product|company|business|software|service) (?:\w+ ){{0,2}}{SOLVE}\b"
    rf"|\b{SOLVE} (?:\w+ ){{0,3}}{NOUNS}\b"
    rf"|\b{NOUNS} {SOLVE} (?:you|we|your|our|the)\b"  # in the order of other languages
    rf"|\bcosts? (?:you|us|your \w+) (?:the|this|your|our) {NOUNS}\b"
)
DONE = re.compile(  # "have you done about the problem", "is the problem costing you"
    r"\b(?:have|has|had|did) (?:you|we|they|your \w+) (?:\w+ )?(?:done|do|tr(?:y|ied)|taken?|spent?"
    rf"|paid|bought|change[d]?|learn\w*)\b.*\b{NOUNS}\b"
    rf"|\b(?:is|are|does|do|has|have|did|will|would|was) (?:the|your|our|its) (?:\w+ ){{0,2}}"
    rf"{NOUNS} (?:cost\w*|mean\w*|look\w*|chang\w*|tak\w*|caus\w*|affect\w*|happen\w*|occur\w*"
    r"|start\w*|last\w*|hurt\w*|do|done|worth|com\w*)\b"
)
ABOUT_IT = re.compile(
    rf"\b(?:about|against|regarding|towards|for|to|on) (?:the|your|our) (?:\w+ ){{0,2}}{NOUNS}\b"
)
SPOKEN = re.compile(r"\b(?:tell|say|share|know|describe|write|explain|add|hear)\b")
OF_OTHERS = re.compile(
    r"\b(?:by|of|for|from|among) (?:our|their|other|the) "
    r"(?:\w+ )?(?:customers?|clients?|users?|guests?|patients?|competitors?|peers)\b"
    r"|\b(?:our|their|other|your) (?:\w+ )?(?:customers?|clients?|users?|guests?|patients?) "
)


ENDS = re.compile(rf"\b{NOUNS}\b\s*(?:[:(\[/>|–—]|- )", re.IGNORECASE)  # "Pain: operations"


def asks_for(asked: str, name: str = "") -> Asks:
    """Return what a name asks for that mentions a problem; `asked` is as `what_is_asked` gives it.

    `name` is the same as it stands in the table, whose signs show where a phrase ends.

    >>> [asks_for(name).name for name in ("main problem", "problem followup", "who has this pain")]
    ['PROBLEM', 'UNCLEAR', 'ABOUT']
    """
    asked = CODES.sub("", asked)
    tells = TELL.match(asked) is not None
    again = AGAIN.search(asked) and not LISTED.match(asked)
    if DENIED.search(asked) or (again and not tells):
        return Asks.ABOUT
    if CIRCUMSTANCE.match(asked) or DONE.search(asked):
        return Asks.ABOUT
    if SOLVED.search(asked) and not WISH.search(asked):
        return Asks.ABOUT
    if OF_OTHERS.search(asked):
        return Asks.UNCLEAR
    if tells:
        return Asks.PROBLEM
    if re.match(r"(?:what|which|where)\b", asked):
        about = ABOUT_IT.search(asked) and not SPOKEN.search(asked)
        return Asks.ABOUT if about else Asks.PROBLEM
    found = NOUN.search(asked)
    if not found:
        return Asks.PROBLEM
    asks = _asks_as_phrase(asked[: found.end()], found)
    return asks if asks is Asks.UNCLEAR or ENDS.search(name) else _asks_as_phrase(asked, found)


def asks_of_others(asked: str) -> bool:
    """Return whether a name speaks of the problems of somebody else, such as customers.

    >>> asks_of_others("challenges of our customers"), asks_of_others("open feedback on problems")
    (True, False)
    """
    return OF_OTHERS.search(asked) is not None


def _asks_as_phrase(asked: str, noun: re.Match[str]) -> Asks:
    """Return whether the noun is the head of a phrase, or only belongs to another noun.

    >>> NOTES = "notes on the problem"
    >>> _asks_as_phrase(NOTES, NOUN.search(NOTES)).name
    'UNCLEAR'
    """
    before, after = asked[: noun.start()].split(), asked[noun.end() :].split()
    for at, word in enumerate(before):
        if word in PREPOSITIONS and at:
            head = before[at - 1]
            return Asks.PROBLEM if head in TEXT_OF or head.isdigit() else Asks.UNCLEAR
    follows = not after or after[0] in FOLLOW or after[0][0].isdigit() or len(after[0]) == 1
    return Asks.PROBLEM if follows or NOUN.match(" ".join(after)) else Asks.UNCLEAR
