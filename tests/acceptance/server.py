"""A server on loopback that plays the rules of a behaviour: odd, slow and broken ones included."""

import asyncio
import contextlib
import gzip
import json
import ssl
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acceptance.answers import schema_of, texts_of
from acceptance.completions import completion
from acceptance.conditions import Seen, fits

Json = dict[str, Any]
REASONS = {200: "OK", 400: "Bad Request", 401: "Unauthorized", 429: "Too Many Requests"}


@dataclass
class Double:
    """The server of one behaviour.

    `rules` holds `responses`, of which the first one whose `when` fits is played; without one, the
    answer is good. `slots`, `work`: so many requests are answered at once, each in so many seconds.
    `up_after`, `down_after` and `down_for`: when nobody listens at the port.
    """

    rules: Json
    markers: list[str] = field(default_factory=list)
    seen: list[Seen] = field(default_factory=list)
    port: int = 0
    most_in_flight: int = 0
    _in_flight: int = 0
    _per_row: dict[str, int] = field(default_factory=dict)
    _schema: Json | None = None
    _server: asyncio.Server | None = None
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _slots: asyncio.Semaphore | None = None
    _first: float | None = None
    tls: ssl.SSLContext | None = None

    async def start(self) -> None:
        """Begin to listen, or take a port and begin later."""
        self._slots = asyncio.Semaphore(self.rules.get("slots", 10_000))
        await self._listen()
        if "up_after" in self.rules:
            await self._stop_listening()
            self._later(self.rules["up_after"])

    def _later(self, seconds: float) -> None:
        async def again() -> None:
            await asyncio.sleep(seconds)
            await self._listen()

        task = asyncio.get_running_loop().create_task(again())
        self._tasks.add(task)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self.tls, reuse_address=True, backlog=512
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _stop_listening(self) -> None:
        if self._server:
            self._server.close()
            self._server = None
        for writer in list(self._writers):
            writer.transport.abort()

    async def stop(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()
        await self._stop_listening()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        try:
            while await self._one(reader, writer):
                pass
        except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            pass
        finally:
            self._writers.discard(writer)
            with contextlib.suppress(OSError):
                writer.close()

    async def _one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
        first, *lines = head.strip().split("\r\n")
        method, path = first.split(" ")[:2]
        pairs = (line.partition(":") for line in lines)
        headers = {name.strip().lower(): value.strip() for name, _, value in pairs}
        raw = await reader.readexactly(int(headers.get("content-length", 0)))
        if headers.get("transfer-encoding") == "chunked":
            raw = await _read_chunks(reader)
        if headers.get("content-encoding") == "gzip":
            raw = gzip.decompress(raw)
        if method != "POST":
            return await self._other(method, path, writer)
        return await self._post(path, headers, json.loads(raw or b"{}"), writer)

    async def _other(self, method: str, path: str, writer: asyncio.StreamWriter) -> bool:
        """Answer what is not a completion: the list of the models."""
        models = self.rules.get("models", ["test-model"])
        if method == "GET" and path.partition("?")[0].endswith("/models") and models is not None:
            listed = {"object": "list", "data": [{"id": m, "object": "model"} for m in models]}
            await _send(writer, 200, {}, json.dumps(listed).encode())
        else:
            await _send(writer, 404, {}, b'{"detail": "Not Found"}')
        return True

    async def _post(
        self, path: str, headers: dict[str, str], body: Json, writer: asyncio.StreamWriter
    ) -> bool:
        now = time.monotonic()
        self._first = self._first or now
        users = [t for m, t in zip(body["messages"], texts_of(body), strict=False)]
        row = next((m for m in self.markers if any(m in text for text in users)), "")
        self._per_row[row] = self._per_row.get(row, 0) + 1
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        seen = Seen(
            len(self.seen) + 1, path, headers, body, row, self._per_row[row], self._in_flight, now
        )
        self.seen.append(seen)
        self._schema = schema_of(body) or self._schema
        if seen.number == self.rules.get("down_after"):
            await self._stop_listening()
            self._later(self.rules["down_for"])
            self._in_flight -= 1
            return False
        try:
            async with self._slots:
                await asyncio.sleep(self.rules.get("work", 0))
                return await self._play(self._pick(seen), seen, writer)
        finally:
            self._in_flight -= 1

    def _pick(self, seen: Seen) -> Json:
        for response in self.rules.get("responses", []):
            if all(
                fits(name, wanted, seen, self._first)
                for name, wanted in response.get("when", {}).items()
            ):
                return response
        return {"answer": {}}

    async def _play(self, response: Json, seen: Seen, writer: asyncio.StreamWriter) -> bool:
        await asyncio.sleep(response.get("delay", 0))
        if "hang" in response:
            await asyncio.sleep(response["hang"])
            return False
        fault = response.get("fault")
        if fault == "reset":
            sock = writer.get_extra_info("socket")
            sock.setsockopt(1, 13, b"\x01\x00\x00\x00\x00\x00\x00\x00")  # SO_LINGER of nothing
            writer.transport.abort()
            return False
        if fault == "drop":
            return False
        headers = {"content-type": "application/json", **response.get("headers", {})}
        content = self._body(response, seen)
        status = response.get("status", 200)
        if fault == "half":
            writer.write(_head(status, {**headers, "content-length": str(len(content))}))
            writer.write(content[: len(content) // 2])
            await writer.drain()
            return False
        if "chunked" in response:
            await _send_chunks(writer, status, headers, content, response["chunked"])
        else:
            await _send(writer, status, headers, content)
        return not response.get("close")

    def _body(self, response: Json, seen: Seen) -> bytes:
        if "json" in response:
            text = json.dumps(response["json"], ensure_ascii=False)
        elif "text" in response:
            text = response["text"]
        else:
            text = completion(response.get("answer", {}), seen.body, self._schema)
        text += response.get("suffix", "")
        if response.get("echo"):  # the words of the row come back, as some services do
            text = text.replace("{echo}", json.dumps(texts_of(seen.body)[-1])[1:-1])
        return text.encode()


def _head(status: int, headers: dict[str, str]) -> bytes:
    lines = [f"HTTP/1.1 {status} {REASONS.get(status, 'Status')}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return ("\r\n".join(lines) + "\r\n\r\n").encode("latin-1")


async def _send(
    writer: asyncio.StreamWriter, status: int, headers: dict[str, str], content: bytes
) -> None:
    headers = {"content-type": "application/json", **headers, "content-length": str(len(content))}
    writer.write(_head(status, headers) + content)
    await writer.drain()


async def _send_chunks(
    writer: asyncio.StreamWriter, status: int, headers: dict[str, str], content: bytes, how: Json
) -> None:
    """Send in pieces with pauses; `lead` is sent first, as a sign of life."""
    writer.write(_head(status, {**headers, "transfer-encoding": "chunked"}))
    pieces = [how["lead"].encode()] * how.get("leads", 1) if "lead" in how else []
    size = how.get("size", len(content))
    pieces += [content[at : at + size] for at in range(0, len(content), size)]
    for piece in pieces:
        writer.write(f"{len(piece):x}\r\n".encode() + piece + b"\r\n")
        await writer.drain()
        await asyncio.sleep(how.get("pause", 0))
    if not how.get("unfinished"):
        writer.write(b"0\r\n\r\n")
        await writer.drain()


async def _read_chunks(reader: asyncio.StreamReader) -> bytes:
    whole = b""
    while size := int(await reader.readline(), 16):
        whole += await reader.readexactly(size)
        await reader.readline()
    await reader.readline()
    return whole


def tls_context(folder: Path) -> ssl.SSLContext:
    """Return a context with the certificate of that folder, which nobody trusts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    return context
