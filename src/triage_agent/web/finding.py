"""The submissions of an inbox: filtered, searched for words, and page by page.

What is not to be known before a blind check is answered is not shown here, and no filter finds it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from sqlite3 import Row
from typing import Self
from urllib.parse import urlencode

from triage_agent.advice import Recommendation
from triage_agent.web.database import Database
from triage_agent.web.forms import number_of
from triage_agent.web.submissions import SpotCheck

ON_A_PAGE = 25
MOST_WORDS = 12  # of a search; more make it slow and find nothing
LONGEST_WORD = 60
FIRM, PROVISIONAL, UNFINISHED, REVIEW = "firm", "provisional", "unfinished", "review"
LISTED = """
SELECT id, source, started_at, finished_at, submission.company AS company, recommendation,
    provisional, probability, to_review, spot_check,
    substr(submission_words.problems, 1, 400) AS first_words
FROM submission CROSS JOIN submission_words ON submission_words.rowid = submission.id
"""


@dataclass(frozen=True, slots=True)
class Filter:
    """Which submissions are wanted; what is empty makes no difference.

    Attributes:
        words: What was typed to search for.
        recommendation: A recommendation.
        state: `FIRM`, `PROVISIONAL`, `UNFINISHED`, or `REVIEW`: a person should look at it.
        source: How it came.
        before: The number of the last one on the page before; 0: this is the first page.
    """

    words: str = ""
    recommendation: str = ""
    state: str = ""
    source: str = ""
    before: int = 0

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Self:
        """Return the filter of an address; what is no filter is left out."""
        before = query.get("before", "")
        said, state = query.get("recommendation", ""), query.get("state", "")
        return cls(
            words=query.get("words", "")[:500].strip(),
            recommendation=said if said in set(Recommendation) else "",
            state=state if state in {FIRM, PROVISIONAL, UNFINISHED, REVIEW} else "",
            source=query.get("source", "")[:80],
            before=number_of(before),
        )

    @property
    def is_empty(self) -> bool:
        """Whether all submissions are wanted."""
        return not any((self.words, self.recommendation, self.state, self.source))

    def address(self, before: int) -> str:
        """Return the address of the page behind a submission."""
        given = {name: value for name, value in {**asdict(self), "before": before}.items() if value}
        return f"/inbox?{urlencode(given)}"


@dataclass(frozen=True, slots=True)
class Listed:
    """A submission as the inbox lists it; None: there is no verdict, or it is not to be known."""

    id: int
    source: str
    began: datetime
    finished: datetime | None  # the first verdict
    company: str
    first_words: str
    is_decided: bool  # whether there is a verdict
    recommendation: Recommendation | None
    provisional: bool | None
    probability: float | None
    to_review: int
    is_blind: bool  # its verdict is not to be known yet


def found(database: Database, wanted: Filter) -> tuple[list[Listed], int]:
    """Return a page of submissions, the newest first, and what the next page is before; 0: none."""
    conditions, values = ["1"], []
    for condition, *given in _conditions(wanted):
        conditions.append(str(condition))
        values += given
    query = (
        f"SELECT id FROM submission INDEXED BY submission_found WHERE {' AND '.join(conditions)}"  # noqa: S608
        " ORDER BY id DESC LIMIT ?"
    )
    listed = listed_rows(database, query, *values, ON_A_PAGE + 1)
    shown = listed[:ON_A_PAGE]
    return shown, shown[-1].id if len(listed) > ON_A_PAGE else 0


def listed_rows(database: Database, query: str, *values: object) -> list[Listed]:
    """Return the submissions whose numbers an SQL query returns, in its order."""
    numbers = [row["id"] for row in database.rows(query, *values)]
    marks = ", ".join("?" * len(numbers))
    rows = database.rows(f"{LISTED} WHERE id IN ({marks})", *numbers)
    found = {row["id"]: _listed(row) for row in rows}
    return [found[number] for number in numbers if number in found]


def match_of(words: str) -> str:
    r"""Return the full-text query for what a person types: all words, each may go on.

    Each is quoted, so nothing that is typed is an operator; empty: there is no word in it.

    >>> match_of('late "invoice* AND (')
    '"late"* "invoice*"* "AND"*'
    """
    typed = (one.replace("\0", "").replace('"', "") for one in words.split())
    kept = [one[:LONGEST_WORD] for one in typed if any(map(str.isalnum, one[:LONGEST_WORD]))]
    return " ".join(f'"{one}"*' for one in kept[:MOST_WORDS])


def sources(database: Database) -> list[str]:
    """Return how submissions came."""
    return [
        row["source"]
        for row in database.rows("SELECT DISTINCT source FROM submission ORDER BY source")
    ]


def _conditions(wanted: Filter) -> Iterator[tuple[object, ...]]:
    """Yield each condition with its values."""
    if wanted.before:
        yield "id < ?", wanted.before
    if wanted.words:
        match = match_of(wanted.words)
        matching = "id IN (SELECT rowid FROM submission_words WHERE submission_words MATCH ?)"
        yield (matching, match) if match else ("0",)
    if wanted.source:
        yield "source = ?", wanted.source
    if wanted.recommendation or wanted.state in {FIRM, PROVISIONAL}:
        yield "spot_check <> ?", SpotCheck.WAITING
    if wanted.recommendation:
        yield "recommendation = ?", wanted.recommendation
    if wanted.state in {FIRM, PROVISIONAL}:
        yield "provisional = ?", int(wanted.state == PROVISIONAL)
    if wanted.state == UNFINISHED:
        yield ("recommendation IS NULL",)
    if wanted.state == REVIEW:
        yield "(to_review > 0 OR spot_check = ?)", SpotCheck.WAITING


def _listed(row: Row) -> Listed:
    blind = row["spot_check"] == SpotCheck.WAITING
    said = None if blind or not row["recommendation"] else Recommendation(row["recommendation"])
    firm = None if blind or row["provisional"] is None else bool(row["provisional"])
    return Listed(
        id=row["id"],
        source=row["source"],
        began=datetime.fromisoformat(row["started_at"]),
        finished=datetime.fromisoformat(row["finished_at"]) if row["finished_at"] else None,
        company=row["company"],
        first_words=" ".join(row["first_words"].split()),
        is_decided=row["recommendation"] is not None,
        recommendation=said,
        provisional=firm,
        probability=None if blind else row["probability"],
        to_review=0 if blind else row["to_review"],
        is_blind=blind,
    )
