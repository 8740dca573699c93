"""Text comes in: arguments, pasted text or JSON Lines become problems."""

import json
import os
import re
import shlex
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from triage_agent.errors import InputError
from triage_agent.files import is_file, replace_surrogates
from triage_agent.types import Problem

MARKER = re.compile(r"^\s*(?:\(?\d{1,3}[.):]|[-*•‣◦–—])\s+(?=\S)")
LINE_END = b"\n"
LARGEST_INPUT = 10_000_000  # bytes of a pasted text, or of one line of JSON Lines
NO_PROBLEM = (
    "There is no problem to read. Give one as an argument in quotes, like "
    '"We lose leads because nobody follows up", or pipe text in.'
)
FILE_NAME = re.compile(r"^[^\s]+\.(?:csv|tsv|xlsx?|jsonl?|txt|md|docx?|pdf)$", re.IGNORECASE)
TECHNOLOGY = (
    r"app|apps|application|software|website|web ?site|chat ?bot|bot|crm|erp|ai|a\.i\.|agents?"
    r"|dashboard|portal|platform|system|automation|tool|database|api|chatgpt|gpt|zapier"
)
WISH = re.compile(
    r"^\W*(?:(?:we|i|they)(?:'d|’d| would)? (?:(?:really |just |all )?(?:need|want|like|require))"
    r"(?: to (?:have|get|build|use|buy|make))?|build (?:us|me)|get (?:us|me)|make (?:us|me))"
    rf"(?: (?:an?|some|the|our|own|new|better|custom|mobile|modern|good))*(?: \w+)? "
    rf"(?:{TECHNOLOGY})\b\W*(?:\w+\W*){{0,4}}$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Rejected:
    """One row of input that is not a problem description, and why."""

    id: str
    text: str
    error: InputError


def from_arguments(texts: Sequence[str], command: str) -> list[str]:
    """Return the texts of a command's arguments; none for a single dash, which is standard input.

    Raises `InputError` when an argument is a file's path instead of text.
    """
    for number, text in enumerate(texts, start=1):
        if _names_a_file(text):
            raise InputError(
                f"Argument {number} is the name of a file, {text!r}, not a problem. "
                f"To read problems from it: triage {command} < {shlex.quote(text)}"
            )
    if [*texts] == ["-"]:
        return []
    # A blank before a dash kept the text from being read as an option.
    return [text[1:] if text.startswith(" -") else text for text in texts]


def from_stream(stream: BinaryIO, *, bounded: bool = True) -> Iterator[str | Problem | Rejected]:
    """Yield what an input stream holds: JSON Lines problem by problem, else one pasted text.

    It is JSON Lines when its first line that is not blank is a JSON object. Raises `InputError`
    if the input is empty, not UTF-8 or larger than `LARGEST_INPUT`. Not `bounded`: JSON Lines may
    go on for ever, as each line is forgotten before the next is read; a single one is limited.
    """
    found, read, number = _lines(stream), bytearray(), 0
    for number, first in enumerate(found, start=1):  # noqa: B007  (counted)
        _add(read, first)
        if first.strip(b" \t\r\n\xef\xbb\xbf\x00"):
            break
    else:
        raise InputError(NO_PROBLEM)
    if not first.lstrip(b"\xef\xbb\xbf \t").startswith(b"{"):
        for line in found:
            _add(read, line)
        text = decode(bytes(read))
        if not text.strip().strip("\ufeff"):
            raise InputError(NO_PROBLEM)
        yield text
        return
    yield _json_line(first, number)
    for place, line in enumerate(found, start=number + 1):
        if bounded:
            _add(read, line)
        if line.strip():
            yield _json_line(line, place)


def decode(raw: bytes) -> str:
    """Return the text of raw input: UTF-8, or UTF-16 if a byte-order mark says so."""
    if raw[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        encoding, mark = "utf-16", 0
    else:
        encoding, mark = "utf-8", 3 * raw.startswith(b"\xef\xbb\xbf")
    try:
        return raw[mark:].decode(encoding)
    except UnicodeDecodeError as error:
        place = mark + error.start
        raise InputError(
            f"The input is not {encoding.upper()}: byte {place + 1} "
            f"(line {raw.count(LINE_END, 0, place) + 1}) is 0x{raw[place]:02x}. "
            "Save the file as UTF-8 and try again."
        ) from error


def is_technology_wish(text: str) -> bool:
    """Return whether a text only names a technology and not the problem behind it.

    >>> is_technology_wish("We need an app"), is_technology_wish("We need an app because customers"
    ...     " cannot see where their delivery is")
    (True, False)
    """
    return len(text) < 120 and WISH.match(text.strip()) is not None


def _lines(stream: BinaryIO) -> Iterator[bytes]:
    """Yield the lines of a stream, each of them of a bounded length."""
    try:
        while line := stream.readline(LARGEST_INPUT + 1):
            yield line
    except (OSError, ValueError) as error:  # a folder, or a stream that is open for writing only
        why = getattr(error, "strerror", None) or error
        raise InputError(f"The input cannot be read: {why}. Pipe text in.") from error


def _add(read: bytearray, line: bytes) -> None:
    """Add a line to what was read, up to the limit."""
    read += line
    if len(read) > LARGEST_INPUT:
        raise InputError(
            f"The input is larger than {LARGEST_INPUT // 1_000_000} MB, the limit for pasted text. "
            "Give fewer problems, or a table of any size to `triage batch`."
        )


def _json_line(line: bytes, number: int) -> Problem | Rejected:
    """Return the problem that one line holds, or why there is none."""
    place = f"Line {number}"
    if len(line) > LARGEST_INPUT:
        raise InputError(
            f"{place} is longer than {LARGEST_INPUT // 1_000_000} MB, the limit. Leave it out."
        )
    try:
        value: Any = json.loads(line.decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        return _rejected(number, "", f"{place} is not UTF-8 (byte {error.start + 1} of the line).")
    except (ValueError, RecursionError) as error:
        column = f" (column {error.colno})" if isinstance(error, json.JSONDecodeError) else ""
        return _rejected(
            number, "", f"{place} is not valid JSON{column}. Correct it, or leave it out."
        )
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return _rejected(
            number, "", f'{place} needs a JSON object with a "text" that is a string.', value
        )
    return Problem(_id_of(value, number), replace_surrogates(value["text"]))


def _id_of(value: Any, number: int) -> str:
    """Return the row's own id, else the line's number."""
    own = value.get("id") if isinstance(value, dict) else None
    is_id = isinstance(own, str | int) and str(own).strip()
    return replace_surrogates(str(own)) if is_id else str(number)


def _rejected(number: int, text: str, message: str, value: Any = None) -> Rejected:
    """Return a rejection of one line."""
    return Rejected(_id_of(value, number), text, InputError(message))


def _names_a_file(text: str) -> bool:
    """Return whether a text is a path: of a file that exists, or that looks like a data file's."""
    candidate = text.strip()
    if not candidate or len(candidate) > 300 or "\n" in candidate or "\0" in candidate:
        return False
    if FILE_NAME.match(candidate):
        return True
    return (os.sep in candidate or "." in candidate) and is_file(Path(candidate))
