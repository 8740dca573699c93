"""What an adviser takes along: all submissions as a table like a batch's OUT, and eval cases.

What waits for a blind check is left out: a table would show its verdict.
"""

import shutil
from collections.abc import Iterator
from pathlib import Path
from tempfile import SpooledTemporaryFile, TemporaryDirectory
from typing import IO, Any

import anyio
import anyio.from_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.routing import Route

from triage_agent.advice import QuizResult, load_quiz
from triage_agent.batch import AnsweredForm, as_cases, text_key, write_answered
from triage_agent.files import json_line
from triage_agent.types import Label
from triage_agent.web.corrections import Changes, Reading, label_of
from triage_agent.web.sessions import Session
from triage_agent.web.signed_in import signed_in
from triage_agent.web.site import Site, site_of
from triage_agent.web.spot_checks import SpotChecks
from triage_agent.web.submissions import Submission

FOLDER = "export-"  # how folders begin in which a table is written
PROBLEMS = "Problems"
COLUMNS = ("Number", "Day", "Source", "Company", PROBLEMS, "Yearly revenue", "Sells software")
QUIZ_TAKEN = (  # by its answers, or by a form that holds it
    "SELECT 1 FROM submission WHERE state LIKE '%\"quiz:%' OR state LIKE '%\"quiz\":{%' LIMIT 1"
)
SELLS = {True: "yes", False: "no", None: ""}
AT_ONCE = 50  # submissions that are in memory together
IN_MEMORY, PIECE = 4_000_000, 65_536  # bytes of a file
KINDS = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}


@signed_in
async def table(request: Request, _: Session) -> Response:
    """Send all submissions with a verdict as a table, a row each."""
    kind = request.path_params["kind"]
    if kind not in KINDS:
        raise HTTPException(404)
    file = await anyio.to_thread.run_sync(_written, site_of(request), kind)
    headers = {"content-disposition": f'attachment; filename="submissions.{kind}"'}
    return StreamingResponse(_pieces(file), media_type=KINDS[kind], headers=headers)


@signed_in
async def cases(request: Request, _: Session) -> Response:
    """Send what advisers said of problems as an eval set, as `triage review --export` writes it."""
    site = site_of(request)
    answered = await anyio.to_thread.run_sync(lambda: list(_answered(site)))
    lines = "".join(map(json_line, as_cases(answered)))
    headers = {"content-disposition": 'attachment; filename="cases.jsonl"'}
    return Response(lines, media_type="application/x-ndjson", headers=headers)


ROUTES = [
    Route("/inbox/submissions.{kind}", table),
    Route("/inbox/cases.jsonl", cases),
]


def remove_left_over(folder: Path) -> None:
    """Remove what a server that was killed was writing."""
    for left in folder.glob(f"{FOLDER}*"):
        shutil.rmtree(left)


def _written(site: Site, kind: str) -> IO[bytes]:
    """Return the table in a file without a name, so that nothing of it stays.

    It runs in a thread, and has problems read where that is done.
    """
    quiz = site.database.row(QUIZ_TAKEN)
    columns = [*COLUMNS, *(_quiz_columns() if quiz else ())]
    with TemporaryDirectory(prefix=FOLDER, dir=site.database.folder) as folder:
        out = Path(folder) / f"submissions.{kind}"
        write_answered(out, columns, _forms(site), site.engine.triage.backend.model, PROBLEMS)
        file: IO[bytes] = SpooledTemporaryFile(IN_MEMORY)  # noqa: SIM115  (closed when it is sent)
        with out.open("rb") as written:
            shutil.copyfileobj(written, file)
    file.seek(0)
    return file


def _pieces(file: IO[bytes]) -> Iterator[bytes]:
    with file:
        while piece := file.read(PIECE):
            yield piece


def _forms(site: Site) -> Iterator[AnsweredForm]:
    """Yield the submissions with a verdict that anybody may know, the oldest first."""
    for known in site.submissions.decided(AT_ONCE):
        reading = Reading.of(site, known)
        rows = anyio.from_thread.run(site.engine.run, reading.talk.rows)
        profile, quiz = reading.talk.profile, reading.talk.quiz
        values: dict[str, Any] = {
            "Number": str(known.id),
            "Day": known.day.isoformat(),
            "Source": known.source,
            "Company": known.company,
            PROBLEMS: "\n\n".join(reading.talk.texts),
            "Yearly revenue": "" if profile.revenue.why_unknown else str(profile.revenue),
            "Sells software": SELLS[profile.sells_software],
        }
        yield AnsweredForm(values | _quiz_cells(quiz), rows, profile, quiz)


def _quiz_columns() -> Iterator[str]:
    """Yield the columns of the readiness quiz, which a batch reads again."""
    for question in load_quiz().questions:
        yield f"Quiz: {question.dimension}"


def _quiz_cells(quiz: QuizResult | None) -> dict[str, str]:
    taken = quiz.dimensions if quiz else ()
    return {f"Quiz: {one.dimension}": one.level for one in taken}


def _answered(site: Site) -> Iterator[tuple[tuple[str], str, Label | None]]:
    """Yield each problem of which an adviser said what it is."""
    for id in Changes(site.database).submissions():  # noqa: A001
        known = site.submissions.by_id(id)
        if known is not None:
            yield from _said(site, known)


def _said(site: Site, known: Submission) -> Iterator[tuple[tuple[str], str, Label | None]]:
    talk, checked = Reading.of(site, known).talk, SpotChecks(site.database).answers(known.id)
    for number, problem in enumerate(talk.problems, start=1):
        said = talk.advised(number) or checked.get(text_key(problem.text))
        if said is not None:
            yield (f"{known.id}-{number}",), problem.text, label_of(said)
