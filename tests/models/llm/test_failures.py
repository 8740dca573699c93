"""Each way in which no connection comes about is named as what it is, over real sockets."""

import asyncio
import socket
import ssl
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pytest

import support
from support.openai_server import OpenAIServer
from triage_agent.errors import SettingsError, StopError, TriageError
from triage_agent.models.llm.client import ATTEMPTS_UNSENT, OpenAIChat
from triage_agent.models.llm.transport import open_client
from triage_agent.models.protocols import ChatRequest, Message

pytestmark = pytest.mark.anyio

CERTIFICATES = Path(support.__file__).parent / "certificates"
REQUEST = ChatRequest((Message("user", "Leads get lost."),), "triage", {"type": "object"}, 600)
PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@pytest.fixture
def anyio_backend():
    return "asyncio"


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch):
    for name in PROXIES:
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)


def tls(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context


async def ask(address, *, local=True):
    """Return the reply and how often was waited for another attempt."""
    naps = []

    async def sleep(seconds):
        naps.append(seconds)

    client = open_client(5.0, address, local=local)
    chat = OpenAIChat("m", address, timeout_s=5.0, sleep=sleep, http_client=client)
    try:
        return await chat.ask(REQUEST), len(naps)
    except TriageError as error:
        return error, len(naps)
    finally:
        await chat.aclose()


@asynccontextmanager
async def saying(content, *, when=b"\r\n\r\n"):
    """Yield the port of a server that says one thing to whatever comes, and closes."""

    async def serve(reader, writer):
        with suppress(OSError, asyncio.IncompleteReadError):
            await reader.readuntil(when) if when else await reader.read(1)
            writer.write(content)
            await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def test_with_the_certificate_in_ssl_cert_file_a_server_of_ones_own_is_asked(monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / "here.pem"))
    async with OpenAIServer(tls=tls("here")) as server:
        reply, naps = await ask(server.base_url)
    assert reply.text.startswith("{")
    assert naps == 0


@pytest.mark.parametrize(
    ("certificate", "trusted", "says"),
    [
        pytest.param("here", False, "authority that this computer does not know", id="unknown"),
        pytest.param("expired", True, "has expired", id="expired"),
        pytest.param("elsewhere", True, "is for another name", id="of another host"),
    ],
)
async def test_a_certificate_that_is_not_trusted_stops_at_once_and_names_the_cure(
    certificate, trusted, says, monkeypatch
):
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(CERTIFICATES / f"{certificate}.pem"))
    async with OpenAIServer(tls=tls(certificate)) as server:
        error, naps = await ask(server.base_url)
        assert server.calls == 0
    assert isinstance(error, StopError)
    assert error.__cause__.kind == "certificate"
    assert says in error.message
    assert "SSL_CERT_FILE" in error.message
    assert naps == 0


async def test_https_to_a_server_without_tls_is_named_and_not_tried_again():
    async with OpenAIServer() as server:
        error, naps = await ask(server.base_url.replace("http:", "https:"))
    assert (error.__cause__.kind, naps) == ("tls", 0)
    assert "http://" in error.message


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\x15\x03\x03\x00\x02\x02\x46", id="an alert, as OpenSSL sends it"),
        pytest.param(
            b"HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS server.\n",
            id="words, as Go has them",
        ),
        pytest.param(
            b"HTTP/1.1 400 Bad Request\r\nContent-Type: text/html\r\nContent-Length: 54\r\n\r\n"
            b"<b>The plain HTTP request was sent to HTTPS port</b>\r\n",
            id="words, as nginx has them",
        ),
    ],
)
async def test_http_to_a_server_with_tls_is_named_and_not_tried_again(answer):
    async with saying(answer) as port:
        error, naps = await ask(f"http://127.0.0.1:{port}/v1")
    assert (error.__cause__.kind, naps) == ("tls", 0)
    assert "https://" in error.message


async def test_http_to_a_server_that_just_hangs_up_because_it_wants_tls_is_named_too():
    async with OpenAIServer(tls=tls("here")) as server:
        error, naps = await ask(server.base_url.replace("https:", "http:"))
        assert server.calls == 0
    assert (error.__cause__.kind, naps) == ("tls", 0)


async def test_nobody_at_the_address_is_tried_again_and_then_stops_the_run():
    error, naps = await ask("http://127.0.0.1:9/v1")
    assert (error.type, error.__cause__.kind) == ("stop_unreachable", "connection")
    assert "nothing listens" in error.message
    assert naps == ATTEMPTS_UNSENT - 1


@pytest.mark.parametrize(
    ("number", "says", "tries_again"),
    [
        pytest.param(socket.EAI_NONAME, "no such host", False, id="no such name"),
        pytest.param(socket.EAI_AGAIN, "is there a network", True, id="no network"),
    ],
)
async def test_a_name_without_an_address_is_named(number, says, tries_again, monkeypatch):
    def lookup(*_, **__):
        raise socket.gaierror(number, "as the resolver says it")

    monkeypatch.setattr(socket, "getaddrinfo", lookup)
    error, naps = await ask("https://llm.invalid/v1", local=False)
    assert error.__cause__.kind == "dns"
    assert says in error.message
    assert "llm.invalid" in error.message
    assert naps == (ATTEMPTS_UNSENT - 1 if tries_again else 0)


REFUSED = b"HTTP/1.1 %s\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_a_proxy_that_wants_a_login_is_named(scheme, monkeypatch):
    async with saying(REFUSED % b"407 Proxy Authentication Required") as port:
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", f"http://127.0.0.1:{port}")
        error, naps = await ask(f"{scheme}://llm.invalid/v1", local=False)
    assert (error.__cause__.kind, naps) == ("proxy", 0)
    assert "wants a login" in error.message
    assert f"{scheme.upper()}_PROXY" in error.message


async def test_a_proxy_that_refuses_the_connection_is_named_with_what_it_said(monkeypatch):
    async with saying(REFUSED % b"403 Forbidden") as port:
        monkeypatch.setenv("HTTPS_PROXY", f"http://127.0.0.1:{port}")
        error, naps = await ask("https://llm.invalid/v1", local=False)
    assert (error.__cause__.kind, naps) == ("proxy", 0)
    assert "refuses the connection (403)" in error.message


async def test_a_proxy_that_is_not_there_is_named_and_tried_again(monkeypatch):
    monkeypatch.setenv("HTTPS_PROXY", "http://127.0.0.1:9")
    error, naps = await ask("https://llm.invalid/v1", local=False)
    assert (error.__cause__.kind, naps) == ("proxy", ATTEMPTS_UNSENT - 1)
    assert "cannot be reached" in error.message


async def test_a_proxy_is_used_with_its_login_and_without_it_for_the_hosts_in_no_proxy(monkeypatch):
    seen = []

    async def serve(reader, writer):
        seen.append(await reader.readuntil(b"\r\n\r\n"))
        writer.write(REFUSED % b"400 Bad Request")
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    monkeypatch.setenv("HTTP_PROXY", f"http://ann:secret@127.0.0.1:{port}")
    error, _ = await ask("http://llm.invalid/v1", local=False)
    assert "secret" not in error.message
    assert seen[0].startswith(b"POST http://llm.invalid/v1/chat/completions ")
    assert b"proxy-authorization: basic" in seen[0].lower()
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    await ask(f"http://127.0.0.1:{port}/v1", local=False)
    server.close()
    assert seen[1].startswith(b"POST /v1/chat/completions ")
    assert b"proxy-authorization" not in seen[1].lower()


async def test_a_proxy_of_another_kind_is_a_setting_to_correct(monkeypatch):
    monkeypatch.setenv("ALL_PROXY", "socks5://127.0.0.1:9")
    with pytest.raises(SettingsError, match="ALL_PROXY"):
        open_client(5.0, "https://llm.invalid/v1")
