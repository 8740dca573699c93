"""What a sent form holds."""

from collections.abc import Mapping

from starlette.exceptions import HTTPException
from starlette.requests import Request

from triage_agent.errors import InputError

MOST_FIELDS = 300
LONGEST_FIELD = 100_000  # characters, 30 pages: taking ten times as many apart takes seconds
LONGEST_NUMBER = 18  # digits that a number of a table may have
KIND = "application/x-www-form-urlencoded"  # how browsers send our forms; none of them holds a file


async def fields_of(request: Request) -> Mapping[str, str]:
    """Return the fields of a sent form; of a name that stands twice, the last value.

    Answers 415 to what no form of ours sends. The other kind, multipart, lets the sender choose the
    encoding: some make characters that cannot be kept, and some take minutes.
    """
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    packed = request.headers.get("content-encoding", "identity").strip().lower()
    if kind != KIND or packed != "identity":
        raise HTTPException(415)
    async with request.form(max_files=0, max_fields=MOST_FIELDS) as form:
        return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def check_lengths(form: Mapping[str, str]) -> None:
    """Raise `InputError` if a field is too long to be read soon."""
    if any(len(value) > LONGEST_FIELD for value in form.values()):
        raise InputError(f"This is longer than {LONGEST_FIELD:,} characters. Give less of it.")


def number_of(text: str) -> int:
    """Return the number that a field holds; 0 for what is none, or none of ours.

    >>> number_of("12"), number_of("²"), number_of("9" * 5000)
    (12, 0, 0)
    """
    return int(text) if text.isascii() and text.isdigit() and len(text) < LONGEST_NUMBER else 0
