"""What of a sentence can stand alone: a piece that cannot is no problem by itself.

A judge that weighs words cuts "Our shop and the till don't share stock" in two. Grammar says where
that is impossible (two subjects before one verb, a reason and what follows from it) and where it
is not sure (two clauses with only "and" between them); then the sentence stays whole.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from enum import Enum

from triage_agent.intake.roles import Role, Verdict
from triage_agent.intake.units import Edge, Unit

JOINTS = frozenset({Edge.COMMA, Edge.AND})
CLAUSES = JOINTS | {Edge.COLON}
SUBJECT = 3  # words at most of what is surely a subject, if no verb is in it
LIST = 3  # pieces from which on commas make a list
WORD = re.compile(r"[^\W_]+(?:['’-][^\W_]+)*")

AUXILIARIES = (
    r"am|is|are|was|were|be|been|has|have|had|do|does|did|can|cannot|cant|could|will|would|shall"
    r"|should|may|might|must|dont|doesnt|isnt|arent|wont|\w+n['’]t|\w+['’](?:re|ve|ll|d|m)"
    r"|(?:it|that|there|he|she|what|who|nobody|everybody|everything|nothing)['’]s"
)
# Verbs that are seldom nouns; participles ("lost leads") and "orders", "calls", "types" are not
# here: the word behind them tells that they are verbs ("drivers call the office").
VERBS = (
    r"(?:get|take|come|keep|lose|leave|make|forget|miss|fail|sit|fall|grow|know|complain|arrive"
    r"|happen|go|seem|write|retype|re-type|re-key|rekey|spend|send|eat|pay|give|find|hear|see|say"
    r"|tell|think|want|wish|belong|depend|differ|disagree|agree|disappear|vanish|slip|stay|remain"
    r"|become|begin|break|lack|struggle|speak|argue|contain|lie|live|ring|stop|overflow|reach"
    r"|enter|chase|cancel|double-book|drop|crash|hold|bring|buy|sell|win|let|leak|tally|sync|hang"
    r"|refuse|wait|drift|quit|resign|ask)(?:s|es)?|retypes|goes|carr(?:y|ies)|tr(?:y|ies)"
)
PAST = (
    r"got|took|came|went|left|forgot|fell|grew|knew|wrote|spent|ran|began|broke|became|gave|saw"
    r"|doubled|stopped|failed|crashed|resigned|missed|quit|vanished|expired"
)
VERB = re.compile(rf"(?:{AUXILIARIES}|{VERBS}|{PAST})", re.IGNORECASE)
DETERMINER = re.compile(
    r"(?:an?|the|our|my|your|his|her|their|every|each|all|no|any|some|us|me|them|it|him|too"
    r"|two|three|four|five|six|seven|eight|nine|ten|\d+)",
    re.IGNORECASE,
)
# What may stand before a determiner without being a verb.
NO_VERB = re.compile(
    r"(?:of|in|on|at|by|for|from|to|with|without|between|about|into|over|under|after|before|since"
    r"|through|per|via|as|than|like|and|or|nor|but|not|half|all|both|such|what|quite|twice|behind"
    r"|against|during|until|across|near|off|out|up|down|beside|besides|inside|outside|around|no"
    r"|only|even|just|still|never|always|once|the|an?|our|my|their|that|which|because|when|if"
    r"|where|while|so|although|though|unless|every|each|any|some|this|those|these|last|first"
    r"|next|also|plus)",
    re.IGNORECASE,
)
PRONOUN = re.compile(
    r"(?:i|we|they|he|she|it|you|nobody|everybody|everyone|somebody|someone|anyone|no-one|nothing)",
    re.IGNORECASE,
)
BOTH = re.compile(r"\b(?:both|each other|one another|themselves|among them)\b", re.IGNORECASE)
BACK = re.compile(
    r"\b(?:it|its|it['’]s|they|them|their|this|these|those|he|she|him|her|then|so|hence|therefore"
    r"|thus|as a result|neither|either|since|the same|the (?:old|new|wrong|right|other) ones?)\b",
    re.IGNORECASE,
)
SUBORDINATE = re.compile(
    r"(?:and |but |so |yet )?(?:because|since|when(?:ever)?|if|as soon as|as|while|whilst|after"
    r"|before|until|once|although|though|whenever|every time|each time|unless|whereas)\b",
    re.IGNORECASE,
)
REASON = re.compile(r"(?:and |but )(?:because|since|as)\b", re.IGNORECASE)
RELATIVE = re.compile(
    r"(?:and |but )?(?:so\b|which|who\b|whose|where|because|since\b|hence|therefore|meaning"
    r"|as a result|that['’]s why|resulting)",
    re.IGNORECASE,
)
SPEAKING = re.compile(r"\b(?:ask|asked|said|say|mention(?:ed)?|told|wrote|discussed|promised)\b")
# "Slow, inconsistent and manual quoting" says one thing of one noun, and so does "Time-poor,
# managing several boards".
ADJECTIVE = re.compile(
    r"(?:slow|late|bad|poor|old|long|wrong|manual|annual|messy|sloppy|costly|lengthy|clumsy|risky"
    r"|unclear|double|duplicate|stale|incomplete|incorrect|\w+-\w+"
    r"|\w+(?:ous|able|ible|less|ful|tent|cient|ated|ative|ed))",
    re.IGNORECASE,
)
SIGN = re.compile(
    r"\b(?:also|plus|another|besides|additionally|in addition|on top of (?:that|this|it)"
    r"|separately|apart from|furthermore|moreover|secondly|thirdly|lastly|finally"
    r"|(?:the|a) (?:second|third|other|next|last)|what about|then there)\b",
    re.IGNORECASE,
)
COUNTED = re.compile(
    r"\b(?:problems|issues|pains|pain ?points|headaches|challenges|priorities|wishes|topics"
    r"|bottlenecks|struggles|(?:two|three|four|five|several|few|couple of|\d) things)\b",
    re.IGNORECASE,
)


class Seam(Enum):
    """What stands between two pieces that were told apart."""

    JOINED = "joined"  # they are one problem
    DOUBTFUL = "doubtful"
    APART = "apart"


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a sentence that was taken for a problem; its first unit is `units[place]`."""

    place: int
    body: str


def whole_sentences(text: str, units: Sequence[Unit], verdict: Verdict) -> Verdict:
    """Return the verdict without cuts through sentences whose pieces cannot stand alone.

    Where it is in doubt, the verdict is not sure. No words of a problem's own sentence are left
    aside.
    """
    found = pieces_joined(text, units, verdict) if verdict.several else verdict
    return replace(found, roles=_without_loose_ends(units, found.roles))


def pieces_joined(text: str, units: Sequence[Unit], verdict: Verdict) -> Verdict:
    """Return a verdict of several without the beginnings within a sentence that cannot be cut."""
    roles, sure = [*verdict.roles], verdict.sure
    for pieces in _sentences(text, units, roles):
        before = text[: units[pieces[0].place].start]
        for piece, seam in zip(pieces[1:], _seams(units, pieces, before), strict=True):
            if seam is Seam.JOINED:
                roles[piece.place] = Role.INSIDE
            sure = sure and seam is not Seam.DOUBTFUL
    # Where nobody proposed how to take a text apart, there is nothing to join.
    several = roles.count(Role.BEGIN) > 1 or roles == [*verdict.roles]
    return Verdict(tuple(roles), several=several, sure=sure or not several)


def _without_loose_ends(units: Sequence[Unit], roles: Sequence[Role]) -> tuple[Role, ...]:
    """Return the roles where no words of a problem's own sentence are left aside."""
    found = [*roles]
    begin = 0
    for stop in range(1, len(units) + 1):
        if stop < len(units) and units[stop].edge in JOINTS:
            if found[stop] is Role.CONTEXT and found[stop - 1] is not Role.CONTEXT:
                found[stop] = Role.INSIDE
            continue
        begins = [place for place in range(begin, stop) if found[place] is Role.BEGIN]
        if len(begins) == 1 and begins[0] > begin and found[begin] is Role.CONTEXT:
            found[begin : begins[0] + 1] = [Role.BEGIN, *[Role.INSIDE] * (begins[0] - begin)]
        begin = stop
    return tuple(found)


def has_verb(piece: str) -> bool:
    """Return whether a finite verb seems to stand in a piece of a sentence.

    >>> has_verb("Our online shop"), has_verb("drivers call the office")
    (False, True)
    """
    words = WORD.findall(piece)
    return any(_is_verb(words, place) for place in range(len(words)))


def _is_verb(words: Sequence[str], place: int) -> bool:
    """Return whether a word is a verb, by its form and by its neighbours."""
    word = words[place]
    before = words[place - 1] if place else ""
    after = words[place + 1] if place + 1 < len(words) else ""
    if PRONOUN.fullmatch(before):
        return True
    if not place and word.endswith("ed"):  # "missed calls"
        return DETERMINER.fullmatch(after) is not None
    if place and DETERMINER.fullmatch(after) and not NO_VERB.fullmatch(word):
        return not DETERMINER.fullmatch(word) and not word.endswith("ing")
    return VERB.fullmatch(word) is not None and before.lower() != "to"


def _sentences(
    text: str, units: Sequence[Unit], roles: Sequence[Role]
) -> Iterator[Sequence[Piece]]:
    """Yield the pieces of each sentence that was cut at clauses."""
    begins: list[int] = []
    for place, unit in enumerate(units):
        if unit.edge not in CLAUSES:
            yield from _cut_ones(text, units, begins, place)
            begins = []
        if roles[place] is Role.BEGIN:
            follows = unit.edge in JOINTS and roles[place - 1] is not Role.CONTEXT
            if begins and not follows:
                yield from _cut_ones(text, units, begins, place)
                begins = []
            begins.append(place)
        elif roles[place] is Role.INSIDE and not begins:
            begins.append(place)
        elif roles[place] is Role.CONTEXT:
            yield from _cut_ones(text, units, begins, place)
            begins = []
    yield from _cut_ones(text, units, begins, len(units))


def _cut_ones(
    text: str, units: Sequence[Unit], begins: Sequence[int], stop: int
) -> Iterator[Sequence[Piece]]:
    """Yield the pieces between these places, if there are several."""
    if len(begins) > 1:
        ends = [*begins[1:], stop]
        yield [
            Piece(place, text[units[place].start : units[end - 1].end])
            for place, end in zip(begins, ends, strict=True)
        ]


def _seams(units: Sequence[Unit], pieces: Sequence[Piece], before: str) -> list[Seam]:
    """Return what stands before each piece but the first."""
    verbs = [has_verb(piece.body) for piece in pieces]
    first = pieces[0].body
    led = SUBORDINATE.match(first) is not None and not SPEAKING.search(first)
    commas = sum(units[piece.place].edge is Edge.COMMA for piece in pieces[1:])
    counted = COUNTED.search(before[-200:]) is not None or COUNTED.search(first) is not None
    several_words = sum(len(piece.body.split()) > 1 for piece in pieces) > len(pieces) / 2
    listed = len(pieces) >= LIST and commas >= LIST - 2
    seams: list[Seam] = []
    open_clause = led
    for place in range(1, len(pieces)):
        body, left = pieces[place].body, pieces[place - 1].body
        edge = units[pieces[place].place].edge
        if SIGN.search(" ".join(body.split()[:4])):
            seams.append(Seam.APART)
            open_clause = False
        elif open_clause or REASON.match(body) or RELATIVE.match(body):
            seams.append(Seam.JOINED)
            open_clause = open_clause or REASON.match(body) is not None
        elif counted:
            seams.append(Seam.APART)
        elif not any(verbs) and _of_one_noun(pieces):
            seams.append(Seam.JOINED)
        elif not any(verbs):
            # one word among longer entries, or as choices of a form begin
            entry = several_words or len(body.split()) > 1 or body[0].isupper()
            seams.append(Seam.APART if commas and entry else Seam.DOUBTFUL)
        elif edge is Edge.AND and not verbs[place - 1] and verbs[place] and not any(verbs[:place]):
            seams.append(_of_subjects(left, body))
        elif listed:
            seams.append(Seam.APART if verbs[place] or len(body.split()) > 1 else Seam.DOUBTFUL)
        else:
            refers = BACK.search(" ".join(body.split()[:3])) is not None
            seams.append(Seam.JOINED if refers and verbs[place - 1] else Seam.DOUBTFUL)
    return seams


def _of_one_noun(pieces: Sequence[Piece]) -> bool:
    """Return whether adjectives stand before one noun."""
    firsts, last = [piece.body for piece in pieces[:-1]], pieces[-1].body.split()
    adjectives = all(ADJECTIVE.fullmatch(body) for body in [*firsts, *last[:1]])
    of_people = len(firsts) == 1 and ADJECTIVE.fullmatch(firsts[0]) and last[0].endswith("ing")
    return bool(adjectives or of_people) and len(last) > 1


def _of_subjects(left: str, right: str) -> Seam:
    """Return what stands between two nouns before one verb: "Sales and marketing don't talk"."""
    words = left.split()
    if BOTH.search(right) or (len(words) <= SUBJECT and words[0].lower() != "no"):
        return Seam.JOINED
    return Seam.DOUBTFUL
