"""Reads a service's error answer, whatever its shape.

It may be an object, a list (Gemini), a web page (a gateway), an error packed in another's words
(OpenRouter, LiteLLM), or a 200 that holds an error instead of a choice. Pure; `client` hands in
what came over the network.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from triage_agent.models.llm.refusals import Refusal
from triage_agent.models.llm.retry_after import length_s, retry_after_s, until_s, wait_in_words
from triage_agent.models.llm.server_words import is_page, text_of_page

# Fields of an error in which servers name what it is, how long to wait, and why.
CODE_FIELDS = (
    "code",
    "status_code",
    "status",
    "type",
    "reason",
    "quotaId",
    "error_code",
    "error_type",
)
WAIT_FIELDS = frozenset(
    {"retryDelay", "retryAfter", "retry_after", "retry_after_seconds", "estimated_time"}
)
WORD_FIELDS = ("message", "detail", "msg", "error_description", "error_message", "title")
GENERIC = re.compile(r"provider returned error|upstream (?:request failed|error)", re.IGNORECASE)
# The status that the name or the words of an error stand for, where nothing else gives one.
STATUS_OF_WORDS = (
    (re.compile(r"rate.?limit|too.?many.?requests|throttl|resource.?exhausted"), 429),
    (re.compile(r"overload|unavailable|capacity|time.?d? ?out|deadline"), 503),
    (re.compile(r"unauthenticated|unauthori[sz]ed|authentication|api.?key.?invalid"), 401),
    (re.compile(r"permission.?denied|forbidden"), 403),
    (re.compile(r"not.?found|unexpected endpoint|no route"), 404),
    (re.compile(r"invalid|validation|template_error|bad.?request|unsupported|not supported"), 400),
)
DEEPEST, MOST_NODES = 6, 300  # of an error's body that are looked at
ECHO_FIELDS = frozenset({"input", "ctx", "body", "failed_generation"})  # what was sent or made


def read_refusal(status: int, text: str, headers: Mapping[str, str]) -> Refusal:
    """Return the refusal in an error answer, whatever the shape of its body."""
    if is_page(text):
        return Refusal(status, text_of_page(text), wait_s=retry_after_s(headers), page=True)
    try:
        body = json.loads(text)
    except (ValueError, RecursionError):
        body = text
    refusal = _read(status, body, headers)
    limited = any(STATUS_OF_WORDS[0][0].search(code) for code in refusal.codes)
    # GitHub and some gateways refuse what comes too fast with 403 or 400.
    return replace(refusal, status=429) if limited and status in {400, 403} else refusal


def refusal_inside(payload: Any) -> Refusal | None:
    """Return the error that a payload with status 200 holds instead of an answer; None: none."""
    payload = payload[0] if isinstance(payload, list) and payload else payload
    if not isinstance(payload, Mapping):
        return None
    choices = payload.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices else None
    choice = choice if isinstance(choice, Mapping) else None
    if choice is not None:
        failed = choice.get("finish_reason") == "error"
        error = choice.get("error") or (payload.get("error") if failed else None)
        if not (error or failed):
            return None
        return _read_inside({"error": error or {}})
    named = [name for name in ("error", "errors", *WORD_FIELDS) if payload.get(name)]
    return _read_inside(payload) if named else None


def _read_inside(payload: Mapping[str, Any]) -> Refusal:
    """Return the error in a payload, with the status that it names, else that of a crash."""
    read, codes = _read(0, payload, {}), list(_codes(list(_nodes(payload))))
    numbers = (int(code) for code in codes if re.fullmatch(r"[45][0-9]{2}", code))
    lasts = read.about_text or read.about_model or read.about_key
    status = next(numbers, None) or next(filter(None, map(_status_of, [*codes, read.message])), 0)
    status = status or (HTTPStatus.BAD_REQUEST if lasts else HTTPStatus.BAD_GATEWAY)
    return replace(read, status=int(status), inside_200=True)


def _status_of(words: str) -> int | None:
    """Return the status that words stand for; None: they are about none.

    >>> _status_of("rate_limit_error"), _status_of("The engine is overloaded."), _status_of("Oh.")
    (429, 503, None)
    """
    known = (status for pattern, status in STATUS_OF_WORDS if pattern.search(words.casefold()))
    return next(known, None)


def _read(status: int, body: Any, headers: Mapping[str, str]) -> Refusal:
    """Return the refusal in a decoded body."""
    if isinstance(body, list):
        body = next((one for one in body if isinstance(one, Mapping)), "")
    if not isinstance(body, Mapping):
        message = body if isinstance(body, str) else ""
        wait_s = retry_after_s(headers)
        return Refusal(status, message, wait_s=_first(wait_s, wait_in_words(message)))
    nodes = list(_nodes(body))
    message = _message(nodes)
    parameter = next((n["param"] for n in nodes if isinstance(n.get("param"), str)), None)
    lengths = (length_s(str(n[f])) for n in nodes for f in sorted(WAIT_FIELDS & n.keys()))
    seconds = (float(n[f]) for n in nodes for f in WAIT_FIELDS & n.keys() if _number(n[f]))
    resets = (
        until_s(str(value))
        for node in nodes
        for name, value in node.items()
        if str(name).casefold() == "x-ratelimit-reset"
    )
    return Refusal(
        status,
        message,
        parameter,
        frozenset(_codes(nodes)),
        _first(
            retry_after_s(headers),
            *lengths,
            *seconds,
            *resets,
            until_s(headers.get("x-ratelimit-reset", "") if status == 429 else ""),
            wait_in_words(message),
        ),
        filtered=tuple(_filtered(nodes)),
    )


def _nodes(value: Any, depth: int = 0) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of an error, the outer before the inner, and those packed as text."""
    if depth > DEEPEST:
        return
    if isinstance(value, str) and value.lstrip()[:1] in {"{", "["}:
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            return
    if isinstance(value, list):
        for one in value[:MOST_NODES]:
            yield from _nodes(one, depth + 1)
    elif isinstance(value, Mapping):
        yield value
        for name, one in value.items():
            if name not in ECHO_FIELDS:
                yield from _nodes(one, depth + 1)


def _codes(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield what an error is called by, the outer names first."""
    for node in nodes:
        for name in CODE_FIELDS:
            value = node.get(name)
            if isinstance(value, str | int) and not isinstance(value, bool):
                yield str(value).casefold()
        if "flagged_input" in node:  # OpenRouter's moderation has no code of its own
            yield "content_filter"


def _message(nodes: list[Mapping[str, Any]]) -> str:
    """Return the words of an error: the outermost ones that say more than that there is one."""
    found: list[str] = []
    for node in nodes:
        for name in ("error", *WORD_FIELDS, "raw"):
            value = node.get(name)
            if isinstance(value, str) and value.strip() and value.lstrip()[:1] not in {"{", "["}:
                found.append(value.strip())
            elif name == "detail" and (words := _complaints(value)):
                found.append(words)
    if not found:
        return next((str(one["message"]) for one in nodes if one.get("message")), "")
    return next((one for one in found if not GENERIC.search(one)), found[0])


def _complaints(detail: object) -> str:
    """Return the complaints of a validation in words, each with its place; empty: it is none."""
    found = []
    for one in detail if isinstance(detail, list) else ():
        known = one if isinstance(one, Mapping) else {}
        place = known.get("loc")
        where = ".".join(map(str, place)) if isinstance(place, list) else ""
        said = str(known.get("msg") or one)
        found.append(f"{where}: {said}" if where else said)
    return "; ".join(found)


def _filtered(nodes: list[Mapping[str, Any]]) -> Iterator[str]:
    """Yield the kinds of content that Azure's filter found in a text."""
    for node in nodes:
        results = node.get("content_filter_result") or node.get("content_filter_results")
        if isinstance(results, Mapping):
            for kind, result in results.items():
                if isinstance(result, Mapping) and result.get("filtered"):
                    yield str(kind).replace("_", " ")


def _first(*values: float | None) -> float | None:
    """Return the first value that is one."""
    return next((value for value in values if value is not None), None)


def _number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)
