"""Good answers that fit the schema of the request, and named ways in which models spoil them."""

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


def form_of(body: Json) -> str:
    """Return how a request asks for JSON: `tools`, `json_schema`, `json_object` or `plain`."""
    if body.get("tools"):
        return "tools"
    form = body.get("response_format") or {}
    return form.get("type", "plain") if isinstance(form, dict) else "plain"


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
        wanted = (it for it in ("automate-process", "operations", 90) if it in kind["enum"])
        return next(wanted, kind["enum"][0])
    plain = {
        "boolean": key == "existing_process",
        "array": [],
        "integer": min(90, kind.get("maximum", 90)),
        "number": min(90, kind.get("maximum", 90)),
        "string": DOCUMENTED["rationale"],
    }
    of = kind.get("type", "string")
    of = of[0] if isinstance(of, list) else of
    return good({**kind, "$defs": named}) if of == "object" else plain[of]


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
