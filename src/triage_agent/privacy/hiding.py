r"""Takes keys and personal data out of text: for good (`mask`), or to be put back (`redact`).

`mask` is for logs, caches and messages, and would rather hide too much. `redact` is for text that
goes to a remote model: what it leaves must still read as a business problem, so order counts,
prices, dates and versions stay. Both use the recognisers of `recognisers`.
"""

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from itertools import count

from triage_agent.privacy.recognisers import MARKS, MASKED, RECOGNISERS, SIX_DIGITS, Recognisers

Find = tuple[int, int, str]  # where it starts and ends, and its kind

PLACEHOLDER = r"\[(?:URL|KEY|EMAIL|ACCOUNT|CARD|PHONE)_[0-9]+\]"
MASKS = {"LOGIN": "[login]", "KEY": "[key]", "EMAIL": "[e-mail]"}  # the other kinds are numbers


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
    return MASKS.get(kind, "[number]")


def _find(text: str, recognisers: Recognisers) -> list[Find]:
    """Return what the recognisers find, in the order of the text; what one took the next miss."""
    found: list[Find] = []
    lower, numbers = text.lower(), re.search(SIX_DIGITS, text)
    for kind, recogniser in recognisers:
        if not (any(mark in lower for mark in MARKS[kind]) if kind in MARKS else numbers):
            continue
        spans = [(start, end, kind) for start, end in recogniser(text)]
        text = _replace(text, spans, lambda _, taken: "\0" * len(taken))
        found += spans
    return sorted(span for span in found if span[2])


def _replace(text: str, spans: Iterable[Find], name: Callable[[str, str], str]) -> str:
    """Return `text` with each span replaced by the name that its kind and words get."""
    parts: list[str] = []
    done = 0
    for start, end, kind in spans:
        parts += text[done:start], name(kind, text[start:end])
        done = end
    return "".join([*parts, text[done:]])
