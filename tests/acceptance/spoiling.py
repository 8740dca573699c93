"""Named ways in which the text of a good answer, or the message around it, is spoiled."""

import json
import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]
THOUGHTS = "The owner describes work that staff do by hand. So this is about a process."

# Each changes the text of the object; `it` is the object.


def _cut(at: str) -> Callable[[str, Any], str]:
    def change(text: str, it: Any) -> str:
        return text[: text.index(f'"{at}"') + len(at) + 5]

    return change


def _draft(it: Any) -> str:
    return json.dumps({**it, "label": "build-software"})


TEXTS: dict[str, Callable[[str, Any], str]] = {
    "trailing_comma": lambda text, it: text.rstrip()[:-1] + ",}",
    "fence": lambda text, it: f"```json\n{text}\n```",
    "fence_bare": lambda text, it: f"```\n{text}\n```",
    "fence_open": lambda text, it: f"```json\n{text}",
    "prose_before": lambda text, it: f"Here is the JSON you asked for:\n\n{text}",
    "prose_after": lambda text, it: f"{text}\n\nLet me know if you need anything else!",
    "prose_both": lambda text, it: f"Sure! {{Note: JSON}} follows.\n{text}\nHope {{this}} helps.",
    "python": lambda text, it: repr(it),
    "python_words": lambda text, it: re.sub(r"\b(true|false)\b", lambda m: m[0].title(), text),
    "comments": lambda text, it: text.replace("{", "{ // the answer\n", 1),
    "bom": lambda text, it: "\ufeff" + text,
    "smart_quotes": lambda text, it: re.sub(r'"([^"]*)"', "“\\1”", text),
    "twice_encoded": lambda text, it: json.dumps(text),
    "repeated": lambda text, it: f"{text}\n{text}",
    "draft_first": lambda text, it: f"Draft: {_draft(it)}\n\nOn reflection, final:\n{text}",
    "schema_first": lambda text, it: (
        json.dumps({"type": "object", "properties": {k: {"type": "string"} for k in it}})
        + "\n"
        + text
    ),
    "think": lambda text, it: f"<think>\n{THOUGHTS}\n</think>\n\n{text}",
    "think_empty": lambda text, it: f"<think>\n\n</think>\n\n{text}",
    "think_draft": lambda text, it: f"<think>\nMaybe {_draft(it)}? No.\n</think>\n{text}",
    "think_no_opening": lambda text, it: f"{THOUGHTS}\nMaybe {_draft(it)}? No.\n</think>\n\n{text}",
    "think_other_tag": lambda text, it: f"<thinking>{THOUGHTS} {{x}}</thinking>{text}",
    "think_unclosed": lambda text, it: f"<think>\n{THOUGHTS} " * 20,
    "think_unclosed_draft": lambda text, it: f"<think>\nMaybe {_draft(it)}? Wait, let me",
    "answer_tag": lambda text, it: f"<think>{THOUGHTS}</think><answer>{text}</answer>",
    "boxed": lambda text, it: f"<think>{THOUGHTS}</think>\\boxed{{{text}}}",
    "harmony": lambda text, it: (
        f"<|channel|>analysis<|message|>{THOUGHTS} Maybe {_draft(it)}.<|end|>"
        f"<|start|>assistant<|channel|>final<|message|>{text}"
    ),
    "harmony_words": lambda text, it: f"analysis{THOUGHTS}assistantfinal{text}",
    "end_token": lambda text, it: text + "<|im_end|>",
    "eos_token": lambda text, it: text + "</s>",
    "call_tag": lambda text, it: (
        '<tool_call>\n{"name": "classify", "arguments": ' + text + "}\n</tool_call>"
    ),
    "raw_newlines": lambda text, it: text.replace("by hand.", "by\nhand.\t"),
    "spaces_after": lambda text, it: text + " \n" * 500,
    "spaces_only": lambda text, it: "{" + " \n" * 500,
    "cut_label": _cut("label"),
    "cut_signals": _cut("custom_system"),
    "cut_rationale": _cut("rationale"),
    "cut_evidence": _cut("evidence"),
    "cut_last_brace": lambda text, it: text.rstrip()[:-1],
    "not_json": lambda text, it: "I think that this process should be automated.",
    "wrong_words": lambda text, it: "Please see our website for further information.",
    "yaml": lambda text, it: "\n".join(f"{k}: {json.dumps(v)}" for k, v in it.items()),
    "empty": lambda text, it: "",
    "apology": lambda text, it: "I'm sorry, but I can't help with that request.",
    "array_text": lambda text, it: f"[{text}]",
}


# Each changes the message; `text` is its content.


def _thoughts_in(key: str) -> Callable[[Json, str], None]:
    def change(message: Json, text: str) -> None:
        message[key] = THOUGHTS

    return change


def _moved_to(key: str, left: Any) -> Callable[[Json, str], None]:
    def change(message: Json, text: str) -> None:
        message[key], message["content"] = text, left

    return change


def _draft_in(message: Json, text: str) -> None:
    draft = text.replace("automate-process", "build-software")
    message["reasoning_content"] = f"Maybe {draft}. No, wait."


def _chunks(message: Json, text: str) -> None:
    message["content"] = [{"type": "text", "text": text}]


def _split_chunks(message: Json, text: str) -> None:
    half = len(text) // 2
    message["content"] = [
        {"type": "text", "text": text[:half]},
        {"type": "text", "text": text[half:]},
    ]


def _thinking_chunks(message: Json, text: str) -> None:
    draft = text.replace("automate-process", "build-software")
    message["content"] = [
        {"type": "thinking", "thinking": [{"type": "text", "text": f"Maybe {draft}"}]},
        {"type": "text", "text": text},
    ]


def call(text: Any, name: str = "classify") -> Json:
    """Return a tool call with these arguments."""
    return {"id": "call_1", "type": "function", "function": {"name": name, "arguments": text}}


def _only_arguments(change: Callable[[str], Any]) -> Callable[[Json, str], None]:
    def apply(message: Json, text: str) -> None:
        for one in message.get("tool_calls") or []:
            one["function"]["arguments"] = change(one["function"]["arguments"])

    return apply


def _bare_call(message: Json, text: str) -> None:
    for one in message.get("tool_calls") or []:
        del one["id"], one["type"]


def _old_call(message: Json, text: str) -> None:
    calls = message.pop("tool_calls", None)
    if calls:
        message["function_call"] = calls[0]["function"]


MESSAGES: dict[str, Callable[[Json, str], None]] = {
    "thoughts_content": _thoughts_in("reasoning_content"),
    "thoughts": _thoughts_in("reasoning"),
    "thoughts_draft": _draft_in,
    "only_thoughts_content": _moved_to("reasoning_content", None),
    "only_thoughts_content_empty": _moved_to("reasoning_content", ""),
    "only_thoughts": _moved_to("reasoning", ""),
    "chunks": _chunks,
    "split_chunks": _split_chunks,
    "thinking_chunks": _thinking_chunks,
    "null_content": lambda message, text: message.update(content=None),
    "no_content": lambda message, text: message.pop("content", None) and None,
    "no_role": lambda message, text: message.pop("role") and None,
    "null_calls": lambda message, text: message.update(tool_calls=None),
    "empty_calls": lambda message, text: message.update(tool_calls=[]),
    "null_extras": lambda message, text: message.update(
        refusal=None, annotations=None, audio=None, function_call=None
    ),
    "refusal": lambda message, text: message.update(
        content=None, refusal="I'm sorry, I can't help with that."
    ),
    "arguments_object": _only_arguments(json.loads),
    "arguments_twice": _only_arguments(json.dumps),
    "arguments_fenced": _only_arguments(lambda text: f"```json\n{text}\n```"),
    "arguments_empty": _only_arguments(lambda text: ""),
    "bare_call": _bare_call,
    "old_call": _old_call,
    "call_content": lambda message, text: message.update(content="I will call the tool."),
}
