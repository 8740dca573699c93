"""The hooks to which form tools send: each has a kind, a secret and a mapping."""

import base64
import hmac
import re
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from sqlite3 import Connection, Row

from triage_agent.batch import FormMapping
from triage_agent.errors import InputError
from triage_agent.web.database import Database, now, stored
from triage_agent.web.hook_kinds import KINDS, Kind
from triage_agent.web.hook_signatures import PREFIX, standard
from triage_agent.web.submissions import PAGE

NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?")
OVERLAP = timedelta(hours=24)  # that the secret before works beside a new one
TRAIL_DAYS = 400  # that the audit trail is kept
SHOWN = 20  # entries of it on a page


@dataclass(frozen=True, slots=True)
class Hook:
    """One hook.

    Attributes:
        name: In its address; the source of its submissions.
        kind: A key of `KINDS`.
        secrets: What its tool may use, the newest first; the second is the one before.
        mapping: How its forms are read; None: nobody has chosen it yet.
    """

    name: str
    kind: str
    secrets: tuple[str, ...]
    mapping: FormMapping | None

    @property
    def tool(self) -> Kind:
        """The form tool that sends."""
        return KINDS[self.kind]

    @property
    def path(self) -> str:
        """The path to which it sends, with the secret if that stands there."""
        here = f"/hooks/{self.name}"
        return here if self.tool.signature else f"{here}/{self.secrets[0]}"


@dataclass(frozen=True, slots=True)
class Use:
    """One entry of the audit trail; without an adviser, what a form tool sent."""

    made: datetime
    what: str
    adviser: str | None


class Hooks:
    """The hooks in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def all(self) -> list[Hook]:
        """Return the hooks, by name."""
        return [self._hook(row) for row in self._database.rows("SELECT * FROM hook ORDER BY name")]

    def named(self, name: str) -> Hook | None:
        """Return the hook with a name; None: there is none."""
        row = self._database.row("SELECT * FROM hook WHERE name = ?", name)
        return self._hook(row) if row else None

    def make(self, name: str, kind: str, adviser: int) -> None:
        """Make a hook; raises `InputError` if it cannot have this name."""
        if kind not in KINDS:
            raise InputError("Choose where the forms come from.")
        if not NAME.fullmatch(name) or name == PAGE:
            raise InputError(
                "A name has at most 40 small letters a to z, digits and hyphens, like intake-form."
            )
        with self._database.transaction() as connection:
            made = connection.execute(
                "INSERT OR IGNORE INTO hook (name, kind, made_from, made_by, made_at)"
                " VALUES (?, ?, ?, ?, ?)",
                (name, kind, secrets.token_bytes(16), adviser, now()),
            )
            if not made.rowcount:
                raise InputError(f"There is a form called {name} already.")
            note(connection, name, "made", adviser)

    def rotate(self, name: str, adviser: int) -> None:
        """Give a hook another secret; the one before works for a day more."""
        until = stored(datetime.now(UTC) + OVERLAP)
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE hook SET before = made_from, before_until = ?, made_from = ?"
                " WHERE name = ?",
                (until, secrets.token_bytes(16), name),
            )
            note(connection, name, "secret changed", adviser)

    def end_before(self, name: str, adviser: int) -> None:
        """Let the secret before work no longer."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE hook SET before = NULL, before_until = NULL WHERE name = ?", (name,)
            )
            note(connection, name, "old secret ended", adviser)

    def map(self, name: str, mapping: FormMapping, adviser: int) -> None:
        """Keep how the forms of a hook are read; what waits for that is due at once."""
        with self._database.transaction() as connection:
            connection.execute(
                "UPDATE hook SET mapping = ? WHERE name = ?", (mapping.model_dump_json(), name)
            )
            connection.execute(
                "UPDATE delivery SET again_at = ?, tries = 0, error = NULL"
                " WHERE hook = ? AND payload IS NOT NULL",
                (now(), name),
            )
            note(connection, name, "columns chosen", adviser)

    def remove(self, name: str, adviser: int) -> None:
        """Remove a hook, and for good what it has sent and is no submission yet."""
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM hook WHERE name = ?", (name,))
            note(connection, name, "removed", adviser)
        self._database.scrub()

    def note(self, name: str, what: str) -> None:
        """Note in the audit trail what a form tool sent."""
        with self._database.transaction() as connection:
            note(connection, name, what)

    def trail(self, name: str) -> list[Use]:
        """Return the last entries of the audit trail of a hook, the latest first."""
        rows = self._database.rows(
            "SELECT hook_use.*, adviser.name AS name FROM hook_use"
            " LEFT JOIN adviser ON adviser.id = hook_use.adviser"
            " WHERE hook = ? ORDER BY hook_use.id DESC LIMIT ?",
            name,
            SHOWN,
        )
        return [
            Use(datetime.fromisoformat(row["made_at"]), row["what"], row["name"]) for row in rows
        ]

    def forget_old(self) -> None:
        """Delete what is too old of the audit trail."""
        limit = stored(datetime.now(UTC) - timedelta(days=TRAIL_DAYS))
        with self._database.transaction() as connection:
            connection.execute("DELETE FROM hook_use WHERE made_at < ?", (limit,))

    def _hook(self, row: Row) -> Hook:
        made_from = [row["made_from"]]
        if row["before"] is not None and row["before_until"] > now():
            made_from.append(row["before"])
        return Hook(
            row["name"],
            row["kind"],
            tuple(self._secret(row["name"], row["kind"], one) for one in made_from),
            FormMapping.model_validate_json(row["mapping"]) if row["mapping"] else None,
        )

    def _secret(self, name: str, kind: str, made_from: bytes) -> str:
        """Return a secret of a hook; the data hold none, only what it is made of."""
        content = b"hook\0" + name.encode() + b"\0" + made_from
        made = hmac.new(self._database.secret, content, sha256).digest()
        signature = KINDS[kind].signature
        if signature is None:
            return made[:16].hex()
        return PREFIX + base64.b64encode(made).decode() if signature is standard else made.hex()


def note(connection: Connection, hook: str, what: str, adviser: int | None = None) -> None:
    """Note in the audit trail what was done; it holds no word of a form."""
    connection.execute(
        "INSERT INTO hook_use (hook, made_at, what, adviser) VALUES (?, ?, ?, ?)",
        (hook, now(), what, adviser),
    )
