"""Addresses of services as people write them: which host, and where its chat completions are."""

import re
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import SplitResult, parse_qsl, urlsplit, urlunsplit

from triage_agent.errors import SettingsError

OPENAI_BASE_URL = "https://api.openai.com/v1"
# The path that a person copies from a documentation or from a log, with what the client adds.
ENDPOINT = re.compile(
    r"(?:/chat/completions|/completions|(?<=/v1)/(?:models|responses|embeddings|messages))?/?$"
)
# Hosts that Microsoft gives to its service, its sovereign clouds included; there the key goes in a
# header of its own. A token of Entra ID, which begins like every JSON Web Token, is a bearer's.
AZURE_HOST = re.compile(
    r"\.(?:openai\.azure|cognitiveservices\.azure|services\.ai\.azure)\.(?:com|us|cn)$"
)
AZURE_PATH = "/openai/deployments/"
ENTRA_TOKEN = "eyJ"  # noqa: S105 (the beginning of one, not one)
VERSION = re.compile(r"/v[0-9]+[a-z]*(?:/|$)")  # somewhere in a path


@dataclass(frozen=True, slots=True)
class Address:
    """The address of a service, read."""

    base_url: str  # without blanks, doubled slashes, the endpoint's own path or a query
    host: str
    place: str  # the host, with the port if one is named
    query: str = ""  # `api-version=…`; nothing else may stand there

    @property
    def endpoint(self) -> str:
        """Where the chat completions are."""
        return f"{self.base_url}/chat/completions" + (f"?{self.query}" if self.query else "")

    @property
    def with_version(self) -> str | None:
        """The address that is probably meant if nothing is found at this one; None: it is it."""
        path = urlsplit(self.base_url).path
        if VERSION.search(path):
            return None
        inner = "/openai" if AZURE_HOST.search(self.host) and not path else ""
        return f"{self.base_url}{inner}/v1"

    def key_headers(self, key: str) -> dict[str, str]:
        """Return the headers in which Azure wants the key; none for any other service.

        A gateway in front of it has a host of its own, and shows by the path or the version.

        >>> read_address("https://x.openai.azure.com/openai/v1").key_headers("k")
        {'api-key': 'k'}
        """
        azure = AZURE_HOST.search(self.host) or AZURE_PATH in self.base_url or self.query
        return {"api-key": key} if azure and key and not key.startswith(ENTRA_TOKEN) else {}

    @property
    def wants_bearer(self) -> bool:
        """Whether the usual header may carry the key too, as a gateway in front of Azure may want.

        >>> read_address("https://x.openai.azure.com/openai/v1").wants_bearer
        False
        """
        return AZURE_HOST.search(self.host) is None


def read_address(base_url: str) -> Address:
    """Return an address as it is meant, or raise `SettingsError` if it is none.

    >>> read_address(" http://127.0.0.1:8080//v1/chat/completions/ ").base_url
    'http://127.0.0.1:8080/v1'
    >>> read_address("localhost:8080/v1").base_url
    'http://localhost:8080/v1'
    """
    text = base_url.strip().strip("'\"").strip()
    if "://" not in text and _is_here(text):
        text = f"http://{text}"
    parts, host = _split(text)
    if parts.scheme not in {"http", "https"} or not host:
        raise SettingsError(
            f"The address {base_url[:80]!r} is not a URL. Write it like http://localhost:8080/v1."
        )
    if parts.username or parts.password:
        raise SettingsError(
            f"The address of {host} holds a login, which would show in logs. "
            "Leave it out, and give the key in OPENAI_API_KEY."
        )
    if parts.fragment or not _only_a_version(parts.query):
        raise SettingsError(
            f"The address of {host} has something behind ? or #, where no API is, and where a key "
            "would show in files. Leave it out, and give the key in OPENAI_API_KEY. "
            "Only api-version may stand there."
        )
    path = ENDPOINT.sub("", re.sub(r"/{2,}", "/", parts.path)).rstrip("/")
    clean = urlunsplit((parts.scheme, parts.netloc, path, "", ""))
    return Address(clean, host, parts.netloc, parts.query)


def host_of(base_url: str) -> str:
    """Return the host of an address, or raise `SettingsError` if it is none.

    >>> host_of("http://127.0.0.1:8080/v1")
    '127.0.0.1'
    """
    return read_address(base_url).host


def is_local(host: str) -> bool:
    """Return whether a host is this machine.

    >>> is_local("127.0.0.1"), is_local("api.openai.com")
    (True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, and not an address
        return False


def _split(text: str) -> tuple[SplitResult, str | None]:
    """Return the parts of a URL and its host; None for one that no URL can have."""
    try:
        parts = urlsplit(text)
        host = parts.hostname if parts.port != 0 else None
        (host or "").removesuffix(".").encode("idna")  # refuses a name with an empty part
    except ValueError:
        return urlsplit(""), None
    return parts, host


def _is_here(text: str) -> bool:
    """Return whether an address without a scheme is one of this machine, where http is usual."""
    _, host = _split(f"http://{text}")
    return bool(host) and is_local(host or "")


def _only_a_version(query: str) -> bool:
    """Return whether a query is empty or Azure's `api-version`, which is no secret."""
    pairs = parse_qsl(query, keep_blank_values=True)
    known = all(
        name.casefold() == "api-version" and re.fullmatch(r"[\w.-]{1,40}", value)
        for name, value in pairs
    )
    return not query or (known and len(pairs) == 1)
