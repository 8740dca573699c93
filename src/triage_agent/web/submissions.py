"""What owners send, from the first word to the verdict: kept, found, changed and deleted."""

import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from enum import IntEnum
from hashlib import sha256
from sqlite3 import Connection, Row
from typing import Any

from triage_agent.advice import Advice, Recommendation
from triage_agent.batch import needs_person, worth
from triage_agent.conversation import Step
from triage_agent.errors import InputError
from triage_agent.reports import as_advice
from triage_agent.types import DecidedBy
from triage_agent.web.database import Database, now, stored
from triage_agent.web.notices import write_notices
from triage_agent.web.state import State

PAGE = "page"  # the source of what an owner wrote here
SPOT_CHECKED = 20  # one firm verdict in so many is checked by a person who does not see it
CHANGED_MEANWHILE = "This was changed in another window. Here is how it stands now."


class SpotCheck(IntEnum):
    """Whether a person checks a verdict without seeing it."""

    NO = 0
    WAITING = 1
    DONE = 2


class ChangedMeanwhileError(InputError):
    """Somebody else has changed a submission since it was read."""


@dataclass(frozen=True, slots=True)
class Submission:
    """One owner's conversation, and the verdict if there is one.

    Attributes:
        id: Its number, for advisers.
        source: How it came: `page`, or the name of a hook.
        version: Rises with each change.
        state: What was answered, and how it was read.
        finished_at: When there was a verdict first; None: the owner is not done.
        advice: The verdict as `advise --json` gives it.
        spot_check: Whether an adviser says what its problems are without seeing the verdict.
    """

    id: int
    source: str
    version: int
    started_at: str
    changed_at: str
    finished_at: str | None
    state: State
    advice: dict[str, Any] | None
    company: str
    spot_check: SpotCheck

    @property
    def day(self) -> date:
        """The day of the verdict, or of the last change."""
        return datetime.fromisoformat(self.finished_at or self.changed_at).date()


class Submissions:
    """The submissions in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def token(self, once: str, text: str) -> str:
        """Return the secret of a link from what its form carried, the same for the same form.

        So a form that is sent twice is one submission, one whose text was changed by going back is
        another, and the data hold no link that works.
        """
        carried = sha256(once.encode()).digest() + sha256(text.encode()).digest()
        return hmac.new(self._database.secret, b"link\0" + carried, sha256).hexdigest()[:40]

    def begin(self, token: str, state: State, source: str = PAGE) -> None:
        """Keep a new conversation under a token; one that is there already stays as it is."""
        moment = now()
        with self._database.transaction() as connection:
            made = connection.execute(
                "INSERT OR IGNORE INTO submission (token, source, started_at, changed_at, state)"
                " VALUES (?, ?, ?, ?, ?)",
                (_digest(token), source, moment, moment, state.model_dump_json()),
            )
            if made.rowcount:
                _index(connection, made.lastrowid or 0, "", state)

    def by_token(self, token: str) -> Submission | None:
        """Return the submission of a link; None: there is none."""
        return _submission(
            self._database.row("SELECT * FROM submission WHERE token = ?", _digest(token))
        )

    def by_id(self, id: int) -> Submission | None:  # noqa: A002  (its name in the table)
        """Return the submission with a number; None: there is none."""
        return _submission(self._database.row("SELECT * FROM submission WHERE id = ?", id))

    def decided(self, at_once: int) -> Iterator[Submission]:
        """Yield those with a verdict that advisers may know, the oldest first, a few at a time."""
        query = (
            "SELECT * FROM submission WHERE id > ? AND advice IS NOT NULL AND spot_check <> ?"
            " ORDER BY id LIMIT ?"
        )
        after = 0
        while rows := self._database.rows(query, after, SpotCheck.WAITING, at_once):
            after = rows[-1]["id"]
            yield from filter(None, map(_submission, rows))

    def keep(
        self,
        known: Submission,
        state: State,
        advice: Advice | None = None,
        also: Callable[[Connection], object] = lambda _: None,
    ) -> Submission:
        """Keep a conversation as it is now, with its verdict if it has one, and return it.

        `also` is done in the same transaction. Raises `ChangedMeanwhileError` if it was changed
        since `known` was read.
        """
        moment, company = now(), str(state.answers.get("company", ""))
        checked = self._is_checked(known, advice)
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE submission SET state = ?, changed_at = ?, version = version + 1"
                " WHERE id = ? AND version = ?",
                (state.model_dump_json(), moment, known.id, known.version),
            )
            if not changed.rowcount:
                raise ChangedMeanwhileError(CHANGED_MEANWHILE)
            if (company, [*_words(state)]) != (known.company, [*_words(known.state)]):
                _index(connection, known.id, company, state)
            connection.execute(
                "UPDATE submission SET company = ?, advice = ?, recommendation = ?,"
                " provisional = ?, probability = ?, to_review = ?,"
                " finished_at = coalesce(finished_at, ?),"
                " spot_check = CASE WHEN finished_at IS NULL THEN ? ELSE spot_check END"
                " WHERE id = ?",
                (company, *_verdict(advice, moment), checked, known.id),
            )
            _queue(connection, known.id, advice)
            if advice is not None and known.finished_at is None:
                write_notices(connection, known.id, moment)
            also(connection)
        return replace(
            known,
            version=known.version + 1,
            changed_at=moment,
            finished_at=known.finished_at or (moment if advice else None),
            state=state,
            advice=as_advice(advice) if advice else None,
            company=company,
            spot_check=known.spot_check if known.finished_at else SpotCheck(checked),
        )

    def delete(self, token: str) -> bool:
        """Delete a submission for good; False: there is none."""
        found = self.by_token(token)
        if found:
            self._delete([found.id])
        return found is not None

    def delete_by_id(self, id: int) -> None:  # noqa: A002
        """Delete the submission with a number for good."""
        self._delete([id])

    def delete_old(self, days: int) -> int:
        """Delete what nobody has changed for this many days; return the number of submissions."""
        limit = stored(datetime.now(UTC) - timedelta(days=days))
        ids = [
            row["id"]
            for row in self._database.rows("SELECT id FROM submission WHERE changed_at < ?", limit)
        ]
        if ids:
            self._delete(ids)
        return len(ids)

    def scrub(self) -> None:
        """Remove from the disk what was deleted and is still there."""
        self._database.scrub()

    def _delete(self, ids: list[int]) -> None:
        with self._database.transaction() as connection:
            for one in ids:
                connection.execute("DELETE FROM submission_words WHERE rowid = ?", (one,))
                connection.execute(
                    "UPDATE spot_check SET answers = '{}' WHERE submission = ?", (one,)
                )
                connection.execute("DELETE FROM submission WHERE id = ?", (one,))
        self._database.scrub()

    def _is_checked(self, known: Submission, advice: Advice | None) -> bool:
        """Return whether a verdict is one of those that a person checks, by chance but for good."""
        if advice is None or advice.provisional or known.source != PAGE:
            return False
        if all(row.decided_by is DecidedBy.PERSON for row in advice.problems):
            return False
        mixed = hmac.new(self._database.secret, f"check\0{known.id}".encode(), sha256).digest()
        return int.from_bytes(mixed[:4]) % SPOT_CHECKED == 0


def _digest(token: str) -> bytes:
    return sha256(token.encode()).digest()


def _index(connection: Connection, id: int, company: str, state: State) -> None:  # noqa: A002
    """Make the words of a submission findable."""
    words = "\n".join(_words(state))
    connection.execute("DELETE FROM submission_words WHERE rowid = ?", (id,))
    connection.execute(
        "INSERT INTO submission_words (rowid, company, problems) VALUES (?, ?, ?)",
        (id, company, words),
    )


def _words(state: State) -> Iterator[str]:
    """Yield what an owner wrote about their problems."""
    told, said = {Step.PROBLEMS, Step.SPLIT, Step.BEHIND}, ""
    for kept in (state.answers, state.drafts):
        for id, value in kept.items():  # noqa: A001
            if id.partition(":")[0] in told:
                for text in (value,) if isinstance(value, str) else [one.text for one in value]:
                    if text not in said:  # most problems stand in the text as it was sent
                        yield text
                    said += f"\n{text}"


def _queue(connection: Connection, id: int, advice: Advice | None) -> None:  # noqa: A002
    """Put the problems that a person should look at into the queue, as useful as they are."""
    connection.execute("DELETE FROM review WHERE submission = ?", (id,))
    for number, row in enumerate(advice.problems if advice else (), start=1):
        if advice and needs_person(row):
            place = worth(row, provisional=row.id in advice.decision.provisional_because)
            connection.execute(
                "INSERT INTO review (submission, problem, rank, probability) VALUES (?, ?, ?, ?)",
                (id, number, *place),
            )


def _verdict(advice: Advice | None, moment: str) -> tuple[object, ...]:
    """Return what is kept of a verdict, in the order of the statement."""
    if advice is None or advice.recommendation is Recommendation.NO_DECISION:
        done = moment if advice else None
        text = json.dumps(as_advice(advice)) if advice else None
        named = advice.recommendation.value if advice else None
        return (text, named, None, None, _to_review(advice), done)
    known = [row.probability for row in advice.problems if row.probability is not None]
    return (
        json.dumps(as_advice(advice)),
        advice.recommendation.value,
        int(advice.provisional),
        min(known, default=None),
        _to_review(advice),
        moment,
    )


def _to_review(advice: Advice | None) -> int:
    return sum(map(needs_person, advice.problems)) if advice else 0


def _submission(row: Row | None) -> Submission | None:
    if row is None:
        return None
    return Submission(
        id=row["id"],
        source=row["source"],
        version=row["version"],
        started_at=row["started_at"],
        changed_at=row["changed_at"],
        finished_at=row["finished_at"],
        state=State.model_validate_json(row["state"]),
        advice=json.loads(row["advice"]) if row["advice"] else None,
        company=row["company"],
        spot_check=SpotCheck(row["spot_check"]),
    )
