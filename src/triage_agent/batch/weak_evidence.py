"""What stands against a column that is read though its name does not ask for a problem."""

import re
from collections.abc import Iterable

from triage_agent.batch.column_kinds import Cells, Kind
from triage_agent.batch.column_words import is_title, what_is_asked

TOLD = 0.3  # of the texts with words for what goes wrong or is wanted show that problems are told
# A thing or a group of things is named here, and nothing is said about it.
THING = re.compile(
    r"(?:\w+ ){0,3}(?:products?|categor(?:y|ies)|topics?|tags?|labels?|types?|kinds?|skills?"
    r"|segments?|sectors?|industr(?:y|ies)|brands?|models?|addresse?s?|streets?|locations?|places?"
    r"|regions?|cit(?:y|ies)|countr(?:y|ies)|stations?|routes?|languages?|channels?)(?: \d+)?"
)
SPEAKS = re.compile(
    r"\b(?:problems?|tickets?|issues?|complain\w*|requests?|feedback|suggestions?|grievances?"
    r"|(?:in|en)quir(?:y|ies)|bugs?|severity|resolutions?|incidents?|wish\w*|challenges?|pains?"
    r"|features?|improve\w*|help\w*|support|needs?|cases?|errors?|defects?|tasks?|todos?)\b"
)
ASKS = re.compile(  # beside these, what says by itself that somebody turned to the business
    r"\b(?:messages?|comments?|reviews?|reasons?|questions?|quer(?:y|ies)|verbatims?|narratives?"
    r"|anything|tell|explain|describe|elaborate|reach\w*|brings?|what|how|would|quotes?)\b"
)


def may_be_only_text(column: str, cells: Cells) -> bool:
    """Return whether a column may be read because no other holds free text.

    Being alone proves little: an address, a list of tags and the name of a product stand alone
    too. Titles and names of things are read if enough of them speak of trouble.

    >>> text = Cells(Kind.SENTENCES, 6, 5, 5, 5, trouble=0.8)
    >>> may_be_only_text("Q7", text), may_be_only_text("Sub-product", text)
    (True, True)
    >>> may_be_only_text("Sub-product", Cells(Kind.PHRASES, 3, 5, 5, 5))
    False
    """
    if cells.lists or (cells.filled == 1 and cells.sampled > 1):
        return False
    told = cells.trouble is not None and cells.trouble >= TOLD
    if THING.fullmatch(what_is_asked(column)):
        return told and cells.kind is Kind.SENTENCES
    return told or cells.trouble is None or not is_title(column)


def speaks_of_problems(column: str) -> bool:
    """Return whether a name speaks of problems, requests or the like, or of their description.

    >>> speaks_of_problems("Complaint Type"), speaks_of_problems("Landmark")
    (True, False)
    """
    asked = what_is_asked(column)
    return SPEAKS.search(asked) is not None or "descript" in asked


def shows_nothing(column: str, cells: Cells, beside: Iterable[str]) -> bool:
    """Return whether nothing shows that a column of texts tells what goes wrong or is wanted.

    Neither its name does, nor those `beside` it (other columns, the file, the sheet), nor enough
    of its cells, where their language is known.

    >>> shows_nothing("Notes", Cells(Kind.SENTENCES, 9, 5, 5, 5, trouble=0.2), ["Company"])
    True
    >>> shows_nothing("Notes", Cells(Kind.SENTENCES, 9, 5, 5, 5, trouble=0.2), ["Ticket ID"])
    False
    """
    if cells.trouble is None or cells.trouble >= TOLD:
        return False
    asked = what_is_asked(column)
    return not (
        ASKS.search(asked) or any(map(SPEAKS.search, map(what_is_asked, [column, *beside])))
    )
