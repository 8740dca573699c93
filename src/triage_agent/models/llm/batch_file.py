"""The requests of one batch, as the lines of a file that has no name on this machine."""

import tempfile
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import IO, Any, Final

from pydantic_core import to_json

from triage_agent.errors import SettingsError
from triage_agent.models.llm.budget import upper_bound
from triage_agent.models.llm.metering import BYTES_PER_TOKEN
from triage_agent.models.llm.prices import Price

ENDPOINT: Final = "/v1/chat/completions"  # as batches name it, wherever the server has it
# OpenAI, https://developers.openai.com/api/docs/guides/batch: 50,000 requests and 200 MB.
MOST_REQUESTS = 50_000
MOST_BYTES = 200_000_000


@contextmanager
def room_for_it() -> Iterator[None]:
    """Raise `SettingsError` if a temporary file cannot be written in the block."""
    try:
        yield
    except OSError as error:
        raise SettingsError(
            f"What goes into batches or comes from them cannot be put aside in "
            f"{tempfile.gettempdir()}: {error.strerror}. Free some space there, or set TMPDIR to "
            "another folder."
        ) from error


@dataclass(slots=True)
class RequestFile:
    """Requests that are to be asked alike: in one output mode, with one completion limit."""

    mode: str
    room: int  # the completion limit; 0: none is sent
    file: IO[bytes] = field(default_factory=tempfile.TemporaryFile)
    size: int = 0
    tokens: int = 0  # of the requests, about
    bound: int = 0  # micro-dollars that they can cost at most
    bounds: dict[str, int] = field(default_factory=dict)  # the same of each, by question

    def only(self, questions: Collection[str]) -> "RequestFile":
        """Return a file with some of the requests."""
        kept, wanted = RequestFile(self.mode, self.room), set(questions)
        self.file.seek(0)
        for question, line in zip(self.bounds, self.file, strict=True):
            if question in wanted:
                kept._write(question, line, self.bounds[question])
        self.close()
        return kept

    def add(self, request: "BatchRequest") -> None:
        """Write one request more."""
        self._write(request.question, request.line, request.bound)

    def has_room(self, request: "BatchRequest") -> bool:
        """Return whether a provider would still take the file with this request in it."""
        alike = (request.mode, request.room) == (self.mode, self.room)
        small = self.size + len(request.line) <= MOST_BYTES
        return alike and small and len(self.bounds) < MOST_REQUESTS

    def close(self) -> None:
        """Remove the file."""
        self.file.close()

    def _write(self, question: str, line: bytes, bound: int) -> None:
        with room_for_it():
            self.file.write(line)
        self.size += len(line)
        self.tokens += len(line) // BYTES_PER_TOKEN
        self.bound += bound
        self.bounds[question] = bound


@dataclass(frozen=True, slots=True)
class BatchRequest:
    """One question as a line of a batch."""

    question: str  # the key of its answer in the cache, which names it in the batch too
    line: bytes
    mode: str
    room: int
    bound: int  # micro-dollars that it can cost at most; 0: the price is not known

    @classmethod
    def of(
        cls, question: str, body: dict[str, Any], mode: str, room: int, price: Price | None
    ) -> "BatchRequest":
        """Return the line for a request's body."""
        line = {"custom_id": question, "method": "POST", "url": ENDPOINT, "body": body}
        bound = upper_bound(len(to_json(body)), room, price) if price else 0
        return cls(question, to_json(line) + b"\n", mode, room, bound)

    @property
    def tokens(self) -> int:
        """About how many tokens it has."""
        return len(self.line) // BYTES_PER_TOKEN
