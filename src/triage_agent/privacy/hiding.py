r"""Takes keys and personal data out of text: for good (`mask`), or to be put back (`redact`).

`mask` is for logs, caches and messages, and would rather hide too much. `redact` is for text that
goes to a remote model: what it leaves must still read as a business problem, so order counts,
prices, dates and versions stay. Both use the recognisers of `recognisers`.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count

from triage_agent.privacy.recognisers import DIGITS, MARKS, MASKED, RECOGNISERS, SIX_DIGITS
from triage_agent.privacy.scanning import Recognisers

Find = tuple[int, int, str]  # where it starts and ends, and its kind

KINDS = ("URL", "KEY", "EMAIL", "ACCOUNT", "CARD", "PHONE")
PLACEHOLDER = rf"\[(?:{'|'.join(KINDS)})_[0-9]+\]"
# Blanks and dashes as web pages and PDFs have them, and what nobody sees, as the plain ones that
# the recognisers know.
PLAIN = dict.fromkeys(map(ord, "\u00a0\u1680\u202f\u205f\u3000"), " ")
PLAIN |= dict.fromkeys(range(0x2000, 0x200B), " ")
PLAIN |= dict.fromkeys([*range(0x2010, 0x2016), 0x2212, 0xFE58, 0xFE63, 0xFF0D], "-")
PLAIN |= dict.fromkeys(map(ord, "\u00ad\u200b\u200e\u200f\u2060\ufeff"), "-")
LONGEST_PLACEHOLDER = 20  # characters; of a text that is cut, only so many at the end are looked at
NUMBER = "[number]"  # what `mask` puts for the other kinds
MASKS = {"LOGIN": "[login]", "KEY": "[key]", "EMAIL": "[e-mail]", "CARD": NUMBER}


@dataclass(frozen=True, slots=True)
class Redacted:
    """A text with placeholders in it, and what each of them stands for."""

    text: str
    originals: dict[str, str]


def redact(text: str) -> Redacted:
    """Return `text` with personal data and secrets behind placeholders that `restore` undoes.

    Equal originals share a placeholder. A number that the text itself uses in something that
    looks like a placeholder is skipped, so that such a text survives the round trip.

    >>> redact("ann@example.com (cell 415-555-2671) sends 3,000 e-mails; cc ann@example.com").text
    '[EMAIL_1] (cell [PHONE_1]) sends 3,000 e-mails; cc [EMAIL_1]'
    """
    taken = set(re.findall(PLACEHOLDER, text))
    numbers = {kind: count(1) for kind, _ in RECOGNISERS}
    names: dict[tuple[str, str], str] = {}

    def name(kind: str, original: str) -> str:
        if (kind, original) not in names:
            fresh = (f"[{kind}_{number}]" for number in numbers[kind])
            names[kind, original] = next(new for new in fresh if new not in taken)
        return names[kind, original]

    redacted = _replace(text, _find(text, RECOGNISERS), name)
    return Redacted(redacted, {new: original for (_, original), new in names.items()})


def restore(text: str, redacted: Redacted) -> str:
    """Return `text` (the redacted one, or words quoted from it) with the originals put back.

    >>> restore("ask [EMAIL_1], not [EMAIL_2]", redact("ask ann@example.com"))
    'ask ann@example.com, not [EMAIL_2]'
    """
    return re.sub(PLACEHOLDER, lambda m: redacted.originals.get(m[0], m[0]), text)


def original_span(redacted: Redacted, start: int, end: int) -> tuple[int, int]:
    """Return where characters `start` to `end` of a redacted text stand in the original.

    A placeholder of which only a part is among them counts as a whole.

    >>> original_span(redact("ask ann@example.com today"), 4, 19)
    (4, 25)
    """
    places = [*_edges(redacted)]
    return _moved(start, places, ends=False), _moved(end, places, ends=True)


def _edges(redacted: Redacted) -> Iterator[tuple[int, int, int]]:
    """Yield where each placeholder starts and ends, and how long its original is."""
    for found in re.finditer(PLACEHOLDER, redacted.text):
        if (original := redacted.originals.get(found[0])) is not None:
            yield found.start(), found.end(), len(original)


def _moved(place: int, placeholders: Iterable[tuple[int, int, int]], *, ends: bool) -> int:
    """Return where a place of a redacted text is in the original."""
    moved = 0
    for start, end, length in placeholders:
        if place <= start:
            break
        if place < end:
            return start + moved + (length if ends else 0)
        moved += length - (end - start)
    return place + moved


def without_half_placeholder(text: str) -> str:
    """Return a redacted or masked text that was cut, without half a placeholder at its end.

    >>> without_half_placeholder("ask [EMAIL_1] or [PHO")
    'ask [EMAIL_1] or '
    >>> without_half_placeholder("ask [EMAIL_1]")
    'ask [EMAIL_1]'
    """
    start = text.rfind("[", -LONGEST_PLACEHOLDER)
    name, _, number = text[start + 1 :].partition("_")
    whole = name in KINDS and (number.isdecimal() or not number)
    half = not text.endswith("_") and not number and any(kind.startswith(name) for kind in KINDS)
    masked = any(mask.startswith(text[start:]) for mask in MASKS.values() if mask != text[start:])
    return text[:start] if start >= 0 and (whole or half or masked) else text


def mask(text: str) -> str:
    """Return `text` with keys, e-mail addresses, phone and account numbers replaced.

    >>> mask("Ask ann@example.com or +1 (555) 010-9999, key sk-abc12345")
    'Ask [e-mail] or [number], key [key]'
    """
    return _replace(text, _find(text, MASKED), _mask_of)


def masked_spans(text: str) -> list[tuple[int, int, str]]:
    """Return what `mask` takes out of a text: where it starts and ends, and what takes its place.

    >>> masked_spans("Ask ann@example.com")
    [(4, 19, '[e-mail]')]
    """
    return [(start, end, _mask_of(kind)) for start, end, kind in _find(text, MASKED)]


def _mask_of(kind: str, _: str = "") -> str:
    """Return what takes the place of what was found."""
    return MASKS.get(kind, NUMBER)


def _find(text: str, recognisers: Recognisers) -> list[Find]:
    """Return what the recognisers find, in the order of the text; what one took the next miss."""
    text = text.translate(PLAIN)  # character by character, so that every place stays
    found: list[Find] = []
    lower, numbers = text.lower(), re.search(SIX_DIGITS, text)
    for kind, recogniser in recognisers:
        if recogniser in DIGITS and not numbers:
            continue
        if kind in MARKS and not any(mark in lower for mark in MARKS[kind]):
            continue
        spans: list[Find] = []
        for start, end in sorted(recogniser(text)):
            fresh = max(start, spans[-1][1] if spans else 0)  # two patterns may find one thing
            spans += [(*part, kind) for part in _left(text, fresh, end)]
        text = _replace(text, spans, lambda _, taken: "\0" * len(taken))
        found += spans
    return sorted(span for span in found if span[2])


def _left(text: str, start: int, end: int) -> Iterator[tuple[int, int]]:
    """Yield what a span still holds, if others took a part of it: of `p:ann@example.com`, `p:`."""
    if start < end and "\0" not in text[start:end]:
        yield start, end
        return
    for part in re.finditer(r"[^\0]+", text[start:end]):
        if re.search(r"\w", part[0]):
            yield start + part.start(), start + part.end()


def _replace(text: str, spans: Iterable[Find], name: Callable[[str, str], str]) -> str:
    """Return `text` with each span replaced by the name that its kind and words get."""
    parts: list[str] = []
    done = 0
    for start, end, kind in spans:
        parts += text[done:start], name(kind, text[start:end])
        done = end
    return "".join([*parts, text[done:]])
