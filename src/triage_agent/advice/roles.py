"""The two roles side by side, and the questions that owners always ask about them."""

from dataclasses import dataclass
from functools import cache

from pydantic import Field

from triage_agent.advice.explain import Role, described, role_facts
from triage_agent.files import Strict, folder, load_toml


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
