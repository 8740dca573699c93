"""The two roles side by side, and the questions that owners always ask about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any

from pydantic import Field

from triage_agent.advice.explain import Role, described, role_facts
from triage_agent.files import Strict, folder, load_toml
from triage_agent.reports.contract import SCHEMA_VERSION


class OwnersQuestion(Strict):
    """A question that owners ask, and its answer."""

    id: str
    question: str
    answer: str


class OwnersQuestions(Strict):
    """The questions, in the order in which they are shown (prompts/questions.toml)."""

    questions: tuple[OwnersQuestion, ...] = Field(min_length=1)


@dataclass(frozen=True, slots=True)
class Comparison:
    """Both roles, fact by fact."""

    names: tuple[str, ...]  # of the roles, in the order of `Role`
    rows: tuple[tuple[str, ...], ...]  # what is compared, and after it the fact about each role


@cache
def owners_questions() -> tuple[OwnersQuestion, ...]:
    """Return the questions that owners always ask (prompts/questions.toml)."""
    return load_toml(folder("prompts") / "questions.toml", OwnersQuestions).questions


def compare_roles() -> Comparison:
    """Return the facts about both roles side by side.

    >>> compare_roles().rows[1]
    ('hours a month', '15–30', '10–20')
    """
    facts = [role_facts()[role] for role in Role]
    columns = [described(one) for one in facts]
    rows = tuple(
        (pairs[0][0], *(value for _, value in pairs)) for pairs in zip(*columns, strict=True)
    )
    return Comparison(tuple(one.name for one in facts), rows)


def as_markdown() -> str:
    """Return the comparison and the questions as a Markdown page."""
    compared = compare_roles()
    lines = [f"# {_titled(' or '.join(compared.names))}?", ""]
    lines += [_table_row(("", *compared.names)), _table_row(("---",) * 3)]
    lines += [_table_row(row) for row in compared.rows]
    for one in owners_questions():
        lines += ["", f"**{one.question}** {one.answer}"]
    return "\n".join(lines) + "\n"


def as_values() -> dict[str, Any]:
    """Return the comparison and the questions as JSON values."""
    return {
        "schema_version": SCHEMA_VERSION,
        "roles": {role.value: role_facts()[role].model_dump(mode="json") for role in Role},
        "questions": [one.model_dump() for one in owners_questions()],
    }


def _table_row(cells: Iterable[str]) -> str:
    """Return one row of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in cells) + " |"


def _titled(text: str) -> str:
    """Return a text that begins with a capital letter."""
    return text[:1].upper() + text[1:]
