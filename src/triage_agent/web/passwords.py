"""Passwords are kept as argon2id alone, and checked in the same time whoever is named."""

import secrets

import anyio
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from triage_agent.errors import InputError
from triage_agent.web.guessable import is_guessable

SHORTEST, LONGEST = 12, 256  # characters
AT_ONCE = 2  # each takes 64 MiB and a processor


def check_password(password: str, again: str, name: str) -> None:
    """Raise `InputError` for a password that is too easy to guess, or was mistyped."""
    if password != again:
        raise InputError("The two passwords differ. Type the same one twice.")
    if len(password) < SHORTEST:
        raise InputError(f"A password needs at least {SHORTEST} characters. Give a longer one.")
    if len(password) > LONGEST:
        raise InputError(f"A password has at most {LONGEST} characters. Give a shorter one.")
    if is_guessable(password, [name]):
        raise InputError("This password is too easy to guess. Choose one that varies more.")


class Passwords:
    """Makes what is kept of passwords, and checks them, outside the event loop."""

    def __init__(self) -> None:
        # The parameters are those of RFC 9106 for machines with little memory.
        self._hasher = PasswordHasher()
        self._places = anyio.CapacityLimiter(AT_ONCE)
        self._nobody = self._hasher.hash(secrets.token_urlsafe())

    async def hashed(self, password: str) -> str:
        """Return what is kept of a password."""
        return await anyio.to_thread.run_sync(self._hasher.hash, password, limiter=self._places)

    async def is_right(self, kept: str | None, password: str) -> bool:
        """Return whether a password is the one that was kept; None: there is nobody.

        That nobody has this name takes as long to find out as that the password is wrong.
        """
        right = await anyio.to_thread.run_sync(
            self._verified, kept or self._nobody, password[: LONGEST + 1], limiter=self._places
        )
        return right and kept is not None

    def _verified(self, kept: str, password: str) -> bool:
        try:
            return self._hasher.verify(kept, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
