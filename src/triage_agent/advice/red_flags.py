"""The seven red flags of a wrong hire, and the words about them, as the data files hold them.

The text of each flag is in prompts/red_flags.toml; the words beside them are in prompts/hire.toml.
"""

from enum import StrEnum
from functools import cache

from pydantic import model_validator

from triage_agent.advice.roles import Role, Span
from triage_agent.files import Strict, folder, load_toml


class RedFlag(Strict):
    """One sign of a wrong hire."""

    id: str
    roles: tuple[Role, ...]
    other_role: bool  # the person is doing the other role's job
    text: str
    question: str  # yes means that the flag is there
    severe_question: str | None = None  # asked after a yes; None: the flag has no worse case
    means: str
    do: str


class RedFlags(Strict):
    """The red flags, in the order of the list."""

    flags: tuple[RedFlag, ...]


class Level(StrEnum):
    """How bad it looks; the first that applies (the rules are in prompts/hire.toml)."""

    OTHER_ROLE = "other-role"
    SERIOUS = "serious"
    TALK = "talk"
    OPEN = "open"
    CLEAR = "clear"


class VerdictWords(Strict):
    """The words for one level, and when it applies."""

    id: Level
    rule: str
    text: str


class WrongHire(Strict):
    """What a wrong hire usually costs: US dollars per month, and for how many months."""

    usd_per_month: Span
    months: Span


class ProposedWords(Strict):
    """What the verdict says about signs that are proposed and not confirmed."""

    one: str
    several: str
    one_more: str
    several_more: str


class HireWords(Strict):
    """The words beside the flags (prompts/hire.toml)."""

    wrong_hire: WrongHire
    proposed: ProposedWords
    verdicts: tuple[VerdictWords, ...]

    @model_validator(mode="after")
    def holds_every_level_in_order(self) -> "HireWords":
        """Refuse a file that lacks a level, or tries the levels in another order."""
        if [words.id for words in self.verdicts] != list(Level):
            raise ValueError(f"the verdicts must be {', '.join(Level)}, in this order")
        return self


@cache
def load_red_flags() -> tuple[RedFlag, ...]:
    """Return the seven red flags (prompts/red_flags.toml)."""
    return load_toml(folder("prompts") / "red_flags.toml", RedFlags).flags


@cache
def hire_words() -> HireWords:
    """Return the words beside the flags (prompts/hire.toml)."""
    return load_toml(folder("prompts") / "hire.toml", HireWords)


def flags_about(role: Role) -> tuple[RedFlag, ...]:
    """Return the red flags that a person in this role can raise, in the order of the list."""
    return tuple(flag for flag in load_red_flags() if role in flag.roles)
