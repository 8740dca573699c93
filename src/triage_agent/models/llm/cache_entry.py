"""What the cache stores of a question and its answer: a hash of the one, JSON of the other."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from typing import Any

from triage_agent.models.llm.logprobs import label_places
from triage_agent.models.protocols import ChatReply, ChatRequest, Token
from triage_agent.privacy import mask
from triage_agent.types import Usage


def key_of(base_url: str, model: str, request: ChatRequest) -> str:
    """Return the SHA-256 of everything that decides an answer: not the output mode or retries."""
    question = {
        "base_url": base_url.rstrip("/"),
        "model": model,
        "messages": [(m.role, m.content) for m in request.messages],
        "schema": [request.schema_name, request.schema],
        "max_output_tokens": request.max_output_tokens,
        "temperature": float(request.temperature),
        "sample": request.sample,
    }
    canonical = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def pack(reply: ChatReply) -> str:
    """Return a reply as JSON, in ASCII, because a server may send half a surrogate pair.

    Only the tokens of the label are stored: the others are never read, and are most of it.
    """
    usage = (reply.usage.calls, reply.usage.input_tokens, reply.usage.output_tokens)
    values = (reply.text, usage, label_tokens(reply.tokens), reply.output_mode)
    return json.dumps(values, separators=(",", ":"))


def unpack(packed: str) -> ChatReply:
    """Return the reply that was packed.

    >>> unpack(pack(ChatReply("{}", Usage(1, 20, 3), output_mode="tool")))
    ChatReply(text='{}', usage=Usage(calls=1, input_tokens=20, output_tokens=3), tokens=(), \
output_mode='tool')
    """
    text, usage, tokens, output_mode = json.loads(packed)
    return ChatReply(text, Usage(*usage), _tokens(tokens), output_mode)


def label_tokens(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens that `logprobs.label_probability` reads.

    >>> texts = ('{"a":1,', '"label":"', "build", '"}')
    >>> [token.text for token in label_tokens([Token(text, -0.1) for text in texts])]
    ['"label":"', 'build', '"}']
    """
    return [tokens[place] for place in sorted(label_places([token.text for token in tokens]))]


def _tokens(stored: list[Any]) -> tuple[Token, ...]:
    """Return the stored tokens; those stored before 2026-12 have no alternatives."""
    return tuple(
        Token(text, logprob, tuple((other, p) for other, p in others[0]) if others else ())
        for text, logprob, *others in stored
    )


def is_redacted(text: str) -> bool:
    r"""Return whether no string in a JSON text holds a key, or a person's address or number.

    >>> is_redacted('{"hours_per_week": 40}'), is_redacted(r'["ann\u0040example.com"]')
    (True, False)
    """
    strings = "\n".join(_strings(text))
    return mask(strings) == strings


def _strings(text: str) -> Iterator[str]:
    """Yield the strings in a JSON text, not the names; the text itself if it is not JSON."""
    try:
        values = [json.loads(text)]
    except (ValueError, RecursionError):
        values = [text]
    while values:
        value = values.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict | list):
            values.extend(value.values() if isinstance(value, dict) else value)
