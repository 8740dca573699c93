"""The marks of lists: numbers, letters, bullets, boxes, ordinals and labels, in every spelling."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace

from triage_agent.intake.furniture import Line

CARDINALS = ("one", "two", "three", "four", "five")
BOX = r"\[[ xX✓]?\]|[☐☑✓✔✗✅]\ufe0f?"
BULLET = (
    r">>+(?=\s)|\#(?=[^\W\d])|[•‣◦►▶▪■●○➜→·①-⑳❶-❿]|[-*–—+](?=\s)"
    r"|-(?=[^\W\d])|>(?=\s)|\*(?=[^\W\d*][^*]*$)"
)
# Any other sign or picture that opens several lines; one alone opens a sentence.
# "**Hiring.** We need three": a heading in bold on the line of what it heads. The parts of one
# report have such headings too.
OF_REPORT = (
    r"(?:problem|issue|impact|effect|cause|root cause|reason|steps?|expected|actual|environment"
    r"|solution|goal|aim|background|context|summary|description|details?|current|situation"
    r"|severity|priority|status|example|workaround|consequences?|why|what|how|when|where|who)\b"
)
HEADED = rf"(?=\*\*(?!{OF_REPORT})[^*\n]{{2,40}}\*\*[:.]?\s+\S)"
SIGN = (
    r"o(?=\s)|[=~-]+>(?=\s*\S)|[\u2600-\u27bf\u2b00-\u2bff\U0001f300-\U0001faff]\ufe0f?(?:\u200d\S{1,3})*"
    r"|[^\w\s\"'“”„‘’«»(\[{<>$€£¥₹%@&/\\.,;:!?…#*)\]}–—_|-]{1,4}(?=\s)"
)
NUMBER = (
    r"(?P<round>\((?P<n1>\d{1,2})\))|(?P<half>(?P<n2>\d{1,2})\)(?=\D))"
    r"|(?P<compound>\d{1,2}[.)][a-h][.)]?(?=\s))|(?P<dot>(?P<n3>\d{1,2})(?:°\)|\.(?=[^\d.])"
    r"|\.\.\.))"
    r"|(?P<slash>(?P<n4>\d{1,2})/(?=[^\d/]))|(?P<colon>(?P<n5>\d{1,2}):(?=\D))"
    r"|(?P<minus>(?P<nm>\d{1,2})[-–](?=\s*[^\W\d]))"
    r"|(?P<hash>\#\s?(?P<n6>\d{1,2})\b[.):]?)|(?P<emoji>(?P<n7>\d)\ufe0f?\u20e3)"
)
SPACED = r"|(?P<spaced>(?P<n8>\d{1,2})\s+[-–—](?=\s+\D))"
BARELY = r"|(?P<bare>(?P<n0>\d)(?=\s+[^\W\d]))"
LABEL = (
    r"(?P<label>(?:problem|issue|challenge|pain ?point|pain|priority|topic|point|item|improvement"
    r"|request|wish|idea|need|goal|question|no\.?|nr\.?)"
    r"\s?\#?(?P<n9>\d{1,2}|one|two|three|four|five)\s?(?:[.:)–—-]|(?<=\d)(?=\s)))"
)
ROMAN = (
    r"(?P<rround>\((?P<i1>i{1,3}|iv|v)\))|(?P<rhalf>(?P<i2>i{1,3}|iv|v)\))"
    r"|(?P<rdot>(?P<i3>I{1,3}|IV|V)\.(?=\s))"
)
ROMANS = ("i", "ii", "iii", "iv", "v")
LETTER = (
    r"(?P<lround>\((?P<a1>[a-j])\))|(?P<lhalf>(?P<a2>[a-j])\))|(?P<ldot>(?P<a3>[a-jA-J])[.:](?=\s))"
)
LINE_MARK = re.compile(
    rf"(?:(?P<box>(?:[-*+]\s+(?=\[))?(?:{BOX}))|(?:\*\*)?(?:{NUMBER}{SPACED}{BARELY}|{ROMAN}|{LETTER}|{LABEL})(?:\*\*)?"
    rf"|(?P<bullet>{BULLET})|(?P<sign>{SIGN}|{HEADED}))\s*(?=\S)",
    re.IGNORECASE | re.MULTILINE,
)
INLINE = re.compile(
    rf"(?:(?<=\s)|(?<=[:;,.\"“„«])|^)(?:{NUMBER}{SPACED}|{ROMAN}|{LETTER}|{LABEL})\s*(?=\S)",
    re.IGNORECASE,
)
INLINE_BULLET = re.compile(
    r"(?:(?P<bullet>[•‣◦►▶▪■●○①-⑳❶-❿])|(?P<box>[☐☑✓✔✗✅]\ufe0f?|\[[ xX✓]?\]))\s*(?=\S)"
)
GOES_ON = re.compile(
    r"(?:is|are|was|were|has|have|had|does|do|did|can|cannot|could|will|would|should)\b",
    re.IGNORECASE,
)
INLINE_DASH = re.compile(r"(?:(?<=\s)|^)(?P<dash>[-–—])\s+(?=\S)")
OTHER = "b-other"  # the style of what is no usual bullet
INITIAL = "l-ldot"
BARE = "n-bare"  # the style of a digit before a blank; one alone is an amount
# Each way to count with words is a series of its own: "two people" is not what follows "first".
RANKS = {
    "ordinal-word": (
        r"first(?:ly)?|to begin with",
        r"second(?:ly)?",
        r"third(?:ly)?",
        r"fourth(?:ly)?",
        r"fifth(?:ly)?",
    ),
    "ordinal-digit": ("1st", "2nd", "3rd", "4th", "5th"),
    "ordinal-number": tuple(f"number {one}" for one in CARDINALS),
    "ordinal-hand": (r"on (?:the )?one hand", r"on the other(?: hand)?"),
    # Without "number", only what a comma, a colon or "is" sets apart counts.
    "ordinal-cardinal": tuple(rf"{one}(?=\s*[,:]|\s+is\b)" for one in CARDINALS),
}
SAME_SERIES = {"ordinal-cardinal": "ordinal-number"}  # "number one … two, …"
LAST = "ordinal-last"
# What a rank without a comma after it counts is a part of the sentence: "second hand bikes".
COUNTED = (
    r"(?:hand|part(?:y|ies)|time|aid|class|shift|floor|quarter|half|opinion|of|year|month|week|day"
    r"|name|degree|rate|generation|choice|language|stor(?:e|y)|shop|site|location|office)s?\b"
)
FILLER = (
    r"(?:(?:so|and|then|but|ok(?:ay)?|u[mh]+|er+m?|well|yeah|yes|oh|right|now|like|also|i guess)"
    r"[\s,]+){0,5}"
)
ORDINAL = re.compile(
    rf"(?:(?<=[.!?;:,])\s+|(?<=[\n>\"“„«])\s*|^)(?P<all>{FILLER}(?:the\s+)?(?:"
    + "|".join(
        f"(?P<{style.replace('-', '_')}_{number}>{rank})"
        for style, ranks in RANKS.items()
        for number, rank in enumerate(ranks, start=1)
    )
    + r"|(?P<last>(?:and\s+)?(?:lastly|finally|last but not least)))"
    r"(?:\s+(?:one|thing|problem|issue)?\s*(?:is|would be)\b|\s+of all)?"
    rf"(?:\s*[,:]|(?!\s+{COUNTED})))\s+(?=\S)",
    re.IGNORECASE,
)
# People who talk put it anywhere: "… and uh the last one is invoices". Who goes on without a first
# has begun with what stands before.
TOPIC = r"(?:one|thing|problem|issue|headache|pain(?: point)?|challenge)"
SPOKEN = re.compile(
    rf"(?:(?<=\s)|^)(?P<all>{FILLER}(?:(?:the|my|our)\s+)?(?:(?:(?P<n1>first)|(?P<n2>second)"
    r"|(?P<n3>third)|(?P<n4>fourth)|other|next|another|last|final)"
    rf"\s+(?:(?:big|main)\s+)?{TOPIC}|(?:{TOPIC}\s+)?number\s+(?:(?P<c1>one|1)|(?P<c2>two|2)"
    r"|(?P<c3>three|3)|(?P<c4>four|4)))"
    r"(?:(?:\s+(?:is|was|would be)\b|['’]s\b)(?:\s+(?:that|just|u[mh]+|like)\b)*[,:]?|\s*[,:])"
    rf"|{FILLER}(?:and|then)\s+{FILLER}(?:the\s+)?last (?:thing|one)(?!\s+(?:at|before|in|on"
    r"|that|we|i|you|he|she|they|any\w*)\b))\s+(?=\S)",
    re.IGNORECASE,
)
OPENS = re.compile(rf"{FILLER}(?:(?:the|my|one)\s+(?:big|main)?\s*{TOPIC}\s+is\s+)?", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Mark:
    """A mark that opens an item: `text[start:end]`, the blanks after it included."""

    start: int
    end: int
    kind: str  # a value of `units.Edge`
    style: str  # marks of one style form one list
    number: int  # its place in the count; 0: it does not count


def line_marks(text: str, lines: Sequence[Line]) -> dict[int, Mark]:
    """Return the marks that open lines, by the line's place, if they count on."""
    found: dict[int, Mark] = {}
    last: dict[str, int] = {}
    before: Mark | None = None
    for place, line in enumerate(lines):
        match = LINE_MARK.match(text, line.start, min(line.end, line.start + 200))
        mark = mark_of(match) if match else _ordinal(ORDINAL.match(text, line.start, line.end))
        if mark is None or mark.end >= line.end:
            continue
        if mark.style == LAST and before and before.kind == "ordinal":
            mark = replace(mark, style=before.style)
        counts_on = mark.number == last.get(mark.style, 0) + 1
        # "1. …", then "2) …"
        same = before and mark.kind == before.kind != "ordinal"
        goes_on = before and same and mark.number == before.number + 1
        if before and goes_on and not counts_on:
            mark, counts_on = replace(mark, style=before.style), True
        if mark.number > 1 and not counts_on:
            continue
        if mark.number:
            last[mark.style], before = mark.number, mark
        found[place] = mark
    lonely = {
        place: mark
        for place, mark in found.items()
        if mark.number and place > 0 and last[mark.style] == 1
    }
    for style, kind in ((OTHER, "bullet"), (INITIAL, "letter")):  # "A. Hill rings every day"
        if sum(mark.kind == kind for mark in found.values()) == 1:
            lonely |= {place: mark for place, mark in found.items() if mark.style == style}
    return {
        place: mark
        for place, mark in found.items()
        if place not in lonely
        and not ((mark.kind == "ordinal" or mark.style == BARE) and last.get(mark.style, 0) < 2)
    }


def inline_marks(text: str, start: int, end: int) -> list[Mark]:
    """Return the marks of a list within a line, or nothing: a list has two items at least."""
    by_style: dict[str, list[Mark]] = {}
    for match in INLINE.finditer(text, start, end):
        mark = mark_of(match)
        if mark and mark.number == len(by_style.get(mark.style, ())) + 1:
            by_style.setdefault(mark.style, []).append(mark)
    by_style |= _counted_words(text, start, end)
    by_style["ordinal-spoken"] = _spoken(text, start, end)
    best = max(by_style.values(), key=len, default=[])
    if len(best) > 1:
        return best
    bullets = [one for match in INLINE_BULLET.finditer(text, start, end) if (one := mark_of(match))]
    if len(bullets) > 1 or (bullets and bullets[0].start == start):
        return bullets
    dashes = [
        Mark(match.start("dash"), match.end(), "dash", "dash", 0)
        for match in INLINE_DASH.finditer(text, start, end)
    ]
    # "our CRM - HubSpot - is slow": what goes on with a verb is no item.
    aside = any(GOES_ON.match(text, dash.end) for dash in dashes)
    return dashes if len(dashes) > 1 and not aside else []


def _counted_words(text: str, start: int, end: int) -> dict[str, list[Mark]]:
    """Return the marks of words that count on from the first, by their series."""
    by_style: dict[str, list[Mark]] = {}
    for match in ORDINAL.finditer(text, start, end):
        one = _ordinal(match)
        if one and one.number:
            series = by_style.setdefault(one.style, [])
            if one.number == len(series) + 1:
                series.append(one)
        elif one:
            for style, series in by_style.items():
                if len(series) > 1:
                    series.append(replace(one, style=style))
    return by_style


def _spoken(text: str, start: int, end: int) -> list[Mark]:
    """Return the marks of what somebody who talks puts one after the other."""
    found: list[Mark] = []
    from_first = False
    for match in SPOKEN.finditer(text, start, end):
        number = next((n for n in range(1, 5) if match[f"n{n}"] or match[f"c{n}"]), 0)
        if not found and number != 1:  # "the thing is …, the other thing is …"
            opens = OPENS.match(text, start, match.start())
            before = opens.end() if opens else start
            if before >= match.start():
                return []
            found.append(Mark(start, before, "ordinal", "ordinal-spoken", 1))
        if number in {0, len(found) + 1}:
            place = len(found) + 1
            found.append(Mark(match.start("all"), match.end(), "ordinal", "ordinal-spoken", place))
            from_first = from_first or number == 1
    return found if len(found) > (1 if from_first else 2) else []


def mark_of(match: re.Match[str]) -> Mark | None:
    """Return the mark that a pattern found."""
    groups = match.groupdict()
    start, end = match.start(), match.end()
    if groups.get("compound"):
        return Mark(start, end, "number", "n-compound", 0)
    for style, name in (
        ("round", "n1"), ("half", "n2"), ("dot", "n3"), ("slash", "n4"), ("colon", "n5"),
        ("hash", "n6"), ("emoji", "n7"), ("spaced", "n8"), ("label", "n9"), ("bare", "n0"),
        ("minus", "nm"),
    ):  # fmt: skip
        if groups.get(style):
            kind = "label" if style == "label" else "number"
            said = groups[name].lower()
            number = int(said) if said.isdigit() else CARDINALS.index(said) + 1
            return Mark(start, end, kind, f"n-{style}", number)
    for style, name in (("lround", "a1"), ("lhalf", "a2"), ("ldot", "a3")):
        if groups.get(style):
            number = ord(groups[name].lower()) - ord("a") + 1
            return Mark(start, end, "letter", f"l-{style}", number)
    for style, name in (("rround", "i1"), ("rhalf", "i2"), ("rdot", "i3")):
        if groups.get(style):
            number = ROMANS.index(groups[name].lower()) + 1
            return Mark(start, end, "number", f"r-{style}", number)
    if groups.get("box"):
        return Mark(start, end, "box", "box", 0)
    bullet = groups.get("bullet")
    return Mark(start, end, "bullet", f"b-{bullet}" if bullet else OTHER, 0)


def _ordinal(match: re.Match[str] | None) -> Mark | None:
    """Return the mark of "First," or "Lastly,"."""
    if match is None:
        return None
    for style, ranks in RANKS.items():
        for number in range(1, len(ranks) + 1):
            if match[f"{style.replace('-', '_')}_{number}"]:
                series = SAME_SERIES.get(style, style)
                return Mark(match.start("all"), match.end(), "ordinal", series, number)
    return Mark(match.start("all"), match.end(), "ordinal", LAST, 0)
