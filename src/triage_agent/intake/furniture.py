"""What stands around the problems of a text: greetings, signatures, quoted mail, boilerplate."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from triage_agent.intake.chat import turns
from triage_agent.intake.quoted_mail import quoted_lines, says_something

LONGEST_LINE = 400  # characters that a pattern looks at; a line of furniture is short
SIGNATURE = 14  # lines at most
WORDS = 12  # of a line in a signature
NO_ANSWER = re.compile(
    r"(?:n\s?/\s?a|n\.a\.|none|nil|null|nothing|no answer|not applicable|no comments?|tbd|xx+"
    r"|[-–—.?_*]+)[.!]?",
    re.IGNORECASE,
)
BOILERPLATE = re.compile(
    r"[(\[]?\bopen[- ]ended response\b[)\]]?|^response$|\{\"ImportId\":[^}]{0,99}\}", re.IGNORECASE
)
NAMES = (
    r"(?:,? (?:there|all|both|team|everyone|folks|guys|again|mr|mrs|ms|dr|prof|sir|madam|or)\b\.?"
    r"| (?:and |& )?[A-Z][\w'’.-]*){0,5}"
)
HELLO = (
    r"(?:hi|hello|hey|hiya|dear|good (?:morning|afternoon|evening|day)|morning|afternoon|evening"
    r"|greetings|hallo|guten tag|bonjour|hola|to whom it may concern)"
)
GREETING = re.compile(rf"{HELLO}\b[^.?!:;]{{0,50}}[,!.:;–—-]*", re.IGNORECASE)
INLINE_GREETING = re.compile(
    rf"(?!(?i:(?:morning|afternoon|evening)s?\s*:))(?i:{HELLO})\b{NAMES}"
    r"\s*(?:[,!.:–—]|-(?=\s))[,!.\s–—-]*(?=\S)"
)
BARE_GREETING = re.compile(
    r"(?:hi|hello|hey)\s+(?!(?:this|um|uh|er|yeah|so|i|it|it's|we|my|from|and)\b)(?=[a-z])",
    re.IGNORECASE,
)
PLEASANTRY = re.compile(
    r"(?:(?:i )?(?:do )?(?:hope|trust) (?:you|the|all|this|everything|that you"
    r"|your)\b[^.!?\n]{0,90}"
    r"|how are you[^.!?\n]{0,30}|happy \w+day|nice (?:to meet you"
    r"|meeting you)[^.!?\n]{0,40})[.!?]+\s*",
    re.IGNORECASE,
)
PARTING = (
    r"(?:(?:with|many|kind|kindest|best|warm|warmest|very|all the|mit|freundlichen?|viele|liebe"
    r"|beste"
    r"|schöne)\s+)*"
    r"(?:regards|wishes|best|thanks(?! to (?:our|the|an?|my|this|that|his|her|its|their)\b)"
    r"|thank you|thx|ta|cheers|respect(?:fully)?|yours|greetings"
    r"|sincerely|cordially|speak soon|talk soon|see you|take care|looking forward to hearing"
    r"|grüße|grüßen|gruß|grüsse|cordialement|saludos|bye|br)\b"
)
SIGN_OFF = re.compile(rf"{PARTING}[^.?!:;\n]{{0,50}}[,.!–—-]*", re.IGNORECASE)
INLINE_SIGN_OFF = re.compile(
    rf"(?<=[.!?…])\s+(?i:(?:{PARTING})(?: (?:again|so much|a lot|in advance|very much|from))*)"
    r"(?:[,!.\s–—-]+(?:[A-Z][\w'’.&@-]*\s*|bye\b\s*){0,5})?[.!]?$"
)
CONTACT = re.compile(
    r"[\w.+-]+@[\w-]+\.\w+|(?:https?://|www\.)\S+|(?:\+|\b0|\()\d[\d ()./-]{6,}\d"
    r"|\b\d{3}[ .-]\d{4}\b"
    r"|\b(?:tel|phone|mobile|mob|fax|direct)\b[.:]",
    re.IGNORECASE,
)
DISCLAIMER = re.compile(
    r"this (?:e-?mail|message|communication)\b.{0,80}\b(?:confidential|intended|privileged|scanned)"
    r"|intended (?:solely|only) for|intended recipient|confidentiality (?:notice|note)"
    r"|^confidential:|scanned for viruses|consider the environment"
    r"|do not click (?:on )?(?:any )?links"
    r"|^\W*external (?:e-?mail|sender|message)|^\W*caution\W+(?:this|external)|^unsubscribe\b"
    r"|^(?:sent|get|gesendet) (?:from|with|via|von) (?:my\b|outlook|mail\b|yahoo|the \w+ app\b)"
    r"|^get outlook for"
    r"|^sent on behalf of|registered (?:office|in england|charity no)|^company (?:no|reg)",
    re.IGNORECASE,
)
RULE = re.compile(r"-- ?|[_=*~-]{3,}")
POSTSCRIPT = re.compile(r"p\.?\s?s\.?[\s:.,–—-]", re.IGNORECASE)
LISTED = re.compile(r"(?:\(?\d{1,2}[.):]|[•*])\s*\S")

LINE = re.compile(
    r"(?P<tag></?(?:br|p|div|ul|ol|li)\b[^<>]{0,80}>)|\r\n|[\r\n\x0b\x0c\x85\u2028\u2029]"
    r"|(?:(?!</?(?:br|p|div|ul|ol|li)\b[^<>]{0,80}>)[^\r\n\x0b\x0c\x85\u2028\u2029])+",
    re.IGNORECASE,
)

Span = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Line:
    """A line that is not blank, `text[start:end]` without the blanks around it."""

    start: int
    end: int
    indent: int  # characters before it
    gap: bool  # whether a blank line stands before it


def lines_of(text: str) -> list[Line]:
    """Return the lines of a text that are not blank."""
    lines: list[Line] = []
    ends = 0  # line ends since the last line; two of them leave a gap
    for found in LINE.finditer(text):
        raw = found[0]
        body = "" if found["tag"] else raw.strip().strip("\ufeff").strip()
        if body:
            indent = raw.index(body[0])
            start = found.start() + indent
            lines.append(Line(start, start + len(body), indent, ends > 1))
            ends = 0
        elif not found["tag"] and raw.strip(" \t\ufeff") != "":
            ends += 1
    return lines


def shown_of(text: str, lines: Sequence[Line]) -> list[str]:
    """Return the beginnings of lines as patterns see them, on one line each."""
    bodies = (text[line.start : min(line.end, line.start + LONGEST_LINE)] for line in lines)
    return [re.sub(r"[\r\n]", " ", body) for body in bodies]


def furniture_of(text: str, lines: Sequence[Line]) -> list[Span]:
    """Return where furniture stands in a text, in order, without overlaps."""
    shown = shown_of(text, lines)
    taken = quoted_lines(shown)
    _take_disclaimers(shown, lines, taken)
    before, empty = turns(shown)
    taken |= empty
    left = [place for place in range(len(lines)) if place not in taken]
    extra = [(lines[n].start, lines[n].start + size) for n, size in before.items()]
    left = left[_take_greeting(text, lines, shown, left, taken, extra) :]
    _take_sign_off(text, lines, shown, left, taken, extra)
    for place in left:
        if place not in taken:
            start = lines[place].start
            extra += [
                (start + found.start(), start + found.end())
                for found in BOILERPLATE.finditer(shown[place])
            ]
    left = [place for place in left if place not in taken]
    if len(left) == 1 and NO_ANSWER.fullmatch(shown[left[0]]):
        taken.add(left[0])
    spans = [*_joined(lines, taken), *extra]
    return [span for span in sorted(spans) if span[0] < span[1]]


def _take_disclaimers(shown: Sequence[str], lines: Sequence[Line], taken: set[int]) -> None:
    """Add the paragraphs that a disclaimer begins."""
    inside = False
    for place, line in enumerate(shown):
        inside = place not in taken and (
            (inside and not lines[place].gap) or DISCLAIMER.search(line) is not None
        )
        if inside:
            taken.add(place)


def _take_greeting(
    text: str,
    lines: Sequence[Line],
    shown: Sequence[str],
    left: Sequence[int],
    taken: set[int],
    extra: list[Span],
) -> int:
    """Add a greeting at the beginning, and return how many lines it fills."""
    if not left:
        return 0
    used, first = 0, left[0]
    at = lines[first].start
    end = lines[first].end
    if len(left) > 1 and GREETING.fullmatch(shown[first]) and len(shown[first].split()) <= 7:
        taken.add(first)
        used = 1
        at, end = lines[left[1]].start, lines[left[1]].end
    else:
        found = INLINE_GREETING.match(text, at, end) or BARE_GREETING.match(text, at, end)
        if not found:
            return 0
        extra.append((at, at + len(found[0].rstrip())))
        at = found.end()
    if found := PLEASANTRY.match(text, at, min(end, at + LONGEST_LINE)):
        extra.append((at, at + len(found[0].rstrip())))
    return used


def _take_sign_off(
    text: str,
    lines: Sequence[Line],
    shown: Sequence[str],
    left: Sequence[int],
    taken: set[int],
    extra: list[Span],
) -> None:
    """Add the signature at the end, with what parts from the reader."""
    begin = _sign_off(shown, lines, left)
    if begin is not None:
        stop = next(
            (
                place
                for place in left
                if place > begin and (POSTSCRIPT.match(shown[place]) or _says_more(shown[place]))
            ),
            left[-1] + 1,
        )
        taken.update(place for place in left if begin <= place < stop)
    rest = [place for place in left if place not in taken]
    if not rest:
        return
    line = lines[rest[-1]]
    tail = max(line.start, line.end - 120)
    if found := INLINE_SIGN_OFF.search(text, tail, line.end):
        extra.append((found.end() - len(found[0].lstrip()), found.end()))


def _says_more(line: str) -> bool:
    """Return whether a line behind a sign-off is no part of the signature."""
    return says_something(line) and not CONTACT.search(line)


def _sign_off(shown: Sequence[str], lines: Sequence[Line], left: Sequence[int]) -> int | None:
    """Return the line where the signature begins; None: there is none."""
    begin = None
    for place in reversed(left[1:][-SIGNATURE:]):
        line = shown[place]
        few = len(line.split()) <= WORDS
        if (SIGN_OFF.fullmatch(line) and few) or RULE.fullmatch(line):
            begin = place
        elif not few or (LISTED.match(line) and not CONTACT.search(line)):
            break
    if begin is not None:
        return begin
    contact = False
    for place in reversed(left[1:][-SIGNATURE:]):
        line = shown[place]
        if len(line.split()) > WORDS or LISTED.match(line) or line.endswith((".", "?", "!")):
            break
        contact = contact or CONTACT.search(line) is not None
        if lines[place].gap:
            greeted = left[0] > 0 and GREETING.fullmatch(shown[0])
            name = place == left[-1] and re.fullmatch(r"(?:[A-Z][\w'’.-]*\s?){1,3}", line)
            return place if contact or (greeted and name) else None
    return None


def _joined(lines: Sequence[Line], taken: set[int]) -> Iterator[Span]:
    """Yield the taken lines, those that follow each other as one span, paragraphs apart."""
    begin = last = -1
    for place in sorted(taken):
        if begin >= 0 and place != last + 1:
            yield lines[begin].start, lines[last].end
            begin = -1
        if begin < 0:
            begin = place
        last = place
    if begin >= 0:
        yield lines[begin].start, lines[last].end
