"""From a model's message to a validated reply: the one object in it that is the answer.

The last object that fits is the answer: what stands before it is a draft, an echoed schema or an
example. Where the meaning of a value is plain, its form does not matter; where it is not, the
reply is an error, and nothing is guessed:

    what                            is read as
    label, function, yes or no      whatever its case, blanks, hyphens, quotes, full stop
    a number for yes or no          1 and 0 only
    confidence 85, "90 %", 0.9      a percentage; between 0 and 1 (not 1 itself, which may be 1 %)
                                    a fraction; then the nearest that was offered, the lower of two,
                                    at least 50: the tie rules decide where a model is less sure
    what else stands for confidence no confidence
    too many quotes, long texts     the first three, cut at a word
    no function, quotes, rationale  none of them
    another function                other
    keys that were not asked for    nothing; an object among them may hold the answer, or part of it
    a missing or unknown label or   an error, and so are two that contradict each other
    signal
"""

import math
import re
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError

from triage_agent.errors import ReplyError
from triage_agent.files import explain, replace_surrogates
from triage_agent.models.llm.json_objects import CONFLICT, DECODER, Found, objects_in
from triage_agent.models.llm.logprobs import label_probability
from triage_agent.models.llm.prompt import (
    LEFT_OUT,
    LONGEST_QUOTE,
    LONGEST_RATIONALE,
    MOST_QUOTES,
    Reply,
    ValidReply,
)
from triage_agent.models.protocols import ChatReply
from triage_agent.types import Function, Label, Signals

FIELDS = tuple(Reply.model_fields)
SIGNALS = tuple(Signals.__dataclass_fields__)
OTHER_NAMES = {"confidence": "confidence_percent"}
YES_OR_NO = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
PERCENTAGES = (50, 60, 70, 80, 90, 95, 99)
PERCENTAGE = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*(%?)")
AROUND = " \t\r\n.\"'`*“”‘’"  # what may stand around a word
WRAPPERS = 4  # objects within objects in which an answer is looked for
FENCE = re.compile(r"\s*(?:```\w*\s*)?\Z")


class _MisfitError(Exception):
    """What does not fit, in words for the model; `none`: there is no object at all."""

    def __init__(self, complaint: str, *, none: bool = False) -> None:
        super().__init__(complaint)
        self.complaint, self.none = complaint, none


def read_answer(raw: ChatReply, *, brief: bool = False, about: str = "") -> ValidReply:
    """Return the answer in a message, or raise `ReplyError`.

    `about` is the text that was asked about: an object that stands in it is a quotation. Kinds of
    error: `not_json`, `bad_schema`, or `truncated` where the message was cut off before them.
    """
    reply = read_reply(raw, brief=brief, about=about)
    probability = label_probability(raw.tokens, reply.label)
    return ValidReply(reply, probability, raw.usage, raw.output_mode)


def read_reply(raw: ChatReply, *, brief: bool = False, about: str = "") -> Reply:
    """Return the validated reply in a message, or raise `ReplyError` as `read_answer` does."""
    try:
        values = DECODER.decode(raw.text)  # nearly every reply is one object that fits
        if isinstance(values, dict):
            return Reply.model_validate(LEFT_OUT | values if brief else values)
    except (ValueError, RecursionError):  # pydantic's error is one too
        pass
    try:
        return _answer_in(raw, about)
    except _MisfitError as misfit:
        raise _error(raw, misfit) from misfit


def _error(raw: ChatReply, misfit: _MisfitError) -> ReplyError:
    """Return what is said about a reply that does not fit."""
    complaint = misfit.complaint
    advice = "Run again, or choose another model with --model."
    if raw.cut_off:
        kind, said = "truncated", "The model reached the completion limit before it had answered."
        advice = (
            "If it thinks for long, allow more with --max-output-tokens or ask for less with "
            "--reasoning-effort low; else choose another model with --model."
        )
    elif misfit.none:
        kind, said = "not_json", "The model's reply holds no JSON object."
    else:
        kind, said = "bad_schema", f"The model's reply does not fit the schema ({complaint})."
    return ReplyError(f"{said} {advice}", kind, raw.text, raw.usage, complaint)


def _answer_in(raw: ChatReply, about: str) -> Reply:
    """Return the reply in the last object that is an answer, or raise `_MisfitError`."""
    first: _MisfitError | None = None
    quoted = [found.value for found in objects_in(about)]
    for found in reversed(objects_in(raw.text, cut_off=raw.cut_off)):
        if found.value in quoted or (raw.cut_off and not _stands_alone(found, raw)):
            continue
        answers = list(_answers(found.value))
        try:
            replies = [_reply(answer) for answer in answers]
            if len({reply.label for reply in replies}) > 1:
                raise _MisfitError("it holds two answers with different labels")
        except _MisfitError as misfit:
            if any(name in answer for answer in answers for name in SIGNALS):
                raise  # it was meant as the answer: no draft before it takes its place
            first = first or misfit
            continue
        if replies:
            return replies[-1]
        first = first or _MisfitError("label: it is missing")
    raise first or _MisfitError("it holds no JSON object", none=True)


def _stands_alone(found: Found, raw: ChatReply) -> bool:
    """Return whether an object in a message that was cut off begins or ends it: it is no draft."""
    begins = FENCE.match(raw.text[: found.start]) and not raw.thought
    return bool(begins or FENCE.match(raw.text[found.end :]))


def _answers(value: Any, depth: int = 0) -> Iterator[dict[str, Any]]:
    """Yield the objects that are answers in a value: itself, or those that it wraps."""
    if isinstance(value, str) and depth and value.lstrip().startswith("{"):
        inner = [found.value for found in objects_in(value)]
        value = inner[0] if len(inner) == 1 else None
    if depth > WRAPPERS or not isinstance(value, dict | list):
        return
    if isinstance(value, dict):
        fields = _fields(value)
        # An echoed schema has an object there.
        if isinstance(fields.get("label"), str | list) or fields.get("label") is CONFLICT:
            yield fields
            return
        value = list(value.values())
    for one in value:
        yield from _answers(one, depth + 1)


def _fields(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what an object says by field, whatever the names' form; parts in objects of their own.

    Two values for one field are a conflict.
    """
    fields: dict[str, Any] = {}
    inner: list[Mapping[str, Any]] = []
    for key, value in values.items():
        name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", key).casefold().strip(AROUND)
        name = re.sub(r"[\s\-]+", "_", name)
        name = OTHER_NAMES.get(name, name)
        if name in FIELDS:
            fields[name] = CONFLICT if fields.get(name, value) != value else value
        elif isinstance(value, Mapping):
            inner.append(value)
    for part in inner if "label" in fields else ():
        for name, value in _fields(part).items():
            fields[name] = CONFLICT if fields.get(name, value) != value else value
    return fields


def _reply(fields: Mapping[str, Any]) -> Reply:
    """Return the reply that fields stand for, or raise `_MisfitError`."""
    values: dict[str, Any] = {"label": _choice(fields, "label", Label)}
    for name in SIGNALS:
        values[name] = _signal(fields, name)
    function = _folded(fields.get("function"))
    values["function"] = Function(function) if function in set(Function) else Function.OTHER
    quotes = (_text(quote) for quote in _as_list(fields.get("evidence")))
    values["evidence"] = [_cut(quote, LONGEST_QUOTE) for quote in quotes if quote][:MOST_QUOTES]
    rationale = " ".join(_text(part) for part in _as_list(fields.get("rationale")))
    values["rationale"] = _cut(rationale, LONGEST_RATIONALE)
    values["confidence_percent"] = _percentage(fields.get("confidence_percent"))
    try:
        return Reply.model_validate(values)
    except ValidationError as error:
        raise _MisfitError(explain(error)) from error


def _choice(fields: Mapping[str, Any], name: str, values: type[Label]) -> Label:
    """Return one of several values, or raise `_MisfitError`."""
    given = fields.get(name)
    if isinstance(given, list) and len(given) == 1:
        given = given[0]
    folded = _folded(given)
    for value in values:
        if folded == value:
            return value
    if given is CONFLICT:
        raise _MisfitError(f"{name}: it is given twice, and differently")
    raise _MisfitError(f"{name}: it must be one of {', '.join(values)}")


def _signal(fields: Mapping[str, Any], name: str) -> bool:
    """Return yes or no, or raise `_MisfitError`."""
    given = fields.get(name)
    if given is CONFLICT:
        raise _MisfitError(f"{name}: it is given twice, and differently")
    word = str(int(given)) if isinstance(given, int | float) and given in {0, 1} else _folded(given)
    if word not in YES_OR_NO:
        raise _MisfitError(f"{name}: it must be true or false")
    return YES_OR_NO[word]


def _percentage(given: Any) -> int | None:
    """Return the offered percentage that is nearest to a confidence; None: it is not readable.

    >>> [_percentage(given) for given in (85, "90", 0.9, "90 %", 100, 30, 1, "high")]
    [80, 90, 90, 90, 99, 50, None, None]
    """
    if isinstance(given, bool) or not isinstance(given, int | float | str):
        return None
    match = PERCENTAGE.fullmatch(str(given).strip(AROUND))
    number = float(match[1]) if match else math.nan
    if match and not match[2] and 0 < number < 1:
        number *= 100
    # 1 may be 1 % or all of it; less than that is no percentage that a model would state.
    if not 1 < number <= 100:
        return None
    return min(PERCENTAGES, key=lambda offered: (abs(offered - number), offered))


def _folded(given: Any) -> str:
    """Return a word in the form of the schema's values; "" for what is none.

    >>> _folded("'Build Software'."), _folded("AUTOMATE_PROCESS")
    ('build-software', 'automate-process')
    """
    text = given.strip(AROUND).casefold() if isinstance(given, str) else ""
    return re.sub(r"[\s_\-]+", "-", text)


def _as_list(given: Any) -> list[Any]:
    return given if isinstance(given, list) else [given]


def _text(given: Any) -> str:
    """Return a text, or the only one in an object; "" for what is none."""
    if isinstance(given, Mapping):
        texts = [value for value in given.values() if isinstance(value, str)]
        given = texts[0] if len(texts) == 1 else None
    return replace_surrogates(given).strip() if isinstance(given, str) else ""


def _cut(text: str, length: int) -> str:
    """Return the words of a text that have room.

    >>> _cut("Orders are typed in twice", 18)
    'Orders are typed'
    """
    if len(text) <= length:
        return text
    return text[: length + 1].rsplit(None, 1)[0][:length].rstrip()
