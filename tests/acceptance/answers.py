"""Good answers that fit the schema of the request, and named ways in which servers spoil them."""

import copy
import json
import re
from collections.abc import Callable
from typing import Any

Json = dict[str, Any]

# What docs/how-to/prompts.md says that a reply holds; used where the request carries no schema.
DOCUMENTED = {
    "label": "automate-process",
    "customer_facing_software": False,
    "custom_system": False,
    "engineering_leadership": False,
    "existing_process": True,
    "mixed": False,
    "neither": False,
    "too_vague": False,
    "instructs_reader": False,
    "function": "operations",
    "evidence": [],
    "rationale": "Staff do this by hand.",
    "confidence_percent": 90,
}
THOUGHTS = "The owner describes work that staff do by hand. So this is about a process."


def schema_of(body: Json) -> Json | None:
    """Return the JSON Schema that a request carries, wherever it is."""
    form = body.get("response_format") or {}
    if isinstance(form, dict) and isinstance(form.get("json_schema"), dict):
        return form["json_schema"].get("schema")
    for tool in body.get("tools") or []:
        if "parameters" in tool.get("function", {}):
            return tool["function"]["parameters"]
    for text in texts_of(body):
        for found in re.finditer(r"\{", text):
            try:
                value, _ = json.JSONDecoder().raw_decode(text[found.start() :])
            except ValueError:
                continue
            if isinstance(value, dict) and isinstance(value.get("properties"), dict):
                return value
    return None


def texts_of(body: Json) -> list[str]:
    """Return the texts of all messages of a request."""
    texts = []
    for message in body.get("messages", []):
        content = message.get("content")
        if isinstance(content, str):
            texts.append(content)
        elif isinstance(content, list):
            texts.append("".join(part.get("text", "") for part in content))
    return texts


def good(schema: Json | None) -> Json:
    """Return an object that fits the schema and says automate-process."""
    if not schema or not schema.get("properties"):
        return copy.deepcopy(DOCUMENTED)
    named = {**schema.get("$defs", {}), **schema.get("definitions", {})}
    return {key: _value(key, kind, named) for key, kind in schema["properties"].items()}


def _value(key: str, kind: Json, named: Json) -> Any:
    if "$ref" in kind:
        kind = named[kind["$ref"].rsplit("/", 1)[-1]]
    for several in ("anyOf", "oneOf", "allOf"):
        if several in kind:
            return _value(key, kind[several][0], named)
    if "const" in kind:
        return kind["const"]
    if "enum" in kind:
        for wanted in ("automate-process", "operations", 90):
            if wanted in kind["enum"]:
                return wanted
        return kind["enum"][0]
    of = kind.get("type")
    of = of[0] if isinstance(of, list) else of
    if of == "boolean":
        return key == "existing_process"
    if of == "array":
        return []
    if of == "object":
        return good({**kind, "$defs": named})
    if of in ("integer", "number"):
        return min(90, kind.get("maximum", 90))
    return DOCUMENTED["rationale"]


# Each changes the object, in place or by returning another one.


def _label(to: Any) -> Callable[[Json], None]:
    def change(it: Json) -> None:
        it["label"] = to

    return change


def _confidence(to: Any) -> Callable[[Json], None]:
    def change(it: Json) -> None:
        it["confidence_percent"] = to

    return change


def _booleans(yes: Any, no: Any) -> Callable[[Json], None]:
    def change(it: Json) -> None:
        for key, value in it.items():
            if isinstance(value, bool):
                it[key] = yes if value else no

    return change


def _set(**values: Any) -> Callable[[Json], None]:
    def change(it: Json) -> None:
        it.update(values)

    return change


def _without(*keys: str) -> Callable[[Json], None]:
    def change(it: Json) -> None:
        for key in keys:
            it.pop(key, None)

    return change


def _wrapped(*keys: str) -> Callable[[Json], Any]:
    def change(it: Json) -> Any:
        for key in reversed(keys):
            it = {key: it}
        return it

    return change


def _camel(it: Json) -> Json:
    return {re.sub(r"_(\w)", lambda m: m[1].upper(), key): value for key, value in it.items()}


OBJECTS: dict[str, Callable[[Json], Any]] = {
    "build": _label("build-software"),
    "label_mixed_case": _label("Automate_Process"),
    "label_blank": _label("automate process"),
    "label_upper": _label("AUTOMATE-PROCESS"),
    "label_padded": _label(" automate-process\n"),
    "label_quoted": _label('"automate-process"'),
    "label_camel": _label("AutomateProcess"),
    "label_dash": _label("automate‑process"),
    "label_unknown": _label("consulting"),
    "label_both": _label("build-software or automate-process"),
    "label_null": _label(None),
    "label_missing": _without("label"),
    "label_empty": _label(""),
    "label_list": _label(["automate-process"]),
    "confidence_85": _confidence(85),
    "confidence_text": _confidence("90"),
    "confidence_sign": _confidence("90%"),
    "confidence_fraction": _confidence(0.9),
    "confidence_float": _confidence(90.0),
    "confidence_null": _confidence(None),
    "confidence_missing": _without("confidence_percent"),
    "confidence_word": _confidence("high"),
    "confidence_huge": _confidence(900),
    "booleans_text": _booleans("true", "false"),
    "booleans_title": _booleans("True", "False"),
    "booleans_numbers": _booleans(1, 0),
    "booleans_words": _booleans("yes", "no"),
    "booleans_nonsense": _booleans("perhaps", "perhaps"),
    "signal_missing": _without("mixed"),
    "signals_missing": _without(*[k for k, v in DOCUMENTED.items() if isinstance(v, bool)]),
    "evidence_many": _set(evidence=["by hand"] * 9),
    "evidence_long": _set(evidence=["by hand " * 400]),
    "evidence_text": _set(evidence="by hand"),
    "evidence_encoded": _set(evidence='["by hand"]'),
    "evidence_null": _set(evidence=None),
    "evidence_missing": _without("evidence"),
    "evidence_objects": _set(evidence=[{"quote": "by hand"}]),
    "evidence_hand": _set(evidence=["by hand"]),
    "evidence_typographic": _set(evidence=["the Alpha shop’s orders – all of them –"]),
    "rationale_long": _set(rationale="Staff do this by hand. " * 200),
    "rationale_null": _set(rationale=None),
    "rationale_missing": _without("rationale"),
    "rationale_list": _set(rationale=["Staff do this", "by hand."]),
    "function_case": _set(function="Operations"),
    "function_unknown": _set(function="warehouse logistics"),
    "function_null": _set(function=None),
    "extra_keys": _set(reasoning="It is work by hand.", language="en", notes=None),
    "only_label": lambda it: {"label": it["label"]},
    "wrapper_result": _wrapped("result"),
    "wrapper_properties": _wrapped("properties"),
    "wrapper_two": _wrapped("response", "classification"),
    "wrapper_list": lambda it: [it],
    "wrapper_parameters": lambda it: {"name": "classify", "parameters": it},
    "camel_keys": _camel,
    "title_keys": lambda it: {key.replace("_", " ").title(): value for key, value in it.items()},
    "two_answers": lambda it: [it, {**it, "label": "build-software"}],
    "echo_schema": lambda it: {
        "type": "object",
        "properties": {key: {"type": "string"} for key in it},
        "required": list(it),
    },
}


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
    "python_words": lambda text, it: re.sub(
        r"\b(true|false)\b", lambda m: m[0].title(), text
    ),
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
