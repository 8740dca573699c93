"""Requests to addresses that advisers give: to public ones alone, and to the very one checked."""

import re
import ssl
from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv4Network, IPv6Network, ip_address
from socket import SOCK_STREAM

import anyio
import httpcore2
import httpx2

from triage_agent.errors import InputError

CONNECT_S, TOTAL_S = 5.0, 15.0  # seconds for one connection, and for a request with its answer
MOST_ADDRESSES = 4  # of one name that are tried
LONGEST_URL = 1000  # characters
# Beside what Python takes for not public, which differs from version to version.
NOT_PUBLIC_4 = tuple(
    IPv4Network(one)
    for one in ("0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.88.99.0/24", "240.0.0.0/4")
)
# All that is given out by now; NAT64, mapped, unique local and link-local addresses are outside.
PUBLIC_6 = IPv6Network("2000::/3")
# Teredo and the like, 6to4, which hold an IPv4 address of anybody's choice; examples.
NOT_PUBLIC_6 = tuple(
    IPv6Network(one) for one in ("2001::/23", "2002::/16", "2001:db8::/32", "3fff::/20")
)
HOST = re.compile(r"[a-z0-9._-]+|[0-9a-f:.]+")  # a name, or an address
Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class NotSentError(Exception):
    """A request was not answered.

    Attributes:
        reason: `address` (it is not public), `name` (no such host), `tls`, `timeout` or
            `connection`; a key of the words of the pages.
    """

    def __init__(self, reason: str) -> None:
        self.reason = reason
        super().__init__(reason)


def is_public(address: str) -> bool:
    """Return whether an IP address is one of the open internet, and of one machine.

    >>> [is_public(one) for one in ("93.184.216.34", "10.0.0.1", "::ffff:93.184.216.34")]
    [True, False, False]
    """
    try:
        one = ip_address(address)
    except ValueError:
        return False
    if not one.is_global or one.is_multicast or one.is_reserved:
        return False
    if isinstance(one, IPv4Address):
        return not any(one in network for network in NOT_PUBLIC_4)
    return one in PUBLIC_6 and not any(one in network for network in NOT_PUBLIC_6)


async def resolved(host: str, port: int) -> list[str]:
    """Return the addresses of a name, by the system's resolver; of an address, itself."""
    with suppress(ValueError):
        return [str(ip_address(host))]
    found = await anyio.getaddrinfo(host, port, type=SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class PublicNetwork(httpcore2.AsyncNetworkBackend):
    """Connects to names whose addresses are all public, and to hosts that are allowed by name.

    A name is resolved here and nowhere else, for each connection anew, and the connection goes to
    an address that was checked: an answer that differs the next time changes nothing. What the
    other side is called in `Host` and in its certificate stays the name.
    """

    def __init__(
        self, allowed: Collection[str], resolve: Resolve, network: httpcore2.AsyncNetworkBackend
    ) -> None:
        self._allowed, self._resolve, self._network = allowed, resolve, network

    async def addresses(self, host: str, port: int) -> Sequence[str]:
        """Return the checked addresses of a host; raises `NotSentError`."""
        try:
            with anyio.fail_after(CONNECT_S):
                found = await self._resolve(host, port)
        except (OSError, UnicodeError) as error:  # an OSError too: it took too long
            raise NotSentError("name") from error
        if not found:
            raise NotSentError("name")
        if host not in self._allowed and not all(map(is_public, found)):
            raise NotSentError("address")
        return found[:MOST_ADDRESSES]

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109  (httpcore's name)
        local_address: str | None = None,
        socket_options: Iterable[httpcore2.SOCKET_OPTION] | None = None,
    ) -> httpcore2.AsyncNetworkStream:
        """Return a connection to the first address that answers."""
        failed: Exception = NotSentError("name")
        for address in await self.addresses(host, port):
            try:
                return await self._network.connect_tcp(
                    address, port, timeout, local_address, socket_options
                )
            except (httpcore2.NetworkError, httpcore2.TimeoutException) as error:
                failed = error
        raise failed


@dataclass(frozen=True, slots=True)
class Target:
    """Where a request goes: a URL that was checked in itself."""

    url: httpx2.URL

    @property
    def host(self) -> str:
        """The host in ASCII, in small letters."""
        return self.url.raw_host.decode("ascii").lower()

    @property
    def port(self) -> int:
        """The port."""
        return self.url.port or {"http": 80, "https": 443}[self.url.scheme]


class Outgoing:
    """Sends requests that follow no redirect, and read no proxy from the environment."""

    def __init__(
        self,
        allowed_hosts: Collection[str] = (),
        *,
        resolve: Resolve = resolved,
        network: httpcore2.AsyncNetworkBackend | None = None,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        """`allowed_hosts` may have any address, and http; the rest is for tests."""
        self._allowed = frozenset(one.lower() for one in allowed_hosts)
        self._network = PublicNetwork(self._allowed, resolve, network or httpcore2.AnyIOBackend())
        self._tls = tls or ssl.create_default_context()

    def target(self, url: str) -> Target:
        """Return where a URL leads; raises `InputError` for what no receiver has."""
        try:
            parsed = Target(httpx2.URL(url))
            host = parsed.host
        except (httpx2.InvalidURL, UnicodeError, TypeError) as error:
            raise InputError("This is not an address like https://example.com/hook.") from error
        known = HOST.fullmatch(host) and parsed.url.scheme in {"http", "https"}
        if not known or len(url) > LONGEST_URL:
            raise InputError("This is not an address like https://example.com/hook.")
        if parsed.url.userinfo or parsed.url.fragment:
            raise InputError("Leave out names, passwords and # in the address.")
        if parsed.url.scheme == "http" and host not in self._allowed:
            raise InputError(
                "Give an address that begins with https://. Without it, anybody on the way can "
                "read what is sent."
            )
        return parsed

    async def check(self, url: str) -> None:
        """Raise `InputError` for a URL to which nothing would be sent as things stand."""
        target = self.target(url)
        try:
            await self._network.addresses(target.host, target.port)
        except NotSentError as error:
            raise InputError(
                "There is no host of that name."
                if error.reason == "name"
                else "This host is not on the open internet. If it is one of your own, start the "
                f"server with --allow-hook-host {target.host}."
            ) from error

    async def post(self, url: str, body: bytes, headers: Mapping[str, str]) -> int:
        """Return the status of the answer, of which nothing else is read.

        Raises:
            NotSentError: There was none.
        """
        try:
            target = self.target(url)
        except InputError as error:  # a host that is not allowed any more
            raise NotSentError("address") from error
        steps = dict.fromkeys(("connect", "read", "write", "pool"), CONNECT_S)
        given = [(b"host", target.url.netloc)]
        given += [(name.encode(), value.encode()) for name, value in headers.items()]
        try:
            with anyio.fail_after(TOTAL_S):
                async with (
                    httpcore2.AsyncConnectionPool(self._tls, network_backend=self._network) as pool,
                    pool.stream(
                        "POST",
                        httpcore2.URL(
                            scheme=target.url.raw_scheme,
                            host=target.host,
                            port=target.port,
                            target=target.url.raw_path,
                        ),
                        headers=given,
                        content=body,
                        extensions={"timeout": {**steps, "read": TOTAL_S}},
                    ) as answer,
                ):
                    return answer.status
        except (TimeoutError, httpcore2.TimeoutException) as error:
            raise NotSentError("timeout") from error
        except (httpcore2.NetworkError, httpcore2.ProtocolError, OSError) as error:
            raise NotSentError("tls" if _is_of_tls(error) else "connection") from error


def _is_of_tls(error: BaseException | None) -> bool:
    """Return whether an error comes from TLS, however often it was wrapped."""
    while error is not None and not isinstance(error, ssl.SSLError):
        error = error.__cause__ or error.__context__
    return error is not None
