"""A cell that holds JSON, as form tools export choices and nested answers."""

import json
import re
from collections.abc import Iterator
from itertools import pairwise
from typing import Any

from triage_agent.intake.furniture import BOILERPLATE, Span

STRING = re.compile(r'"((?:[^"\\]|\\.)*)"\s*(:?)')
LARGEST = 100_000  # characters
SENTENCE = 4  # words from which on a value beside other answers is a text
NAMES = frozenset(
    {"label", "labels", "text", "value", "values", "name", "title", "answer", "problem"}
)


def json_passages(text: str) -> tuple[list[Span], list[Span]] | None:
    """Return where problems and furniture stand in a JSON array or object; None: it is none."""
    body = text.strip()
    if len(body) > LARGEST or body[:1] + body[-1:] not in {"[]", "{}"}:
        return None
    try:
        value: Any = json.loads(body)
    except (ValueError, RecursionError):
        return None
    if BOILERPLATE.fullmatch(body):
        at = text.index(body)
        return [], [(at, at + len(body))]
    chosen = isinstance(value, list)
    problems: list[Span] = []
    key = ""
    for found in STRING.finditer(text):
        if found[2]:
            key = found[1].casefold()
            continue
        wordy = len(found[1].split()) >= SENTENCE
        if re.search(r"[^\W\d]", found[1]) and (wordy or (chosen and (not key or key in NAMES))):
            problems.append(found.span(1))
    return problems, [*_between(text, problems)]


def _between(text: str, spans: list[Span]) -> Iterator[Span]:
    """Yield what stands around the problems, if there is a letter or a digit in it."""
    bounds = [(0, 0), *spans, (len(text), len(text))]
    for before, after in pairwise(bounds):
        if re.search(r"\w", text[before[1] : after[0]]):
            yield before[1], after[0]
