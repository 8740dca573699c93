"""What the output and error files of a batch say about its questions, in any order of the lines.

A line may be missing, doubled or broken. What was answered is taken once; what was refused for
what it is (400 and the like) is asked live; all else may go into another batch.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import IO, Any

from triage_agent.models.llm.completion import reported_usage
from triage_agent.models.llm.error_bodies import read_refusal, refusal_inside
from triage_agent.models.llm.refusals import RETRIED
from triage_agent.types import Usage


@dataclass(slots=True)
class BatchResults:
    """The answers of one batch; the file that holds them is open, and has no name."""

    file: IO[bytes]
    mode: str  # the output mode in which all were asked
    room: int  # the completion limit that was sent; 0: none
    usage: Usage = field(default_factory=Usage)
    answered: int = 0
    refused: int = 0
    refusal: str = ""  # how the last of them was refused: status and codes, no words of a text
    unreadable: int = 0  # lines, which may have been billed
    lost: bool = False  # a file is gone: what it held is not known
    _places: dict[bytes, int] = field(default_factory=dict)  # where the line of an answer begins
    _seen: set[bytes] = field(default_factory=set)  # what is answered or refused

    def take(self, question: str) -> Any:
        """Return the payload that answers a question, once; None: there is none, or no more."""
        place = self._places.pop(bytes.fromhex(question), None)
        if place is None:
            return None
        self.file.seek(place)
        return json.loads(self.file.readline())["response"]["body"]

    def left(self) -> Iterator[str]:
        """Yield the questions whose answers were not taken."""
        return (one.hex() for one in self._places)

    def unanswered(self, questions: Iterable[str]) -> list[str]:
        """Return which of the questions were neither answered nor refused."""
        return [one for one in questions if bytes.fromhex(one) not in self._seen]

    def read(self, questions: Iterable[str]) -> None:
        """Read the file: output and error lines about these questions; others are not ours."""
        wanted = {bytes.fromhex(one) for one in questions}
        self.file.seek(0)
        place = 0
        for line in self.file:
            if line.strip():
                self._read_line(line, place, wanted)
            place += len(line)

    def _read_line(self, line: bytes, place: int, wanted: set[bytes]) -> None:
        try:
            value = json.loads(line)
            question = bytes.fromhex(value["custom_id"])
        except (ValueError, TypeError, LookupError, RecursionError):
            self.unreadable += 1
            return
        if question not in wanted or question in self._seen:
            return
        response = value.get("response")
        response = response if isinstance(response, dict) else {}
        status, body = response.get("status_code"), response.get("body")
        if status == 200 and isinstance(body, dict) and refusal_inside(body) is None:
            self._places[question] = place
            self._seen.add(question)
            self.answered += 1
            self.usage += reported_usage(body) or Usage(calls=1)
        elif isinstance(status, int) and 400 <= status < 500 and status not in RETRIED:
            self._seen.add(question)
            self.refused += 1
            codes = sorted(read_refusal(status, json.dumps(body), {}).codes)
            self.refusal = ", ".join([str(status), *codes[:3]])
