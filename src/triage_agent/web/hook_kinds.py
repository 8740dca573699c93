"""The form tools that send to a hook: how each signs, names an answer and wraps it.

What is kept is the JSON of one form, which the reader of tables takes apart as it does an export.
"""

import json
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.formparsers import MultiPartException, MultiPartParser

from triage_agent.errors import InputError
from triage_agent.web.hook_signatures import Verdict, standard, tally, typeform

LONGEST_ID = 500  # characters of a form tool's id of an answer
MOST_FIELDS = 100
OF_A_QUESTION = re.compile(r"q\d+_")  # how Jotform's names of answers begin
BOUNDARY = re.compile(r"""boundary="?([A-Za-z0-9'()+_,./:=?-]{1,70})"?""")
ABOUT_TYPEFORM = frozenset({
    "event_id", "event_type", "form_id", "token", "landed_at", "submitted_at", "landing_id",
    "response_url", "response_type", "variables", "ending.id", "ending.ref", "thankyou_screen_ref",
})  # fmt: skip
ABOUT_TALLY = frozenset({
    "eventId", "eventType", "createdAt", "responseId", "submissionId", "respondentId", "formId",
    "formName",
})  # fmt: skip
IDS = ("id", "submission_id", "submissionId", "response_id", "responseId")
NO_ID = "This has no id of the answer, by which it is known when it is sent again."


@dataclass(frozen=True, slots=True)
class Arrived:
    """One answer of a form: the tool's own id of it, and its JSON."""

    sent_id: str
    content: str


Read = Callable[[Mapping[str, str], bytes], Awaitable[Arrived | None]]
Signature = Callable[[Mapping[str, str], bytes, str, float], Verdict]


@dataclass(frozen=True, slots=True)
class Kind:
    """A form tool.

    Attributes:
        name: As people call it.
        read: Returns what arrived by headers and body; None: it is no finished answer. Raises
            `InputError`.
        signature: How it signs; None: the secret stands in the address.
        is_whole: Whether what it sends names every question, answered or not.
        asked: Returns, of the JSON, questions that are named apart from the answers.
        about: What the tool says of an answer, which is no question.
    """

    name: str
    read: Read
    signature: Signature | None
    is_whole: bool = False
    asked: Callable[[Any], Sequence[str]] = lambda _: ()
    about: frozenset[str] = frozenset()


async def _typeform(_: Mapping[str, str], body: bytes) -> Arrived | None:
    sent, content = _object(body)
    answer = sent.get("form_response")
    if sent.get("event_type", "form_response") != "form_response":  # a partial one
        return None
    if not isinstance(answer, dict):
        raise InputError("This is not an answer of Typeform: it has no form_response.")
    if answer.get("answers") == []:  # what was not answered is left out: nothing was
        return None
    return Arrived(_id(answer.get("token") or sent.get("event_id")), content)


def _asked_by_typeform(sent: Any) -> Sequence[str]:
    """Return the questions of the form: an answer that was not given is left out elsewhere."""
    definition = sent.get("form_response", {}).get("definition")
    fields = definition.get("fields") if isinstance(definition, dict) else None
    named = [one.get("title") for one in fields or () if isinstance(one, dict)]
    return [one for one in named if isinstance(one, str) and one]


async def _tally(_: Mapping[str, str], body: bytes) -> Arrived | None:
    sent, content = _object(body)
    answer = sent.get("data")
    if not isinstance(answer, dict) or not isinstance(answer.get("fields"), list):
        raise InputError("This is not an answer of Tally: it has no data with fields.")
    known = answer.get("submissionId") or answer.get("responseId") or sent.get("eventId")
    return Arrived(_id(known), content)


async def _jotform(headers: Mapping[str, str], body: bytes) -> Arrived | None:
    fields = await _parts(headers.get("content-type", ""), body)
    sent, _ = _object(fields.get("rawRequest", "").encode("utf-8", "replace"))
    answers = {name: value for name, value in sent.items() if OF_A_QUESTION.match(name)}
    if not answers:
        raise InputError("This is not an answer of Jotform: its rawRequest has no question.")
    return Arrived(_id(fields.get("submissionID")), json.dumps(answers))


async def _plain(headers: Mapping[str, str], body: bytes) -> Arrived | None:
    sent, content = _object(body)
    header = headers.get("webhook-id") or headers.get("idempotency-key")
    return Arrived(_id(header or next((sent[one] for one in IDS if one in sent), None)), content)


KINDS: dict[str, Kind] = {
    "typeform": Kind(
        "Typeform",
        _typeform,
        typeform,
        is_whole=True,
        asked=_asked_by_typeform,
        about=ABOUT_TYPEFORM,
    ),
    "tally": Kind("Tally", _tally, tally, is_whole=True, about=ABOUT_TALLY),
    "jotform": Kind("Jotform", _jotform, None),
    "google": Kind("Google Forms", _plain, standard, is_whole=True),
    "json": Kind("JSON", _plain, standard),
    "json-address": Kind("JSON", _plain, None),
}


def _object(body: bytes) -> tuple[dict[str, Any], str]:
    """Return the JSON object of a body, and its text."""
    try:
        text = body.decode()
        sent = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise InputError("This is not JSON in UTF-8.") from error
    if not isinstance(sent, dict):
        raise InputError("This is not a JSON object.")
    return sent, text


def _id(given: Any) -> str:
    """Return a form tool's id of an answer."""
    text = str(given) if isinstance(given, str | int) and not isinstance(given, bool) else ""
    if not text.strip():
        raise InputError(NO_ID)
    if len(text) > LONGEST_ID:
        raise InputError(f"The id of the answer is longer than {LONGEST_ID} characters.")
    return text


async def _parts(content_type: str, body: bytes) -> dict[str, str]:
    """Return the fields of a multipart body, as UTF-8 whatever it says of itself."""
    found = BOUNDARY.search(content_type)
    if not content_type.lower().startswith("multipart/form-data") or found is None:
        raise InputError("This is not multipart/form-data.")

    async def stream() -> AsyncGenerator[bytes, None]:
        yield body

    plain = Headers({"content-type": f'multipart/form-data; boundary="{found[1]}"'})
    try:
        form = await MultiPartParser(
            plain, stream(), max_files=0, max_fields=MOST_FIELDS, max_part_size=len(body) + 1
        ).parse()
    except MultiPartException as error:
        raise InputError("This is not multipart/form-data that can be read.") from error
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}
