"""Whether a password is one that many people have, or is made of what can be guessed."""

from collections.abc import Iterable

LONGEST = 72  # characters that are looked at; what such a long one begins with is enough
STRONG = 3  # of 4: more than a hundred million guesses, by the scale of zxcvbn
OURS = ("triage", "triage-agent", "adviser", "inbox", "fractional")


def is_guessable(password: str, names: Iterable[str] = ()) -> bool:
    """Return whether a password is easy to guess for who knows these names.

    >>> is_guessable("password1234"), is_guessable("Ann Lee 2026", ["Ann Lee"])
    (True, True)
    >>> is_guessable("wheel of borrowed plums")
    False
    """
    from zxcvbn import zxcvbn  # its lists take a moment, and few requests need them

    if not password:
        return True
    known = list(OURS)
    for name in map(str.lower, names):
        known += [name, "".join(name.split()), *name.split()]
    found = zxcvbn(password[:LONGEST], user_inputs=known)
    return bool(found["score"] < STRONG)
