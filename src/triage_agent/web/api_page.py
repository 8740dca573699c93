"""The page that describes the API to people, made of its description for programs (OpenAPI).

Usual viewers load scripts and styles that our policy refuses; this page needs neither.
"""

import json
import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, cast

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Mount, Route

from triage_agent.web.pages import page
from triage_agent.web.site import site_of

PATH = "/api/docs"
Schema = Mapping[str, Any]
NO_TYPE = "anything"


@dataclass(frozen=True, slots=True)
class Field:
    """One field of a request."""

    name: str
    kind: str
    about: str
    required: bool


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One request that the API takes."""

    method: str
    path: str
    summary: str
    fields: tuple[Field, ...]
    command: str  # that asks it, for a shell


async def described(request: Request) -> Response:
    """Show what programs can ask."""
    (api,) = (
        cast("FastAPI", route.app)
        for route in request.app.routes
        if isinstance(route, Mount) and route.path == "/api"
    )
    document = api.openapi()
    return page(
        request,
        "api.html.j2",
        endpoints=list(_endpoints(document, f"{site_of(request).options.address}/api")),
        answers=_answers(document),
    )


ROUTES = [Route(PATH, described)]


def _endpoints(document: Schema, address: str) -> Iterator[Endpoint]:
    """Yield the requests in their order."""
    for path, methods in document["paths"].items():
        for method, asked in methods.items():
            content = asked.get("requestBody", {}).get("content", {})
            schema = _found(document, content.get("application/json", {}).get("schema", {}))
            fields = tuple(_fields(document, schema))
            example = next(iter(schema.get("examples", [])), None)
            command = _command(method.upper(), address + path, example)
            yield Endpoint(method.upper(), f"/api{path}", asked["summary"], fields, command)


def _fields(document: Schema, schema: Schema) -> Iterator[Field]:
    needed = set(schema.get("required", []))
    for name, one in schema.get("properties", {}).items():
        about = _found(document, one).get("description", "")
        yield Field(name, _kind(document, one), about, name in needed)


def _kind(document: Schema, schema: Schema) -> str:
    """Return what a field is in a few words.

    >>> _kind({}, {"anyOf": [{"type": "string", "maxLength": 9}, {"type": "null"}]})
    'text of at most 9 characters'
    >>> _kind({}, {"type": "array", "maxItems": 2, "items": {"type": "integer", "maximum": 3}})
    'list of at most 2: number up to 3'
    """
    schema = _found(document, schema)
    if "anyOf" in schema:
        kinds = [_kind(document, one) for one in schema["anyOf"] if one.get("type") != "null"]
        return ", or ".join(kinds)
    kind = schema.get("type", NO_TYPE)
    if kind == "string":
        most = schema.get("maxLength")
        return f"text of at most {most:,} characters" if most else "text"
    if kind == "array":
        most = schema.get("maxItems")
        inner = _kind(document, schema.get("items", {}))
        return f"list of at most {most:,}: {inner}" if most else f"list: {inner}"
    if kind in {"integer", "number"}:
        most = schema.get("maximum")
        return "number" if most is None else f"number up to {most:g}"
    if kind == "object" and "properties" in schema:
        return "{" + ", ".join(schema["properties"]) + "}"
    return "true or false" if kind == "boolean" else str(kind)


def _found(document: Schema, schema: Schema) -> Schema:
    """Return a schema, or the one that it refers to."""
    name = schema.get("$ref", "").rpartition("/")[2]
    return cast("Schema", document["components"]["schemas"][name]) if name else schema


def _command(method: str, url: str, example: object) -> str:
    """Return a command that asks, for a shell; the token is in a variable."""
    lines = ['curl -H "Authorization: Bearer $TOKEN"']
    if method != "GET":
        body = shlex.quote(json.dumps(example, ensure_ascii=False))
        lines += ['-H "Content-Type: application/json"', f"-d {body}"]
    return " \\\n    ".join([*lines, shlex.quote(url)])


def _answers(document: Schema) -> list[tuple[str, str]]:
    """Return each status of an error, and what it means."""
    found: dict[str, str] = {}
    for methods in document["paths"].values():
        for asked in methods.values():
            found |= {
                status: answer["description"].replace("`", "")
                for status, answer in asked["responses"].items()
                if status >= "400"
            }
    return sorted(found.items())
