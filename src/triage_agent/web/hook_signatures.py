"""The signatures of form tools: made again from the bytes that came, and compared in one time."""

import base64
import binascii
import hmac
from collections.abc import Mapping
from enum import StrEnum
from hashlib import sha256

WINDOW_S = 300  # how far a signed time may be from now
PREFIX = "whsec_"  # of a key of Standard Webhooks; what follows is base64


class Verdict(StrEnum):
    """What a signature shows."""

    RIGHT = "right"
    WRONG = "wrong signature"
    OLD = "too old"


def typeform(headers: Mapping[str, str], body: bytes, secret: str, _: float) -> Verdict:
    """Return whether Typeform has signed a body: base64 of its HMAC behind `sha256=`."""
    return _same(headers.get("typeform-signature", ""), "sha256=" + _signed(secret.encode(), body))


def tally(headers: Mapping[str, str], body: bytes, secret: str, _: float) -> Verdict:
    """Return whether Tally has signed a body: base64 of its HMAC."""
    return _same(headers.get("tally-signature", ""), _signed(secret.encode(), body))


def standard(headers: Mapping[str, str], body: bytes, secret: str, now: float) -> Verdict:
    """Return whether a body is signed as Standard Webhooks has it, and now.

    What is signed is the id, the time in seconds and the body, parted by dots. The header may hold
    several signatures, parted by blanks. `now` is in seconds since 1970.
    """
    id_, moment = headers.get("webhook-id", ""), headers.get("webhook-timestamp", "")
    content = f"{id_}.{moment}.".encode() + body
    right = f"v1,{_signed(_key(secret), content)}"
    given = headers.get("webhook-signature", "").split(" ")
    if all(_same(one, right) is not Verdict.RIGHT for one in given):
        return Verdict.WRONG
    is_number = moment.isascii() and moment.isdigit() and len(moment) < 15
    return Verdict.RIGHT if is_number and abs(now - int(moment)) <= WINDOW_S else Verdict.OLD


def is_secret(given: str, secret: str) -> bool:
    """Return whether the secret of an address is this one."""
    return _same(given, secret) is Verdict.RIGHT


def _signed(key: bytes, content: bytes) -> str:
    return base64.b64encode(hmac.new(key, content, sha256).digest()).decode()


def _key(secret: str) -> bytes:
    try:
        return base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except binascii.Error:
        return secret.encode()


def _same(given: str, right: str) -> Verdict:
    same = hmac.compare_digest(given.encode("utf-8", "replace"), right.encode())
    return Verdict.RIGHT if same else Verdict.WRONG
