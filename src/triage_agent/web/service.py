"""What the API and the assistants' tools answer: the command line's contracts, by its rules."""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from triage_agent.advice import Profile, QuizResult, advice_for, decide, load_quiz, score
from triage_agent.errors import InputError
from triage_agent.files import explain
from triage_agent.intake import read_amount
from triage_agent.reports import SCHEMA_VERSION, as_advice, as_quiz, as_roles, as_row
from triage_agent.triage import AsyncTriage
from triage_agent.types import Classification, Problem

MOST_PROBLEMS, LONGEST = 50, 20_000  # of one request; characters of one text
Text = Annotated[str, Field(min_length=1, max_length=LONGEST)]
Points = Annotated[int, Field(ge=0, le=3)]


def _example(body: dict[str, Any]) -> ConfigDict:
    """Return what shows a request in the description of the API."""
    return ConfigDict(json_schema_extra={"examples": [body]})


class Asked(BaseModel):
    """What every request is: what is not known is refused, so that no misspelling goes unseen."""

    model_config = ConfigDict(extra="forbid")


class ProblemAsked(Asked):
    """One problem with an id of the caller's own."""

    id: Annotated[str, Field(min_length=1, max_length=200)]
    text: Text


class ClassifyAsked(Asked):
    """Problems, each of which gets one answer; a text is never taken apart."""

    model_config = _example({"problems": ["Invoices are typed by hand", "Leads get lost"]})

    problems: Annotated[list[Text | ProblemAsked], Field(min_length=1, max_length=MOST_PROBLEMS)]


class Business(Asked):
    """What is known about a business; what is left out is unknown."""

    revenue: Annotated[str | None, Field(description="Yearly, as 3M, $750k or 250k a month.")] = (
        None
    )
    usd_rate: Annotated[float | None, Field(gt=0)] = None
    sells_software: bool | None = None
    quiz: Annotated[
        dict[str, Points] | None, Field(description="{dimension: 0 to 3}, all eight.")
    ] = None
    hourly_cost: Annotated[
        str | None, Field(description="USD that an hour of the staff costs.")
    ] = None

    @property
    def profile(self) -> Profile:
        """Revenue and software as the rules take them."""
        return Profile.parse(
            self.revenue, usd_rate=self.usd_rate, sells_software=self.sells_software
        )

    @property
    def taken(self) -> QuizResult | None:
        """The quiz; None: it was not taken."""
        return None if self.quiz is None else score(self.quiz)


class AdviseAsked(Business):
    """A pasted text, or several, each of which is taken apart into its problems."""

    model_config = _example(
        {"problems": "1. Leads get lost 2. Invoices are typed by hand", "revenue": "3M"}
    )

    problems: Text | Annotated[list[Text], Field(min_length=1, max_length=MOST_PROBLEMS)]


class DecideAsked(Business):
    """Classified problems, as `classify` answered them or as a person corrected them."""

    model_config = _example(
        {
            "problems": [
                {
                    "id": "1",
                    "text": "Leads get lost",
                    "outcome": "classified",
                    "backend": "embedded",
                    "model": "embedded-2",
                    "label": "automate-process",
                    "decided_by": "person",
                }
            ]
        }
    )

    problems: Annotated[list[dict[str, Any]], Field(max_length=MOST_PROBLEMS)]


class QuizAsked(Asked):
    """The answers to all eight questions, {dimension: 0 to 3}."""

    model_config = _example({"answers": {one.id: 2 for one in load_quiz().questions}})

    answers: dict[str, Points]


async def classified(triage: AsyncTriage, asked: ClassifyAsked) -> dict[str, Any]:
    """Return the rows of the problems, in their order."""
    given = [
        Problem(one.id, one.text) if isinstance(one, ProblemAsked) else one
        for one in asked.problems
    ]
    rows = [as_row(row) async for row in triage.classify_many(given)]
    return {"schema_version": SCHEMA_VERSION, "rows": rows}


async def advised(triage: AsyncTriage, asked: AdviseAsked) -> dict[str, Any]:
    """Return what `triage advise --json` prints; raises `InputError`."""
    cost = read_amount(asked.hourly_cost, "hourly_cost_usd", "hourly_cost")
    return as_advice(
        await triage.advise(asked.problems, asked.profile, asked.taken, hourly_cost=cost)
    )


def decided(asked: DecideAsked) -> dict[str, Any]:
    """Return the advice on problems that are classified; nothing is read again."""
    rows = [_row(number, one) for number, one in enumerate(asked.problems, start=1)]
    cost = read_amount(asked.hourly_cost, "hourly_cost_usd", "hourly_cost")
    return as_advice(advice_for(rows, decide(rows, asked.profile, asked.taken), cost))


def quizzed(asked: QuizAsked) -> dict[str, Any]:
    """Return the result of a taken quiz; raises `InputError` if it is not one."""
    return {"schema_version": SCHEMA_VERSION, **as_quiz(score(asked.answers))}


def questions_of_the_quiz() -> dict[str, Any]:
    """Return the eight questions, and their answers in the order of their points."""
    return {
        "schema_version": SCHEMA_VERSION,
        "questions": [
            {
                "id": one.id,
                "dimension": one.dimension,
                "question": one.question,
                "answers": [answer.text for answer in one.answers],
            }
            for one in load_quiz().questions
        ],
    }


def compared() -> dict[str, Any]:
    """Return the two roles side by side."""
    return as_roles()


def _row(number: int, values: dict[str, Any]) -> Classification:
    """Return a row of the contract as the rules take it; raises `InputError` if it is none."""
    named = {name: value for name, value in values.items() if name not in OF_THE_CONTRACT}
    try:
        return ROW.validate_python(named)
    except ValidationError as error:
        raise InputError(f"Problem {number} is no classified row: {explain(error)}.") from error


ROW = TypeAdapter(Classification)
OF_THE_CONTRACT = {"schema_version", "needs_review"}  # not in a row itself: they follow from it
