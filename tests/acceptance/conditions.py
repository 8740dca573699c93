"""A request as it came in, and the conditions under which a response is played."""

import re
import time
from dataclasses import dataclass
from typing import Any

from acceptance.answers import form_of, texts_of

Json = dict[str, Any]


@dataclass
class Seen:
    """A request as it came in."""

    number: int
    path: str
    headers: dict[str, str]
    body: Json
    row: str
    row_number: int
    in_flight: int
    at: float

    @property
    def limit(self) -> float:
        """The limit of the completion; none is as good as endless."""
        given = self.body.get("max_completion_tokens") or self.body.get("max_tokens")
        return given or float("inf")

    @property
    def form(self) -> str:
        """How the request asks for JSON."""
        return form_of(self.body)


def fits(name: str, wanted: Any, seen: Seen, first: float | None) -> bool:
    """Return whether a request meets the condition of that name."""
    body = seen.body
    prompt = "\n".join(texts_of(body))
    last = texts_of(body)[-1] if texts_of(body) else ""
    value = {
        "call": lambda: _among(seen.number, wanted),
        "row": lambda: seen.row in ([wanted] if isinstance(wanted, str) else wanted),
        "row_call": lambda: _among(seen.row_number, wanted),
        "has": lambda: all(body.get(key) is not None for key in wanted),
        "has_any": lambda: any(body.get(key) is not None for key in wanted),
        "lacks": lambda: all(body.get(key) is None for key in wanted),
        "equals": lambda: all(body.get(key) == it for key, it in wanted.items()),
        "not_equals": lambda: any(body.get(key) != it for key, it in wanted.items()),
        "limit_below": lambda: seen.limit < wanted,
        "limit_over": lambda: seen.limit > wanted,
        "no_limit": lambda: (seen.limit == float("inf")) is wanted,
        "form": lambda: seen.form in ([wanted] if isinstance(wanted, str) else wanted),
        "not_form": lambda: seen.form not in ([wanted] if isinstance(wanted, str) else wanted),
        "system": lambda: (
            any(m["role"] in ("system", "developer") for m in body["messages"]) is wanted
        ),
        "prompt_has": lambda: wanted.lower() in prompt.lower(),
        "prompt_lacks": lambda: wanted.lower() not in prompt.lower(),
        "last_has": lambda: wanted.lower() in last.lower(),
        "last_lacks": lambda: wanted.lower() not in last.lower(),
        "path": lambda: re.search(wanted, seen.path) is not None,
        "path_not": lambda: re.search(wanted, seen.path) is None,
        "header": lambda: all(
            re.search(it, seen.headers.get(key, "")) for key, it in wanted.items()
        ),
        "no_header": lambda: any(
            not re.search(it, seen.headers.get(key, "")) for key, it in wanted.items()
        ),
        "in_flight_over": lambda: seen.in_flight > wanted,
        "seconds_below": lambda: time.monotonic() - (first or 0) < wanted,
        "one_system_first": lambda: (
            ([m["role"] for m in body["messages"]].count("system") == 1) is wanted
        ),
        "tool_choice_forced": lambda: (
            (body.get("tool_choice") not in (None, "auto", "none")) is wanted
        ),
    }[name]
    return value()


def _among(number: int, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return wanted[0] <= number <= wanted[1]
    return number == wanted
