"""Which addresses a test may reach: this machine and no other."""

import ipaddress


class NetworkUsedError(BaseException):
    """A test tried to reach another machine; no `except Exception` may swallow this."""


def is_loopback(host: object) -> bool:
    """Return whether a host is this machine; names other than localhost are not."""
    if host in {None, "", "localhost", b"localhost", "localhost.", "testserver.localhost"}:
        return True
    try:
        return ipaddress.ip_address(host.decode() if isinstance(host, bytes) else host).is_loopback
    except ValueError:
        return False
