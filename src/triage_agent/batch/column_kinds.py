"""What stands in the cells of a column: sentences, closed answers, ids, dates or names.

The kind is judged on the sampled cells alone. A share of them decides, not each: people write
"n/a" among their sentences, and a text among the numbers.
"""

import html
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum

from triage_agent.batch.cell_choices import are_lists, is_tick
from triage_agent.batch.cell_dates import DATE
from triage_agent.intake import is_english, speaks_of_trouble


class Kind(StrEnum):
    """What most cells of a column are; the value is how a note names them."""

    SENTENCES = "free text"
    PHRASES = "a few words each"
    NAMES = "names or titles"
    WORDS = "single words"
    CLOSED = "closed answers"
    REPEATED = "the same sentences again and again"
    NUMBERS = "numbers"
    DATES = "dates"
    IDS = "ids"
    POINTERS = "pointers to something else"
    CONTACTS = "e-mail addresses, phone numbers or links"
    EMPTY = "nothing"


TEXT_KINDS = frozenset({Kind.SENTENCES, Kind.PHRASES, Kind.NAMES, Kind.REPEATED})
FREE_TEXT = frozenset({Kind.SENTENCES, Kind.PHRASES})
CLOSED_KINDS = frozenset({Kind.CLOSED, Kind.WORDS, Kind.REPEATED})

SENTENCE_WORDS = 5  # on average; "Neither agree nor disagree" has four
MOST_CHOICES = 12  # of a list that a form offers, at the least
FEW = 3  # cells; fewer that are short prove nothing
JUDGED = 4_000  # characters of a cell; a text that is longer is one by its beginning
HEARD = 1_000  # characters of a cell in which words are looked for
MOST = 0.8  # of the cells make the column's kind
NOTHING = {"n/a", "na", "none", "nil", "null", "nothing", "no", "-", "--", "–", "—", "."}

# An address in angle brackets ("<ann@example.com>", "<https://…>") is no tag.
# Of the elements that editors write; "<CRM name>" is none.
ELEMENT = (
    r"(?:a|abbr|b|big|blockquote|body|br|caption|center|code|col|colgroup|dd|del|div|dl|dt|em"
    r"|figcaption|figure|font|footer|h[1-6]|head|header|hr|html|i|iframe|img|ins|li|link|mark|meta"
    r"|nav|ol|p|picture|pre|q|s|script|section|small|span|strike|strong|style|sub|sup|svg|table"
    r"|tbody|td|tfoot|th|thead|tr|tt|u|ul|video|[a-z]+:[a-z]+)"
)
TAG = re.compile(
    rf"</?{ELEMENT}(?:\s[^<>]{{0,300}})?/?>|<!--.{{0,300}}?-->", re.DOTALL | re.IGNORECASE
)
CLOSED_ANSWER = re.compile(
    r"(?:\d{1,2} ?[-–:.)=] ?)?"  # of a scale: "4 - Satisfied"
    r"(?:yes|no|y|n|true|false|x|on|off|maybe|not sure|don'?t know|prefer not to say"
    r"|(?:un|not )?checked|(?:not )?selected|0|1"
    r"|(?:strongly |somewhat |slightly |completely |totally |mostly |partly )?"
    r"(?:dis)?agree(?: strongly| somewhat)?|neither agree nor disagree|neutral|undecided"
    r"|(?:very |extremely |somewhat |slightly |moderately |quite |not(?: at all| very| so)? )?"
    r"(?:satisfied|dissatisfied|unsatisfied|important|unimportant|likely|unlikely|good|bad|poor"
    r"|often|rarely|easy|difficult|useful|high|low|medium|fair|excellent|average|urgent|concerned)"
    r"|not at all|always|usually|sometimes|seldom|occasionally|frequently|never"
    r"|(?:every |once (?:a|per) |twice (?:a|per) |several times (?:a|per) )?"
    r"(?:single )?(?:day|week|month|quarter|year)|daily|weekly|monthly|quarterly|yearly|annually"
    r"|(?:an? |the )?(?:major|minor|big|small|huge|serious|moderate|not an?|no)"
    r" (?:problem|challenge|issue|concern|pain)(?: at all)?"
    r"|open|closed|new|pending|done|resolved|in progress|on hold|won'?t fix|to do)[.!]?",
    re.IGNORECASE,
)
SCALED = re.compile(r"\d{1,2} ?[-–:.)=] ?[^\W\d_]{2,20}")  # "1 - some", as a scale has it
# "See summary", "as discussed": what goes wrong stands elsewhere.
POINTER = re.compile(
    r"(?:please |pls )?(?:see|refer to|cf\.?|as per|as (?:discussed|above|below|before|agreed"
    r"|described|mentioned|in)|same as|ditto|idem)\b\W*(?:[\w#'’.-]+\W*){0,5}"
    r"|(?:please )?(?:see|find) attached.{0,30}",
    re.IGNORECASE,
)
# How somebody who answers writes down what was done: "We told them …", "Closed after a call".
REPLY = re.compile(
    r"(?:(?:i|we)(?:['’]ve| have)? (?:\w+ed|told|sent|gave|spoke|wrote|rang|met|let)\b"
    r".{0,60}\b(?:them|him|her|(?:the|this) (?:customer|client|caller|owner|user)|you|it)\b"
    r"|(?:i|we)(?:['’]ve| have)? (?:suggested|advised|recommended|replied|escalated|refunded"
    r"|forwarded|apologi[sz]ed|explained)\b"
    r"|(?:asked|told|advised|suggested|recommended|closed|resolved|fixed|refunded|replaced|replied"
    r"|forwarded|escalated|passed (?:it )?on|apologi[sz]ed|explained|installed|updated|sent|called"
    r"|rang|contacted|emailed|e-mailed|referred|reset|restarted|offered|credited|handed)\b"
    r"|(?:dear|hi|hello)\b.{0,40}\b(?:thank you|thanks) for\b|(?:thank you|thanks) for (?:your"
    r"|contacting|reaching|getting|letting|the)\b|(?:no )?(?:further )?action (?:was )?taken\b)",
    re.IGNORECASE | re.DOTALL,
)
NUMBER = re.compile(
    r"[^\w\s]{0,3}\s?[-+]?\d[\d.,' ]*\s?(?:%|[€$£¥]|[kmb]|usd|eur|gbp|hours?|hrs?|h)?"
    r"(?:\s?[-–/]\s?[€$£]?\d[\d.,]*[kmb%]?)?",
    re.IGNORECASE,
)
AMOUNT_OF_TIME = re.compile(
    r"(?:\w+ ){0,2}(?:\d[\d.,]*\+?(?: ?(?:-|–|to) ?\d[\d.,]*)?|an?|one|two|three|half an?) ?"
    r"(?:minutes?|mins?|hours?|hrs?|h|days?|weeks?|months?|years?|people|employees|staff|times)"
    r"(?:(?: ?/ ?| per | an? | each | every )\w+)?|(?:\w+ )?\d+\+",
    re.IGNORECASE,
)
CONTACT = re.compile(
    r"[^\s@<>]+@[^\s@<>]+\.\w+|(?:[^\s<>]+ ){0,4}<[^\s@<>]+@[^\s@<>]+>|(?:https?://|www\.)\S+"
    r"|\+?\(?\d[\d ()./-]{5,20}\d"
)
ID = re.compile(
    r"[A-Za-z][A-Za-z0-9]{0,14}[-_#/]\d{1,12}|#?\d{5,}|(?=\S*\d)[0-9a-zA-Z_{}-]{6,64}"
    r"|(?=\S*\d)[A-Z0-9]{3,12}"
)
CHOICES = re.compile(r"\s*[,;|/]\s*|\n")
CJK = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af\u0e00-\u0e7f]")


@dataclass(frozen=True, slots=True)
class Cells:
    """What the sampled cells of a column show.

    Attributes:
        kind: What most of them are.
        words: How many words one has on average.
        filled: How many hold anything.
        distinct: How many different ones there are.
        sampled: How many rows were looked at.
        constant: The sentence that stands in all of them; None: they differ.
        has_html: Whether tags stand in them.
        replies: Whether most say what somebody did about a problem.
        rows: The places of the rows that say something.
        lists: Whether most hold pieces that other cells hold too, as a choice of several does.
        trouble: The share that has words for what goes wrong or is wanted; None: not English.
    """

    kind: Kind
    words: float = 0.0
    filled: int = 0
    distinct: int = 0
    sampled: int = 0
    constant: str | None = None
    has_html: bool = False
    replies: bool = False
    rows: frozenset[int] = frozenset()
    lists: bool = False
    trouble: float | None = None

    @property
    def is_text(self) -> bool:
        """Whether the cells may say what goes wrong, if the header says that they do."""
        return self.kind in TEXT_KINDS


def look_at(cells: Iterable[object], column: str = "") -> Cells:
    """Return what stands in the cells of a `column`; None and blanks are left out.

    >>> look_at(["We lose leads each week", "Stock is wrong again and again"]).kind.value
    'free text'
    >>> look_at(["Weekly", "Never", "Daily"]).kind.value, look_at(["OPS-1", "OPS-22"]).kind.value
    ('closed answers', 'ids')
    """
    cells = list(cells)
    raw = {n: text for n, cell in enumerate(cells) if (text := _text(cell)[:JUDGED])}
    has_html = _most(len(TAG.findall(text)) > 0 for text in raw.values())
    by_row = {n: " ".join(without_tags(text).split()) for n, text in raw.items()}
    texts = [*by_row.values()]
    rows = {n: text for n, text in by_row.items() if text.casefold() not in NOTHING}
    said = [*rows.values()] or texts  # yes and no, or no answers at all
    told = [text for text in said if not POINTER.fullmatch(text)]
    if not any(said):
        return Cells(Kind.EMPTY, sampled=len(cells))
    words = sum(map(count_words, said)) / len(said)
    distinct = len({text.casefold() for text in said})
    return Cells(
        Kind.CLOSED if _most(is_tick(text, column) for text in said) else _kind(said, texts, words),
        words,
        len(said),
        distinct,
        len(cells),
        said[0] if distinct == 1 and words >= SENTENCE_WORDS - 2 else None,
        has_html,
        len(told) >= FEW - 1
        and 2 * sum(REPLY.match(text) is not None for text in told) > len(told),
        frozenset(rows or by_row),
        len(said) >= FEW and are_lists(said),
        _trouble(said),
    )


def _trouble(said: Sequence[str]) -> float | None:
    """Return the share of cells with words for what goes wrong or is wanted, if it can be known."""
    begun = [text[:HEARD] for text in said]
    if len(said) < FEW or 2 * sum(map(is_english, begun)) < len(said):
        return None
    return sum(map(speaks_of_trouble, begun)) / len(said)


def without_tags(text: str) -> str:
    """Return a text without HTML's tags and entities; other text is returned as it is.

    >>> without_tags("<p>Stock&nbsp;is <b>wrong</b></p>"), without_tags("a < b & c > d")
    ('Stock is wrong', 'a < b & c > d')
    """
    if not TAG.search(text):
        return text
    plain = html.unescape(TAG.sub(_blank, text)).replace("\xa0", " ")
    return re.sub(r"[ \t]*\n\s*", "\n", re.sub(r"[ \t]+", " ", plain)).strip()


def is_reference(text: str) -> bool:
    """Return whether a text is nothing but an id, a number, a date, an address or a link.

    >>> is_reference("https://example.com/f/1"), is_reference("OPS-17"), is_reference("Payroll")
    (True, True, False)
    """
    return any(kind.fullmatch(text) for kind in (CONTACT, ID, NUMBER, DATE))


def count_words(text: str) -> float:
    """Return how many words a text has; in scripts without blanks, two signs are one word.

    >>> count_words("Stock is wrong"), count_words("在庫が合わない")
    (3.0, 3.5)
    """
    signs = len(CJK.findall(text))
    return signs / 2 + len(CJK.sub(" ", text).split())


def _blank(tag: re.Match[str]) -> str:
    """Return what stands in a tag's place: a new line where it begins a paragraph or item."""
    inline = re.match(r"</?(?:b|i|u|em|strong|span|a|font|small|sup|sub|code)\b", tag[0], re.I)
    return "" if inline else "\n"


def _text(cell: object) -> str:
    """Return a cell as text; the texts of a list one after the other."""
    if isinstance(cell, list):
        return "\n".join(text for inner in cell if (text := _text(inner)))
    if isinstance(cell, dict):
        return _text(cell.get("text", ""))  # as a form is read
    return str(cell).strip() if cell is not None else ""


def _kind(said: Sequence[str], texts: Sequence[str], words: float) -> Kind:
    """Return the kind of cells of which each says something; `texts` has "no" and "none" too."""
    for patterns, kind in (
        ((CLOSED_ANSWER, SCALED), Kind.CLOSED),
        ((DATE,), Kind.DATES),
        ((NUMBER, AMOUNT_OF_TIME), Kind.NUMBERS),
        ((CONTACT,), Kind.CONTACTS),
    ):
        if _most(any(one.fullmatch(text) for one in patterns) for text in texts):
            return kind
    if 2 * sum(POINTER.fullmatch(text) is not None for text in said) > len(said):
        return Kind.POINTERS
    if _is_closed(said):
        return Kind.CLOSED if words < 2 * SENTENCE_WORDS - 2 else Kind.REPEATED
    if words < 2 * SENTENCE_WORDS and _most(ID.fullmatch(text) is not None for text in said):
        return Kind.IDS
    pieces = [[one for one in CHOICES.split(text) if one] for text in said]
    if len(said) >= FEW and _most(all(count_words(x) <= 1 for x in inner) for inner in pieces):
        return Kind.WORDS
    if _most(_is_name(text) and (len(said) >= FEW or " " in text) for text in said):
        return Kind.NAMES
    return Kind.SENTENCES if words >= SENTENCE_WORDS else Kind.PHRASES


def _is_closed(said: Sequence[str]) -> bool:
    """Return whether most cells hold what others hold too, as a choice among a few does."""
    if len(said) < SENTENCE_WORDS:
        return False  # two alike among three may be chance
    times = Counter(text.casefold() for text in said)
    repeated = sum(count for count in times.values() if count > 1)
    few = max(MOST_CHOICES, 0.3 * len(said))  # a long list of categories, among 100 rows
    return repeated >= 0.6 * len(said) and len(times) <= few


def _is_name(text: str) -> bool:
    """Return whether a text is written like a name, a title or an address: no word in lower case.

    >>> _is_name("Baker & Sons Ltd"), _is_name("Late invoices"), _is_name("12 High St, Leeds")
    (True, False, True)
    """
    words = [word for word in re.findall(r"[^\W\d_][\w'’.-]*", text) if word not in PARTICLES]
    if not words or len(words) > 2 * SENTENCE_WORDS or text.isupper() or CJK.search(text):
        return not words
    return not any(word[0].islower() for word in words)


PARTICLES = {"of", "the", "and", "de", "van", "von", "der", "da", "di", "la", "le", "du", "y", "e"}


def _most(found: Iterable[bool]) -> bool:
    """Return whether enough of the cells are so; not if there are none."""
    found = list(found)
    return bool(found) and sum(found) >= MOST * len(found)
