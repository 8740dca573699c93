"""The completion that a server sends: a good answer, spoiled as the behaviour says."""

import json
from typing import Any

from acceptance.answers import OBJECTS, form_of, good
from acceptance.spoiling import MESSAGES, TEXTS, call

Json = dict[str, Any]
USAGE = {"prompt_tokens": 700, "completion_tokens": 60, "total_tokens": 760}


def completion(answer: Json, body: Json, schema: Json | None) -> str:
    """Return the body of the answer to this request, as JSON or as a stream of events."""
    makes = answer.get("make", [])
    unknown = [make for make in makes if make not in OBJECTS | TEXTS | MESSAGES]
    if unknown:
        raise KeyError(unknown)
    text = answer.get("content", _text(makes, schema))
    by_tool = form_of(body) == "tools" and answer.get("via", "auto") == "auto"
    message: Json = {"role": "assistant", "content": None if by_tool else text}
    if by_tool:
        message["tool_calls"] = [call(text, body["tools"][0]["function"]["name"])]
    for make in makes:
        if make in MESSAGES:
            MESSAGES[make](message, text)
    message.update(answer.get("message", {}))
    whole = {
        "id": "chatcmpl-1",
        "object": "chat.completion",
        "created": 1790000000,
        "model": body.get("model"),
        "choices": [_choice(answer, message, "tool_calls" if by_tool else "stop")],
        "usage": USAGE,
        **answer.get("body", {}),
    }
    whole = {key: it for key, it in whole.items() if key not in answer.get("without", [])}
    return _events(whole, text) if answer.get("events") else json.dumps(whole, ensure_ascii=False)


def _text(makes: list[str], schema: Json | None) -> str:
    it: Any = good(schema)
    for make in makes:
        if make in OBJECTS:
            changed = OBJECTS[make](it)
            it = it if changed is None else changed
    text = json.dumps(it, ensure_ascii=False)
    for make in makes:
        if make in TEXTS:
            text = TEXTS[make](text, it)
    return text


def _choice(answer: Json, message: Json, finish: str) -> Json:
    choice = {
        "index": 0,
        "message": message,
        "logprobs": None,
        "finish_reason": answer.get("finish", finish),
        **answer.get("choice", {}),
    }
    if answer.get("not_finite"):  # as Python writes what JSON does not know
        tokens = [{"token": "x", "logprob": float(it), "bytes": None} for it in ("-inf", "nan")]
        choice["logprobs"] = {"content": [{**tokens[0], "top_logprobs": tokens}]}
    return {key: it for key, it in choice.items() if key not in answer.get("choice_without", [])}


def _events(completion: Json, text: str) -> str:
    """Return the completion as a stream of events, which nobody asked for."""
    half = len(text) // 2
    lines = []
    for part, finish in ((text[:half], None), (text[half:], None), ("", "stop")):
        choice = {"index": 0, "delta": {"content": part}, "finish_reason": finish}
        chunk = {**completion, "object": "chat.completion.chunk", "choices": [choice]}
        lines.append(f"data: {json.dumps(chunk, ensure_ascii=False)}\n\n")
    return "".join(lines) + "data: [DONE]\n\n"
