"""What it means that a request got no answer: each failure named as what it is.

what failed                                               kind           tried again
nobody listens at the address, or it takes no connection  connection     yes
the connection was dropped, or what came is no HTTP       connection     yes
the name of the host is not known now (no network?)       dns            yes
no such name                                              dns            no
no TLS where the address says https, or the reverse       tls            no
a certificate that is not trusted                         certificate    no
the proxy is not there                                    proxy          yes
the proxy wants a login, or refuses                       proxy          no
no answer in time                                         timeout        yes
an answer that cannot be read                             unreadable     yes
"""

import os
import re
import socket
import ssl
from typing import TypeVar
from urllib.parse import urlsplit

import aiohttp
import httpx2
import openai

from triage_agent.errors import ServiceError
from triage_agent.models.llm.addresses import is_local

E = TypeVar("E", bound=BaseException)
DROPPED = aiohttp.ServerDisconnectedError | ConnectionError
NO_HTTP = aiohttp.ClientError | httpx2.NetworkError | httpx2.ProtocolError
NOT_CONNECTED = aiohttp.ClientConnectorError | aiohttp.ConnectionTimeoutError | httpx2.ConnectError
LATE = TimeoutError | openai.APITimeoutError | httpx2.TimeoutException
CHECK = "Check the address (--base-url) and that the server runs."
ONLY_NOW = frozenset({socket.EAI_AGAIN})  # of a name's look-up: another may succeed
LOGIN_WANTED = 407
# OpenSSL's numbers of what is wrong with a certificate.
DATES, NAMES = frozenset({9, 10}), frozenset({62, 64})
TLS_ALERT = re.compile(r"\\x15\\x03")  # how a TLS server answers plain HTTP, as it is quoted
WANTS_TLS = re.compile(r"\bHTTP request\b.{0,20}\bto (an )?HTTPS (server|port)", re.IGNORECASE)


class BodyError(Exception):
    """An answer whose body is too long, or packed in a way that is not read."""


class ProxyLoginError(Exception):
    """A proxy wants a login, or another one."""


class PlainToTLSError(Exception):
    """A server that hangs up on plain HTTP speaks TLS."""


def failure(error: Exception, place: str) -> ServiceError:
    """Return our error for a request that got no answer, or none that could be read."""
    causes = _chain(error)
    for explain in (_certificate, _proxy, _tls, _name, _not_connected):
        if found := explain(causes, place):
            return found
    dropped = any(isinstance(one, DROPPED) for one in causes)
    if any(isinstance(one, LATE) for one in causes) and not dropped:
        return ServiceError(
            f"{place} did not answer in time. Run again, or raise --timeout.", "timeout"
        )
    if dropped or any(isinstance(one, NO_HTTP) for one in causes):
        return ServiceError(
            f"{place} dropped the connection, or did not speak HTTP. {CHECK}", "connection"
        )
    return unreadable(error, place)


def unreadable(error: Exception, place: str) -> ServiceError:
    """Return our error for an answer that nothing can be made of."""
    body = next((one for one in _chain(error) if isinstance(one, BodyError)), None)
    return ServiceError(
        f"{place} sent an answer that cannot be read ({body or type(error).__name__}). "
        "Check that --base-url is the address of an OpenAI-compatible API.",
        "unreadable",
    )


def wants_tls(status: int, content: bytes, place: str) -> ServiceError | None:
    """Return our error for an answer that says that plain HTTP came to a TLS port.

    >>> wants_tls(400, b"Client sent an HTTP request to an HTTPS server.", "llm.test").kind
    'tls'
    """
    said = content[:2_000].decode("utf-8", "replace")
    return _only_tls(place) if status == 400 and WANTS_TLS.search(said) else None


def _only_tls(place: str) -> ServiceError:
    return _never_sent(
        f"{place} speaks TLS only. Write its address with https:// (--base-url).",
        "tls",
        again=False,
    )


def _never_sent(message: str, kind: str, *, again: bool) -> ServiceError:
    return ServiceError(message, kind, retryable=again, sent=False)


def _certificate(causes: list[BaseException], place: str) -> ServiceError | None:
    """Return the error if the server's certificate is not trusted."""
    wrong = [one for one in causes if isinstance(one, ssl.SSLCertVerificationError)]
    if not wrong:
        return None
    code = max(getattr(one, "verify_code", 0) for one in wrong)  # aiohttp's own has none
    if code in NAMES:
        what = "is for another name"
    elif code in DATES:
        what = "has expired, or is not valid yet (is this computer's clock right?)"
    else:
        what = "comes from an authority that this computer does not know"
    return _never_sent(
        f"The certificate of {place} {what}. If the server is your own, or a company's proxy "
        "stands between, give the authority's certificate: SSL_CERT_FILE names its file.",
        "certificate",
        again=False,
    )


def _proxy(causes: list[BaseException], place: str) -> ServiceError | None:
    """Return the error if a proxy did not let the request through."""
    named = " and ".join(proxy_variables()) or "the system's settings"
    if _first(causes, aiohttp.ClientProxyConnectionError):
        complaint = f"The proxy on the way to {place} cannot be reached. Check {named}."
        return _never_sent(complaint, "proxy", again=True)
    refused = _first(causes, aiohttp.ClientHttpProxyError)
    status = LOGIN_WANTED if _first(causes, ProxyLoginError) else getattr(refused, "status", None)
    if status is None and not _first(causes, httpx2.ProxyError):
        return None
    if status == LOGIN_WANTED:
        complaint = (
            f"The proxy on the way to {place} wants a login. Put it into the proxy's address in "
            f"{named}: http://NAME:PASSWORD@HOST:PORT."
        )
    else:
        said = f" ({status})" if status else ""
        complaint = f"The proxy on the way to {place} refuses the connection{said}. Check {named}."
    return _never_sent(complaint, "proxy", again=False)


def _tls(causes: list[BaseException], place: str) -> ServiceError | None:
    """Return the error if one side spoke TLS and the other did not."""
    if _first(causes, ssl.SSLError):
        return _never_sent(
            f"{place} did not complete the TLS handshake: perhaps it does not speak TLS. If it is "
            "a server of your own, write its address with http:// (--base-url).",
            "tls",
            again=False,
        )
    if _first(causes, PlainToTLSError):
        return _only_tls(place)
    quoted = (one.message for one in causes if isinstance(one, aiohttp.ClientResponseError))
    return _only_tls(place) if any(TLS_ALERT.search(words) for words in quoted) else None


def _name(causes: list[BaseException], place: str) -> ServiceError | None:
    """Return the error if the host's name leads to no address."""
    failed = _first(causes, socket.gaierror)
    if failed is None and not _first(causes, aiohttp.ClientConnectorDNSError):
        return None
    if failed is not None and failed.errno in ONLY_NOW:
        complaint = f"The name {place} cannot be looked up at the moment: is there a network?"
        return _never_sent(f"{complaint} Check the connection.", "dns", again=True)
    complaint = f"The name {place} is not known: no such host. Check --base-url for a typing error."
    return _never_sent(complaint, "dns", again=False)


def _not_connected(causes: list[BaseException], place: str) -> ServiceError | None:
    """Return the error if no connection was made, so that nothing was sent."""
    if not any(isinstance(one, NOT_CONNECTED) for one in causes):
        return None
    if _first(causes, ConnectionRefusedError):
        why = " (connection refused: nothing listens there)"
    elif any(isinstance(one, LATE) for one in causes):
        why = " (it takes no connection in time: is the port right, and http or https?)"
    else:
        why = ""
    complaint = f"{place} cannot be reached{why}. {CHECK}{_through_proxy(place)}"
    return _never_sent(complaint, "connection", again=True)


def _through_proxy(place: str) -> str:
    """Return what else may be wrong where a proxy lies between."""
    if not (names := proxy_variables()) or is_local(urlsplit(f"//{place}").hostname or ""):
        return ""
    return f" A proxy is set by {' and '.join(names)}: check that too."


def proxy_variables() -> list[str]:
    """Return the names of the environment's variables that set a proxy."""
    kinds = {"http_proxy", "https_proxy", "all_proxy"}
    return [name for name, value in os.environ.items() if name.casefold() in kinds and value]


def _first(causes: list[BaseException], kind: type[E]) -> E | None:
    """Return the first of the causes that is of a kind."""
    return next((one for one in causes if isinstance(one, kind)), None)


def _chain(error: BaseException) -> list[BaseException]:
    """Return an error and what caused it, to the first; the chain may come back on itself."""
    seen: list[BaseException] = []
    cause: BaseException | None = error
    while cause is not None and cause not in seen:
        seen.append(cause)
        cause = cause.__cause__ or cause.__context__
    return seen
