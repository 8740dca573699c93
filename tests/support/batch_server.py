"""A provider with files and batches on loopback, slow on purpose and as faulty as it is told.

Real HTTP in threads of its own, so it survives when a client is killed. What it answers to a
request, live or in a batch, is what `OpenAIServer` answers. A batch goes through the states that
OpenAI documents: validating, in_progress, finalizing, then completed, expired, cancelled or failed;
or cancelling. A batch is created when its creation has waited, not when it came: so a client may be
killed in between, and its input file may be gone by then.
"""

import json
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from decimal import Decimal
from email import message_from_bytes
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import count
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

from support.openai_server import Call, OpenAIServer
from support.openai_server import Options as ChatOptions

CHAT = "/v1/chat/completions"
MOST_REQUESTS, MOST_BYTES = 50_000, 200_000_000
ENDED = {"completed", "failed", "expired", "cancelled"}


@dataclass(frozen=True)
class Price:
    """USD per million tokens, at which the double bills."""

    input: Decimal
    output: Decimal

    def of(self, usage: dict[str, Any]) -> Decimal:
        given, made = usage.get("prompt_tokens", 0), usage.get("completion_tokens", 0)
        return (self.input * given + self.output * made) / 1_000_000


@dataclass
class Provider:
    """How the double behaves."""

    chat: ChatOptions = field(default_factory=ChatOptions)
    seconds: float = 0.05  # that a batch works; a quarter of it in each state
    share: float = 1.0  # of the requests that are done when it ends
    fate: str = "completed"  # or expired, cancelled
    fates: Sequence[tuple[str, float]] = ()  # of the first batches, before `fate`
    keeps_metadata: bool = True
    refuses_metadata: bool = False
    most_tokens: int | None = None  # that may wait; characters / 4
    names_limit: bool = True
    says_limit: int | None = None  # another one than it is
    most_requests: int = MOST_REQUESTS
    page: int = 100  # the most batches of a listing
    # By the name of what is asked ("create", "upload", "look", "list", "read", "delete",
    # "cancel", "chat") and its number from 0: seconds before it is done and after.
    delay: Callable[[str, int], tuple[float, float]] = lambda *_: (0.0, 0.0)
    # The same: "500" (not done), "500 after" (done, and said otherwise), "cut", "cut after",
    # "late" (cut, and done when a file was deleted), a status and a body, or None.
    fault: Callable[[str, int], Any] = lambda *_: None
    lines: Callable[[list[bytes]], list[bytes]] = list  # what becomes of the output's lines
    live: Price = Price(Decimal(2), Decimal(8))
    batched: Price = Price(Decimal(1), Decimal(4))


class BatchServer:
    """The double; `created` counts how often each request was taken into a batch."""

    def __init__(self, provider: Provider | None = None, **options: Any) -> None:
        self.provider = provider or Provider(**options)
        self.files: dict[str, dict[str, Any]] = {}
        self.batches: dict[str, dict[str, Any]] = {}
        self.created: Counter[str] = Counter()
        self.answered: Counter[str] = Counter()  # custom ids that were answered in a batch
        self.asked: Counter[str] = Counter()  # what was asked of the endpoints, by name
        self.live: list[Call] = []
        self.billed = Decimal(0)
        self.most_billed_live = Decimal(0)
        self._lock, self._numbers = threading.RLock(), count(1)
        self._chat = OpenAIServer(self.provider.chat)
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._http.daemon_threads = True

    @property
    def base_url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}/v1"

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self._http.shutdown()
        self._http.server_close()

    def _handler(self) -> type[BaseHTTPRequestHandler]:
        owner = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Say nothing."""

            def answer(self) -> None:
                length = int(self.headers.get("content-length", 0))
                body = self._chunks() if self.headers.get("transfer-encoding") else None
                content = self.rfile.read(length) if body is None else body
                if body is None and len(content) < length:
                    self.close_connection = True
                    return
                owner.serve(self, content)

            def _chunks(self) -> bytes:
                parts = []
                while size := int(self.rfile.readline().strip() or b"0", 16):
                    parts.append(self.rfile.read(size))
                    self.rfile.readline()
                self.rfile.readline()
                return b"".join(parts)

            def send(self, status: int, content: bytes, kind: str = "application/json") -> None:
                self.send_response(status)
                self.send_header("content-type", kind)
                self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = answer  # noqa: N815  the names that http.server calls

        return Handler

    def serve(self, handler: Any, content: bytes) -> None:
        url = urlsplit(handler.path)
        name, act = self._route(handler.command, url.path)
        with self._lock:
            number = self.asked[name]
            self.asked[name] += 1
        before, after = self.provider.delay(name, number)
        time.sleep(before)
        fault = self.provider.fault(name, number)
        if fault == "late":
            self._cut(handler)
            until = time.monotonic() + 120  # a busy machine takes its time
            while not self.asked["delete"] and time.monotonic() < until:
                time.sleep(0.005)
            with self._lock:
                act(handler, parse_qs(url.query), content)
            return
        done = fault is None or (isinstance(fault, str) and fault.endswith("after"))
        status, answer, kind = 500, b'{"error": {"message": "The server had an error."}}', ""
        if done:
            with self._lock:
                status, answer, kind = act(handler, parse_qs(url.query), content)
        time.sleep(after)
        try:
            if fault is None:
                handler.send(status, answer, kind or "application/json")
            elif isinstance(fault, tuple):
                handler.send(fault[0], json.dumps(fault[1]).encode())
            elif fault.startswith("cut"):
                self._cut(handler)
            else:
                handler.send(500, b'{"error": {"message": "The server had an error."}}')
        except OSError:
            handler.close_connection = True  # the client was killed

    def _cut(self, handler: Any) -> None:
        """End a connection in the middle of what was asked."""
        handler.close_connection = True
        with suppress(OSError):
            handler.connection.shutdown(socket.SHUT_RDWR)

    def _route(self, method: str, path: str) -> tuple[str, Callable[..., Any]]:
        parts = path.removeprefix("/v1/").split("/")
        return {
            ("POST", "chat"): ("chat", self._ask),
            ("POST", "files"): ("upload", self._upload),
            ("GET", "files"): ("files" if len(parts) == 1 else "read", self._read),
            ("DELETE", "files"): ("delete", self._delete),
            ("POST", "batches"): ("create", self._create)
            if len(parts) == 1
            else ("cancel", self._cancel),
            ("GET", "batches"): ("list", self._list) if len(parts) == 1 else ("look", self._look),
        }[method, parts[0]]

    def _ask(self, handler: Any, _: Any, content: bytes) -> tuple[int, bytes, str]:
        call = Call(
            len(self.live), CHAT, handler.headers.get("authorization", ""), json.loads(content)
        )
        self.live.append(call)
        status, body = self._reply(call)
        self.billed += self.provider.live.of(body.get("usage") or {})
        return status, json.dumps(body).encode(), ""

    def _reply(self, call: Call) -> tuple[int, dict[str, Any]]:
        _, raw = self._chat.answer(call)
        head, _, body = raw.partition(b"\r\n\r\n")
        return int(head.split(b" ", 2)[1]), json.loads(body)

    def _upload(self, handler: Any, _: Any, content: bytes) -> tuple[int, bytes, str]:
        kind = handler.headers["content-type"]
        form = message_from_bytes(b"Content-Type: " + kind.encode() + b"\r\n\r\n" + content)
        parts = {
            one.get_param("name", header="content-disposition"): one for one in form.get_payload()
        }
        assert parts["purpose"].get_payload() == "batch"
        data = parts["file"].get_payload(decode=True)
        made = self._file(parts["file"].get_filename(), data, "batch")
        return 200, json.dumps(made).encode(), ""

    def _file(self, name: str, data: bytes, purpose: str) -> dict[str, Any]:
        made = {
            "id": f"file-{next(self._numbers)}", "object": "file", "bytes": len(data),
            "created_at": int(time.time()), "filename": name, "purpose": purpose,
            "status": "processed",
        }  # fmt: skip
        self.files[made["id"]] = made | {"data": data}
        return made

    def _read(self, handler: Any, _: Any, __: bytes) -> tuple[int, bytes, str]:
        parts = urlsplit(handler.path).path.split("/")
        if len(parts) == 3:
            found = [{k: v for k, v in f.items() if k != "data"} for f in self.files.values()]
            return (
                200,
                json.dumps({"object": "list", "data": found, "has_more": False}).encode(),
                "",
            )
        file = self.files.get(parts[3])
        if file is None:
            return _missing("file")
        return 200, file["data"], "application/octet-stream"

    def _delete(self, handler: Any, _: Any, __: bytes) -> tuple[int, bytes, str]:
        name = handler.path.split("/")[3]
        if self.files.pop(name, None) is None:
            return _missing("file")
        return 200, json.dumps({"id": name, "object": "file", "deleted": True}).encode(), ""

    def _create(self, _: Any, __: Any, content: bytes) -> tuple[int, bytes, str]:
        wanted = json.loads(content)
        file = self.files.get(wanted["input_file_id"])
        if file is None:
            return _error(400, "Cannot find file.", "invalid_request_error", "file_id")
        if "metadata" in wanted and self.provider.refuses_metadata:
            return _error(400, "Unknown parameter: 'metadata'.", "unknown_parameter", "metadata")
        assert wanted["endpoint"] == CHAT
        assert wanted["completion_window"] == "24h"
        number = len(self.batches)
        fates = self.provider.fates
        fate, share = (
            fates[number] if number < len(fates) else (self.provider.fate, self.provider.share)
        )
        lines = [json.loads(line) for line in file["data"].splitlines()]
        made = {
            "id": f"batch_{next(self._numbers)}", "object": "batch", "endpoint": CHAT,
            "input_file_id": file["id"], "completion_window": "24h", "status": "validating",
            "created_at": int(time.time()), "errors": None, "output_file_id": None,
            "error_file_id": None,
            "metadata": wanted.get("metadata") if self.provider.keeps_metadata else None,
            "request_counts": {"total": 0, "completed": 0, "failed": 0},
        }  # fmt: skip
        errors = self._invalid(file, lines)
        self.batches[made["id"]] = made
        made["_"] = {
            "at": time.monotonic(),
            "fate": fate,
            "share": share,
            "lines": lines,
            "errors": errors,
            "cancelled": None,
        }
        if not errors:
            self.created.update(line["custom_id"] for line in lines)
        return 200, json.dumps(_shown(made)).encode(), ""

    def _invalid(self, file: dict[str, Any], lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        provider, ids = self.provider, [line["custom_id"] for line in lines]
        if len(lines) > provider.most_requests or len(file["data"]) > MOST_BYTES:
            return [{"code": "too_many_tasks", "message": "The batch has too many requests."}]
        if len(set(ids)) < len(ids):
            return [{"code": "duplicate_custom_id", "message": "The custom_id is not unique."}]
        waiting = sum(
            len(json.dumps(line)) // 4
            for batch in self.batches.values()
            if self._advanced(batch)["status"] not in ENDED
            for line in batch["_"]["lines"]
        )
        tokens = sum(len(json.dumps(line)) // 4 for line in lines)
        if provider.most_tokens is not None and waiting + tokens > provider.most_tokens:
            named = provider.says_limit or provider.most_tokens
            limit = f" Limit: {named:,} enqueued tokens." if provider.names_limit else ""
            said = f"Enqueued token limit reached for m in organization org-1.{limit} Try later."
            return [{"code": "token_limit_exceeded", "message": said}]
        return []

    def _advanced(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Return a batch as it is by now."""
        own, span = batch["_"], self.provider.seconds
        if batch["status"] in ENDED:
            return batch
        part = max((time.monotonic() - own["at"]) / span, 0.0) if span else 1.0
        if own["errors"]:
            if part >= 0.25:
                batch["status"] = "failed"
                batch["errors"] = {"object": "list", "data": own["errors"]}
            return batch
        if own["cancelled"] is not None:
            since = (time.monotonic() - own["cancelled"]) / span if span else 1.0
            if since >= 0.25:
                self._end(batch, "cancelled", own["part"])
            return batch
        total = len(own["lines"])
        batch["request_counts"]["total"] = total
        batch["request_counts"]["completed"] = int(
            min(max(part - 0.25, 0) * 2, 1) * own["share"] * total
        )
        if part >= 1:
            self._end(batch, own["fate"], own["share"])
        else:
            batch["status"] = ("validating", "in_progress", "in_progress", "finalizing")[
                int(part * 4)
            ]
        return batch

    def _end(self, batch: dict[str, Any], status: str, share: float) -> None:
        lines = batch["_"]["lines"]
        done = int(len(lines) * share)
        good: list[bytes] = []
        bad: list[bytes] = []
        for number, line in enumerate(lines):
            made = {"id": f"batch_req_{number}", "custom_id": line["custom_id"], "error": None}
            if number >= done:
                code = "batch_expired" if status == "expired" else "batch_cancelled"
                if status == "expired":
                    error = {
                        "code": code,
                        "message": "Not executed before the completion window expired.",
                    }
                    bad.append(json.dumps(made | {"response": None, "error": error}).encode())
                continue
            code, body = self._reply(Call(number, CHAT, "", line["body"]))
            self.billed += self.provider.batched.of(body.get("usage") or {})
            if code == 200:
                self.answered[line["custom_id"]] += 1
            response = {"status_code": code, "request_id": f"req_{number}", "body": body}
            (good if code == 200 else bad).append(
                json.dumps(made | {"response": response}).encode()
            )
        batch["status"] = status
        batch["request_counts"] = {"total": len(lines), "completed": len(good), "failed": len(bad)}
        for name, kind, written in (
            ("output", "batch_output", self.provider.lines(good)),
            ("error", "batch_output", bad),
        ):
            if written:
                batch[f"{name}_file_id"] = self._file(
                    f"{batch['id']}_{name}.jsonl", b"\n".join(written) + b"\n", kind
                )["id"]

    def _look(self, handler: Any, _: Any, __: bytes) -> tuple[int, bytes, str]:
        batch = self.batches.get(handler.path.split("/")[3])
        return (
            (200, json.dumps(_shown(self._advanced(batch))).encode(), "")
            if batch
            else _missing("batch")
        )

    def _cancel(self, handler: Any, _: Any, __: bytes) -> tuple[int, bytes, str]:
        batch = self.batches.get(handler.path.split("/")[3])
        if batch is None:
            return _missing("batch")
        self.cancel(batch)
        return 200, json.dumps(_shown(batch)).encode(), ""

    def cancel(self, batch: dict[str, Any], share: float | None = None) -> None:
        """End a batch early, as somebody may do on the provider's page."""
        own, counts = self._advanced(batch)["_"], batch["request_counts"]
        if batch["status"] not in ENDED and own["cancelled"] is None:
            own["cancelled"] = time.monotonic()
            own["part"] = counts["completed"] / len(own["lines"]) if share is None else share
            batch["status"] = "cancelling"

    def _list(self, _: Any, query: dict[str, list[str]], __: bytes) -> tuple[int, bytes, str]:
        newest = [self._advanced(one) for one in reversed(self.batches.values())]
        if after := query.get("after"):
            ids = [one["id"] for one in newest]
            newest = newest[ids.index(after[0]) + 1 :]
        size = min(int(query.get("limit", ["20"])[0]), self.provider.page)
        page = {
            "object": "list",
            "data": [_shown(one) for one in newest[:size]],
            "has_more": len(newest) > size,
        }
        return 200, json.dumps(page).encode(), ""


def _shown(batch: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in batch.items() if name != "_"}


def _missing(what: str) -> tuple[int, bytes, str]:
    return _error(404, f"No such {what}.", "invalid_request_error", "id")


def _error(status: int, message: str, code: str, param: str) -> tuple[int, bytes, str]:
    error = {"message": message, "type": "invalid_request_error", "param": param, "code": code}
    return status, json.dumps({"error": error}).encode(), ""
