"""What advisers said of problems: who, when, what was said before, and how it is taken back."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from sqlite3 import Connection, Row

import anyio

from triage_agent.batch import text_key
from triage_agent.conversation import LABEL_OF, NEITHER, Conversation
from triage_agent.errors import InputError
from triage_agent.types import Abstention, Classification, Label
from triage_agent.web.database import Database, now
from triage_agent.web.site import Site
from triage_agent.web.state import RememberingTriage, State
from triage_agent.web.submissions import Submission

LONGEST_NOTE = 1_000  # characters
KINDS = {Label.BUILD.value: Label.BUILD, Label.AUTOMATE.value: Label.AUTOMATE, NEITHER: None}
OTHER_TEXT = "The owner has changed this problem meanwhile. Here is how it stands now."
CHANGES = """
SELECT change.*, adviser.name AS name, other.name AS undone_name
FROM change JOIN adviser ON adviser.id = change.adviser
LEFT JOIN adviser AS other ON other.id = change.undone_by
"""


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that an adviser said.

    Attributes:
        before: The kind that the problem had, a key of `KINDS`; None: it had none.
        after: The kind that it has since.
        replaced: What an adviser had said of it before; None: nothing.
        undone_by: Who took it back; None: it stands.
    """

    id: int
    submission: int
    problem: int
    adviser: str
    made: datetime
    before: str | None
    after: str
    replaced: str | None
    undone_by: str | None


@dataclass(slots=True)
class Reading:
    """A submission as an adviser reads it: the owner's conversation, and what was read in it."""

    submission: Submission
    memory: RememberingTriage
    talk: Conversation

    @classmethod
    def of(cls, site: Site, submission: Submission) -> "Reading":
        """Return the conversation of a submission; nothing is read anew that was read before."""
        return cls(submission, *site.talk(submission.state))


class Changes:
    """What advisers changed, in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def of(self, submission: int) -> list[Change]:
        """Return what was changed in a submission, the last change first."""
        query = f"{CHANGES} WHERE submission = ? ORDER BY change.id DESC"
        return [_change(row) for row in self._database.rows(query, submission)]

    def last_by(self, adviser: int) -> Change | None:
        """Return the last thing that an adviser said, and nobody took back; None: nothing."""
        query = f"{CHANGES} WHERE adviser = ? AND undone_by IS NULL ORDER BY change.id DESC LIMIT 1"
        row = self._database.row(query, adviser)
        return _change(row) if row else None

    def submissions(self) -> list[int]:
        """Return in which submissions an adviser has said what a problem is."""
        query = (
            "SELECT submission FROM change WHERE undone_by IS NULL UNION"
            " SELECT submission FROM spot_check WHERE submission IS NOT NULL ORDER BY submission"
        )
        return [row["submission"] for row in self._database.rows(query)]


async def correct(
    site: Site, known: Submission, by: int, number: int, text: str, kind: str, note: str = ""
) -> None:
    """Give a problem the kind that an adviser says, with their note on why, and decide again.

    `text` is the key of the text that the adviser read. Raises `InputError`: the problem is
    another one now, or somebody changed the submission in this moment.
    """
    if kind not in KINDS:
        raise InputError(OTHER_TEXT)
    reading = Reading.of(site, known)
    row = await _row(site, reading, number)
    if text_key(row.text) != text:
        raise InputError(OTHER_TEXT)
    if len(note) > LONGEST_NOTE:
        raise InputError(site.texts["submission"]["long_note"].format(most=LONGEST_NOTE))
    earlier = reading.talk.advised(number)
    if earlier == kind and reading.talk.noted(number) == note:
        return
    reading.talk.correct(number, KINDS[kind], note)
    values = (known.id, by, now(), number, said_of(row), kind, earlier)

    def record(connection: Connection) -> None:
        connection.execute(
            "INSERT INTO change (submission, adviser, made_at, problem, before, after, replaced)"
            " VALUES (?, ?, ?, ?, ?, ?, ?)",
            values,
        )

    await _kept(site, reading, record)


async def undo(site: Site, known: Submission, by: int, change: Change) -> None:
    """Take back the last thing that an adviser said of a problem, and decide again.

    Raises `InputError` if it is not what counts any more.
    """
    reading = Reading.of(site, known)
    if change.undone_by or reading.talk.advised(change.problem) != change.after:
        raise InputError(OTHER_TEXT)
    reading.talk.take_back(change.problem, change.replaced)

    def record(connection: Connection) -> None:
        connection.execute(
            "UPDATE change SET undone_by = ? WHERE id = ? AND undone_by IS NULL", (by, change.id)
        )

    await _kept(site, reading, record)


def said_of(row: Classification) -> str | None:
    """Return the kind of a problem, a key of `KINDS`; None: it has none, and nobody said so.

    What is too vague to tell is of no kind yet, which is another thing than of neither.
    """
    if row.label is not None:
        return row.label.value
    return NEITHER if row.abstained_because is Abstention.NEITHER else None


def label_of(said: str) -> Label | None:
    """Return the label for what an adviser said of a problem."""
    return LABEL_OF[said]


async def _row(site: Site, reading: Reading, number: int) -> Classification:
    rows = await site.engine.run(reading.talk.rows)
    if not 1 <= number <= len(rows):
        raise InputError(OTHER_TEXT)
    return rows[number - 1]


async def _kept(site: Site, reading: Reading, also: Callable[[Connection], None]) -> None:
    """Keep a submission with the verdict that it has now."""
    advice = await site.engine.run(reading.talk.advice)
    state = State.of(reading.talk, reading.memory)
    await anyio.to_thread.run_sync(site.submissions.keep, reading.submission, state, advice, also)


def _change(row: Row) -> Change:
    return Change(
        id=row["id"],
        submission=row["submission"],
        problem=row["problem"],
        adviser=row["name"],
        made=datetime.fromisoformat(row["made_at"]),
        before=row["before"],
        after=row["after"],
        replaced=row["replaced"],
        undone_by=row["undone_name"],
    )
