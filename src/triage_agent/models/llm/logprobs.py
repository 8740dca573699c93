"""Log-probabilities: read from a payload, and turned into the probability of a label."""

import math
import re
from bisect import bisect_left, bisect_right
from collections import deque
from collections.abc import Mapping, Sequence
from itertools import accumulate
from typing import Any

from triage_agent.models.protocols import Token
from triage_agent.types import Label

LABEL = re.compile(r'"label"\s*:\s*"([^"]*)"')
HUGE = 1e9
ALTERNATIVES = 5  # asked for at each token: the two labels, and how small models misspell them


def tokens_of(logprobs: Any) -> tuple[Token, ...]:
    """Return the tokens of a choice's `logprobs`, in OpenAI's form or the older; all or none.

    Only where the label stands are the alternatives read: they are most of what a server sends.
    """
    if not isinstance(logprobs, Mapping):
        return ()
    rows: list[tuple[Any, Any, Any]]
    if isinstance(content := logprobs.get("content"), list):
        items = [t for t in content if isinstance(t, Mapping)]
        rows = [(t.get("token"), t.get("logprob"), t.get("top_logprobs")) for t in items]
    elif isinstance(texts := logprobs.get("tokens"), list):
        values, tops = logprobs.get("token_logprobs"), logprobs.get("top_logprobs")
        tops = tops if isinstance(tops, list) and len(tops) == len(texts) else [None] * len(texts)
        rows = list(zip(texts, values, tops, strict=False)) if isinstance(values, list) else []
    else:
        return ()
    if not all(_is_token(text, logprob) for text, logprob, _ in rows):
        return ()
    places = label_places([text for text, _, _ in rows])
    return tuple(
        Token(text, float(logprob), _others(top) if place in places else ())
        for place, (text, logprob, top) in enumerate(rows)
    )


def _is_token(text: Any, logprob: Any) -> bool:
    """Return whether a token and its log-probability can be that; a server may send 10**400."""
    return isinstance(text, str) and isinstance(logprob, int | float) and abs(logprob) <= HUGE


def label_places(texts: Sequence[str]) -> set[int]:
    """Return the places of the tokens that hold the label, its name and quotes included.

    >>> sorted(label_places(['{"a":1,', '"label":"', "build", '"}']))
    [1, 2, 3]
    """
    ends = list(accumulate(len(text) for text in texts))
    places: set[int] = set()
    for value in LABEL.finditer("".join(texts)):
        places.update(range(bisect_right(ends, value.start()), bisect_left(ends, value.end()) + 1))
    return places


def _others(top: Any) -> tuple[tuple[str, float], ...]:
    """Return the alternatives at one token: a list of objects, or the older form's one object."""
    if isinstance(top, Mapping):
        pairs = list(top.items())
    elif isinstance(top, list):
        pairs = [(t.get("token"), t.get("logprob")) for t in top if isinstance(t, Mapping)]
    else:
        return ()
    return tuple((text, float(logprob)) for text, logprob in pairs if _is_token(text, logprob))


def label_probability(tokens: Sequence[Token], label: str) -> float | None:
    """Return the chance that the model gave to the label rather than the other, 0.5 to 1.

    None if it is not reported. Where alternatives are reported, the two labels share what the model
    gave to either at the first token that differs between them: a server that holds replies to a
    schema reports the log-probabilities from before it did so, and what went to words that are
    neither label says nothing about which one it is. An unlisted label is taken to be as likely as
    the least likely alternative, or as all that is left, if that is less. Without alternatives, the
    log-probabilities of all tokens of the label are added up; under 0.5, what is missing may have
    gone to no label at all.

    >>> others = (("build", -1.0), ("autom", -2.0), ("maybe", -0.8))
    >>> tokens = [Token('{"label":"', -0.1), Token("build", -1.0, others), Token('-software"', 0.0)]
    >>> round(label_probability(tokens, "build-software"), 3)
    0.731
    """
    text = "".join(token.text for token in tokens)
    # The last one: before it may stand the drafts of a model that thinks.
    value = deque(LABEL.finditer(text), maxlen=1)
    if not value or value[0][1] != label:
        return None
    return _probability(tokens, label, *value[0].span(1))


def _probability(tokens: Sequence[Token], label: str, begin: int, end: int) -> float:
    """Return the chance of the label that stands from `begin` to `end` of the tokens' text."""
    ends = list(accumulate(len(token.text) for token in tokens))
    starts = [stop - len(token.text) for stop, token in zip(ends, tokens, strict=True)]
    own = [i for i in range(len(tokens)) if starts[i] < end and ends[i] > begin]
    first = tokens[own[0]]
    before = first.text[: max(0, begin - starts[own[0]])]
    shares = {name: _mass(first, before, name) for name in Label}
    if shares[Label(label)]:
        reported = [math.exp(min(logprob, 0.0)) for _, logprob in first.others]
        least = min(*reported, max(0.0, 1 - sum(reported)))
        other = next(share for name, share in shares.items() if name != label)
        share = shares[Label(label)] / (shares[Label(label)] + max(other, least))
    else:
        share = math.exp(min(sum(tokens[i].logprob for i in own), 0.0))
    return max(0.5, share)


def _mass(token: Token, before: str, label: str) -> float:
    """Return what the alternatives at a token give to a label that begins after `before`."""
    total = 0.0
    for text, logprob in token.others:
        start = text[len(before) :].partition('"')[0]
        if text.startswith(before) and start and label.startswith(start):
            total += math.exp(min(logprob, 0.0))
    return total
