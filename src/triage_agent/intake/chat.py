"""What stands before what people say: who said it and when, or what a form asked them.

Exports of chats, transcripts and copies of forms put it before each message or answer.
"""

import re
from collections.abc import Sequence

DATE = r"\d{1,4}[./-]\d{1,2}[./-]\d{2,4}"
TIME = r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?(?:[,.]\d{3})?(?:\s?[ap]\.?\s?m\.?)?"
STAMP = rf"[\[(]?(?:{DATE},?\s+(?:at\s+)?)?{TIME}[\])]?"
# As people are called in a list of contacts: "Ros (office)", "Hauser & Sons", "Tom 🔧".
NAME = (
    r"~?\s?(?:[^\W\d_][\w'’.-]*(?:(?:\s?[&|/@,]\s?|\s[-–]\s|\s)(?:[^\W\d_][\w'’.-]*|\d{1,2})){0,4}"
    r"(?:\s?\([^()\n]{1,30}\))?(?:\s?[^\w\s:]{1,4})?|\+\d[\d ()-]{6,18})"
)
STAMPED = re.compile(rf"{STAMP}\s*(?:[-–|]\s*)?(?:(?P<who>{NAME})\s?:\s*)?", re.IGNORECASE)
NAMED = re.compile(rf"(?P<who>{NAME})\s*[\[(]?{STAMP}[\])]?\s*:\s*", re.IGNORECASE)
PROPER = r"[A-Z][\w'’.-]*(?:\s(?:[A-Z][\w'’.-]*|\d{1,2})){0,2}"
HEADED = re.compile(rf"{PROPER}\s*[,–-]?\s*(?i:{STAMP})|(?i:{STAMP})\s*[,–-]?\s*{PROPER}:?")
SPEAKER = re.compile(rf"(?P<who>{PROPER})\s?:\s+(?=\S)")
ASKED = (
    r"(?:what|which|who|how|where|when|why|do|does|did|is|are|have|has|can|could|would|will|if"
    r"|describe|tell|please|any|anything|name|list|in (?:which|your))\b"
)
WANTED = (
    r"(?:(?:your|our|my|the)\s+)?(?:biggest|greatest|main|top|key|first|second|third|fourth|fifth"
    r"|next|other|another)\s+(?:[a-z]+\s+)?(?:problem|challenge|pain(?: point)?|issue|headache"
    r"|bottleneck|frustration|struggle|wish|need)s?"
)
LABEL = re.compile(
    rf"(?:\(?\d{{1,2}}[.):]\s*|[-*•]\s+)?[*_]{{0,2}}(?:{ASKED}[^?]{{5,150}}\?|{WANTED}(?=\s?:))"
    r"[*_]{0,2}\s?:?[*_]{0,2}\s+(?=\S)",
    re.IGNORECASE,
)
QUESTION = re.compile(r"q(?:uestion)?\s?\d{0,2}\s?[.:)–-]\s*\S.*", re.IGNORECASE)
ANSWER = re.compile(r"(?:a|ans(?:wer)?)\s?\d{0,2}\s?[.:)–-]\s*(?=\S)", re.IGNORECASE)
TURNS = 2  # messages at least that a chat has
NOTICE = re.compile(
    r"<[^<>]{0,60}(?:omitted|attached)[^<>]{0,60}>|(?:image|video|audio|sticker|gif|document|file"
    r"|contact card|media) omitted|.{0,80}\(file attached\)|messages and calls are end-to-end"
    r" encrypted.*|(?:this message was|you) deleted(?: this message)?\.?"
    r"|missed (?:voice|video) call.*"
    r"|transcri(?:bed|pt) by .{1,40}|\[transcri.{1,60}\]",
    re.IGNORECASE,
)
# What the program says of the group, in the place of a message.
OF_GROUP = re.compile(
    r"(?:\S+ ){1,5}(?:joined|left|added|removed|created|changed|pinned|deleted|invited|was added"
    r"|is now an admin|turned (?:on|off)|started|ended)\b.{0,120}",
    re.IGNORECASE,
)
SMALL_TALK = re.compile(
    r"(?:(?:ok(?:ay)?|yes|yep|yeah|no|sure|right|great|perfect|cool|got it|i see|will do|thanks"
    r"|thank you|thx|np|hi|hey|hello|hola|hallo|bye|see you|good (?:morning|afternoon|evening)"
    r"|anything else|any(?:thing)? more|what else|is that all|that['’]s (?:it|all)|and|go on"
    r"|lol|haha|mm+|hm+)\b[\s,.!…-]*)+(?:[A-Z][\w'’-]*)?[\s?!.,]*|[^\w\s]{1,8}",
    re.IGNORECASE,
)


def turns(shown: Sequence[str]) -> tuple[dict[int, int], set[int]]:
    """Return what stands before messages or answers, in characters by line, and the empty ones.

    Nothing is found in a text that is no chat and no form.

    >>> turns(["[12/03/24, 10:15] Ann: hi", "[12/03/24, 10:16] Ann: quotes are slow"])
    ({1: 23}, {0})
    """
    stamped = _stamped(shown)
    before = stamped or _spoken(shown) or _labelled(shown)
    heads = {place for place, line in enumerate(shown) if HEADED.fullmatch(line)}
    if len(heads) < TURNS:
        heads = set()
    if not before and (answers := _answers(shown)):
        before, heads = answers, heads | {place - 1 for place in answers}
    if not before and not heads:
        return {}, set()
    empty = {
        place
        for place, line in enumerate(shown)
        if place in heads
        or _says_nothing(line[before.get(place, 0) :])
        or (place in stamped and not _who(line) and OF_GROUP.fullmatch(line[stamped[place] :]))
    }
    return {place: size for place, size in before.items() if place not in empty}, empty


def _stamped(shown: Sequence[str]) -> dict[int, int]:
    """Return what stands before messages that begin with a time, if most of them name a person."""
    found = {
        place: match
        for place, line in enumerate(shown)
        if (match := STAMPED.match(line) or NAMED.match(line)) and match.end()
    }
    people = sum(match["who"] is not None for match in found.values())
    if people < TURNS or people < len(found) / 2:
        return {}
    return {place: match.end() for place, match in found.items()}


def _who(line: str) -> bool:
    match = STAMPED.match(line) or NAMED.match(line)
    return match is not None and match["who"] is not None


def _spoken(shown: Sequence[str]) -> dict[int, int]:
    """Return the names before what people say, if they take turns: one name comes again."""
    found = {place: match for place, line in enumerate(shown) if (match := SPEAKER.match(line))}
    names = [match["who"] for match in found.values()]
    if len(names) == len(set(names)) or len(names) <= TURNS or len(set(names)) == 1:
        return {}
    return {place: match.end() for place, match in found.items()}


def _labelled(shown: Sequence[str]) -> dict[int, int]:
    """Return what a form asked before each answer on the same line, if it asked several things."""
    found = {place: match.end() for place, line in enumerate(shown) if (match := LABEL.match(line))}
    return found if len(found) >= TURNS else {}


def _answers(shown: Sequence[str]) -> dict[int, int]:
    """Return the marks of answers that stand below their questions: "Q1. … ?", then "A. …"."""
    found = {
        place: match.end()
        for place, line in enumerate(shown)
        if place and (match := ANSWER.match(line)) and QUESTION.fullmatch(shown[place - 1])
    }
    return found if len(found) >= TURNS else {}


def _says_nothing(message: str) -> bool:
    """Return whether a message is a notice of the program, or small talk."""
    body = message.strip()
    return not body or bool(NOTICE.fullmatch(body) or SMALL_TALK.fullmatch(body))
