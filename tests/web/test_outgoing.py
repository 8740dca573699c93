"""No receiver's address leads into a private network, whatever its name resolves to, and when."""

import re
import socket
import ssl
import threading
from contextlib import closing, contextmanager
from pathlib import Path

import httpcore2
import pytest
from hypothesis import given
from hypothesis import strategies as st

import support
from support.receiver import receiving
from triage_agent.errors import InputError
from triage_agent.web import outgoing as module
from triage_agent.web.outgoing import NotSentError, Outgoing, is_public

pytestmark = pytest.mark.anyio
CERTIFICATES = Path(support.__file__).parent / "certificates"
OUTGOING = Outgoing()
PUBLIC, PUBLIC_6 = "93.184.216.34", "2606:2800:220:1:248:1893:25c8:1946"
PRIVATE = [
    pytest.param("127.0.0.1", id="loopback"),
    pytest.param("127.8.9.10", id="loopback too"),
    pytest.param("0.0.0.0", id="unspecified"),  # noqa: S104
    pytest.param("0.1.2.3", id="this network"),
    pytest.param("10.1.2.3", id="private 10"),
    pytest.param("172.16.0.1", id="private 172"),
    pytest.param("192.168.1.1", id="private 192"),
    pytest.param("169.254.169.254", id="link-local, where clouds keep credentials"),
    pytest.param("100.64.0.1", id="carrier-grade NAT"),
    pytest.param("192.0.0.8", id="protocol assignments"),
    pytest.param("192.0.2.1", id="examples"),
    pytest.param("192.88.99.1", id="6to4 relay"),
    pytest.param("198.18.0.1", id="benchmarks"),
    pytest.param("224.0.0.1", id="multicast"),
    pytest.param("239.255.255.250", id="multicast, private"),
    pytest.param("240.0.0.1", id="reserved"),
    pytest.param("255.255.255.255", id="broadcast"),
    pytest.param("::", id="unspecified 6"),
    pytest.param("::1", id="loopback 6"),
    pytest.param("::ffff:127.0.0.1", id="mapped loopback"),
    pytest.param("::ffff:10.0.0.1", id="mapped private"),
    pytest.param("::127.0.0.1", id="compatible"),
    pytest.param("64:ff9b::7f00:1", id="NAT64 of loopback"),
    pytest.param("64:ff9b::a00:1", id="NAT64 of private"),
    pytest.param("64:ff9b:1::a00:1", id="NAT64 of a network of one's own"),
    pytest.param("2002:7f00:1::", id="6to4 of loopback"),
    pytest.param("2001::1", id="Teredo"),
    pytest.param("2001:db8::1", id="examples 6"),
    pytest.param("fc00::1", id="unique local"),
    pytest.param("fd12:3456::1", id="unique local too"),
    pytest.param("fe80::1", id="link-local 6"),
    pytest.param("fe80::1%eth0", id="link-local with a zone"),
    pytest.param("fec0::1", id="site-local"),
    pytest.param("ff02::1", id="multicast 6"),
    pytest.param("not an address", id="no address"),
]


@pytest.fixture
def anyio_backend():
    return "asyncio"


class Names:
    """A resolver that answers as a test says; each answer in its turn, the last one for good."""

    def __init__(self, *answers):
        self.answers, self.asked = list(answers), []

    async def __call__(self, host, port):
        self.asked.append(host)
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, Exception):
            raise answer
        return answer


class Wire(httpcore2.AsyncNetworkBackend):
    """Leads every connection to one port of this machine, and notes where it should have gone."""

    def __init__(self, port, refuses=()):
        self.port, self.refuses, self.reached = port, refuses, []
        self._real = httpcore2.AnyIOBackend()

    async def connect_tcp(self, host, port, *arguments, **options):
        self.reached.append((host, port))
        if host in self.refuses:
            raise httpcore2.ConnectError("refused")
        return await self._real.connect_tcp("127.0.0.1", self.port, *arguments, **options)


def trusting(name):
    return ssl.create_default_context(cafile=CERTIFICATES / f"{name}.pem")


def serving(name):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(CERTIFICATES / f"{name}.pem")
    return context


async def reason(outgoing, url="https://elsewhere.test/hook"):
    with pytest.raises(NotSentError) as caught:
        await outgoing.post(url, b"{}", {})
    return caught.value.reason


@pytest.mark.parametrize("address", PRIVATE)
class TestAnAddressThatIsNotPublic:
    async def test_is_none(self, address):
        assert not is_public(address)

    async def test_is_not_reached_under_any_name(self, address):
        wire = Wire(1)
        outgoing = Outgoing(resolve=Names([address]), network=wire)
        assert await reason(outgoing) == "address"
        assert wire.reached == []

    async def test_is_refused_beside_a_public_one(self, address):
        for answer in ([PUBLIC, address], [address, PUBLIC_6]):
            wire = Wire(1)
            assert await reason(Outgoing(resolve=Names(answer), network=wire)) == "address"
            assert wire.reached == []


@pytest.mark.parametrize("address", [PUBLIC, PUBLIC_6, "8.8.8.8", "2a00:1450:4001::1"])
async def test_an_address_of_the_open_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize("host", ["2130706433", "0x7f.1", "127.1", "localhost", "127.0.0.1."])
async def test_a_host_that_is_another_way_to_write_this_machine_is_looked_up_and_refused(host):
    wire = Wire(1)
    outgoing = Outgoing(resolve=Names(["127.0.0.1"]), network=wire)
    assert await reason(outgoing, f"https://{host}/") == "address"
    with pytest.raises(InputError, match="not on the open internet"):
        await outgoing.check(f"https://{host}/")
    assert wire.reached == []


async def test_a_name_that_answers_another_address_the_next_time_changes_nothing():
    with receiving(serving("elsewhere")) as receiver:
        names, wire = Names([PUBLIC], ["127.0.0.1"]), Wire(receiver.port)
        outgoing = Outgoing(resolve=names, network=wire, tls=trusting("elsewhere"))
        assert await outgoing.post("https://elsewhere.test/hook", b"{}", {}) == 204
        assert names.asked == ["elsewhere.test"]
        assert wire.reached == [(PUBLIC, 443)]
        assert await reason(outgoing) == "address"
        assert wire.reached == [(PUBLIC, 443)]


async def test_it_goes_to_the_address_and_keeps_the_name_for_host_and_certificate():
    named = []
    context = serving("elsewhere")
    context.sni_callback = lambda _, name, __: named.append(name)
    with receiving(context) as receiver:
        wire = Wire(receiver.port)
        outgoing = Outgoing(resolve=Names([PUBLIC]), network=wire, tls=trusting("elsewhere"))
        await outgoing.post("https://elsewhere.test:8443/a?b=c", b"{}", {})
        told = receiver.next()
    assert wire.reached == [(PUBLIC, 8443)]
    assert told.headers["host"] == "elsewhere.test:8443"
    assert told.path == "/a?b=c"
    assert named == ["elsewhere.test"]


@pytest.mark.parametrize(
    ("served", "trusted"),
    [("here", "here"), ("elsewhere", "here"), ("expired", "expired")],
    ids=["of another name", "of an authority that nobody knows", "that has expired"],
)
async def test_a_certificate_that_is_not_its_own_is_refused(served, trusted):
    with receiving(serving(served)) as receiver:
        outgoing = Outgoing(
            resolve=Names([PUBLIC]), network=Wire(receiver.port), tls=trusting(trusted)
        )
        assert await reason(outgoing) == "tls"
        assert receiver.waiting == 0


async def test_where_the_first_address_does_not_answer_the_next_is_tried():
    with receiving(serving("elsewhere")) as receiver:
        wire = Wire(receiver.port, refuses=(PUBLIC_6,))
        outgoing = Outgoing(
            resolve=Names([PUBLIC_6, PUBLIC]), network=wire, tls=trusting("elsewhere")
        )
        assert await outgoing.post("https://elsewhere.test/", b"{}", {}) == 204
    assert wire.reached == [(PUBLIC_6, 443), (PUBLIC, 443)]


@pytest.mark.parametrize(
    "answer",
    [[], socket.gaierror("no"), TimeoutError(), UnicodeError("label too long")],
    ids=["no address", "no such name", "too late", "a label that is too long"],
)
async def test_a_name_that_nobody_knows_is_said_to_be_unknown(answer):
    outgoing = Outgoing(resolve=Names(answer), network=Wire(1))
    assert await reason(outgoing) == "name"
    with pytest.raises(InputError, match="no host of that name"):
        await outgoing.check("https://elsewhere.test/")


@given(
    st.one_of(
        st.text(max_size=60),
        st.text(max_size=60).map("https://{}".format),
        st.text("ab.:@/\\[]%#?0x1\t\n -", max_size=30).map("https://a{}".format),
    )
)
def test_whatever_is_typed_leads_to_a_host_in_ascii_or_is_refused(text):
    try:
        target = OUTGOING.target(text)
    except InputError:
        return
    assert target.url.scheme == "https"
    assert re.fullmatch(r"[a-z0-9._-]+|[0-9a-f:.]+", target.host)
    assert 0 < target.port < 65536
    assert target.url.netloc.decode().partition(":")[0].strip("[]").lower() in target.host


class TestAHostThatIsAllowed:
    async def test_is_reached_without_https_and_wherever_it_is(self):
        with receiving() as receiver:
            outgoing = Outgoing(["Desk.Lan"], resolve=Names(["127.0.0.1"]))
            url = f"http://desk.LAN:{receiver.port}/hook"
            assert await outgoing.post(url, b"{}", {}) == 204

    @pytest.mark.parametrize("host", ["desk.lan.evil.example", "evil-desk.lan", "desk.lan."])
    async def test_is_that_one_alone(self, host):
        outgoing = Outgoing(["desk.lan"], resolve=Names(["127.0.0.1"]), network=Wire(1))
        assert await reason(outgoing, f"https://{host}/") == "address"
        with pytest.raises(InputError, match="https://"):
            outgoing.target(f"http://{host}/")

    async def test_that_is_allowed_no_more_is_not_told_any_more(self):
        outgoing = Outgoing(resolve=Names(["127.0.0.1"]), network=Wire(1))
        assert await reason(outgoing, "http://desk.lan/") == "address"


async def test_proxies_of_the_environment_are_ignored(monkeypatch):
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "https_proxy", "http_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    with receiving() as receiver:
        outgoing = Outgoing(["127.0.0.1"])
        assert await outgoing.post(receiver.url, b"{}", {}) == 204


@contextmanager
def speaking(talk):
    """Yield the address of a server that says what `talk` sends, and hangs up after it."""
    with closing(socket.create_server(("127.0.0.1", 0))) as listening:

        def serve():
            one, _ = listening.accept()
            with closing(one):
                one.recv(65536)
                talk(one)

        thread = threading.Thread(target=serve)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
        thread.join()


async def test_who_never_answers_is_left(monkeypatch):
    monkeypatch.setattr(module, "TOTAL_S", 0.3)
    left = threading.Event()
    with speaking(lambda _: left.wait(20)) as url:
        assert await reason(Outgoing(["127.0.0.1"]), url) == "timeout"
        left.set()


async def test_who_answers_a_byte_now_and_then_is_left(monkeypatch):
    monkeypatch.setattr(module, "TOTAL_S", 0.3)
    left = threading.Event()

    def drips(one):
        while not left.wait(0.02):
            try:
                one.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
            except OSError:
                return

    with speaking(drips) as url:
        assert await reason(Outgoing(["127.0.0.1"]), url) == "timeout"
        left.set()


async def test_of_an_answer_that_never_ends_nothing_is_read_but_its_status():
    sent = []

    def floods(one):
        one.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                sent.append(one.send(b"x" * 65536))
        except OSError:
            return

    with speaking(floods) as url:
        assert await Outgoing(["127.0.0.1"]).post(url, b"{}", {}) == 200
    assert sum(sent) < 50_000_000  # what lies in buffers of the system


@pytest.mark.parametrize(
    "answer",
    [b"", b"nonsense\r\n\r\n", b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 100_000],
    ids=["nothing", "nonsense", "headers without end"],
)
async def test_an_answer_that_is_none_is_a_failure(answer):
    def talk(one):
        try:
            one.sendall(answer)
        except OSError:
            return

    with speaking(talk) as url:
        assert await reason(Outgoing(["127.0.0.1"]), url) == "connection"
