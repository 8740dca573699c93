"""The problems of a text as passages that a language model copied out of it: where they stand.

A passage that does not stand in the text says nothing about it, so a reply with one is no reading
of the text. It is stored as that: to ask again would cost as much, and most models say it again.
"""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from triage_agent.errors import ReplyError
from triage_agent.files import explain
from triage_agent.intake import MOST_PASSAGES
from triage_agent.models.llm.json_objects import DECODER, objects_in
from triage_agent.models.llm.quotations import words_of
from triage_agent.models.llm.reply_form import ReplyForm
from triage_agent.models.protocols import ChatReply, ChatRequest
from triage_agent.types import Usage

OPENING, CLOSING = "([{\"'“‘«„$€£#", ")]}\"'”’».!?…%"  # that belong to the word beside them
Span = tuple[int, int]


class PassagesReply(BaseModel):
    """What a language model must send back: the problems, word for word, in their order."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    problems: list[str]


class Misfit(StrEnum):
    """Why passages are not those of a text."""

    INVENTED = "invented"  # words that do not stand in it
    DISORDERED = "disordered"  # another order than the text's, or passages that overlap


@dataclass(frozen=True, slots=True)
class Passages:
    """A reply that fits the schema, held against the text that was sent."""

    places: tuple[Span, ...]  # in their order, apart from each other; empty with a misfit
    misfit: Misfit | None = None  # None: every passage stands in the text
    usage: Usage = field(default_factory=Usage)  # what it cost this time
    output_mode: str = ""
    from_cache: bool = False


@cache
def passages_schema() -> dict[str, Any]:
    """Return the JSON Schema of `PassagesReply`."""
    problems = {"type": "array", "items": {"type": "string"}, "maxItems": MOST_PASSAGES}
    return {
        "type": "object",
        "properties": {"problems": problems},
        "required": ["problems"],
        "additionalProperties": False,
    }


class PassagesForm(ReplyForm[Passages]):
    """The problems of a text, as passages of it."""

    def read(self, raw: ChatReply, request: ChatRequest) -> Passages:
        """Return where the passages stand, or raise `ReplyError` if there is no list of them."""
        reply = _reply_in(raw, request.text)
        found = places_of(reply.problems, request.text)
        if isinstance(found, Misfit):
            return Passages((), found, raw.usage, raw.output_mode)
        return Passages(found, None, raw.usage, raw.output_mode)

    def briefer(self, request: ChatRequest) -> ChatRequest | None:  # noqa: ARG002
        """Return None: there is no shorter way to say it."""
        return None

    def pack(self, answer: Passages, text: str) -> str:  # noqa: ARG002 (it holds no words)
        """Return the places as JSON."""
        usage = answer.usage
        values = {
            "places": answer.places,
            "misfit": answer.misfit,
            "usage": (usage.calls, usage.input_tokens, usage.output_tokens),
            "output_mode": answer.output_mode,
        }
        return json.dumps(values, separators=(",", ":"))

    def unpack(self, packed: str, text: str) -> Passages:
        """Return the places; raises `ValueError` if they are not those of passages of the text."""
        values = json.loads(packed)
        places = tuple((int(start), int(end)) for start, end in values["places"])
        ends = [0, *(place for one in places for place in one)]
        if ends != sorted(ends) or ends[-1] > len(text) or any(a == b for a, b in places):
            raise ValueError("these are no passages of this text")
        misfit = None if values["misfit"] is None else Misfit(values["misfit"])
        return Passages(places, misfit, Usage(*values["usage"]), values["output_mode"])

    def from_cache(self, answer: Passages) -> Passages:
        """Return the answer without its cost."""
        return replace(answer, usage=Usage(), from_cache=True)


def places_of(passages: Sequence[str], text: str) -> tuple[Span, ...] | Misfit:
    """Return where passages stand in a text, each behind the one before it.

    Case, white space and punctuation do not matter, and every word does. A passage without a word
    is none.

    >>> places_of(["leads get  lost", "Stock is wrong"], "1) Leads get lost. 2) Stock is wrong!")
    ((3, 18), (22, 37))
    >>> places_of(["stock is wrong", "leads get lost"], "Leads get lost. Stock is wrong.").value
    'disordered'
    """
    there = words_of(text)
    plain, at, found = [word for *_, word in there], 0, list[Span]()
    for passage in passages:
        wanted = [word for *_, word in words_of(passage)]
        if not wanted:
            continue
        first = _run(wanted, plain, at)
        if first is None:
            elsewhere = _run(wanted, plain, 0) is not None
            return Misfit.DISORDERED if elsewhere else Misfit.INVENTED
        at = first + len(wanted)
        begin = there[at][0] if at < len(there) else len(text)  # of the word after it
        before = there[first - 1][1] if first else 0
        found.append(_with_signs(text, there[first][0], there[at - 1][1], before, begin))
    return tuple(found)


def _run(wanted: Sequence[str], words: Sequence[str], at: int) -> int | None:
    """Return where a run of words first stands among others, from a place on; None: nowhere."""
    for first in range(at, len(words) - len(wanted) + 1):
        if words[first] == wanted[0] and words[first : first + len(wanted)] == wanted:
            return first
    return None


def _with_signs(text: str, start: int, end: int, before: int, after: int) -> Span:
    """Return a run of words with the signs that belong to its first and its last word."""
    while start > before and text[start - 1] in OPENING:
        start -= 1
    while end < after and text[end] in CLOSING:
        end += 1
    return start, end


def _reply_in(raw: ChatReply, about: str) -> PassagesReply:
    """Return the validated reply in a message: the last object in it that fits.

    What stands in the text itself is a quotation of it. A message that was cut off may lack the
    last passages, and is none.
    """
    misfit: ValidationError | None = None
    if not raw.cut_off:
        try:
            return PassagesReply.model_validate(DECODER.decode(raw.text))
        except (ValueError, RecursionError):  # pydantic's error is one too
            pass
        quoted = [found.value for found in objects_in(about)]
        for found in reversed(objects_in(raw.text)):
            if not isinstance(found.value, dict) or found.value in quoted:
                continue
            named = {
                re.sub(r"\W", "", str(key)).casefold(): one for key, one in found.value.items()
            }
            try:
                return PassagesReply.model_validate({"problems": named.get("problems")})
            except ValidationError as error:
                misfit = misfit or error
    raise _error(raw, misfit)


def _error(raw: ChatReply, misfit: ValidationError | None) -> ReplyError:
    """Return what is said about a reply that holds no passages."""
    complaint = explain(misfit) if misfit else "it holds no JSON object"
    if raw.cut_off:
        kind, said = "truncated", "The model reached the completion limit before its last passage."
    elif misfit is None:
        kind, said = "not_json", "The model's reply holds no JSON object."
    else:
        kind, said = "bad_schema", f"The model's reply does not fit the schema ({complaint})."
    return ReplyError(said, kind, raw.text, raw.usage, complaint)


PASSAGES = PassagesForm()
