"""Blind checks: an adviser says what the problems of a firm verdict are, without seeing it.

They alone measure how often the program is right: what people correct otherwise was chosen
because it was doubtful.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import anyio

from triage_agent.batch import text_key
from triage_agent.conversation import NEITHER
from triage_agent.errors import InputError
from triage_agent.evals import Rate, clustered_rate, rate
from triage_agent.types import Classification, DecidedBy
from triage_agent.web.corrections import KINDS, OTHER_TEXT, Reading, said_of
from triage_agent.web.database import Database, now
from triage_agent.web.site import Site
from triage_agent.web.submissions import (
    CHANGED_MEANWHILE,
    ChangedMeanwhileError,
    SpotCheck,
    Submission,
)

CANNOT_TELL = "cannot-tell"
ENOUGH = 20  # checks; with fewer, nothing is said of how often the program is right


@dataclass(frozen=True, slots=True)
class Figures:
    """How often the program was right, by the blind checks that were answered.

    Attributes:
        done: How many checks were answered.
        verdicts: The share of recommendations that were right; None: too few were checked.
        problems: The share of its problems; their interval knows that those of one owner go
            together.
    """

    done: int
    waiting: int
    verdicts: Rate | None
    problems: Rate | None


class SpotChecks:
    """The blind checks in a database."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def waiting(self, most: int) -> list[int]:
        """Return which submissions wait for a check, the oldest first."""
        query = (
            "SELECT id FROM submission WHERE spot_check = ? AND recommendation IS NOT NULL LIMIT ?"
        )
        return [row["id"] for row in self._database.rows(query, SpotCheck.WAITING, most)]

    def answers(self, submission: int) -> Mapping[str, str]:
        """Return what was said of each problem, by the key of its text; empty: no check."""
        query = "SELECT answers FROM spot_check WHERE submission = ?"
        row = self._database.row(query, submission)
        return json.loads(row["answers"]) if row else {}

    def record(
        self, known: Submission, by: int, answers: Mapping[str, str], right: "Right"
    ) -> None:
        """Keep the answer to a check, once.

        Raises `ChangedMeanwhileError` if the submission was changed, or checked, since it was read.
        """
        with self._database.transaction() as connection:
            changed = connection.execute(
                "UPDATE submission SET spot_check = ?, version = version + 1"
                " WHERE id = ? AND version = ? AND spot_check = ?",
                (SpotCheck.DONE, known.id, known.version, SpotCheck.WAITING),
            )
            if not changed.rowcount:
                raise ChangedMeanwhileError(CHANGED_MEANWHILE)
            connection.execute(
                "INSERT INTO spot_check (submission, adviser, made_at, answers, problems,"
                " problems_right, verdict_right) VALUES (?, ?, ?, ?, ?, ?, ?)",
                (known.id, by, now(), json.dumps(answers), right.of, right.problems, right.verdict),
            )

    def figures(self) -> Figures:
        """Return how often the program was right."""
        rows = self._database.rows("SELECT * FROM spot_check WHERE problems > 0")
        query = "SELECT count(*) AS number FROM submission WHERE spot_check = ?"
        waiting = self._database.rows(query, SpotCheck.WAITING)[0]["number"]
        if len(rows) < ENOUGH:
            return Figures(len(rows), waiting, None, None)
        outcomes, owners = [], []
        for place, row in enumerate(rows):
            outcomes += [number < row["problems_right"] for number in range(row["problems"])]
            owners += [str(place)] * row["problems"]
        verdicts = rate(sum(row["verdict_right"] for row in rows), len(rows))
        return Figures(len(rows), waiting, verdicts, clustered_rate(outcomes, owners))


@dataclass(frozen=True, slots=True)
class Right:
    """What a check says about the program."""

    of: int  # problems that it had decided, and the adviser could tell
    problems: int  # of these, those that were right
    verdict: bool


async def check(site: Site, known: Submission, by: int, said: Sequence[tuple[str, str]]) -> None:
    """Take what an adviser says of each problem: the key of its text, and its kind.

    Raises `InputError` if not all problems have an answer, or they are others now.
    """
    reading = Reading.of(site, known)
    rows = await site.engine.run(reading.talk.rows)
    if [key for key, _ in said] != [text_key(row.text) for row in rows]:
        raise InputError(OTHER_TEXT)
    if any(kind not in {*KINDS, CANNOT_TELL} for _, kind in said):
        raise InputError(site.texts["check"]["missing"])
    before = (await site.engine.run(reading.talk.advice)).recommendation
    told = [
        (number, row, kind)
        for number, (row, (_, kind)) in enumerate(zip(rows, said, strict=True), start=1)
        if kind != CANNOT_TELL and row.decided_by is not DecidedBy.PERSON
    ]
    for number, _, kind in told:
        reading.talk.correct(number, KINDS[kind])
    after = (await site.engine.run(reading.talk.advice)).recommendation
    right = Right(
        len(told), sum(_is_right(row, kind) for _, row, kind in told), verdict=before is after
    )
    answers = {key: kind for key, kind in said if kind != CANNOT_TELL}
    record = SpotChecks(site.database).record
    await anyio.to_thread.run_sync(record, known, by, answers, right)


def _is_right(row: Classification, kind: str) -> bool:
    """Return whether the program gave the label that an adviser gives, or none as the adviser."""
    return said_of(row) == kind or (kind == NEITHER and row.abstained_because is not None)
