"""What the name of a column says, without what the tool that exported it put around it."""

import re
from functools import lru_cache

from triage_agent.intake.foreign_words import in_english

WRAPPED = re.compile(r"\s*custom ?field\s*[(:]\s*(?P<name>.+?)\s*\)?\s*", re.I | re.S)  # Jira
TYPE = re.compile(  # ClickUp
    r"(?<=\S)\s*\((?:(?:short|long|plain|rich) text|text(?: area)?|currency|number|money|drop ?down"
    r"|labels?|date|email|phone|url|website|users?|people|formula|checkbox|rating)\)\s*$",
    re.I,
)
PLACE = re.compile(  # LimeSurvey, Qualtrics
    r"^\s*(?:g\d{1,3}q\d{1,4}(?:[\s_[(]+sq\d{1,4}[\])]*)?|q\d{1,3}(?:_\d{1,3})*(?:_text)?)"
    r"\s*[.:)-]+\s*(?=\D)",
    re.I,
)
CHOICE = re.compile(r"\s*[-–]\s*selected choice\s*$", re.I)  # Qualtrics


@lru_cache(maxsize=4096)
def header_words(header: str) -> str:
    """Return the words of a column's name, in English where their language is known.

    >>> header_words("Custom field (Annual revenue)"), header_words("Revenue (currency)")
    ('Annual revenue', 'Revenue')
    >>> header_words("G1Q4. Turnover"), header_words("Jahresumsatz (T€)")
    ('Turnover', 'annual revenue (T€)')
    """
    wrapped = WRAPPED.fullmatch(header)
    name = TYPE.sub("", wrapped["name"] if wrapped else header)
    return in_english(CHOICE.sub("", PLACE.sub("", name)))
