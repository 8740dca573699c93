"""Lines of a form, of minutes or of notes that answer other questions than what goes wrong.

"Company: Green Fork", "Present: A. Hill, B. Osei", a section "Next steps": no problem stands there.
A label alone says little ("Phone: nobody answers it"), so what follows it must be no statement.
"""

import re
from collections.abc import Iterator, Sequence

from triage_agent.intake.chat import ASKED
from triage_agent.intake.clauses import has_verb
from triage_agent.intake.furniture import NO_ANSWER, Line, Span, shown_of

SHORT = 10  # words at most of an answer, or of a title
MARK = r"(?:\(?\d{1,2}[.):]\s*|[-*•–]\s+)?"
WHOSE = (
    r"(?:what(?:['’]s| is| are)\s+|please (?:enter|give|state)\s+)?(?:(?:your|the|our|my|company"
    r"|business|contact|full|first|last|trading|legal|client|organi[sz]ation['’]?s?|yearly|annual"
    r"|approximate|estimated|approx\.?|total|gross|current|last year['’]s)\s+)*"
)
THING = (
    r"(?:names?|company|business|organi[sz]ation|client|e-?mail(?: address)?"
    r"|(?:tele)?phone(?: number)?|mobile(?: number)?|tel\.?|website|url|address|city|town|country"
    r"|state|region|location|based in"
    r"|revenues?|turnover|sales volume|employees|headcount|(?:number|no\.?) of \w+(?: \w+)?"
    r"|(?:team|company|staff) size|industry|sector|branch|founded|established|since|role|position"
    r"|job title|title|date|time|submitted(?: (?:at|on|by))?|timestamp|completed by|id|respondent"
    r"|reference|language|budget)(?: (?:in|\()[^:?]{1,20}\)?| range| band| \(\w+\))?"
)
MINUTED = (
    r"(?:present|attend(?:ees|ing|ed by|ance)|in attendance|participants|apologies(?: for absence)?"
    r"|absent|excused|chair(?:ed by|man|person|woman)?|minutes(?: taken)? by"
    r"|minute[- ]taker|note[- ]?taker"
    r"|venue|place|next (?:meeting|call|date|session)|distribution|cc|invited)"
)
DONE = (
    r"(?:actions?(?: items?| points?)?|next steps?|follow[- ]?ups?|to[- ]?dos?|decisions?|agreed"
    r"|resolved|tasks?|homework)"
)
QUESTION = (
    r"(?:do you|does your (?:business|company)|are you)\b[^?:]{0,60}\bsoftware\b[^?:]{0,40}"
    r"|how (?:many (?:people|employees|staff)|did you (?:hear|find)|big is)\b[^?:]{0,60}"
    r"|where (?:are you|is your (?:business|company))\b[^?:]{0,40}"
    r"|(?:what|which) (?:industry|sector|country|state)\b[^?:]{0,40}"
    r"|any (?:other (?:business|questions?|comments?|remarks?)|questions?)"
    r"|(?:other|further) (?:business|comments?|remarks?)|consent|newsletter|aob"
)
OTHER = re.compile(rf"{WHOSE}{THING}|{MINUTED}|{QUESTION}", re.IGNORECASE)
ANSWERED = re.compile(
    rf"\W*?{MARK}[*_]{{0,2}}(?P<label>[^:?\n]{{2,90}}?)[*_]{{0,2}}\s*(?:[:?]|\s[-–](?=\s))[*_]{{0,2}}"
    r"\s*(?P<value>.*)",
    re.DOTALL,
)
DECIDED = re.compile(DONE, re.IGNORECASE)
NOTHING = re.compile(
    rf"(?:{NO_ANSWER.pattern}|all (?:good|fine)|no (?:blockers?|issues?|news)|ok)[.!]?",
    re.IGNORECASE,
)
TITLE = re.compile(
    r"\W*(?:minutes\b|(?:\w+ )?(?:meeting|call|stand-?up|interview|workshop|session|discovery"
    r"|intake|kick-?off)(?: \w+)? (?:notes?|minutes|summary|transcript)\b"
    r"|(?:meeting|call|discovery|stand-?up) notes?\b|notes? (?:of|from|on)\b|transcript\b"
    r"|(?:discovery|intake|kick-?off) (?:call|meeting|session)\b)[^.!?]{0,80}",
    re.IGNORECASE,
)
HEADING = re.compile(
    r"(?P<level>#{1,6})\s+(?P<hashed>.+)|\*\*(?P<bold>[^*]+)\*\*:?|(?P<bare>[^:]{2,40}):"
)
QUESTIONED = re.compile(rf"\W*(?:\(?\d{{1,2}}[.):]\s*)?{ASKED}.*\?[*_ ]*", re.IGNORECASE)
YES_NO = re.compile(
    r"(?:yes|no|maybe|not sure|don['’]t know|[\d$€£][\w.,$€£ %-]{0,20})[.!]?", re.IGNORECASE
)
ASIDE = re.compile(
    rf"(?:\d{{1,2}}[.)]\s*)?(?:{DONE}|{MINUTED}|background|about (?:us|me|them|the \w+)"
    r"|(?:company|client|business) (?:profile|overview|facts|details)|contact(?: details| info)?"
    r"|(?:key )?facts|links|what (?:works|went well)|attachments|disclaimer)",
    re.IGNORECASE,
)


def other_lines(text: str, lines: Sequence[Line]) -> list[Span]:
    """Return where lines stand that say something else than what goes wrong, each by itself.

    Nothing is found in a single line.
    """
    shown = shown_of(text, lines)
    if len(shown) < 2:
        return []
    taken = {*_sections(shown, lines), *_answers(shown, lines)}
    if TITLE.fullmatch(shown[0]) and len(shown[0].split()) <= SHORT and not has_verb(shown[0]):
        taken.add(0)
    return [(lines[place].start, lines[place].end) for place in sorted(taken)]


def _answers(shown: Sequence[str], lines: Sequence[Line]) -> Iterator[int]:
    """Yield the lines of a form that answer other questions, and their questions."""
    asked = [
        place
        for place in range(len(shown) - 1)
        if QUESTIONED.fullmatch(shown[place]) and not shown[place + 1].endswith("?")
    ]
    for place, line in enumerate(shown):
        found = ANSWERED.fullmatch(line)
        label, value = (found["label"], found["value"].strip()) if found else (line, "")
        below = shown[place + 1] if place + 1 < len(shown) else ""
        if value and (NOTHING.fullmatch(value) or DECIDED.fullmatch(label)):
            yield place
        elif OTHER.fullmatch(label.strip(" *_")):
            if value and _is_short(value):
                yield place
            elif below and not value and not lines[place + 1].gap and _is_short(below):
                yield from (place, place + 1)
        elif place in asked and len(asked) > 1:
            yield place
            if YES_NO.fullmatch(below) or NOTHING.fullmatch(below):
                yield place + 1


def _is_short(value: str) -> bool:
    """Return whether an answer names something, and states nothing."""
    return len(value.split()) <= SHORT and not has_verb(value)


def _sections(shown: Sequence[str], lines: Sequence[Line]) -> Iterator[int]:
    """Yield the lines of sections whose headings say that no problem stands there."""
    level: int | None = None  # of the section that is left out; None: it is kept
    began = 0
    for place, line in enumerate(shown):
        heading = HEADING.fullmatch(line)
        if heading:
            own = len(heading["level"] or "") or 7
            title = heading["hashed"] or heading["bold"] or heading["bare"]
            if ASIDE.fullmatch(title.strip(" :*_")):
                level, began = own, place
            elif level is not None and own <= level:
                level = None
        elif level == 7 and lines[place].gap and place > began + 1:
            level = None
        if level is not None:
            yield place
