"""The advisers of a server: who they are, and the links that let one in the first time."""

import hmac
import secrets
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from sqlite3 import Connection, Row

from triage_agent.errors import InputError, SettingsError
from triage_agent.web.database import Database, now, stored
from triage_agent.web.options import ServeOptions

LONGEST_NAME = 80  # characters
VALID = timedelta(hours=24)  # how long a link can be used, once
USED_UP = "This link was used already, or is older than a day. Ask for a new one."
LAST = "You are the only adviser. Invite another one before you go."


@dataclass(frozen=True, slots=True)
class AdviserAccount:
    """Somebody who may read what owners send.

    Attributes:
        password: What is kept of it; None: they were removed, and only their name is kept.
        feed: How often the address of their feed was changed.
    """

    id: int
    name: str
    password: str | None
    feed: int


@dataclass(frozen=True, slots=True)
class Invitation:
    """A link that sets a password, once; without a name, for the first adviser, who chooses it."""

    name: str


class Advisers:
    """The advisers in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[AdviserAccount]:
        """Return those who may sign in, by name."""
        rows = self._database.rows("SELECT * FROM adviser WHERE password IS NOT NULL ORDER BY name")
        return [_account(row) for row in rows]

    def named(self, name: str) -> AdviserAccount | None:
        """Return who may sign in under a name; None: nobody."""
        row = self._database.row(
            "SELECT * FROM adviser WHERE name = ? AND password IS NOT NULL", plain_name(name)
        )
        return _account(row) if row else None

    def invite(self, name: str) -> str:
        """Return the secret of a new link that sets the password of this name.

        An earlier link for it is no longer valid. A name may be empty while there is nobody.
        """
        secret = secrets.token_urlsafe(32)
        with self._database.transaction() as connection:
            _forget_links(connection, name)
            connection.execute(
                "INSERT INTO invitation (token, name, made_at) VALUES (?, ?, ?)",
                (_digest(secret), plain_name(name), now()),
            )
        return secret

    def invitation(self, secret: str) -> Invitation:
        """Return what a link is for; raises `InputError` if it is not valid any more."""
        row = self._database.row(
            "SELECT name FROM invitation WHERE token = ? AND made_at > ?",
            _digest(secret),
            stored(datetime.now(UTC) - VALID),
        )
        if row is None or (not row["name"] and self.all()):
            raise InputError(USED_UP)
        return Invitation(row["name"])

    def welcome(self, secret: str, name: str, password: str) -> AdviserAccount:
        """Use a link up, and return the adviser, who has this password from now on.

        Whoever was signed in under the name no longer is. Raises `InputError`.
        """
        with self._database.transaction() as connection:
            name = self.invitation(secret).name or plain_name(name)
            check_name(name)
            connection.execute("DELETE FROM invitation WHERE token = ?", (_digest(secret),))
            _forget_links(connection, name)
            connection.execute(
                "INSERT INTO adviser (name, password, made_at) VALUES (?, ?, ?)"
                " ON CONFLICT (name) DO UPDATE SET password = excluded.password",
                (name, password, now()),
            )
            connection.execute(
                "DELETE FROM session WHERE adviser = (SELECT id FROM adviser WHERE name = ?)",
                (name,),
            )
        return self._there(name)

    def set_password(self, id: int, password: str) -> None:  # noqa: A002  (its name in the table)
        """Give an adviser another password, which ends all their sessions."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE adviser SET password = ? WHERE id = ?", (password, id))
            connection.execute("DELETE FROM session WHERE adviser = ?", (id,))

    def remove(self, id: int) -> None:  # noqa: A002
        """Let an adviser in no longer; their name stays with what they changed.

        Raises `InputError` if there would be nobody left.
        """
        with self._database.transaction() as connection:
            if {one.id for one in self.all()} == {id}:
                raise InputError(LAST)
            row = self._database.row("SELECT name FROM adviser WHERE id = ?", id)
            connection.execute("UPDATE adviser SET password = NULL WHERE id = ?", (id,))
            connection.execute("DELETE FROM session WHERE adviser = ?", (id,))
            if row is not None:
                _forget_links(connection, row["name"])

    def feed_secret(self, account: AdviserAccount) -> str:
        """Return the secret in the address of an adviser's feed; the data do not hold it."""
        told = f"feed\0{account.id}\0{account.feed}".encode()
        made = hmac.new(self._database.secret, told, sha256).hexdigest()[:40]
        return f"{account.id}-{made}"

    def of_feed(self, secret: str) -> AdviserAccount | None:
        """Return whose feed has this secret; None: nobody's."""
        for one in self.all():
            if hmac.compare_digest(
                self.feed_secret(one).encode(), secret.encode("utf-8", "replace")
            ):
                return one
        return None

    def renew_feed(self, id: int) -> None:  # noqa: A002
        """Give an adviser's feed another address; the old one ends."""
        with self._database.transaction() as connection:
            connection.execute("UPDATE adviser SET feed = feed + 1 WHERE id = ?", (id,))

    def _there(self, name: str) -> AdviserAccount:
        found = self.named(name)
        if found is None:
            raise InputError(USED_UP)
        return found


def plain_name(name: str) -> str:
    """Return a name as it is kept and compared.

    >>> plain_name("  Ann   Lee ")
    'Ann Lee'
    """
    return " ".join(unicodedata.normalize("NFKC", name).split())


def check_name(name: str) -> None:
    """Raise `InputError` for what cannot be the name of an adviser."""
    if not name or len(name) > LONGEST_NAME or not name.isprintable():
        raise InputError(f"Give a name of one line, with at most {LONGEST_NAME} characters.")


def first_link(options: ServeOptions) -> str | None:
    """Return a link that makes the first adviser; None: there is one already."""
    return _link(options, lambda advisers: None if advisers.all() else advisers.invite(""))


def password_link(options: ServeOptions, name: str | None = None) -> str:
    """Return a link that sets the password of an adviser, once; of the only one without a name.

    It may be made while the server runs. Raises `SettingsError` if nobody has the name.
    """

    def invite(advisers: Advisers) -> str:
        there = advisers.all()
        if not there and name is None:
            return advisers.invite("")
        found = there if name is None else [one for one in [advisers.named(name)] if one]
        if len(found) == 1:
            return advisers.invite(found[0].name)
        names = ", ".join(one.name for one in there) or "nobody yet"
        asked = "There are several advisers" if name is None else f"No adviser is called {name!r}"
        raise SettingsError(f"{asked}. Name one of: {names}")

    return _link(options, invite) or ""


def _link(options: ServeOptions, invite: Callable[[Advisers], str | None]) -> str | None:
    database = Database(options.data)
    try:
        secret = invite(Advisers(database))
    finally:
        database.close()
    return secret and f"{options.address}/welcome/{secret}"


def _forget_links(connection: Connection, name: str) -> None:
    connection.execute("DELETE FROM invitation WHERE name = ?", (plain_name(name),))


def _account(row: Row) -> AdviserAccount:
    return AdviserAccount(row["id"], row["name"], row["password"], row["feed"])


def _digest(secret: str) -> bytes:
    return sha256(secret.encode("utf-8", "replace")).digest()
