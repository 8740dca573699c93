"""What the questions of a form are about: proposed as a batch guesses it, and chosen once."""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice

from triage_agent.advice import load_quiz
from triage_agent.batch import Columns, FormMapping, mapping_of, propose_mapping
from triage_agent.errors import InputError
from triage_agent.files import replace_surrogates
from triage_agent.intake import name_of
from triage_agent.tables import Table
from triage_agent.web.arriving import table_of
from triage_agent.web.deliveries import Delivery
from triage_agent.web.hooks import Hook

PROBLEM, COMPANY, REVENUE, SOFTWARE = "problem", "company", "revenue", "software"
ONCE = (COMPANY, REVENUE, SOFTWARE)  # what only one question can be about
QUIZ = "quiz:"
MOST_COLUMNS = 140  # that can be chosen from: two fields each
LONGEST_SHOWN = 160  # characters of an answer


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a form, an answer to it as an example, and what it is about."""

    column: str
    example: str
    role: str


def questions_of(
    known: Hook, latest: Delivery | None, wanted: Mapping[str, str]
) -> Iterator[Question]:
    """Yield the questions of a hook's forms, with what was chosen for each, else proposed."""
    table = _table(known, latest)
    mapping = known.mapping or (propose_mapping(table) if table else None)
    roles = wanted or (dict(_mapped(mapping)) if mapping else {})
    names = list(table.columns) if table else []
    if mapping and not (table and known.tool.is_whole):  # else what is not there is there no more
        names += mapping.columns
    answers = table.sample[0].values if table else {}
    asked = (one for one in dict.fromkeys(names) if one in roles or one not in known.tool.about)
    for column in islice(asked, MOST_COLUMNS):
        answer = answers.get(column)
        example = "" if answer is None else " ".join(replace_surrogates(str(answer)).split())
        yield Question(column, example[:LONGEST_SHOWN], roles.get(column, ""))


def _table(known: Hook, latest: Delivery | None) -> Table | None:
    """Return a delivery as a table; None: there is none, or it is not one form."""
    if latest is None:
        return None
    try:
        return table_of(known.tool, latest.content)
    except InputError:
        return None


def _mapped(mapping: FormMapping) -> Iterator[tuple[str, str]]:
    """Yield the columns that a mapping names, and what each is about."""
    read = mapping.mapped()
    for dimension, column in read.quiz.items():
        yield column, f"{QUIZ}{dimension}"
    named = ((COMPANY, read.company), (REVENUE, read.revenue), (SOFTWARE, read.sells_software))
    yield from ((column, role) for role, column in named if column is not None)
    yield from ((column, PROBLEM) for column in read.problems)


def roles_of(form: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    """Yield the questions of a sent form, and what each is about."""
    for name, column in form.items():
        if name.startswith("column-"):
            role = form.get(f"role-{name.removeprefix('column-')}", "")
            yield column.replace("\r\n", "\n"), role  # browsers send every line end like that


def chosen(form: Mapping[str, str]) -> FormMapping:
    """Return the mapping that a sent form chooses; raises `InputError` if it is none."""
    roles = dict(roles_of(form))
    dimensions = [one.id for one in load_quiz().questions]
    known = {"", PROBLEM, *ONCE, *(f"{QUIZ}{one}" for one in dimensions)}
    of = {role: column for column, role in roles.items() if role in known}
    twice = [role for role, n in Counter(roles.values()).items() if role and n > 1]
    if [role for role in twice if role != PROBLEM]:
        raise InputError("Two questions are about the same. Only problems can have several.")
    problems = tuple(column for column, role in roles.items() if role == PROBLEM)
    if not problems:
        raise InputError("Choose at least one question in which owners describe a problem.")
    unit, rate = form.get("unit", "").strip(), form.get("rate", "").strip()
    return mapping_of(
        Columns(
            problems,
            revenue=of.get(REVENUE),
            sells_software=of.get(SOFTWARE),
            quiz={one: of[f"{QUIZ}{one}"] for one in dimensions if f"{QUIZ}{one}" in of},
            company=of.get(COMPANY),
        ),
        tuple(roles),
        revenue_unit=_unit(unit) if unit else None,
        usd_rate=_rate(rate) if rate else None,
    )


def _unit(given: str) -> str:
    """Return a unit of revenue; raises `InputError` if it is not understood."""
    if name_of(given).rest:
        raise InputError(
            f"{given[:40]!r} is not a unit of revenue. Give one like “EUR thousands” or “monthly”."
        )
    return given


def _rate(given: str) -> float:
    """Return how many US dollars one unit of a currency is; raises `InputError`."""
    try:
        rate = float(given)
    except ValueError:
        rate = 0.0
    if not 0 < rate < math.inf:
        raise InputError(f"{given[:40]!r} is not a number of US dollars. Give one like 1.08.")
    return rate
