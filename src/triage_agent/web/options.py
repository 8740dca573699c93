"""How a server is started, and what it refuses."""

import re
from dataclasses import dataclass
from ipaddress import ip_address, ip_network
from pathlib import Path
from urllib.parse import urlsplit

from triage_agent.errors import SettingsError

HOST, PORT = "127.0.0.1", 8787
STARTS_PER_HOUR = 30  # an office behind one address has not more
NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?")  # of a host
BACKUP_DAYS = 30  # that a backup is kept where nothing else is set


@dataclass(frozen=True, slots=True)
class ServeOptions:
    """Where a server listens, and where its data are."""

    data: Path
    host: str = HOST
    port: int = PORT
    public_url: str | None = None  # as people reach it; None: only from this machine
    trusted_proxies: tuple[str, ...] = ()  # addresses whose X-Forwarded-For is believed
    starts_per_hour: int = STARTS_PER_HOUR  # conversations that one address may begin
    retention_days: int | None = None  # None: nothing is deleted by itself
    hook_hosts: tuple[str, ...] = ()  # that may be told of verdicts wherever they are
    embed_hosts: tuple[str, ...] = ()  # of sites whose pages may show the owner's pages in a frame
    language: str = "en"  # of the words of the pages: a file of the data folder, but for English

    @property
    def backup_days(self) -> int:
        """After how many days a backup in the data folder is deleted."""
        return self.retention_days or BACKUP_DAYS

    @property
    def address(self) -> str:
        """The address to open, without a slash at the end."""
        if self.public_url:
            return self.public_url.rstrip("/")
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}"

    @property
    def embedders(self) -> tuple[str, ...]:
        """The origins of the sites whose pages may frame the owner's pages."""
        return tuple(
            f"{'http' if is_loopback(_host(one)) else 'https'}://{one.lower()}"
            for one in self.embed_hosts
        )

    @property
    def secure(self) -> bool:
        """Whether people reach it by https."""
        return self.address.startswith("https://")

    def check(self) -> None:
        """Raise `SettingsError` for a server that would be open without https, or cannot work."""
        for proxy in self.trusted_proxies:
            if not _is_network(proxy):
                raise SettingsError(
                    f"--trusted-proxy {proxy} is not an address like 127.0.0.1 or a network like "
                    "10.0.0.0/8. Give the address of your proxy: whoever is trusted can say who "
                    "asks, so nobody else may be."
                )
        for option, names in (
            ("allow-hook", [one for one in self.hook_hosts if "/" in one or not _is_network(one)]),
            ("embed", [_host(one) for one in self.embed_hosts]),
        ):
            if wrong := [one for one in names if not NAME.fullmatch(one)]:
                raise SettingsError(
                    f"--{option}-host {wrong[0]} is not the name of a host like www.example.com. "
                    "Give it without https:// and without a path."
                )
        if self.public_url is None:
            if not is_loopback(self.host):
                raise SettingsError(
                    f"--host {self.host} lets other machines in, and what people write would "
                    "travel in the clear. Give --public-url https://… (the address at which a "
                    "proxy with a certificate serves it), or leave out --host."
                )
            return
        parts = urlsplit(self.public_url)
        if parts.scheme != "https" and not is_loopback(parts.hostname or ""):
            raise SettingsError(
                f"--public-url {self.public_url} is not https. What people write would travel in "
                "the clear. docs/how-to/serve.md shows how to get a certificate."
            )
        if not parts.hostname or parts.query or parts.fragment or parts.path.strip("/"):
            raise SettingsError(
                f"--public-url {self.public_url} should be like https://triage.example.com, "
                "without a path."
            )


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine.

    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("0.0.0.0")
    (True, True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name
        return False


def _host(host: str) -> str:
    """Return a host without its port.

    >>> _host("www.example.com:8443"), _host("www.example.com")
    ('www.example.com', 'www.example.com')
    """
    name, colon, port = host.rpartition(":")
    return name if colon and port.isascii() and port.isdigit() and len(port) < 6 else host


def _is_network(text: str) -> bool:
    """Return whether a text is an address or a network, and not all of them."""
    try:
        return ip_network(text).prefixlen > 0
    except ValueError:
        return False
