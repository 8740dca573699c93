"""What a service's error answer means: an error of ours, and whether the request's form was wrong.

Pure; `client` hands in what came over the network.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit

from triage_agent.errors import ReplyError, ServiceError, SettingsError, StopError, TriageError
from triage_agent.models.llm.waits import PATIENCE_S, in_words
from triage_agent.privacy import mask, without_half_placeholder
from triage_agent.types import Usage

OPENAI_BASE_URL = "https://api.openai.com/v1"
RETRIED = frozenset({408, 409, 425, 429})
QUOTA = frozenset({"insufficient_quota", "billing_hard_limit_reached", "billing_not_active"})
# Statuses under which servers refuse a parameter: normally 400 and 422; llama-cpp-python crashes
# with 500 on a response_format it does not know, OpenAI forbids logprobs with 403, and routers say
# 404 when none of their back ends takes tools.
FORM = frozenset({400, 422})
FORM_IF_NAMED = frozenset({403, 404, 500, 501})
TOO_LONG = re.compile(r"context.length|context.window|reduce the length|input tokens", re.I)
SECONDS = re.compile(r"[0-9]+(?:\.[0-9]*)?")
# Besides what is below 500, statuses with which a server says that it did not begin to answer.
# Any other may be that of a gateway that gave up while the model went on, and is billed.
NOT_BEGUN = frozenset({501, 505, 529})
GAVE_UP = frozenset({408, 499})
SHOWN = 200  # characters of a server's words in a message


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer with an error status, in the server's own words."""

    status: int
    message: str = ""
    parameter: str | None = None  # the parameter that the server names as wrong
    codes: frozenset[str] = frozenset()  # its `code` and `type`
    wait_s: float | None = None  # how long it asks to wait, in seconds

    @property
    def about_text(self) -> bool:
        """Whether this one text was refused, which says nothing about the next."""
        known = self.codes & {"context_length_exceeded", "content_filter"}
        return bool(known) or TOO_LONG.search(self.message) is not None

    @property
    def about_form(self) -> bool:
        """Whether the request's form may be what was refused."""
        return self.status in FORM | FORM_IF_NAMED and not self.about_text


def read_refusal(status: int, body: object, text: str, headers: Mapping[str, str]) -> Refusal:
    """Return the refusal in a decoded error body, whatever its shape; `text` is the raw body."""
    inner: Any = body.get("error", body) if isinstance(body, Mapping) else body
    if not isinstance(inner, Mapping):
        message = inner if isinstance(inner, str) else text
        return Refusal(status, message, wait_s=retry_after_s(headers))
    message = inner.get("message") or inner.get("detail") or ""
    parameter = inner.get("param")
    return Refusal(
        status,
        message if isinstance(message, str) else str(message),
        parameter if isinstance(parameter, str) else None,
        frozenset(c for c in (inner.get("code"), inner.get("type")) if isinstance(c, str)),
        retry_after_s(headers),
    )


def explain(refusal: Refusal, host: str, model: str, key: str) -> TriageError:
    """Return our error for a refusal; the key never shows in it."""
    message = refusal.message.replace(key, "[key]") if key else refusal.message
    shown = without_half_placeholder(mask(message)[:SHOWN])  # cut after masking
    tail = f" It said: {shown}" if message else ""
    status = refusal.status
    if refusal.codes & QUOTA or status == 402:
        complaint = f"The account at {host} has no quota left. Top it up, then run again.{tail}"
        return StopError(complaint, "quota")
    if status == 401:
        if not key:
            return StopError(f"{host} wants a key. Set OPENAI_API_KEY.", "key")
        return StopError(
            f"{host} did not accept the key. Check OPENAI_API_KEY (or --api-key).", "key"
        )
    if status == 403:
        return StopError(f"{host} does not allow this key to use {model}.{tail}", "forbidden")
    if status == 404:
        complaint = f"{host} knows no model {model!r}, or no API at this address."
        return StopError(f"{complaint} Check --model and --base-url.{tail}", "not_found")
    may_pass = status in RETRIED or status >= 500
    if may_pass and refusal.wait_s is not None and refusal.wait_s > PATIENCE_S:
        complaint = f"{host} asks to wait {in_words(refusal.wait_s)}. Run again after that."
        return StopError(f"{complaint}{tail}", "quota")
    if may_pass:
        kind = "rate_limit" if status == 429 else "server"
        return ServiceError(f"{host} answered {status}.{tail}", kind, wait_s=refusal.wait_s)
    if 300 <= status < 400:
        return SettingsError(
            f"{host} redirects elsewhere, and your text is not sent on. "
            "Give the final address with --base-url."
        )
    if "content_filter" in refusal.codes:
        complaint = f"The content filter of {host} refused this text. Classify it by hand."
        return ReplyError(complaint, "content_filter", usage=Usage(calls=1))
    complaint = f"{host} refused the request ({status}).{tail}"
    return ServiceError(complaint, "bad_request", retryable=False)


def may_be_billed(refusal: Refusal) -> bool:
    """Return whether a request that failed in this way may be billed all the same.

    A filter and a limit of length have read the text; a 503 that says when to come back has not.

    >>> may_be_billed(Refusal(504)), may_be_billed(Refusal(429)), may_be_billed(Refusal(503))
    (True, False, True)
    """
    status = refusal.status
    if status == 503 and refusal.wait_s is not None:
        return False
    gave_up = status in GAVE_UP or (status >= 500 and status not in NOT_BEGUN)
    return gave_up or (status < 500 and refusal.about_text)


def retry_after_s(headers: Mapping[str, str], now: datetime | None = None) -> float | None:
    """Return how many seconds the server asks to wait (`Retry-After`); None: it does not say.

    >>> retry_after_s({"retry-after": "7"}), retry_after_s({"retry-after-ms": "1500"})
    (7.0, 1.5)
    """
    milliseconds, value = headers.get("retry-after-ms", ""), headers.get("retry-after", "")
    if SECONDS.fullmatch(milliseconds):
        return float(milliseconds) / 1000
    if SECONDS.fullmatch(value):
        return float(value)
    try:
        at = parsedate_to_datetime(value)
        if at.tzinfo is None:
            at = at.replace(tzinfo=UTC)
        return max(0.0, (at - (now or datetime.now(UTC))).total_seconds())
    except (ValueError, OverflowError):  # not a date, or one that no calendar has
        return None


def host_of(base_url: str) -> str:
    """Return the host of an address, or raise `SettingsError` if it is none.

    >>> host_of("http://127.0.0.1:8080/v1")
    '127.0.0.1'
    """
    try:
        parts = urlsplit(base_url)
        host = parts.hostname if parts.port != 0 else None
        (host or "").removesuffix(".").encode("idna")  # refuses a name with an empty part
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not host:
        raise SettingsError(
            f"The address {base_url[:80]!r} is not a URL. Write it like http://localhost:8080/v1."
        )
    if parts.query or parts.fragment:
        raise SettingsError(
            f"The address of {host} has something behind ? or #, where no API is, and where a key "
            "would show in files. Leave it out, and give the key in OPENAI_API_KEY."
        )
    if parts.username or parts.password:
        raise SettingsError(
            f"The address of {host} holds a login, which would show in logs. "
            "Leave it out, and give the key in OPENAI_API_KEY."
        )
    return host


def place_of(base_url: str) -> str:
    """Return the host of an address that `host_of` accepts, with the port if one is named.

    >>> place_of("http://localhost:8080/v1")
    'localhost:8080'
    """
    return urlsplit(base_url).netloc


def is_local(host: str) -> bool:
    """Return whether a host is this machine.

    >>> is_local("127.0.0.1"), is_local("api.openai.com")
    (True, False)
    """
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:  # a name, and not an address
        return False
