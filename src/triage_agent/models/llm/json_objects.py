"""The JSON in what a model wrote: strict JSON, and JSON with slips that leave no doubt.

Such slips are a comma too many, a comment, single quotes, unquoted keys, Python's `True` and
`None`, a line break within a string. Nothing that is missing is made up: where text has to be
invented to make it JSON, there is none. (The libraries that repair JSON do invent; the standard
library and pydantic read all of the above without.)
"""

import ast
import json
import re
from dataclasses import dataclass
from typing import Any

from pydantic_core import from_json

MOST_PLACES = 200  # at which an object or a list is looked for, the last ones of the text
LONGEST = 20_000  # characters of JSON with slips; a full reply has under 1,500
STARTS = re.compile(r"[{\[]")
# Strings first: what stands in one is neither a comment nor a bracket.
TOKEN = re.compile(
    r""""(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'|//[^\n]*|/\*.*?\*/|[{}\[\]]""", re.DOTALL
)
WORDS = {"true": True, "false": False, "null": None, "none": None}
UNFINISHED_NUMBER = re.compile(r"[0-9.]\s*\Z")
CONFLICT = object()  # the value of a key that stands twice in an object, with different values


@dataclass(frozen=True, slots=True)
class Found:
    """An object or a list in a text, and where it stands there."""

    value: Any
    start: int
    end: int


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made: dict[str, Any] = {}
    for key, value in pairs:
        made[key] = CONFLICT if key in made and made[key] != value else value
    return made


# Not strict about one thing: a line break may stand within a string.
DECODER = json.JSONDecoder(object_pairs_hook=_object, strict=False)


def objects_in(text: str, *, cut_off: bool = False) -> list[Found]:
    """Return the outermost objects and lists of a text in order, with `cut_off` also its last.

    >>> [found.value for found in objects_in("Not {this}, but {'a': True,} and {b: 1}")]
    [{'a': True}, {'b': 1}]
    >>> objects_in('{"a": true, "b": "cut of', cut_off=True)[0].value
    {'a': True}
    """
    found: list[Found] = []
    end = 0
    for start in [match.start() for match in STARTS.finditer(text)][-MOST_PLACES:]:
        if start < end:
            continue
        one = _read(text, start) or (_unfinished(text, start) if cut_off else None)
        if one:
            found.append(one)
            end = one.end
    return found


def _read(text: str, start: int) -> Found | None:
    """Return the object or list that starts at one place; None: it is none."""
    try:
        return Found(*_placed(DECODER.raw_decode(text, start), start))
    except (ValueError, RecursionError):
        pass
    end = _closing(text, start)
    if end is None:
        return None
    try:
        return Found(_value(ast.parse(_as_python(text[start:end]), mode="eval").body), start, end)
    except (ValueError, SyntaxError, RecursionError, MemoryError):  # of the parser: too deep
        return None


def _placed(decoded: tuple[Any, int], start: int) -> tuple[Any, int, int]:
    return decoded[0], start, decoded[1]


def _closing(text: str, start: int) -> int | None:
    """Return where the bracket that opens at one place is closed; None: nowhere near."""
    depth = 0
    for match in TOKEN.finditer(text, start, start + LONGEST):
        depth += (match[0] in "{[") - (match[0] in "}]")
        if not depth:
            return match.end()
    return None


def _as_python(fragment: str) -> str:
    """Return JSON with slips as a Python expression: strings as Python's, without comments."""
    return TOKEN.sub(lambda match: _token(match[0]), fragment)


def _token(token: str) -> str:
    if token.startswith("/"):
        return " "
    if token.startswith("'"):
        token = '"' + token[1:-1].replace("\\'", "'").replace('\\"', '"').replace('"', '\\"') + '"'
    return repr(json.loads(token, strict=False)) if token.startswith('"') else token


def _value(node: ast.expr) -> Any:
    """Return the value of an expression of constants, or raise `ValueError`."""
    match node:
        case ast.Dict(keys=keys, values=values):
            return _object([(_key(k), _value(v)) for k, v in zip(keys, values, strict=True)])
        case ast.List(elts=items):
            return [_value(item) for item in items]
        case ast.Constant(value=str() | int() | float() | None as value):
            return value
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as number)):
            return -number
        case ast.Name(id=name) if name in WORDS:
            return WORDS[name]
    raise ValueError("not JSON")


def _key(node: ast.expr | None) -> str:
    match node:
        case ast.Constant(value=str() as key) | ast.Name(id=key):
            return key
    raise ValueError("not a key")


def _unfinished(text: str, start: int) -> Found | None:
    """Return the object that starts at one place, with what of it is complete where the text ends.

    None: it is none, or the text goes on after it.
    """
    if text[start] != "{":
        return None
    try:
        # It takes no half of a surrogate pair, which a server may send.
        value = from_json(text[start:].encode("utf-8", "replace"), allow_partial=True)
    except ValueError:
        return None
    if not (isinstance(value, dict) and value):
        return None
    if UNFINISHED_NUMBER.search(text):  # 9 may be the beginning of 95
        del value[next(reversed(value))]
    return Found(value, start, len(text))
