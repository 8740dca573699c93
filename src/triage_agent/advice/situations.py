"""Ten situations with a known answer, as the data file holds them."""

from functools import cache

from pydantic import Field

from triage_agent.advice.roles import Role
from triage_agent.files import Strict, folder, load_toml


class Situation(Strict):
    """Something that owners say, and whom it calls for."""

    text: str
    role: Role
    why: str


class SituationList(Strict):
    """The situations, in the order in which they are shown."""

    situations: tuple[Situation, ...] = Field(min_length=1)


@cache
def known_situations() -> tuple[Situation, ...]:
    """Return the situations (prompts/situations.toml)."""
    return load_toml(folder("prompts") / "situations.toml", SituationList).situations
