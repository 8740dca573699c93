"""OUT of forms that were answered elsewhere, such as on web pages, as a batch would have it."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from triage_agent.advice import Profile, QuizResult
from triage_agent.batch.answering import form_columns
from triage_agent.batch.company_columns import company_column
from triage_agent.batch.form import MAX_PROBLEMS, Form, FormReading
from triage_agent.batch.group import Spool, decide_business
from triage_agent.batch.input_columns import Columns
from triage_agent.batch.output_columns import flat_decision
from triage_agent.batch.tally import Tally
from triage_agent.batch.write_output import write_out
from triage_agent.models import Model
from triage_agent.types import Classification, Source

FIRST_ROW = 2  # under the header, as a batch numbers the rows of a table


@dataclass(frozen=True, slots=True)
class AnsweredForm:
    """One form: its own cells by column, its problems as they were answered, and its profile."""

    values: Mapping[str, Any]
    problems: Sequence[Classification]
    profile: Profile
    quiz: QuizResult | None


def write_answered(
    out: Path,
    columns: Sequence[str],
    forms: Iterable[AnsweredForm],
    model: Model,
    problem_column: str,
) -> int:
    """Write OUT of these forms, a row each, and return how many there are.

    `columns` are those of the forms, in which the problems stand in `problem_column`.
    """
    tally = Tally()
    with closing(Spool()) as spool:
        for number, form in enumerate(forms, start=FIRST_ROW):
            rows = [
                replace(row, id=f"{number}.{place}", source=Source(number, problem_column))
                for place, row in enumerate(form.problems, start=1)
            ]
            tally.rows += 1
            tally.count(rows)
            read = Form(number, str(number), (), form.profile, form.quiz, None, ())
            decision = decide_business(rows, form.profile, form.quiz)
            tally.count_business(decision)
            decided = flat_decision(decision)
            spool.add({**form.values, **form_columns(read, rows, model), **decided}, None)
        known = Columns((problem_column,), company=company_column(columns))
        reading = FormReading(max_problems=MAX_PROBLEMS, columns=known)
        write_out(out, spool, columns, tally, reading=reading, decided=True)
    return tally.rows
