"""Whatever comes over the wire is an answer or an error of ours, and takes little memory."""

import asyncio
import gzip
import resource
import zlib
from contextlib import asynccontextmanager, suppress

import pytest

from triage_agent.errors import ServiceError, TriageError
from triage_agent.models.llm.client import OpenAIChat
from triage_agent.models.llm.transport import MAX_BODY_BYTES, open_client
from triage_agent.models.protocols import ChatRequest, Message

pytestmark = pytest.mark.anyio

REQUEST = ChatRequest((Message("user", "Leads get lost."),), "triage", {"type": "object"}, 600)
BODY = (
    b'{"choices":[{"message":{"content":"{}"},"finish_reason":"stop"}],'
    b'"usage":{"prompt_tokens":9,"completion_tokens":9}}'
)


@pytest.fixture
def anyio_backend():
    return "asyncio"


def http(body=b"{}", *headers, status="200 OK"):
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


@asynccontextmanager
async def serving(*parts):
    """Yield the address of a server that sends these bytes, or awaits what a function returns."""

    async def serve(reader, writer):
        with suppress(OSError, asyncio.CancelledError):
            await reader.read(65536)
            for part in parts:
                if isinstance(part, bytes):
                    writer.write(part)
                    await writer.drain()
                else:
                    await part(writer)
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/v1"
    finally:
        server.close()


async def ask(address, attempts=2, timeout_s=2.0):
    waits = []

    async def sleep(seconds):
        waits.append(seconds)

    client = open_client(timeout_s, local=True)
    chat = OpenAIChat(
        "m", address, timeout_s=timeout_s, attempts=attempts, sleep=sleep, http_client=client
    )
    try:
        return await chat.ask(REQUEST), waits
    finally:
        await chat.aclose()


MALFORMED = {
    "nothing": b"",
    "another service": b"SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n",
    "HTTP/2": b"\0\0\x12\x04\0\0\0\0\0\0\x03",
    "a status line without a number": b"HTTP/1.1 abc OK\r\n\r\n",
    "a status of five digits": b"HTTP/1.1 99999 X\r\nContent-Length: 0\r\n\r\n",
    "a header without a name": b"HTTP/1.1 200 OK\r\n: x\r\n\r\n{}",
    "a header with a NUL": b"HTTP/1.1 200 OK\r\nX: a\0b\r\nContent-Length: 2\r\n\r\n{}",
    "a header of 100 kB": http(b"{}", "X: " + "a" * 100_000),
    "100,000 headers": http(b"{}", *("X: y",) * 100_000),
    "no end of the headers": b"HTTP/1.1 200 OK\r\n",
    "a length that is no number": b"HTTP/1.1 200 OK\r\nContent-Length: abc\r\n\r\n{}",
    "a negative length": b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\n{}",
    "two lengths": b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 2\r\n\r\n{}",
    "half of a body": b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}",
    "a chunk size that is none": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}",
    "half of a chunk": b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{}",
    "broken gzip": http(b"abcd", "Content-Encoding: gzip"),
    "half of a gzip file": http(gzip.compress(BODY)[:-20], "Content-Encoding: gzip"),
    "a packing that nobody knows": http(b"abcd", "Content-Encoding: zzz"),
    "brotli, which was not asked for": http(b"abcd", "Content-Encoding: br"),
    "packed twice": http(gzip.compress(gzip.compress(BODY)), "Content-Encoding: gzip, gzip"),
    "an encoding that nobody knows": http(b"\xff\xfe", "Content-Type: text/html; charset=zzz"),
    "another protocol": b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
    "an error in bytes": http(b"\xff\0\x1b]", status="500 \x1b]52;c;x\x07"),
    "a redirect to nowhere": http(b"", "Location: http://[::1", status="302 Found"),
    "JSON that is too deep": http(b"[" * 200_000),
    "JSON of another shape": http(b'[{"choices": 5}]'),
    "a number of 10,000 digits": http(b'{"choices": [], "n": ' + b"9" * 10_000 + b"}"),
    "a date that no calendar has": http(
        b"{}", "Retry-After: Fri, 31 Dec 99999 23:59:59 GMT", status="429 X"
    ),
    "dates that are none": http(b"{}", "Retry-After: \t, 99 Foo", status="503 X"),
    "limits of 10^400": http(
        b"{}",
        "x-ratelimit-remaining-tokens: " + "9" * 400,
        "x-ratelimit-reset-tokens: " + "9" * 400 + "s",
        status="429 X",
    ),
}


@pytest.mark.parametrize("sent", MALFORMED.values(), ids=MALFORMED)
async def test_whatever_a_server_sends_ends_in_an_error_of_ours(sent):
    async with serving(sent) as address:
        with pytest.raises(TriageError) as caught:
            await ask(address)
    assert "127.0.0.1" in caught.value.message or caught.value.type.startswith("reply_")
    assert caught.value.message.isprintable()


USAGES = [
    {"prompt_tokens": 10**30, "completion_tokens": 10**30},
    {"prompt_tokens": -1, "completion_tokens": 1e400},
    {"prompt_tokens": "9", "completion_tokens": None, "completion_tokens_details": 7},
    {"prompt_tokens": True, "completion_tokens": [], "total_tokens": {}},
    "none",
    [],
]


@pytest.mark.parametrize("usage", USAGES, ids=str)
async def test_no_usage_that_a_server_reports_breaks_a_run(usage):
    import json

    payload = json.loads(BODY) | {"usage": usage}
    async with serving(http(json.dumps(payload).encode())) as address:
        reply, _ = await ask(address)
    assert reply.text == "{}"
    assert reply.usage.input_tokens in {0, 9}
    assert reply.usage.output_tokens == 0


@pytest.mark.parametrize(
    ("packing", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress), ("identity", bytes)]
)
async def test_a_packed_answer_is_read(packing, pack):
    async with serving(http(pack(BODY), f"Content-Encoding: {packing}")) as address:
        reply, _ = await ask(address)
    assert (reply.text, reply.usage.input_tokens) == ("{}", 9)


async def endless(writer):
    """Send spaces for as long as somebody reads."""
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    part = b"%x\r\n" % (1 << 20) + b" " * (1 << 20) + b"\r\n"
    while True:
        writer.write(part)
        await writer.drain()


def bomb(size):
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    zeros = bytes(1 << 20)
    return b"".join(packer.compress(zeros) for _ in range(size >> 20)) + packer.flush()


@pytest.mark.parametrize("status", ["200 OK", "500 X"])
@pytest.mark.parametrize("kind", ["endless", "bomb"])
async def test_an_endless_answer_takes_little_memory(kind, status):
    parts = {
        "endless": (endless,),
        "bomb": (http(bomb(1 << 30), "Content-Encoding: gzip", status=status),),
    }[kind]
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    async with serving(*parts) as address:
        with pytest.raises(ServiceError, match=f"longer than {MAX_BODY_BYTES:,} bytes") as caught:
            await ask(address, timeout_s=20.0, attempts=1)
    assert caught.value.kind == "unreadable"
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 150_000  # kB


async def test_a_server_that_comes_to_its_senses_is_answered():
    states = iter([b"HTTP/1.1 abc\r\n\r\n", http(BODY)])

    async def next_state(writer):
        writer.write(next(states))
        await writer.drain()

    async with serving(next_state) as address:
        reply, waits = await ask(address)
    assert reply.text == "{}"
    assert len(waits) == 1


@pytest.mark.parametrize(
    ("sent", "may_be_billed"),
    [
        pytest.param(None, False, id="nobody listens"),
        pytest.param(b"", True, id="it hangs up"),
        pytest.param(b"HTTP/1.1 200 OK\r\nContent-Length: 500\r\n\r\n{}", True, id="half a reply"),
    ],
)
async def test_an_error_says_whether_the_request_was_sent(sent, may_be_billed):
    async with serving(sent or b"") as address:
        pass_on = address if sent is not None else "http://127.0.0.1:9/v1"
        with pytest.raises(TriageError) as caught:
            await ask(pass_on)
    cause = caught.value.__cause__ if sent is None else caught.value
    assert (cause.kind, cause.sent) == ("connection", may_be_billed)
