"""What the cache stores of a question and its answer: a hash of the one, JSON of the other.

No word of the problem's text is in either: where the answer quotes it, a position stands there.
"""

import hashlib
import json
from typing import Any

from triage_agent.models.llm.prompt import Reply, ValidReply
from triage_agent.models.llm.quotations import parts, quotation, spell
from triage_agent.models.protocols import ChatRequest
from triage_agent.types import Usage


def key_of(base_url: str, model: str, request: ChatRequest, extras: str = "") -> str:
    """Return the SHA-256 of everything that decides an answer: not the output mode or retries.

    `extras` identifies what the user wants said with every request; empty: nothing.
    """
    question = {
        "base_url": base_url.rstrip("/"),
        "model": model,
        "messages": [(m.role, m.content) for m in request.messages],
        "schema": [request.schema_name, request.schema],
        "max_output_tokens": request.max_output_tokens,
        "temperature": float(request.temperature),
        "sample": request.sample,
    }
    if extras:
        question["extras"] = extras
    canonical = json.dumps(question, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def pack(answer: ValidReply, text: str) -> str:
    """Return an answer about a text as JSON, in ASCII: a server may send half a surrogate pair.

    Quotations are stored as positions in the text; of the other words, what looks like a key or a
    person's address or number is masked for good.
    """
    reply, usage = answer.reply, answer.usage
    values = {
        "reply": reply.model_dump(mode="json", exclude={"evidence", "rationale"}),
        "evidence": [quotation(quote, text) for quote in reply.evidence],
        "rationale": parts(reply.rationale, text),
        "label_probability": answer.label_probability,
        "in_scope": answer.in_scope,
        "usage": (usage.calls, usage.input_tokens, usage.output_tokens),
        "output_mode": answer.output_mode,
    }
    return json.dumps(values, separators=(",", ":"))


def unpack(packed: str, text: str) -> ValidReply:
    """Return the answer that was packed, with its quotations as they stand in the same text."""
    values: dict[str, Any] = json.loads(packed)
    short = Reply.model_validate(values["reply"] | {"evidence": [], "rationale": ""})
    reply = short.model_copy(
        update={
            "evidence": [spell(quote, text) for quote in values["evidence"]],
            "rationale": spell(values["rationale"], text),
        }
    )
    return ValidReply(
        reply,
        values["label_probability"],
        Usage(*values["usage"]),
        values["output_mode"],
        in_scope=values.get("in_scope"),  # answers of before 2026-12 have none
    )
