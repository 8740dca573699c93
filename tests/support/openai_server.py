"""A chat-completion server on loopback that behaves, or misbehaves, as it is told.

In a test it is an async context manager; for a benchmark it is a program:

    python tests/support/openai_server.py --latency 0.2 --faults rate_limit,drop --fault-rate .3

What happens to a call is decided in this order: the `schedule` (one entry a call), a fault named
in the text itself (`[[fault:drop]]`), the random share `fault_rate` (the same for the same text,
attempt and seed), the rate limits, then what the server refuses. The good reply to a problem
depends on its text only. Hand-written HTTP/1.1 over asyncio, because a framework would be the
bottleneck of a benchmark: one core answers over 4,000 calls a second.
"""

import argparse
import asyncio
import json
import math
import re
import signal
import ssl
import sys
import time
from collections import Counter, deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import StrEnum
from hashlib import sha256
from http import HTTPStatus
from typing import Any, Self

PATH = "/v1/chat/completions"
MODELS_PATH = "/v1/models"
MARKED_FAULT = re.compile(r"\[\[fault:(\w+)\]\]")
PROBLEM = re.compile(r"<problem-(\w+)>\n(.*)\n</problem-\1>", re.DOTALL)
CONTENT_LENGTH = re.compile(rb"\r\ncontent-length:[ \t]*(\d+)", re.IGNORECASE)
TLS_HANDSHAKE = b"\x16"  # the first byte of one; servers without TLS answer it as here
PHRASES = {status.value: status.phrase for status in HTTPStatus}
MODES = frozenset({"json_schema", "tool", "json_object", "plain"})


class Fault(StrEnum):
    """What can go wrong with one call."""

    BAD_REQUEST = "bad_request"
    KEY = "key"
    PAYMENT = "payment"
    FORBIDDEN = "forbidden"
    NOT_FOUND = "not_found"
    REQUEST_TIMEOUT = "request_timeout"
    UNPROCESSABLE = "unprocessable"
    RATE_LIMIT = "rate_limit"
    QUOTA = "quota"
    SERVER_ERROR = "server_error"
    NOT_IMPLEMENTED = "not_implemented"
    UNAVAILABLE = "unavailable"
    AZURE_FILTER = "azure_filter"
    CONTEXT_LENGTH = "context_length"
    REDIRECT = "redirect"
    REFUSAL = "refusal"
    TRUNCATED = "truncated"
    CONTENT_FILTER = "content_filter"
    OFF_SCHEMA = "off_schema"
    NOT_JSON = "not_json"
    EMPTY_CHOICES = "empty_choices"
    NO_MESSAGE = "no_message"
    EMPTY_CONTENT = "empty_content"
    HTML = "html"
    HANG = "hang"  # never answers
    DROP = "drop"  # closes without a word
    HALF_REPLY = "half_reply"  # closes in the middle of the body
    HALF_REPLY_HANG = "half_reply_hang"  # falls silent in the middle of the body
    GATEWAY_TIMEOUT = "gateway_timeout"  # the model may go on, and be billed
    NO_HTTP = "no_http"  # what stands at the port is another service
    BAD_STATUS_LINE = "bad_status_line"
    BAD_HEADER = "bad_header"
    BAD_LENGTH = "bad_length"
    BAD_CHUNK = "bad_chunk"
    BAD_GZIP = "bad_gzip"
    HUGE_USAGE = "huge_usage"  # more tokens than there are
    LATE_DATE = "late_date"  # asks to wait until a date that no calendar has


# Status, message, parameter, type and code, as OpenAI, Azure and others word them.
ERRORS: Mapping[Fault, tuple[int, str, str | None, str, str | None]] = {
    Fault.BAD_REQUEST: (400, "Invalid request.", "messages", "invalid_request_error", None),
    Fault.KEY: (
        401,
        "Incorrect API key provided.",
        None,
        "invalid_request_error",
        "invalid_api_key",
    ),
    Fault.PAYMENT: (402, "Insufficient Balance", None, "unknown_error", "invalid_request_error"),
    Fault.FORBIDDEN: (
        403,
        "Country, region, or territory not supported",
        None,
        "request_forbidden",
        "unsupported_country_region_territory",
    ),
    Fault.NOT_FOUND: (
        404,
        "The model `no-such` does not exist or you do not have access to it.",
        None,
        "invalid_request_error",
        "model_not_found",
    ),
    Fault.REQUEST_TIMEOUT: (408, "Request timed out.", None, "server_error", None),
    Fault.UNPROCESSABLE: (422, "Unprocessable.", None, "invalid_request_error", None),
    Fault.RATE_LIMIT: (
        429,
        "Rate limit reached for requests. Please try again later.",
        None,
        "requests",
        "rate_limit_exceeded",
    ),
    Fault.QUOTA: (
        429,
        "You exceeded your current quota, please check your plan and billing details.",
        None,
        "insufficient_quota",
        "insufficient_quota",
    ),
    Fault.NOT_IMPLEMENTED: (501, "Not supported.", None, "not_supported_error", None),
    Fault.SERVER_ERROR: (500, "The server had an error.", None, "server_error", None),
    Fault.GATEWAY_TIMEOUT: (504, "Gateway time-out.", None, "server_error", None),
    Fault.LATE_DATE: (429, "Later.", None, "requests", "rate_limit_exceeded"),
    Fault.UNAVAILABLE: (503, "The engine is overloaded.", None, "service_unavailable", None),
    Fault.AZURE_FILTER: (
        400,
        (
            "The response was filtered due to the prompt triggering Azure OpenAI's content "
            "management policy. Please modify your prompt and retry."
        ),
        "prompt",
        "",
        "content_filter",
    ),
    Fault.CONTEXT_LENGTH: (
        400,
        (
            "This model's maximum context length is 4097 tokens. However, your messages resulted "
            "in 4238 tokens (4143 in the messages, 95 in the functions). "
            "Please reduce the length of the messages or functions."
        ),
        "messages",
        "invalid_request_error",
        "context_length_exceeded",
    ),
}
OK = b"HTTP/1.1 200 OK\r\n"
MALFORMED: Mapping[Fault, bytes] = {
    Fault.NO_HTTP: b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    Fault.BAD_STATUS_LINE: b"HTTP/1.1 abc OK\r\n\r\n",
    Fault.BAD_HEADER: OK + b": nameless\r\nnone at all\r\n\r\n{}",
    Fault.BAD_LENGTH: OK + b"Content-Length: many\r\n\r\n{}",
    Fault.BAD_CHUNK: OK + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n",
    Fault.BAD_GZIP: OK + b"Content-Encoding: gzip\r\nContent-Length: 4\r\n\r\nabcd",
}
BROKEN_BODIES = frozenset({Fault.HALF_REPLY, Fault.HALF_REPLY_HANG})


@dataclass(frozen=True, slots=True)
class Call:
    """One request as the server saw it."""

    number: int  # from 0
    path: str
    authorization: str
    body: dict[str, Any]
    headers: Mapping[str, str] = field(default_factory=dict)  # their names in lower case

    @property
    def text(self) -> str:
        """The problem between its tags, else the first user message."""
        return problem_text(self.body)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that a test words itself, as one server or another words it."""

    status: int
    content: Any  # a text is sent as it is, everything else as JSON
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bytes:
        """The bytes to send."""
        if isinstance(self.content, str):
            return _response(self.status, self.content.encode(), self.headers, "text/html")
        return _response(self.status, json.dumps(self.content).encode(), self.headers)


Schedule = Iterable[Fault | str | None] | Callable[[Call], Fault | str | None]


@dataclass(slots=True)
class Bucket:
    """A limit a minute, as a leaky bucket; None means no limit."""

    per_minute: float
    clock: Callable[[], float]
    used: float = 0.0
    at: float = 0.0

    def take(self, amount: float) -> float:
        """Return 0 and take `amount`, or return how many seconds are missing to it."""
        now = self.clock()
        self.used = max(0.0, self.used - (now - self.at) * self.per_minute / 60)
        self.at = now
        if self.used + amount > self.per_minute:
            return (self.used + amount - self.per_minute) * 60 / self.per_minute
        self.used += amount
        return 0.0

    def headers(self, name: str) -> dict[str, str]:
        """Return OpenAI's three headers about this limit."""
        return {
            f"x-ratelimit-limit-{name}": str(int(self.per_minute)),
            f"x-ratelimit-remaining-{name}": str(int(self.per_minute - self.used)),
            f"x-ratelimit-reset-{name}": _duration(self.used * 60 / self.per_minute),
        }


@dataclass(slots=True)
class Options:
    """How the server behaves; each is also an option of the program."""

    latency_s: float = 0.0
    schedule: Schedule = ()
    script: Callable[[Call], Answer | None] | None = None  # decides before all else
    endpoint: str = PATH  # where chats are answered
    faults: Sequence[Fault | str] = ()  # what the random share consists of
    fault_rate: float = 0.0
    seed: int = 0
    modes: frozenset[str] = MODES  # how a schema may be asked for; others are refused
    ignores_schema_on: frozenset[str] = frozenset()  # modes that are accepted and answered in prose
    refuses: frozenset[str] = frozenset()  # parameters; `bounds` is the limits inside a schema
    refusal_status: int = 400
    key: str | None = None  # None: every key is accepted
    model: str | None = None  # None: every model is known
    # None: none is reported; else what is reported, from the real one.
    usage: Callable[[dict[str, int]], dict[str, Any]] | None = dict
    logprobs: str = "openai"  # or `llama`, or `none`
    requests_per_minute: float | None = None
    tokens_per_minute: float | None = None
    retry_after: str = "seconds"  # or `date`, `ms`, `none`
    retry_after_s: float = 1.0  # of a fault that was asked for; a real limit computes its own
    keep: int | None = None  # how many of the last calls are kept; None: all
    reply: Callable[[str], dict[str, Any]] | None = None  # None: `reply_for`
    tls: ssl.SSLContext | None = None  # None: plain HTTP
    slots: int | None = None  # how many it works on at once, the others wait; None: all
    thinking: int = 0  # tokens that the model thinks before it answers, within the limit
    most_tokens: int | None = None  # the largest completion limit it takes; None: any
    shape: Callable[[dict[str, Any]], dict[str, Any]] | None = None  # what becomes of a payload
    # Other paths at which it answers, and the payload there (see `support.decisions`).
    elsewhere: Mapping[str, Callable[[Call], dict[str, Any]]] = field(default_factory=dict)
    words: str | None = None  # of its errors and bad replies; None: as servers word them
    clock: Callable[[], float] = field(default=time.monotonic)
    # {path: what it lists of itself: JSON, a status and JSON, raw bytes, or a fault}
    listings: Mapping[str, Any] = field(default_factory=dict)


class OpenAIServer:
    """The server; `base_url` is where it listens, `calls` and `kept` are what it has seen."""

    def __init__(self, options: Options | None = None, port: int = 0, **changes: Any) -> None:
        self.options = options or Options(**changes)
        self.port = port
        self.calls = 0
        self.answered = 0
        self.kept: deque[Call] = deque(maxlen=self.options.keep)
        self.faults: Counter[str] = Counter()  # what was done to calls, by name
        self.connections: set[_Connection] = set()
        self._attempts: Counter[str] = Counter()
        schedule = self.options.schedule
        self._decide = schedule if callable(schedule) else None
        self._queue = iter(()) if callable(schedule) else iter(schedule)
        self._buckets: dict[str, Bucket] = {}
        for name, limit in (
            ("requests", self.options.requests_per_minute),
            ("tokens", self.options.tokens_per_minute),
        ):
            if limit:
                self._buckets[name] = Bucket(limit, self.options.clock)
        self._server: asyncio.Server | None = None
        self._free_at = [0.0] * (self.options.slots or 0)  # when each slot is free again

    @property
    def base_url(self) -> str:
        """The address to give to a client."""
        scheme = "https" if self.options.tls else "http"
        return f"{scheme}://127.0.0.1:{self.port}/v1"

    @property
    def bodies(self) -> list[dict[str, Any]]:
        """The bodies of the calls that are kept."""
        return [call.body for call in self.kept]

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Connection(self),
            "127.0.0.1",
            self.port,
            backlog=1024,
            ssl=self.options.tls,
        )
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        assert self._server is not None
        self._server.close()
        for connection in tuple(self.connections):
            connection.transport.abort()
        await self._server.wait_closed()
        await asyncio.sleep(0)  # the aborted transports close their sockets in the next round

    def delay(self) -> float:
        """Return in how many seconds a call that comes now is answered."""
        if not self._free_at:
            return self.options.latency_s
        now = time.monotonic()
        slot = min(range(len(self._free_at)), key=self._free_at.__getitem__)
        self._free_at[slot] = max(self._free_at[slot], now) + self.options.latency_s
        return self._free_at[slot] - now

    def answer(self, call: Call) -> tuple[Fault | None, bytes]:
        """Return what happens to a call: a fault of the connection, and the bytes to send."""
        if call.path in self.options.listings:
            return self._listed(self.options.listings[call.path], call)
        if self.options.script is not None and (scripted := self.options.script(call)):
            self.faults["scripted"] += 1
            return None, scripted.raw
        if call.path == MODELS_PATH:
            return None, _response(200, b'{"object": "list", "data": []}')
        if call.path != self.options.endpoint and call.path not in self.options.elsewhere:
            return None, _error(404, "Not Found", None, "invalid_request_error", None)
        options, fault = self.options, self._fault_of(call)
        if fault is not None:
            self.faults[fault.value] += 1
            return self._misbehave(fault, call)
        if wait := max((b.take(a) for b, a in self._charges(call.body)), default=0.0):
            self.faults["limited"] += 1
            return None, self._limited(wait)
        if refusal := self._refusal(call):
            self.faults["refused"] += 1
            return None, refusal
        mode = mode_of(call.body)
        if mode in options.ignores_schema_on:
            self.faults["ignored"] += 1
            return None, self._ok(completion(call.body, "I would say that this is automation."))
        return None, self._ok(self._good(call))

    def _listed(self, listing: Any, call: Call) -> tuple[Fault | None, bytes]:
        if isinstance(listing, Fault):
            return self._misbehave(listing, call)
        if isinstance(listing, bytes):
            return None, listing
        status, value = listing if isinstance(listing, tuple) else (200, listing)
        return None, _response(status, json.dumps(value).encode())

    def _good(self, call: Call) -> dict[str, Any]:
        options = self.options
        if call.path in options.elsewhere:
            payload = options.elsewhere[call.path](call)
        else:
            text = json.dumps((options.reply or reply_for)(call.text))
            payload = completion(call.body, text, logprobs=options.logprobs)
        if options.usage is None:
            del payload["usage"]
        else:
            payload["usage"] = options.usage(payload["usage"])
        if options.thinking:
            think(payload, options.thinking, limit_in(call.body))
        return options.shape(payload) if options.shape else payload

    def _ok(self, payload: Any) -> bytes:
        headers: dict[str, str] = {}
        for name, bucket in self._buckets.items():
            headers |= bucket.headers(name)
        return _response(200, json.dumps(payload).encode(), headers)

    def _charges(self, body: dict[str, Any]) -> list[tuple[Bucket, float]]:
        if not self._buckets:
            return []
        amounts = {"requests": 1.0, "tokens": float(_tokens_in(body))}
        return [(bucket, amounts[name]) for name, bucket in self._buckets.items()]

    def _limited(self, wait: float) -> bytes:
        headers = _retry_after(self.options.retry_after, wait)
        for name, bucket in self._buckets.items():
            headers |= bucket.headers(name)
        return _error(*ERRORS[Fault.RATE_LIMIT], headers=headers)

    def _fault_of(self, call: Call) -> Fault | None:
        name = self._decide(call) if self._decide else next(self._queue, None)
        if name is None and (marked := MARKED_FAULT.search(call.text)):
            name = marked.group(1)
        if name is None and self.options.fault_rate:
            digest = sha256(call.text.encode("utf-8", "replace")).hexdigest()
            attempt = self._attempts[digest] = self._attempts[digest] + 1
            dice = sha256(f"{self.options.seed}:{digest}:{attempt}".encode()).digest()
            if int.from_bytes(dice[:4]) / 2**32 < self.options.fault_rate:
                name = self.options.faults[dice[4] % len(self.options.faults)]
        return None if name is None else Fault(name)

    def _misbehave(self, fault: Fault, call: Call) -> tuple[Fault | None, bytes]:
        if fault in {Fault.HANG, Fault.DROP}:
            return fault, b""
        if fault in BROKEN_BODIES:
            return fault, self._ok(self._good(call))
        if fault in MALFORMED:
            return fault, MALFORMED[fault]
        if fault is Fault.HUGE_USAGE:
            huge = {"prompt_tokens": 10**30, "completion_tokens": 10**30}
            return None, self._ok(self._good(call) | {"usage": huge})
        if fault is Fault.HTML:
            return None, _response(200, b"<html>It works!</html>", kind="text/html")
        if fault is Fault.REDIRECT:
            return None, _response(307, b"", {"location": f"{self.base_url}/elsewhere"})
        if fault in ERRORS:
            waits = fault in {Fault.RATE_LIMIT, Fault.UNAVAILABLE}
            mode = self.options.retry_after if waits else "none"
            headers = _retry_after(mode, self.options.retry_after_s)
            if fault is Fault.LATE_DATE:
                headers = {"retry-after": "Fri, 31 Dec 99999 23:59:59 GMT"}
            status, message, *rest = ERRORS[fault]
            return None, _error(status, self.options.words or message, *rest, headers=headers)
        return None, self._ok(self._bad_completion(fault, call))

    def _bad_completion(self, fault: Fault, call: Call) -> dict[str, Any]:
        payload = self._good(call)
        choice = payload["choices"][0]
        message = choice["message"]
        if fault is Fault.EMPTY_CHOICES:
            payload["choices"] = []
        elif fault is Fault.NO_MESSAGE:
            del choice["message"]
        elif fault is Fault.REFUSAL:
            said = self.options.words or "I can't help."
            choice["message"] = {"role": "assistant", "content": None, "refusal": said}
        elif fault is Fault.CONTENT_FILTER:
            choice["message"] = {"role": "assistant", "content": ""}
            choice["finish_reason"] = "content_filter"
        elif fault is Fault.TRUNCATED:
            choice["finish_reason"] = "length"
            choice["message"] = {"role": "assistant", "content": '{"label": "build-so'}
        else:
            words = self.options.words
            wrong = {
                Fault.OFF_SCHEMA: json.dumps({words or "label": words or "maybe"}),
                Fault.NOT_JSON: words or "Certainly! It is about automation.",
                Fault.EMPTY_CONTENT: "",
            }[fault]
            message.pop("tool_calls", None)
            message["content"] = wrong
        return payload

    def _refusal(self, call: Call) -> bytes | None:
        options, body = self.options, call.body
        if options.key is not None and call.authorization != f"Bearer {options.key}":
            return _error(*ERRORS[Fault.KEY])
        if options.model is not None and body.get("model") != options.model:
            return _error(*ERRORS[Fault.NOT_FOUND])
        status, kind = options.refusal_status, "invalid_request_error"
        if options.most_tokens is not None and limit_in(body) > options.most_tokens:
            said = (
                f"max_tokens is too large: {limit_in(body)}. This model supports at most "
                f"{options.most_tokens} completion tokens, whereas you provided {limit_in(body)}."
            )
            return _error(status, said, "max_tokens", kind, "invalid_value")
        for name in sorted(options.refuses & body.keys()):
            said = f"Unsupported parameter: '{name}' is not supported with this model."
            return _error(status, said, name, kind, "unsupported_parameter")
        if "bounds" in options.refuses and '"maxLength"' in json.dumps(body):
            said = "Invalid schema for response_format 'triage': 'maxLength' is not permitted."
            return _error(status, said, "response_format", kind, None)
        mode = mode_of(body)
        if mode not in options.modes:
            where = "tools" if mode == "tool" else "response_format"
            said = f"This model does not support {where} of type {mode}."
            return _error(status, said, where, kind, None)
        return None


class _Connection(asyncio.Protocol):
    """One keep-alive connection: it reads requests and writes answers, in order."""

    transport: asyncio.Transport

    def __init__(self, server: OpenAIServer) -> None:
        self._owner, self._buffer, self._busy = server, bytearray(), False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self._owner.connections.add(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._owner.connections.discard(self)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        if self._buffer[:1] == TLS_HANDSHAKE and not self._owner.options.tls:
            self._send(None, _error(400, "Invalid HTTP request received.", None, "invalid", None))
            self.transport.close()
        elif not self._busy:
            self._read()

    def _read(self) -> None:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = bytes(self._buffer[:end])
        length = int(found.group(1)) if (found := CONTENT_LENGTH.search(head)) else 0
        start = end + 4
        if len(self._buffer) < start + length:
            return
        content = bytes(self._buffer[start : start + length])
        del self._buffer[: start + length]
        self._busy = True
        self._serve(head, content)

    def _serve(self, head: bytes, content: bytes) -> None:
        owner = self._owner
        line, *headers = head.split(b"\r\n")
        sent = next((h[14:].strip() for h in headers if h[:14].lower() == b"authorization:"), b"")
        try:
            body = json.loads(content) if content else {}
        except ValueError:
            self._send(None, _error(400, "The body is not JSON.", None, "invalid", None))
            return
        named = dict(h.decode("latin-1").split(":", 1) for h in headers if b":" in h)
        call = Call(
            owner.calls,
            line.split(b" ")[1].decode(),
            sent.decode("latin-1"),
            body,
            {name.lower(): value.strip() for name, value in named.items()},
        )
        owner.calls += 1
        owner.kept.append(call)
        fault, answer = owner.answer(call)
        if owner.options.latency_s:
            loop = asyncio.get_running_loop()
            loop.call_later(owner.delay(), self._send, fault, answer)
        else:
            self._send(fault, answer)

    def _send(self, fault: Fault | None, answer: bytes) -> None:
        if self.transport.is_closing() or fault is Fault.HANG:
            return
        if fault is Fault.DROP:
            self.transport.close()
            return
        if fault in BROKEN_BODIES:
            self.transport.write(answer[: -len(answer) // 4])
            if fault is Fault.HALF_REPLY:
                self.transport.close()
            return
        self.transport.write(answer)
        if fault in MALFORMED:
            self.transport.close()
            return
        self._owner.answered += 1
        self._busy = False
        if self._buffer:
            self._read()


def problem_text(body: Mapping[str, Any]) -> str:
    """Return the problem that a request asks about, whatever the prompt around it."""
    said = next((m["content"] for m in body.get("messages", ()) if m["role"] == "user"), "")
    said = said or str(body.get("state", body.get("input", "")))
    match = PROBLEM.search(said)
    return match.group(2) if match else said


def mode_of(body: Mapping[str, Any]) -> str:
    """Return how a request asks for the schema."""
    if "tools" in body:
        return "tool"
    wanted = body.get("response_format")
    return str(wanted["type"]) if wanted else "plain"


def limit_in(body: Mapping[str, Any]) -> float:
    """Return a request's completion limit."""
    return body.get("max_tokens", body.get("max_completion_tokens", math.inf))


def think(payload: dict[str, Any], tokens: int, limit: float) -> None:
    """Have a payload's model think first: an answer for which no room is left is not given."""
    choice, usage = payload["choices"][0], payload["usage"]
    needed = tokens + usage["completion_tokens"]
    choice["message"]["reasoning_content"] = "Let me see. Maybe {label: build}?"
    if needed > limit:
        choice |= {"finish_reason": "length", "logprobs": None}
        choice["message"] |= {"content": "", "tool_calls": None}
    made = int(min(needed, limit))
    usage["completion_tokens"] = made
    usage["total_tokens"] = usage["prompt_tokens"] + made
    usage["completion_tokens_details"] = {"reasoning_tokens": int(min(tokens, limit))}


def reply_for(text: str) -> dict[str, Any]:
    """Return a valid reply that depends on the text only.

    >>> reply_for("Leads get lost.") == reply_for("Leads get lost.")
    True
    """
    dice = sha256(text.encode("utf-8", "replace")).digest()
    build = dice[0] % 3 == 0
    return {
        "label": "build-software" if build else "automate-process",
        "customer_facing_software": build,
        "custom_system": False,
        "engineering_leadership": False,
        "existing_process": not build,
        "mixed": False,
        "neither": False,
        "too_vague": False,
        "instructs_reader": False,
        "function": "operations",
        "evidence": [" ".join(text.split()[:8])[:160]],
        "rationale": "Something new is to be built." if build else "Work done by hand can run.",
        "confidence_percent": (70, 80, 90, 95, 99)[dice[1] % 5],
    }


def completion(body: Mapping[str, Any], text: str, logprobs: str = "none") -> dict[str, Any]:
    """Return the payload that carries `text` the way the request asked for it."""
    message: dict[str, Any] = {"role": "assistant", "content": text, "refusal": None}
    if body.get("tools") and text.startswith("{"):
        function = {"name": body["tools"][0]["function"]["name"], "arguments": text}
        message["content"] = None
        message["tool_calls"] = [{"id": "call_1", "type": "function", "function": function}]
    choice = {"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}
    if body.get("logprobs"):
        choice["logprobs"] = _logprobs(text, logprobs)
    given, made = _tokens_in(body), max(1, len(text) // 4)
    return {
        "id": "chatcmpl-test",
        "object": "chat.completion",
        "created": 0,
        "model": body.get("model", ""),
        "choices": [choice],
        "usage": {
            "prompt_tokens": given,
            "completion_tokens": made,
            "total_tokens": given + made,
        },
    }


def _logprobs(text: str, form: str) -> dict[str, Any] | None:
    """Return three tokens: what precedes the label's value, the value, and what follows."""
    match = re.search(r'"label": "([^"]+)', text)
    if form == "none" or not match:
        return None
    tokens = [text[: match.start(1)], match.group(1), text[match.end(1) :]]
    values = [-0.01, -0.1, -0.5]
    if form == "llama":
        return {"tokens": tokens, "token_logprobs": values, "text_offset": [], "top_logprobs": []}
    pairs = zip(tokens, values, strict=True)
    return {"content": [{"token": t, "logprob": p, "top_logprobs": []} for t, p in pairs]}


def _tokens_in(body: Mapping[str, Any]) -> int:
    asked = str(body.get("state", body.get("input", "")))
    return (len(asked) + sum(len(m["content"] or "") for m in body.get("messages", ()))) // 4


def _retry_after(mode: str, wait: float) -> dict[str, str]:
    if mode == "date":
        at = datetime.now(UTC) + timedelta(seconds=math.ceil(wait))
        return {"retry-after": format_datetime(at, usegmt=True)}
    if mode == "ms":
        return {"retry-after-ms": str(math.ceil(wait * 1000))}
    return {"retry-after": str(math.ceil(wait))} if mode == "seconds" else {}


def _duration(seconds: float) -> str:
    """Return a time as OpenAI's reset headers write it.

    >>> _duration(0.012), _duration(1.5), _duration(90)
    ('12ms', '1.5s', '1m30s')
    """
    if seconds < 1:
        return f"{math.ceil(seconds * 1000)}ms"
    minutes, rest = divmod(round(seconds, 3), 60)
    return (f"{int(minutes)}m" if minutes else "") + f"{rest:g}s"


def _error(
    status: int,
    message: str,
    parameter: str | None,
    kind: str,
    code: str | None,
    headers: Mapping[str, str] | None = None,
) -> bytes:
    error = {"message": message, "type": kind, "param": parameter, "code": code}
    return _response(status, json.dumps({"error": error}).encode(), headers)


def _response(
    status: int,
    content: bytes,
    headers: Mapping[str, str] | None = None,
    kind: str = "application/json",
) -> bytes:
    lines = [
        f"HTTP/1.1 {status} {PHRASES.get(status, 'Unnamed')}",
        f"content-type: {kind}",
        f"content-length: {len(content)}",
        *(f"{name}: {value}" for name, value in (headers or {}).items()),
    ]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + content


def options_from(arguments: argparse.Namespace) -> Options:
    """Return the options that the command line names."""

    def split(value: str) -> list[str]:
        return [part for part in value.split(",") if part]

    return Options(
        latency_s=arguments.latency,
        slots=arguments.slots,
        schedule=[None if part == "ok" else Fault(part) for part in split(arguments.schedule)],
        faults=[Fault(part) for part in split(arguments.faults)],
        fault_rate=arguments.fault_rate,
        seed=arguments.seed,
        modes=frozenset(split(arguments.modes)),
        ignores_schema_on=frozenset(split(arguments.ignores_schema_on)),
        refuses=frozenset(split(arguments.refuses)),
        refusal_status=arguments.refusal_status,
        key=arguments.key,
        model=arguments.model,
        usage=None if arguments.no_usage else dict,
        logprobs=arguments.logprobs,
        requests_per_minute=arguments.rpm,
        tokens_per_minute=arguments.tpm,
        retry_after=arguments.retry_after,
        retry_after_s=arguments.retry_after_s,
        keep=arguments.keep,
    )


def parser() -> argparse.ArgumentParser:
    """Return the program's options."""
    made = argparse.ArgumentParser(prog="openai_server.py", description=__doc__)
    made.formatter_class = argparse.RawDescriptionHelpFormatter
    made.add_argument("--port", type=int, default=0, help="0 takes a free one, printed on stdout")
    made.add_argument("--latency", type=float, default=0.0, metavar="SECONDS")
    made.add_argument("--slots", type=int, help="how many calls it works on at once")
    made.add_argument("--schedule", default="", help="one entry a call: ok or a fault, by comma")
    made.add_argument("--faults", default="", help=", ".join(Fault))
    made.add_argument("--fault-rate", type=float, default=0.0)
    made.add_argument("--seed", type=int, default=0)
    made.add_argument("--modes", default=",".join(sorted(MODES)))
    made.add_argument("--ignores-schema-on", default="", metavar="MODES")
    made.add_argument("--refuses", default="", metavar="PARAMETERS")
    made.add_argument("--refusal-status", type=int, default=400)
    made.add_argument("--key")
    made.add_argument("--model")
    made.add_argument("--no-usage", action="store_true")
    made.add_argument("--logprobs", choices=["openai", "llama", "none"], default="openai")
    made.add_argument("--rpm", type=float)
    made.add_argument("--tpm", type=float)
    made.add_argument("--retry-after", choices=["seconds", "date", "ms", "none"], default="seconds")
    made.add_argument("--retry-after-s", type=float, default=1.0)
    made.add_argument("--keep", type=int, default=0, help="calls to keep in memory")
    return made


async def serve(options: Options, port: int) -> None:
    """Serve until a signal ends the program, then print what was seen."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        with suppress(NotImplementedError):  # Windows has no signal handlers in the loop
            loop.add_signal_handler(number, stopped.set)
    async with OpenAIServer(options, port) as server:
        print(server.base_url, flush=True)  # noqa: T201  the program's result
        await stopped.wait()
        seen = {"calls": server.calls, "answered": server.answered, "faults": dict(server.faults)}
    print(json.dumps(seen), flush=True)  # noqa: T201  the same


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the program."""
    chosen = parser().parse_args(arguments)
    asyncio.run(serve(options_from(chosen), chosen.port))


if __name__ == "__main__":
    sys.exit(main())
