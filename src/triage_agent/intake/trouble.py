"""Whether a text speaks of something that goes wrong or is wanted: by its words, and no more."""

import re

WISHES = r"want|need|would like|wish|'d like|'d love|looking for|help with|asking for|ask for"
FAILINGS = (
    r"can't|cannot|don't|doesn't|isn't|aren't|nobody|no one|never|not|no|wrong|late"
    r"|lost|slow|by hand"
    r"|manual\w*|missing|forgotten|mess|retyp\w*|chas\w*|too (?:long|much|many|slow)"
)
TROUBLE = re.compile(
    rf"\b(?:{WISHES}|{FAILINGS}|needs|needed|wants|wanted|wishes|problem\w*|issues?|pains?"
    r"|trouble\w*|errors?|bugs?|bugg?y|fail\w*|crash\w*|br(?:eak\w*|oken?)|stuck|unable|un\w+able"
    r"|won't|didn't|wasn't|haven't|hasn't|couldn't|wouldn't|shouldn't|without|difficult\w*|hard to"
    r"|struggl\w*|frustrat\w*|annoy\w*|confus\w*|complain\w*|disappoint\w*|terribl[ey]|horrible"
    r"|bad(?:ly)?|poor(?:ly)?|worse|worst|hate\w*|delay\w*|slow\w*|waste\w*|wasting|los[et]\w*"
    r"|damag\w*|leak\w*|refus\w*|cancel\w*|refund\w*|overdue|duplicat\w*|twice|again and again"
    r"|please|could you|can you|how (?:do|can) i|should|must|could be|have to|has to|better|instead"
    r"|request\w*|suggest\w*|ideas?|improve\w*|fix\w*|automat\w*|support for|add(?:ed|ing)?|allow"
    r"|enable|forget\w*|spend\w*|hours|expensive|repl(?:y|ies)|wait\w*|old|outdated|help)\b"
    r"|\?",
    re.IGNORECASE,
)
ENGLISH = re.compile(
    r"\b(?:the|and|for|with|are|not|our|from|that|this|need|needs|by|have|has|they|you|your|when)\b",
    re.IGNORECASE,
)


def speaks_of_trouble(text: str) -> bool:
    """Return whether a word of a text is one that people use for what goes wrong or is wanted.

    Only English words are known; see `is_english`.

    >>> speaks_of_trouble("Orders are typed by hand"), speaks_of_trouble("We sell garden tables")
    (True, False)
    """
    return TROUBLE.search(text) is not None


def is_english(text: str) -> bool:
    """Return whether a text has a small word that other languages of business do not have.

    >>> is_english("Orders are typed by hand"), is_english("Wir tippen Bestellungen ab")
    (True, False)
    """
    return ENGLISH.search(text) is not None
